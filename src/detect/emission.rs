//! How likely the contrasts at one chainage are with and without a train, and
//! with and without a lorry on the road lane.
//!
//! A train is a zero-mean Gaussian on top of the noise (its colour is not
//! known), so that dark, bright and mixed trains weigh alike: what counts is
//! the energy over all bands, weighted by the noise.

use nalgebra::allocator::Allocator;
use nalgebra::{Cholesky, Const, DefaultAllocator, Dim, Dyn, OMatrix, OVector};
use ndarray::Array2;
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
    // Matrices whose size the compiler knows need no memory of their own.
    match profile.track.nrows() {
        1 => with_bands(Const::<1>, profile, prior),
        2 => with_bands(Const::<2>, profile, prior),
        3 => with_bands(Const::<3>, profile, prior),
        4 => with_bands(Const::<4>, profile, prior),
        n => with_bands(Dyn(n), profile, prior),
    }
}

/// The same of so many bands.
fn with_bands<D: Dim>(bands: D, profile: &Profile, prior: Prior) -> Vec<[f64; STATES]>
where
    DefaultAllocator: Allocator<D> + Allocator<D, D>,
{
    let noise = OMatrix::from_fn_generic(bands, bands, |a, b| profile.band_correlation[(a, b)]);
    // Bands that are all alike say nothing.
    let Some(factor) = Cholesky::new(noise.clone()) else {
        return vec![[0.0; STATES]; profile.chainage.len];
    };
    let model = Model {
        noise,
        factor,
        lane_correlation: profile.lane_correlation,
        prior,
    };
    let road = profile.road_sigma.iter().any(|s| s.is_finite());
    let lane = |values: &Array2<f32>, sigma: &Array2<f32>, j: usize| Contrasts {
        z: OVector::from_fn_generic(bands, Const::<1>, |b, _| {
            f64::from(values[(b, j)]) / f64::from(sigma[(b, j)])
        }),
        per_sigma: OVector::from_fn_generic(bands, Const::<1>, |b, _| {
            1.0 / f64::from(sigma[(b, j)])
        }),
    };
    let states = |j: usize| {
        if !profile.usable[j] {
            return [0.0; STATES];
        }
        let road = road.then(|| lane(&profile.road, &profile.road_sigma, j));
        model.states(
            &lane(&profile.track, &profile.track_sigma, j),
            road.as_ref(),
        )
    };
    (0..profile.chainage.len).map(states).collect()
}

/// The contrasts of one lane in units of their noise, and that.
struct Contrasts<D: Dim>
where
    DefaultAllocator: Allocator<D>,
{
    z: OVector<f64, D>,
    per_sigma: OVector<f64, D>,
}

/// What is the same all along the track. In units of sigma the noise of both lanes is that
/// of one over the bands, times the correlation of the lanes.
struct Model<D: Dim>
where
    DefaultAllocator: Allocator<D, D>,
{
    noise: OMatrix<f64, D, D>,
    factor: Cholesky<f64, D>,
    lane_correlation: f64,
    prior: Prior,
}

/// What the track may show where the road lane shows what it does: a normal distribution,
/// and the log density of what the road shows.
struct GivenRoad<D: Dim>
where
    DefaultAllocator: Allocator<D> + Allocator<D, D>,
{
    /// The track less its mean.
    z: OVector<f64, D>,
    covariance: OMatrix<f64, D, D>,
    log_density: f64,
}

impl<D: Dim> Model<D>
where
    DefaultAllocator: Allocator<D> + Allocator<D, D>,
{
    fn states(&self, track: &Contrasts<D>, road: Option<&Contrasts<D>>) -> [f64; STATES] {
        let mut out = [NEVER; STATES];
        for (lorry, out) in [false, true].into_iter().zip(out.chunks_mut(TRACK)) {
            if lorry && road.is_none() {
                continue;
            }
            let given = |times: f64| match road {
                Some(road) => self.given_road(track, (road, lorry), times),
                None => Some(GivenRoad {
                    z: track.z.clone(),
                    covariance: &self.noise * times,
                    log_density: 0.0,
                }),
            };
            let Some((usual, wild)) = given(1.0).zip(given(WILD_VARIANCE)) else {
                continue;
            };
            let (empty, trains) = out.split_at_mut(1);
            empty[0] = log_sum(
                (1.0 - WILD).ln() + usual.density(usual.covariance.clone()),
                WILD.ln() + wild.density(wild.covariance.clone()),
            );
            for (to, strength) in trains.iter_mut().zip(STRENGTHS) {
                *to = self.train(track, &usual, strength);
            }
        }
        out
    }

    /// The track given the road, with so many times the variance of the noise: with
    /// `N` that of a lane, `ρ` between lanes and `L` of a lorry, the mean is
    /// `ρN(N + L)⁻¹z` and the covariance `N − ρ²N(N + L)⁻¹N`.
    fn given_road(
        &self,
        track: &Contrasts<D>,
        (road, lorry): (&Contrasts<D>, bool),
        times: f64,
    ) -> Option<GivenRoad<D>> {
        let rho = self.lane_correlation;
        if !lorry {
            let energy = road.z.dot(&self.factor.solve(&road.z)) / times;
            let ln_determinant = self.factor.ln_determinant() + road.z.len() as f64 * times.ln();
            return Some(GivenRoad {
                z: &track.z - &road.z * rho,
                covariance: &self.noise * (times * (1.0 - rho * rho)),
                log_density: -0.5 * (ln_determinant + energy),
            });
        }
        let noise = &self.noise * times;
        let mut of_road = noise.clone();
        add_source(&mut of_road, self.prior, road);
        let factor = Cholesky::new(of_road)?;
        let solved = factor.solve(&road.z);
        let shared = &noise * rho;
        Some(GivenRoad {
            z: &track.z - &shared * &solved,
            covariance: noise - &shared * factor.solve(&shared),
            log_density: -0.5 * (factor.ln_determinant() + road.z.dot(&solved)),
        })
    }

    /// Log density with a train of this strength.
    fn train(&self, track: &Contrasts<D>, given: &GivenRoad<D>, strength: f64) -> f64 {
        let prior = Prior {
            tau: self.prior.tau * strength,
            ..self.prior
        };
        let side = match prior.side {
            Side::Both => 0.0,
            Side::Bright => given.bright(track, prior),
        };
        let mut covariance = given.covariance.clone();
        add_source(&mut covariance, prior, track);
        side + given.density(covariance)
    }
}

