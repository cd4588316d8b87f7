//! Half-metre imagery through the program: single cars, and two tracks of a
//! crossing beside each other.
//!
//! The scenes are formulas, exact at every pixel: ground of fixed texture, two
//! ballast beds, and trains of cars with gaps of a metre, blurred by 0.72
//! pixels, with noise, gain and displacement of its own in every capture.

#![allow(clippy::unwrap_used)]

mod program;

use std::fs;
use std::path::Path;

use gdal::DriverManager;
use gdal::raster::Buffer;
use gdal::spatial_ref::SpatialRef;
use ndarray::Array2;

use program::{Row, Tables, succeeds};

/// A track along the equator at 3° E, 500 m to the east, and another 4.5 m to
/// its right: UTM zone 31, easting 499,750 to 500,250 m, northing 0 and −4.5 m.
const TRACKS: &str = r#"{"type": "FeatureCollection", "features": [
  {"type": "Feature", "properties": {"crossing": "twin", "id": "left", "name": "left"},
   "geometry": {"type": "LineString", "coordinates": [[2.9977533, 0.0], [3.0022467, 0.0]]}},
  {"type": "Feature", "properties": {"crossing": "twin", "id": "right", "name": "right"},
   "geometry": {"type": "LineString",
                "coordinates": [[2.9977533, -0.0000407], [3.0022467, -0.0000407]]}}]}"#;

/// Ground to the sides of the tracks and beyond their ends, m.
const MARGIN_M: f64 = 60.0;
const RIGHT_M: f64 = 4.5;

/// A planted train: capture, chainage of its rear coupler, metres right of the
/// left track, and its cars: length over couplers and brightness.
struct Train {
    capture: usize,
    start_m: f64,
    offset_m: f64,
    cars: &'static [(f64, f64)],
}

/// A locomotive and eight gondolas: 128.91 m.
const GONDOLAS: &[(f64, f64)] = &[
    (17.55, 0.06),
    (13.92, 0.22),
    (13.92, 0.20),
    (13.92, 0.24),
    (13.92, 0.21),
    (13.92, 0.22),
    (13.92, 0.19),
    (13.92, 0.23),
    (13.92, 0.22),
];
/// Two locomotives and six boxcars: 137.5 m.
const BOXCARS: &[(f64, f64)] = &[
    (17.55, 0.07),
    (17.55, 0.06),
    (17.07, 0.28),
    (17.07, 0.30),
    (17.07, 0.27),
    (17.07, 0.28),
    (17.07, 0.29),
    (17.07, 0.28),
];

const TRAINS: &[Train] = &[
    Train {
        capture: 2,
        start_m: 60.0,
        offset_m: 0.0,
        cars: GONDOLAS,
    },
    Train {
        capture: 5,
        start_m: 300.0,
        offset_m: RIGHT_M,
        cars: BOXCARS,
    },
    Train {
        capture: 8,
        start_m: 120.0,
        offset_m: 0.0,
        cars: BOXCARS,
    },
    Train {
        capture: 8,
        start_m: 180.0,
        offset_m: RIGHT_M,
        cars: GONDOLAS,
    },
];
const CAPTURES: usize = 11;

