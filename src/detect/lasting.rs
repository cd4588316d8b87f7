//! Whether what stands out in a capture is a train, or a change that lasts.
//!
//! New ballast or a new bridge stands out against the captures before it, and
//! not against those after it; where captures of both kinds predict one, their
//! difference shows in it as a ghost. A train stands out alike against both.

use std::ops::Range;

use nalgebra::{Cholesky, DMatrix};

use super::emission::Prior;
use super::empty_track::{Model, TrackView, windows};
use crate::strip::Profile;

/// Fewer captures on one side say nothing.
const LEAST_SIDE: usize = 6;
/// More captures on one side than the nearest of these are not needed.
const MOST_SIDE: usize = 24;
/// A share known worse than this, 1 sigma, says nothing.
const MOST_SIGMA: f64 = 0.35;
/// A change that lasts shows on its weaker side less than this share of its contrast …
const WEAKER: f64 = 0.65;
/// … and on the other at least so many times as much.
const TIMES: f64 = 2.0;

/// Something in a capture that may be a train.
#[derive(Debug, Clone)]
pub struct Standout<'a> {
    /// The capture.
    pub capture: usize,
    /// The chainage cells it covers.
    pub cells: Range<usize>,
    /// What the capture shows against all others.
    pub profile: &'a Profile,
}

/// For each of them, whether it is a change that lasts rather than a train.
///
/// `held`: per capture the chainage cells with trains, which predict nothing.
#[must_use]
pub fn lasting(
    view: &TrackView,
    held: &[Vec<bool>],
    standouts: &[Standout<'_>],
    prior: Prior,
) -> Vec<bool> {
    let mut free = view.clone();
    for (t, held) in held.iter().enumerate() {
        for (j, _) in held.iter().enumerate().filter(|(_, h)| **h) {
            free.seen[(t, j)] = false;
        }
    }
    let captures = free.seen.nrows();
    let mut out = vec![false; standouts.len()];
    for window in windows(captures) {
        let middle = (window.start + window.end) / 2;
        let nearest = |t: usize| {
            windows(captures)
                .min_by_key(|w| ((w.start + w.end) / 2).abs_diff(t))
                .is_some_and(|w| (w.start + w.end) / 2 == middle)
        };
        let here: Vec<usize> = (0..standouts.len())
            .filter(|i| nearest(standouts[*i].capture))
            .collect();
        if here.is_empty() {
            continue;
        }
        let Some(model) = Model::new(&free, &window, prior) else {
            continue;
        };
        for i in here {
            let sides = [true, false].map(|before| share(&model, &window, &standouts[i], before));
            out[i] = lasts(sides);
        }
    }
    out
}

fn lasts(sides: [Option<f64>; 2]) -> bool {
    let [Some(before), Some(after)] = sides else {
        return false;
    };
    let (low, high) = (before.min(after), before.max(after));
    low < WEAKER && high > TIMES * low
}

/// The share of its contrast with which a thing stands out against the captures
/// on one side of it: regression of what they leave on what it shows.
fn share(model: &Model, window: &Range<usize>, thing: &Standout<'_>, before: bool) -> Option<f64> {
    let t = thing.capture - window.start;
    let (mut product, mut energy) = (0.0, 0.0);
    for (k, block) in model.blocks.iter().enumerate() {
        if block.start < thing.cells.start || block.end > thing.cells.end {
            continue;
        }
        let mut side: Vec<usize> = (model.seen[k].iter().copied())
            .filter(|s| if before { *s < t } else { *s > t })
            .collect();
        side.sort_by_key(|s| s.abs_diff(t));
        side.truncate(MOST_SIDE);
        side.sort_unstable();
        if side.len() < LEAST_SIDE {
            continue;
        }
        for (b, band) in model.bands.iter().enumerate() {
            let known = band.covariance.select_rows(&side).select_columns(&side);
            let cross: DMatrix<f64> = band.covariance.select_rows(&side).select_columns(&[t]);
            let weights = Cholesky::new(known)?.solve(&cross);
            let variance = (band.covariance[(t, t)] - cross.dot(&weights)).max(f64::MIN_POSITIVE);
            for j in block.clone().filter(|j| thing.profile.usable[*j]) {
                let others: f64 = (side.iter().zip(weights.iter()))
                    .map(|(s, w)| w * band.contrast[(*s, j)])
                    .sum();
                let shown = f64::from(thing.profile.track[(b, j)]);
                product += shown * (band.contrast[(t, j)] - others) / variance;
                energy += shown * shown / variance;
            }
        }
    }
    let known = (model.temper * energy).sqrt().recip() < MOST_SIGMA;
    known.then_some(product / energy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trains_stand_out_against_both_sides() {
        assert!(!lasts([Some(0.9), Some(1.1)]));
        assert!(!lasts([Some(0.67), Some(0.97)]));
        assert!(!lasts([None, Some(0.0)]));
    }

    #[test]
    fn changes_stand_out_against_one() {
        assert!(lasts([Some(1.0), Some(0.05)]));
        assert!(lasts([Some(-0.2), Some(1.1)]));
        assert!(lasts([Some(1.66), Some(0.59)]));
    }
}
