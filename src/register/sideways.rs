//! How far the track of a capture lies beside where other captures show it, once the
//! ground of all is registered.
//!
//! A deck stands above the ground and, seen at an angle, moves against it by
//! height × tan(angle): by metres in pictures of 1 m, most in the middle of a bridge and
//! little on its banks. A translation of the capture is right for one of them at best.
//! Edges of deck, bed and rails run along the track; section by section their profile
//! across is laid over that of the other captures, and what neighbouring sections say
//! goes together (Viterbi 1967), for a train has edges of its own.

use std::ops::Range;

use super::anchors::anchors;
use crate::stats::median;
use crate::strip::{Axis, Strip};

/// Distance of the sections' middles, m; each reaches as far to both sides. Abutments
/// and trusses are longer.
const SECTION_M: f64 = 50.0;
/// Half width of the profile that is compared, m: deck and bed.
const HALF_M: f64 = 9.0;
/// Farthest displacement that is searched, m: a deck 14 m high seen at 23°.
const REACH_M: f64 = 6.0;
/// How displacements of neighbouring sections differ, 1 sigma, m: by metres only at an
/// abutment.
const STEP_SIGMA_M: f64 = 1.0;
/// How far tracks are displaced, 1 sigma, m.
const SIGMA_M: f64 = 3.0;
/// Edges beyond this many medians say no more than this one does.
const CLIP: f32 = 8.0;
/// Every how many rows the median is taken.
const MEDIAN_STRIDE: usize = 4;
/// Share of a section that must be clear on the whole profile.
const LEAST_CLEAR: f64 = 0.5;
/// Rounds of captures against their consensus.
const ROUNDS: usize = 4;
/// Captures from which there is a consensus.
const LEAST_CAPTURES: usize = 3;
/// What a displaced track must be likelier by than one in its place, natural log …
const LEAST_GAIN: f64 = 4.0;
/// … beyond what the best of all displacements gains by chance, a section.
const BY_CHANCE: f64 = 0.5;
/// What it must be likelier by on either side of the track for itself, times the root of
/// the number of sections, for by so much a side without edges differs by chance: a deck
/// seen at an angle moves with both its edges, the shadow of a low sun moves one.
const LEAST_OF_SIDE: f64 = 0.6;
/// By how much more it must be displaced at one place than at another, in pixels: what
/// is less, the gradients of the background take up. All of it alike must be by twice as
/// much: shadows beside a deck move its edges when the sun is low.
const LEAST_PX: f64 = 0.5;

/// Per capture and chainage cell by how much its track lies to the right of that of the
/// others, m, their median; `None` where it lies there, or nothing says that it does not.
///
/// `strips` are the captures of one series with pixels of `pixel_m`. Fewer than three are
/// left where they are.
#[must_use]
pub fn sideways(strips: &[&Strip], pixel_m: f64) -> Vec<Option<Vec<f64>>> {
    let Some(search) = strips.first().map(|s| Search::new(s, pixel_m)) else {
        return Vec::new();
    };
    let captures: Vec<Sections> = strips.iter().map(|s| search.sections(s)).collect();
    let shares: Vec<f64> = captures.iter().map(Sections::seen_share).collect();
    let members = anchors(&shares);
    if members.len() < LEAST_CAPTURES {
        return vec![None; strips.len()];
    }
    let still = vec![0.0; search.middles_m.len()];
    let mut lies: Vec<Lie> = vec![Lie::at(still); strips.len()];
    for round in 0..ROUNDS {
        centre(&mut lies, &captures, &members);
        let before = lies.clone();
        let last = round + 1 == ROUNDS;
        for (t, (capture, lie)) in captures.iter().zip(&mut lies).enumerate() {
            if !last && !members.contains(&t) {
                continue;
            }
            let others = members.iter().filter(|m| **m != t);
            let others: Vec<(&Sections, &[f64])> = others
                .map(|m| (&captures[*m], before[*m].moved_m.as_slice()))
                .collect();
            *lie = search.place(capture, &others);
        }
    }
    lies.iter().map(|lie| search.along(lie)).collect()
}

/// The profile across of each section of one capture; `None` where too little is clear.
struct Sections(Vec<Option<Vec<f64>>>);

impl Sections {
    fn seen_share(&self) -> f64 {
        self.0.iter().flatten().count() as f64 / self.0.len().max(1) as f64
    }
}

/// Where the sections of a capture lie.
#[derive(Clone)]
struct Lie {
    /// To the right of the consensus, m.
    moved_m: Vec<f64>,
    /// What this is likelier by than no displacement.
    gain: Gain,
    /// The same against all sections displaced alike.
    bent: Gain,
}

/// What one placing is likelier by than another, natural log.
#[derive(Clone, Copy, Default)]
struct Gain {
    /// Beyond what chance does.
    whole: f64,
    /// By what lies to the left of the track, and to the right, over the root of the
    /// number of sections.
    sides: [f64; 2],
}

