//! Trains of known ends put into the captures of a series and measured like
//! any other: what a fit is worth, and how short a train would be found.

use std::ops::Range;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::passes::PassSettings;
use crate::detect::{Candidate, Prior, detection_limit_m, find_trains};
use crate::measure::{Calibration, Fit, NoiseShape, Ruler, Stock, Trial, fit};
use crate::strip::Profile;

/// Trains put into a series.
const TRIALS: usize = 96;
/// Their lengths, m.
const LENGTHS_M: (f64, f64) = (60.0, 360.0);
/// Share of them that move, where the sensor would show it, and at what spread
/// of speeds, m/s.
const MOVING: f64 = 0.4;
const SPEED_SIGMA_MPS: f64 = 7.0;
/// Kept free about a train put in: its ends are looked for within this, m.
const MARGIN_M: f64 = 40.0;
/// Distance at which a found train counts as another one, m.
const APART_M: f64 = 30.0;
/// Endless trains put into a capture to read its limit off.
const ENDLESS: u64 = 2;
/// A found train is the one put in if they share this much of what both cover.
const SHARED: f64 = 0.3;

/// The captures of a series as their last look leaves them.
pub(super) struct Trials<'a> {
    settings: &'a PassSettings,
    /// Profile, trains found, and where nothing stands.
    captures: Vec<(&'a Profile, &'a [Candidate], Vec<bool>)>,
    /// How their noise hangs together.
    pub(super) noise: Option<NoiseShape>,
}

impl<'a> Trials<'a> {
    /// `held`: per capture the chainage cells known to hold a train.
    pub(super) fn new(
        profiles: &'a [Option<Profile>],
        candidates: &'a [Vec<Candidate>],
        held: Option<&[Vec<bool>]>,
        settings: &'a PassSettings,
    ) -> Self {
        let captures: Vec<_> = (profiles.iter().zip(candidates).enumerate())
            .filter_map(|(t, (profile, trains))| {
                let profile = profile.as_ref()?;
                let held = held.and_then(|h| h.get(t));
                Some((profile, trains.as_slice(), empty(profile, trains, held)))
            })
            .collect();
        let free: Vec<(&Profile, &[bool])> = (captures.iter())
            .map(|(profile, _, empty)| (*profile, empty.as_slice()))
            .collect();
        Self {
            settings,
            noise: NoiseShape::learn(&free),
            captures,
        }
    }

    /// What the fits of the series are worth.
    pub(super) fn calibration(&self) -> Calibration {
        let Some(stock) = self.stock() else {
            return Calibration::NONE;
        };
        let trials: Vec<Trial> = (0..TRIALS)
            .into_par_iter()
            .filter_map(|i| self.trial(i, &stock))
            .collect();
        let calibration = Calibration::of(&trials, self.settings.gsd_m);
        log::debug!(
            "{} of {} trains put in were found: {calibration:?}",
            trials.iter().filter(|t| t.fit.is_some()).count(),
            trials.len()
        );
        calibration
    }

    fn stock(&self) -> Option<Stock> {
        let (first, _, _) = self.captures.first()?;
        let mut stock = reference(first, self.settings.detector.prior);
        for (profile, trains, _) in &self.captures {
            for train in *trains {
                stock.add(profile, (train.start_m, train.end_m));
            }
        }
        Some(stock)
    }

