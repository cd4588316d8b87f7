//! From the strips of a series to the line of the track.

use super::activity::train_evidence;
use super::blocks::{Blocks, Cells, blocks_of};
use super::chance::{Chance, chance};
use super::curve::{Curve, smooth_curve};
use super::evidence::Evidence;
use super::lineness::line_evidence;
use super::path::{Path, Reach, best_path};
use crate::error::{Error, Result};
use crate::strip::Axis;

/// Largest offset that is looked for at the middle of a track, m.
const MIDDLE_M: f64 = 60.0;
/// Largest anywhere, m: with 8° of turn over 860 m.
const ANYWHERE_M: f64 = 120.0;
/// By how many standard deviations evidence has to exceed chance.
const LEAST_EXCESS: f64 = 4.0;
/// A line is called one, where trains do not tell, from this product of its
/// excess over chance and over what is usual (1). Decks and track beds have 8 and
/// more; field edges and streets that happen to line up have up to 5.
const LEAST_STRENGTH: f64 = 6.0;
/// Lines looked at besides the best.
const OTHERS: usize = 3;
/// How far a line given is off, 1 sigma, where only likeness to a line decides
/// between several.
const GIVEN_SIGMA_M: f64 = 40.0;
/// Blocks to both sides over which trains are averaged: 90 m in all when
/// searching, 210 m when telling a track from a road lane beside it.
const TRAIN_BLOCKS: (usize, usize) = (1, 3);
/// A track may lie so far from the middle of its deck, m.
const DECK_M: f64 = 14.0;
/// Where no trains tell, a line that bends by less may be two lanes of one deck, m.
const LEAST_SAG_M: f64 = 8.0;
/// What every offset is uncertain by besides: trains show a track to a quarter
/// of a pixel, lorries beside it considered; a line is as well the deck that
/// holds track and road, whose middle is some 4 m from the track.
const TRAINS_SIGMA_PX: f64 = 0.25;
/// See [`TRAINS_SIGMA_PX`].
const LINE_SIGMA_M: f64 = 4.0;
/// Blocks of the given line that have to be seen, as a share, to say that
/// nothing is on it.
const LEAST_SEEN: f64 = 0.7;
/// A line beside the given one is worth a warning where its evidence is so many
/// times that of the given one.
const CLEARLY: f64 = 1.8;
/// Rounds of measuring: the line is straightened by what the round before found.
const ROUNDS: usize = 3;
/// Groups of captures that are left out in turn.
const GROUPS: usize = 8;

/// A line elsewhere must look so many times as much like a line as the one given:
/// trains alone do not move a line off a visible track.
const BETTER: f64 = 1.2;

/// What is looked at: strips of one series along the line as given.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// Cells across, m.
    pub offset: Axis,
    /// Cells along, m of chainage.
    pub chainage: Axis,
    /// The captures.
    pub images: Vec<Cells<'a>>,
    /// What is left of them after prediction from each other, where it could be made.
    pub residuals: Vec<Cells<'a>>,
    /// Side of a working pixel, m.
    pub pixel_m: f64,
    /// Length of the track, m.
    pub length_m: f64,
}

/// What decided where the track lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Trains came and went there.
    Trains,
    /// It looks most like a line, nearness to the given one considered.
    Line,
}

/// A line that the imagery shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its course.
    pub path: Path,
    /// Mean evidence of a persistent line along it, 1 being usual, 5 the most.
    pub line: f64,
    /// Mean evidence of trains along it, natural logarithm of the energy over
    /// what is usual; `None` where there are too few captures.
    pub trains: Option<f64>,
    /// By how many standard deviations its evidence exceeds chance.
    pub excess: f64,
}

/// Where the track lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// Offset from the given line.
    pub curve: Curve,
    /// What decided.
    pub basis: Basis,
    /// The line that was chosen.
    pub chosen: Candidate,
    /// The evidence for a line that follows the given one within a pixel.
    pub given: Candidate,
    /// Other lines, the strongest first.
    pub others: Vec<Candidate>,
    /// Captures that took part.
    pub captures: usize,
    /// Of these, those that show the line by themselves.
    pub supporting: usize,
}

