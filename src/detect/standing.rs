//! Wagons that stand on the track over several captures, read off the track
//! before anything is predicted.
//!
//! Such wagons predict themselves: each of their captures finds them in the
//! others. What tells them from the track is that captures before and after do
//! not show them. The contrast of the empty track at one chainage is a Gaussian
//! vector over the captures, whose covariance is learnt from the ground beside
//! the track and from the whole of the track; something that stands there in
//! the captures `u` adds `a u` with `a` unknown. A thing is added, or taken away
//! again, wherever that makes the series more likely (a greedy search for the
//! most probable set, with the exact marginal likelihood of each set).
//!
//! Everything that makes the series more likely takes part in the search, trains
//! of one capture and changes for good as well, so that none passes for another;
//! only what stands in several captures and goes again is given back.

use std::ops::Range;

use nalgebra::{Cholesky, DMatrix};

use super::covariance::with_gaps;
use super::emission::Prior;
use super::segment::independent_share;
use crate::stats::{MAD_TO_SIGMA, median};
use crate::strip::Axis;

/// Length of the blocks that are decided as one, m.
const BLOCK_M: f64 = 20.0;
/// Share of the covariance that is learnt on the track itself. The ground has
/// more cells and no trains, the track is what the model is of.
const TRACK_SHARE: f64 = 0.3;
/// What differs from the prediction over more than this length is no train, m.
const DRIFT_M: f64 = 350.0;
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
/// Evidence of a stay to be believed: it silences its captures as predictors.
const LEAST_OF_STAY: f64 = 20.0;
/// Share of the contrast that is the same in all captures of a stay; light and
/// season change the rest.
const SAME: f64 = 0.8;
/// Share of a band's information that other bands do not have already.
const BAND_SHARE: f64 = 0.6;
/// Captures considered at once, and how far apart such windows begin: the cost
/// grows with the cube of the first.
const WINDOW: (usize, usize) = (64, 32);
/// Bounds of the noise of one capture against the model of all.
const RESTLESS: (f64, f64) = (1.0, 5.0);
/// The noise of a block is not taken below this share of the model's variance.
const LEAST_LOCAL: f64 = 0.5;
/// Most things in one window.
const MOST_THINGS: usize = 200;

/// What the captures of a series show on the track, not compared with anything.
#[derive(Debug, Clone)]
pub struct TrackView {
    /// Per band: capture × chainage cell, in the units of the strip.
    pub contrast: Vec<DMatrix<f64>>,
    /// Capture × chainage cell: whether the contrast can be used.
    pub seen: DMatrix<bool>,
    /// Per band: covariance of the captures on the ground beside the track.
    pub ground: Vec<DMatrix<f64>>,
    /// Per band: variance of the noise of one contrast.
    pub noise: Vec<f64>,
    /// Cells along the track, m.
    pub chainage: Axis,
    /// Ground sample distance of the captures, m.
    pub gsd_m: f64,
}

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

fn windows(captures: usize) -> impl Iterator<Item = Range<usize>> {
    let (len, step) = WINDOW;
    let last = captures.saturating_sub(len).div_ceil(step);
    (0..=last).map(move |i| i * step..(i * step + len).min(captures))
}

/// The Gaussian model of the empty track over the captures of one window.
struct Model {
    /// Per band.
    bands: Vec<BandModel>,
    /// Chainage cells decided as one.
    blocks: Vec<Range<usize>>,
    /// Per block: the captures that see all of it.
    seen: Vec<Vec<usize>>,
    captures: usize,
    /// Variance of a train's contrast.
    variance: f64,
    /// Share of independent information in one sample of one band.
    temper: f64,
}

struct BandModel {
    /// Capture × cell: contrast less what is common to the capture.
    contrast: DMatrix<f64>,
    covariance: DMatrix<f64>,
    /// Per block: variance against the covariance.
    scale: Vec<f64>,
}

