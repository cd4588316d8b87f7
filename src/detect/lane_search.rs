//! Finds the track and a road lane beside it in the strips of a series.

use nalgebra::{DMatrix, DVector};
use ndarray::Array3;

use super::blur::placed;
use super::lanes::{Lanes, told_apart};
use super::template::{SHARP_M, WIDTH_M, strip, template};
use crate::stats::{mad_sigma, median};
use crate::strip::{Axis, Strip};

/// A road lane lies so far from the track, m: the next lane of the same deck, or
/// that of a deck beside it.
const ROAD_M: (f64, f64) = (4.0, 16.0);
/// Energies are compared over so much to both sides of the given line, m.
const SEEN_M: f64 = 30.0;
/// Energies in units of noise are clipped here: one bright roof is no lane.
const MOST_ENERGY: f32 = 400.0;
/// Costs within this share are equal but for rounding. Either of two lanes may be
/// the track where both are within reach: the nearer to the given line is it.
const SAME_COST: f64 = 1e-6;
/// Width of the strip beside a train that its shadow darkens in most captures, m:
/// at a height of 4.6 m from March to September at 40° north. Seen where pixels
/// show the bed apart; it is as wide as a train and as far from the empty track.
const SHADOW_M: f64 = 3.0;
/// Shadows have at most so many times the energy of the trains that cast them:
/// what has more is something else beside no track.
const MOST_SHADOW: f64 = 4.0;
/// How well a given line is known where only it tells a train from its shadow,
/// 1 sigma, m …
const LINE_SIGMA_M: f64 = 2.0;
/// … and the share of the cost that one sigma weighs: what no model of the lanes
/// explains varies by as much.
pub(super) const DOUBT: f64 = 0.1;
/// Half width of deck and embankment, m: beyond it lies other ground, which the
/// other captures predict otherwise, on each side in its own way.
const GROUND_M: f64 = 12.0;
/// Error of the profile of a lane as a share of the energy that stands out: captures
/// differ in blur and place.
const SHAPE_ERROR: f64 = 0.03;
/// A road lane is assumed where it takes at least this share off the cost.
const ROAD_WORTH: f64 = 0.25;
/// Captures from which lanes are searched; with fewer the given ones are taken.
const LEAST_CAPTURES: usize = 15;
/// Captures with trains off which place and width are read …
const LEAST_WITH_TRAINS: usize = 4;
/// … and samples under trains, over all bands, that every row of them must have.
const LEAST_CELLS: usize = 20;

impl Lanes {
    /// Finds the lanes in the energy of the residuals across the track:
    /// `E(o) = e(o) + p² h²(o − track) + q² h²(o − road)`, where `e` is even on the deck
    /// and rises or falls beyond it; where pixels show them apart, with the shadow
    /// beside the track. Where trains are known, the track is where their energy says,
    /// and a road lane is what the width that they show does not explain.
    ///
    /// `held`: per capture the chainage cells that hold trains, empty where none are
    /// known yet. Takes `given` where there are fewer than 15 captures or nothing stands out.
    #[must_use]
    pub fn find(
        given: Self,
        strips: &[Strip],
        residuals: &[Option<Array3<f32>>],
        held: &[Vec<bool>],
    ) -> Self {
        let Some(offset) = strips.first().map(|s| s.offset) else {
            return given;
        };
        let energies = Energies::of(strips, residuals, held);
        let Some(energy) = energies.mean(LEAST_CAPTURES, |e| Some(&e.all)) else {
            return given;
        };
        let trains = energies.mean(LEAST_WITH_TRAINS, |e| e.of_trains.as_deref());
        if let Some((track_m, psf_m)) = trains.and_then(|e| placed(given, offset, &e)) {
            let search = Search::new(Self { psf_m, ..given }, offset, &energy).at(track_m);
            let found = search.best();
            return Self {
                psf_m: given.psf_m,
                ..found.unwrap_or_else(|| search.lanes(track_m, None))
            };
        }
        let found = search(given, offset, &energy);
        // The least cost on the rim of the search is none: lorries or shadows draw
        // the line towards them.
        if given.reaches(found.track_m) {
            return found;
        }
        let fixed = Self {
            reach_m: 0.0,
            ..given
        };
        Self {
            reach_m: given.reach_m,
            ..search(fixed, offset, &energy)
        }
    }
}

