//! Whether what stands out in a capture is a train, or a change that lasts.
//!
//! New ballast or a new bridge stands out against the captures before it, and
//! not against those after it; where captures of both kinds predict one, their
//! difference shows in it as a ghost. A train stands out alike against both.

use std::ops::Range;

use nalgebra::{Cholesky, DVector};

use super::empty_track::{BandModel, Model, TrackView, windows};

/// Fewer captures on one side say nothing.
const LEAST_SIDE: usize = 8;
/// More captures on one side than the nearest of these are not needed.
const MOST_SIDE: usize = 24;
/// A share known worse than this, 1 sigma, says nothing.
const MOST_SIGMA: f64 = 0.25;
/// A change that lasts shows on its weaker side less than this share of its contrast …
const WEAKER: f64 = 0.68;
/// … and on the other at least so many times as much.
const TIMES: f64 = 1.45;

/// Something in a capture that may be a train.
#[derive(Debug, Clone)]
pub struct Standout {
    /// The capture.
    pub capture: usize,
    /// The chainage cells it covers.
    pub cells: Range<usize>,
}

/// For each of them, whether it is a change that lasts rather than a train.
///
/// `held`: per capture the chainage cells with trains, which predict nothing.
#[must_use]
pub fn lasting(view: &TrackView, held: &[Vec<bool>], standouts: &[Standout]) -> Vec<bool> {
    let mut free = view.clone();
    for (t, held) in held.iter().enumerate() {
        for (j, _) in held.iter().enumerate().filter(|(_, h)| **h) {
            free.seen[(t, j)] = false;
        }
    }
    let windows: Vec<Range<usize>> = windows(free.seen.nrows()).collect();
    let middle = |w: &Range<usize>| usize::midpoint(w.start, w.end);
    let mut out = vec![false; standouts.len()];
    for window in &windows {
        // Each in the window that it is nearest to the middle of.
        let is_its = |i: &usize| {
            let from = |w: &Range<usize>| middle(w).abs_diff(standouts[*i].capture);
            windows.iter().min_by_key(|w| from(w)) == Some(window)
        };
        let here: Vec<usize> = (0..standouts.len()).filter(is_its).collect();
        if here.is_empty() {
            continue;
        }
        let Some(model) = Model::new(&free, window) else {
            continue;
        };
        for i in here {
            out[i] = lasts(shares(&model, window, &standouts[i]));
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

/// The shares of its contrast with which a thing stands out against the
/// captures before and after it: regression of what each side leaves on what
/// both leave. `None` for a side that says too little.
fn shares(model: &Model, window: &Range<usize>, thing: &Standout) -> [Option<f64>; 2] {
    let t = thing.capture - window.start;
    let mut product = [0.0; 2];
    let mut energy = [0.0; 2];
    for (k, block) in model.blocks.iter().enumerate() {
        if block.start < thing.cells.start || block.end > thing.cells.end {
            continue;
        }
        let near = |before: bool| nearest(&model.seen[k], t, before);
        let (before, after) = (near(true), near(false));
        let both = [before.as_slice(), after.as_slice()].concat();
        for band in &model.bands {
            let Some(all) = left(band, t, &both, block) else {
                continue;
            };
            for (i, side) in [&before, &after].into_iter().enumerate() {
                if side.len() < LEAST_SIDE {
                    continue;
                }
                let Some(left) = left(band, t, side, block) else {
                    continue;
                };
                product[i] += all.values.dot(&left.values) / left.variance;
                energy[i] += all.values.norm_squared() / left.variance;
            }
        }
    }
    [0, 1].map(|i| {
        let known = (model.temper * energy[i]).sqrt().recip() < MOST_SIGMA;
        known.then(|| product[i] / energy[i])
    })
}

/// The captures of `seen` before or after capture `t` that are nearest to it.
fn nearest(seen: &[usize], t: usize, before: bool) -> Vec<usize> {
    let side = |s: &usize| if before { *s < t } else { *s > t };
    let mut side: Vec<usize> = seen.iter().copied().filter(side).collect();
    side.sort_by_key(|s| s.abs_diff(t));
    side.truncate(MOST_SIDE);
    side.sort_unstable();
    side
}

/// What others leave of a capture.
struct Left {
    /// By cell of the block.
    values: DVector<f64>,
    variance: f64,
}

fn left(band: &BandModel, t: usize, others: &[usize], block: &Range<usize>) -> Option<Left> {
    let known = band.covariance.select_rows(others).select_columns(others);
    let cross = band.covariance.column(t).select_rows(others);
    let weights = Cholesky::new(known)?.solve(&cross);
    let contrast = band.contrast.columns(block.start, block.len());
    let predicted = contrast.select_rows(others).tr_mul(&weights);
    Some(Left {
        values: contrast.row(t).transpose() - predicted,
        variance: (band.covariance[(t, t)] - cross.dot(&weights)).max(f64::MIN_POSITIVE),
    })
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