/// Finds the track in a scene.
///
/// # Errors
/// [`Error::Unsupported`] where the track is too short, or nothing in reach is
/// more like a line than chance makes it.
pub fn locate(scene: &Scene) -> Result<Located> {
    let search = Search::of(scene)?;
    let (basis, chosen, others) = search.choose()?;
    let given = search.given();
    let (path, curve) = search.settle(basis, &chosen)?;
    let chosen = Candidate {
        excess: chosen.excess,
        ..search.candidate(path, chosen.excess)
    };
    if search.apart(&chosen.path, &given.path) && chosen.line < BETTER * given.line {
        return Err(Error::unsupported(format!(
            "the line given looks as much like a track ({:.1}) as the best one elsewhere ({:.1})",
            given.line, chosen.line
        )));
    }
    let (captures, supporting) = search.support(&chosen.path);
    Ok(Located {
        curve,
        basis,
        chosen,
        given,
        others,
        captures,
        supporting,
    })
}

/// A line beside the given one that the imagery shows much more clearly than a
/// line where it was given: what is found there, and what at the given place.
///
/// Goes by what is always there alone, which takes little time; `None` where the
/// given line is as good.
#[must_use]
pub fn beside(scene: &Scene) -> Option<(Candidate, Candidate)> {
    let search = Search::of(scene).ok()?;
    let (_, found, _) = search.choose().ok()?;
    let given = search.given();
    let clearly = found.line > CLEARLY * given.line && search.seen(&given.path) >= LEAST_SEEN;
    (clearly && search.apart(&found.path, &given.path)).then_some((found, given))
}

struct Search<'s, 'a> {
    scene: &'s Scene<'a>,
    along: Axis,
    reach: Reach,
    images: Blocks,
    line: Evidence,
    trains: Option<Evidence>,
}

impl<'s, 'a> Search<'s, 'a> {
    fn of(scene: &'s Scene<'a>) -> Result<Self> {
        let along = blocks_of(scene.length_m);
        if along.len < 4 {
            return Err(Error::unsupported(format!(
                "a track of {:.0} m is too short to tell its line from others; 110 m are needed",
                scene.length_m
            )));
        }
        let edge_m = scene.offset.at_m(0).abs();
        let reach = Reach {
            middle_m: MIDDLE_M.min(edge_m - 10.0),
            anywhere_m: ANYWHERE_M.min(edge_m - 10.0),
            step_m: (scene.pixel_m / 20.0).clamp(0.3, 1.5),
            least_sag_m: scene.pixel_m.max(LEAST_SAG_M),
        };
        let straight = |_: f64| 0.0;
        let axes = (scene.offset, scene.chainage);
        let images = Blocks::along_path(&scene.images, axes, along, &straight);
        let residuals = Blocks::along_path(&scene.residuals, axes, along, &straight);
        let all: Vec<usize> = (0..scene.images.len()).collect();
        let left: Vec<usize> = (0..scene.residuals.len()).collect();
        Ok(Self {
            scene,
            along,
            reach,
            line: line_evidence(&images, &all, scene.pixel_m),
            trains: train_evidence(&residuals.running(TRAIN_BLOCKS.0), &left),
            images,
        })
    }

    fn candidate(&self, path: Path, excess: f64) -> Candidate {
        Candidate {
            line: self.line.along_path(&path, 0.0),
            trains: self.trains.as_ref().map(|t| t.along_path(&path, 0.0)),
            path,
            excess,
        }
    }

    /// The line of the track and the others.
    fn choose(&self) -> Result<(Basis, Candidate, Vec<Candidate>)> {
        let mut lines = self.lines(&self.line, chance(&self.line, self.reach));
        if let Some(trains) = &self.trains {
            let by_trains = self.lines(trains, chance(trains, self.reach));
            if let Some(best) = by_trains.first() {
                let both = together(trains, &self.line);
                let path = best_path(&both, self.reach);
                let best = self.candidate(path, best.excess);
                lines.retain(|l| self.apart(&l.path, &best.path));
                return Ok((Basis::Trains, best, lines));
            }
        }
        lines.retain(|l| l.excess * (l.line - 1.0) >= LEAST_STRENGTH);
        let nearness = |c: &Candidate| {
            let middle = c.path.offset_m[self.along.len / 2];
            c.path.score * (-0.5 * (middle / GIVEN_SIGMA_M).powi(2)).exp()
        };
        lines.sort_by(|a, b| nearness(b).total_cmp(&nearness(a)));
        if lines.is_empty() {
            return Err(Error::unsupported(
                "nothing in reach of the given line looks like a track: \
                 no line stands out against chance",
            ));
        }
        let best = lines.remove(0);
        Ok((Basis::Line, best, lines))
    }

