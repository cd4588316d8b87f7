//! Whether what stands out in a capture is a train, or the track that looks otherwise
//! from some capture on.
//!
//! New ballast or a new deck shows in all captures after it and in none before. Where
//! captures of both sides predict one, their difference shows in it as a ghost. The
//! capture itself looks like those on its side of the change and unlike those on the
//! other; a train looks unlike both. What is compared is the contrast of a stretch with
//! the track beyond its ends, which seasons, haze and a wet deck move alike.

use std::ops::Range;

use nalgebra::DMatrix;

use super::empty_track::TrackView;
use super::standing::LastingChange;
use crate::stats::median;
use crate::strip::Profile;

/// Track beyond the ends of a stretch that it is compared with, m …
const FLANK_M: f64 = 40.0;
/// … of which this must be seen at one end or the other.
const LEAST_FLANK_M: f64 = 15.0;
/// The least distance from an end to that track, m, where pixels are finer.
const LEAST_GAP_M: f64 = 3.0;
/// Captures compared on each side, the nearest: farther ones have other seasons.
const MOST_SIDE: usize = 16;
/// Fewer captures that look otherwise do not show a change.
const LEAST_SIDE: usize = 4;
/// So many captures that look alike show no wagons that stand there, even where more
/// captures look otherwise.
const LEAST_OF_MINORITY: usize = 8;
/// Share of what stands out that a capture must show to be compared.
const LEAST_PART: f64 = 0.3;
/// On the other side of a change captures differ by at least this share of what stands
/// out.
const LEAST_STEP: f64 = 0.5;
/// A change leaves less than this share of what a train leaves unexplained.
const EXPLAINS: f64 = 0.5;

/// Something in a capture that may be a train.
#[derive(Debug, Clone)]
pub struct Standout {
    /// The capture.
    pub capture: usize,
    /// The chainage cells it covers.
    pub cells: Range<usize>,
}

/// The change of the track that it is rather than a train, where other captures say so.
///
/// `held`: per capture the chainage cells with trains, which are not compared;
/// `profile`: what stands out in its capture.
#[must_use]
pub fn lasting(
    view: &TrackView,
    held: &[Vec<bool>],
    profile: &Profile,
    thing: &Standout,
) -> Option<LastingChange> {
    Some(LastingChange {
        first: step(thing.capture, &differences(view, held, profile, thing))?,
        cells: thing.cells.clone(),
    })
}

/// Another capture, and by which share of what stands out in one it differs from that: none
/// where both look alike, all of it where the other shows the empty track.
type Difference = (usize, f64);

/// The captures that can be compared, in order of time.
fn differences(
    view: &TrackView,
    held: &[Vec<bool>],
    profile: &Profile,
    thing: &Standout,
) -> Vec<Difference> {
    let stretch = Flanked::new(view, thing.cells.clone());
    let own = stretch.beyond(view, thing.capture, &held[thing.capture]);
    let stands_out = |b: usize, j: usize| f64::from(profile.track[(b, j)]);
    let weight = |b: usize, j: usize| f64::from(profile.track_sigma[(b, j)]).powi(-2);
    let cells: Vec<(usize, usize)> = (0..profile.track.nrows())
        .flat_map(|b| thing.cells.clone().map(move |j| (b, j)))
        .filter(|(_, j)| profile.usable[*j] && view.seen[(thing.capture, *j)])
        .collect();
    let energy = |b: usize, j: usize| weight(b, j) * stands_out(b, j).powi(2);
    let whole: f64 = cells.iter().map(|(b, j)| energy(*b, *j)).sum();
    let difference = |other: usize| -> Option<Difference> {
        let shown = stretch.beyond(view, other, &held[other]);
        let (mut product, mut part) = (0.0, 0.0);
        for (b, j) in &cells {
            if view.seen[(other, *j)] && !held[other][*j] {
                let beyond = stretch.between((&own, &shown), *b, *j)?;
                let contrast = &view.contrast[*b];
                let more = contrast[(thing.capture, *j)] - contrast[(other, *j)] - beyond;
                product += weight(*b, *j) * stands_out(*b, *j) * more;
                part += energy(*b, *j);
            }
        }
        (part > LEAST_PART * whole).then(|| (other, product / part))
    };
    let before = (0..thing.capture).rev().filter_map(difference);
    let mut differences: Vec<Difference> = before.take(MOST_SIDE).collect();
    differences.reverse();
    let after = (thing.capture + 1..held.len()).filter_map(difference);
    differences.extend(after.take(MOST_SIDE));
    differences
}

