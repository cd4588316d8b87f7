//! Whether a track looks otherwise from end to end, rather than holding trains.
//!
//! Snow on the deck, rain, or a haze that lies on the ground only leave one contrast on
//! the whole track of a capture that no other one predicts. It reads like a train as
//! long as the track or, where noise breaks it, like trains that fill it. Trains alone
//! are held against one level of the whole track with the trains that are left beyond
//! it, by their evidence (Bayes factors, Kass and Raftery 1995).

use nalgebra::{Cholesky, DMatrix, DVector};

use super::emission::Prior;
use super::segment::{Candidate, Detector, find_trains, independent_share};
use crate::strip::Profile;

/// A level that explains less than this share of the evidence for trains is not what
/// makes them: it may be what their own contrast adds to the track beside them.
const LEAST_SHARE: f64 = 0.5;

/// The trains of a profile by chainage, and whether they were found beyond a level of
/// the whole track, which is then taken out of the profile.
#[must_use]
pub fn find_trains_beyond_level(
    profile: &mut Profile,
    detector: &Detector,
) -> (Vec<Candidate>, bool) {
    let trains = find_trains(profile, detector);
    if trains.is_empty() {
        return (trains, false);
    }
    let Some(sums) = Sums::new(profile) else {
        return (trains, false);
    };
    let prior = detector.prior;
    let of_all = sums.level(|_| true, prior);
    let total = |trains: &[Candidate]| trains.iter().map(|t| t.score).sum::<f64>();
    if of_all.evidence < LEAST_SHARE * total(&trains) {
        return (trains, false);
    }
    let beyond = without(profile, &of_all.contrast);
    let left = find_trains(&beyond, detector);
    // Beside a train the track is as predicted: what the level makes worse there speaks
    // against it twice.
    let beside = sums.gain(
        |j| !held(&trains, profile.chainage.at_m(j)),
        &of_all.contrast,
    );
    if of_all.evidence + total(&left) + beside.min(0.0) < total(&trains) {
        return (trains, false);
    }
    let free = sums.level(|j| !held(&left, profile.chainage.at_m(j)), prior);
    *profile = without(profile, &free.contrast);
    (find_trains(profile, detector), true)
}

fn held(trains: &[Candidate], at_m: f64) -> bool {
    let mut trains = trains.iter();
    trains.any(|t| (t.start_m..t.end_m).contains(&at_m))
}

/// The profile less a contrast by band.
fn without(profile: &Profile, level: &DVector<f64>) -> Profile {
    let mut out = profile.clone();
    for (mut row, level) in out.track.outer_iter_mut().zip(level) {
        row -= *level as f32;
    }
    out
}

/// One contrast by band, and what speaks for it.
struct Level {
    contrast: DVector<f64>,
    /// Natural log of its evidence against none.
    evidence: f64,
}

/// Per usable cell of a profile, tempered for the correlation with its neighbours: the
/// information on a contrast by band, and that times the contrast shown.
struct Sums {
    cells: Vec<(usize, DMatrix<f64>, DVector<f64>)>,
    bands: usize,
}

impl Sums {
    /// `None` where the noise of the bands is not known.
    fn new(profile: &Profile) -> Option<Self> {
        let bands = profile.track.nrows();
        let correlation = &profile.band_correlation;
        let noise = DMatrix::from_fn(bands, bands, |a, b| correlation[(a, b)]);
        let inverse = Cholesky::new(noise)?.inverse();
        let temper = independent_share(profile.chainage.step_m, profile.gsd_m);
        let cells = (0..profile.chainage.len).filter(|j| profile.usable[*j]);
        let cells = cells.map(|j| {
            let per_sigma = |b: usize| 1.0 / f64::from(profile.track_sigma[(b, j)]);
            let information = DMatrix::from_fn(bands, bands, |a, b| {
                temper * inverse[(a, b)] * per_sigma(a) * per_sigma(b)
            });
            let shown = profile.track.column(j);
            let shown = DVector::from_iterator(bands, shown.iter().map(|v| f64::from(*v)));
            let score = &information * shown;
            (j, information, score)
        });
        Some(Self {
            cells: cells.collect(),
            bands,
        })
    }

