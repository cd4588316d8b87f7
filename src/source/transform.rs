//! From a track's frame to the pixels of any georeferenced raster.
//!
//! PROJ gives the exact way for control points over the corridor; a polynomial
//! of second degree goes through them, so that the many thousand places of a
//! strip cost six multiplications each. Over a tile of 4 km the third-order
//! terms of a conformal projection are below a millimetre.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use gdal::spatial_ref::{AxisMappingStrategy, CoordTransform, SpatialRef};
use nalgebra::{DMatrix, Matrix6x2};

use super::settings;
use crate::error::{Error, Result};
use crate::geo::{Alignment, Frame, FrameToPixel, Grid, PixelPoint, Point};

/// Largest misfit allowed, px: the floor of registration itself (0.05 px).
pub const LARGEST_RESIDUAL_PX: f64 = 0.05;

/// Control points along each side of the extent.
const CONTROLS: usize = 9;

/// Transforms kept by a thread; a folder rarely mixes more than a few grids.
const CACHED: usize = 32;

/// Semi-major axes of Earth's ellipsoids in use lie within 1 km of this, m (WGS 84).
const EARTH_RADIUS_M: f64 = 6_378_137.0;

/// A rectangle in a track's frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Western edge, m.
    pub west_m: f64,
    /// Southern edge, m.
    pub south_m: f64,
    /// Eastern edge, m.
    pub east_m: f64,
    /// Northern edge, m.
    pub north_m: f64,
}

impl Extent {
    /// The rectangle around a line and a margin on all sides.
    #[must_use]
    pub fn around(alignment: &Alignment, margin_m: f64) -> Self {
        let mut extent = Self {
            west_m: f64::INFINITY,
            south_m: f64::INFINITY,
            east_m: f64::NEG_INFINITY,
            north_m: f64::NEG_INFINITY,
        };
        for p in alignment.vertices() {
            extent.west_m = extent.west_m.min(p.east_m - margin_m);
            extent.south_m = extent.south_m.min(p.north_m - margin_m);
            extent.east_m = extent.east_m.max(p.east_m + margin_m);
            extent.north_m = extent.north_m.max(p.north_m + margin_m);
        }
        extent
    }

    /// An even lattice of points from edge to edge.
    fn lattice(&self, per_side: usize) -> Vec<Point> {
        let step = 1.0 / (per_side - 1) as f64;
        (0..per_side * per_side)
            .map(|i| Point {
                east_m: self.west_m + (self.east_m - self.west_m) * step * (i % per_side) as f64,
                north_m: self.south_m
                    + (self.north_m - self.south_m) * step * (i / per_side) as f64,
            })
            .collect()
    }
}

/// Fits the way from `frame` to the pixels of `grid` over an extent; `None`
/// where the extent lies outside the grid.
///
/// # Errors
/// The CRS is unknown or not on Earth, the geotransform cannot be inverted, or
/// the polynomial misses the exact transform by more than
/// [`LARGEST_RESIDUAL_PX`].
pub fn fit(frame: &Frame, extent: &Extent, grid: &Grid) -> Result<Option<FrameToPixel>> {
    let points = extent.lattice(CONTROLS);
    let Some(pixels) = exact(frame, &points, grid)? else {
        return Ok(None);
    };
    if !meets(&pixels, grid) {
        return Ok(None);
    }
    let fitted = least_squares(&points, &pixels)?;
    if fitted.residual_px > LARGEST_RESIDUAL_PX {
        return Err(Error::unsupported(format!(
            "the raster's grid bends by {:.2} px under the corridor, more than {LARGEST_RESIDUAL_PX} px; \
             warp it to a UTM grid first",
            fitted.residual_px
        )));
    }
    Ok(Some(fitted))
}

/// Exact pixel places of frame points; `None` where the projection does not
/// reach them, which is far outside the raster.
pub(super) fn exact(
    frame: &Frame,
    points: &[Point],
    grid: &Grid,
) -> Result<Option<Vec<PixelPoint>>> {
    let transform = cached_transform(frame, &grid.crs)?;
    let mut x: Vec<f64> = points.iter().map(|p| p.east_m).collect();
    let mut y: Vec<f64> = points.iter().map(|p| p.north_m).collect();
    let reached = transform.transform_coords(&mut x, &mut y, &mut []).is_ok();
    if !reached || x.iter().chain(&y).any(|v| !v.is_finite()) {
        return Ok(None);
    }
    x.iter()
        .zip(&y)
        .map(|(&x, &y)| grid.pixel_at(x, y))
        .collect::<Option<Vec<_>>>()
        .map(Some)
        .ok_or_else(|| {
            Error::value(
                "the raster's geotransform",
                format!("{:?}", grid.origin),
                "one that can be inverted; export the raster again",
            )
        })
}

