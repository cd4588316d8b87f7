//! The shortest train that an observation would find: trains of reference
//! contrast are put into its own profile, and the evidence they bring is read.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::emission::{Prior, TRACK, log_likelihoods};
use super::segment::{Candidate, Detector, strengths_against_none};
use crate::strip::Profile;

/// Places at which trains are put in.
const PLACES: usize = 48;
/// Length over which a train's contrast is one draw: about a car, m.
const CAR_M: f64 = 20.0;
/// Standard normal quantile of the probability to be found, 90 %.
const NINE_OF_TEN: f64 = 1.281_6;

/// Length of train, m, that would be found with 90 % probability, if its
/// contrast were as the detector's prior has it; `None` where not even a train
/// as long as the visible track would.
///
/// `trains`: what was found; no train is put in there.
#[must_use]
pub fn detection_limit_m(
    profile: &Profile,
    detector: &Detector,
    trains: &[Candidate],
) -> Option<f64> {
    let places = empty_places(profile, trains);
    let injected = inject(profile, &places, detector.prior)?;
    let evidence: Vec<_> = log_likelihoods(&injected, detector.prior)
        .into_iter()
        .zip(&injected.usable)
        .filter(|(_, u)| **u)
        .map(|(log, _)| strengths_against_none(&log, profile))
        .collect();
    let n = evidence.len() as f64;
    let cells = CAR_M / profile.chainage.step_m;
    let cars = (0..TRACK - 1)
        .filter_map(|k| {
            let mean = evidence.iter().map(|e| e[k]).sum::<f64>() / n;
            let variance = evidence.iter().map(|e| (e[k] - mean).powi(2)).sum::<f64>() / n;
            cars_needed(cells * mean, cells * variance.sqrt(), detector.least_score)
        })
        .min_by(f64::total_cmp)?;
    let length = (cars * CAR_M).max(detector.least_length_m);
    let visible = profile.usable.iter().filter(|u| **u).count() as f64 * profile.chainage.step_m;
    (length <= visible).then_some(length)
}

/// Cars for which the sum of their evidence reaches `score` nine times of ten,
/// by the normal approximation: `mean·m − 1.28·sigma·√m = score`.
fn cars_needed(mean: f64, sigma: f64, score: f64) -> Option<f64> {
    let spread = NINE_OF_TEN * sigma;
    (mean > 0.0)
        .then(|| ((spread + (spread * spread + 4.0 * mean * score).sqrt()) / (2.0 * mean)).powi(2))
}

/// Usable cells away from trains, thinned evenly.
fn empty_places(profile: &Profile, trains: &[Candidate]) -> Vec<usize> {
    let empty: Vec<usize> = (0..profile.chainage.len)
        .filter(|j| {
            let at = profile.chainage.at_m(*j);
            profile.usable[*j] && !trains.iter().any(|c| at >= c.start_m && at <= c.end_m)
        })
        .collect();
    empty
        .iter()
        .copied()
        .step_by((empty.len() / PLACES).max(1))
        .collect()
}

/// The profile with a train's contrast added at the places, usable there only.
fn inject(profile: &Profile, places: &[usize], prior: Prior) -> Option<Profile> {
    if places.len() < 8 {
        return None;
    }
    let bands = profile.track.nrows();
    let shape = DMatrix::from_fn(bands, bands, |a, b| {
        prior.tau.powi(2) * if a == b { 1.0 } else { prior.common }
    });
    let root = Cholesky::new(shape)?.l();
    let mut draws = Normal(1);
    let mut out = profile.clone();
    out.usable.fill(false);
    for j in places {
        let contrast = &root * DVector::from_fn(bands, |_, _| draws.next());
        let sign = match prior.side {
            super::Side::Bright if contrast.sum() < 0.0 => -1.0,
            _ => 1.0,
        };
        for b in 0..bands {
            out.track[(b, *j)] += (sign * contrast[b]) as f32;
        }
        out.usable[*j] = true;
    }
    Some(out)
}

/// Reproducible normal numbers: the sum of twelve from a linear congruential
/// generator (Knuth's MMIX constants).
struct Normal(u64);

impl Normal {
    fn next(&mut self) -> f64 {
        let uniform = |_| {
            self.0 = (self.0)
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..12).map(uniform).sum::<f64>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn certain_evidence_needs_score_over_mean_cars() {
        assert_eq!(cars_needed(5.0, 0.0, 20.0), Some(4.0));
        assert!(cars_needed(5.0, 3.0, 20.0).unwrap() > 4.0);
        assert_eq!(cars_needed(-1.0, 3.0, 20.0), None);
    }

    #[test]
    fn draws_are_standard_normal() {
        let mut draws = Normal(1);
        let sample: Vec<f64> = (0..4000).map(|_| draws.next()).collect();
        let mean = sample.iter().sum::<f64>() / 4000.0;
        let variance = sample.iter().map(|v| v * v).sum::<f64>() / 4000.0;
        assert!(mean.abs() < 0.06 && (variance - 1.0).abs() < 0.06);
    }
}
