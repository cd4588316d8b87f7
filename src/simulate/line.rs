//! The line as light leaves it: embankments, decks, track, road lane, trusses
//! and their shadows, then what stands on it.

use super::canvas::Canvas;
use super::circumstances::Circumstances;
use super::corridor::{NearCell, NearCells};
use super::decks::{BED_M, Decks, EMBANKMENT_M, LANE_M, OtherBridge, overlap};
use super::ground::Cover;
use super::land::{Planes, SKYLIGHT};
use super::random::Lattice;
use super::season::{Day, Palette};
use super::spectra::{self, Spectrum, mix, scaled};
use super::traffic::Ship;
use super::vehicles::Vehicle;

/// All that is needed to draw the line of one capture.
pub(super) struct LinePainter<'a> {
    pub canvas: &'a Canvas,
    pub near: &'a NearCells,
    pub decks: &'a Decks,
    pub day: &'a Day,
    pub palette: &'a Palette,
    pub capture: &'a Circumstances,
    pub wear: Lattice,
}

/// Where a thing of some height appears: along and across the line, m.
#[derive(Debug, Clone, Copy)]
struct Lean {
    along_m: f64,
    across_m: f64,
}

impl LinePainter<'_> {
    /// How far things at a height appear from their place.
    fn lean(&self, chainage_m: f64, height_m: f64) -> Lean {
        let (east, north) = self.capture.lean;
        let (along_m, across_m) =
            self.canvas
                .line
                .turned(chainage_m, east * height_m, north * height_m);
        Lean { along_m, across_m }
    }

    /// How far the shadow of things at a height lies from them.
    fn shadow(&self, chainage_m: f64, height_m: f64) -> Lean {
        let (east_m, north_m) = self.day.sun.throws(height_m);
        let (along_m, across_m) = self.canvas.line.turned(chainage_m, east_m, north_m);
        Lean { along_m, across_m }
    }

    /// Draws embankments, bridges and ships over the land.
    pub(super) fn draw_decks(&self, planes: &mut Planes, ships: &[Ship]) {
        for ship in ships {
            self.ship(planes, ship);
        }
        let others = self.decks.standing(self.day.date);
        for cell in self.near.all() {
            for other in &others {
                self.other_bridge(planes, cell, other);
            }
            self.shade_of_deck(planes, cell);
            self.embankment(planes, cell);
            self.deck(planes, cell);
        }
    }

    fn ship(&self, planes: &mut Planes, ship: &Ship) {
        let (sin, cos) = ship.turned.sin_cos();
        let reach_m = ship.half_m.0 + self.canvas.cell_m;
        let cells = self
            .near
            .between(ship.at_m.0 - reach_m, ship.at_m.0 + reach_m);
        for cell in cells {
            let (a, c) = (cell.along_m - ship.at_m.0, cell.across_m - ship.at_m.1);
            let (u, v) = (a * cos + c * sin, -a * sin + c * cos);
            let size_m = self.canvas.cell_m;
            // Pointed at both ends.
            let wide_m = ship.half_m.1 * (1.0 - (u / ship.half_m.0).powi(4)).max(0.0);
            let share = overlap(u, size_m, (-ship.half_m.0, ship.half_m.0))
                * overlap(v, size_m, (-wide_m, wide_m));
            cover(planes, cell.index, ship.colour, share);
        }
    }

    fn other_bridge(&self, planes: &mut Planes, cell: &NearCell, other: &OtherBridge) {
        let from = self.lean(cell.along_m, other.height_m);
        let size_m = self.canvas.cell_m;
        let sides = other.sides_m();
        let share = |lean: Lean| {
            overlap(
                cell.along_m - lean.along_m,
                size_m,
                (other.start_m, other.end_m),
            ) * overlap(cell.across_m - lean.across_m, size_m, sides)
        };
        let shadow = self.shadow(cell.along_m, other.height_m);
        shade(planes, cell.index, share(shadow));
        let colour = mix(other.colour, spectra::SNOW, 0.7 * self.day.snow_on_track);
        cover(planes, cell.index, colour, share(from));
    }

    fn shade_of_deck(&self, planes: &mut Planes, cell: &NearCell) {
        let shadow = self.shadow(cell.along_m, self.decks.height_at(cell.along_m));
        let along_m = cell.along_m - shadow.along_m;
        let size_m = self.canvas.cell_m;
        let share = overlap(along_m, size_m, self.decks.bridge_m)
            * overlap(cell.across_m - shadow.across_m, size_m, self.decks.deck_m());
        shade(planes, cell.index, share);
    }

    fn embankment(&self, planes: &mut Planes, cell: &NearCell) {
        let (start_m, end_m) = self.decks.bridge_m;
        if (start_m..end_m).contains(&cell.along_m) || cell.across_m.abs() > 40.0 {
            return;
        }
        let size_m = self.canvas.cell_m;
        let lean = self.lean(cell.along_m, self.decks.height_at(cell.along_m));
        let across_m = cell.across_m - lean.across_m;
        let (top_m, foot_m) = EMBANKMENT_M;
        let grass = self.palette.of_cover(Cover::Grass, 0);
        let rough = 1.0 + 0.12 * self.wear.at(cell.along_m / 11.0, cell.across_m / 5.0);
        let grass = mix(scaled(grass, rough), spectra::SNOW, 0.9 * self.day.snow);
        cover(
            planes,
            cell.index,
            grass,
            overlap(across_m, size_m, (-foot_m, foot_m)),
        );
        let soil = mix(spectra::DRY_SOIL, spectra::SNOW, 0.8 * self.day.snow);
        cover(
            planes,
            cell.index,
            soil,
            overlap(across_m, size_m, (-top_m, top_m)),
        );
        self.lane(planes, cell, across_m, 1.0);
        self.bed(planes, cell, across_m, 1.0);
    }

    fn deck(&self, planes: &mut Planes, cell: &NearCell) {
        if cell.across_m.abs() > 45.0 {
            return;
        }
        let lean = self.lean(cell.along_m, self.decks.height_at(cell.along_m));
        let (along_m, across_m) = (cell.along_m - lean.along_m, cell.across_m - lean.across_m);
        let size_m = self.canvas.cell_m;
        let on_bridge = overlap(along_m, size_m, self.decks.bridge_m);
        if on_bridge <= 0.0 {
            return;
        }
        let sides = self.decks.deck_m();
        let steel = mix(
            spectra::PAINTED_STEEL,
            spectra::SNOW,
            0.5 * self.day.snow_on_track,
        );
        let here = NearCell {
            along_m,
            across_m,
            ..*cell
        };
        cover(
            planes,
            cell.index,
            steel,
            on_bridge * overlap(across_m, size_m, sides),
        );
        self.lane(planes, &here, across_m, on_bridge);
        self.bed(planes, &here, across_m, on_bridge);
        if let Some(panel_m) = self.decks.truss_m {
            self.truss(planes, &here, panel_m, on_bridge);
        }
    }

    /// Ballast and sleepers, stained along the line, renewed on a stretch.
    fn bed(&self, planes: &mut Planes, cell: &NearCell, across_m: f64, share: f32) {
        let fresh = self
            .decks
            .new_ballast
            .is_some_and(|((from_m, to_m), since)| {
                since <= self.day.date && (from_m..to_m).contains(&cell.along_m)
            });
        let stone = if fresh {
            spectra::NEW_BALLAST
        } else {
            spectra::OLD_BALLAST
        };
        let stain = 1.0 + 0.07 * self.wear.fractal(cell.along_m / 35.0, 0.5, 4);
        let colour = scaled(stone, stain * (1.0 - 0.2 * self.day.wet));
        let colour = mix(colour, spectra::SNOW, 0.8 * self.day.snow_on_track);
        let bed = overlap(across_m, self.canvas.cell_m, (-BED_M, BED_M));
        cover(planes, cell.index, colour, share * bed);
    }

    fn lane(&self, planes: &mut Planes, cell: &NearCell, across_m: f64, share: f32) {
        let Some(lane_m) = self.decks.lane_m else {
            return;
        };
        let stain = 1.0 + 0.08 * self.wear.fractal(cell.along_m / 25.0, 7.5, 3);
        let colour = scaled(spectra::ASPHALT, stain * (1.0 - 0.2 * self.day.wet));
        let colour = mix(colour, spectra::SNOW, 0.4 * self.day.snow_on_track);
        let sides = (lane_m - LANE_M, lane_m + LANE_M);
        let lane = overlap(across_m, self.canvas.cell_m, sides);
        cover(planes, cell.index, colour, share * lane);
    }

    /// Posts and chords beside the deck throw a ladder of shadow on it.
    fn truss(&self, planes: &mut Planes, cell: &NearCell, panel_m: f64, share: f32) {
        const POST_M: f64 = 1.1;
        const HEIGHT_M: f64 = 6.5;
        let thrown = self.shadow(cell.along_m, HEIGHT_M);
        let into = (cell.along_m - 0.5 * thrown.along_m).rem_euclid(panel_m) - 0.5 * panel_m;
        let sides = self.decks.deck_m();
        // The girder that stands towards the sun.
        let girder_m = if thrown.across_m > 0.0 {
            sides.0
        } else {
            sides.1
        };
        let end_m = girder_m + thrown.across_m;
        let reached = (girder_m.min(end_m), girder_m.max(end_m));
        let size_m = self.canvas.cell_m;
        let across =
            overlap(cell.across_m, size_m, reached) * overlap(cell.across_m, size_m, sides);
        let post = overlap(into, size_m, (-0.5 * POST_M, 0.5 * POST_M));
        shade(planes, cell.index, share * across * post * 0.8);
    }

    /// Draws vehicles over the decks: all shadows first, then all bodies, each
    /// band at its own instant.
    pub(super) fn draw_vehicles(
        &self,
        planes: &mut Planes,
        vehicles: &[Vehicle],
        delay_s: &[f64; super::sensor::BANDS],
    ) {
        for vehicle in vehicles {
            self.shade_of_vehicle(planes, vehicle);
        }
        for vehicle in vehicles {
            for (band, (plane, delay_s)) in planes.iter_mut().zip(delay_s).enumerate() {
                let moved_m = vehicle.speed_mps * delay_s;
                self.body((band, plane), vehicle, moved_m);
            }
        }
    }

    /// Calls `draw` with the index of each cell that a vehicle moved by
    /// `moved_m` covers, and by how much.
    pub(super) fn covered_by(
        &self,
        vehicle: &Vehicle,
        moved_m: f64,
        mut draw: impl FnMut(usize, f32, f64),
    ) {
        let (start_m, end_m) = (vehicle.start_m + moved_m, vehicle.end_m + moved_m);
        let size_m = self.canvas.cell_m;
        let lean = self.lean(start_m, self.decks.height_at(0.5 * (start_m + end_m)));
        let sides = (
            vehicle.offset_m - vehicle.half_width_m,
            vehicle.offset_m + vehicle.half_width_m,
        );
        let reach_m = lean.along_m.abs() + size_m;
        for cell in self.near.between(start_m - reach_m, end_m + reach_m) {
            let along_m = cell.along_m - lean.along_m;
            let share = overlap(along_m, size_m, (start_m, end_m))
                * overlap(cell.across_m - lean.across_m, size_m, sides);
            if share > 0.0 {
                draw(cell.index, share, along_m - moved_m);
            }
        }
    }

    fn body(&self, (band, plane): (usize, &mut Vec<f32>), vehicle: &Vehicle, moved_m: f64) {
        let value = vehicle.colour[band];
        self.covered_by(vehicle, moved_m, |i, share, along_m| {
            // Hatches, ribs and loads; fixed to the vehicle.
            let detail = 1.0 + 0.10 * self.wear.at(along_m / 1.7, vehicle.end_m);
            plane[i] += share * (value * detail - plane[i]);
        });
    }

    fn shade_of_vehicle(&self, planes: &mut Planes, vehicle: &Vehicle) {
        let thrown = self.shadow(vehicle.start_m, vehicle.height_m);
        let size_m = self.canvas.cell_m;
        let (left_m, right_m) = (
            vehicle.offset_m - vehicle.half_width_m,
            vehicle.offset_m + vehicle.half_width_m,
        );
        let sides = (
            left_m.min(left_m + thrown.across_m),
            right_m.max(right_m + thrown.across_m),
        );
        let moved_m = 0.5 * thrown.along_m;
        let lean = self.lean(vehicle.start_m, self.decks.height_at(vehicle.start_m));
        let stretch = (vehicle.start_m + moved_m, vehicle.end_m + moved_m);
        let reach_m = lean.along_m.abs() + size_m;
        for cell in self.near.between(stretch.0 - reach_m, stretch.1 + reach_m) {
            let share = overlap(cell.along_m - lean.along_m, size_m, stretch)
                * overlap(cell.across_m - lean.across_m, size_m, sides);
            shade(planes, cell.index, share);
        }
    }
}

/// Lays a colour over a share of a cell.
fn cover(planes: &mut Planes, i: usize, colour: Spectrum, share: f32) {
    if share > 0.0 {
        for (plane, value) in planes.iter_mut().zip(colour) {
            plane[i] += share * (value - plane[i]);
        }
    }
}

/// Takes the sun from a share of a cell.
fn shade(planes: &mut Planes, i: usize, share: f32) {
    if share > 0.0 {
        for (plane, sky) in planes.iter_mut().zip(SKYLIGHT) {
            plane[i] *= 1.0 + share * (sky - 1.0);
        }
    }
}
