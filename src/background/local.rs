//! The equations of one stretch of track, between those of the whole strip and
//! what the ground along the stretch says.

use std::ops::Range;

use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::{Array2, Axis as Dim};

use super::design::products;
use super::panel::Panel;

/// Fewer clear cells than this fit nothing.
pub(super) const LEAST_CELLS: usize = 200;
/// A stretch is fitted on its own cells and those so far beyond it, m.
const SECTION_REACH_M: f64 = 60.0;
/// Strength of the pull to the coefficients of the whole strip, against the
/// ridge: weaker ones follow the ground better, but also trains that are not
/// known yet.
const PULL: f64 = 60.0;

/// What the equations of one stretch of track are summed from.
pub(super) struct LocalSums {
    /// Fit cell × (target less its gradient part, predictors, ones), each row
    /// times the root of its weight.
    rows: Array2<f32>,
    /// Chainage cell of each row.
    chainage: Vec<usize>,
    /// How far beyond a stretch cells take part.
    reach: usize,
    /// Whether each row lies where a train would show.
    on_track: Vec<bool>,
    /// Sums of products of all rows on the track.
    track: DMatrix<f64>,
}

impl LocalSums {
    /// `weights` are those of the fit of capture `t` from `picks`, one a cell,
    /// `moved` is its gradient part.
    pub(super) fn new(
        panel: &Panel<'_>,
        (band, t, picks): (usize, usize, &[usize]),
        weights: &[f32],
        moved: &Array2<f32>,
    ) -> Self {
        let (_, chainage) = panel.axes();
        let kept: Vec<(usize, f32)> = (weights.iter().copied().enumerate())
            .filter(|(_, w)| *w > 0.0)
            .collect();
        let fit = &panel.fit[band];
        let track_rows = panel.track_rows();
        let mut rows = Array2::zeros((kept.len(), picks.len() + 2));
        for (mut row, (i, weight)) in rows.outer_iter_mut().zip(&kept) {
            let at = (
                panel.cells[*i] / chainage.len,
                panel.cells[*i] % chainage.len,
            );
            let from = fit.row(*i);
            row[0] = from[t] - moved[at];
            for (to, k) in row.iter_mut().skip(1).zip(picks) {
                *to = from[*k];
            }
            row[picks.len() + 1] = 1.0;
            row *= weight.sqrt();
        }
        let on_track: Vec<bool> = (kept.iter())
            .map(|(i, _)| track_rows[panel.cells[*i] / chainage.len])
            .collect();
        let of_track: Vec<usize> = (0..kept.len()).filter(|i| on_track[*i]).collect();
        Self {
            track: products_of(&rows, &of_track),
            on_track,
            rows,
            chainage: kept
                .iter()
                .map(|(i, _)| panel.cells[*i] % chainage.len)
                .collect(),
            reach: (SECTION_REACH_M / chainage.step_m).round() as usize,
        }
    }

    /// The equations of a stretch: from the ground along it and its
    /// surroundings, and from the track everywhere else. A train that is not
    /// known yet would take part in its own prediction, and most of a faint one
    /// would be explained by it. Those of `whole` where too little is clear.
    pub(super) fn around(&self, cells: Range<usize>, whole: &Reduced) -> Reduced {
        let near = cells.start.saturating_sub(self.reach)..cells.end + self.reach;
        let (own_track, ground): (Vec<usize>, Vec<usize>) = (0..self.chainage.len())
            .filter(|i| near.contains(&self.chainage[*i]))
            .partition(|i| self.on_track[*i]);
        if own_track.len() + ground.len() < LEAST_CELLS {
            return whole.clone();
        }
        let track = &self.track - products_of(&self.rows, &own_track);
        let gram = products_of(&self.rows, &ground) + track;
        let on_track = self.on_track.iter().filter(|on| **on).count();
        let count = (ground.len() + on_track - own_track.len()) as f64;
        let n = gram.nrows() - 1;
        let share = count / whole.cells;
        Reduced::new(
            gram.view((1, 1), (n, n)).into_owned(),
            gram.view((1, 0), (n, 1)).column(0).into_owned(),
            gram[(0, 0)],
            (whole.ridge.iter().map(|r| r * share).collect(), count),
        )
    }
}

/// Sums of products of some rows.
fn products_of(rows: &Array2<f32>, which: &[usize]) -> DMatrix<f64> {
    let rows = rows.select(Dim(0), which);
    products(rows.view(), rows.view())
}

/// The normal equations of a fit with its gradient part taken to the left side,
/// from which predictors can be left out.
#[derive(Clone)]
pub(super) struct Reduced {
    system: DMatrix<f64>,
    right: DVector<f64>,
    ridge: Vec<f64>,
    /// Weighted sum of squares of the left side.
    total: f64,
    /// What the whole fit leaves of it.
    left: f64,
    /// Cells summed over.
    cells: f64,
}

impl Reduced {
    pub(super) fn new(
        system: DMatrix<f64>,
        right: DVector<f64>,
        total: f64,
        (ridge, cells): (Vec<f64>, f64),
    ) -> Self {
        let mut out = Self {
            system,
            right,
            ridge,
            total,
            left: f64::MIN_POSITIVE,
            cells,
        };
        let all: Vec<usize> = (0..out.ridge.len()).collect();
        if let Some(beta) = out.coefficients(&all, None) {
            out.left = out.remainder(&beta, &all).max(f64::MIN_POSITIVE);
        }
        out
    }

    /// Weighted sum of squared residuals of coefficients on some columns.
    fn remainder(&self, beta: &DVector<f64>, columns: &[usize]) -> f64 {
        let system = self.system.select_rows(columns).select_columns(columns);
        let right = self.right.select_rows(columns);
        self.total - 2.0 * right.dot(beta) + (system * beta).dot(beta)
    }

    /// Ridge solution on some columns, drawn to 0, and more to `towards`.
    fn coefficients(&self, columns: &[usize], towards: Option<&[f64]>) -> Option<DVector<f64>> {
        let mut system = self.system.select_rows(columns).select_columns(columns);
        let mut right = self.right.select_rows(columns);
        for (i, c) in columns.iter().enumerate() {
            system[(i, i)] += self.ridge[*c];
            if let Some(towards) = towards {
                system[(i, i)] += PULL * self.ridge[*c];
                right[i] += PULL * self.ridge[*c] * towards[i];
            }
        }
        Some(Cholesky::new(system)?.solve(&right))
    }

    /// Coefficients (predictors allowed, then the constant) and the ratio of
    /// residual scales, at least 1.
    pub(super) fn solve(
        &self,
        allowed: &[bool],
        towards: Option<&[f64]>,
    ) -> Option<(Vec<f64>, f64)> {
        let mut columns: Vec<usize> = (0..allowed.len()).filter(|k| allowed[*k]).collect();
        columns.push(allowed.len());
        let beta = self.coefficients(&columns, towards)?;
        let ratio = self.remainder(&beta, &columns) / self.left;
        Some((beta.as_slice().to_vec(), ratio.max(1.0).sqrt()))
    }
}
