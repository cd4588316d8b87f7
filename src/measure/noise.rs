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
