//! The plan of a read: which pixels of a raster lie in a corridor.
//!
//! Rules:
//! - The corridor is the stretch of track and a margin for registration on all
//!   sides: [`MARGIN_M`], or [`FINE_MARGIN_M`] where the GSD is
//!   [`FINE_GSD_M`] or finer.
//! - Pixels finer than half of [`COARSEST_MEAN_M`] are averaged in squares of
//!   the largest whole factor that keeps the mean at or below it: GSD 0.3 m
//!   becomes 0.6 m, 0.5 m stays. A train is 3 m wide, so nothing is lost, and
//!   the corridor stays small. Means are taken of native pixels rather than
//!   read from overviews: vendors build those by picking, which aliases, and
//!   their edges mix with "no data".

use super::header::scene_grid;
use super::transform::{self, Extent};
use crate::capture::Capture;
use crate::error::{Error, Result};
use crate::geo::{Alignment, Frame, FrameToPixel, Grid, Point, Window};

/// Margin about the track in which captures are registered, m: several
/// hundred pixels across at 3 m, a hundred at 10 m.
pub const MARGIN_M: f64 = 500.0;

/// The same for fine imagery, where a smaller place holds as much detail, m.
pub const FINE_MARGIN_M: f64 = 250.0;

/// GSD from which on imagery counts as fine, m.
pub const FINE_GSD_M: f64 = 1.0;

/// Largest pixel made by averaging, m: a fifth of a train's width of 3.2 m.
pub const COARSEST_MEAN_M: f64 = 0.7;

/// Most pixels that a window may hold: a tile of 2 km and its margins, lying
/// askew at a GSD of 0.2 m, are 91 million.
const MOST_PIXELS: usize = 100_000_000;

/// Distance of the places at which coverage is looked at, m.
const COVERAGE_STEP_M: f64 = 5.0;

/// A stretch of a track to be looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The crossing's id.
    pub crossing: String,
    /// The track's id.
    pub track: String,
    /// The track's frame.
    pub frame: Frame,
    /// The stretch's part of the alignment.
    pub alignment: Alignment,
    /// Chainage of its start on the whole track, m.
    pub start_m: f64,
    /// Chainage of its end on the whole track, m.
    pub end_m: f64,
}

/// A raster under a target: what to read of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// The raster's own grid.
    pub grid: Grid,
    /// From the target's frame to the raster's native pixels.
    pub to_pixel: FrameToPixel,
    /// Native pixels to read; a whole number of squares of `mean_of`.
    pub window: Window,
    /// Native pixels along the side of a square that becomes one pixel.
    pub mean_of: usize,
    /// Ground size of a native pixel, m.
    pub native_gsd_m: f64,
    /// Whether the track lies inside the raster, at even distances of about
    /// 5 m along the stretch.
    pub inside: Vec<bool>,
}

impl Placement {
    /// Ground sample distance after averaging, m, to the centimetre.
    #[must_use]
    pub fn gsd_m(&self) -> f64 {
        (self.native_gsd_m * self.mean_of as f64 * 100.0).round() / 100.0
    }
}

/// Share of a stretch of track that lies inside any of the rasters, 0..1.
#[must_use]
pub fn covered_share<'a>(places: impl IntoIterator<Item = &'a Placement>) -> f64 {
    let mut any: Vec<bool> = Vec::new();
    for place in places {
        any.resize(place.inside.len(), false);
        for (any, &inside) in any.iter_mut().zip(&place.inside) {
            *any |= inside;
        }
    }
    let covered = any.iter().filter(|&&inside| inside).count();
    covered as f64 / any.len().max(1) as f64
}

/// Where each scene of a capture lies under a target, in the order of the
/// scenes; `None` for those that do not touch the corridor.
///
/// # Errors
/// A raster cannot be opened, or its grid cannot be used.
pub fn place_scenes(capture: &Capture, target: &Target) -> Result<Vec<Option<Placement>>> {
    capture
        .scenes
        .iter()
        .map(|scene| {
            let grid = scene_grid(scene)?;
            place(&grid, target).map_err(|error| match error {
                Error::Content { .. } => error,
                other => Error::content(&scene.product, other.to_string(), WARP_FIRST),
            })
        })
        .collect()
}

/// What to do about a raster whose grid cannot be used.
pub const WARP_FIRST: &str = "order the orthorectified product, or warp it to a UTM grid first";

