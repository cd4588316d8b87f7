//! Least squares across the track: how much of the residual at one chainage
//! has the shape of a train on each lane, beside a constant.
//!
//! The constant takes up haze, cloud shadow and other broad residuals.

use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::{Array1, Array2, ArrayView2};

use super::template::template;
use crate::strip::{Axis, sample_correlation};

/// Share of the window that must be clear.
const LEAST_CLEAR: f64 = 0.45;
/// A fit whose noise grows by more than this for want of cells is dropped.
const MOST_INFLATION: f64 = 2.0;
/// Keeps templates that all but coincide with each other solvable.
const RIDGE: f64 = 1e-4;

/// The fit for one set of lanes; the first one is the lane of interest.
#[derive(Debug, Clone)]
pub(super) struct Lateral {
    /// Rows of the strip that take part.
    rows: std::ops::Range<usize>,
    /// Rows that must all be clear.
    core: std::ops::Range<usize>,
    /// Row × (lanes, constant).
    columns: DMatrix<f64>,
    /// (lanes, constant) × row: the fit where everything is clear.
    whole: DMatrix<f64>,
    /// Diagonal element of the first lane in the inverse normal matrix.
    whole_variance: f64,
}

/// Where a fit is possible, and how its noise grows for want of clear cells.
pub(super) struct Support {
    pub(super) usable: Vec<bool>,
    pub(super) inflation: Vec<f32>,
    /// Per chainage the fit, where it is not the whole one.
    partial: Vec<Option<DMatrix<f64>>>,
}

impl Lateral {
    /// `reach_m`: how far to the left and to the right of the first lane the fit reaches.
    /// `None` where the strip has too few rows there.
    pub(super) fn new(
        offset: Axis,
        centres: &[f64],
        psf_m: f64,
        reach_m: [f64; 2],
    ) -> Option<Self> {
        let first = *centres.first()?;
        let within = |[left_m, right_m]: [f64; 2]| {
            let inside = |i: &usize| (-left_m..=right_m).contains(&(offset.at_m(*i) - first));
            let low = (0..offset.len).find(inside)?;
            let high = (0..offset.len).rfind(inside)?;
            Some(low..high + 1)
        };
        let rows = within(reach_m)?;
        let core_m = (1.3 * psf_m).max(2.0).max(0.5 * offset.step_m);
        let core = within(reach_m.map(|reach_m| reach_m.min(core_m)))?;
        let columns = DMatrix::from_fn(rows.len(), centres.len() + 1, |i, k| {
            centres
                .get(k)
                .map_or(1.0, |c| template(offset.at_m(rows.start + i) - c, psf_m))
        });
        let (whole, whole_variance) = solve(&columns, |_| true)?;
        Some(Self {
            rows,
            core,
            columns,
            whole,
            whole_variance,
        })
    }

    /// Rows of the strip that take part.
    pub(super) fn rows(&self) -> std::ops::Range<usize> {
        self.rows.clone()
    }

    /// Row × (lanes, constant).
    pub(super) fn columns(&self) -> &DMatrix<f64> {
        &self.columns
    }

    /// What the fit takes for the first lane of a train of unit contrast that
    /// stands at `centre_m`, beside all lanes.
    pub(super) fn mistaken(&self, offset: Axis, centre_m: f64, psf_m: f64) -> f64 {
        self.rows
            .clone()
            .enumerate()
            .map(|(r, i)| self.whole[(0, r)] * template(offset.at_m(i) - centre_m, psf_m))
            .sum()
    }

    /// Where the mask of a strip allows the fit.
    pub(super) fn support(&self, clear: ArrayView2<bool>) -> Support {
        let n = clear.ncols();
        let mut out = Support {
            usable: vec![false; n],
            inflation: vec![1.0; n],
            partial: vec![None; n],
        };
        for j in 0..n {
            let column = clear.column(j);
            let seen = self.rows.clone().filter(|i| column[*i]).count();
            if seen == self.rows.len() {
                out.usable[j] = true;
                continue;
            }
            let core = self.core.clone().all(|i| column[i]);
            if !core || (seen as f64) <= LEAST_CLEAR * self.rows.len() as f64 {
                continue;
            }
            let Some((partial, variance)) = solve(&self.columns, |i| column[self.rows.start + i])
            else {
                continue;
            };
            let inflation = (variance / self.whole_variance).sqrt().max(1.0);
            out.usable[j] = inflation < MOST_INFLATION;
            out.inflation[j] = inflation as f32;
            out.partial[j] = Some(partial);
        }
        out
    }