impl Gain {
    fn is_evidence(self) -> bool {
        self.whole >= LEAST_GAIN && self.sides.iter().all(|side| *side >= LEAST_OF_SIDE)
    }
}

impl Lie {
    fn at(moved_m: Vec<f64>) -> Self {
        Self {
            moved_m,
            gain: Gain::default(),
            bent: Gain::default(),
        }
    }
}

/// What each displacement of a section is worth, from the leftmost on.
struct Scores {
    whole: Vec<f64>,
    /// What the others agree on, and the profile by displacement; `None` where the section
    /// is not shown.
    compared: Option<(Vec<f64>, Vec<Vec<f64>>)>,
}

struct Search {
    chainage: Axis,
    offset: Axis,
    /// Chainages of the sections, m, symmetric about the middle of the track.
    middles_m: Vec<f64>,
    pixel_m: f64,
    /// Farthest displacement, cells.
    reach: usize,
    /// Half width of the profile, cells.
    half: usize,
}

impl Search {
    fn new(strip: &Strip, pixel_m: f64) -> Self {
        let (chainage, offset) = (strip.chainage, strip.offset);
        let cells = |m: f64| (m / offset.step_m).round() as usize;
        let room = offset.len.saturating_sub(1) / 2;
        let reach = cells(REACH_M).min(room / 2);
        let length_m = (chainage.len.saturating_sub(1)) as f64 * chainage.step_m;
        let middle_m = chainage.first_m + 0.5 * length_m;
        let sections = (length_m / SECTION_M).floor().max(1.0);
        let first_m = middle_m - 0.5 * (sections - 1.0) * SECTION_M;
        Self {
            middles_m: (0..sections as usize)
                .map(|k| first_m + k as f64 * SECTION_M)
                .collect(),
            half: cells(HALF_M).min(room - reach),
            chainage,
            offset,
            pixel_m,
            reach,
        }
    }

    fn sections(&self, strip: &Strip) -> Sections {
        let edges = edges(strip, self.pixel_m);
        let reach = (SECTION_M / self.chainage.step_m).round() as usize;
        let middle = self.offset.len.saturating_sub(1) / 2;
        let farthest = self.half + self.reach;
        let rows = middle - farthest..middle + farthest + 1;
        let of_section = |middle_m: &f64| {
            let middle = self.chainage.cell_at(*middle_m);
            let cells = middle.saturating_sub(reach)..(middle + reach + 1).min(self.chainage.len);
            let edge = |i: usize, j: usize| edges.get(i * self.chainage.len + j).copied().flatten();
            // All rows over the same cells: the rim of a cloud is no edge of the track.
            let seen: Vec<usize> = (cells.clone())
                .filter(|j| rows.clone().all(|i| edge(i, *j).is_some()))
                .collect();
            let mean = |i: usize| {
                let sum: f32 = seen.iter().filter_map(|j| edge(i, *j)).sum();
                f64::from(sum) / seen.len() as f64
            };
            let enough = seen.len() as f64 >= LEAST_CLEAR * cells.len() as f64;
            enough.then(|| rows.clone().map(mean).collect())
        };
        Sections(self.middles_m.iter().map(of_section).collect())
    }

    /// Places one capture against others where those lie.
    fn place(&self, capture: &Sections, others: &[(&Sections, &[f64])]) -> Lie {
        let scores: Vec<Scores> = (capture.0.iter().enumerate())
            .map(|(k, profile)| self.scores(profile.as_deref(), self.consensus(k, others)))
            .collect();
        let (path, worth) = self.likeliest(&scores);
        let alike = |s: usize| -> f64 {
            let sum: f64 = scores.iter().map(|scores| scores.whole[s]).sum();
            sum - self.cost(s.abs_diff(self.reach), SIGMA_M)
        };
        let shown = capture.0.iter().flatten().count() as f64;
        let against = |state: usize| {
            let side = |rows: Range<usize>| {
                let gain = |(s, scores): (&usize, &Scores)| {
                    self.score_on(&rows, scores, *s) - self.score_on(&rows, scores, state)
                };
                path.iter().zip(&scores).map(gain).sum::<f64>() / shown.max(1.0).sqrt()
            };
            Gain {
                whole: worth - BY_CHANCE * shown - alike(state),
                sides: [side(0..self.half + 1), side(self.half..2 * self.half + 1)],
            }
        };
        let states = 0..2 * self.reach + 1;
        // The nearest of equals.
        let nearer = |a: usize, b: usize| b.abs_diff(self.reach).cmp(&a.abs_diff(self.reach));
        let best = states.max_by(|a, b| alike(*a).total_cmp(&alike(*b)).then(nearer(*a, *b)));
        Lie {
            moved_m: (path.iter().zip(&scores))
                .map(|(s, scores)| {
                    (*s as f64 + top(&scores.whole, *s) - self.reach as f64) * self.offset.step_m
                })
                .collect(),
            gain: against(self.reach),
            bent: against(best.unwrap_or(self.reach)),
        }
    }

