//! What lasts on the track of a series, learnt from pass to pass: wagons that stay, and
//! changes for good.

use std::ops::Range;

use super::found::{Found, cells_of, span_m};
use crate::detect::{
    Candidate, Lasting, LastingChange, Prior, Standout, TrackView, lasting, standing,
};
use crate::strip::Profile;

/// Share of a change that a capture must show to say that it is there.
const LEAST_VISIBLE: f64 = 0.5;
/// Share of a candidate that may be left where it was a change.
const MOST_LEFT: f64 = 0.4;

/// What the captures show on the track beyond trains of one capture each.
#[derive(Default)]
pub(super) struct Lasts {
    view: Option<TrackView>,
    /// What several captures show.
    standing: Lasting,
    /// What candidates turned out to be rather than trains.
    steps: Vec<Step>,
    /// Candidates that stayed when captures of the other side were left out.
    trains: Vec<Standout>,
}

/// A candidate taken for a change for good.
struct Step {
    change: LastingChange,
    candidate: Standout,
    /// What stood out where the candidate lies when captures of both sides predicted it;
    /// `None` once it is known that it goes with those of the other side.
    with_both: Option<Vec<f64>>,
}

impl Lasts {
    /// Reads off what the captures show what stands there; `held`: per capture the
    /// chainage cells with trains.
    pub(super) fn look(&mut self, view: Option<TrackView>, held: &[Vec<bool>], prior: Prior) {
        self.view = view.or_else(|| self.view.take());
        if let Some(view) = &self.view {
            self.standing = standing(view, &self.all().held_with(held), prior);
        }
    }

    /// Takes candidates for changes for good where captures say so, as long as there may be
    /// `more` of them. The next pass predicts them from their own side alone: what then is
    /// left of them is a train.
    pub(super) fn learn_steps(&mut self, found: &Found, held: &[Vec<bool>], more: bool) {
        self.check_steps(found);
        if !more {
            return;
        }
        for (capture, candidates) in found.candidates.iter().enumerate() {
            for candidate in candidates {
                if let Some(step) = self.step(found, held, (capture, candidate)) {
                    let elsewhere = |s: &Step| !overlap(&s.change.cells, &step.change.cells);
                    self.steps.retain(elsewhere);
                    self.steps.push(step);
                }
            }
        }
    }

    fn step(
        &self,
        found: &Found,
        held: &[Vec<bool>],
        (capture, candidate): (usize, &Candidate),
    ) -> Option<Step> {
        let (view, profile) = (self.view.as_ref()?, found.profiles[capture].as_ref()?);
        let cells = cells_of(candidate, view.chainage);
        let known = |t: &Standout| t.capture == capture && overlap(&t.cells, &cells);
        if self.trains.iter().any(known) {
            return None;
        }
        let candidate = Standout { capture, cells };
        Some(Step {
            change: lasting(view, held, profile, &candidate)?,
            with_both: Some(stands_out(profile, &candidate.cells)),
            candidate,
        })
    }

    /// Holds what stood out in a candidate that was taken for a change against what is
    /// left of it.
    fn check_steps(&mut self, found: &Found) {
        for mut step in std::mem::take(&mut self.steps) {
            if let Some(before) = step.with_both.take() {
                let profile = found.profiles[step.candidate.capture].as_ref();
                let now = profile.map(|p| stands_out(p, &step.candidate.cells));
                if now.is_some_and(|now| share(&now, &before) > MOST_LEFT) {
                    self.trains.push(step.candidate);
                    continue;
                }
            }
            self.steps.push(step);
        }
    }

    /// Whether all that was taken for a change has been held against what is left of it.
    pub(super) fn settled(&self) -> bool {
        self.steps.iter().all(|step| step.with_both.is_none())
    }

    /// All that lasts.
    pub(super) fn all(&self) -> Lasting {
        let mut all = self.standing.clone();
        let steps = || self.steps.iter().map(|step| &step.change);
        (all.changes).retain(|known| !steps().any(|step| overlap(&known.cells, &step.cells)));
        all.changes.extend(steps().cloned());
        all
    }

    /// Per capture where it shows a change for good, m: the first after it that shows most
    /// of it.
    pub(super) fn changed(&self, found: &Found) -> Vec<Vec<(f64, f64)>> {
        let mut places = vec![Vec::new(); found.profiles.len()];
        for change in self.all().changes {
            let shown = (change.first..places.len()).find_map(|t| {
                let profile = found.profiles[t].as_ref()?;
                let place = span_m(profile.chainage, &change.cells);
                (profile.visible_share(place.0, place.1) > LEAST_VISIBLE).then_some((t, place))
            });
            if let Some((t, place)) = shown {
                places[t].push(place);
            }
        }
        places
    }
}

/// The contrast of a capture in all bands of the cells; zero where it is not seen.
fn stands_out(profile: &Profile, cells: &Range<usize>) -> Vec<f64> {
    let bands = 0..profile.track.nrows();
    let all = bands.flat_map(|b| cells.clone().map(move |j| (b, j)));
    all.map(|at| {
        if profile.usable[at.1] {
            f64::from(profile.track[at])
        } else {
            0.0
        }
    })
    .collect()
}

/// How much of `before` is in `now`.
fn share(now: &[f64], before: &[f64]) -> f64 {
    let product: f64 = now.iter().zip(before).map(|(a, b)| a * b).sum();
    product / before.iter().map(|b| b * b).sum::<f64>()
}

/// Whether cells have most of the shorter in common.
fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    let common = a.end.min(b.end).saturating_sub(a.start.max(b.start));
    2 * common > a.len().min(b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_read_along_what_stood_out() {
        // Half of it, whatever else has come: (2 + 0) / 4.
        assert!((share(&[1.0, 7.0], &[2.0, 0.0]) - 0.5).abs() < 1e-12);
        // Nothing is seen any more, or the contrary.
        assert!(share(&[0.0, 0.0], &[2.0, 1.0]).abs() < 1e-12);
        assert!((share(&[-2.0, -1.0], &[2.0, 1.0]) + 1.0).abs() < 1e-12);
    }

    #[test]
    fn places_are_the_same_that_have_most_of_the_shorter_in_common() {
        assert!(overlap(&(10..20), &(14..40)));
        assert!(!overlap(&(10..20), &(15..40)));
        assert!(!overlap(&(10..20), &(30..40)));
        assert!(overlap(&(10..50), &(20..24)));
    }
}