/// The first capture after a change that explains the differences of a capture to others
/// better than a train in it, if one does.
fn step(capture: usize, differences: &[Difference]) -> Option<usize> {
    let off = |side: &[Difference], level: f64| -> f64 {
        side.iter().map(|(_, share)| (share - level).abs()).sum()
    };
    let level = |side: &[Difference]| {
        let shares: Vec<f64> = side.iter().map(|(_, share)| *share).collect();
        median(&shares)
    };
    let as_train = off(differences, level(differences)?.max(LEAST_STEP));
    // What is left unexplained, the first capture after the step, and whether the captures
    // alike are enough.
    let mut best: Option<(f64, usize, bool)> = None;
    for at in LEAST_SIDE..=differences.len().saturating_sub(LEAST_SIDE) {
        let (before, after) = differences.split_at(at);
        let (last, next) = (before[at - 1].0, after[0].0);
        // A capture between both sides may be the last before or the first after the step.
        let sides = [
            (capture < next, before, after, next),
            (capture > last, after, before, last + 1),
        ];
        for (_, own, other, first) in sides.into_iter().filter(|side| side.0) {
            let Some(step) = level(other).filter(|step| *step >= LEAST_STEP) else {
                continue;
            };
            let left = off(own, 0.0) + off(other, step);
            if best.is_none_or(|(least, ..)| left < least) {
                let alike = 1 + own.iter().filter(|(_, share)| *share < 0.5 * step).count();
                let unlike = (other.iter().filter(|(_, share)| *share > 0.5 * step)).count();
                let enough =
                    unlike >= LEAST_SIDE && (alike >= LEAST_OF_MINORITY || alike > other.len());
                best = Some((left, first, enough));
            }
        }
    }
    let (left, first, enough) = best?;
    (enough && left < EXPLAINS * as_train).then_some(first)
}

/// What a capture shows beyond both ends of a stretch, by band; `None` where that is too
/// little.
type Beyond = [Option<Vec<f64>>; 2];

/// A stretch of track, and what lies beyond its ends.
struct Flanked {
    cells: Range<usize>,
    flanks: [Range<usize>; 2],
    /// Cells of a flank that must be seen.
    least: usize,
}

impl Flanked {
    fn new(view: &TrackView, cells: Range<usize>) -> Self {
        let axis = view.chainage;
        let count = |m: f64| (m / axis.step_m).round() as usize;
        let gap = count(view.gsd_m.max(LEAST_GAP_M));
        let far = gap + count(FLANK_M);
        let left = cells.start.saturating_sub(far)..cells.start.saturating_sub(gap);
        let right = (cells.end + gap).min(axis.len)..(cells.end + far).min(axis.len);
        Self {
            cells,
            flanks: [left, right],
            least: count(LEAST_FLANK_M),
        }
    }

    fn beyond(&self, view: &TrackView, capture: usize, held: &[bool]) -> Beyond {
        self.flanks.clone().map(|flank| {
            let shown: Vec<usize> = flank
                .filter(|j| view.seen[(capture, *j)] && !held[*j])
                .collect();
            let level = |band: &DMatrix<f64>| {
                let shown: Vec<f64> = shown.iter().map(|j| band[(capture, *j)]).collect();
                median(&shown)
            };
            let enough = shown.len() >= self.least;
            (enough.then(|| view.contrast.iter().map(level).collect())).flatten()
        })
    }

