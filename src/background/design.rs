//! Robust ridge regression on normal equations that are shared between fits.
//!
//! A robust fit changes the weight of a few cells only. Its weighted normal
//! equations are therefore the unweighted ones, known for the whole series,
//! less the share of the doubted cells: a tenth of the work of summing anew.

use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, Axis as Dim, concatenate};

use crate::stats::MAD_TO_SIGMA;

/// Residuals below this many robust sigmas keep weight 1: 87 % of a normal sample.
const TRUSTED: f32 = 1.5;
/// Residuals beyond this many robust sigmas get weight 0.
const REJECTED: f32 = 4.0;

/// Columns of a regression over cells, and the products of all pairs of them.
///
/// Column 0 is the observed one; all others explain it.
pub(super) struct Design {
    /// Column × cell: each column lies in one piece.
    pub(super) columns: Array2<f32>,
    /// Unweighted sums of products over all cells, column × column.
    pub(super) gram: DMatrix<f64>,
}

/// A fitted regression.
#[derive(Clone)]
pub(super) struct Fit {
    /// Coefficients of columns 1, 2, ….
    pub(super) beta: DVector<f64>,
    /// Robust scale of the residuals.
    pub(super) scale: f64,
    /// The weighted sums of products of the last round, column × column.
    pub(super) gram: DMatrix<f64>,
    /// The weights of the last round, one a cell.
    pub(super) weights: Vec<f32>,
}

/// Weight of a residual of `u` robust sigmas: 1, then falling smoothly to 0
/// (a redescending function in the manner of Hampel 1974).
pub(super) fn weight(u: f32) -> f32 {
    let u = u.abs();
    if u <= TRUSTED {
        1.0
    } else if u >= REJECTED {
        0.0
    } else {
        let v = (u - TRUSTED) / (REJECTED - TRUSTED);
        (1.0 - v * v).powi(2)
    }
}

/// Sums of products of columns (column × cell), in f32 by blocks and f64 between
/// them.
pub(super) fn products(left: ArrayView2<f32>, right: ArrayView2<f32>) -> DMatrix<f64> {
    let mut sums = DMatrix::zeros(left.nrows(), right.nrows());
    for (l, r) in left
        .axis_chunks_iter(Dim(1), 1024)
        .zip(right.axis_chunks_iter(Dim(1), 1024))
    {
        let part = l.dot(&r.t());
        for (mut sums, part) in sums.column_iter_mut().zip(part.axis_iter(Dim(1))) {
            for (sum, v) in sums.iter_mut().zip(part) {
                *sum += f64::from(*v);
            }
        }
    }
    sums
}

/// Some cells of a column, each times a factor of its own: `to` has one for each of
/// `cells`.
pub(super) fn gather(to: &mut ArrayViewMut1<f32>, from: ArrayView1<f32>, cells: &[(usize, f32)]) {
    for (to, (i, factor)) in to.iter_mut().zip(cells) {
        *to = factor * from[*i];
    }
}

impl Design {
    /// Appends columns that are not in the shared sums.
    pub(super) fn append(self, more: &Array2<f32>) -> Self {
        let old = self.columns.nrows();
        let columns = concatenate![Dim(0), self.columns, more.view()];
        let cross = products(columns.view(), more.view());
        let all = columns.nrows();
        let gram = DMatrix::from_fn(all, all, |i, j| match (i < old, j < old) {
            (true, true) => self.gram[(i, j)],
            (_, false) => cross[(i, j - old)],
            (false, true) => cross[(j, i - old)],
        });
        Self { columns, gram }
    }

    /// Sums of products under weights, from the smaller side.
    fn weighted(&self, weights: &[f32]) -> DMatrix<f64> {
        let doubted = weights.iter().filter(|w| **w < 1.0).count();
        let kept = weights.iter().filter(|w| **w > 0.0).count();
        if doubted < kept {
            let share = self.scaled_cells(weights, |w| 1.0 - w);
            &self.gram - products(share.view(), share.view())
        } else {
            let share = self.scaled_cells(weights, |w| w);
            products(share.view(), share.view())
        }
    }

    /// The cells with a positive share, each times the root of it.
    fn scaled_cells(&self, weights: &[f32], share: impl Fn(f32) -> f32) -> Array2<f32> {
        let cells: Vec<(usize, f32)> = (weights.iter().map(|w| share(*w)).enumerate())
            .filter(|(_, v)| *v > 0.0)
            .map(|(i, v)| (i, v.sqrt()))
            .collect();
        let mut out = Array2::zeros((self.columns.nrows(), cells.len()));
        for (mut to, from) in out.outer_iter_mut().zip(self.columns.outer_iter()) {
            gather(&mut to, from, &cells);
        }
        out
    }

    /// Observed less explained, per cell.
    fn residuals(&self, beta: &DVector<f64>) -> Vec<f32> {
        let mut left = self.columns.row(0).to_owned();
        for (beta, column) in beta.iter().zip(self.columns.outer_iter().skip(1)) {
            left.scaled_add(-*beta as f32, &column);
        }
        left.to_vec()
    }

