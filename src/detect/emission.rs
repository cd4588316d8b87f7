//! How likely the contrasts at one chainage are with and without a train, and
//! with and without a lorry on the road lane.
//!
//! A train is a zero-mean Gaussian on top of the noise (its colour is not
//! known), so that dark, bright and mixed trains weigh alike: what counts is
//! the energy over all bands, weighted by the noise.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use statrs::function::erf::erfc;

use crate::strip::Profile;

/// Which signs a train's contrast may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Darker or brighter than the empty track.
    Both,
    /// Only brighter: radar.
    Bright,
}

/// What is known of a train's contrast before looking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Typical size of the contrast in one band, in the units of the strip.
    pub tau: f64,
    /// Share of its variance that is common to all bands (brightness); the
    /// rest is independent (colour).
    pub common: f64,
    /// Signs allowed.
    pub side: Side,
}

impl Prior {
    /// Reflectance: 0.08 per band, mostly brightness.
    pub const OPTICAL: Self = Self {
        tau: 0.08,
        common: 0.7,
        side: Side::Both,
    };
    /// Backscatter in dB: trains stand 5 to 15 dB over the track bed.
    pub const RADAR_DB: Self = Self {
        tau: 8.0,
        common: 0.8,
        side: Side::Bright,
    };
}

/// Trains come faint, ordinary and strong: their contrast in multiples of
/// [`Prior::tau`]. One scale for all would charge faint trains for the
/// contrast they do not have.
pub(super) const STRENGTHS: [f64; 3] = [0.4, 0.9, 2.0];

/// States of the track: empty, or a train of one of the strengths.
pub(super) const TRACK: usize = 1 + STRENGTHS.len();
/// States of track and road lane: `state % TRACK` is the track's, and from
/// [`TRACK`] on a lorry stands on the road.
pub(super) const STATES: usize = 2 * TRACK;

/// Share of samples without a train that belong to a wider distribution …
const WILD: f64 = 1e-3;
/// … of so many times the variance.
const WILD_VARIANCE: f64 = 9.0;
/// Log likelihood of what cannot be.
const NEVER: f64 = -1e3;

/// Log likelihood of the states by chainage; all zero where not usable.
pub(super) fn log_likelihoods(profile: &Profile, prior: Prior) -> Vec<[f64; STATES]> {
    let bands = profile.track.nrows();
    let road = profile.road_sigma.iter().any(|s| s.is_finite());
    let lanes = 1 + usize::from(road);
    let noise = DMatrix::from_fn(bands * lanes, bands * lanes, |i, j| {
        let lane = if i / bands == j / bands {
            1.0
        } else {
            profile.lane_correlation
        };
        lane * profile.band_correlation[(i % bands, j % bands)]
    });
    (0..profile.chainage.len)
        .map(|j| {
            if !profile.usable[j] {
                return [0.0; STATES];
            }
            let sample = Sample::new(profile, j, road);
            sample.states(&noise, prior, bands)
        })
        .collect()
}

/// Contrasts in units of their noise, and the noise.
struct Sample {
    z: DVector<f64>,
    per_sigma: DVector<f64>,
    road: bool,
}

impl Sample {
    fn new(profile: &Profile, j: usize, road: bool) -> Self {
        let mut values: Vec<(f32, f32)> = Vec::with_capacity(8);
        let mut push = |values_of: &ndarray::Array2<f32>, sigma: &ndarray::Array2<f32>| {
            values.extend(
                values_of
                    .column(j)
                    .iter()
                    .copied()
                    .zip(sigma.column(j).iter().copied()),
            );
        };
        push(&profile.track, &profile.track_sigma);
        if road {
            push(&profile.road, &profile.road_sigma);
        }
        Self {
            z: DVector::from_iterator(
                values.len(),
                values.iter().map(|(v, s)| f64::from(*v) / f64::from(*s)),
            ),
            per_sigma: DVector::from_iterator(
                values.len(),
                values.iter().map(|(_, s)| 1.0 / f64::from(*s)),
            ),
            road,
        }
    }

