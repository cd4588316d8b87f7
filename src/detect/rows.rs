//! How what the prediction leaves varies across the track, learnt from the
//! series, and the fit of the lanes that this makes best.
//!
//! Least squares takes all rows for equally noisy and independent. They are
//! not: ice, water and shadows beside a deck change together over tens of
//! metres while the deck does not, and leak into the lane through the constant
//! of the fit. With the covariance `C` of the rows the best linear fit is
//! `(XᵀC⁻¹X)⁻¹XᵀC⁻¹` (Aitken 1935).

use std::ops::Range;

use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::{Array3, ArrayView2, Axis as Dim, Slice};

use crate::stats::median;
use crate::strip::Strip;

/// Stretch of track over which rows are taken to vary alike, m.
const WINDOW_M: f64 = 120.0;
/// Distance between such stretches, m.
const STRIDE_M: f64 = 20.0;
/// Degrees of freedom of the t distribution of the residuals: the covariance is
/// its maximum likelihood estimate (Lange, Little and Taylor 1989), so that
/// trains not known yet count little.
const FREEDOM: f64 = 5.0;
/// Rounds of reweighting.
const ROUNDS: usize = 4;
/// White noise added, as a share of the mean variance: shields the fit from
/// templates that are a little wrong (diagonal loading, Carlson 1988).
const LOADING: f64 = 0.1;
/// Fewer captures than this do not tell what the ground does from what a train
/// does.
const LEAST_CAPTURES: usize = 15;
/// Fewer columns of rows than this many times the rows give no covariance.
const LEAST_PER_ROW: usize = 6;
/// About so many columns are enough; more are thinned evenly.
const MOST_COLUMNS: usize = 1500;

/// The noise of a set of rows along the track, in one band.
#[derive(Debug, Clone)]
pub struct RowNoise {
    rows: Range<usize>,
    /// Row × amplitude: what is fitted.
    design: DMatrix<f64>,
    /// Cells from one stretch to the next.
    stride: usize,
    /// `None` where too little is known.
    stretches: Vec<Option<Stretch>>,
}

/// A stretch of the track.
#[derive(Debug, Clone)]
struct Stretch {
    /// Of the rows.
    covariance: DMatrix<f64>,
    /// Weights of the rows in the first amplitude, where all are clear.
    weights: DVector<f64>,
}

impl RowNoise {
    /// From the residuals of a series in one band, (band, offset, chainage) each, for
    /// fits of `design`, (row, amplitude).
    ///
    /// `held`: per capture the chainage cells known to hold a train, which say
    /// nothing of noise; empty where none are known yet.
    pub(super) fn learn(
        (rows, band): (Range<usize>, usize),
        design: &DMatrix<f64>,
        (residuals, strips): (&[Option<Array3<f32>>], &[Strip]),
        held: &[Vec<bool>],
    ) -> Self {
        let all: Vec<usize> = (0..rows.len()).collect();
        let chainage = strips.first().map(|s| s.chainage);
        let (cells, step) = chainage.map_or((0, 1.0), |c| (c.len, c.step_m));
        let stride = ((STRIDE_M / step).round() as usize).max(1);
        let half = (0.5 * WINDOW_M / step).round() as usize;
        let free = free_columns(&rows, residuals, strips, held);
        let scale = scales(&rows, residuals, band);
        let stretches = (0..cells.div_ceil(stride))
            .map(|k| {
                let middle = k * stride + stride / 2;
                let near = middle.saturating_sub(half)..(middle + half + 1).min(cells);
                let columns = columns(&rows, (residuals, &scale), &free, (band, near))?;
                let covariance = covariance(&columns)?;
                Some(Stretch {
                    weights: weights(&covariance, design, &all)?,
                    covariance,
                })
            })
            .collect();
        Self {
            rows,
            design: design.clone(),
            stride,
            stretches,
        }
    }

    /// The first amplitude by chainage; NaN where `clear` leaves too little, or too
    /// little is known.
    pub(super) fn first_amplitude(
        &self,
        residual: ArrayView2<f32>,
        clear: ArrayView2<bool>,
    ) -> Vec<f32> {
        // What is hidden is the same for many cells on end.
        let mut last: Option<(usize, Vec<usize>, Option<DVector<f64>>)> = None;
        let mut amplitude = |j: usize| {
            let k = j / self.stride;
            let stretch = self.stretches[k].as_ref()?;
            let kept: Vec<usize> = (0..self.rows.len())
                .filter(|r| clear[(self.rows.start + r, j)])
                .collect();
            let sum = |weights: &DVector<f64>| -> f32 {
                (kept.iter().zip(weights.iter()))
                    .map(|(r, w)| *w as f32 * residual[(self.rows.start + r, j)])
                    .sum()
            };
            if kept.len() == self.rows.len() {
                return Some(sum(&stretch.weights));
            }
            if !matches!(&last, Some((of, rows, _)) if (*of, rows) == (k, &kept)) {
                let weights = weights(&stretch.covariance, &self.design, &kept);
                last = Some((k, kept.clone(), weights));
            }
            last.as_ref()?.2.as_ref().map(sum)
        };
        (0..residual.ncols())
            .map(|j| amplitude(j).unwrap_or(f32::NAN))
            .collect()
    }
}

/// The first row of `(XᵀC⁻¹X)⁻¹XᵀC⁻¹` on the rows kept.
fn weights(
    covariance: &DMatrix<f64>,
    design: &DMatrix<f64>,
    kept: &[usize],
) -> Option<DVector<f64>> {
    let design = design.select_rows(kept);
    let noise = covariance.select_rows(kept).select_columns(kept);
    let white = Cholesky::new(noise)?.solve(&design);
    let normal = design.transpose() * &white;
    let mut first = DVector::zeros(normal.nrows());
    *first.get_mut(0)? = 1.0;
    Some(white * Cholesky::new(normal)?.solve(&first))
}

