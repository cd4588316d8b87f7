//! Small rasters, scenes and a track for tests, made on the spot.
//!
//! The track runs 600 m east along the equator at 3° E, the central meridian
//! of UTM zone 31, so that its place on a map is known without a library: UTM
//! (499,700 to 500,300; 0) within 0.2 m.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use gdal::raster::{Buffer, GdalType};
use gdal::spatial_ref::SpatialRef;
use gdal::{Dataset, DriverManager, Metadata};
use ndarray::Array2;
use railspan::capture::{
    BandRole, BandSource, Capture, MaskLayer, MaskRule, Modality, Scene, Unit,
};
use railspan::geo::{Alignment, Frame, LonLat, Point};
use railspan::site::{Crossing, Track};
use railspan::source::Target;

pub(crate) const ROLES: [BandRole; 4] = [
    BandRole::Blue,
    BandRole::Green,
    BandRole::Red,
    BandRole::Nir,
];

/// A raster to be written.
pub(crate) struct Sheet<'a> {
    pub(crate) crs: &'a str,
    pub(crate) origin: [f64; 6],
    pub(crate) nodata: Option<f64>,
}

/// North-up in UTM 31.
pub(crate) fn utm(west: f64, north: f64, gsd_m: f64) -> Sheet<'static> {
    Sheet {
        crs: "EPSG:32631",
        origin: [west, gsd_m, 0.0, north, 0.0, -gsd_m],
        nodata: None,
    }
}

pub(crate) fn write<T: GdalType + Copy>(
    path: &Path,
    sheet: &Sheet,
    bands: &[Array2<T>],
) -> Dataset {
    let (rows, cols) = bands[0].dim();
    let driver = DriverManager::get_driver_by_name("GTiff").unwrap();
    let mut dataset = driver
        .create_with_band_type::<T, _>(path, cols, rows, bands.len())
        .unwrap();
    dataset.set_geo_transform(&sheet.origin).unwrap();
    if !sheet.crs.is_empty() {
        let crs = SpatialRef::from_definition(sheet.crs).unwrap();
        dataset.set_spatial_ref(&crs).unwrap();
    }
    for (i, band) in bands.iter().enumerate() {
        let mut target = dataset.rasterband(i + 1).unwrap();
        target.set_no_data_value(sheet.nodata).unwrap();
        let mut buffer = Buffer::new((cols, rows), band.iter().copied().collect());
        target.write((0, 0), (cols, rows), &mut buffer).unwrap();
    }
    dataset
}

/// Says in the bands' descriptions that they are blue, green, red and nir.
pub(crate) fn describe(dataset: &Dataset) {
    for (i, role) in ROLES.iter().enumerate().take(dataset.raster_count()) {
        let name = format!("{role:?}").to_lowercase();
        let mut band = dataset.rasterband(i + 1).unwrap();
        band.set_description(&name).unwrap();
    }
}

/// A number that tells band, row and column apart: never 0.
pub(crate) fn ramp(band: usize, rows: usize, cols: usize) -> Array2<u16> {
    Array2::from_shape_fn((rows, cols), |(row, col)| {
        (1 + 1000 * band + 7 * row + col) as u16
    })
}

/// Bands of one file, reflectance = DN / 10,000, 0 = no data.
pub(crate) fn bands_of(path: &Path, count: usize) -> Vec<BandSource> {
    (0..count)
        .map(|i| BandSource {
            role: ROLES[i],
            path: path.to_string_lossy().into_owned(),
            index: i + 1,
            scale: 1e-4,
            offset: 0.0,
            nodata: Some(0.0),
        })
        .collect()
}

pub(crate) fn mask_of(path: &Path, rule: MaskRule) -> MaskLayer {
    MaskLayer {
        name: "MASK".into(),
        path: path.to_string_lossy().into_owned(),
        index: 1,
        rule,
    }
}

pub(crate) fn scene(product: &Path, bands: Vec<BandSource>, masks: Vec<MaskLayer>) -> Scene {
    Scene {
        id: product.file_stem().unwrap().to_string_lossy().into_owned(),
        product: product.to_path_buf(),
        datetime: "2024-05-01T02:00:00Z".parse().unwrap(),
        sensor: "generic".into(),
        platform: String::new(),
        modality: Modality::Optical,
        gsd_m: None,
        unit: Unit::Reflectance,
        bands,
        masks,
        relative_orbit: None,
        version: String::new(),
        pass: String::new(),
        tile: String::new(),
    }
}

/// A scene of one file and nothing else.
pub(crate) fn plain(path: &Path, count: usize) -> Scene {
    scene(path, bands_of(path, count), Vec::new())
}

pub(crate) fn capture(scenes: Vec<Scene>) -> Capture {
    Capture {
        id: scenes[0].id.clone(),
        datetime: scenes[0].datetime,
        scenes,
    }
}

fn point(east_m: f64, north_m: f64) -> Point {
    Point { east_m, north_m }
}

pub(crate) fn frame() -> Frame {
    Frame::at(LonLat {
        lon_deg: 3.0,
        lat_deg: 0.0,
    })
}

pub(crate) fn target() -> Target {
    Target {
        crossing: "equator".into(),
        track: "east".into(),
        frame: frame(),
        alignment: Alignment::through(&[point(-300.0, 0.0), point(300.0, 0.0)]).unwrap(),
        start_m: 0.0,
        end_m: 600.0,
    }
}

/// A crossing of one track of this length, running east.
pub(crate) fn crossing(length_m: f64) -> Crossing {
    let half = length_m / 2.0;
    let ends = [point(-half, 0.0), point(half, 0.0)];
    Crossing {
        id: "equator".into(),
        name: "Equator".into(),
        time_zone: "UTC".into(),
        attribution: String::new(),
        tracks: vec![Track {
            id: "east".into(),
            name: "Eastbound".into(),
            vertices: ends.iter().map(|p| frame().to_lon_lat(*p)).collect(),
            frame: frame(),
            alignment: Alignment::through(&ends).unwrap(),
            sections: Vec::new(),
            uncertainty_across_m: 1.0,
            uncertainty_along_m: 1.0,
            source: "made for tests".into(),
            stock: Vec::new(),
            confusers: Vec::new(),
            road_lane_offset_m: None,
        }],
    }
}
