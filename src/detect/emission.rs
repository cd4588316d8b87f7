//! How likely the contrasts at one chainage are with and without a train, and
//! with and without a lorry on the road lane.
//!
//! A train is a zero-mean Gaussian on top of the noise (its colour is not
//! known), so that dark, bright and mixed trains weigh alike: what counts is
//! the energy over all bands, weighted by the noise.

use nalgebra::allocator::Allocator;
use nalgebra::{Cholesky, Const, DefaultAllocator, Dim, Dyn, OMatrix, OVector};
use ndarray::Array2;

use crate::strip::Profile;

/// What is known of a train's contrast before looking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Typical size of the contrast in one band, in the units of the strip.
    pub tau: f64,
    /// Share of its variance that is common to all bands (brightness); the
    /// rest is independent (colour).
    pub common: f64,
}

impl Prior {
    /// Reflectance: 0.08 per band, mostly brightness.
    pub const OPTICAL: Self = Self {
        tau: 0.08,
        common: 0.7,
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

/// Log likelihood of the states by chainage; all zero where not usable, or where the noise
/// of one band is a copy of another's.
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
        let mut covariance = given.covariance.clone();
        add_source(&mut covariance, prior, track);
        given.density(covariance)
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

    /// One sample of so many bands.
    fn sample(bands: usize, road: bool) -> Profile {
        let axis = Axis {
            first_m: 0.0,
            step_m: 1.5,
            len: 1,
        };
        let column = |of: fn(f32) -> f32| Array2::from_shape_fn((bands, 1), |(b, _)| of(b as f32));
        let sigma = column(|b| 0.01 + 0.002 * b);
        let track = column(|b| 0.03 * (1.7 * b).cos());
        let mut profile = Profile::seen_whole(axis, (track, sigma.clone()), (2.2, 3.0));
        if road {
            (profile.road, profile.road_sigma) = (column(|b| 0.02 * (b + 1.0)), sigma);
        }
        profile.lane_correlation = 0.4;
        profile.band_correlation =
            Array2::from_shape_fn((bands, bands), |(a, b)| if a == b { 1.0 } else { 0.3 });
        profile
    }

    /// Log density of both lanes of a sample written out, with sources of these strengths on
    /// track and road and so many times the noise.
    fn density(profile: &Profile, strengths: &[f64], times: f64) -> f64 {
        let bands = profile.track.nrows();
        let n = bands * strengths.len();
        let sigma = |i: usize| f64::from(profile.track_sigma[(i % bands, 0)]);
        let z = DVector::from_fn(n, |i, _| {
            let lane = [&profile.track, &profile.road][i / bands];
            f64::from(lane[(i % bands, 0)]) / sigma(i)
        });
        let covariance = DMatrix::from_fn(n, n, |i, j| {
            let same = i / bands == j / bands;
            let between = profile.band_correlation[(i % bands, j % bands)];
            let tau = 0.08 * strengths[i / bands];
            let share = if i == j { 1.0 } else { 0.7 };
            if same {
                times * between + tau * tau * share / (sigma(i) * sigma(j))
            } else {
                times * 0.4 * between
            }
        });
        let energy = z.dot(&(covariance.clone().try_inverse().unwrap_or_default() * &z));
        -0.5 * (covariance.determinant().ln() + energy)
    }

    #[test]
    fn a_track_given_the_road_is_both_together() {
        for (bands, road) in [(1, true), (3, true), (4, false), (5, true)] {
            let profile = sample(bands, road);
            let got = log_likelihoods(&profile, Prior::OPTICAL)[0];
            for (lorry, states) in got.chunks(TRACK).enumerate() {
                if lorry == 1 && !road {
                    assert!(states.iter().all(|s| *s <= NEVER));
                    continue;
                }
                let expected = |track: f64, times: f64| {
                    let both = [track, lorry as f64];
                    density(&profile, &both[..=usize::from(road)], times)
                };
                let empty = log_sum(
                    0.999_f64.ln() + expected(0.0, 1.0),
                    0.001_f64.ln() + expected(0.0, 9.0),
                );
                assert!((states[0] - empty).abs() < 1e-6, "{bands}: {states:?}");
                for (state, strength) in states[1..].iter().zip(STRENGTHS) {
                    assert!((state - expected(strength, 1.0)).abs() < 1e-6, "{bands}");
                }
            }
        }
    }
}
