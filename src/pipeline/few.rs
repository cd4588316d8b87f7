//! Series of few captures: which of those that differ holds the train.
//!
//! With many captures the one that differs from all others holds it. With two
//! nobody is in the majority, and with three a train that two of them share
//! makes the third the odd one out. What the captures show by themselves
//! decides there, together with how many they are compared with; where both
//! leave it open, all captures that it may be in say `unknown`.

use rayon::prelude::*;

use super::alone::unexplained;
use super::found::Found;
use super::passes::StripOutcome;
use crate::background::Prediction;
use crate::detect::{Candidate, Continuity};
use crate::strip::Strip;

/// From so many captures on the majority decides by itself.
const MANY: usize = 12;
/// Evidence for a train, natural log, of every further capture that a capture is
/// predicted from: trains that stand at one place in two captures are some seven
/// times rarer than in one.
const BY_CAPTURE: f64 = 2.0;
/// Evidence, natural log of the odds, by which a train is decided: twenty to one.
const DECIDED: f64 = 3.0;
/// A capture that has at least this share in a prediction may have made its ghost.
const PARTNER: f64 = 0.2;

/// What is said of captures with one other to compare with.
const PAIR: &str = "compared with one other capture only: what stands in both is not seen";

/// A difference that may be a train in another capture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Doubt {
    capture: usize,
    ends_m: (f64, f64),
    /// Captures that it may be the ghost of.
    partners: Vec<usize>,
    /// Whether it may be a train of its own capture as well.
    open: bool,
}

impl Found {
    /// Where captures are few, drops the candidates that are ghosts of trains in
    /// other captures, by what the captures show themselves; gives those back, and
    /// those not decided. Captures that others do not explain at all are left as
    /// they are.
    pub(super) fn judge_few(
        &mut self,
        strips: &[Strip],
        predicted: &[Option<Prediction>],
    ) -> Vec<Doubt> {
        if predicted.iter().flatten().count() >= MANY {
            return Vec::new();
        }
        let unexplained = unexplained(predicted);
        let odds: Vec<Vec<(f64, Vec<usize>)>> = (0..strips.len())
            .into_par_iter()
            .map(|t| match &predicted[t] {
                Some(p) if !unexplained[t] => self.odds(&strips[t], p, t),
                _ => Vec::new(),
            })
            .collect();
        let mut doubts = Vec::new();
        for (t, odds) in odds.into_iter().enumerate() {
            let mut odds = odds.into_iter();
            self.candidates[t].retain(|c| {
                let Some((odds, partners)) = odds.next() else {
                    return true;
                };
                log::debug!(
                    "capture {t}: {:.0} to {:.0} m, odds {odds:.1}",
                    c.start_m,
                    c.end_m
                );
                if odds < DECIDED {
                    doubts.push(Doubt {
                        capture: t,
                        ends_m: (c.start_m, c.end_m),
                        partners,
                        open: odds > -DECIDED,
                    });
                }
                odds > -DECIDED
            });
        }
        doubts
    }

    /// Per candidate of a capture: log odds that it is a train of this one, and
    /// the captures that it is a ghost of if not.
    fn odds(&self, strip: &Strip, predicted: &Prediction, t: usize) -> Vec<(f64, Vec<usize>)> {
        if self.candidates[t].is_empty() {
            return Vec::new();
        }
        let Some(((own, usable), (prediction, _))) = self
            .on_track(strip, &strip.values)
            .zip(self.on_track(strip, &predicted.values))
        else {
            return Vec::new();
        };
        let axis = (strip.chainage, self.lanes.gsd_m);
        let continuity = Continuity::new(axis, own, prediction, usable);
        (self.candidates[t].iter())
            .map(|c| {
                let shares = shares(predicted, strip, c);
                let sum: f64 = shares.iter().sum();
                let squares: f64 = shares.iter().map(|s| s * s).sum();
                // Captures of equal shares that would weigh alike (Kish 1965).
                let compared = if squares > 0.0 {
                    sum * sum / squares
                } else {
                    1.0
                };
                let partners = (predicted.picks.iter().zip(&shares))
                    .filter(|(_, s)| **s >= PARTNER * sum)
                    .map(|(k, _)| *k)
                    .collect();
                let odds = BY_CAPTURE * (compared - 1.0) + continuity.evidence(c);
                (odds, partners)
            })
            .collect()
    }

    /// Takes what is not decided out of the candidates; per capture, what is to
    /// be said of it.
    pub(super) fn settle(&mut self, doubts: &[Doubt]) -> Vec<Option<String>> {
        let mut unknown = vec![None; self.candidates.len()];
        let mut left = Vec::new();
        for doubt in doubts {
            let own = &mut self.candidates[doubt.capture];
            let before = own.len();
            own.retain(|c| (c.start_m, c.end_m) != doubt.ends_m);
            // An open one that is gone already was the ghost of a train.
            if !doubt.open || own.len() < before {
                left.push(doubt);
            }
        }
        for doubt in left {
            let known = |k: &usize| self.candidates[*k].iter().any(|c| covers(c, doubt.ends_m));
            let explained = doubt.partners.iter().any(known);
            let own = (doubt.open && !explained).then_some(doubt.capture);
            let others = doubt.partners.iter().copied().filter(|_| !explained);
            for t in others.chain(own) {
                unknown[t].get_or_insert_with(|| not_told(doubt.ends_m));
            }
        }
        unknown
    }
}

/// The share of each pick in the prediction under a candidate, over all bands.
fn shares(predicted: &Prediction, strip: &Strip, c: &Candidate) -> Vec<f64> {
    let (from, to) = (
        strip.chainage.cell_at(c.start_m),
        strip.chainage.cell_at(c.end_m),
    );
    let mut shares = vec![0.0; predicted.picks.len()];
    for weights in &predicted.weights {
        for (block, weights) in predicted.blocks.iter().zip(weights.outer_iter()) {
            let cells = block.end.min(to + 1).saturating_sub(block.start.max(from));
            for (share, weight) in shares.iter_mut().zip(weights) {
                *share += cells as f64 * f64::from(weight.abs());
            }
        }
    }
    shares
}

/// Whether a train explains at least half of a place.
fn covers(c: &Candidate, (start_m, end_m): (f64, f64)) -> bool {
    2.0 * (c.end_m.min(end_m) - c.start_m.max(start_m)) >= end_m - start_m
}

fn not_told((start_m, end_m): (f64, f64)) -> String {
    format!(
        "unknown: {start_m:.0} to {end_m:.0} m changes between few captures, and which of \
         them holds a train is not told"
    )
}

/// Says of each capture what is not known of it: without trains of its own
/// nothing is decided in it.
pub(super) fn say(outcomes: &mut [StripOutcome], unknown: Vec<Option<String>>) {
    let pair = outcomes.iter().filter(|o| o.profile.is_some()).count() == 2;
    for outcome in outcomes.iter_mut().filter(|o| pair && o.reason.is_none()) {
        outcome.remarks.push(PAIR.to_owned());
    }
    for (outcome, unknown) in outcomes.iter_mut().zip(unknown) {
        let Some(unknown) = unknown else { continue };
        if outcome.trains.is_empty() {
            outcome.reason.get_or_insert(unknown);
        } else {
            outcome.remarks.push(unknown);
        }
    }
}
