//! Whether a track looks otherwise from end to end, rather than holding trains.
//!
//! Snow on the deck, rain, or a haze that lies on the ground only leave one contrast on
//! the whole track of a capture that no other one predicts. It reads like a train as
//! long as the track or, where noise breaks it, like trains that fill it. Trains alone
//! are held against one level of the whole track with the trains that are left beyond
//! it, by their evidence (Bayes factors, Kass and Raftery 1995).

use nalgebra::{Cholesky, DMatrix, DVector};

use super::emission::{Prior, TRACK, log_likelihoods, log_sum};
use super::segment::{Candidate, Detector, find_trains, independent_share};
use crate::stats::median;
use crate::strip::Profile;

/// The level is read off at least so much track without trains, m.
const LEAST_FREE_M: f64 = 40.0;

/// One contrast of the whole track, by band.
#[derive(Debug, Clone, PartialEq)]
pub struct Level(Vec<f32>);

impl Level {
    /// The profile with this level taken away.
    #[must_use]
    pub fn taken_from(&self, profile: &Profile) -> Profile {
        self.times(-1.0, profile)
    }

    /// The profile with this level put back.
    #[must_use]
    pub fn put_back(&self, profile: &Profile) -> Profile {
        self.times(1.0, profile)
    }

    fn times(&self, factor: f32, profile: &Profile) -> Profile {
        let mut out = profile.clone();
        for (mut row, level) in out.track.outer_iter_mut().zip(&self.0) {
            row += factor * level;
        }
        out
    }
}

/// The trains of a profile by chainage, and the level of the whole track beyond which
/// they stand out, where there is one.
#[must_use]
pub fn find_trains_and_level(
    profile: &Profile,
    detector: &Detector,
) -> (Vec<Candidate>, Option<Level>) {
    let alone = find_trains(profile, detector);
    let beyond = || {
        let level = level(profile, detector)?;
        let left = find_trains(&level.taken_from(profile), detector);
        let gains = gains(profile, &level, detector.prior);
        let cells = gains.iter().enumerate();
        let free = cells.filter(|(j, _)| !held(&alone, profile.chainage.at_m(*j)));
        // Beside a train the track is as predicted, beside a part of a level it is not.
        let goes_on = free.map(|(_, gain)| gain).sum::<f64>() >= 0.0;
        let evidence = gains.iter().sum::<f64>() - occam(profile, detector.prior)?;
        let likelier = evidence + total(&left) >= total(&alone);
        (goes_on && likelier).then_some((left, Some(level)))
    };
    let found = if alone.is_empty() { None } else { beyond() };
    found.unwrap_or((alone, None))
}

fn total(trains: &[Candidate]) -> f64 {
    trains.iter().map(|t| t.score).sum()
}

fn held(trains: &[Candidate], at_m: f64) -> bool {
    let mut trains = trains.iter();
    trains.any(|t| (t.start_m..t.end_m).contains(&at_m))
}

/// The level of a track: the median of what it shows, and then the mean of what no train
/// beyond that holds.
fn level(profile: &Profile, detector: &Detector) -> Option<Level> {
    let usable = |j: &usize| profile.usable[*j];
    let middle = |row: ndarray::ArrayView1<'_, f32>| {
        let shown = (0..row.len()).filter(usable).map(|j| f64::from(row[j]));
        median(&shown.collect::<Vec<f64>>()).map(|m| m as f32)
    };
    let first = profile.track.outer_iter().map(middle);
    let first = Level(first.collect::<Option<Vec<f32>>>()?);
    let trains = find_trains(&first.taken_from(profile), detector);
    let chainage = profile.chainage;
    let free = (0..chainage.len).filter(usable);
    let free: Vec<usize> = free.filter(|j| !held(&trains, chainage.at_m(*j))).collect();
    if (free.len() as f64) * chainage.step_m < LEAST_FREE_M {
        return None;
    }
    let mean = |b: usize| {
        let weight = |j: &usize| f64::from(profile.track_sigma[(b, *j)]).powi(-2);
        let weighted = free
            .iter()
            .map(|j| weight(j) * f64::from(profile.track[(b, *j)]));
        (weighted.sum::<f64>() / free.iter().map(weight).sum::<f64>()) as f32
    };
    Some(Level((0..profile.track.nrows()).map(mean).collect()))
}

/// By how much a level makes each cell likelier where no train stands, natural log,
/// tempered for the correlation with its neighbours.
fn gains(profile: &Profile, level: &Level, prior: Prior) -> Vec<f64> {
    let temper = independent_share(profile.chainage.step_m, profile.gsd_m);
    let empty = |profile: &Profile| log_likelihoods(profile, prior);
    let without = empty(&level.taken_from(profile));
    let of = |log: &[f64; 2 * TRACK]| log_sum(log[0], log[TRACK]);
    let both = without.iter().zip(empty(profile));
    both.map(|(without, with)| temper * (of(without) - of(&with)))
        .collect()
}

