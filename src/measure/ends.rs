//! Posterior of one end over a grid of places and speeds.

use std::collections::BTreeMap;

use super::colour::Colour;
use super::likelihood::{Reach, Seen, Side, Window};
use crate::strip::Profile;

/// Share of the window over which places are tried.
const SEARCHED: f64 = 0.6;

/// What the samples say of one end, for every speed.
pub(super) struct EndPosterior {
    /// Log of the evidence for each speed.
    pub(super) evidence: Vec<f64>,
    /// Mean place for each speed, m.
    pub(super) mean_m: Vec<f64>,
    /// Variance of the place for each speed, m².
    pub(super) variance_m2: Vec<f64>,
}

/// Posterior of one end, with a flat prior over the places searched.
///
/// In band `b` a train of `speeds_mps[v]` is `speeds_mps[v] · delays_s[b]`
/// up-chainage of where it is at the time of the capture.
pub(super) fn posterior(
    profile: &Profile,
    (side, reach): (Side, Reach),
    colour: &Colour,
    (speeds_mps, delays_s): (&[f64], &[f64]),
) -> Option<EndPosterior> {
    let window = Window::new(profile, side, reach)?;
    let step = window.step_m();
    let count = (2.0 * SEARCHED * reach.half_m / step).ceil() as i64;
    let first = reach.guess_m - SEARCHED * reach.half_m;
    // Places in half grid steps from the first: shifts between bands are finer than the grid.
    let mut known: BTreeMap<i64, Seen> = BTreeMap::new();
    let key = |i: i64, shift_m: f64| 2 * i + (2.0 * shift_m / step).round() as i64;
    for i in 0..=count {
        for v in speeds_mps {
            for delay in delays_s {
                let k = key(i, v * delay);
                known
                    .entry(k)
                    .or_insert_with(|| window.seen(first + 0.5 * k as f64 * step));
            }
        }
    }
    let mut out = EndPosterior {
        evidence: Vec::new(),
        mean_m: Vec::new(),
        variance_m2: Vec::new(),
    };
    for v in speeds_mps {
        let log: Vec<f64> = (0..=count)
            .map(|i| {
                let seen: Vec<&Seen> = delays_s.iter().map(|d| &known[&key(i, v * d)]).collect();
                window.log_likelihood(&seen, colour)
            })
            .collect();
        let high = log.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = log.iter().map(|l| (l - high).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let moment = |f: &dyn Fn(f64) -> f64| {
            let each = |(i, w): (usize, &f64)| w * f(first + i as f64 * step);
            weights.iter().enumerate().map(each).sum::<f64>() / sum
        };
        let mean = moment(&|x| x);
        out.evidence.push(high + sum.ln());
        out.mean_m.push(mean);
        out.variance_m2.push(moment(&|x| (x - mean).powi(2)));
    }
    Some(out)
}
