//! What lasts on the track of a series, learnt from pass to pass: wagons that stay, and
//! changes for good.

use std::ops::Range;

use super::found::{Found, LEAST_VISIBLE, cells_of, span_m};
use crate::detect::{
    Candidate, Lasting, LastingChange, Prior, Standing, Standout, TrackView, lasting, standing,
};
use crate::strip::Profile;

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
    /// What stood out where the candidate lies when captures of both sides predicted it, with
    /// its weight; `None` once it is known that it goes with those of the other side.
    with_both: Option<Vec<Option<(f64, f64)>>>,
}

impl Lasts {
    /// Learns from one pass, where `held` says per capture which chainage cells hold trains:
    /// from a new `view` what stands there, and as long as there may be `more` of them which
    /// candidates are changes for good. The next pass predicts those from their own side
    /// alone: what then is left of them is a train.
    pub(super) fn learn(
        &mut self,
        (found, held): (&Found, &[Vec<bool>]),
        view: Option<TrackView>,
        more: bool,
        prior: Prior,
    ) {
        self.check_steps(found);
        if let Some(view) = view {
            self.standing = standing(&view, &self.all().held_with(held), prior);
            self.view = Some(view);
        }
        if more {
            self.learn_steps(found, &self.standing.held_with_stays(held));
        }
    }

    fn learn_steps(&mut self, found: &Found, held: &[Vec<bool>]) {
        for (capture, candidates) in found.candidates.iter().enumerate() {
            for candidate in candidates {
                if let Some(step) = self.step(found, held, (capture, candidate)) {
                    self.steps
                        .retain(|s| !overlap(&s.change.cells, &step.change.cells));
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
        let is_train = |t: &Standout| t.capture == capture && cover(&t.cells, &cells);
        // What a known change leaves of a candidate is no change of its own.
        let is_known = |s: &Step| s.with_both.is_none() && overlap(&s.change.cells, &cells);
        let stays = |s: &Standing| s.captures.contains(&capture) && overlap(&s.cells, &cells);
        if self.trains.iter().any(is_train)
            || self.steps.iter().any(is_known)
            || self.standing.stays.iter().any(stays)
        {
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
                if now.is_some_and(|now| share_left(&now, &before) > MOST_LEFT) {
                    self.trains.push(step.candidate);
                    continue;
                }
            }
            self.steps.push(step);
        }
    }

    /// All that lasts.
    pub(super) fn all(&self) -> Lasting {
        let mut all = self.standing.clone();
        let steps = || self.steps.iter().map(|step| &step.change);
        (all.changes).retain(|known| !steps().any(|step| cover(&step.cells, &known.cells)));
        all.changes.extend(steps().cloned());
        (all.changes).sort_by_key(|c| (c.first, c.cells.start, c.cells.end));
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
            let Some((t, place)) = shown else { continue };
            let said = |p: &(f64, f64)| p.0 < place.1 && place.0 < p.1;
            if !places[t].iter().any(said) {
                places[t].push(place);
            }
        }
        places
    }
}

/// The contrast of a capture and its weight in all bands of the cells; `None` where it is
/// not seen.
fn stands_out(profile: &Profile, cells: &Range<usize>) -> Vec<Option<(f64, f64)>> {
    let bands = 0..profile.track.nrows();
    let all = bands.flat_map(|b| cells.clone().map(move |j| (b, j)));
    let weight = |at| f64::from(profile.track_sigma[at]).powi(-2);
    all.map(|at| profile.usable[at.1].then(|| (f64::from(profile.track[at]), weight(at))))
        .collect()
}

/// How much of `before` is left in `now`, where both are seen; nothing where that is
/// nowhere.
fn share_left(now: &[Option<(f64, f64)>], before: &[Option<(f64, f64)>]) -> f64 {
    let (mut product, mut energy) = (0.0, 0.0);
    for (now, before) in now.iter().zip(before) {
        if let (Some((now, _)), Some((before, weight))) = (now, before) {
            product += weight * before * now;
            energy += weight * before * before;
        }
    }
    if energy > 0.0 { product / energy } else { 0.0 }
}

/// Whether some cells hold most of others.
fn cover(cells: &Range<usize>, others: &Range<usize>) -> bool {
    2 * common(cells, others) > others.len()
}

/// Whether cells have most of the shorter in common.
fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    cover(a, b) || cover(b, a)
}

fn common(a: &Range<usize>, b: &Range<usize>) -> usize {
    a.end.min(b.end).saturating_sub(a.start.max(b.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_read_along_what_stood_out() {
        let of = |values: &[f64]| -> Vec<Option<(f64, f64)>> {
            values
                .iter()
                .map(|v| v.is_finite().then_some((*v, 1.0)))
                .collect()
        };
        let left = |now: &[f64], before: &[f64]| share_left(&of(now), &of(before));
        // Half of it, whatever else has come: (2 + 0) / 4.
        assert!((left(&[1.0, 7.0], &[2.0, 0.0]) - 0.5).abs() < 1e-12);
        // All of what is seen still, nothing, and the contrary.
        assert!((left(&[2.0, f64::NAN], &[2.0, 9.0]) - 1.0).abs() < 1e-12);
        assert!(left(&[f64::NAN], &[2.0]).abs() < 1e-12);
        assert!((left(&[-2.0, -1.0], &[2.0, 1.0]) + 1.0).abs() < 1e-12);
        // What is known three times as well counts nine times: (9 · 1 + 0) / (9 + 1).
        let before = [Some((1.0, 9.0)), Some((1.0, 1.0))];
        assert!((share_left(&of(&[1.0, 0.0]), &before) - 0.9).abs() < 1e-12);
    }

    #[test]
    fn places_are_the_same_that_have_most_of_the_shorter_in_common() {
        assert!(overlap(&(10..20), &(14..40)));
        assert!(!overlap(&(10..20), &(15..40)));
        assert!(!overlap(&(10..20), &(30..40)));
        assert!(overlap(&(10..50), &(20..24)));
        assert!(cover(&(10..50), &(20..24)));
        assert!(!cover(&(20..24), &(10..50)));
    }
}
