//! The things on a track that make a series most likely: a greedy search for the
//! most probable set, with the exact marginal likelihood of each set.
//!
//! On top of the model of the empty track, something that stands there in the
//! captures `u` adds `a u` with `a` unknown. A thing is added, or taken away again,
//! wherever that makes the series more likely.

use std::ops::Range;

use nalgebra::{Cholesky, DMatrix};

use super::sections::Sections;

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
/// What a thing costs with every block: ends are where it stops to be seen.
const BLOCK_COST: f64 = 1.0;
/// Longest stay, captures; what stands there longer has changed for good.
pub(super) const LONGEST: usize = 16;
/// Most things in one window.
const MOST_THINGS: usize = 200;

/// Something on consecutive blocks in consecutive captures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) captures: Range<usize>,
    pub(super) blocks: Range<usize>,
}

/// The search for what makes the series most likely.
pub(super) struct Search {
    pub(super) model: Sections,
    pub(super) things: Vec<Thing>,
    /// Things that looked likely and are not.
    refused: Vec<Thing>,
    /// Captures in which a thing might be.
    runs: Vec<Range<usize>>,
    /// Run × block: evidence of a further thing there.
    gains: DMatrix<f64>,
}

impl Search {
    pub(super) fn new(model: Sections) -> Self {
        let runs = runs(model.captures);
        let mut search = Self {
            gains: DMatrix::zeros(runs.len(), model.blocks.len()),
            things: Vec::new(),
            refused: Vec::new(),
            runs,
            model,
        };
        for k in 0..search.model.blocks.len() {
            search.weigh(k);
        }
        search
    }

    /// Adds things, and takes them away again, until nothing gains by it.
    pub(super) fn run(&mut self) {
        for step in 1..=MOST_THINGS {
            let Some((evidence, thing)) = self.best() else {
                break;
            };
            if evidence < LEAST_EVIDENCE {
                break;
            }
            let blocks = thing.blocks.clone();
            let parts = self.parts(self.sharpened(thing.clone()));
            if parts.is_empty() {
                self.refused.push(thing);
            }
            self.things.extend(parts);
            blocks.for_each(|k| self.weigh(k));
            if step % 5 == 0 {
                self.prune();
            }
        }
        self.prune();
    }

    /// How many of some captures show a thing's place.
    pub(super) fn shown(&self, thing: &Thing, captures: Range<usize>) -> usize {
        let shows = |t: &usize| {
            let seen = |k: &usize| self.model.seen[*k].binary_search(t).is_ok();
            2 * thing.blocks.clone().filter(seen).count() > thing.blocks.len()
        };
        captures.filter(shows).count()
    }

    /// The chainage cells of a thing.
    pub(super) fn cells(&self, thing: &Thing) -> Range<usize> {
        self.model.blocks[thing.blocks.start].start..self.model.blocks[thing.blocks.end - 1].end
    }

    /// Captures of the things on block `k`, but for one thing.
    fn on(&self, k: usize, but: Option<usize>) -> Vec<Range<usize>> {
        (self.things.iter().enumerate())
            .filter(|(i, t)| Some(*i) != but && t.blocks.contains(&k))
            .map(|(_, t)| t.captures.clone())
            .collect()
    }

    /// Evidence of a thing when all others are known.
    pub(super) fn evidence(&self, thing: usize) -> f64 {
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
                sum += gain.min(MOST_A_BLOCK) - BLOCK_COST;
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

    /// What explains the stretch of a thing best: the thing itself; trains of single
    /// captures, for trains of much the same colours may stand there one after
    /// another; or nothing.
    fn parts(&self, thing: Thing) -> Vec<Thing> {
        if thing.captures.len() < 2 || thing.captures.len() > LONGEST {
            return vec![thing];
        }
        let likelihood = |further: &[Range<usize>]| -> f64 {
            let of_block = |k: usize| {
                let things = [self.on(k, None).as_slice(), further].concat();
                self.model.log_likelihood(k, &things)
            };
            thing.blocks.clone().map(of_block).sum()
        };
        let one = BLOCK_COST * thing.blocks.len() as f64;
        let whole = likelihood(std::slice::from_ref(&thing.captures)) - one - SEVERAL;
        let (mut singles, mut most) = (Vec::new(), likelihood(&[]));
        loop {
            let with = |t: usize| {
                let mut all = singles.clone();
                all.push(t..t + 1);
                all
            };
            let next = (thing.captures.clone())
                .filter(|t| !singles.contains(&(*t..t + 1)))
                .map(|t| (likelihood(&with(t)) - one * (1 + singles.len()) as f64, t))
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .filter(|(likelihood, _)| *likelihood > most);
            let Some((likelihood, t)) = next else { break };
            most = likelihood;
            singles.push(t..t + 1);
        }
        if whole >= most {
            return vec![thing];
        }
        let single = |captures| Thing {
            captures,
            blocks: thing.blocks.clone(),
        };
        singles.into_iter().map(single).collect()
    }

    /// Evidence of one more thing on block `k`, for every run of captures.
    ///
    /// A contrast `a ~ N(0, τ²)` common to the captures `u` has the statistic
    /// `uᵀΛy` with information `uᵀΛu`, both differences of cumulated sums.
    fn weigh(&mut self, k: usize) {
        let things = self.on(k, None);
        let mut gains = vec![0.0; self.runs.len()];
        for band in 0..self.model.bands() {
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
            let refused = |t: &Thing| t.captures == *run && t.blocks.contains(&k);
            self.gains[(r, k)] = if things.iter().any(taken) || self.refused.iter().any(refused) {
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