    /// What the displacements of a section are worth; none more than another where it or
    /// the others do not show it.
    fn scores(&self, profile: Option<&[f64]>, agreed: Option<Vec<f64>>) -> Scores {
        let states = 2 * self.reach + 1;
        let compared = profile.zip(agreed).map(|(profile, agreed)| {
            let windows = (0..states).map(|s| self.window(profile, s as f64));
            (agreed, windows.collect::<Vec<_>>())
        });
        let whole = compared.as_ref().map(|(agreed, windows)| {
            let agreed = standard(agreed.clone());
            (windows.iter())
                .map(|window| self.score(&standard(window.clone()), &agreed))
                .collect()
        });
        Scores {
            whole: whole.unwrap_or_else(|| vec![0.0; states]),
            compared,
        }
    }

    /// What a displacement of a section is worth by these rows of the profile alone.
    fn score_on(&self, rows: &Range<usize>, scores: &Scores, state: usize) -> f64 {
        let part = |profile: &[f64]| standard(profile[rows.clone()].to_vec());
        (scores.compared.as_ref()).map_or(0.0, |(agreed, windows)| {
            self.score(&part(&windows[state]), &part(agreed))
        })
    }

    /// What a displacement by so many cells costs, natural log.
    fn cost(&self, cells: usize, sigma_m: f64) -> f64 {
        0.5 * (cells as f64 * self.offset.step_m / sigma_m).powi(2)
    }

    /// The median profile of a section over the captures that show it; `None` where
    /// those are few.
    fn consensus(&self, section: usize, others: &[(&Sections, &[f64])]) -> Option<Vec<f64>> {
        let profiles: Vec<Vec<f64>> = (others.iter())
            .filter_map(|(capture, moved_m)| {
                let by = moved_m[section] / self.offset.step_m + self.reach as f64;
                Some(standard(self.window(capture.0[section].as_ref()?, by)))
            })
            .collect();
        if profiles.len() + 1 < LEAST_CAPTURES {
            return None;
        }
        let of_row = |i: usize| median(&profiles.iter().map(|p| p[i]).collect::<Vec<_>>());
        let agreed: Vec<f64> = (0..=2 * self.half).map(of_row).collect::<Option<_>>()?;
        Some(agreed)
    }

    /// The profile as it is when displaced back by `by` cells less the reach.
    fn window(&self, profile: &[f64], by: f64) -> Vec<f64> {
        let at = |i: usize| interpolated(profile, i as f64 + by);
        (0..=2 * self.half).map(at).collect()
    }

    /// What two profiles are likelier by, natural log, than unrelated ones: from their
    /// correlation over as many samples as there are pixels; sections overlap by half.
    fn score(&self, a: &[f64], b: &[f64]) -> f64 {
        let products: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
        let r = (products / a.len() as f64).clamp(0.0, 0.99);
        let samples = 0.5 * a.len() as f64 * self.offset.step_m / self.pixel_m;
        -0.5 * samples * (1.0 - r * r).ln()
    }

    /// The likeliest displacement of each section, cells from the leftmost one, with what
    /// all of them are worth.
    fn likeliest(&self, scores: &[Scores]) -> (Vec<usize>, f64) {
        let states = 2 * self.reach + 1;
        let place = |s: usize| self.cost(s.abs_diff(self.reach), SIGMA_M) / scores.len() as f64;
        let mut best: Vec<f64> = vec![0.0; states];
        let mut from: Vec<Vec<usize>> = Vec::with_capacity(scores.len());
        for scores in scores {
            let reached = |s: usize| {
                let came = |p: usize| best[p] - self.cost(s.abs_diff(p), STEP_SIGMA_M);
                // The nearest of equals.
                let order = |a: &(f64, usize), b: &(f64, usize)| {
                    let nearer = b.1.abs_diff(s).cmp(&a.1.abs_diff(s));
                    a.0.total_cmp(&b.0).then(nearer)
                };
                let came = (0..states).map(|p| (came(p), p));
                came.max_by(order).unwrap_or((0.0, s))
            };
            let reached: Vec<(f64, usize)> = (0..states).map(reached).collect();
            best = (0..states)
                .map(|s| reached[s].0 + scores.whole[s] - place(s))
                .collect();
            from.push(reached.iter().map(|r| r.1).collect());
        }
        let last = (0..states).max_by(|a, b| best[*a].total_cmp(&best[*b]));
        let mut state = last.unwrap_or(self.reach);
        let worth = best[state];
        let mut path = Vec::with_capacity(scores.len());
        for from in from.iter().rev() {
            path.push(state);
            state = from[state];
        }
        path.reverse();
        (path, worth)
    }

