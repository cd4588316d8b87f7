//! Noise of the contrast on the cars themselves.

use nalgebra::{Cholesky, DMatrix, DVector};

use crate::stats::{MAD_TO_SIGMA, median};
use crate::strip::Profile;

/// Samples are held against the mean of two so far away to both sides, m: far
/// enough that the noise is not correlated where strips are sharp enough for cars.
const APART_M: f64 = 2.0;
/// Variance of that difference in units of the samples' own: 1 + 2 · (1/2)².
const GROWTH: f64 = 1.5;
/// Samples nearer to a gap than this, m, show the gap in their differences.
const CLEAR_OF_GAP_M: f64 = 4.0;
/// Fewer differences than this say nothing.
const LEAST: usize = 12;
/// Differences beyond this many sigma are clipped to it: roof hatches.
const MOST: f64 = 3.0;
/// Correlations between bands are drawn to zero by this factor.
const SHRINK: f64 = 0.9;

/// Noise over the bands, with all that varies faster than a car.
pub(super) struct Noise {
    /// Takes bands to independent ones of unit noise.
    pub(super) whiten: DMatrix<f64>,
}

impl Noise {
    /// From the usable samples between two chainages, m, away from the `gaps_m`.
    ///
    /// The profile's own noise is that of its level, which the background
    /// decides; what hides a gap is noise from sample to sample only.
    pub(super) fn of(
        profile: &Profile,
        (from_m, to_m): (f64, f64),
        gaps_m: &[f64],
    ) -> Option<Self> {
        let axis = profile.chainage;
        let apart = (APART_M / axis.step_m).round().max(1.0) as usize;
        let inside = |j: usize| {
            let at = axis.at_m(j);
            let reach = apart as f64 * axis.step_m;
            at - reach > from_m + 1.0 && at + reach < to_m - 1.0
        };
        let seen = |j: usize| [j - apart, j, j + apart].iter().all(|k| profile.usable[*k]);
        let clear = |j: usize| {
            let near = |gap: &f64| (axis.at_m(j) - gap).abs() < CLEAR_OF_GAP_M;
            !gaps_m.iter().any(near)
        };
        let whole: Vec<usize> = (apart..axis.len.saturating_sub(apart))
            .filter(|j| inside(*j) && seen(*j))
            .collect();
        let mut used: Vec<usize> = whole.iter().copied().filter(|j| clear(*j)).collect();
        if used.len() < LEAST {
            used = whole;
        }
        if used.len() < LEAST {
            return None;
        }
        let difference = |b: usize, j: usize| {
            let at = |k: usize| f64::from(profile.track[(b, k)]);
            at(j) - 0.5 * (at(j - apart) + at(j + apart))
        };
        let bands = profile.track.nrows();
        let sigma: Vec<f64> = (0..bands)
            .map(|b| {
                let sizes: Vec<f64> = used.iter().map(|j| difference(b, *j).abs()).collect();
                let sigma = MAD_TO_SIGMA * median(&sizes).unwrap_or(0.0) / GROWTH.sqrt();
                sigma.max(1e-9)
            })
            .collect();
        let z =
            |b: usize, j: usize| (difference(b, j) / (sigma[b] * GROWTH.sqrt())).clamp(-MOST, MOST);
        let product = |a: usize, b: usize| used.iter().map(|j| z(a, *j) * z(b, *j)).sum::<f64>();
        let covariance = DMatrix::from_fn(bands, bands, |a, b| {
            let norm = (product(a, a) * product(b, b)).sqrt().max(1e-30);
            let correlation = SHRINK * product(a, b) / norm;
            sigma[a] * sigma[b] * if a == b { 1.0 } else { correlation }
        });
        let factor = Cholesky::new(covariance)?;
        let whiten = factor.l().try_inverse()?;
        Some(Self { whiten })
    }

    /// The samples `cells` of a profile with independent bands: band × sample.
    pub(super) fn whitened(&self, profile: &Profile, cells: &[usize]) -> DMatrix<f64> {
        let bands = profile.track.nrows();
        let raw = DMatrix::from_fn(bands, cells.len(), |b, i| {
            f64::from(profile.track[(b, cells[i])])
        });
        &self.whiten * raw
    }

    /// Bands.
    pub(super) fn bands(&self) -> usize {
        self.whiten.nrows()
    }

    /// Unit variance of `bands` bands.
    pub(super) fn unit(&self) -> DMatrix<f64> {
        DMatrix::from_diagonal(&DVector::from_element(self.bands(), 1.0))
    }
}