/// Reproducible and evenly distributed from -1 to 1 (`SplitMix64`, Steele et al. 2014).
fn dice(a: i64, b: i64, c: i64) -> f64 {
    let mut z = (a.wrapping_mul(0x9E37_79B9) ^ b.wrapping_mul(0x0085_EBCA_6B77) ^ (c << 40)) as u64;
    for m in [0xBF58_476D_1CE4_E5B9_u64, 0x94D0_49BB_1331_11EB] {
        z = (z ^ (z >> 30))
            .wrapping_mul(m)
            .wrapping_add(0x9E37_79B9_7F4A_7C15);
    }
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// Ground in patches of `side_m` with soft borders.
fn patches(east: f64, north: f64, side_m: f64, what: i64) -> f64 {
    let (u, v) = (east / side_m, north / side_m);
    let (i, j) = (u.floor(), v.floor());
    let soft = |t: f64| t * t * (3.0 - 2.0 * t);
    let (s, t) = (soft(u - i), soft(v - j));
    let at = |a: f64, b: f64| dice((i + a) as i64, (j + b) as i64, what);
    (1.0 - t) * ((1.0 - s) * at(0.0, 0.0) + s * at(1.0, 0.0))
        + t * ((1.0 - s) * at(0.0, 1.0) + s * at(1.0, 1.0))
}

/// Share of a blurred interval.
fn within(at: f64, from: f64, to: f64, psf: f64) -> f64 {
    let edge = |d: f64| 0.5 * (1.0 + statrs::function::erf::erf(d / (psf * 2f64.sqrt())));
    edge(at - from) - edge(at - to)
}

/// How the tracks are seen.
#[derive(Clone, Copy)]
enum View {
    /// From above, or level with the ground.
    Straight,
    /// On a deck, from another side by every capture.
    Leaning,
}

impl View {
    /// How far the tracks appear to the right of their place, m: up to 3.5 m in the
    /// middle, not at all at the ends.
    fn lean_m(self, capture: usize, chainage: f64) -> f64 {
        let up = (std::f64::consts::PI * (chainage / 500.0).clamp(0.0, 1.0)).sin();
        match self {
            Self::Straight => 0.0,
            Self::Leaning => 3.5 * up * dice(capture as i64, 5, 99),
        }
    }
}

/// Reflectance at a place of a capture.
fn reflectance(
    capture: usize,
    band: usize,
    (chainage, right): (f64, f64),
    (psf, view): (f64, View),
) -> f64 {
    let season = (capture as f64 * 0.7).sin();
    let tint = [0.8, 1.0, 1.1, 1.6][band];
    let ground = 0.12
        + 0.03 * patches(chainage, right, 7.0, 1)
        + 0.015 * patches(chainage, right, 2.5, 2)
        + 0.02 * season * patches(chainage, right, 25.0, 3 + band as i64);
    let mut value = ground * tint;
    let cover = |value: f64, share: f64, with: f64| value * (1.0 - share) + with * share;
    // What stands above the ground appears beside its place.
    let right = right - view.lean_m(capture, chainage);
    for centre in [0.0, RIGHT_M] {
        let bed = 0.13 + 0.006 * patches(chainage, centre, 3.0, 9);
        value = cover(value, within(right, centre - 1.7, centre + 1.7, psf), bed);
    }
    let near = |t: &&Train| t.capture == capture && (right - t.offset_m).abs() < 4.07 + 5.0 * psf;
    for train in TRAINS.iter().filter(near) {
        let mut at_m = train.start_m;
        for (length_m, bright) in train.cars {
            let along = within(chainage, at_m + 0.5, at_m + length_m - 0.5, psf);
            let across = within(right, train.offset_m - 1.57, train.offset_m + 1.57, psf);
            value = cover(value, along * across, bright * [1.0, 0.95, 1.05, 1.1][band]);
            at_m += length_m;
        }
    }
    value
}

/// All captures at a pixel size, as plain GeoTIFFs of reflectance times 10,000.
fn render(folder: &Path, gsd_m: f64, view: View) {
    fs::create_dir_all(folder).unwrap();
    // Coarse pixels need more ground to be registered by.
    let margin_m = MARGIN_M.max(20.0 * gsd_m);
    let (west_m, north_m) = (499_750.0 - margin_m, margin_m);
    let cols = ((500.0 + 2.0 * margin_m) / gsd_m) as usize;
    let rows = (2.0 * margin_m / gsd_m) as usize;
    let crs = SpatialRef::from_epsg(32631).unwrap();
    for capture in 0..CAPTURES {
        let name = format!("202203{:02}T020000Z_ortho_rgbn.tif", capture + 1);
        let driver = DriverManager::get_driver_by_name("GTiff").unwrap();
        let mut file = driver
            .create_with_band_type::<u16, _>(folder.join(name), cols, rows, 4)
            .unwrap();
        file.set_spatial_ref(&crs).unwrap();
        file.set_geo_transform(&[west_m, gsd_m, 0.0, north_m, 0.0, -gsd_m])
            .unwrap();
        // What the product says and where things are differ by up to 1.5 pixels.
        let off = |k: i64| 1.5 * gsd_m * dice(capture as i64, k, 77);
        // Red, green, blue, near infrared.
        for (number, band) in [2, 1, 0, 3].into_iter().enumerate() {
            let values = Array2::from_shape_fn((rows, cols), |(row, col)| {
                let east = west_m + (col as f64 + 0.5) * gsd_m - 499_750.0 + off(1);
                let right = -(north_m - (row as f64 + 0.5) * gsd_m) + off(2);
                let seen = reflectance(capture, band, (east, right), (0.72 * gsd_m, view));
                let place = (row * cols + col) as i64;
                let noise = (0..4).map(|k| dice(place, capture as i64, 100 + 4 * band as i64 + k));
                (10_000.0 * (seen + 0.0035 * noise.sum::<f64>())) as u16
            });
            let mut buffer = Buffer::new((cols, rows), values.into_iter().collect());
            let mut to = file.rasterband(number + 1).unwrap();
            to.write((0, 0), (cols, rows), &mut buffer).unwrap();
        }
    }
}

/// Captures rendered and looked through; the rows of trains.
fn tables(home: &Path, gsd_m: f64, view: View) -> Tables {
    let (folder, store) = (home.join("captures"), home.join("twin.gpkg"));
    let crossings = home.join("tracks.geojson");
    fs::write(&crossings, TRACKS).unwrap();
    render(&folder, gsd_m, view);
    succeeds([
        "run".as_ref(),
        folder.as_os_str(),
        "--crossings".as_ref(),
        crossings.as_os_str(),
        "--store".as_ref(),
        store.as_os_str(),
    ]);
    Tables::of(&store)
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap()
}

/// Whether a row is a planted train. Bodies end half a gap within the couplers.
fn is(row: &Row, train: &Train) -> bool {
    let length_m: f64 = train.cars.iter().map(|c| c.0).sum();
    (number(row, "start_m") - train.start_m).abs() < 3.0
        && (number(row, "length_m") - length_m + 1.0).abs() < 4.0
}

#[test]
fn cars_are_counted_and_parallel_tracks_measured_apart() {
    let home = tempfile::tempdir().unwrap();
    let found = tables(home.path(), 0.5, View::Straight).trains();
    for train in TRAINS {
        let track = if train.offset_m > 0.0 {
            "right"
        } else {
            "left"
        };
        let day = format!("202203{:02}", train.capture + 1);
        let rows: Vec<&Row> = found
            .iter()
            .filter(|row| row["track"] == track && row["capture"].contains(&day))
            .collect();
        assert!(
            rows.len() == 1 && is(rows[0], train),
            "{track} {day}: {rows:?}"
        );
        let (min, max) = (number(rows[0], "cars_min"), number(rows[0], "cars_max"));
        let cars = train.cars.len() as f64;
        assert!(
            min <= cars && cars <= max && max - min <= 2.0,
            "{cars}: {min} to {max}"
        );
    }
    assert_eq!(found.len(), TRAINS.len(), "{found:?}");
}

#[test]
fn trains_on_a_deck_that_is_seen_at_an_angle_are_found() {
    let home = tempfile::tempdir().unwrap();
    let found = tables(home.path(), 0.5, View::Leaning).trains();
    for train in TRAINS {
        let day = format!("202203{:02}", train.capture + 1);
        let here = |row: &&Row| row["capture"].contains(&day) && is(row, train);
        assert_eq!(found.iter().filter(here).count(), 1, "{day}: {found:?}");
    }
    assert_eq!(found.len(), TRAINS.len(), "{found:?}");
}

#[test]
fn tracks_that_pixels_do_not_tell_apart_share_their_trains() {
    let home = tempfile::tempdir().unwrap();
    let tables = tables(home.path(), 10.0, View::Straight);
    // One train on either track: what is seen is reported once, and says so.
    let both = |row: &Row| row["capture"].contains("20220309");
    let trains: Vec<Row> = tables.trains().into_iter().filter(both).collect();
    assert_eq!(trains.len(), 1, "{trains:?}");
    for row in tables.observations().into_iter().filter(both) {
        let told = row["reason"].contains("do not tell this track from the one 4.5 m");
        assert_eq!(told, row["track"] == trains[0]["track"], "{row:?}");
    }
}

#[test]
fn three_metres_tell_tracks_apart() {
    let home = tempfile::tempdir().unwrap();
    let found = tables(home.path(), 3.0, View::Straight).trains();
    for train in &TRAINS[..2] {
        let track = if train.offset_m > 0.0 {
            "right"
        } else {
            "left"
        };
        let day = format!("202203{:02}", train.capture + 1);
        let tracks: Vec<&str> = found
            .iter()
            .filter(|row| row["capture"].contains(&day))
            .map(|row| row["track"].as_str())
            .collect();
        assert_eq!(tracks, [track], "{day}");
    }
}