    /// By how much more one capture shows than another at a cell of the stretch if only
    /// what lies beyond differs: on the line between both flanks, the same all along where
    /// only one is seen in both captures; `None` where none is.
    fn between(&self, (one, other): (&Beyond, &Beyond), band: usize, cell: usize) -> Option<f64> {
        let more = |i: usize| Some(one[i].as_ref()?[band] - other[i].as_ref()?[band]);
        let (left, right) = (more(0), more(1));
        let (left, right) = (left.or(right)?, right.or(left)?);
        let at = (cell - self.cells.start) as f64 + 0.5;
        Some(left + (right - left) * at / self.cells.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ndarray::{Array2, Array3};

    use super::*;
    use crate::strip::Axis;

    fn of(shares: &[f64], capture: usize) -> Vec<Difference> {
        let others = (0..).filter(|t| *t != capture);
        others.zip(shares.iter().copied()).collect()
    }

    #[test]
    fn a_train_looks_unlike_all_others() {
        assert_eq!(step(6, &of(&[1.0; 12], 6)), None);
        // A deck that changes with the season makes it more or less of one.
        let by_season = [0.6, 0.7, 0.6, 0.8, 0.7, 0.7, 1.3, 1.4, 1.2, 1.3, 1.4, 1.3];
        assert_eq!(step(6, &of(&by_season, 6)), None);
    }

    #[test]
    fn the_last_capture_before_a_change_looks_like_those_before_it() {
        let shares = [0.1, -0.1, 0.0, 0.2, 0.0, -0.1, 0.1, 0.0, 1.6, 1.5, 1.4, 1.6];
        assert_eq!(step(8, &of(&shares, 8)), Some(9));
        // Fewer than four captures do not show it.
        assert_eq!(step(8, &of(&shares[..11], 8)), None);
    }

    #[test]
    fn a_few_captures_alike_may_hold_wagons_that_stay() {
        let mut shares = [1.4; 16];
        shares[9..].fill(0.0);
        // With the capture itself six of sixteen, then eight.
        assert_eq!(step(9, &of(&shares[..14], 9)), None);
        assert_eq!(step(9, &of(&shares, 9)), Some(9));
    }

    const CELLS: usize = 120;
    /// What stands out: a dark stretch of 200 m.
    const THING: Range<usize> = 40..80;

    /// Twenty captures of a deck of uneven brightness. From capture `first` on the stretch is
    /// brighter; in capture 12 it is darker by `train`; each capture has a level and a slope
    /// of its own.
    fn view(first: usize, train: f64) -> TrackView {
        let deck = |j: usize| 0.02 * (j as f64 / 7.0).sin();
        let contrast = DMatrix::from_fn(20, CELLS, |t, j| {
            let own = (7 * t % 11) as f64 / 11.0 - 0.5;
            let beside = 0.1 * own + 0.2 * own * j as f64 / CELLS as f64;
            let inside = f64::from(u8::from(THING.contains(&j)));
            let brighter = 0.06 * inside * f64::from(u8::from(t >= first));
            let darker = train * inside * f64::from(u8::from(t == 12));
            deck(j) + beside + brighter - darker
        });
        TrackView {
            contrast: vec![contrast],
            seen: DMatrix::from_element(20, CELLS, true),
            sigma: vec![DMatrix::from_element(20, CELLS, 0.01)],
            beside: vec![Array3::zeros((1, 20, CELLS))],
            ground: vec![DMatrix::identity(20, 20)],
            noise: vec![1e-4],
            chainage: Axis {
                first_m: 0.0,
                step_m: 5.0,
                len: CELLS,
            },
            gsd_m: 10.0,
        }
    }

    fn profile() -> Profile {
        let inside = |j| f32::from(u8::from(THING.contains(&j)));
        let track = Array2::from_shape_fn((1, CELLS), |(_, j)| -0.04 * inside(j));
        let sigma = Array2::from_elem((1, CELLS), 0.01);
        Profile::seen_whole(view(20, 0.0).chainage, (track, sigma), (7.2, 10.0))
    }

    fn change(view: &TrackView, held: &[Vec<bool>]) -> Option<usize> {
        let thing = Standout {
            capture: 12,
            cells: THING,
        };
        lasting(view, held, &profile(), &thing).map(|change| change.first)
    }

    #[test]
    fn levels_and_slopes_of_captures_do_not_matter() {
        let none = vec![vec![false; CELLS]; 20];
        assert_eq!(change(&view(14, 0.0), &none), Some(14));
        assert_eq!(change(&view(20, 0.04), &none), None);
        // A train two captures before a change.
        assert_eq!(change(&view(14, 0.04), &none), None);
    }

    #[test]
    fn captures_with_trains_are_compared_by_what_is_free() {
        let mut held = vec![vec![false; CELLS]; 20];
        // Half of the stretch, the track beyond one end, and the whole stretch.
        held[10][60..100].fill(true);
        held[15][76..].fill(true);
        held[13].fill(true);
        assert_eq!(change(&view(14, 0.0), &held), Some(14));
        // Nothing to compare with.
        held.fill(vec![true; CELLS]);
        assert_eq!(change(&view(14, 0.0), &held), None);
    }
}
