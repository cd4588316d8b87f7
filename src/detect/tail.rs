//! How often an empty track reaches a score, from where no track is.
//!
//! Every capture has pseudo-tracks beside its lanes. What the detector makes of
//! them is what it would make of an empty track; their scores above a threshold
//! fall off exponentially (peaks over threshold, Pickands 1975, with the shape
//! of a light tail), which carries the rate to scores that were never reached.

/// Scores above this are the tail.
const THRESHOLD: f64 = 3.0;
/// Before any score is seen: mean excess over the threshold, worth so many scores.
const PRIOR_EXCESS: (f64, f64) = (4.0, 2.0);

/// Tail of the scores of empty tracks of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreTail {
    /// Pseudo-tracks looked at.
    pub looks: usize,
    /// Those with a score above the threshold.
    pub reached: usize,
    /// Mean excess over the threshold, natural log of a likelihood ratio.
    pub excess: f64,
}

impl ScoreTail {
    /// From the best score on each pseudo-track, 0 where nothing was seen.
    #[must_use]
    pub fn of(best_scores: &[f64]) -> Self {
        let above = best_scores.iter().filter(|s| **s > THRESHOLD);
        let (reached, sum) = above.fold((0usize, 0.0), |(n, sum), s| (n + 1, sum + s - THRESHOLD));
        let (mean, worth) = PRIOR_EXCESS;
        Self {
            looks: best_scores.len(),
            reached,
            excess: (sum + mean * worth) / (reached as f64 + worth),
        }
    }

    /// Probability that an empty track reaches `score` in one observation.
    #[must_use]
    pub fn p_value(&self, score: f64) -> f64 {
        let rate = (self.reached as f64 + 1.0) / (self.looks as f64 + 1.0);
        (rate * (-(score - THRESHOLD) / self.excess).exp()).min(1.0)
    }

    /// The score that an empty track reaches with probability `p`.
    #[must_use]
    pub fn score_at(&self, p: f64) -> f64 {
        let rate = (self.reached as f64 + 1.0) / (self.looks as f64 + 1.0);
        THRESHOLD + self.excess * (rate / p).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponential_tail_is_recovered() {
        // Quantiles of an exponential of mean 2 above the threshold, on a tenth of the looks.
        let mut scores = vec![0.0; 900];
        scores.extend((0..100).map(|i| THRESHOLD - 2.0 * ((f64::from(i) + 0.5) / 100.0).ln()));
        let tail = ScoreTail::of(&scores);
        assert!((tail.excess - 2.0).abs() < 0.1);
        let p = tail.p_value(THRESHOLD + 2.0 * 10f64.ln());
        assert!((p - 0.01).abs() < 0.002, "{p}");
        assert!((tail.p_value(tail.score_at(1e-3)) - 1e-3).abs() < 1e-9);
    }

    #[test]
    fn few_looks_claim_little() {
        let tail = ScoreTail::of(&[0.0; 4]);
        assert!(tail.p_value(20.0) > 1e-3);
        assert!(tail.p_value(-50.0) >= 1.0);
    }
}
