//! Wagons that stand on the track over several captures, read off the track
//! before anything is predicted.
//!
//! Such wagons predict themselves: each of their captures finds them in the
//! others. What tells them from the track is that captures before and after do
//! not show them. On top of the model of the empty track, something that stands
//! there in the captures `u` adds `a u` with `a` unknown. A thing is added, or taken away
//! again, wherever that makes the series more likely (a greedy search for the
//! most probable set, with the exact marginal likelihood of each set).
//!
//! Everything that makes the series more likely takes part in the search, trains
//! of one capture and changes for good as well, so that none passes for another;
//! only what stands in several captures and goes again is given back.

use std::ops::Range;

use nalgebra::{Cholesky, DMatrix};

use super::emission::Prior;
use super::empty_track::{Model, TrackView, windows};

/// Most evidence, natural log, that one block may bring: one bright lorry must
/// not make a train.
const MOST_A_BLOCK: f64 = 12.0;
/// Evidence that a thing needs.
const LEAST_EVIDENCE: f64 = 16.0;
/// It is taken away again if this much of it is gone when others are known.
const SLACK: f64 = 4.0;
/// Further evidence for a thing in several captures, and for one that lasts to
/// an end of the series.
const SEVERAL: f64 = 4.0;
/// See [`SEVERAL`].
const FOR_GOOD: f64 = 10.0;
/// Longest stay, captures.
const LONGEST: usize = 16;
/// Captures that must show a stay.
const SHORTEST: usize = 3;
/// Captures that must show the place at all: fewer do not tell which of two
/// states is the empty track.
const LEAST_SHOWN: usize = 20;
/// The captures without a stay are at least so many times those with it, less one.
const EXCEPTION: usize = 3;
/// Evidence of a stay to be believed: it silences its captures as predictors.
const LEAST_OF_STAY: f64 = 20.0;
/// Most things in one window.
const MOST_THINGS: usize = 200;

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

/// What stands on the track for several captures and then goes, in order of time.
#[must_use]
pub fn standing(view: &TrackView, prior: Prior) -> Vec<Standing> {
    let captures = view.seen.nrows();
    let mut found: Vec<Standing> = windows(captures)
        .filter_map(|window| Some((Search::new(Model::new(view, &window, prior)?), window)))
        .flat_map(|(mut search, window)| {
            search.run();
            search.stays(window.start)
        })
        .collect();
    found.sort_by_key(|s| (s.captures.start, s.captures.end, s.cells.start));
    found.dedup_by(|a, b| a.captures == b.captures && a.cells == b.cells);
    found
}

/// Something on consecutive blocks in consecutive captures.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Thing {
    captures: Range<usize>,
    blocks: Range<usize>,
}

/// The search for what makes the series most likely.
struct Search {
    model: Model,
    things: Vec<Thing>,
    /// Captures in which a thing might be.
    runs: Vec<Range<usize>>,
    /// Run × block: evidence of a further thing there.
    gains: DMatrix<f64>,
}

impl Search {
    fn new(model: Model) -> Self {
        let runs = runs(model.captures);
        let mut search = Self {
            gains: DMatrix::zeros(runs.len(), model.blocks.len()),
            things: Vec::new(),
            runs,
            model,
        };
        for k in 0..search.model.blocks.len() {
            search.weigh(k);
        }
        search
    }

    fn run(&mut self) {
        for step in 1..=MOST_THINGS {
            let Some((evidence, thing)) = self.best() else {
                break;
            };
            if evidence < LEAST_EVIDENCE {
                break;
            }
            let blocks = thing.blocks.clone();
            self.things.push(self.sharpened(thing));
            blocks.for_each(|k| self.weigh(k));
            if step % 5 == 0 {
                self.prune();
            }
        }
        self.prune();
    }

    /// What stands in several captures and is gone at the end, with captures
    /// counted from `first`.
    fn stays(&self, first: usize) -> Vec<Standing> {
        let stays = self.things.iter().enumerate();
        let stays = stays.filter(|(_, thing)| self.is_stay(thing));
        stays
            .map(|(i, thing)| Standing {
                evidence: self.evidence(i),
                captures: thing.captures.start + first..thing.captures.end + first,
                cells: self.model.blocks[thing.blocks.start].start
                    ..self.model.blocks[thing.blocks.end - 1].end,
            })
            .filter(|stay| stay.evidence >= LEAST_OF_STAY)
            .collect()
    }