/// What of a raster lies in the corridor of a target; `None` if nothing does.
///
/// # Errors
/// As [`transform::fit`], and pixels so small that the corridor would not fit
/// into memory.
pub fn place(grid: &Grid, target: &Target) -> Result<Option<Placement>> {
    let extent = Extent::around(&target.alignment, MARGIN_M);
    let Some(to_pixel) = transform::fit(&target.frame, &extent, grid)? else {
        return Ok(None);
    };
    let middle = target
        .alignment
        .point_at(target.alignment.length_m() / 2.0, 0.0);
    let native_gsd_m = to_pixel.pixel_size_m(middle);
    let mean_of = mean_of(native_gsd_m);
    let Some(window) = corridor_window(&to_pixel, &target.alignment, margin_m(native_gsd_m), grid)
        .and_then(|window| whole_squares(window, mean_of))
    else {
        return Ok(None);
    };
    if window.width * window.height > MOST_PIXELS {
        return Err(Error::value(
            "the raster's pixel size",
            format!("{native_gsd_m} m"),
            "one that a corridor of some kilometres can be read at",
        ));
    }
    Ok(Some(Placement {
        grid: grid.clone(),
        window,
        mean_of,
        native_gsd_m,
        inside: inside(&to_pixel, &target.alignment, grid),
        to_pixel,
    }))
}

/// The margin for registration at a GSD, m.
#[must_use]
pub fn margin_m(gsd_m: f64) -> f64 {
    if gsd_m <= FINE_GSD_M {
        FINE_MARGIN_M
    } else {
        MARGIN_M
    }
}

/// How many native pixels along a side become one.
///
/// ```
/// use railspan::source::mean_of;
/// assert_eq!([10.0, 0.5, 0.36, 0.35, 0.3, 0.2].map(mean_of), [1, 1, 1, 2, 2, 3]);
/// ```
#[must_use]
pub fn mean_of(gsd_m: f64) -> usize {
    // Half a per cent for grids whose pixels are not quite what they are called.
    ((COARSEST_MEAN_M * 1.005 / gsd_m).floor() as usize).max(1)
}

/// The pixels of `grid` within `margin_m` of the line, as a rectangle.
fn corridor_window(
    to_pixel: &FrameToPixel,
    alignment: &Alignment,
    margin_m: f64,
    grid: &Grid,
) -> Option<Window> {
    let (mut left, mut top) = (f64::INFINITY, f64::INFINITY);
    let (mut right, mut bottom) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    for place in rim(alignment, margin_m) {
        let p = to_pixel.apply(place);
        (left, right) = (left.min(p.col), right.max(p.col));
        (top, bottom) = (top.min(p.row), bottom.max(p.row));
    }
    let (col, width) = clip(left, right, grid.width)?;
    let (row, height) = clip(top, bottom, grid.height)?;
    Some(Window {
        col,
        row,
        width,
        height,
    })
}

/// Places on the rim of the buffered line: a ring of 64 about each vertex,
/// which misses a rotated grid's true edge by at most 0.03 % of the margin.
fn rim(alignment: &Alignment, margin_m: f64) -> impl Iterator<Item = Point> + '_ {
    const RING: usize = 64;
    alignment.vertices().iter().flat_map(move |vertex| {
        (0..RING).map(move |i| {
            let (sin, cos) = (std::f64::consts::TAU * i as f64 / RING as f64).sin_cos();
            Point {
                east_m: vertex.east_m + margin_m * cos,
                north_m: vertex.north_m + margin_m * sin,
            }
        })
    })
}

/// Whole pixels that a range touches, clipped to `0..len`: first and count.
fn clip(from: f64, to: f64, len: usize) -> Option<(usize, usize)> {
    if to.is_nan() || from.is_nan() || to <= 0.0 || from >= len as f64 {
        return None;
    }
    let first = from.floor().max(0.0) as usize;
    let end = (to.ceil() as usize).min(len);
    (end > first).then_some((first, end - first))
}

/// The window shrunk to squares of `side` pixels that start at multiples of it,
/// so that squares of all scenes on one lattice agree.
fn whole_squares(window: Window, side: usize) -> Option<Window> {
    let shrink = |first: usize, count: usize| {
        let start = first.next_multiple_of(side);
        let end = (first + count) / side * side;
        (end > start).then(|| (start, end - start))
    };
    let (col, width) = shrink(window.col, window.width)?;
    let (row, height) = shrink(window.row, window.height)?;
    Some(Window {
        col,
        row,
        width,
        height,
    })
}