/// Energies of the captures of a series by row, in units of each capture's noise.
struct Energies(Vec<Energy>);

struct Energy {
    all: Vec<f64>,
    /// Over the cells that hold trains.
    of_trains: Option<Vec<f64>>,
}

impl Energies {
    fn of(strips: &[Strip], residuals: &[Option<Array3<f32>>], held: &[Vec<bool>]) -> Self {
        let of = |(t, (s, r)): (usize, (&Strip, &Option<Array3<f32>>))| {
            capture_energy(s, r.as_ref()?, held.get(t).map_or(&[][..], Vec::as_slice))
        };
        Self(
            (strips.iter().zip(residuals).enumerate())
                .filter_map(of)
                .collect(),
        )
    }

    /// Energy by row: the mean over captures, the top twentieth dropped; `None` for
    /// fewer than `least` captures.
    fn mean<'a>(
        &'a self,
        least: usize,
        which: impl Fn(&'a Energy) -> Option<&'a [f64]>,
    ) -> Option<Vec<f64>> {
        let rows: Vec<&[f64]> = self.0.iter().filter_map(which).collect();
        if rows.len() < least {
            return None;
        }
        let drop = (rows.len() / 20).max(1);
        let of_row = |i: usize| {
            let mut of_row: Vec<f64> = rows.iter().map(|r| r[i]).collect();
            of_row.sort_by(f64::total_cmp);
            of_row.truncate(rows.len() - drop);
            of_row.iter().sum::<f64>() / of_row.len() as f64
        };
        Some((0..rows[0].len()).map(of_row).collect())
    }
}

