//! How the noise of a series hangs together along the track and between bands,
//! learnt where nothing stands.
//!
//! Interpolation makes neighbouring samples alike; besides, what the prediction
//! leaves may drift over tens of metres. An end is found by contrast against
//! the empty track beside it, so a drift counts for less than as much noise
//! from sample to sample.

use ndarray::Array2;

use crate::strip::{Profile, sample_correlation};

/// Share of the noise that is independent from sample to sample.
const WHITE: f64 = 0.03;
/// Length over which noise drifts, m: the order of what is seen of it in real
/// and simulated series, 50 to 150 m.
const DRIFT_M: f64 = 100.0;
/// Interpolation is not felt beyond this distance, px …
const FROM_PX: f64 = 2.5;
/// … and the drift is read over so much more, m.
const DRIFT_READ_M: f64 = 50.0;
/// Contrasts in units of noise are clipped here: trains unknown still.
const CLIP: f64 = 4.0;
/// More drift than this would leave no noise to measure against.
const MOST_DRIFT: f64 = 0.8;
/// Fewer samples of empty track say nothing.
const LEAST_SAMPLES: usize = 300;

/// Correlation of the noise of the samples of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseShape {
    /// Between bands.
    bands: Array2<f64>,
    /// Share of the variance that drifts.
    drift: f64,
}

impl NoiseShape {
    /// What profiles say of it by themselves: no drift.
    #[must_use]
    pub fn given(profile: &Profile) -> Self {
        Self {
            bands: profile.band_correlation.clone(),
            drift: 0.0,
        }
    }

    /// From the profiles of a series, each with its cells of empty track;
    /// `None` where they are few.
    #[must_use]
    pub fn learn(empty: &[(&Profile, &[bool])]) -> Option<Self> {
        let (first, _) = empty.first()?;
        let bands = first.track.nrows();
        let (step, gsd) = (first.chainage.step_m, first.gsd_m);
        let from = (FROM_PX * gsd / step).ceil() as usize;
        let to = from + (DRIFT_READ_M / step).ceil().max(2.0) as usize;
        let mut moments = Array2::<f64>::zeros((bands, bands));
        let mut lagged = vec![0.0; to];
        let mut counted = vec![0usize; to];
        for (profile, free) in empty {
            let free: Vec<bool> = (free.iter().zip(&profile.usable))
                .map(|(f, u)| *f && *u)
                .collect();
            let z = |b: usize, j: usize| {
                let z = profile.track[(b, j)] / profile.track_sigma[(b, j)];
                f64::from(z).clamp(-CLIP, CLIP)
            };
            for j in (0..free.len()).filter(|j| free[*j]) {
                for a in 0..bands {
                    for b in 0..bands {
                        moments[(a, b)] += z(a, j) * z(b, j);
                    }
                }
                for lag in (0..to).filter(|lag| free.get(j + lag) == Some(&true)) {
                    counted[lag] += bands;
                    lagged[lag] += (0..bands).map(|b| z(b, j) * z(b, j + lag)).sum::<f64>();
                }
            }
        }
        if counted[0] < LEAST_SAMPLES * bands {
            return None;
        }
        let spread = |b: usize| moments[(b, b)].sqrt().max(f64::MIN_POSITIVE);
        let unit = lagged[0] / counted[0] as f64;
        let (seen, expected) = (from..to).filter(|lag| counted[*lag] > 0).fold(
            (0.0, f64::MIN_POSITIVE),
            |(seen, expected), lag| {
                let correlation = lagged[lag] / counted[lag] as f64 / unit;
                (seen + correlation, expected + drifting(lag as f64 * step))
            },
        );
        Some(Self {
            bands: Array2::from_shape_fn((bands, bands), |(a, b)| {
                moments[(a, b)] / (spread(a) * spread(b))
            }),
            drift: (seen / expected).clamp(0.0, MOST_DRIFT),
        })
    }

    /// Correlation of two bands.
    pub(super) fn between(&self, a: usize, b: usize) -> f64 {
        self.bands[(a, b)]
    }

    /// Correlation of two samples `distance_m` apart.
    pub(super) fn along(&self, distance_m: f64, gsd_m: f64) -> f64 {
        let white = if distance_m == 0.0 { WHITE } else { 0.0 };
        let short = (1.0 - WHITE) * sample_correlation(distance_m, gsd_m) + white;
        (1.0 - self.drift) * short + self.drift * drifting(distance_m)
    }
}

fn drifting(distance_m: f64) -> f64 {
    (-distance_m.abs() / DRIFT_M).exp()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::strip::Axis;

    /// Noise of unit variance, `drift` of it constant over the whole profile.
    fn profile(seed: u64, drift: f64) -> Profile {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let n = 200;
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        let level = drift.sqrt() * normal();
        let mut track = Array2::zeros((2, n));
        for j in 0..n {
            let common = normal();
            for b in 0..2 {
                let own =
                    (1.0 - drift).sqrt() * (0.6f64.sqrt() * common + 0.4f64.sqrt() * normal());
                track[(b, j)] = (0.01 * (level + own)) as f32;
            }
        }
        Profile::seen_whole(
            Axis {
                first_m: 0.0,
                step_m: 1.5,
                len: n,
            },
            (track, Array2::from_elem((2, n), 0.01)),
            (2.2, 3.0),
        )
    }

    fn learn(drift: f64) -> Option<NoiseShape> {
        let profiles: Vec<Profile> = (0..60).map(|seed| profile(seed, drift)).collect();
        let free = [true; 200];
        let empty: Vec<_> = profiles.iter().map(|p| (p, free.as_slice())).collect();
        NoiseShape::learn(&empty)
    }

    #[test]
    fn drift_and_bands_are_found_again() {
        let calm = learn(0.0).unwrap();
        assert!(calm.drift < 0.05, "{calm:?}");
        assert!((calm.between(0, 1) - 0.6).abs() < 0.04, "{calm:?}");
        // It does not fall off within the profile, the model does: somewhat more is seen.
        let drifting = learn(0.4).unwrap();
        assert!((0.35..0.65).contains(&drifting.drift), "{drifting:?}");
    }

    #[test]
    fn little_track_says_nothing() {
        let profile = profile(1, 0.0);
        assert_eq!(NoiseShape::learn(&[(&profile, &[false; 200])]), None);
        assert_eq!(NoiseShape::learn(&[]), None);
    }

    #[test]
    fn a_sample_is_wholly_like_itself() {
        for drift in [0.0, 0.5] {
            let shape = NoiseShape {
                bands: Array2::eye(1),
                drift,
            };
            assert!((shape.along(0.0, 3.0) - 1.0).abs() < 1e-12);
            assert!(shape.along(1.5, 3.0) > shape.along(3.0, 3.0));
        }
    }
}
