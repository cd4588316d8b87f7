//! A capture laid out in the track's frame, east to the right and north up.

use ndarray::{Array2, Array3};

use super::straighten::Prepared;
use crate::error::{Error, Result};
use crate::geo::{Alignment, FrameToPixel, PixelPoint, Point};

/// Ground around the track that registration looks at, m: enough for banks
/// and streets to both sides of a bridge.
const MARGIN_M: f64 = 500.0;

/// The same for pixels of 1 m and finer, where less ground holds as many.
const FINE_MARGIN_M: f64 = 250.0;

/// A rectangle of the frame, m.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Least east coordinate.
    pub west_m: f64,
    /// Greatest east coordinate.
    pub east_m: f64,
    /// Least north coordinate.
    pub south_m: f64,
    /// Greatest north coordinate.
    pub north_m: f64,
}

impl Bounds {
    /// The least rectangle around some points; empty (west > east) around none.
    #[must_use]
    pub fn around(points: impl IntoIterator<Item = Point>) -> Self {
        let nothing = Self {
            west_m: f64::INFINITY,
            east_m: f64::NEG_INFINITY,
            south_m: f64::INFINITY,
            north_m: f64::NEG_INFINITY,
        };
        points.into_iter().fold(nothing, |b, p| Self {
            west_m: b.west_m.min(p.east_m),
            east_m: b.east_m.max(p.east_m),
            south_m: b.south_m.min(p.north_m),
            north_m: b.north_m.max(p.north_m),
        })
    }

    /// The least rectangle around the pixels of a corridor of `width` by
    /// `height` pixels.
    ///
    /// # Errors
    /// The corridor's transform cannot be inverted.
    pub fn of(to_pixel: &FrameToPixel, (width, height): (usize, usize)) -> Result<Self> {
        let corners = [(0, 0), (width, 0), (0, height), (width, height)].map(|(col, row)| {
            frame_point(
                to_pixel,
                PixelPoint {
                    col: col as f64,
                    row: row as f64,
                },
            )
        });
        let corners: Result<Vec<Point>> = corners.into_iter().collect();
        Ok(Self::around(corners?))
    }

    /// The least rectangle around this and another.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        Self {
            west_m: self.west_m.min(other.west_m),
            east_m: self.east_m.max(other.east_m),
            south_m: self.south_m.min(other.south_m),
            north_m: self.north_m.max(other.north_m),
        }
    }

    /// What this and another have in common.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        Self {
            west_m: self.west_m.max(other.west_m),
            east_m: self.east_m.min(other.east_m),
            south_m: self.south_m.max(other.south_m),
            north_m: self.north_m.min(other.north_m),
        }
    }
}

/// The pixels of plan views: square, with east to the right and north up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanGrid {
    /// Left edge, m east.
    pub west_m: f64,
    /// Upper edge, m north.
    pub north_m: f64,
    /// Side of a pixel, m.
    pub pixel_m: f64,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl PlanGrid {
    /// The grid for registering captures of a track: its bounding box with
    /// 500 m to all sides (250 m for pixels of 1 m and finer), as far as the
    /// captures reach (`held`: the bounds of all their corridors together).
    ///
    /// # Errors
    /// A pixel that is not a positive number of metres, or nothing held there.
    pub fn around(alignment: &Alignment, pixel_m: f64, held: &Bounds) -> Result<Self> {
        if !(pixel_m.is_finite() && pixel_m > 0.0) {
            return Err(Error::value(
                "working pixel",
                pixel_m,
                "a positive number of metres",
            ));
        }
        // Fine pixels are averaged to roughly 1 m, up to 1.5 m.
        let margin_m = if pixel_m < 1.5 {
            FINE_MARGIN_M
        } else {
            MARGIN_M
        };
        let track = Bounds::around(alignment.vertices().iter().copied());
        let wanted = Bounds {
            west_m: track.west_m - margin_m,
            east_m: track.east_m + margin_m,
            south_m: track.south_m - margin_m,
            north_m: track.north_m + margin_m,
        };
        let area = wanted.within(held);
        let cells = |from: f64, to: f64| ((to - from) / pixel_m).floor().max(0.0) as usize;
        let grid = Self {
            west_m: area.west_m,
            north_m: area.north_m,
            pixel_m,
            width: cells(area.west_m, area.east_m),
            height: cells(area.south_m, area.north_m),
        };
        if grid.width == 0 || grid.height == 0 {
            return Err(Error::unsupported("none of the captures reaches the track"));
        }
        Ok(grid)
    }

    /// Centre of a pixel.
    #[must_use]
    pub fn centre(&self, row: usize, col: usize) -> Point {
        Point {
            east_m: self.west_m + (col as f64 + 0.5) * self.pixel_m,
            north_m: self.north_m - (row as f64 + 0.5) * self.pixel_m,
        }
    }
}