impl<D: Dim> GivenRoad<D>
where
    DefaultAllocator: Allocator<D> + Allocator<D, D>,
{
    /// Log density of track and road for some covariance of the track, without constant.
    fn density(&self, covariance: OMatrix<f64, D, D>) -> f64 {
        Cholesky::new(covariance).map_or(NEVER, |factor| {
            let energy = self.z.dot(&factor.solve(&self.z));
            self.log_density - 0.5 * (factor.ln_determinant() + energy)
        })
    }

    /// Log of twice the posterior probability that the common contrast is
    /// positive: the factor from a two-sided to a one-sided prior.
    fn bright(&self, track: &Contrasts<D>, prior: Prior) -> f64 {
        let colour = Prior {
            tau: prior.tau * (1.0 - prior.common).sqrt(),
            common: 0.0,
            ..prior
        };
        let mut rest = self.covariance.clone();
        add_source(&mut rest, colour, track);
        let Some(factor) = Cholesky::new(rest) else {
            return NEVER;
        };
        let weights = factor.solve(&track.per_sigma);
        let precision = 1.0 / (prior.tau.powi(2) * prior.common) + weights.dot(&track.per_sigma);
        let mean_in_sigmas = weights.dot(&self.z) / precision.sqrt();
        erfc(-mean_in_sigmas / std::f64::consts::SQRT_2)
            .max(1e-300)
            .ln()
    }
}

/// Adds the prior variance of a source on a lane.
fn add_source<D: Dim>(covariance: &mut OMatrix<f64, D, D>, prior: Prior, lane: &Contrasts<D>)
where
    DefaultAllocator: Allocator<D> + Allocator<D, D>,
{
    for a in 0..lane.per_sigma.len() {
        for b in 0..lane.per_sigma.len() {
            let share = if a == b { 1.0 } else { prior.common };
            covariance[(a, b)] += prior.tau.powi(2) * share * lane.per_sigma[a] * lane.per_sigma[b];
        }
    }
}

/// ln(eᵃ + eᵇ).
pub(super) fn log_sum(a: f64, b: f64) -> f64 {
    let high = a.max(b);
    if high == f64::NEG_INFINITY {
        return high;
    }
    high + ((a - high).exp() + (b - high).exp()).ln()
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, DVector};

    use super::*;
    use crate::strip::Axis;

    #[test]
    fn a_track_given_the_road_is_both_together() {
        // Three bands on two lanes, one sample.
        let axis = Axis {
            first_m: 0.0,
            step_m: 1.5,
            len: 1,
        };
        let column = |values: [f32; 3]| Array2::from_shape_fn((3, 1), |(b, _)| values[b]);
        let sigma = column([0.01, 0.012, 0.02]);
        let track = column([0.03, -0.01, 0.05]);
        let mut profile = Profile::seen_whole(axis, (track, sigma.clone()), (2.2, 3.0));
        (profile.road, profile.road_sigma) = (column([0.02, 0.04, 0.01]), sigma);
        profile.lane_correlation = 0.4;
        profile.band_correlation =
            Array2::from_shape_fn((3, 3), |(a, b)| if a == b { 1.0 } else { 0.3 });
        let got = log_likelihoods(&profile, Prior::OPTICAL)[0];
        // The same written out over both lanes.
        let value = |i: usize| {
            let lane = if i < 3 { &profile.track } else { &profile.road };
            f64::from(lane[(i % 3, 0)])
        };
        let sigma = |i: usize| f64::from(profile.track_sigma[(i % 3, 0)]);
        let z = DVector::from_fn(6, |i, _| value(i) / sigma(i));
        let covariance = |strengths: [f64; 2], times: f64| {
            DMatrix::from_fn(6, 6, |i, j| {
                let lane = if i / 3 == j / 3 { 1.0 } else { 0.4 };
                let noise = lane * profile.band_correlation[(i % 3, j % 3)];
                let tau = 0.08 * strengths[i / 3];
                let share = if i == j { 1.0 } else { 0.7 };
                let source = if i / 3 == j / 3 {
                    tau * tau * share
                } else {
                    0.0
                };
                times * noise + source / (sigma(i) * sigma(j))
            })
        };
        let density = |strengths: [f64; 2], times: f64| {
            let covariance = covariance(strengths, times);
            let energy = z.dot(&(covariance.clone().try_inverse().unwrap_or_default() * &z));
            -0.5 * (covariance.determinant().ln() + energy)
        };
        let empty = |road: f64| {
            let (usual, wild) = (density([0.0, road], 1.0), density([0.0, road], 9.0));
            log_sum(0.999_f64.ln() + usual, 0.001_f64.ln() + wild)
        };
        for (lorry, states) in got.chunks(TRACK).enumerate() {
            let road = lorry as f64;
            assert!((states[0] - empty(road)).abs() < 1e-6, "{states:?}");
            for (state, strength) in states[1..].iter().zip(STRENGTHS) {
                let expected = density([strength, road], 1.0);
                assert!((state - expected).abs() < 1e-6, "{state} {expected}");
            }
        }
    }
}