fn inside(to_pixel: &FrameToPixel, alignment: &Alignment, grid: &Grid) -> Vec<bool> {
    let steps = (alignment.length_m() / COVERAGE_STEP_M).ceil().max(1.0) as usize;
    (0..steps)
        .map(|i| {
            let at_m = alignment.length_m() * (i as f64 + 0.5) / steps as f64;
            let p = to_pixel.apply(alignment.point_at(at_m, 0.0));
            (0.0..grid.width as f64).contains(&p.col) && (0.0..grid.height as f64).contains(&p.row)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::float_cmp)]
    use super::*;
    use crate::geo::LonLat;

    /// 1,000 m of track running east along the equator at the central meridian
    /// of zone 31, where a UTM pixel is 0.9996 of its size.
    fn target() -> Target {
        let p = |east_m| Point {
            east_m,
            north_m: 0.0,
        };
        Target {
            crossing: "x".into(),
            track: "t".into(),
            frame: Frame::at(LonLat {
                lon_deg: 3.0,
                lat_deg: 0.0,
            }),
            alignment: Alignment::through(&[p(-500.0), p(500.0)]).unwrap(),
            start_m: 0.0,
            end_m: 1000.0,
        }
    }

    fn grid(west: f64, north: f64, gsd_m: f64, size: usize) -> Grid {
        Grid {
            width: size,
            height: size,
            origin: [west, gsd_m, 0.0, north, 0.0, -gsd_m],
            crs: "EPSG:32631".into(),
        }
    }

    #[test]
    fn reads_the_margin_and_no_more() {
        let placed = place(&grid(450_000.0, 50_000.0, 10.0, 10_980), &target())
            .unwrap()
            .unwrap();
        // 2,000 m × 1,000 m, shrunk by 0.9996, touch 200 × 100 pixels.
        let Window {
            col,
            row,
            width,
            height,
        } = placed.window;
        assert_eq!((col, width), (4900, 200));
        assert_eq!((row, height), (4950, 100));
        assert_eq!(covered_share([&placed]), 1.0);
        assert_eq!(placed.gsd_m(), 10.0);
    }

    #[test]
    fn is_clipped_at_the_edge_of_the_raster() {
        // The raster begins at the middle of the track.
        let placed = place(&grid(500_000.0, 200.0, 10.0, 30), &target())
            .unwrap()
            .unwrap();
        assert_eq!((placed.window.col, placed.window.width), (0, 30));
        assert_eq!((placed.window.row, placed.window.height), (0, 30));
        // From 0 to 300 m of 1,000 m.
        let share = covered_share([&placed]);
        assert!((share - 0.3).abs() < 0.006, "{share}");
    }

    #[test]
    fn touching_the_margin_is_not_covering_the_track() {
        let placed = place(&grid(499_000.0, 490.0, 10.0, 20), &target())
            .unwrap()
            .unwrap();
        assert_eq!(covered_share([&placed]), 0.0);
        assert_eq!(
            place(&grid(499_000.0, 5_000.0, 10.0, 20), &target()).unwrap(),
            None
        );
    }

    #[test]
    fn fine_imagery_has_a_smaller_margin_and_is_averaged() {
        let placed = place(&grid(495_000.1, 5_000.1, 0.3, 40_000), &target())
            .unwrap()
            .unwrap();
        assert_eq!(placed.mean_of, 2);
        assert_eq!(placed.gsd_m(), 0.6);
        let window = placed.window;
        assert_eq!(
            [
                window.col % 2,
                window.row % 2,
                window.width % 2,
                window.height % 2
            ],
            [0; 4]
        );
        let high_m = window.height as f64 * 0.3;
        assert!((high_m - 500.0).abs() < 2.0, "{high_m}");
    }

    #[test]
    fn a_rotated_grid_is_read_under_the_track_only() {
        // Columns run north-east, rows south-east.
        let mut rotated = grid(490_000.0, 0.0, 10.0, 3000);
        let step = 10.0 * std::f64::consts::FRAC_1_SQRT_2;
        rotated.origin = [490_000.0, step, step, 0.0, step, -step];
        let placed = place(&rotated, &target()).unwrap().unwrap();
        // 1,000 m of line at 45° are 707 m either way, and 500 m on all sides.
        for side in [placed.window.width, placed.window.height] {
            assert!((171..=173).contains(&side), "{side}");
        }
        assert_eq!(covered_share([&placed]), 1.0);
    }

    #[test]
    fn absurdly_small_pixels_are_refused() {
        let tiny = Grid {
            width: 2_000_000_000,
            height: 2_000_000_000,
            ..grid(499_000.0, 1_000.0, 1e-6, 1)
        };
        assert!(place(&tiny, &target()).is_err());
    }
}
