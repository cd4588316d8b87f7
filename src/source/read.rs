//! From a capture and a target to a corridor: its scenes read and pasted.
//!
//! Scenes on one lattice of pixels are pasted without resampling. A scene on
//! another lattice (the neighbouring UTM zone, say) would have to be resampled,
//! and every pixel is interpolated once only, later; so of such captures only
//! the scenes on the lattice that covers most of the track are used, and the
//! corridor's notes say which were left out.
//!
//! Memory, per corridor of P pixels after averaging squares of k × k, with B
//! bands: P × (4 B + 2) bytes for the corridor, as much again for the scene
//! being pasted where there are several, and a belt of 512 native rows while it
//! is read. P is set by the tile and the margin, never by the size of the scene.

use ndarray::{Array2, Array3};

use super::corridor::{Corridor, CorridorOrigin, Provenance};
use super::lattice::lattice_offset;
use super::samples::{Samples, read_scene};
use super::window::{Placement, Target, covered_share, place_scenes};
use crate::capture::{BandRole, Capture, Scene};
use crate::error::{Error, Result};
use crate::geo::{FrameToPixel, Grid, Window};

/// Reads the corridor of a capture under a target. `fingerprint` is kept in
/// its provenance.
///
/// # Errors
/// A file of the capture cannot be read, its grid cannot be used, or no scene
/// touches the corridor.
pub fn read_corridor(capture: &Capture, target: &Target, fingerprint: &str) -> Result<Corridor> {
    let places = place_scenes(capture, target)?;
    let (seats, notes) = choose(capture, places);
    let canvas = Canvas::over(&seats)?;
    let mut pasted: Option<Samples> = None;
    for seat in &seats {
        let samples = read_scene(seat.scene, &seat.place)?;
        let window = canvas.window_of(seat);
        match &mut pasted {
            None if canvas.is_filled_by(window) => pasted = Some(samples),
            None => {
                let mut empty = canvas.empty(samples.values.dim().0);
                paste(&mut empty, &samples, window);
                pasted = Some(empty);
            }
            Some(below) => paste(below, &samples, window),
        }
    }
    let samples = pasted.ok_or_else(outside)?;
    Ok(Corridor {
        origin: origin(capture, target, &seats, &samples)?,
        provenance: provenance(&seats, fingerprint, notes)?,
        frame: target.frame,
        to_pixel: canvas.to_pixel,
        grid: canvas.grid,
        values: samples.values,
        covered: samples.covered,
        clear: samples.clear,
    })
}

/// A scene that is used, and where its window lies on the shared lattice.
struct Seat<'a> {
    scene: &'a Scene,
    place: Placement,
    /// First native column and row of the window, counted from the first pixel
    /// of the anchor's raster.
    at: (isize, isize),
}

/// The seats on the lattice that covers most of the track, and notes on the
/// scenes left out.
fn choose(capture: &Capture, places: Vec<Option<Placement>>) -> (Vec<Seat<'_>>, Vec<String>) {
    let mut lattices: Vec<Vec<Seat>> = Vec::new();
    for (scene, place) in capture.scenes.iter().zip(places) {
        let Some(place) = place else { continue };
        let mut seat = Seat {
            scene,
            at: (
                place.window.col.cast_signed(),
                place.window.row.cast_signed(),
            ),
            place,
        };
        let home = lattices.iter_mut().find_map(|seats| {
            let anchor = seats.first()?;
            let same_kind = roles(anchor.scene) == roles(scene);
            let offset = lattice_offset(&anchor.place.grid, &seat.place.grid)?;
            same_kind.then_some((seats, offset))
        });
        match home {
            Some((seats, (cols, rows))) => {
                seat.at.0 += cols;
                seat.at.1 += rows;
                seats.push(seat);
            }
            None => lattices.push(vec![seat]),
        }
    }
    // The first of equals wins: `max_by` would take the last.
    lattices.reverse();
    let share = |seats: &[Seat]| covered_share(seats.iter().map(|seat| &seat.place));
    let best =
        (0..lattices.len()).max_by(|&a, &b| share(&lattices[a]).total_cmp(&share(&lattices[b])));
    let Some(best) = best else {
        return (Vec::new(), Vec::new());
    };
    let chosen = lattices.swap_remove(best);
    let mut notes: Vec<String> = lattices.iter().flatten().map(left_out).collect();
    notes.sort();
    (chosen, notes)
}

fn left_out(seat: &Seat) -> String {
    format!(
        "scene {} was left out: its pixels do not fit those of the scene that covers more of the track",
        seat.scene.id
    )
}

fn roles(scene: &Scene) -> Vec<BandRole> {
    scene.bands.iter().map(|band| band.role).collect()
}

/// The pixels that all seats together fill.
struct Canvas {
    /// First native column and row on the anchor's lattice.
    first: (isize, isize),
    mean_of: usize,
    grid: Grid,
    to_pixel: FrameToPixel,
}

