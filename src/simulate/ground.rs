//! The land: what lies at every cell, the same in all captures of a series.
//!
//! A river crosses under the bridge; fields lie in rows of parcels; woods,
//! villages with buildings, roads and lines of trees between them.

use crate::geo::Point;
use crate::site::{SectionKind, Track};

use super::canvas::Canvas;
use super::random::Lattice;

/// What covers a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cover {
    /// River or its bed, by water level.
    River,
    /// Sand and gravel beside the river.
    Bank,
    /// A parcel under crops.
    Field,
    /// Grass and weeds.
    Grass,
    /// Trees that shed their leaves.
    Broadleaf,
    /// Trees that do not.
    Conifer,
    /// A building.
    Roof,
    /// Open ground between buildings.
    Yard,
    /// A road.
    Road,
}

/// The land on the canvas, cell by cell in rows.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    /// What covers each cell.
    pub cover: Vec<Cover>,
    /// Which parcel or building it belongs to, below [`PATCHES`].
    pub patch: Vec<u16>,
    /// Two fine patterns, deviation about one; their share changes with the date.
    pub texture: [Vec<f32>; 2],
    /// Height of trees and buildings, m.
    pub height_m: Vec<u8>,
    /// Metres into the river from its bank at mean water; negative on land.
    pub bank_m: Vec<f32>,
}

/// Number of different parcels and buildings: beyond, they repeat.
pub(super) const PATCHES: i64 = 4096;

/// Where a bridge begins and ends, chainage in m.
pub(super) fn bridge_of(track: &Track) -> (f64, f64) {
    let length_m = track.alignment.length_m();
    track
        .sections
        .iter()
        .find(|s| s.kind == SectionKind::Bridge)
        .map_or((0.25 * length_m, 0.75 * length_m), |s| (s.start_m, s.end_m))
}

struct Land {
    river: River,
    block: Lattice,
    parcel: Lattice,
    lot: Lattice,
    fine: [Lattice; 2],
    /// Direction of the rows of parcels.
    row: (f64, f64),
    /// Direction of the streets.
    street: (f64, f64),
}

/// What is found at one place.
struct Place {
    cover: Cover,
    patch: u16,
    height_m: u8,
}

impl Ground {
    pub(super) fn lay(canvas: &Canvas, track: &Track, seed: u64) -> Self {
        let land = Land::new(canvas, track, seed);
        let cells = canvas.width * canvas.height;
        let mut ground = Self {
            cover: Vec::with_capacity(cells),
            patch: Vec::with_capacity(cells),
            texture: [Vec::with_capacity(cells), Vec::with_capacity(cells)],
            height_m: Vec::with_capacity(cells),
            bank_m: Vec::with_capacity(cells),
        };
        for row in 0..canvas.height {
            for col in 0..canvas.width {
                let p = canvas.cell(col, row);
                let x = p.east_m - canvas.middle.east_m;
                let y = p.north_m - canvas.middle.north_m;
                let bank_m = land.river.bank_m(x, y);
                let place = land.at(x, y, bank_m);
                ground.cover.push(place.cover);
                ground.patch.push(place.patch);
                ground.height_m.push(place.height_m);
                ground.bank_m.push(bank_m);
                ground.texture[0].push(land.fine[0].fractal(x / 9.0, y / 9.0, 3));
                ground.texture[1].push(land.fine[1].fractal(x / 45.0, y / 45.0, 4));
            }
        }
        ground
    }
}

impl Land {
    fn new(canvas: &Canvas, track: &Track, seed: u64) -> Self {
        let lattice = |purpose| Lattice::new(seed, purpose, 0);
        // Rows and streets follow the river loosely, as they do on flood plains.
        let river = River::new(canvas, track, seed);
        let turn = |angle: f64| {
            let (sin, cos) = angle.sin_cos();
            let (e, n) = river.along;
            (e * cos - n * sin, e * sin + n * cos)
        };
        let angle = f64::from(lattice("angles").unit(0, 0));
        Self {
            row: turn(0.5 * angle - 0.1),
            street: turn(0.9 - angle),
            river,
            block: lattice("blocks"),
            parcel: lattice("parcels"),
            lot: lattice("lots"),
            fine: [lattice("fine texture"), lattice("coarse texture")],
        }
    }

    fn at(&self, x: f64, y: f64, bank_m: f32) -> Place {
        let plain = |cover| Place {
            cover,
            patch: 0,
            height_m: 0,
        };
        // The bed is laid out beyond the mean bank, for low and high water.
        if bank_m > -25.0 {
            return plain(Cover::River);
        }
        if bank_m > -32.0 - 14.0 * self.block.at(x / 70.0, y / 70.0) {
            return plain(Cover::Bank);
        }
        let kind = self.block.fractal(x / 420.0 + 0.5, y / 420.0, 3);
        if kind > 0.75 {
            self.village(x, y)
        } else if kind < -1.0 {
            self.wood(x, y)
        } else {
            self.field(x, y)
        }
    }

    fn wood(&self, x: f64, y: f64) -> Place {
        let conifer = self.block.at(x / 130.0, y / 130.0 + 40.0) > 0.4;
        let height_m = 7.0 + 2.0 * self.fine[0].at(x / 7.0, y / 7.0);
        Place {
            cover: if conifer {
                Cover::Conifer
            } else {
                Cover::Broadleaf
            },
            patch: 0,
            height_m: height_m.clamp(2.0, 14.0) as u8,
        }
    }