fn capture_energy(strip: &Strip, residual: &Array3<f32>, held: &[bool]) -> Option<Energy> {
    let clear = strip.clear.iter().filter(|c| **c).count();
    if clear * 2 < strip.clear.len() {
        return None;
    }
    let rows = strip.offset.len;
    let (mut sums, mut of_trains) = (vec![(0.0f64, 0usize); rows], vec![(0.0f64, 0usize); rows]);
    for band in residual.outer_iter() {
        let thinned: Vec<f64> = band
            .iter()
            .zip(&strip.clear)
            .filter(|(_, c)| **c)
            .step_by(7)
            .map(|(v, _)| f64::from(*v))
            .collect();
        let per_sigma = 1.0 / mad_sigma(&thinned)?.max(1e-30) as f32;
        for (((i, j), v), clear) in band.indexed_iter().zip(&strip.clear) {
            if *clear {
                let energy = f64::from((v * per_sigma).powi(2).min(MOST_ENERGY));
                sums[i] = (sums[i].0 + energy, sums[i].1 + 1);
                if held.get(j) == Some(&true) {
                    of_trains[i] = (of_trains[i].0 + energy, of_trains[i].1 + 1);
                }
            }
        }
    }
    let whole: (f64, usize) = sums.iter().fold((0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let mean = whole.0 / whole.1.max(1) as f64;
    let row = |(sum, n): &(f64, usize)| if *n > 0 { sum / *n as f64 } else { mean };
    let enough = of_trains.iter().all(|(_, n)| *n >= LEAST_CELLS);
    Some(Energy {
        all: sums.iter().map(row).collect(),
        of_trains: enough.then(|| of_trains.iter().map(row).collect()),
    })
}

/// The least cost over all places of track and road lane.
fn search(given: Lanes, offset: Axis, energy: &[f64]) -> Lanes {
    Search::new(given, offset, energy).best().unwrap_or(given)
}

/// Grid search over the places; the factors of the lanes follow by least squares.
pub(super) struct Search {
    given: Lanes,
    /// Distance of the places tried, m.
    step_m: f64,
    /// Offsets of the rows, m, and their energies.
    rows: Vec<f64>,
    energy: Vec<f64>,
    /// What a lane at each place shows in the rows, from the leftmost place on.
    shown: Vec<Vec<f64>>,
    /// The farthest place to either side, in steps.
    widest: i64,
    /// Places of the track that are tried, in steps.
    tracks: Vec<i64>,
    /// A road lane shows at least so much.
    least_road: f64,
    /// Ground beyond the deck, left and right.
    ground: [Vec<f64>; 2],
    /// The cost of what no profile explains.
    least_cost: f64,
}

impl Search {
    pub(super) fn new(given: Lanes, offset: Axis, energy: &[f64]) -> Self {
        let near = |o: f64| o.abs() <= SEEN_M;
        let (rows, energy): (Vec<f64>, Vec<f64>) = (0..offset.len)
            .map(|i| (offset.at_m(i), energy[i]))
            .filter(|(o, _)| near(*o))
            .unzip();
        let step_m = (given.gsd_m / 12.0).max(0.1);
        let widest = ((ROAD_M.1 + given.reach_m) / step_m) as i64 + 1;
        let place = |i: i64| shows(&rows, i as f64 * step_m, WIDTH_M, given.psf_m);
        let peak = template(0.0, given.psf_m).powi(2);
        let reach = (given.reach_m / step_m) as i64;
        let mut tracks: Vec<i64> = (-reach..=reach).collect();
        tracks.sort_by_key(|i| i.abs());
        let floor = median(&energy).unwrap_or(1.0);
        let most = energy.iter().copied().fold(floor, f64::max);
        let ground = |side: f64| {
            rows.iter()
                .map(|o| (side * o - GROUND_M).max(0.0))
                .collect()
        };
        Self {
            ground: [ground(-1.0), ground(1.0)],
            least_cost: rows.len() as f64 * (SHAPE_ERROR * (most - floor)).powi(2),
            shown: (-widest..=widest).map(place).collect(),
            least_road: 0.25 * floor.max(0.5) / peak,
            given,
            step_m,
            rows,
            energy,
            widest,
            tracks,
        }
    }

    /// The same for one place of the track.
    fn at(self, track_m: f64) -> Self {
        Self {
            tracks: vec![(track_m / self.step_m).round() as i64],
            ..self
        }
    }

    fn best(&self) -> Option<Lanes> {
        let mut best: Option<(f64, Lanes)> = None;
        for &track in &self.tracks {
            let track_m = track as f64 * self.step_m;
            let beside = self.beside(track_m);
            for shadow in self.shadows(track_m) {
                for road in std::iter::once(None).chain(self.roads(track).map(Some)) {
                    let Some(cost) = self.cost((track, road), shadow.as_deref(), &beside) else {
                        continue;
                    };
                    if best.is_none_or(|(least, _)| cost < least * (1.0 - SAME_COST)) {
                        best = Some((cost, self.lanes(track_m, road)));
                    }
                }
            }
        }
        best.map(|(_, lanes)| lanes)
    }

    /// Places of the track, m, and their costs with no lane but the given ones.
    pub(super) fn single_tracks(&self) -> impl Iterator<Item = (f64, f64)> {
        self.tracks.iter().filter_map(|&track| {
            let track_m = track as f64 * self.step_m;
            let cost = self.cost((track, None), None, &self.beside(track_m))?;
            Some((track_m, cost))
        })
    }

    /// What the other tracks show in the rows if the track is at `track_m`.
    fn beside(&self, track_m: f64) -> Vec<Vec<f64>> {
        (self.given.neighbours(track_m))
            .map(|m| shows(&self.rows, m, WIDTH_M, self.given.psf_m))
            .collect()
    }

    fn lanes(&self, track_m: f64, road: Option<i64>) -> Lanes {
        let moved = |m: Option<f64>| m.map(|m| m + track_m - self.given.track_m);
        Lanes {
            track_m,
            road_m: road.map(|i| i as f64 * self.step_m),
            beside_m: self.given.beside_m.map(moved),
            ..self.given
        }
    }

    /// Places of a road lane that is told from the track and from others beside it.
    fn roads(&self, track: i64) -> impl Iterator<Item = i64> {
        let step_m = self.step_m;
        let away = |m: f64| (m / step_m) as i64;
        let beside: Vec<f64> = self.given.neighbours(track as f64 * step_m).collect();
        let psf_m = self.given.psf_m;
        (away(ROAD_M.0)..=away(ROAD_M.1))
            .filter(move |away| told_apart(*away as f64 * step_m, psf_m))
            .flat_map(move |away| [track - away, track + away])
            .filter(move |road| {
                let road_m = *road as f64 * step_m;
                beside.iter().all(|b| (road_m - b).abs() > ROAD_M.0)
            })
    }

    /// What shadows of trains show, to either side: the edge of a deck shows as much on the
    /// side in the sun, and would draw the track to it. None where pixels mix them with
    /// the trains, or where another track lies in them.
    fn shadows(&self, track_m: f64) -> Vec<Option<Vec<f64>>> {
        if self.given.psf_m > SHARP_M || self.given.beside_m.iter().any(Option::is_some) {
            return vec![None];
        }
        let of_side = |side: f64| {
            let middle_m = track_m + side * 0.5 * (WIDTH_M + SHADOW_M);
            Some(shows(&self.rows, middle_m, SHADOW_M, self.given.psf_m))
        };
        [-1.0, 1.0].map(of_side).to_vec()
    }

    /// What the lanes leave of the energy, with what the shadow and the tracks
    /// `beside` show; `None` where one of them cannot be it.
    fn cost(
        &self,
        (track, road): (i64, Option<i64>),
        shadow: Option<&[f64]>,
        beside: &[Vec<f64>],
    ) -> Option<f64> {
        let at = |place: i64| self.shown[(place + self.widest) as usize].as_slice();
        let columns: Vec<&[f64]> = (std::iter::once(at(track)))
            .chain(road.map(at))
            .chain(shadow)
            .chain(beside.iter().chain(&self.ground).map(Vec::as_slice))
            .collect();
        let (cost, factors) = explain(&columns, &self.energy)?;
        // After the floor come the columns.
        let of_shadow = factors[2 + usize::from(road.is_some())];
        let stands_out = factors[1] > 0.0
            && road.is_none_or(|_| factors[2] > self.least_road)
            && shadow.is_none_or(|_| (0.0..=MOST_SHADOW * factors[1]).contains(&of_shadow));
        let worth = if road.is_some() {
            1.0
        } else {
            1.0 - ROAD_WORTH
        };
        let doubt = shadow.map_or(0.0, |_| doubt(track as f64 * self.step_m));
        stands_out.then_some((cost + self.least_cost) * worth * (1.0 + doubt))
    }
}

/// By what share a track costs more that lies beside its given line: where a train
/// and its shadow are two strips of like energy, the nearer to the line is it.
pub(super) fn doubt(track_m: f64) -> f64 {
    DOUBT * (track_m / LINE_SIGMA_M).powi(2)
}

/// Energy of a strip of so much contrast that it is 1 where it fills a row.
fn shows(rows: &[f64], middle_m: f64, width_m: f64, psf_m: f64) -> Vec<f64> {
    let of_row = |o: &f64| strip(o - middle_m, width_m, psf_m).powi(2);
    rows.iter().map(of_row).collect()
}

/// Cost and factors (floor, then those of the columns) of the energy model.
fn explain(columns: &[&[f64]], energy: &[f64]) -> Option<(f64, Vec<f64>)> {
    let n = columns.len() + 1;
    let mut normal = DMatrix::<f64>::identity(n, n) * 1e-9;
    let mut right = DVector::<f64>::zeros(n);
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    normal[(0, 0)] += energy.len() as f64;
    right[0] = energy.iter().sum();
    for (i, column) in columns.iter().enumerate() {
        normal[(i + 1, 0)] += column.iter().sum::<f64>();
        right[i + 1] = dot(column, energy);
        for (j, other) in columns.iter().take(i + 1).enumerate() {
            normal[(i + 1, j + 1)] += dot(column, other);
        }
    }
    // The factorisation reads the lower triangle.
    let factors = normal.cholesky()?.solve(&right);
    let cost = dot(energy, energy) - factors.dot(&right);
    Some((cost, factors.iter().copied().collect()))
}

#[cfg(test)]
#[path = "lane_search_tests.rs"]
mod tests;