/// Per capture: the chainage cells where all rows are clear and no train is known.
fn free_columns(
    rows: &Range<usize>,
    residuals: &[Option<Array3<f32>>],
    strips: &[Strip],
    held: &[Vec<bool>],
) -> Vec<Vec<bool>> {
    (strips.iter().zip(residuals).enumerate())
        .map(|(t, (strip, residual))| {
            (0..strip.chainage.len)
                .map(|j| {
                    residual.is_some()
                        && !held.get(t).is_some_and(|h| h[j])
                        && rows.clone().all(|i| strip.clear[(i, j)])
                })
                .collect()
        })
        .collect()
}

/// Per capture: robust scale of one band of its residuals over the rows.
fn scales(rows: &Range<usize>, residuals: &[Option<Array3<f32>>], band: usize) -> Vec<f64> {
    let of = |residual: &Array3<f32>| {
        let of_band = residual.index_axis(Dim(0), band);
        let of_rows = of_band.slice_axis(Dim(0), Slice::from(rows.clone()));
        let sizes: Vec<f64> = of_rows.iter().map(|v| f64::from(v.abs())).collect();
        median(&sizes).unwrap_or(1.0).max(f64::MIN_POSITIVE)
    };
    (residuals.iter())
        .map(|r| r.as_ref().map_or(1.0, of))
        .collect()
}

/// The residuals of the rows, a column each, of all free cells of a stretch, in
/// units of the scale of their capture, so that none rules; `None` where they
/// are of few captures.
fn columns(
    rows: &Range<usize>,
    (residuals, scale): (&[Option<Array3<f32>>], &[f64]),
    free: &[Vec<bool>],
    (band, near): (usize, Range<usize>),
) -> Option<DMatrix<f64>> {
    let some = |free: &&Vec<bool>| near.clone().any(|j| free[j]);
    if free.iter().filter(some).count() < LEAST_CAPTURES {
        return None;
    }
    let at: Vec<(usize, usize)> = (free.iter().enumerate())
        .flat_map(|(t, free)| near.clone().filter(|j| free[*j]).map(move |j| (t, j)))
        .collect();
    let thin = at.len().div_ceil(MOST_COLUMNS).max(1);
    let at: Vec<(usize, usize)> = at.into_iter().step_by(thin).collect();
    let mut out = DMatrix::zeros(rows.len(), at.len());
    for (mut column, (t, j)) in out.column_iter_mut().zip(at) {
        let Some(residual) = &residuals[t] else {
            continue;
        };
        let of_band = residual.index_axis(Dim(0), band);
        for (to, i) in column.iter_mut().zip(rows.clone()) {
            *to = f64::from(of_band[(i, j)]) / scale[t];
        }
    }
    Some(out)
}

/// Covariance of the rows about zero, by reweighting as a multivariate t.
fn covariance(columns: &DMatrix<f64>) -> Option<DMatrix<f64>> {
    let (rows, n) = columns.shape();
    if n < LEAST_PER_ROW * rows {
        return None;
    }
    let mut covariance = columns * columns.transpose() / n as f64;
    for _ in 0..ROUNDS {
        let loaded = loaded(&covariance, 1e-6);
        let unit = DMatrix::identity(rows, rows);
        let whiten = Cholesky::new(loaded)?.l().solve_lower_triangular(&unit)?;
        let white = whiten * columns;
        let mut weighted = columns.clone();
        for (mut column, white) in weighted.column_iter_mut().zip(white.column_iter()) {
            let weight = (FREEDOM + rows as f64) / (FREEDOM + white.norm_squared());
            column *= weight.sqrt();
        }
        covariance = &weighted * weighted.transpose() / n as f64;
    }
    Some(loaded(&covariance, LOADING))
}

fn loaded(covariance: &DMatrix<f64>, share: f64) -> DMatrix<f64> {
    let n = covariance.nrows();
    let load = share * covariance.trace() / n as f64;
    covariance + DMatrix::identity(n, n) * load.max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rows_that_vary_together_are_weighed_against_each_other() {
        // The first row is noisy together with the second, which has no signal:
        // their difference is free of that noise.
        let covariance = DMatrix::from_row_slice(2, 2, &[1.01, 1.0, 1.0, 1.01]);
        let design = DMatrix::from_row_slice(2, 1, &[1.0, 0.0]);
        let got = weights(&covariance, &design, &[0, 1]).unwrap();
        assert!((got[0] - 1.0).abs() < 1e-12);
        assert!((got[1] + 1.0 / 1.01).abs() < 1e-12);
    }

    #[test]
    fn independent_rows_give_least_squares() {
        let design = DMatrix::from_row_slice(3, 1, &[1.0, 2.0, 1.0]);
        let got = weights(&DMatrix::identity(3, 3), &design, &[0, 1, 2]).unwrap();
        let expected = [1.0 / 6.0, 2.0 / 6.0, 1.0 / 6.0];
        for (g, e) in got.iter().zip(expected) {
            assert!((g - e).abs() < 1e-12);
        }
    }

    #[test]
    fn a_few_wild_columns_do_not_make_the_covariance() {
        // Ordinary columns of variance 1, and one in fifty a hundred times as large.
        let columns = DMatrix::from_fn(2, 400, |i, j| {
            let ordinary = (((31 * j + 17 * i * j) % 41) as f64 - 20.0) / 11.8;
            if j % 50 == 0 { 100.0 } else { ordinary }
        });
        let got = covariance(&columns).unwrap();
        assert!(got[(0, 0)] < 3.0, "{got}");
        assert!(covariance(&DMatrix::zeros(4, 10)).is_none());
    }
}