    /// Lines beside each other that exceed chance, the strongest first.
    fn lines(&self, evidence: &Evidence, chance: Chance) -> Vec<Candidate> {
        let mut rest = evidence.clone();
        let mut found = Vec::new();
        for _ in 0..=OTHERS {
            let path = best_path(&rest, self.reach);
            let excess = chance.excess(path.score);
            if excess < LEAST_EXCESS {
                break;
            }
            rest = rest.without(&path, self.apart_m());
            found.push(self.candidate(path, excess));
        }
        found
    }

    fn apart_m(&self) -> f64 {
        (1.5 * self.scene.pixel_m).max(8.0)
    }

    fn apart(&self, a: &Path, b: &Path) -> bool {
        let pairs = a.offset_m.iter().zip(&b.offset_m);
        let sum: f64 = pairs.map(|(a, b)| (a - b).abs()).sum();
        sum > self.apart_m() * a.offset_m.len() as f64
    }

    /// The best line that keeps within a pixel of the given one.
    fn given(&self) -> Candidate {
        let near = Reach {
            middle_m: self.scene.pixel_m.max(3.0),
            anywhere_m: self.scene.pixel_m.max(3.0),
            ..self.reach
        };
        self.candidate(best_path(&self.line, near), 0.0)
    }

    /// Share of the blocks in which some capture shows a path and what is beside it.
    fn seen(&self, path: &Path) -> f64 {
        let beside_m = self.apart_m();
        let seen = |k: &usize| {
            [-beside_m, 0.0, beside_m].iter().all(|by| {
                let row = self.images.offset.cell_at(path.offset_m[*k] + by);
                let captures = &mut self.images.captures.iter();
                captures.any(|c| c[(0, row, *k)].is_finite())
            })
        };
        (0..self.along.len).filter(seen).count() as f64 / self.along.len as f64
    }

    /// The course of a line, measured along itself: the whole line once more,
    /// then block by block.
    fn settle(&self, basis: Basis, chosen: &Candidate) -> Result<(Path, Curve)> {
        let mut path = chosen.path.clone();
        let deck = best_path(&self.evidence_along(basis, &path, None), self.beside(basis));
        for (to, by) in path.offset_m.iter_mut().zip(&deck.offset_m) {
            *to += by;
        }
        path.bent |= deck.bent;
        let mut curve = self.measured(&self.evidence_along(basis, &path, None), &path)?;
        for _ in 1..ROUNDS {
            path.offset_m.clone_from(&curve.offset_m);
            curve = self.measured(&self.evidence_along(basis, &path, None), &path)?;
        }
        path.offset_m.clone_from(&curve.offset_m);
        Ok((path.clone(), self.widened(basis, curve, &path)))
    }

    /// How far the track may lie from a line that was found: where trains tell,
    /// across its deck; else within the width of the line.
    fn beside(&self, basis: Basis) -> Reach {
        let (reach_m, least_sag_m) = match basis {
            Basis::Trains => (DECK_M, 0.0),
            Basis::Line => (self.scene.pixel_m.max(3.0), self.reach.least_sag_m),
        };
        Reach {
            middle_m: reach_m,
            anywhere_m: reach_m,
            least_sag_m,
            ..self.reach
        }
    }

    /// Evidence by offset from a path; without one group of captures if so wished.
    fn evidence_along(&self, basis: Basis, path: &Path, without: Option<usize>) -> Evidence {
        let course = Curve {
            along: self.along,
            offset_m: path.offset_m.clone(),
            sigma_m: Vec::new(),
        };
        let at = |chainage_m: f64| course.at(chainage_m);
        let axes = (self.scene.offset, self.scene.chainage);
        let keep = |n: usize| -> Vec<usize> {
            (0..n)
                .filter(|t| without.is_none_or(|g| t % GROUPS != g))
                .collect()
        };
        let images = Blocks::along_path(&self.scene.images, axes, self.along, &at);
        let members = keep(images.captures.len());
        let line = line_evidence(&images, &members, self.scene.pixel_m);
        if basis == Basis::Line {
            return line;
        }
        let residuals = Blocks::along_path(&self.scene.residuals, axes, self.along, &at);
        let members = keep(residuals.captures.len());
        let trains = train_evidence(&residuals.running(TRAIN_BLOCKS.1), &members);
        trains.map_or_else(|| line.clone(), |trains| together(&trains, &line))
    }