    /// Information and score of some of the cells together.
    fn of(&self, cells: impl Fn(usize) -> bool) -> (DMatrix<f64>, DVector<f64>) {
        let none = (
            DMatrix::zeros(self.bands, self.bands),
            DVector::zeros(self.bands),
        );
        let some = self.cells.iter().filter(|(j, ..)| cells(*j));
        some.fold(none, |(a, b), (_, information, score)| {
            (a + information, b + score)
        })
    }

    /// The likeliest level on some of the cells, its prior that of a train's contrast.
    fn level(&self, cells: impl Fn(usize) -> bool, prior: Prior) -> Level {
        let (information, score) = self.of(cells);
        let variance = DMatrix::from_fn(self.bands, self.bands, |a, b| {
            prior.tau.powi(2) * if a == b { 1.0 } else { prior.common }
        });
        let none = || Level {
            contrast: DVector::zeros(self.bands),
            evidence: 0.0,
        };
        let Some(of_prior) = Cholesky::new(variance) else {
            return none();
        };
        let Some(posterior) = Cholesky::new(information + of_prior.inverse()) else {
            return none();
        };
        let contrast = posterior.solve(&score);
        let volume = posterior.ln_determinant() + of_prior.ln_determinant();
        Level {
            evidence: 0.5 * (score.dot(&contrast) - volume),
            contrast,
        }
    }

    /// By how much, natural log, a level makes what some of the cells show likelier.
    fn gain(&self, cells: impl Fn(usize) -> bool, level: &DVector<f64>) -> f64 {
        let (information, score) = self.of(cells);
        level.dot(&score) - 0.5 * (information * level).dot(level)
    }
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

    fn found(profile: &mut Profile) -> (Vec<(f64, f64)>, bool) {
        let (trains, level) = find_trains_beyond_level(profile, &Detector::OPTICAL);
        (trains.iter().map(|t| (t.start_m, t.end_m)).collect(), level)
    }

    #[test]
    fn the_likeliest_level_by_hand() {
        // Two cells without correlation (30 m apart at 10 m): 0.02 and 0.04 at 0.01.
        let chainage = Axis {
            first_m: 0.0,
            step_m: 30.0,
            len: 2,
        };
        let contrast = Array2::from_shape_vec((1, 2), vec![0.02, 0.04]).unwrap();
        let noise = Array2::from_elem((1, 2), 0.01);
        let sums = Sums::new(&Profile::seen_whole(
            chainage,
            (contrast, noise),
            (7.2, 10.0),
        ));
        let level = sums.unwrap().level(|_| true, Prior::OPTICAL);
        // Information 2e4 and 1 / 0.08² = 156.25 of the prior; score 600.
        let expected = 600.0 / 20_156.25;
        assert!((level.contrast[0] - expected).abs() < 1e-6);
        let evidence = 0.5 * (600.0 * expected - (20_156.25f64 / 156.25).ln());
        assert!(
            (level.evidence - evidence).abs() < 1e-3,
            "{}",
            level.evidence
        );
    }

    #[test]
    fn a_whole_track_that_looks_otherwise_is_no_train() {
        let mut white = profile(|_| 0.05);
        assert_eq!(find_trains(&white, &Detector::OPTICAL).len(), 1);
        assert_eq!(found(&mut white), (Vec::new(), true));
        assert!(white.track.mean().unwrap().abs() < 0.001);
    }

    #[test]
    fn a_train_on_such_a_track_is_measured_beyond_its_level() {
        let train = |at: f64| {
            if (200.0..350.0).contains(&at) {
                -0.08
            } else {
                0.0
            }
        };
        let plain = found(&mut profile(train));
        let white = found(&mut profile(|at| 0.05 + train(at)));
        assert_eq!((plain.1, white.1), (false, true));
        assert_eq!(plain.0.len(), 1);
        assert_eq!(plain.0, white.0);
    }

    #[test]
    fn a_train_on_most_of_the_track_is_a_train() {
        for end_m in [300.0, 400.0, 500.0] {
            let train = move |at: f64| {
                if (50.0..end_m).contains(&at) {
                    0.05
                } else {
                    0.0
                }
            };
            let mut profile = profile(train);
            let as_it_was = profile.clone();
            let (trains, level) = found(&mut profile);
            assert!(!level && trains.len() == 1, "{end_m}: {trains:?}");
            assert_eq!(profile, as_it_was);
        }
    }
}