impl Model {
    fn new(view: &TrackView, window: &Range<usize>, prior: Prior) -> Option<Self> {
        let rows: Vec<usize> = window.clone().collect();
        let seen = view.seen.select_rows(&rows);
        let blocks = blocks(view.chainage);
        let bands = (0..view.contrast.len())
            .map(|b| {
                let ground = view.ground[b].select_rows(&rows).select_columns(&rows);
                let contrast = view.contrast[b].select_rows(&rows);
                let half = (DRIFT_M / view.chainage.step_m) as usize;
                BandModel::new(contrast, &seen, (&ground, view.noise[b]), (&blocks, half))
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            bands,
            seen: (blocks.iter())
                .map(|block| {
                    let all = |t: &usize| block.clone().all(|j| seen[(*t, j)]);
                    (0..rows.len()).filter(all).collect()
                })
                .collect(),
            blocks,
            captures: rows.len(),
            variance: prior.tau.powi(2),
            temper: BAND_SHARE * independent_share(view.chainage.step_m, view.gsd_m),
        })
    }

    /// Covariance of the captures that see block `k`, with these things on it.
    fn covariance(&self, band: &BandModel, k: usize, things: &[Range<usize>]) -> DMatrix<f64> {
        let seen = &self.seen[k];
        let mut out = band.covariance.select_rows(seen).select_columns(seen) * band.scale[k];
        for thing in things {
            let held: Vec<usize> = (0..seen.len())
                .filter(|i| thing.contains(&seen[*i]))
                .collect();
            for i in &held {
                for j in &held {
                    let share = if i == j { 1.0 } else { SAME };
                    out[(*i, *j)] += share * self.variance;
                }
            }
        }
        out
    }

    /// Contrast of one band of block `k` in the captures that see it.
    fn contrast(&self, band: &BandModel, k: usize) -> DMatrix<f64> {
        let block = &self.blocks[k];
        let columns = band.contrast.columns(block.start, block.len());
        columns.select_rows(&self.seen[k])
    }

    /// Log likelihood of block `k` with these things on it.
    fn log_likelihood(&self, k: usize, things: &[Range<usize>]) -> f64 {
        let of = |band: &BandModel| {
            let Some(factor) = Cholesky::new(self.covariance(band, k, things)) else {
                return 0.0;
            };
            let contrast = self.contrast(band, k);
            let energy = contrast.dot(&factor.solve(&contrast));
            -0.5 * (energy + contrast.ncols() as f64 * factor.determinant().ln())
        };
        self.temper * self.bands.iter().map(of).sum::<f64>()
    }
}

impl BandModel {
    fn new(
        mut contrast: DMatrix<f64>,
        seen: &DMatrix<bool>,
        (ground, noise): (&DMatrix<f64>, f64),
        (blocks, drift): (&[Range<usize>], usize),
    ) -> Option<Self> {
        for (mut row, seen) in contrast.row_iter_mut().zip(seen.row_iter()) {
            let shown: Vec<f64> = (row.iter().zip(seen.iter()))
                .filter(|(_, s)| **s)
                .map(|(v, _)| *v)
                .collect();
            let level = median(&shown).unwrap_or(0.0);
            row.add_scalar_mut(-level);
        }
        let own = with_gaps(&contrast, seen)?;
        let share = (1.0 - TRACK_SHARE) * own.trace() / ground.trace();
        let mut covariance = own * TRACK_SHARE + ground * share;
        for i in 0..covariance.nrows() {
            covariance[(i, i)] += noise;
        }
        let scores = left_out(&covariance, &contrast, seen)?;
        take_drift(&mut contrast, &scores, drift);
        let scores = left_out(&covariance, &contrast, seen)?;
        let restless: Vec<f64> = (scores.value.row_iter())
            .map(|row| spread(row.iter().copied()).unwrap_or(RESTLESS.0))
            .map(|s| s.clamp(RESTLESS.0, RESTLESS.1))
            .collect();
        for (i, a) in restless.iter().enumerate() {
            for (j, b) in restless.iter().enumerate() {
                covariance[(i, j)] *= a * b;
            }
        }
        let scale = (blocks.iter().enumerate())
            .map(|(k, block)| {
                let next = blocks.get(k + 1).unwrap_or(block);
                let from = blocks[k.saturating_sub(1)].start;
                let near = (from..next.end).flat_map(|j| {
                    let column = scores.value.column(j);
                    let own = column.iter().zip(&restless).map(|(v, r)| v / r);
                    own.collect::<Vec<f64>>()
                });
                spread(near).map_or(1.0, |s| (s * s).max(LEAST_LOCAL))
            })
            .collect();
        Some(Self {
            contrast,
            covariance,
            scale,
        })
    }
}