    /// Amplitudes (lane, chainage) of one band; the constant is the last row.
    pub(super) fn amplitudes(&self, residual: ArrayView2<f32>, support: &Support) -> Array2<f32> {
        let lanes = self.columns.ncols();
        let mut out = Array2::zeros((lanes, residual.ncols()));
        for k in 0..lanes {
            for (r, i) in self.rows.clone().enumerate() {
                let factor = self.whole[(k, r)] as f32;
                let mut row = out.row_mut(k);
                row.scaled_add(factor, &residual.row(i));
            }
        }
        for (j, partial) in support.partial.iter().enumerate() {
            let Some(partial) = partial else { continue };
            for k in 0..lanes {
                out[(k, j)] = (self.rows.clone().enumerate())
                    .map(|(r, i)| partial[(k, r)] as f32 * residual[(i, j)])
                    .sum();
            }
        }
        out
    }

    /// Mean square over the clear rows of what the fit leaves, per chainage.
    pub(super) fn remainder(
        &self,
        residual: ArrayView2<f32>,
        clear: ArrayView2<bool>,
        amplitudes: &Array2<f32>,
    ) -> Vec<f32> {
        // Row by row: values that lie side by side are worked on together.
        let mut sums = Array1::<f32>::zeros(residual.ncols());
        let mut counts = Array1::<f32>::zeros(residual.ncols());
        for (r, i) in self.rows.clone().enumerate() {
            let mut left = residual.row(i).to_owned();
            for (k, amplitudes) in amplitudes.outer_iter().enumerate() {
                left.scaled_add(-self.columns[(r, k)] as f32, &amplitudes);
            }
            let clear = clear.row(i);
            for ((sum, count), (left, clear)) in
                (sums.iter_mut().zip(&mut counts)).zip(left.iter().zip(clear))
            {
                if *clear {
                    *sum += left * left;
                    *count += 1.0;
                }
            }
        }
        (sums.iter().zip(&counts))
            .map(|(sum, count)| sum / count.max(1.0))
            .collect()
    }

    /// Covariance of the amplitudes for noise of unit variance that is
    /// correlated between the rows as interpolation makes it.
    pub(super) fn covariance(&self, offset_step_m: f64, gsd_m: f64) -> DMatrix<f64> {
        let noise = DMatrix::from_fn(self.rows.len(), self.rows.len(), |i, j| {
            sample_correlation(i.abs_diff(j) as f64 * offset_step_m, gsd_m)
        });
        &self.whole * noise * self.whole.transpose()
    }
}

/// The matrix that takes rows to amplitudes, with zeros for rows not kept, and
/// the first diagonal element of the inverse normal matrix.
fn solve(columns: &DMatrix<f64>, keep: impl Fn(usize) -> bool) -> Option<(DMatrix<f64>, f64)> {
    let mut kept = columns.clone();
    for (i, mut row) in kept.row_iter_mut().enumerate() {
        if !keep(i) {
            row.fill(0.0);
        }
    }
    let mut normal = kept.transpose() * &kept;
    for i in 0..normal.nrows() {
        normal[(i, i)] += RIDGE;
    }
    let factor = Cholesky::new(normal)?;
    let mut unit = DVector::zeros(columns.ncols());
    unit[0] = 1.0;
    let variance = factor.solve(&unit)[0];
    Some((factor.solve(&kept.transpose()), variance))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OFFSET: Axis = Axis {
        first_m: -40.0,
        step_m: 1.5,
        len: 54,
    };

    fn scene() -> Array2<f32> {
        Array2::from_shape_fn((OFFSET.len, 3), |(i, j)| {
            let o = OFFSET.at_m(i);
            let track = [0.1, 0.0, -0.2][j] * template(o - 0.5, 2.2);
            let road = [0.0, 0.3, 0.3][j] * template(o - 10.0, 2.2);
            (track + road + 0.05) as f32
        })
    }

    #[test]
    fn templates_are_recovered() {
        let fit = Lateral::new(OFFSET, &[0.5, 10.0], 2.2, [18.0; 2]).unwrap();
        let mut clear = Array2::from_elem(scene().dim(), true);
        for i in 0..22 {
            clear[(i, 2)] = false;
        }
        let support = fit.support(clear.view());
        assert_eq!(support.usable, [true, true, true]);
        assert!(support.inflation[2] > 1.0);
        let got = fit.amplitudes(scene().view(), &support);
        let expected = [[0.1, 0.0, -0.2], [0.0, 0.3, 0.3], [0.05; 3]];
        for ((k, j), v) in got.indexed_iter() {
            assert!((v - expected[k][j]).abs() < 2e-4, "{k} {j}: {v}");
        }
        let left = fit.remainder(scene().view(), clear.view(), &got);
        assert!(left.iter().all(|v| *v < 1e-7));
    }

    #[test]
    fn a_hidden_track_is_not_usable() {
        let fit = Lateral::new(OFFSET, &[0.0], 2.2, [18.0; 2]).unwrap();
        let mut clear = Array2::from_elem((OFFSET.len, 2), true);
        clear[(OFFSET.cell_at(0.0), 0)] = false;
        for i in 0..OFFSET.cell_at(8.0) {
            clear[(i, 1)] = i > OFFSET.cell_at(-3.0);
        }
        assert!(!fit.support(clear.view()).usable[0]);
    }
}
