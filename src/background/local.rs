//! The equations of one stretch of track, between those of the whole strip and
//! what the ground along the stretch says.

use std::ops::Range;

use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::{Array2, Axis as Dim, Slice};

use super::design::{gather, products};
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
    /// Where a train would show.
    track: Sums,
    /// Everywhere else.
    ground: Sums,
    /// How far beyond a stretch cells take part.
    reach: usize,
}

/// Sums of products, (target less its gradient part, predictors, ones) by itself, over
/// some cells of a fit.
struct Sums {
    /// By bound, a chainage cell: the sums over all cells before it, and how many they are.
    before: Vec<(usize, DMatrix<f64>, f64)>,
}

impl Sums {
    /// `columns` is (column, cell) with each cell times the root of its weight, the
    /// cells by order of their `chainage`. `bounds` are the chainage cells, by their
    /// order, where stretches begin or end.
    fn new(columns: &Array2<f32>, chainage: &[usize], bounds: &[usize]) -> Self {
        let size = columns.nrows();
        let mut sum = DMatrix::zeros(size, size);
        let mut from = 0;
        let before = bounds.iter().map(|bound| {
            let to = chainage.partition_point(|j| j < bound);
            let own = columns.slice_axis(Dim(1), Slice::from(from..to));
            sum += products(own, own);
            from = to;
            (*bound, sum.clone(), to as f64)
        });
        Self {
            before: before.collect(),
        }
    }

    /// Sums over the cells from one bound to another, and how many they are.
    fn over(&self, cells: &Range<usize>) -> (DMatrix<f64>, f64) {
        let at = |cell: usize| {
            let after = self.before.partition_point(|(bound, ..)| *bound < cell);
            &self.before[after.min(self.before.len() - 1)]
        };
        let (from, to) = (at(cells.start), at(cells.end));
        (&to.1 - &from.1, to.2 - from.2)
    }

    /// The same over all of them.
    fn all(&self) -> (&DMatrix<f64>, f64) {
        let (_, sum, count) = &self.before[self.before.len() - 1];
        (sum, *count)
    }
}

impl LocalSums {
    /// `weights` are those of the fit of capture `t` from `picks`, one a cell,
    /// `moved` is its gradient part. `stretches` are the chainage cells of those that
    /// equations are wanted for.
    pub(super) fn new(
        panel: &Panel<'_>,
        (band, t, picks): (usize, usize, &[usize]),
        (weights, moved): (&[f32], &Array2<f32>),
        stretches: &[Range<usize>],
    ) -> Self {
        let (_, chainage) = panel.axes();
        let reach = (SECTION_REACH_M / chainage.step_m).round() as usize;
        let near = stretches.iter().map(|cells| reached(cells, reach));
        let mut bounds: Vec<usize> = near.flat_map(|cells| [cells.start, cells.end]).collect();
        bounds.extend([0, chainage.len]);
        bounds.retain(|bound| *bound <= chainage.len);
        bounds.sort_unstable();
        bounds.dedup();
        let track_rows = panel.track_rows();
        let place = |i: usize| (panel.cells[i] / chainage.len, panel.cells[i] % chainage.len);
        let kept = weights.iter().enumerate().filter(|(_, w)| **w > 0.0);
        let (on_track, beside): (Vec<_>, Vec<_>) =
            (kept.map(|(i, w)| (i, w.sqrt()))).partition(|(i, _)| track_rows[place(*i).0]);
        let sums = |cells: &[(usize, f32)]| {
            let fit = &panel.fit[band];
            let ones = fit.nrows() - 1;
            let mut columns = Array2::zeros((picks.len() + 2, cells.len()));
            let from = [&t].into_iter().chain(picks).chain([&ones]);
            for (mut to, k) in columns.outer_iter_mut().zip(from) {
                gather(&mut to, fit.row(*k), cells);
            }
            for (to, (i, root)) in columns.row_mut(0).iter_mut().zip(cells) {
                *to -= root * moved[place(*i)];
            }
            let at: Vec<usize> = cells.iter().map(|(i, _)| place(*i).1).collect();
            Sums::new(&columns, &at, &bounds)
        };
        Self {
            track: sums(&on_track),
            ground: sums(&beside),
            reach,
        }
    }

    /// The equations of a stretch: from the ground along it and its
    /// surroundings, and from the track everywhere else. A train that is not
    /// known yet would take part in its own prediction, and most of a faint one
    /// would be explained by it. Those of `whole` where too little is clear.
    pub(super) fn around(&self, cells: &Range<usize>, whole: &Reduced) -> Reduced {
        let near = reached(cells, self.reach);
        let (own_track, on_track) = self.track.over(&near);
        let (ground, beside) = self.ground.over(&near);
        if on_track + beside < LEAST_CELLS as f64 {
            return whole.clone();
        }
        let (all_track, all_on_track) = self.track.all();
        let gram = ground + (all_track - own_track);
        let count = beside + all_on_track - on_track;
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

/// A stretch and so many cells beyond both of its ends.
fn reached(cells: &Range<usize>, reach: usize) -> Range<usize> {
    cells.start.saturating_sub(reach)..cells.end + reach
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

    /// Coefficients of the predictors allowed, then the constant.
    pub(super) fn solve(&self, allowed: &[bool]) -> Option<Vec<f64>> {
        let beta = self.coefficients(&columns(allowed), None)?;
        Some(beta.as_slice().to_vec())
    }

    /// The same drawn `towards` others, and the ratio of residual scales to the whole fit,
    /// at least 1.
    pub(super) fn solve_towards(
        &self,
        allowed: &[bool],
        towards: &[f64],
    ) -> Option<(Vec<f64>, f64)> {
        let columns = columns(allowed);
        let beta = self.coefficients(&columns, Some(towards))?;
        let ratio = self.remainder(&beta, &columns) / self.left;
        Some((beta.as_slice().to_vec(), ratio.max(1.0).sqrt()))
    }
}

/// The columns of predictors that are allowed, and of the constant.
fn columns(allowed: &[bool]) -> Vec<usize> {
    let mut columns: Vec<usize> = (0..allowed.len()).filter(|k| allowed[*k]).collect();
    columns.push(allowed.len());
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_a_stretch_are_those_of_its_cells() {
        // Three fit cells at every second of 20 chainage cells.
        let chainage: Vec<usize> = (0..30).map(|n| n / 3 * 2).collect();
        let columns = Array2::from_shape_fn((3, 30), |(k, n)| ((n * 7 + k * 5) % 11) as f32 - 4.0);
        let sums = Sums::new(&columns, &chainage, &[0, 4, 12, 16, 20]);
        for (stretch, fit_cells) in [
            (4..12, 6..18),
            (0..4, 0..6),
            (16..28, 24..30),
            (0..20, 0..30),
        ] {
            let own = columns.slice_axis(Dim(1), Slice::from(fit_cells.clone()));
            let (sum, count) = sums.over(&stretch);
            assert!((sum - products(own, own)).norm() < 1e-3, "{stretch:?}");
            assert!((count - fit_cells.len() as f64).abs() < 1e-9);
        }
        assert!((sums.all().1 - 30.0).abs() < 1e-9);
    }
}
