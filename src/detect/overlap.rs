//! Trains of two captures that hide each other where both stand.
//!
//! Captures that look alike predict each other. Where two of them hold a train
//! at the same place, either train is explained by the other, and only what
//! they do not share is seen. What gives them away is that each leaves a little
//! of the same contrast to both, next to what is seen of both.

use std::ops::Range;

use super::emission::{Prior, STRENGTHS};
use super::occupancy::{Stretch, Suspect};

/// Evidence that a hidden stretch needs, natural log …
const LEAST_EVIDENCE: f64 = 8.0;
/// … and on the mean of its blocks.
const LEAST_A_BLOCK: f64 = 4.0;

/// A stretch on which two captures may both hold a train that neither shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The captures.
    pub captures: [usize; 2],
    /// The stretches.
    pub stretches: Range<usize>,
}

impl Overlap {
    /// Whether both are of the same two captures and share a stretch.
    fn meets(&self, other: &Self) -> bool {
        let same = |c: &usize| other.captures.contains(c);
        self.captures.iter().all(same)
            && self.stretches.start < other.stretches.end
            && other.stretches.start < self.stretches.end
    }
}

/// The stretches that two of the `trains` share, unseen.
///
/// `stretches` are without what the trains explain. A shared stretch fills the
/// space between the end of one train and the beginning of the other. Those `tested`, with
/// both captures predicted without each other, are not asked for again: what stood there
/// has shown itself, and is a train, or has not.
pub(super) fn overlaps(
    stretches: &[Stretch],
    trains: &[Suspect],
    tested: &[Overlap],
    prior: Prior,
) -> Vec<Overlap> {
    let mut out = Vec::new();
    for first in trains {
        for second in trains {
            let between = first.stretches.end..second.stretches.start;
            if first.capture == second.capture || between.is_empty() {
                continue;
            }
            let overlap = Overlap {
                captures: [first.capture, second.capture],
                stretches: between.clone(),
            };
            let least = LEAST_EVIDENCE.max(LEAST_A_BLOCK * between.len() as f64);
            if !tested.iter().any(|t| t.meets(&overlap))
                && evidence(&stretches[between], overlap.captures, prior) >= least
            {
                out.push(overlap);
            }
        }
    }
    out
}

/// Log evidence of trains in both captures against one in either or in none.
fn evidence(stretches: &[Stretch], [t, k]: [usize; 2], prior: Prior) -> f64 {
    let of = |strength: f64| -> f64 {
        let variance = (prior.tau * strength).powi(2);
        let both: f64 = (stretches.iter())
            .map(|s| s.evidence_of_both((t, k), variance))
            .sum();
        let one = |capture| -> f64 {
            stretches
                .iter()
                .map(|s| s.evidence(capture, variance))
                .sum()
        };
        both - one(t).max(one(k)).max(0.0)
    };
    STRENGTHS
        .map(of)
        .into_iter()
        .fold(f64::NEG_INFINITY, f64::max)
}
