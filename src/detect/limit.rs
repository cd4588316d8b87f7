//! The shortest train that an observation would find, read off a profile into
//! which cars of reference contrast were put from one end to the other.

use super::emission::{TRACK, log_likelihoods, log_sum};
use super::segment::{Detector, strengths_against_none};
use crate::strip::Profile;

/// Share of the trains that must be found.
const FOUND: f64 = 0.9;
/// Lengths are told apart to this, m.
const STEP_M: f64 = 5.0;
/// Blur takes as much of the energy of a train as so much less length would,
/// in sigmas of the point spread: `2 ∫ (1[x>0] − Φ(x)²) dx = 2/√π`.
const ENDS_PSF: f64 = std::f64::consts::FRAC_2_SQRT_PI;
/// A profile needs this many places for trains of a length.
const LEAST_PLACES: usize = 20;

/// Length of train, m, that would be found with 90 % probability: of all the
/// pieces of so many metres of the train in `planted`, that many reach the
/// score. `None` where not even those as long as the track in view would.
///
/// `planted`: profiles of a capture with a train of reference contrast from one
/// end to the other; `usable` there only where nothing else stands.
#[must_use]
pub fn detection_limit_m(planted: &[Profile], detector: &Detector) -> Option<f64> {
    let first = planted.first()?;
    let (step_m, blur_m) = (first.chainage.step_m, first.psf_m);
    let sums: Vec<Vec<[f64; TRACK - 1]>> = (planted.iter())
        .map(|profile| running_sums(profile, detector))
        .collect();
    let longest = sums
        .iter()
        .map(Vec::len)
        .min()?
        .saturating_sub(LEAST_PLACES);
    let stride = (STEP_M / step_m).ceil().max(1.0) as usize;
    let least = (detector.least_length_m / step_m).ceil() as usize;
    (least..=longest)
        .step_by(stride)
        .find(|cells| {
            let scores = sums.iter().flat_map(|s| scores(s, *cells));
            let (found, all) = scores.fold((0usize, 0usize), |(found, all), score| {
                (found + usize::from(score >= detector.least_score), all + 1)
            });
            found as f64 >= FOUND * all as f64
        })
        .map(|cells| cells as f64 * step_m + ENDS_PSF * blur_m)
}

/// Evidence for a train of each strength up to each usable cell.
fn running_sums(profile: &Profile, detector: &Detector) -> Vec<[f64; TRACK - 1]> {
    let mut sum = [0.0; TRACK - 1];
    let mut out = vec![sum];
    let logs = log_likelihoods(profile, detector.prior);
    for (log, _) in (logs.iter().zip(&profile.usable)).filter(|(_, usable)| **usable) {
        for (to, more) in sum.iter_mut().zip(strengths_against_none(log, profile)) {
            *to += more;
        }
        out.push(sum);
    }
    out
}

/// Scores of all pieces of so many cells.
fn scores(sums: &[[f64; TRACK - 1]], cells: usize) -> impl Iterator<Item = f64> {
    sums.iter().zip(sums.iter().skip(cells)).map(|(from, to)| {
        (0..TRACK - 1)
            .map(|k| to[k] - from[k])
            .fold(f64::NEG_INFINITY, log_sum)
            - ((TRACK - 1) as f64).ln()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ndarray::Array2;

    use super::*;
    use crate::strip::Axis;

    fn profile(contrast: f32) -> Profile {
        let n = 300;
        Profile::seen_whole(
            Axis {
                first_m: 0.0,
                step_m: 5.0,
                len: n,
            },
            (
                Array2::from_elem((2, n), contrast),
                Array2::from_elem((2, n), 0.02),
            ),
            (7.2, 10.0),
        )
    }

    #[test]
    fn pieces_add_up() {
        let sums = [[0.0; TRACK - 1], [1.0; TRACK - 1], [3.0; TRACK - 1]];
        let got: Vec<f64> = scores(&sums, 1).collect();
        assert!((got[0] - 1.0).abs() < 1e-12 && (got[1] - 2.0).abs() < 1e-12);
        assert_eq!(scores(&sums, 3).count(), 0);
    }

    #[test]
    fn a_train_of_even_contrast_needs_its_score_in_cells() {
        let planted = profile(0.08);
        let detector = Detector::OPTICAL;
        let limit = detection_limit_m(std::slice::from_ref(&planted), &detector).unwrap();
        let sums = running_sums(&planted, &detector);
        let cells = ((limit - ENDS_PSF * 7.2) / 5.0).round() as usize;
        let score = |cells| scores(&sums, cells).next().unwrap();
        assert!(score(cells) >= detector.least_score);
        assert!(cells == 8 || score(cells - 1) < detector.least_score);
    }

    #[test]
    fn fainter_trains_need_more_length_and_nothing_is_never_found() {
        let limit = |contrast| detection_limit_m(&[profile(contrast)], &Detector::OPTICAL);
        assert!(limit(0.05).unwrap() > limit(0.12).unwrap());
        assert_eq!(limit(0.0), None);
        assert_eq!(detection_limit_m(&[], &Detector::OPTICAL), None);
    }
}
