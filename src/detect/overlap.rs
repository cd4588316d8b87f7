//! Trains of two captures that hide each other where both stand.
//!
//! Captures that look alike predict each other. Where two of them hold a train
//! at the same place, either train is explained by the other, and only what
//! they do not share is seen. What gives them away is that each leaves a little
//! of the same contrast to both, next to what is seen of both.

use super::emission::{Prior, STRENGTHS};
use super::occupancy::{Stretch, Suspect};

/// Evidence that a hidden stretch needs, natural log …
const LEAST_EVIDENCE: f64 = 8.0;
/// … and on the mean of its blocks.
const LEAST_A_BLOCK: f64 = 4.0;

/// The stretches that two of the `trains` share, unseen, for each of both.
///
/// `stretches` are without what the trains explain. A shared stretch fills the
/// space between the end of one train and the beginning of the other.
pub(super) fn shared(stretches: &[Stretch], trains: &[Suspect], prior: Prior) -> Vec<Suspect> {
    let mut out = Vec::new();
    for first in trains {
        for second in trains {
            let between = first.stretches.end..second.stretches.start;
            if first.capture == second.capture || between.is_empty() {
                continue;
            }
            let pair = (first.capture, second.capture);
            let least = LEAST_EVIDENCE.max(LEAST_A_BLOCK * between.len() as f64);
            if evidence(&stretches[between.clone()], pair, prior) >= least {
                out.extend([pair.0, pair.1].map(|capture| Suspect {
                    capture,
                    stretches: between.clone(),
                }));
            }
        }
    }
    out
}

/// Log evidence of trains in both captures against one in either or in none.
fn evidence(stretches: &[Stretch], (t, k): (usize, usize), prior: Prior) -> f64 {
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