/// Whether the bounding box of the places meets the raster.
fn meets(pixels: &[PixelPoint], grid: &Grid) -> bool {
    let range = |values: &dyn Fn(&PixelPoint) -> f64| {
        pixels
            .iter()
            .map(values)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
                (low.min(v), high.max(v))
            })
    };
    let (left, right) = range(&|p| p.col);
    let (top, bottom) = range(&|p| p.row);
    left < grid.width as f64 && right > 0.0 && top < grid.height as f64 && bottom > 0.0
}

fn least_squares(points: &[Point], pixels: &[PixelPoint]) -> Result<FrameToPixel> {
    let design = DMatrix::from_fn(points.len(), 6, |i, j| FrameToPixel::terms(points[i])[j]);
    let wanted = DMatrix::from_fn(points.len(), 2, |i, j| {
        if j == 0 { pixels[i].col } else { pixels[i].row }
    });
    let solution = design
        .svd(true, true)
        .solve(&wanted, f64::EPSILON)
        .map_err(Error::unsupported)?;
    let solution = Matrix6x2::from_iterator(solution.iter().copied());
    let mut fitted = FrameToPixel {
        col: solution.column(0).into(),
        row: solution.column(1).into(),
        residual_px: 0.0,
    };
    fitted.residual_px = points
        .iter()
        .zip(pixels)
        .map(|(p, exact)| {
            let q = fitted.apply(*p);
            (q.col - exact.col).hypot(q.row - exact.row)
        })
        .fold(0.0, f64::max);
    Ok(fitted)
}

thread_local! {
    /// Building a transform asks PROJ's database, milliseconds each; the
    /// objects may not change threads.
    static TRANSFORMS: RefCell<HashMap<(String, String), Rc<CoordTransform>>> =
        RefCell::new(HashMap::new());
}

fn cached_transform(frame: &Frame, crs: &str) -> Result<Rc<CoordTransform>> {
    let key = (frame.proj_string(), crs.to_owned());
    TRANSFORMS.with_borrow_mut(|kept| {
        if let Some(transform) = kept.get(&key) {
            return Ok(Rc::clone(transform));
        }
        let transform = Rc::new(build_transform(&key.0, crs)?);
        if kept.len() >= CACHED {
            kept.clear();
        }
        kept.insert(key, Rc::clone(&transform));
        Ok(transform)
    })
}