    /// The displacement by chainage cell, where there is one.
    fn along(&self, lie: &Lie) -> Option<Vec<f64>> {
        let right_m = lie.moved_m.iter().copied().fold(f64::MIN, f64::max);
        let left_m = lie.moved_m.iter().map(|m| -m).fold(f64::MIN, f64::max);
        let least_m = LEAST_PX * self.pixel_m;
        let bent = lie.bent.is_evidence() && right_m + left_m >= least_m;
        let alike = lie.gain.is_evidence() && right_m.max(left_m) >= 2.0 * least_m;
        if !bent && !alike {
            return None;
        }
        let section = |j: usize| (self.chainage.at_m(j) - self.middles_m[0]) / SECTION_M;
        let at = |j: usize| interpolated(&lie.moved_m, section(j));
        Some((0..self.chainage.len).map(at).collect())
    }
}

/// Edges along the track, (offset, chainage): gradient across of each band in units of
/// its median, mean of the bands; `None` where a cell beside it is not clear.
fn edges(strip: &Strip, pixel_m: f64) -> Vec<Option<f32>> {
    let (_, rows, cells) = strip.values.dim();
    let step = ((0.5 * pixel_m / strip.offset.step_m).round() as usize).max(1);
    let place = |k: usize| (k / cells, k % cells);
    let clear = |k: usize| {
        let (i, j) = place(k);
        let inside = i >= step && i + step < rows;
        inside && strip.clear[(i - step, j)] && strip.clear[(i + step, j)]
    };
    let mut sums: Vec<Option<f32>> = (0..rows * cells).map(|k| clear(k).then_some(0.0)).collect();
    let mut bands = 0.0;
    for band in strip.values.outer_iter() {
        let edge = |k: usize| {
            let (i, j) = place(k);
            (band[(i + step, j)] - band[(i - step, j)]).abs()
        };
        // Rows by their distance from the middle: a reversed track has the same.
        let from_middle = |i: &usize| i.abs_diff(rows.saturating_sub(1) / 2);
        let sampled = (0..rows).filter(|i| from_middle(i).is_multiple_of(MEDIAN_STRIDE));
        let sample: Vec<f64> = sampled
            .flat_map(|i| i * cells..(i + 1) * cells)
            .filter(|k| sums[*k].is_some())
            .map(|k| f64::from(edge(k)))
            .collect();
        let Some(typical) = median(&sample).filter(|m| *m > 0.0) else {
            continue;
        };
        bands += 1.0;
        for (k, sum) in sums.iter_mut().enumerate() {
            if let Some(sum) = sum {
                *sum += (edge(k) / typical as f32).min(CLIP);
            }
        }
    }
    let mean = |sum: Option<f32>| sum.map(|s| s / f32::max(bands, 1.0));
    sums.into_iter().map(mean).collect()
}

/// A value between cells, linear, and constant beyond the ends.
fn interpolated(values: &[f64], at: f64) -> f64 {
    let last = values.len() - 1;
    let at = at.clamp(0.0, last as f64);
    let below = at.floor() as usize;
    let share = at - below as f64;
    (1.0 - share) * values[below] + share * values[(below + 1).min(last)]
}

/// Mean 0 and mean square 1; all zero where nothing differs.
fn standard(mut values: Vec<f64>) -> Vec<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    let per = if square > 0.0 {
        square.sqrt().recip()
    } else {
        0.0
    };
    for v in &mut values {
        *v = (*v - mean) * per;
    }
    values
}

/// Where the top of a parabola through a state and its neighbours lies, cells from it.
fn top(scores: &[f64], state: usize) -> f64 {
    if state == 0 || state + 1 >= scores.len() {
        return 0.0;
    }
    let (a, b, c) = (scores[state - 1], scores[state], scores[state + 1]);
    if b >= a && b >= c && a + c < 2.0 * b {
        0.5 * (a - c) / (a - 2.0 * b + c)
    } else {
        0.0
    }
}

/// Puts the displacements of each section about the median of the members that show it:
/// what all share cannot be seen.
fn centre(lies: &mut [Lie], captures: &[Sections], members: &[usize]) {
    let sections = lies.first().map_or(0, |lie| lie.moved_m.len());
    for k in 0..sections {
        let shown = members.iter().filter(|m| captures[**m].0[k].is_some());
        let of_members: Vec<f64> = shown.map(|m| lies[*m].moved_m[k]).collect();
        let middle = median(&of_members).unwrap_or_default();
        for lie in lies.iter_mut() {
            lie.moved_m[k] -= middle;
        }
    }
}

#[cfg(test)]
#[path = "sideways_tests.rs"]
mod tests;