    /// Whether a thing stands in several captures and is the exception: what most
    /// captures show, or most of the track, is the empty track.
    fn is_stay(&self, thing: &Thing) -> bool {
        let shows = |t: &usize| {
            let seen = |k: &usize| self.model.seen[*k].binary_search(t).is_ok();
            2 * thing.blocks.clone().filter(seen).count() > thing.blocks.len()
        };
        let all = (0..self.model.captures).filter(shows).count();
        let with = thing.captures.clone().filter(shows).count();
        thing.captures.len() <= LONGEST
            && with >= SHORTEST
            && all >= LEAST_SHOWN
            && EXCEPTION * with <= all
            && 2 * thing.blocks.len() <= self.model.blocks.len()
    }

    /// Captures of the things on block `k`, but for one thing.
    fn on(&self, k: usize, but: Option<usize>) -> Vec<Range<usize>> {
        (self.things.iter().enumerate())
            .filter(|(i, t)| Some(*i) != but && t.blocks.contains(&k))
            .map(|(_, t)| t.captures.clone())
            .collect()
    }

    /// Evidence of a thing when all others are known.
    fn evidence(&self, thing: usize) -> f64 {
        let found = &self.things[thing];
        (found.blocks.clone())
            .map(|k| {
                let mut things = self.on(k, Some(thing));
                let without = self.model.log_likelihood(k, &things);
                things.push(found.captures.clone());
                (self.model.log_likelihood(k, &things) - without).min(MOST_A_BLOCK)
            })
            .sum()
    }

    /// Takes away what others explain.
    fn prune(&mut self) {
        loop {
            let weakest = (0..self.things.len())
                .map(|i| (self.evidence(i), i))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            let Some((evidence, i)) = weakest else { return };
            if evidence >= LEAST_EVIDENCE - SLACK {
                return;
            }
            let gone = self.things.remove(i);
            gone.blocks.for_each(|k| self.weigh(k));
        }
    }

    /// The run and stretch with most evidence: for each run the stretch of
    /// greatest sum (Kadane's algorithm).
    fn best(&self) -> Option<(f64, Thing)> {
        let mut best: Option<(f64, Thing)> = None;
        for (r, run) in self.runs.iter().enumerate() {
            let cost = cost(run);
            let (mut sum, mut from) = (0.0, 0);
            for (k, gain) in self.gains.row(r).iter().enumerate() {
                if sum <= 0.0 {
                    (sum, from) = (0.0, k);
                }
                sum += gain.min(MOST_A_BLOCK);
                if sum > 0.0 && best.as_ref().is_none_or(|(most, _)| sum - cost > *most) {
                    let thing = Thing {
                        captures: run.clone(),
                        blocks: from..k + 1,
                    };
                    best = Some((sum - cost, thing));
                }
            }
        }
        best
    }

    /// The same stretch in the captures that fit it best: with the evidence of
    /// a block limited, many runs weigh alike.
    fn sharpened(&self, thing: Thing) -> Thing {
        let of = |r: usize| -> f64 {
            let blocks = thing.blocks.clone();
            blocks.map(|k| self.gains[(r, k)]).sum::<f64>() - cost(&self.runs[r])
        };
        let best = (0..self.runs.len())
            .filter(|r| {
                let run = &self.runs[*r];
                run.start < thing.captures.end && thing.captures.start < run.end
            })
            .max_by(|a, b| of(*a).total_cmp(&of(*b)));
        Thing {
            captures: best.map_or(thing.captures, |r| self.runs[r].clone()),
            blocks: thing.blocks,
        }
    }

    /// Evidence of one more thing on block `k`, for every run of captures.
    ///
    /// A contrast `a ~ N(0, τ²)` common to the captures `u` has the statistic
    /// `uᵀΛy` with information `uᵀΛu`, both differences of cumulated sums.
    fn weigh(&mut self, k: usize) {
        let things = self.on(k, None);
        let mut gains = vec![0.0; self.runs.len()];
        for band in &self.model.bands {
            let Some(factor) = Cholesky::new(self.model.covariance(band, k, &things)) else {
                continue;
            };
            let contrast = self.model.contrast(band, k);
            let sums = Sums::new(
                &factor.inverse(),
                &factor.solve(&contrast),
                (&self.model.seen[k], self.model.captures),
            );
            for (gain, run) in gains.iter_mut().zip(&self.runs) {
                *gain += self.model.temper * sums.evidence(run, self.model.variance);
            }
        }
        for (r, gain) in gains.into_iter().enumerate() {
            let run = &self.runs[r];
            // Trains still run where something has changed for good.
            let for_good = |r: &Range<usize>| r.len() > LONGEST;
            let taken = |t: &Range<usize>| {
                t.start < run.end && run.start < t.end && for_good(t) == for_good(run)
            };
            self.gains[(r, k)] = if things.iter().any(taken) {
                f64::NEG_INFINITY
            } else {
                gain
            };
        }
    }
}