fn build_transform(frame: &str, crs: &str) -> Result<CoordTransform> {
    settings::prepare();
    let unknown = |what: &str| {
        // WKT runs over pages; its first words name the CRS.
        let name: String = crs.chars().take(60).collect();
        Error::value("the raster's CRS", name, what)
    };
    let mut from = SpatialRef::from_proj4(frame).map_err(|_| unknown("usable here"))?;
    let mut to = SpatialRef::from_definition(crs).map_err(|_| unknown("a known CRS"))?;
    let on_earth = (to.is_projected() || to.is_geographic())
        && to
            .semi_major()
            .is_ok_and(|a| (a - EARTH_RADIUS_M).abs() < 0.001 * EARTH_RADIUS_M);
    if !on_earth {
        return Err(unknown("a map of the Earth"));
    }
    from.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    to.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    CoordTransform::new(&from, &to).map_err(|_| unknown("a CRS that can be reached from WGS 84"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::geo::LonLat;

    fn tumen() -> Frame {
        Frame::at(LonLat {
            lon_deg: 130.641_271,
            lat_deg: 42.415_217,
        })
    }

    fn extent() -> Extent {
        Extent {
            west_m: -2_000.0,
            south_m: -1_500.0,
            east_m: 2_500.0,
            north_m: 1_000.0,
        }
    }

    /// A grid of 1000 × 1000 pixels about the frame's origin.
    fn grid(crs: &str, steps: [f64; 4], centre: (f64, f64)) -> Grid {
        let [dx_dcol, dx_drow, dy_dcol, dy_drow] = steps;
        Grid {
            width: 1000,
            height: 1000,
            origin: [
                centre.0 - 500.0 * (dx_dcol + dx_drow),
                dx_dcol,
                dx_drow,
                centre.1 - 500.0 * (dy_dcol + dy_drow),
                dy_dcol,
                dy_drow,
            ],
            crs: crs.into(),
        }
    }

    fn grids() -> Vec<Grid> {
        let lon_lat: (f64, f64) = (130.641_271, 42.415_217);
        // Spherical Mercator by its textbook formula.
        let mercator = (
            EARTH_RADIUS_M * lon_lat.0.to_radians(),
            EARTH_RADIUS_M
                * (std::f64::consts::FRAC_PI_4 + lon_lat.1.to_radians() / 2.0)
                    .tan()
                    .ln(),
        );
        let utm = (634_980.0, 4_697_280.0);
        vec![
            grid("EPSG:32652", [10.0, 0.0, 0.0, -10.0], utm),
            grid("EPSG:32652", [8.0, 6.0, 6.0, -8.0], utm),
            grid("EPSG:3857", [3.0, 0.0, 0.0, -3.0], mercator),
            grid("EPSG:4326", [4e-5, 0.0, 0.0, -3e-5], lon_lat),
        ]
    }

    #[test]
    fn the_fit_follows_the_exact_transform_between_its_control_points() {
        for grid in grids() {
            let fitted = fit(&tumen(), &extent(), &grid).unwrap().unwrap();
            let between = extent().lattice(14);
            let exact = exact(&tumen(), &between, &grid).unwrap().unwrap();
            for (p, exact) in between.iter().zip(&exact) {
                let q = fitted.apply(*p);
                let miss_px = (q.col - exact.col).hypot(q.row - exact.row);
                assert!(miss_px < 0.001, "{}: {miss_px} px", grid.crs);
            }
            assert!(fitted.residual_px < 0.001);
        }
    }

    #[test]
    fn longitude_comes_before_latitude() {
        let grid = grids().pop().unwrap();
        let fitted = fit(&tumen(), &extent(), &grid).unwrap().unwrap();
        let place = Point {
            east_m: 700.0,
            north_m: -300.0,
        };
        let at = tumen().to_lon_lat(place);
        let exact = grid.pixel_at(at.lon_deg, at.lat_deg).unwrap();
        let q = fitted.apply(place);
        assert!((q.col - exact.col).abs() < 0.001 && (q.row - exact.row).abs() < 0.001);
    }

    #[test]
    fn a_raster_elsewhere_is_outside() {
        for (crs, centre) in [
            ("EPSG:32652", (300_000.0, 4_000_000.0)),
            ("EPSG:32632", (649_894.0, 5_476_333.0)),
            ("EPSG:4326", (11.0, 49.0)),
        ] {
            let far = grid(crs, [10.0, 0.0, 0.0, -10.0].map(|s| s * 1e-5), centre);
            assert_eq!(fit(&tumen(), &extent(), &far).unwrap(), None, "{crs}");
        }
    }

    #[test]
    fn a_crs_that_is_unknown_or_off_the_earth_is_refused() {
        let moon = r#"GEOGCS["Moon",DATUM["Moon",SPHEROID["Moon",1737400,0]],PRIMEM["Reference_Meridian",0],UNIT["degree",0.0174532925199433]]"#;
        let site = r#"LOCAL_CS["Building site",UNIT["metre",1]]"#;
        for crs in ["EPSG:999999", "", "nonsense", moon, site] {
            let wrong = grid(crs, [10.0, 0.0, 0.0, -10.0], (0.0, 0.0));
            let message = fit(&tumen(), &extent(), &wrong).unwrap_err().to_string();
            assert!(message.contains("CRS"), "{message}");
        }
    }

    #[test]
    fn a_grid_that_bends_too_much_is_refused() {
        // 200 km at half a metre: the third-order terms reach many pixels.
        let wide = Extent {
            west_m: -1e5,
            south_m: -1e5,
            east_m: 1e5,
            north_m: 1e5,
        };
        let fine = grid(
            "EPSG:32652",
            [0.5, 0.0, 0.0, -0.5],
            (634_980.0, 4_697_280.0),
        );
        let message = fit(&tumen(), &wide, &fine).unwrap_err().to_string();
        assert!(message.contains("bends"), "{message}");
    }

    #[test]
    fn a_flat_geotransform_is_refused() {
        let mut flat = grids().remove(0);
        flat.origin[5] = 0.0;
        assert!(fit(&tumen(), &extent(), &flat).is_err());
    }
}