    /// The offset of every block from a path, and the smooth curve through them.
    fn measured(&self, evidence: &Evidence, path: &Path) -> Result<Curve> {
        let reach_m = self.scene.pixel_m.max(4.0);
        let step_m = self.reach.step_m;
        let ticks = (reach_m / step_m) as i32;
        let mut offsets = Vec::with_capacity(self.along.len);
        let mut sigmas = Vec::with_capacity(self.along.len);
        for k in 0..self.along.len {
            let at: Vec<(f64, f64)> = (-ticks..=ticks)
                .map(|i| f64::from(i) * step_m)
                .map(|d| (d, evidence.at(d, k)))
                .collect();
            let (centre_m, weight) = centroid(&at);
            offsets.push(path.offset_m[k] + centre_m);
            sigmas.push(if weight > 0.0 {
                0.5 * self.scene.pixel_m / weight.sqrt()
            } else {
                f64::INFINITY
            });
        }
        smooth_curve(self.along, path.bent, &offsets, &sigmas).ok_or_else(|| {
            Error::unsupported("the line shows on too little of the track to be fitted")
        })
    }

    /// The sigma with what differs between captures: a delete-a-group jackknife
    /// (Kott 2001).
    fn widened(&self, basis: Basis, mut curve: Curve, path: &Path) -> Curve {
        let whole_m = match basis {
            Basis::Trains => TRAINS_SIGMA_PX * self.scene.pixel_m,
            Basis::Line => LINE_SIGMA_M.max(TRAINS_SIGMA_PX * self.scene.pixel_m),
        };
        for sigma_m in &mut curve.sigma_m {
            *sigma_m = sigma_m.hypot(whole_m);
        }
        let captures = self.scene.images.len();
        if captures < 2 {
            return curve;
        }
        let groups = GROUPS.min(captures);
        let others: Vec<Curve> = (0..groups)
            .filter_map(|g| {
                let evidence = self.evidence_along(basis, path, Some(g));
                self.measured(&evidence, path).ok()
            })
            .collect();
        let n = others.len() as f64;
        for k in 0..curve.sigma_m.len() {
            let mean = others.iter().map(|c| c.offset_m[k]).sum::<f64>() / n.max(1.0);
            let squares: f64 = others.iter().map(|c| (c.offset_m[k] - mean).powi(2)).sum();
            let between = squares * (n - 1.0).max(0.0) / n.max(1.0);
            curve.sigma_m[k] = curve.sigma_m[k].hypot(between.sqrt());
        }
        curve
    }

    /// Captures that see the track, and those in which the line is by itself
    /// stronger than nine in ten parallels to it.
    fn support(&self, path: &Path) -> (usize, usize) {
        let mut seen = 0;
        let mut supporting = 0;
        for t in 0..self.images.captures.len() {
            let own = line_evidence(&self.images, &[t], self.scene.pixel_m);
            let here = own.along_path(path, 0.0);
            let beside: Vec<f64> = (0..self.scene.offset.len)
                .map(|i| self.scene.offset.at_m(i))
                .filter(|m| m.abs() > 2.0 * self.apart_m())
                .map(|m| own.along_path(path, m))
                .filter(|e| *e > 0.0)
                .collect();
            let Some(usual) = crate::stats::quantile(&beside, 0.9) else {
                continue;
            };
            seen += 1;
            supporting += usize::from(here > usual);
        }
        (seen, supporting)
    }
}

/// Evidence for trains, and half of that for a line on the same place: a bed
/// carries the line on where few trains stood.
fn together(trains: &Evidence, line: &Evidence) -> Evidence {
    let mut both = trains.clone();
    both.values.scaled_add(0.5, &line.values);
    both
}

/// Centre of what rises over the lower half, and how high it does.
fn centroid(at: &[(f64, f64)]) -> (f64, f64) {
    let most = at.iter().map(|v| v.1).fold(0.0, f64::max);
    let least = at.iter().map(|v| v.1).fold(f64::INFINITY, f64::min);
    let floor = 0.5 * (most + least);
    let Some(peak) = at.iter().position(|v| v.1 >= most) else {
        return (0.0, 0.0);
    };
    let rising = |v: &&(f64, f64)| v.1 > floor;
    // The run of cells around the peak, not those of another one.
    let after: Vec<&(f64, f64)> = at[peak..].iter().take_while(rising).collect();
    let before: Vec<&(f64, f64)> = at[..peak].iter().rev().take_while(rising).collect();
    let (mut sum, mut weight) = (0.0, 0.0);
    for (d, v) in after.into_iter().chain(before) {
        sum += d * (v - floor);
        weight += v - floor;
    }
    if weight > 0.0 {
        (sum / weight, most - least)
    } else {
        (0.0, 0.0)
    }
}