/// What a thing in several captures must bring beyond one in one capture.
fn cost(run: &Range<usize>) -> f64 {
    match run.len() {
        1 => 0.0,
        n if n <= LONGEST => SEVERAL,
        _ => SEVERAL + FOR_GOOD,
    }
}

/// Single captures, runs of consecutive ones, and what lasts to an end.
fn runs(captures: usize) -> Vec<Range<usize>> {
    let short = (0..captures).flat_map(move |from| {
        let last = (from + LONGEST).min(captures);
        (from + 1..=last).map(move |to| from..to)
    });
    let late = (0..captures.saturating_sub(LONGEST)).map(|from| from..captures);
    let early = (LONGEST + 1..captures).map(|to| 0..to);
    short.chain(late).chain(early).collect()
}

/// Sums over the captures before the one of a row (and of a column).
struct Sums {
    information: DMatrix<f64>,
    /// Capture × cell.
    score: DMatrix<f64>,
}

impl Sums {
    fn new(
        precision: &DMatrix<f64>,
        pulled: &DMatrix<f64>,
        (seen, captures): (&[usize], usize),
    ) -> Self {
        let mut information = DMatrix::zeros(captures + 1, captures + 1);
        let mut score = DMatrix::zeros(captures + 1, pulled.ncols());
        for (i, t) in seen.iter().enumerate() {
            for (j, k) in seen.iter().enumerate() {
                information[(t + 1, k + 1)] = precision[(i, j)];
            }
            score.row_mut(t + 1).copy_from(&pulled.row(i));
        }
        for t in 0..captures {
            for k in 0..captures {
                information[(t + 1, k + 1)] +=
                    information[(t, k + 1)] + information[(t + 1, k)] - information[(t, k)];
            }
            let before = score.row(t).into_owned();
            let mut row = score.row_mut(t + 1);
            row += before;
        }
        Self { information, score }
    }

    fn evidence(&self, run: &Range<usize>, variance: f64) -> f64 {
        let of = |i: usize, j: usize| self.information[(i, j)];
        let information = of(run.end, run.end) - of(run.start, run.end) - of(run.end, run.start)
            + of(run.start, run.start);
        if information <= 0.0 {
            return 0.0;
        }
        let energy: f64 = (self.score.row(run.end).iter())
            .zip(self.score.row(run.start).iter())
            .map(|(to, from)| (to - from).powi(2))
            .sum();
        let cells = self.score.ncols() as f64;
        0.5 * (energy / (1.0 / variance + information)
            - cells * (1.0 + variance * information).ln())
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::*;
    use crate::strip::Axis;

    const CELLS: usize = 300;

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
        let ground = DMatrix::from_fn(captures, captures, |t, k| {
            let own = f64::from(u8::from(t == k));
            1e-3 * (season(t) * season(k) + 0.2 * own)
        });
        TrackView {
            contrast: vec![contrast.clone(), contrast],
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

    fn within(t: usize, captures: Range<usize>, j: usize, cells: Range<usize>) -> bool {
        captures.contains(&t) && cells.contains(&j)
    }

    #[test]
    fn wagons_of_several_captures_are_found_where_they_stand() {
        let wagons = |t, j| {
            if within(t, 12..18, j, 120..150) {
                -0.12
            } else {
                0.0
            }
        };
        let found = standing(&view(40, wagons), Prior::OPTICAL);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].captures, 12..18);
        assert!(found[0].cells.start.abs_diff(120) <= 4);
        assert!(found[0].cells.end.abs_diff(150) <= 4);
        assert!(found[0].evidence > LEAST_OF_STAY);
    }

    #[test]
    fn a_train_of_one_capture_and_a_change_for_good_are_no_stays() {
        let train = |t, j| {
            if within(t, 9..10, j, 60..110) {
                0.15
            } else {
                0.0
            }
        };
        assert!(standing(&view(40, train), Prior::OPTICAL).is_empty());
        let change = |t, j| {
            if within(t, 22..40, j, 200..220) {
                0.1
            } else {
                0.0
            }
        };
        assert!(standing(&view(40, change), Prior::OPTICAL).is_empty());
        assert!(standing(&view(40, |_, _| 0.0), Prior::OPTICAL).is_empty());
    }

    #[test]
    fn few_captures_do_not_tell_which_state_is_the_empty_one() {
        let wagons = |t, j| {
            if within(t, 5..9, j, 120..150) {
                -0.12
            } else {
                0.0
            }
        };
        assert!(standing(&view(16, wagons), Prior::OPTICAL).is_empty());
    }

    #[test]
    fn windows_cover_long_series() {
        let all: Vec<Range<usize>> = windows(150).collect();
        assert_eq!(all, [0..64, 32..96, 64..128, 96..150]);
        assert_eq!(windows(10).collect::<Vec<_>>(), vec![0..10]);
    }
}
