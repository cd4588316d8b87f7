//! Single cars: how many, by the gaps between them.
//!
//! A train is a row of cars whose lengths over couplers are those of rolling
//! stock ([`stock`]), with a gap of about a metre between two bodies. Every
//! place along the train is asked for its evidence of such a gap ([`gap`]);
//! a hidden semi-Markov model (Yu 2010, *Artificial Intelligence* 174, 215)
//! whose states are kinds of cars with lengths of their own weighs all rows of
//! cars that fill the train ([`consist`]). Where gaps are not to be seen, the
//! number of cars follows from the length alone, in the same sum.

mod consist;
mod gap;
mod noise;
mod stock;

use serde::{Deserialize, Serialize};

use self::consist::{Consists, Ends, Grid};
use self::gap::Gaps;
use self::noise::Noise;
use super::Fit;
use crate::strip::Profile;

pub use self::gap::GAP_M;

/// Strips blurred by more than this do not show gaps, 1 sigma, m: a gap of 1 m
/// is then less than 0.4 of its depth.
pub const SHARP_M: f64 = 1.0;

/// Probability left outside the interval, on each side.
const TAIL: f64 = 0.025;

/// Noise is taken anew from between the gaps so often.
const ROUNDS: usize = 2;

/// How many cars a train has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cars {
    /// At least so many, with the next a 95 % interval.
    pub min: u32,
    /// At most so many.
    pub max: u32,
    /// The most probable number, 1 or more.
    pub likely: u32,
    /// Chainages of the gaps between cars, m, in the most probable row of cars.
    pub gaps_m: Vec<f64>,
}

/// Counts the cars of a train from a strip that is sharp enough to show the
/// gaps between them.
///
/// `fit` says where the train begins and ends; `stock_m` are lengths over
/// couplers, m, of what runs on the track, in addition to the common ones.
/// `None` where the strip is blurred by more than [`SHARP_M`], an end was not
/// seen, or no row of cars has this length. Bodies are taken to end half a gap
/// within the couplers.
#[must_use]
pub fn cars(profile: &Profile, fit: &Fit, stock_m: &[f64]) -> Option<Cars> {
    if profile.psf_m > SHARP_M || fit.censored != super::Censored::None {
        return None;
    }
    let ends = Ends::of_bodies(fit);
    let grid = Grid::over(ends);
    let consists = Consists::new(stock_m);
    let mut noise = Noise::of(profile, (fit.start_m, fit.end_m), &[])?;
    let mut row = Vec::new();
    let mut evidence = Vec::new();
    for _ in 0..ROUNDS {
        evidence = Gaps::new(profile, (fit.start_m, fit.end_m), &noise)?.evidence(grid);
        row = consists.likeliest(grid, ends, &evidence)?;
        if let Some(again) = Noise::of(profile, (fit.start_m, fit.end_m), &row) {
            noise = again;
        }
    }
    let counts = consists.counts(grid, ends, &evidence)?;
    Some(Cars {
        min: quantile(&counts, TAIL),
        max: quantile(&counts, 1.0 - TAIL),
        likely: (0..counts.len()).max_by(|a, b| counts[*a].total_cmp(&counts[*b]))? as u32,
        gaps_m: row,
    })
}

/// The least count that at least this share of the probability does not exceed.
fn quantile(counts: &[f64], share: f64) -> u32 {
    let mut sum = 0.0;
    for (n, p) in counts.iter().enumerate() {
        sum += p;
        if sum >= share {
            return n as u32;
        }
    }
    counts.len().saturating_sub(1) as u32
}

#[cfg(test)]
mod tests;
