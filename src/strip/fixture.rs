//! Corridors and strips for tests: scenes given by a formula, sampled at pixel centres.

use std::sync::LazyLock;

use jiff::Timestamp;
use ndarray::{Array2, Array3};

use crate::capture::{BandRole, Modality, Unit};
use crate::error::Result;
use crate::geo::{Frame, FrameToPixel, Grid, LonLat, Point};
use crate::source::{Corridor, CorridorOrigin, Provenance};
use crate::strip::{Axis, Bounds, Strip};

/// A strip that is covered and clear everywhere; `values` are (band, offset, chainage).
pub(crate) fn clear_strip(offset: Axis, chainage: Axis, values: Array3<f32>) -> Strip {
    let flags = Array2::from_elem((offset.len, chainage.len), true);
    Strip {
        chainage,
        offset,
        values,
        covered: flags.clone(),
        clear: flags,
    }
}

/// A square corridor of `side` pixels about the frame's origin, north up; all
/// of it covered and clear.
pub(crate) fn corridor(
    bands: usize,
    side: usize,
    pixel_m: f64,
    scene: impl Fn(usize, Point) -> f32,
) -> Corridor {
    let half = side as f64 / 2.0;
    let step = 1000.0 / pixel_m;
    let values = Array3::from_shape_fn((bands, side, side), |(band, row, col)| {
        let point = Point {
            east_m: (col as f64 + 0.5 - half) * pixel_m,
            north_m: (half - row as f64 - 0.5) * pixel_m,
        };
        scene(band, point)
    });
    Corridor {
        origin: origin(bands, pixel_m),
        provenance: Provenance {
            fingerprint: String::new(),
            products: Vec::new(),
            version: String::new(),
            calibration: Vec::new(),
            mean_of: 1,
            notes: Vec::new(),
        },
        frame: Frame::at(LonLat {
            lon_deg: 130.0,
            lat_deg: 42.0,
        }),
        to_pixel: FrameToPixel {
            col: [half, step, 0.0, 0.0, 0.0, 0.0],
            row: [half, 0.0, -step, 0.0, 0.0, 0.0],
            residual_px: 0.0,
        },
        grid: Grid {
            width: side,
            height: side,
            origin: [0.0, pixel_m, 0.0, 0.0, 0.0, -pixel_m],
            crs: "EPSG:32652".into(),
        },
        values,
        covered: Array2::from_elem((side, side), true),
        clear: Array2::from_elem((side, side), true),
    }
}

fn origin(bands: usize, gsd_m: f64) -> CorridorOrigin {
    CorridorOrigin {
        crossing: "here".into(),
        track: "here".into(),
        start_m: 0.0,
        end_m: 100.0,
        capture: "one".into(),
        scenes: 1,
        acquired: Timestamp::UNIX_EPOCH,
        sensor: "generic".into(),
        platform: String::new(),
        modality: Modality::Optical,
        relative_orbit: None,
        unit: Unit::Reflectance,
        gsd_m,
        bands: vec![BandRole::Pan; bands],
        masks: Vec::new(),
        clear_share: 1.0,
    }
}

/// The bounds of all pixels of a corridor.
pub(crate) fn bounds(corridor: &Corridor) -> Result<Bounds> {
    let (height, width) = corridor.covered.dim();
    Bounds::of(&corridor.to_pixel, (width, height))
}

/// Side of the square about the origin that is strewn with spots, m.
const EXTENT_M: f64 = 480.0;

/// Centre, size in m and height of each spot.
static SPOTS: LazyLock<Vec<(Point, f64, f64)>> = LazyLock::new(|| {
    (0..330)
        .map(|k| {
            let centre = Point {
                east_m: (fraction(3 * k) - 0.5) * EXTENT_M,
                north_m: (fraction(3 * k + 1) - 0.5) * EXTENT_M,
            };
            let height = if k % 2 == 0 { 0.1 } else { -0.1 };
            (centre, 5.0 + 6.0 * fraction(3 * k + 2), height)
        })
        .collect()
});

/// Round spots of many sizes, the same on every run: edges everywhere, and
/// smooth enough to be sampled at 3 m.
pub(crate) fn spots(point: Point) -> f64 {
    SPOTS
        .iter()
        .filter(|(centre, size_m, _)| (centre.east_m - point.east_m).abs() < 6.0 * size_m)
        .map(|(centre, size_m, height)| {
            let d = point.distance_m(*centre) / size_m;
            height * (-0.5 * d * d).exp()
        })
        .sum()
}

/// A number in 0..1 that looks random (`SplitMix64`, Steele et al. 2014).
pub(crate) fn fraction(k: u32) -> f64 {
    let mut z = u64::from(k + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