/// What a level costs for not being known before: half the log of how much better it is
/// known now, with the prior of a train's contrast of ordinary strength.
fn occam(profile: &Profile, prior: Prior) -> Option<f64> {
    let bands = profile.track.nrows();
    let correlation = &profile.band_correlation;
    let noise = DMatrix::from_fn(bands, bands, |a, b| correlation[(a, b)]);
    let inverse = Cholesky::new(noise)?.inverse();
    let temper = independent_share(profile.chainage.step_m, profile.gsd_m);
    let usable = (0..profile.chainage.len).filter(|j| profile.usable[*j]);
    let information = usable.fold(DMatrix::zeros(bands, bands), |sum, j| {
        let per_sigma = profile.track_sigma.column(j);
        let per_sigma = per_sigma.iter().map(|s| 1.0 / f64::from(*s));
        let per_sigma = DVector::from_iterator(bands, per_sigma);
        sum + temper * inverse.component_mul(&(&per_sigma * per_sigma.transpose()))
    });
    let variance = DMatrix::from_fn(bands, bands, |a, b| {
        prior.tau.powi(2) * if a == b { 1.0 } else { prior.common }
    });
    let spread = DMatrix::identity(bands, bands) + information * variance;
    Some(0.5 * spread.determinant().ln())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ndarray::Array2;

    use super::*;
    use crate::strip::Axis;

    const SIGMA: f32 = 0.01;
    const CELLS: usize = 120;

    /// One band of 600 m of track with a contrast by chainage, m, and noise.
    fn profile(contrast: impl Fn(f64) -> f32) -> Profile {
        let chainage = Axis {
            first_m: 2.5,
            step_m: 5.0,
            len: CELLS,
        };
        let noise = |j: usize| SIGMA * ((j * 7919) % 13) as f32 / 8.0 - 0.75 * SIGMA;
        Profile::seen_whole(
            chainage,
            (
                Array2::from_shape_fn((1, CELLS), |(_, j)| contrast(chainage.at_m(j)) + noise(j)),
                Array2::from_elem((1, CELLS), SIGMA),
            ),
            (7.2, 10.0),
        )
    }

    fn found(profile: &Profile) -> (Vec<(f64, f64)>, bool) {
        let (trains, level) = find_trains_and_level(profile, &Detector::OPTICAL);
        let ends = trains.iter().map(|t| (t.start_m, t.end_m));
        (ends.collect(), level.is_some())
    }

    #[test]
    fn what_a_level_costs_by_hand() {
        // Two cells without correlation (30 m apart at 10 m) of 0.01: information 2e4,
        // times 0.08² is 128.
        let chainage = Axis {
            first_m: 0.0,
            step_m: 30.0,
            len: 2,
        };
        let contrast = Array2::from_elem((1, 2), 0.02);
        let noise = Array2::from_elem((1, 2), 0.01);
        let profile = Profile::seen_whole(chainage, (contrast, noise), (7.2, 10.0));
        let cost = occam(&profile, Prior::OPTICAL).unwrap();
        assert!((cost - 0.5 * 129f64.ln()).abs() < 1e-3, "{cost}");
    }

    #[test]
    fn a_whole_track_that_looks_otherwise_is_no_train() {
        for level in [0.03, 0.05, -0.1] {
            let white = profile(|_| level);
            assert_eq!(find_trains(&white, &Detector::OPTICAL).len(), 1);
            assert_eq!(found(&white), (Vec::new(), true), "{level}");
        }
    }

    #[test]
    fn a_level_is_taken_away_and_put_back() {
        let white = profile(|_| 0.05);
        let (_, level) = find_trains_and_level(&white, &Detector::OPTICAL);
        let level = level.unwrap();
        let without = level.taken_from(&white);
        assert!(without.track.mean().unwrap().abs() < 1e-4);
        let back = level.put_back(&without).track - &white.track;
        assert!(back.iter().all(|d| d.abs() < 1e-6));
    }

    #[test]
    fn a_train_on_such_a_track_is_found_beyond_its_level() {
        for contrast in [-0.12, 0.12] {
            let train = |at: f64| {
                if (200.0..350.0).contains(&at) {
                    contrast
                } else {
                    0.0
                }
            };
            let white = found(&profile(|at| 0.05 + train(at)));
            assert!(white.1);
            assert_eq!(white.0, found(&profile(train)).0, "{contrast}");
        }
    }

    #[test]
    fn trains_on_most_of_a_track_are_trains() {
        for contrast in [0.05, 0.08, -0.15] {
            for end_m in [200.0, 300.0, 400.0, 500.0, 550.0] {
                let on = move |at: f64| (50.0..end_m).contains(&at);
                let profile = profile(move |at| if on(at) { contrast } else { 0.0 });
                let (trains, level) = found(&profile);
                assert!(
                    !level && trains.len() == 1,
                    "{contrast}, {end_m}: {trains:?}"
                );
            }
        }
    }

    #[test]
    fn a_track_that_shows_nothing_has_no_level() {
        let mut hidden = profile(|_| 0.05);
        hidden.usable.fill(false);
        assert_eq!(found(&hidden), (Vec::new(), false));
        let mut broken = profile(|at| if at < 200.0 { 0.08 } else { 0.0 });
        broken.track[(0, 100)] = f32::NAN;
        assert!(!found(&broken).1);
    }
}