/// Robust scale about zero of the finite values; `None` for few.
fn spread(values: impl Iterator<Item = f64>) -> Option<f64> {
    let sizes: Vec<f64> = values.filter(|v| v.is_finite()).map(f64::abs).collect();
    (sizes.len() > 20)
        .then(|| median(&sizes))
        .flatten()
        .map(|m| m * MAD_TO_SIGMA)
}

/// Each capture against what the others say of it.
struct LeftOut {
    /// Capture × cell: difference over its sigma; NaN where not seen.
    value: DMatrix<f64>,
    /// Per capture: a typical sigma.
    sigma: Vec<f64>,
}

/// Leave-one-out residuals of a Gaussian: `(Λ a)ₜ / √Λₜₜ` with the precision
/// `Λ` of the captures that see a cell (Rue and Held 2005, theorem 2.3).
fn left_out(
    covariance: &DMatrix<f64>,
    contrast: &DMatrix<f64>,
    seen: &DMatrix<bool>,
) -> Option<LeftOut> {
    let (captures, cells) = contrast.shape();
    let mut value = DMatrix::from_element(captures, cells, f64::NAN);
    let mut sigmas = vec![Vec::new(); captures];
    let mut last: Option<(Vec<usize>, DMatrix<f64>)> = None;
    for j in 0..cells {
        let shown: Vec<usize> = (0..captures).filter(|t| seen[(*t, j)]).collect();
        if shown.len() < 3 {
            continue;
        }
        let known = last.take().filter(|(s, _)| *s == shown);
        let (shown, precision) = match known {
            Some(known) => known,
            None => {
                let part = covariance.select_rows(&shown).select_columns(&shown);
                (shown, Cholesky::new(part)?.inverse())
            }
        };
        let own = contrast.column(j).select_rows(&shown);
        let pulled = &precision * own;
        for (i, t) in shown.iter().enumerate() {
            let root = precision[(i, i)].sqrt();
            value[(*t, j)] = pulled[i] / root;
            sigmas[*t].push(1.0 / root);
        }
        last = Some((shown, precision));
    }
    Some(LeftOut {
        value,
        sigma: (sigmas.iter()).map(|s| median(s).unwrap_or(0.0)).collect(),
    })
}

/// Takes off what a capture differs by over long stretches: a running median
/// over `half` cells to both sides.
fn take_drift(contrast: &mut DMatrix<f64>, scores: &LeftOut, half: usize) {
    let cells = contrast.ncols();
    let stride = (half / 16).max(1);
    for (t, mut row) in contrast.row_iter_mut().enumerate() {
        for from in (0..cells).step_by(stride) {
            let near = from.saturating_sub(half)..(from + half + 1).min(cells);
            let near: Vec<f64> = near
                .map(|j| scores.value[(t, j)])
                .filter(|v| v.is_finite())
                .collect();
            let drift = median(&near).unwrap_or(0.0) * scores.sigma[t];
            for j in from..(from + stride).min(cells) {
                row[j] -= drift;
            }
        }
    }
}

/// Blocks of about [`BLOCK_M`]; the last takes the rest.
fn blocks(chainage: Axis) -> Vec<Range<usize>> {
    let len = ((BLOCK_M / chainage.step_m).round() as usize).max(1);
    let count = (chainage.len / len).max(1);
    (0..count)
        .map(|k| {
            let end = if k + 1 == count {
                chainage.len
            } else {
                (k + 1) * len
            };
            k * len..end
        })
        .collect()
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
        let stays = self.things.iter().enumerate().filter(|(_, thing)| {
            let shown = thing.captures.clone().filter(|t| {
                let seen = |k: &usize| self.model.seen[*k].binary_search(t).is_ok();
                2 * thing.blocks.clone().filter(seen).count() > thing.blocks.len()
            });
            thing.captures.len() <= LONGEST && shown.count() >= SHORTEST
        });
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
            let taken = |t: &Range<usize>| t.start < run.end && run.start < t.end;
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