impl Canvas {
    fn over(seats: &[Seat]) -> Result<Self> {
        let anchor = seats.first().ok_or_else(outside)?;
        let mut first = anchor.at;
        let mut end = anchor.at;
        for Seat { at, place, .. } in seats {
            first = (first.0.min(at.0), first.1.min(at.1));
            end.0 = end.0.max(at.0 + place.window.width.cast_signed());
            end.1 = end.1.max(at.1 + place.window.height.cast_signed());
        }
        let mean_of = anchor.place.mean_of;
        let side = mean_of as f64;
        let mut to_pixel = anchor.place.to_pixel.clone();
        to_pixel.col[0] -= first.0 as f64;
        to_pixel.row[0] -= first.1 as f64;
        for coefficient in to_pixel.col.iter_mut().chain(&mut to_pixel.row) {
            *coefficient /= side;
        }
        to_pixel.residual_px /= side;
        Ok(Self {
            first,
            mean_of,
            grid: Self::grid(&anchor.place.grid, first, end, mean_of),
            to_pixel,
        })
    }

    fn grid(anchor: &Grid, first: (isize, isize), end: (isize, isize), mean_of: usize) -> Grid {
        let (x, y) = anchor.map_at(crate::geo::PixelPoint {
            col: first.0 as f64,
            row: first.1 as f64,
        });
        let side = mean_of as f64;
        let [_, dx_dcol, dx_drow, _, dy_dcol, dy_drow] = anchor.origin;
        Grid {
            width: (end.0 - first.0) as usize / mean_of,
            height: (end.1 - first.1) as usize / mean_of,
            origin: [
                x,
                dx_dcol * side,
                dx_drow * side,
                y,
                dy_dcol * side,
                dy_drow * side,
            ],
            crs: anchor.crs.clone(),
        }
    }

    /// Where a seat's samples go.
    fn window_of(&self, seat: &Seat) -> Window {
        Window {
            col: (seat.at.0 - self.first.0) as usize / self.mean_of,
            row: (seat.at.1 - self.first.1) as usize / self.mean_of,
            width: seat.place.window.width / self.mean_of,
            height: seat.place.window.height / self.mean_of,
        }
    }

    fn is_filled_by(&self, window: Window) -> bool {
        (window.width, window.height) == (self.grid.width, self.grid.height)
    }

    fn empty(&self, bands: usize) -> Samples {
        let shape = (self.grid.height, self.grid.width);
        Samples {
            values: Array3::from_elem((bands, shape.0, shape.1), f32::NAN),
            covered: Array2::from_elem(shape, false),
            clear: Array2::from_elem(shape, false),
        }
    }
}

/// Lays a later scene under what is there: it fills pixels that are not clear
/// where it is clear itself, and pixels that are not covered where it is covered.
fn paste(onto: &mut Samples, later: &Samples, window: Window) {
    for ((row, col), &covered) in later.covered.indexed_iter() {
        let clear = later.clear[(row, col)];
        let at = (row + window.row, col + window.col);
        let better = (clear && !onto.clear[at]) || (covered && !onto.covered[at]);
        if !better {
            continue;
        }
        onto.covered[at] = true;
        onto.clear[at] = clear;
        for band in 0..later.values.dim().0 {
            onto.values[(band, at.0, at.1)] = later.values[(band, row, col)];
        }
    }
}

fn origin(
    capture: &Capture,
    target: &Target,
    seats: &[Seat],
    samples: &Samples,
) -> Result<CorridorOrigin> {
    let anchor = seats.first().ok_or_else(outside)?;
    let scene = anchor.scene;
    Ok(CorridorOrigin {
        crossing: target.crossing.clone(),
        track: target.track.clone(),
        start_m: target.start_m,
        end_m: target.end_m,
        capture: capture.id.clone(),
        scenes: capture.scenes.len(),
        acquired: capture.datetime,
        sensor: scene.sensor.clone(),
        platform: scene.platform.clone(),
        modality: scene.modality,
        relative_orbit: scene.relative_orbit,
        unit: scene.unit,
        gsd_m: anchor.place.gsd_m(),
        bands: roles(scene),
        masks: scene.masks.iter().map(|mask| mask.name.clone()).collect(),
        clear_share: samples.clear.iter().filter(|&&clear| clear).count() as f64
            / samples.clear.len().max(1) as f64,
    })
}

fn provenance(seats: &[Seat], fingerprint: &str, notes: Vec<String>) -> Result<Provenance> {
    let anchor = seats.first().ok_or_else(outside)?;
    let products = seats.iter().map(|seat| {
        let name = seat.scene.product.file_name();
        name.map_or_else(
            || seat.scene.id.clone(),
            |name| name.to_string_lossy().into_owned(),
        )
    });
    Ok(Provenance {
        fingerprint: fingerprint.to_owned(),
        products: products.collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        calibration: anchor
            .scene
            .bands
            .iter()
            .map(|band| (band.scale, band.offset))
            .collect(),
        mean_of: anchor.place.mean_of,
        notes,
    })
}

fn outside() -> Error {
    Error::unsupported("no scene of the capture touches the corridor")
}