    /// Iteratively reweighted ridge regression over the cells that are `clear`.
    ///
    /// `ridge` penalises columns 1, 2, …, per cell. Starts from `start` or from
    /// equal weights. `None` where the equations have no solution.
    pub(super) fn fit(
        &self,
        clear: &[bool],
        ridge: &[f64],
        start: Option<DVector<f64>>,
        rounds: usize,
    ) -> Option<Fit> {
        let equal: Vec<f32> = clear.iter().map(|c| f32::from(u8::from(*c))).collect();
        let cells = clear.iter().filter(|c| **c).count() as f64;
        let ridge: Vec<f64> = ridge.iter().map(|r| r * cells).collect();
        let mut beta = match start {
            Some(beta) => beta,
            None => solve(&self.weighted(&equal), &ridge)?,
        };
        let mut gram = DMatrix::zeros(0, 0);
        let mut scale = 0.0;
        let mut weights = equal.clone();
        for _ in 0..rounds {
            let residuals = self.residuals(&beta);
            scale = residual_scale(&residuals, clear);
            let per_sigma = 1.0 / (scale as f32).max(f32::MIN_POSITIVE);
            weights = residuals
                .iter()
                .zip(&equal)
                .map(|(r, e)| e * weight(r * per_sigma))
                .collect();
            gram = self.weighted(&weights);
            beta = solve(&gram, &ridge)?;
        }
        Some(Fit {
            beta,
            scale,
            gram,
            weights,
        })
    }
}

/// Robust scale about zero: 1.4826 times the median size of the clear residuals.
fn residual_scale(residuals: &[f32], clear: &[bool]) -> f64 {
    let mut sizes: Vec<f32> = residuals
        .iter()
        .zip(clear)
        .filter(|(_, c)| **c)
        .map(|(r, _)| r.abs())
        .collect();
    if sizes.is_empty() {
        return 0.0;
    }
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f32::total_cmp);
    f64::from(*median) * MAD_TO_SIGMA
}

/// Ridge solution of the normal equations whose row and column 0 are the observed.
fn solve(gram: &DMatrix<f64>, ridge: &[f64]) -> Option<DVector<f64>> {
    let n = gram.nrows() - 1;
    let mut system = gram.view((1, 1), (n, n)).into_owned();
    for (i, r) in ridge.iter().enumerate() {
        system[(i, i)] += r;
    }
    let right = gram.view((1, 0), (n, 1)).column(0).into_owned();
    Some(Cholesky::new(system)?.solve(&right))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    fn design(columns: Array2<f32>) -> Design {
        let gram = products(columns.view(), columns.view());
        Design { columns, gram }
    }

    #[test]
    fn ridge_on_two_columns_by_hand() {
        // y = (3, 4), x1 = (1, 0), x2 = (0, 2): β = (3/(1+λ), 8/(4+λ)), λ = 2 cells × 0.5
        let d = design(array![[3.0, 4.0], [1.0, 0.0], [0.0, 2.0]]);
        let beta = solve(&d.gram, &[1.0, 1.0]).unwrap();
        assert!((beta[0] - 1.5).abs() < 1e-12 && (beta[1] - 1.6).abs() < 1e-12);
        let fit = d.fit(&[true, true], &[0.5, 0.5], None, 0).unwrap();
        assert!((fit.beta - beta).norm() < 1e-12);
    }

    #[test]
    fn weighting_by_subtraction_equals_weighting_by_sum() {
        let d = design(Array2::from_shape_fn((3, 50), |(j, i)| {
            ((i * 7 + j * 13) % 11) as f32
        }));
        for share in [5, 40] {
            let weights: Vec<f32> = (0..50)
                .map(|i| if i < share { 0.25 } else { 1.0 })
                .collect();
            let direct = d.scaled_cells(&weights, |w| w);
            let direct = products(direct.view(), direct.view());
            assert!((d.weighted(&weights) - direct).norm() < 1e-2);
        }
    }

    #[test]
    fn outliers_get_no_say() {
        let columns = Array2::from_shape_fn((2, 200), |(j, i)| {
            let x = (i as f32 * 0.37).sin();
            let wild = if i % 20 == 0 { 50.0 } else { 0.0 };
            let noise = 0.01 * (i as f32 * 1.7).cos();
            if j == 0 { 2.0 * x + noise + wild } else { x }
        });
        let fit = design(columns).fit(&[true; 200], &[0.0], None, 8).unwrap();
        assert!((fit.beta[0] - 2.0).abs() < 0.01, "{}", fit.beta[0]);
        assert!(fit.scale < 0.02);
    }

    #[test]
    fn appended_columns_join_the_sums() {
        let whole = design(array![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
        let joined = design(array![[1.0, 4.0], [2.0, 5.0]]).append(&array![[3.0, 6.0]]);
        assert!((whole.gram - joined.gram).norm() < 1e-6);
    }

    #[test]
    fn singular_systems_are_refused() {
        let d = design(array![[1.0, 1.0], [0.0, 0.0]]);
        assert!(d.fit(&[true, true], &[0.0], None, 1).is_none());
    }
}
