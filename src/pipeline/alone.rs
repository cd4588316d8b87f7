//! Captures that no other one looks like: what they show by themselves.

use super::found::Found;
use crate::background::Prediction;
use crate::detect::{Bare, Candidate, Detector};
use crate::stats::median;
use crate::strip::Strip;

/// A capture whose residuals are this many times those of its series is not
/// explained by the others.
const UNEXPLAINED: f64 = 8.0;
/// Evidence against the ground beside the track that a train must bring there,
/// as a multiple of the best score that shows on it: that ground is as unlike its
/// prediction as the track.
const CLEARLY: f64 = 2.0;

/// Whether each capture is one that the others do not explain.
pub(super) fn unexplained(predicted: &[Option<Prediction>]) -> Vec<bool> {
    let scale = |p: &Prediction| p.scale.iter().sum::<f64>() / p.scale.len() as f64;
    let scales: Vec<f64> = predicted.iter().flatten().map(scale).collect();
    let most = UNEXPLAINED * median(&scales).unwrap_or(f64::INFINITY);
    let unlike = |p: &Option<Prediction>| p.as_ref().is_some_and(|p| scale(p) > most);
    predicted.iter().map(unlike).collect()
}

impl Found {
    /// In captures that others do not explain, keeps what they show by themselves.
    pub(super) fn keep_shown_alone(
        &mut self,
        strips: &[Strip],
        (predicted, unexplained): (&[Option<Prediction>], &[bool]),
        detector: &Detector,
    ) {
        for (t, strip) in strips.iter().enumerate().filter(|(t, _)| unexplained[*t]) {
            let Some(prediction) = &predicted[t] else {
                continue;
            };
            let found = std::mem::take(&mut self.candidates[t]);
            let Some(bare) = Bare::new(strip, &prediction.values, &self.lanes) else {
                continue;
            };
            let quiet = self.quiet_scores(t, predicted, detector);
            let least = CLEARLY * quiet.into_iter().fold(0.0, f64::max);
            let clear = found.into_iter().filter(|c| c.score >= least);
            self.candidates[t] = apart(clear.filter_map(|c| bare.train(c)).collect());
        }
    }
}

/// Of candidates that overlap the one with most evidence.
fn apart(mut found: Vec<Candidate>) -> Vec<Candidate> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Candidate> = Vec::new();
    for c in found {
        let clear_of = |k: &Candidate| k.end_m <= c.start_m || k.start_m >= c.end_m;
        if kept.iter().all(clear_of) {
            kept.push(c);
        }
    }
    kept.sort_by(|a, b| a.start_m.total_cmp(&b.start_m));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_parts_that_overlap_the_clearest_stays() {
        let candidate = |start_m, end_m, score| Candidate {
            start_m,
            end_m,
            score,
            visible: 1.0,
        };
        let found = vec![
            candidate(300.0, 400.0, 50.0),
            candidate(70.0, 460.0, 90.0),
            candidate(500.0, 560.0, 20.0),
        ];
        let starts: Vec<f64> = apart(found).iter().map(|c| c.start_m).collect();
        assert_eq!(starts, [70.0, 500.0]);
    }
}