    /// Puts a train into a capture and measures it; `None` where there is no
    /// room for it.
    fn trial(&self, i: usize, stock: &Stock) -> Option<Trial> {
        let mut rng = ChaCha8Rng::seed_from_u64(i as u64);
        let (profile, _, empty) = self.captures.get(i % self.captures.len())?;
        let axis = profile.chainage;
        let room = longest_run(empty)?;
        let (from_m, to_m) = (
            axis.at_m(room.start) + MARGIN_M,
            axis.at_m(room.end - 1) - MARGIN_M,
        );
        let longest_m = (to_m - from_m).min(LENGTHS_M.1);
        if longest_m <= LENGTHS_M.0 {
            return None;
        }
        let length_m = rng.random_range(LENGTHS_M.0..longest_m);
        let start_m = from_m + rng.random_range(0.0..1.0) * (to_m - from_m - length_m);
        let motion = self.settings.motion.as_ref();
        let moves = motion.is_some() && rng.random_bool(MOVING);
        let speed: f64 = StandardNormal.sample(&mut rng);
        let speed_mps = if moves { SPEED_SIGMA_MPS * speed } else { 0.0 };
        let train = stock.train((start_m, length_m), speed_mps, &mut rng);
        let around = 3.0 * MARGIN_M;
        let cells = axis.cell_at(start_m - around)..axis.cell_at(start_m + length_m + around) + 1;
        let mut planted = profile.part(cells);
        train.put_into(&mut planted, motion);
        let truth_m = (start_m, start_m + length_m);
        Some(Trial {
            truth_m,
            fit: self.measured(&planted, truth_m),
        })
    }

    fn measured(&self, planted: &Profile, truth_m: (f64, f64)) -> Option<Fit> {
        let shared = |c: &Candidate| {
            let common = c.end_m.min(truth_m.1) - c.start_m.max(truth_m.0);
            common / (c.end_m.max(truth_m.1) - c.start_m.min(truth_m.0))
        };
        let found = find_trains(planted, &self.settings.detector)
            .into_iter()
            .max_by(|a, b| shared(a).total_cmp(&shared(b)))
            .filter(|c| shared(c) > SHARED)?;
        self.ruler(planted, |ruler| {
            fit(planted, (found.start_m, found.end_m), ruler)
        })
    }

    /// Measures a profile of the series with what is known of its noise.
    pub(super) fn ruler<T>(&self, profile: &Profile, measure: impl FnOnce(&Ruler<'_>) -> T) -> T {
        let given;
        let noise = if let Some(noise) = &self.noise {
            noise
        } else {
            given = NoiseShape::given(profile);
            &given
        };
        measure(&Ruler {
            contrast_scale: self.settings.detector.prior.tau,
            motion: self.settings.motion.as_ref(),
            noise,
        })
    }

    /// Shortest train that one capture of the series would find nine times of ten, m.
    pub(super) fn limit_m(&self, profile: &Profile, trains: &[Candidate]) -> Option<f64> {
        let detector = &self.settings.detector;
        let axis = profile.chainage;
        let whole_m = (axis.first_m, axis.step_m * axis.len as f64);
        let free = empty(profile, trains, None);
        let endless: Vec<Profile> = (0..ENDLESS)
            .map(|seed| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                let mut planted = profile.clone();
                let train = reference(profile, detector.prior).train(whole_m, 0.0, &mut rng);
                train.put_into(&mut planted, None);
                for (usable, free) in planted.usable.iter_mut().zip(&free) {
                    *usable &= *free;
                }
                planted
            })
            .collect();
        detection_limit_m(&endless, detector)
    }
}

/// Trains as the detector expects them.
fn reference(profile: &Profile, prior: Prior) -> Stock {
    Stock::of_prior(profile.track.nrows(), prior.tau, prior.common)
}

/// The usable cells away from trains.
fn empty(profile: &Profile, trains: &[Candidate], held: Option<&Vec<bool>>) -> Vec<bool> {
    (0..profile.chainage.len)
        .map(|j| {
            let at = profile.chainage.at_m(j);
            let near = |c: &Candidate| at > c.start_m - APART_M && at < c.end_m + APART_M;
            profile.usable[j]
                && held.is_none_or(|h| h.get(j) != Some(&true))
                && !trains.iter().any(near)
        })
        .collect()
}

fn longest_run(flags: &[bool]) -> Option<Range<usize>> {
    let mut longest = 0..0;
    let mut from = 0;
    for (j, flag) in flags.iter().enumerate() {
        if !flag {
            from = j + 1;
        } else if j + 1 - from > longest.len() {
            longest = from..j + 1;
        }
    }
    (!longest.is_empty()).then_some(longest)
}

#[cfg(test)]
#[path = "trials_tests.rs"]
mod tests;