    fn states(&self, noise: &DMatrix<f64>, prior: Prior, bands: usize) -> [f64; STATES] {
        let mut out = [NEVER; STATES];
        let lorry = self
            .road
            .then(|| self.with_source(noise.clone(), prior, bands..2 * bands));
        for (k, covariance) in [Some(noise), lorry.as_ref()].into_iter().enumerate() {
            let Some(covariance) = covariance else {
                continue;
            };
            out[k * TRACK] = with_tail(covariance, noise, &self.z);
            for (i, strength) in STRENGTHS.iter().enumerate() {
                let prior = Prior {
                    tau: prior.tau * strength,
                    ..prior
                };
                out[k * TRACK + 1 + i] = self.with_train(covariance.clone(), prior, bands);
            }
        }
        out
    }

    fn with_train(&self, covariance: DMatrix<f64>, prior: Prior, bands: usize) -> f64 {
        let side = match prior.side {
            Side::Both => 0.0,
            Side::Bright => self.bright(&covariance, prior, bands),
        };
        let covariance = self.with_source(covariance, prior, 0..bands);
        side + Cholesky::new(covariance).map_or(NEVER, |c| density(&c, &self.z))
    }

    /// Adds the prior variance of a source on some of the rows.
    fn with_source(
        &self,
        mut covariance: DMatrix<f64>,
        prior: Prior,
        rows: std::ops::Range<usize>,
    ) -> DMatrix<f64> {
        for i in rows.clone() {
            for j in rows.clone() {
                let share = if i == j { 1.0 } else { prior.common };
                covariance[(i, j)] +=
                    prior.tau.powi(2) * share * self.per_sigma[i] * self.per_sigma[j];
            }
        }
        covariance
    }

    /// Log of twice the posterior probability that the common contrast is
    /// positive: the factor from a two-sided to a one-sided prior.
    fn bright(&self, covariance: &DMatrix<f64>, prior: Prior, bands: usize) -> f64 {
        let colour = Prior {
            tau: prior.tau * (1.0 - prior.common).sqrt(),
            common: 0.0,
            ..prior
        };
        let rest = self.with_source(covariance.clone(), colour, 0..bands);
        let Some(factor) = Cholesky::new(rest) else {
            return NEVER;
        };
        let mut unit = self.per_sigma.clone();
        unit.rows_mut(bands, unit.len() - bands).fill(0.0);
        let weights = factor.solve(&unit);
        let precision = 1.0 / (prior.tau.powi(2) * prior.common) + weights.dot(&unit);
        let mean_in_sigmas = weights.dot(&self.z) / precision.sqrt();
        erfc(-mean_in_sigmas / std::f64::consts::SQRT_2)
            .max(1e-300)
            .ln()
    }
}

/// Gaussian log density without its constant.
fn density(factor: &Cholesky<f64, Dyn>, z: &DVector<f64>) -> f64 {
    -0.5 * (factor.ln_determinant() + z.dot(&factor.solve(z)))
}

/// The density mixed with a little of a wider one.
fn with_tail(covariance: &DMatrix<f64>, noise: &DMatrix<f64>, z: &DVector<f64>) -> f64 {
    let wide = covariance + noise * (WILD_VARIANCE - 1.0);
    let of = |c: DMatrix<f64>| Cholesky::new(c).map_or(NEVER, |c| density(&c, z));
    log_sum(
        (1.0 - WILD).ln() + of(covariance.clone()),
        WILD.ln() + of(wide),
    )
}

/// ln(eᵃ + eᵇ).
pub(super) fn log_sum(a: f64, b: f64) -> f64 {
    let high = a.max(b);
    if high == f64::NEG_INFINITY {
        return high;
    }
    high + ((a - high).exp() + (b - high).exp()).ln()
}
