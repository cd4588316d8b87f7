//! What several captures show on the track, read off it and not off predictions:
//! wagons that stay, and what changes for good.
//!
//! Such wagons predict themselves: each of their captures finds them in the
//! others. What tells them from the track is that captures before and after do
//! not show them. Everything that makes the series more likely takes part in the
//! search, trains of one capture as well, so that none passes for another.

use std::ops::Range;

use super::emission::Prior;
use super::empty_track::{TrackView, windows};
use super::sections::Sections;
use super::things::{LONGEST, Search, Thing};

/// Captures that must show a stay.
const SHORTEST: usize = 3;
/// Captures that must show the place at all: fewer do not tell which of two
/// states is the empty track.
const LEAST_SHOWN: usize = 20;
/// The captures without a stay are at least so many times those with it, less one.
const EXCEPTION: usize = 3;
/// Evidence of a stay to be believed: it silences its captures as predictors.
const LEAST_OF_STAY: f64 = 20.0;
/// Captures that must show each side of a change for good.
const LEAST_SIDE: usize = 5;

/// Something on the track in consecutive captures.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The captures that hold it.
    pub captures: Range<usize>,
    /// The chainage cells it covers.
    pub cells: Range<usize>,
    /// Evidence for it in all captures, natural log of a likelihood ratio.
    pub evidence: f64,
}

/// The track looks different from some capture on: new ballast, a new canopy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastingChange {
    /// The first capture after it.
    pub first: usize,
    /// The chainage cells that changed.
    pub cells: Range<usize>,
}

/// What several captures of a series show on the track.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lasting {
    /// What stands there for some captures, in order of time.
    pub stays: Vec<Standing>,
    /// What changed for good, in order of time.
    pub changes: Vec<LastingChange>,
}

/// What several captures show on the track.
///
/// `held`: per capture the chainage cells with trains, of which nothing is learnt.
#[must_use]
pub fn standing(view: &TrackView, held: &[Vec<bool>], prior: Prior) -> Lasting {
    let captures = view.seen.nrows();
    let mut found = Lasting::default();
    for window in windows(captures) {
        let Some(model) = Sections::new(view, held, &window, prior) else {
            continue;
        };
        let mut search = Search::new(model);
        search.run();
        found.stays.extend(stays(&search, window.start));
        found.changes.extend(changes(&search, &window, captures));
    }
    let Lasting { stays, changes } = &mut found;
    stays.sort_by_key(|s| (s.captures.start, s.captures.end, s.cells.start));
    stays.dedup_by(|a, b| a.captures == b.captures && a.cells == b.cells);
    changes.sort_by_key(|c| (c.first, c.cells.start));
    changes.dedup();
    found
}

impl Lasting {
    /// The chainage cells `held` of each capture with what else says nothing of the
    /// empty track: stays, and the shorter side of a change.
    #[must_use]
    pub fn held_with(&self, held: &[Vec<bool>]) -> Vec<Vec<bool>> {
        let (captures, mut held) = (held.len(), self.held_with_stays(held));
        let shorter = |change: &LastingChange| {
            if 2 * change.first < captures {
                0..change.first
            } else {
                change.first..captures
            }
        };
        for change in &self.changes {
            for held in &mut held[shorter(change)] {
                held[change.cells.clone()].fill(true);
            }
        }
        held
    }

    /// The chainage cells `held` of each capture with those where something stays.
    #[must_use]
    pub fn held_with_stays(&self, held: &[Vec<bool>]) -> Vec<Vec<bool>> {
        let mut held = held.to_vec();
        for stay in &self.stays {
            for held in &mut held[stay.captures.clone()] {
                held[stay.cells.clone()].fill(true);
            }
        }
        held
    }
}

/// What stands in several captures, with captures counted from `first`.
fn stays(search: &Search, first: usize) -> Vec<Standing> {
    let things = search.things.iter().enumerate();
    things
        .filter(|(_, thing)| is_stay(search, thing))
        .map(|(i, thing)| Standing {
            evidence: search.evidence(i),
            captures: thing.captures.start + first..thing.captures.end + first,
            cells: search.cells(thing),
        })
        .filter(|stay| stay.evidence >= LEAST_OF_STAY)
        .collect()
}

/// What lasts to the end of the series or from its beginning, or at least for
/// twice the longest stay where the captures of the search, `window`, end before.
fn changes(search: &Search, window: &Range<usize>, captures: usize) -> Vec<LastingChange> {
    let change = |thing: &Thing| {
        let late = thing.captures.start > 0;
        let at = if late {
            thing.captures.start
        } else {
            thing.captures.end
        };
        let to_the_end = if late {
            window.end == captures
        } else {
            window.start == 0
        };
        let least = if to_the_end { LONGEST } else { 2 * LONGEST };
        let enough = |side| search.shown(thing, side) >= LEAST_SIDE;
        let lasts = thing.captures.len() > least;
        (lasts && enough(0..at) && enough(at..window.len())).then(|| LastingChange {
            first: at + window.start,
            cells: search.cells(thing),
        })
    };
    search.things.iter().filter_map(change).collect()
}

