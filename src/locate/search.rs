//! From the strips of a series to the line of the track.

use super::activity::train_evidence;
use super::blocks::{Blocks, Cells, blocks_of};
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
/// Evidence for a line counts so much beside that for trains.
const LINE_SHARE: f64 = 0.5;
/// Lines within this of each other, m, may be one deck: its edges, its road lane.
const DECK_M: f64 = 14.0;
/// A track may lie so far from what was first found of its deck, m.
const ACROSS_DECK_M: f64 = 10.0;
/// Where no trains tell, a line that bends by less may be two lanes of one deck, m.
const LEAST_SAG_M: f64 = 8.0;
/// What every offset is uncertain by besides, m: a line is as well the deck that
/// holds track and road, whose middle is some 4 m from the track, and lorries draw
/// trains towards it. It may be on one side of the deck here and on the other
/// there: half as much again at both ends …
const DECK_SIGMA_M: f64 = 4.5;
/// … and in pixels.
const SIGMA_PX: f64 = 0.25;
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
    /// How well the line is known, 1 sigma, m.
    pub known_to_m: f64,
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
    /// Mean evidence of trains along it, natural logarithm of the captures that
    /// show something long over what is usual; `None` where there are too few captures.
    pub trains: Option<f64>,
    /// Both together.
    pub strength: f64,
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
/// [`Error::Unsupported`] where the track is too short, nothing in reach is more
/// like a line than chance makes it, or a second line may as well be the track.
pub fn locate(scene: &Scene) -> Result<Located> {
    let search = Search::of(scene)?;
    let (basis, chosen, others) = search.choose()?;
    let given = search.given();
    search.alone(basis, &chosen, &others)?;
    let (path, curve) = search.settle(basis, &chosen)?;
    search.beats_given((basis, &chosen), &path, &given)?;
    let chosen = search.candidate(path, chosen.excess);
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
    let given = search.given();
    if search.seen(&given.path) < LEAST_SEEN {
        return None;
    }
    let clearly = |found: &Candidate| {
        found.line > CLEARLY * given.line && search.apart(&found.path, &given.path)
    };
    // What chance does takes longest to find out, and matters to few series.
    if !search
        .strongest()
        .any(|path| clearly(&search.candidate(path, 0.0)))
    {
        return None;
    }
    let (_, found, _) = search.choose().ok()?;
    clearly(&found).then_some((found, given))
}

/// A scene and its evidence.
pub(super) struct Search<'s, 'a> {
    pub(super) scene: &'s Scene<'a>,
    pub(super) along: Axis,
    pub(super) reach: Reach,
    images: Blocks,
    /// Evidence for trains and a line together; for a line where trains do not tell.
    pub(super) both: Evidence,
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
        let straight = Shown::along(scene, along, &|_| 0.0, (Basis::Trains, None));
        Ok(Self {
            scene,
            along,
            reach,
            both: straight.both(),
            images: straight.images,
        })
    }

    /// What speaks for a path, measured along itself: what is long shows its length
    /// along its own rows only.
    pub(super) fn candidate(&self, path: Path, excess: f64) -> Candidate {
        let shown = self.shown_along(Basis::Trains, &path, None);
        let both = shown.both();
        let own = Path {
            offset_m: vec![0.0; self.along.len],
            ..path
        };
        let ticks = (0.5 * self.near_m() / self.reach.step_m) as i32;
        let (strength, at_m) = (-ticks..=ticks)
            .map(|i| f64::from(i) * self.reach.step_m)
            .map(|at_m| (both.along_path(&own, at_m), at_m))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .unwrap_or((0.0, 0.0));
        Candidate {
            line: shown.line.along_path(&own, at_m),
            trains: shown.trains.map(|t| t.along_path(&own, at_m)),
            strength,
            path,
            excess,
        }
    }

    /// A line within this of the given one is the given one, m.
    pub(super) fn near_m(&self) -> f64 {
        self.scene.pixel_m.max(3.0)
    }

    pub(super) fn apart_m(&self) -> f64 {
        (1.5 * self.scene.pixel_m).max(DECK_M)
    }

    pub(super) fn apart(&self, a: &Path, b: &Path) -> bool {
        let pairs = a.offset_m.iter().zip(&b.offset_m);
        let sum: f64 = pairs.map(|(a, b)| (a - b).abs()).sum();
        sum > self.apart_m() * a.offset_m.len() as f64
    }

    /// The best line that keeps within a pixel of the given one.
    fn given(&self) -> Candidate {
        let near = Reach {
            middle_m: self.near_m(),
            anywhere_m: self.near_m(),
            ..self.reach
        };
        self.candidate(best_path(&self.both, near), 0.0)
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
            Basis::Trains => (ACROSS_DECK_M, 0.0),
            Basis::Line => (self.near_m(), self.reach.least_sag_m),
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
        self.shown_along(basis, path, without).both()
    }

    fn shown_along(&self, basis: Basis, path: &Path, without: Option<usize>) -> Shown {
        let course = Curve {
            along: self.along,
            offset_m: path.offset_m.clone(),
            sigma_m: Vec::new(),
        };
        let at = |chainage_m: f64| course.at(chainage_m);
        Shown::along(self.scene, self.along, &at, (basis, without))
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
        let whole_m = DECK_SIGMA_M.max(SIGMA_PX * self.scene.pixel_m);
        let half = 0.5 * curve.sigma_m.len() as f64;
        for (k, sigma_m) in curve.sigma_m.iter_mut().enumerate() {
            let from_middle = (k as f64 + 0.5) / half - 1.0;
            *sigma_m = sigma_m.hypot(whole_m).hypot(whole_m * from_middle);
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

/// What a scene shows by offset from a course.
struct Shown {
    images: Blocks,
    line: Evidence,
    /// `None` where trains do not matter or do not tell.
    trains: Option<Evidence>,
}

impl Shown {
    /// `at`: offset of the course by chainage, m. Without one group of captures if so
    /// wished.
    fn along(
        scene: &Scene<'_>,
        along: Axis,
        at: &dyn Fn(f64) -> f64,
        (basis, without): (Basis, Option<usize>),
    ) -> Self {
        let axes = (scene.offset, scene.chainage);
        let members = |blocks: &Blocks| -> Vec<usize> {
            (0..blocks.captures.len())
                .filter(|t| without.is_none_or(|g| t % GROUPS != g))
                .collect()
        };
        let images = Blocks::along_path(&scene.images, axes, along, at);
        let line = line_evidence(&images, &members(&images), scene.pixel_m);
        let trains = match basis {
            Basis::Line => None,
            Basis::Trains => {
                let residuals = Blocks::along_path(&scene.residuals, axes, along, at);
                train_evidence(&residuals, &members(&residuals))
            }
        };
        Self {
            images,
            line,
            trains,
        }
    }

    /// Evidence for trains, and half of that for a line on the same place: a bed
    /// carries the line on where few trains stood.
    fn both(&self) -> Evidence {
        let Some(trains) = &self.trains else {
            return self.line.clone();
        };
        let mut both = trains.clone();
        both.values.scaled_add(LINE_SHARE, &self.line.values);
        both
    }
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
