//! What shows on the tracks beside the line, on which no train runs.

use rayon::prelude::*;

use super::found::Found;
use crate::background::Prediction;
use crate::detect::{Detector, ScoreTail, find_trains, pseudo_profiles};
use crate::strip::Profile;

impl Found {
    /// How often empty tracks of the series reach a score.
    pub(super) fn tail(&self, predicted: &[Option<Prediction>], detector: &Detector) -> ScoreTail {
        let scores: Vec<Vec<f64>> = (0..predicted.len())
            .into_par_iter()
            .map(|t| self.quiet_scores(t, predicted, detector))
            .collect();
        ScoreTail::of(&scores.concat())
    }

    /// The best score on each pseudo-track of capture `t`.
    pub(super) fn quiet_scores(
        &self,
        t: usize,
        predicted: &[Option<Prediction>],
        detector: &Detector,
    ) -> Vec<f64> {
        let any = Detector {
            least_score: 0.0,
            ..*detector
        };
        let quiet = || {
            let (noise, contrast) = (self.noise.as_ref()?, self.contrasts[t].as_ref()?);
            let (track, rho) = (self.profiles[t].as_ref()?, &predicted[t].as_ref()?.rho);
            Some(pseudo_profiles(noise, contrast, track, rho))
        };
        let best = |p: &Profile| {
            let scores = find_trains(p, &any).into_iter().map(|c| c.score);
            scores.fold(0.0, f64::max)
        };
        quiet().iter().flatten().map(best).collect()
    }
}
