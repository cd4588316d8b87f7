//! Raster grids: where pixels lie, and how a track's frame maps onto them.

use super::Point;
use serde::{Deserialize, Serialize};

/// A place on a raster, in pixels from the upper-left corner of the first pixel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PixelPoint {
    /// To the right.
    pub col: f64,
    /// Downwards.
    pub row: f64,
}

/// Where a grid starts and how it steps: GDAL's geotransform
/// `[x0, dx/dcol, dx/drow, y0, dy/dcol, dy/drow]`.
pub type GridOrigin = [f64; 6];

/// Shape, geotransform and coordinate reference system of a raster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// GDAL's geotransform.
    pub origin: GridOrigin,
    /// The coordinate reference system, as `EPSG:n` where it has a code, else as WKT.
    pub crs: String,
}

impl Grid {
    /// Map coordinates of a place on the grid.
    #[must_use]
    pub fn map_at(&self, p: PixelPoint) -> (f64, f64) {
        let g = &self.origin;
        (
            g[0] + p.col * g[1] + p.row * g[2],
            g[3] + p.col * g[4] + p.row * g[5],
        )
    }

    /// The place on the grid of map coordinates; `None` where the geotransform
    /// cannot be inverted.
    #[must_use]
    pub fn pixel_at(&self, x: f64, y: f64) -> Option<PixelPoint> {
        let g = &self.origin;
        let determinant = g[1] * g[5] - g[2] * g[4];
        if determinant.abs() < f64::MIN_POSITIVE {
            return None;
        }
        let (u, v) = (x - g[0], y - g[3]);
        Some(PixelPoint {
            col: (u * g[5] - v * g[2]) / determinant,
            row: (v * g[1] - u * g[4]) / determinant,
        })
    }

    /// The same grid seen through a window.
    #[must_use]
    pub fn cropped(&self, window: Window) -> Self {
        let (x0, y0) = self.map_at(PixelPoint {
            col: window.col as f64,
            row: window.row as f64,
        });
        let mut origin = self.origin;
        origin[0] = x0;
        origin[3] = y0;
        Self {
            width: window.width,
            height: window.height,
            origin,
            crs: self.crs.clone(),
        }
    }
}

/// A rectangle of whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First column.
    pub col: usize,
    /// First row.
    pub row: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// From a track's frame to a raster's pixels, as a polynomial of second degree:
/// `col = c · (1, e, n, e², e n, n²)`, and the same for `row`, with e and n in
/// kilometres.
///
/// A corridor is a few kilometres long, so projections (UTM, geographic, any)
/// differ from this by far less than a pixel; who fits it says by how much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameToPixel {
    /// Coefficients for the column.
    pub col: [f64; 6],
    /// Coefficients for the row.
    pub row: [f64; 6],
    /// Largest difference to the exact transform at the control points, px.
    pub residual_px: f64,
}

impl FrameToPixel {
    /// The terms that the coefficients multiply.
    #[must_use]
    pub fn terms(p: Point) -> [f64; 6] {
        let (e, n) = (p.east_m / 1000.0, p.north_m / 1000.0);
        [1.0, e, n, e * e, e * n, n * n]
    }

    /// The place on the raster of a point of the frame.
    #[must_use]
    pub fn apply(&self, p: Point) -> PixelPoint {
        let terms = Self::terms(p);
        let dot = |c: &[f64; 6]| c.iter().zip(&terms).map(|(a, b)| a * b).sum();
        PixelPoint {
            col: dot(&self.col),
            row: dot(&self.row),
        }
    }

    /// Ground size of a pixel near a point, m: the square root of its area.
    #[must_use]
    pub fn pixel_size_m(&self, p: Point) -> f64 {
        let step = |de, dn| {
            let q = self.apply(Point {
                east_m: p.east_m + de,
                north_m: p.north_m + dn,
            });
            let o = self.apply(p);
            (q.col - o.col, q.row - o.row)
        };
        let (ce, re) = step(1.0, 0.0);
        let (cn, rn) = step(0.0, 1.0);
        (ce * rn - cn * re).abs().sqrt().recip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_and_map_undo_each_other_when_rotated() {
        let grid = Grid {
            width: 10,
            height: 10,
            origin: [500.0, 2.0, 1.0, 900.0, 1.0, -2.0],
            crs: "EPSG:32652".into(),
        };
        let p = PixelPoint {
            col: 3.5,
            row: 7.25,
        };
        let (x, y) = grid.map_at(p);
        let q = grid.pixel_at(x, y).expect("invertible");
        assert!((q.col - p.col).abs() < 1e-12 && (q.row - p.row).abs() < 1e-12);
    }

    #[test]
    fn pixel_size_comes_from_the_linear_part() {
        let map = FrameToPixel {
            col: [5.0, 100.0, 0.0, 0.0, 0.0, 0.0],
            row: [5.0, 0.0, -100.0, 0.0, 0.0, 0.0],
            residual_px: 0.0,
        };
        let size_m = map.pixel_size_m(Point {
            east_m: 0.0,
            north_m: 0.0,
        });
        assert!((size_m - 10.0).abs() < 1e-9);
    }
}
