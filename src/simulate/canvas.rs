//! Where things lie: the product's grid over a track, the finer grid on which
//! the scene is drawn, and the track as both see it.

use crate::error::Result;
use crate::geo::{Alignment, Grid, LonLat, Point};
use crate::site::Track;
use crate::source;

use super::sensor::SensorModel;

/// How far the line goes on beyond both ends, so that trains, decks and
/// roads do not stop where the watched track does, m.
const BEYOND_M: f64 = 3000.0;

/// A track on a map grid, extended straight beyond both ends.
#[derive(Debug, Clone)]
pub(super) struct GridLine {
    line: Alignment,
    /// Ground metres per map metre along the line.
    scale: f64,
}

impl GridLine {
    /// Vertices of a map projection, and the true length of the line between
    /// the first and the last.
    fn new(map: &[Point], length_m: f64) -> Result<Self> {
        let inner = Alignment::through(map)?;
        let scale = length_m / inner.length_m();
        let mut vertices = vec![inner.point_at(-BEYOND_M / scale, 0.0)];
        vertices.extend_from_slice(inner.vertices());
        vertices.push(inner.point_at(inner.length_m() + BEYOND_M / scale, 0.0));
        Ok(Self {
            line: Alignment::through(&vertices)?,
            scale,
        })
    }

    /// Chainage and offset of a map position, ground metres.
    pub(super) fn project(&self, p: Point) -> (f64, f64) {
        let (along, across) = self.line.project(p);
        (along * self.scale - BEYOND_M, across * self.scale)
    }

    /// Map position of a chainage and offset, ground metres.
    pub(super) fn point_at(&self, chainage_m: f64, offset_m: f64) -> Point {
        self.line
            .point_at((chainage_m + BEYOND_M) / self.scale, offset_m / self.scale)
    }

    /// A map vector as metres along and across the line at a chainage.
    pub(super) fn turned(&self, chainage_m: f64, east: f64, north: f64) -> (f64, f64) {
        let along = self.line.direction_at((chainage_m + BEYOND_M) / self.scale);
        let right = along.right();
        (
            east * along.east + north * along.north,
            east * right.east + north * right.north,
        )
    }
}

/// The product's grid and the finer one of the scene.
///
/// The finer grid shares its axes, divides each pixel into
/// `oversampling`² cells and reaches `reach_px` pixels farther
/// on every side.
#[derive(Debug, Clone)]
pub(super) struct Canvas {
    /// The grid of the product, a UTM zone.
    pub product: Grid,
    /// The track on it.
    pub line: GridLine,
    /// Size of a cell, m.
    pub cell_m: f64,
    /// Cells along one pixel.
    pub oversampling: usize,
    /// Pixels by which the cells reach beyond the product's window.
    pub reach_px: usize,
    /// Columns of cells.
    pub width: usize,
    /// Rows of cells.
    pub height: usize,
    /// Middle of the window: the scene's own origin.
    pub middle: Point,
}

impl Canvas {
    pub(super) fn over(track: &Track, model: &SensorModel, margin_m: f64) -> Result<Self> {
        let middle = track.frame.origin();
        let epsg = utm_epsg(middle);
        let crs = format!("EPSG:{epsg}");
        let map = source::project_places(&track.vertices, &crs)?;
        let line = GridLine::new(&map, track.alignment.length_m())?;
        let product = window(&map, margin_m, model.gsd_m, crs);
        let reach = 2 * model.reach_px();
        let (width, height) = (product.width, product.height);
        Ok(Self {
            middle: Point {
                east_m: product.origin[0] + 0.5 * width as f64 * model.gsd_m,
                north_m: product.origin[3] - 0.5 * height as f64 * model.gsd_m,
            },
            line,
            cell_m: model.gsd_m / model.oversampling as f64,
            oversampling: model.oversampling,
            reach_px: model.reach_px(),
            width: (width + reach) * model.oversampling,
            height: (height + reach) * model.oversampling,
            product,
        })
    }

    /// Ground sample distance of the product, m.
    pub(super) fn gsd_m(&self) -> f64 {
        self.product.origin[1]
    }

    /// Map position of a cell's centre.
    pub(super) fn cell(&self, col: usize, row: usize) -> Point {
        let reach_m = self.reach_px as f64 * self.gsd_m();
        Point {
            east_m: self.product.origin[0] - reach_m + (col as f64 + 0.5) * self.cell_m,
            north_m: self.product.origin[3] + reach_m - (row as f64 + 0.5) * self.cell_m,
        }
    }

    /// Map position of a pixel's centre.
    pub(super) fn pixel(&self, col: usize, row: usize) -> Point {
        Point {
            east_m: self.product.origin[0] + (col as f64 + 0.5) * self.gsd_m(),
            north_m: self.product.origin[3] - (row as f64 + 0.5) * self.gsd_m(),
        }
    }

    /// Column and row of the pixel at a map position, if there is one.
    pub(super) fn pixel_of(&self, p: Point) -> Option<(usize, usize)> {
        let col = ((p.east_m - self.product.origin[0]) / self.gsd_m()).floor();
        let row = ((self.product.origin[3] - p.north_m) / self.gsd_m()).floor();
        let inside = col >= 0.0
            && row >= 0.0
            && (col as usize) < self.product.width
            && (row as usize) < self.product.height;
        inside.then_some((col as usize, row as usize))
    }
}

/// EPSG code of the UTM zone of a place, WGS 84.
fn utm_epsg(place: LonLat) -> u32 {
    let zone = ((place.lon_deg + 180.0) / 6.0).floor().clamp(0.0, 59.0) as u32 + 1;
    if place.lat_deg < 0.0 {
        32_700 + zone
    } else {
        32_600 + zone
    }
}

/// Whole pixels on multiples of the ground sample distance, as products come.
fn window(map: &[Point], margin_m: f64, gsd_m: f64, crs: String) -> Grid {
    let bounds = |value: fn(&Point) -> f64| {
        let low = map.iter().map(value).fold(f64::INFINITY, f64::min) - margin_m;
        let high = map.iter().map(value).fold(f64::NEG_INFINITY, f64::max) + margin_m;
        ((low / gsd_m).floor(), (high / gsd_m).ceil())
    };
    let (west, east) = bounds(|p| p.east_m);
    let (south, north) = bounds(|p| p.north_m);
    Grid {
        width: (east - west) as usize,
        height: (north - south) as usize,
        origin: [west * gsd_m, gsd_m, 0.0, north * gsd_m, 0.0, -gsd_m],
        crs,
    }
}
