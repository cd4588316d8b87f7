//! How much evidence chance would line up.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::evidence::Evidence;
use super::path::{Reach, quick_path};

/// Shuffles made: enough for mean and spread of the best score.
const SHUFFLES: usize = 40;
/// Neighbouring blocks that are moved together: the texture of fields and banks
/// reaches over one block.
const TOGETHER: usize = 2;
/// Equal input gives equal output.
const SEED: u64 = 0x7261_696c;

/// Best scores where nothing is continuous along the track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub sigma: f64,
    /// The highest.
    pub most: f64,
}

impl Chance {
    /// By how many standard deviations a score lies above chance.
    #[must_use]
    pub fn excess(&self, score: f64) -> f64 {
        (score - self.mean) / self.sigma.max(0.02)
    }
}

/// Scores of the best path after every pair of blocks was moved across by an
/// amount of its own (a permutation test: Good 2005), at most `anywhere_m`
/// either way and round at the edges.
#[must_use]
pub fn chance(evidence: &Evidence, reach: Reach) -> Chance {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let scores: Vec<f64> = (0..SHUFFLES)
        .map(|_| quick_path(&shuffled(evidence, &mut random), reach).score)
        .collect();
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let variance = scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Chance {
        mean,
        sigma: variance.sqrt(),
        most: scores.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    }
}

fn shuffled(evidence: &Evidence, random: &mut ChaCha8Rng) -> Evidence {
    let mut out = evidence.clone();
    let rows = evidence.offset.len;
    for first in (0..evidence.along.len).step_by(TOGETHER) {
        let by = random.random_range(0..rows);
        for k in first..(first + TOGETHER).min(evidence.along.len) {
            for row in 0..rows {
                out.values[(row, k)] = evidence.values[((row + by) % rows, k)];
            }
        }
    }
    out
}