    /// Parcels in rows, 45 m deep and 60 to 160 m long, with tracks and some
    /// lines of trees between them.
    fn field(&self, x: f64, y: f64) -> Place {
        const DEPTH_M: f64 = 45.0;
        let u = x * self.row.0 + y * self.row.1;
        let v = -x * self.row.1 + y * self.row.0;
        let row = (v / DEPTH_M).floor() as i64;
        let length_m = 60.0 + 100.0 * f64::from(self.parcel.unit(row, -1));
        let col_at = u / length_m + f64::from(self.parcel.unit(row, -2));
        let col = col_at.floor() as i64;
        let edge_m = (v - row as f64 * DEPTH_M).min((col_at - col as f64) * length_m);
        let bits = self.parcel.bits(row, col);
        let trees = row.rem_euclid(5) == 0 && self.fine[0].at(u / 12.0, v / 12.0) > 0.2;
        let (cover, height_m) = if edge_m < 2.5 && row.rem_euclid(9) == 3 {
            (Cover::Road, 0)
        } else if edge_m < 7.0 && trees {
            (Cover::Broadleaf, 9)
        } else if edge_m < 1.5 || bits.is_multiple_of(7) {
            (Cover::Grass, 0)
        } else {
            (Cover::Field, 0)
        };
        Place {
            cover,
            patch: (bits % PATCHES.cast_unsigned()) as u16,
            height_m,
        }
    }

    /// Lots of 34 m with a building on most, streets between every third.
    fn village(&self, x: f64, y: f64) -> Place {
        const LOT_M: f64 = 34.0;
        let u = x * self.street.0 + y * self.street.1;
        let v = -x * self.street.1 + y * self.street.0;
        let (col, row) = ((u / LOT_M).floor() as i64, (v / LOT_M).floor() as i64);
        let (a, b) = (u - col as f64 * LOT_M, v - row as f64 * LOT_M);
        let bits = self.lot.bits(col, row);
        let share = |shift: u32| (bits >> shift & 0xFF) as f64 / 255.0;
        let long_m = 9.0 + 14.0 * share(0);
        let wide_m = 7.0 + 8.0 * share(8);
        let (long_m, wide_m) = if bits & 1 == 0 {
            (long_m, wide_m)
        } else {
            (wide_m, long_m)
        };
        let roof = (7.0..7.0 + long_m).contains(&a) && (7.0..7.0 + wide_m).contains(&b);
        let street = (b < 4.0 && row.rem_euclid(3) == 0) || (a < 5.0 && col.rem_euclid(4) == 0);
        let (cover, height_m) = if street {
            (Cover::Road, 0)
        } else if roof && share(16) > 0.15 {
            (Cover::Roof, (3.0 + 9.0 * share(24) * share(32)) as u8)
        } else if self.fine[0].at(u / 8.0, v / 8.0) > 1.2 {
            (Cover::Broadleaf, 7)
        } else if share(40) > 0.6 {
            (Cover::Grass, 0)
        } else {
            (Cover::Yard, 0)
        };
        Place {
            cover,
            patch: (bits % PATCHES.cast_unsigned()) as u16,
            height_m,
        }
    }
}

/// A river under the bridge, its banks near the ends of it, winding away
/// from there.
struct River {
    /// Start of the bridge, m from the middle of the window.
    from: (f64, f64),
    /// Direction of the bridge.
    along: (f64, f64),
    length_m: f64,
    bend: Lattice,
    rough: Lattice,
}

/// Banks lie so far inside the ends of the bridge, m.
const ABUTMENT_M: f64 = 18.0;

impl River {
    fn new(canvas: &Canvas, track: &Track, seed: u64) -> Self {
        let (start_m, end_m) = bridge_of(track);
        let (a, b) = (
            canvas.line.point_at(start_m, 0.0),
            canvas.line.point_at(end_m, 0.0),
        );
        let length_m = a.distance_m(b).max(1.0);
        let relative = |p: Point| {
            (
                p.east_m - canvas.middle.east_m,
                p.north_m - canvas.middle.north_m,
            )
        };
        Self {
            from: relative(a),
            along: (
                (b.east_m - a.east_m) / length_m,
                (b.north_m - a.north_m) / length_m,
            ),
            length_m,
            bend: Lattice::new(seed, "river bends", 0),
            rough: Lattice::new(seed, "river banks", 0),
        }
    }

    fn bank_m(&self, x: f64, y: f64) -> f32 {
        let (dx, dy) = (x - self.from.0, y - self.from.1);
        let u = dx * self.along.0 + dy * self.along.1;
        let v = -dx * self.along.1 + dy * self.along.0;
        let bend = |seed_row: f64| {
            let at = |v: f64| f64::from(self.bend.fractal(v / 650.0, seed_row, 2));
            55.0 * (at(v) - at(0.0)) + 0.12 * v * at(3000.0)
        };
        let rough_m = 5.0 * self.rough.fractal(x / 40.0, y / 40.0, 4);
        let first_m = u - ABUTMENT_M - bend(0.0);
        // Both banks follow the bend; the width varies by some of it.
        let second_m = self.length_m - ABUTMENT_M + bend(0.0) + 0.4 * bend(9.0) - u;
        (first_m.min(second_m)) as f32 + rough_m
    }
}