/// Whether a thing stands in several captures and is the exception: what most
/// captures show, or most of the track, is the empty track. What the last captures
/// show may be there for good; until that is known it is said to stand there.
fn is_stay(search: &Search, thing: &Thing) -> bool {
    let all = search.shown(thing, 0..search.model.captures);
    let with = search.shown(thing, thing.captures.clone());
    thing.captures.len() <= LONGEST
        && with >= SHORTEST
        && all >= LEAST_SHOWN
        && EXCEPTION * with <= all
        && 2 * thing.blocks.len() <= search.model.blocks.len()
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use ndarray::Array3;

    use super::*;
    use crate::strip::Axis;

    const CELLS: usize = 300;
    const BESIDE: usize = 4;

    /// A deck whose brightness follows the season, with noise; `thing` adds to
    /// the contrast of a capture at a cell.
    fn view(captures: usize, thing: impl Fn(usize, usize) -> f64) -> TrackView {
        let mut state = 7u64;
        let mut noise = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as f64 / f64::from(1u32 << 31) - 0.5
        };
        let season = |t: usize| (std::f64::consts::TAU * t as f64 / captures as f64).cos();
        let contrast = DMatrix::from_fn(captures, CELLS, |t, j| {
            let deck = 0.05 + 0.03 * season(t) * (j as f64 / 40.0).sin();
            deck + 0.03 * noise() + thing(t, j)
        });
        let beside = Array3::from_shape_fn((BESIDE, captures, CELLS), |(p, t, j)| {
            let ground = season(t) * ((p * 50 + j) as f64 / 30.0).sin();
            (0.04 * ground + 0.03 * noise()) as f32
        });
        let ground = DMatrix::from_fn(captures, captures, |t, k| {
            let own = f64::from(u8::from(t == k));
            1e-3 * (season(t) * season(k) + 0.2 * own)
        });
        TrackView {
            contrast: vec![contrast.clone(), contrast],
            sigma: vec![DMatrix::from_element(captures, CELLS, 0.01); 2],
            beside: vec![beside.clone(), beside],
            seen: DMatrix::from_element(captures, CELLS, true),
            ground: vec![ground.clone(), ground],
            noise: vec![1e-4; 2],
            chainage: Axis {
                first_m: 0.0,
                step_m: 5.0,
                len: CELLS,
            },
            gsd_m: 10.0,
        }
    }

    /// What is found where `contrast` stands on some cells in some captures.
    fn found(captures: usize, things: &[(Range<usize>, Range<usize>, f64)]) -> Lasting {
        let thing = |t, j| {
            let stands = things
                .iter()
                .filter(|(captures, cells, _)| captures.contains(&t) && cells.contains(&j));
            stands.map(|(.., contrast)| contrast).sum()
        };
        let held = vec![vec![false; CELLS]; captures];
        standing(&view(captures, thing), &held, Prior::OPTICAL)
    }

    fn lie_at(cells: &Range<usize>, expected: &Range<usize>) -> bool {
        cells.start.abs_diff(expected.start) <= 4 && cells.end.abs_diff(expected.end) <= 4
    }

    #[test]
    fn wagons_of_several_captures_are_found_where_they_stand() {
        let found = found(40, &[(12..18, 120..150, -0.12)]);
        assert_eq!(found.stays.len(), 1, "{found:?}");
        assert_eq!(found.stays[0].captures, 12..18);
        assert!(lie_at(&found.stays[0].cells, &(120..150)));
        assert!(found.stays[0].evidence > LEAST_OF_STAY);
        assert!(found.changes.is_empty());
    }

    #[test]
    fn trains_of_single_captures_are_no_stays() {
        assert_eq!(found(40, &[(9..10, 60..110, 0.15)]), Lasting::default());
        assert_eq!(found(40, &[]), Lasting::default());
        let one_after_another = [(9..10, 60..110, -0.12), (12..13, 70..115, -0.12)];
        assert_eq!(found(40, &one_after_another), Lasting::default());
    }

    #[test]
    fn what_the_last_captures_show_is_said_to_stand_there() {
        let found = found(40, &[(34..40, 120..150, 0.12)]);
        assert_eq!(found.stays.len(), 1, "{found:?}");
        assert_eq!(found.stays[0].captures, 34..40);
        assert!(found.changes.is_empty());
    }

    #[test]
    fn a_change_for_good_is_told_from_a_stay() {
        let found = found(40, &[(22..40, 200..220, 0.1)]);
        assert!(found.stays.is_empty(), "{found:?}");
        assert_eq!(found.changes.len(), 1, "{found:?}");
        assert_eq!(found.changes[0].first, 22);
        assert!(lie_at(&found.changes[0].cells, &(200..220)));
    }

    #[test]
    fn wagons_are_found_where_the_track_changed_for_good() {
        let things = [(22..40, 190..230, 0.1), (30..34, 200..225, -0.12)];
        let found = found(40, &things);
        assert_eq!(found.changes.len(), 1, "{found:?}");
        assert_eq!(found.stays.len(), 1, "{found:?}");
        assert_eq!(found.stays[0].captures, 30..34);
    }

    #[test]
    fn few_captures_do_not_tell_which_state_is_the_empty_one() {
        assert!(found(16, &[(5..9, 120..150, -0.12)]).stays.is_empty());
    }

    #[test]
    fn a_change_seen_from_the_middle_of_a_long_series_must_last() {
        // 20 captures: longer than a stay, and gone before the series ends.
        let found = found(150, &[(44..64, 200..220, 0.1)]);
        assert!(found.changes.is_empty(), "{found:?}");
    }

    #[test]
    fn stays_and_the_shorter_side_of_a_change_are_held() {
        let lasting = Lasting {
            stays: vec![Standing {
                captures: 1..2,
                cells: 0..2,
                evidence: 30.0,
            }],
            changes: vec![LastingChange {
                first: 2,
                cells: 3..4,
            }],
        };
        let held = lasting.held_with(&vec![vec![false; 4]; 3]);
        let expected = [
            [false; 4],
            [true, true, false, false],
            [false, false, false, true],
        ];
        assert_eq!(held, expected);
    }

    #[test]
    fn windows_cover_long_series() {
        let all: Vec<Range<usize>> = windows(150).collect();
        assert_eq!(all, [0..64, 32..96, 64..128, 96..150]);
        assert_eq!(windows(10).collect::<Vec<_>>(), vec![0..10]);
    }
}