/// One capture on a [`PlanGrid`], not shifted.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanView {
    /// Where its pixels lie.
    pub grid: PlanGrid,
    /// Values, (band, row, column); finite everywhere, filled where not covered.
    pub values: Array3<f32>,
    /// Inside valid data, (row, column).
    pub covered: Array2<bool>,
    /// Covered and no mask speaks against it, (row, column).
    pub clear: Array2<bool>,
}

impl Prepared {
    /// This capture as delivered, on a grid that it shares with others.
    #[must_use]
    pub fn plan_view(&self, grid: PlanGrid) -> PlanView {
        let sampled = self.sampled((grid.height, grid.width), |row, col| grid.centre(row, col));
        PlanView {
            grid,
            values: sampled.values,
            covered: sampled.covered,
            clear: sampled.clear,
        }
    }
}

/// The point of the frame that lies at a pixel, by Newton's method.
fn frame_point(map: &FrameToPixel, at: PixelPoint) -> Result<Point> {
    let [_, ce, cn, ..] = map.col.map(|c| c / 1000.0);
    let [_, re, rn, ..] = map.row.map(|c| c / 1000.0);
    let determinant = ce * rn - cn * re;
    if !determinant.is_normal() {
        return Err(Error::value(
            "transform from frame to pixels",
            determinant,
            "one that can be inverted",
        ));
    }
    let mut point = Point {
        east_m: 0.0,
        north_m: 0.0,
    };
    // The quadratic terms are small, so the slope at the origin serves
    // throughout: every round gains several digits.
    for _ in 0..8 {
        let here = map.apply(point);
        let (dc, dr) = (at.col - here.col, at.row - here.row);
        point.east_m += (dc * rn - dr * cn) / determinant;
        point.north_m += (dr * ce - dc * re) / determinant;
    }
    Ok(point)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::strip::fixture::{bounds, corridor};

    fn track() -> Alignment {
        let p = |east_m, north_m| Point { east_m, north_m };
        Alignment::through(&[p(-10.0, 0.0), p(10.0, 5.0)]).unwrap()
    }

    #[test]
    fn the_grid_ends_where_the_captures_do() {
        let held = bounds(&corridor(1, 40, 3.0, |_, _| 0.0)).unwrap();
        assert!((held.west_m + 60.0).abs() < 1e-9 && (held.north_m - 60.0).abs() < 1e-9);
        let grid = PlanGrid::around(&track(), 3.0, &held).unwrap();
        assert_eq!((grid.width, grid.height), (40, 40));
        let wide = bounds(&corridor(1, 500, 3.0, |_, _| 0.0)).unwrap();
        let grid = PlanGrid::around(&track(), 3.0, &wide).unwrap();
        // 20 m by 5 m and 500 m to all sides.
        assert_eq!((grid.width, grid.height), (340, 335));
        assert!((grid.west_m + 510.0).abs() < 1e-9 && (grid.north_m - 505.0).abs() < 1e-9);
    }

    #[test]
    fn captures_elsewhere_and_bad_pixels_are_refused() {
        let elsewhere = Bounds {
            west_m: 5000.0,
            east_m: 6000.0,
            south_m: 0.0,
            north_m: 100.0,
        };
        assert!(PlanGrid::around(&track(), 3.0, &elsewhere).is_err());
        assert!(PlanGrid::around(&track(), 0.0, &elsewhere).is_err());
        let mut flat = corridor(1, 4, 3.0, |_, _| 0.0);
        flat.to_pixel.col = [0.0; 6];
        assert!(bounds(&flat).is_err());
    }

    #[test]
    fn a_bent_transform_is_undone() {
        let map = FrameToPixel {
            col: [100.0, 330.0, 12.0, 0.8, -0.5, 0.3],
            row: [90.0, 11.0, -331.0, 0.2, 0.6, -0.4],
            residual_px: 0.0,
        };
        let at = PixelPoint {
            col: 640.25,
            row: -300.5,
        };
        let back = map.apply(frame_point(&map, at).unwrap());
        assert!((back.col - at.col).abs() < 1e-6 && (back.row - at.row).abs() < 1e-6);
    }

    #[test]
    fn views_of_other_grids_agree() {
        let scene = |_: usize, p: Point| (p.east_m * 0.02).sin() as f32;
        let here = corridor(1, 60, 3.0, scene);
        let mut turned = here.clone();
        // The same scene on a grid with south up.
        turned.values.invert_axis(ndarray::Axis(1));
        turned.to_pixel.row[2] = -turned.to_pixel.row[2];
        let grid = PlanGrid::around(&track(), 3.0, &bounds(&here).unwrap()).unwrap();
        let (a, b) = (Prepared::new(&here), Prepared::new(&turned));
        let (a, b) = (a.plan_view(grid), b.plan_view(grid));
        assert_eq!(a.clear, b.clear);
        for (x, y) in a.values.iter().zip(&b.values) {
            assert!((x - y).abs() < 1e-4);
        }
    }
}
