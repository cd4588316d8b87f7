//! Corridors read from small rasters made on the spot: pixels, masks, pasting,
//! and the corridor file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::float_cmp)]

mod rasters;

use std::path::Path;

use ndarray::Array2;
use railspan::capture::{MaskRule, Probe};
use railspan::geo::Point;
use railspan::source::{
    Corridor, HeaderReader, check_corridor_file, read_corridor, read_corridor_file, write_corridor,
};
use rasters::{bands_of, capture, mask_of, plain, ramp, scene, target, utm, write};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn read(scenes: Vec<railspan::capture::Scene>) -> Corridor {
    read_corridor(&capture(scenes), &target(), "f00d").unwrap()
}

/// What a corridor says of a place in UTM 31, which is the frame within 0.2 m here.
fn pixel_at(corridor: &Corridor, east_m: f64, north_m: f64) -> (usize, usize) {
    let p = corridor.to_pixel.apply(Point { east_m, north_m });
    (p.row.floor() as usize, p.col.floor() as usize)
}

#[test]
fn the_window_under_the_corridor_is_read_and_calibrated() {
    let folder = folder();
    let path = folder.path().join("scene.tif");
    // 4 km square about the track: the corridor is 1,600 m × 1,000 m of it.
    write(
        &path,
        &utm(498_000.0, 2_000.0, 10.0),
        &[ramp(0, 400, 400), ramp(1, 400, 400)],
    );
    let corridor = read(vec![plain(&path, 2)]);
    assert_eq!(corridor.values.dim(), (2, 100, 160));
    // First column 120, first row 150 of the scene.
    assert_eq!(corridor.grid.origin[0], 499_200.0);
    assert_eq!(corridor.grid.origin[3], 500.0);
    let dn = 1 + 1000 + 7 * (150 + 3) + (120 + 8);
    assert_eq!(corridor.values[(1, 3, 8)], (f64::from(dn) * 1e-4) as f32);
    assert_eq!(corridor.origin.gsd_m, 10.0);
    assert!(corridor.covered.iter().all(|&c| c) && corridor.clear.iter().all(|&c| c));
    // The frame's origin is at UTM (500,000; 0): 800 m and 500 m into the window.
    let p = corridor.to_pixel.apply(Point {
        east_m: 0.0,
        north_m: 0.0,
    });
    assert!((p.col - 80.0).abs() < 1e-3 && (p.row - 50.0).abs() < 1e-3);
}

#[test]
fn no_data_is_told_before_scale_and_offset() {
    let folder = folder();
    let path = folder.path().join("scene.tif");
    let mut blue = ramp(0, 100, 160);
    let mut green = ramp(1, 100, 160);
    blue[(10, 20)] = 0;
    green[(10, 21)] = 0;
    // A DN that the offset turns into zero is data.
    blue[(10, 22)] = 1000;
    write(&path, &utm(499_200.0, 500.0, 10.0), &[blue, green]);
    let mut bands = bands_of(&path, 2);
    for band in &mut bands {
        band.offset = -0.1;
    }
    let corridor = read(vec![scene(&path, bands, Vec::new())]);
    // No data in one band is no data.
    for col in [20, 21] {
        assert!(!corridor.covered[(10, col)] && !corridor.clear[(10, col)]);
        assert!(corridor.values[(0, 10, col)].is_nan());
        assert!(corridor.values[(1, 10, col)].is_nan());
    }
    assert!(corridor.covered[(10, 22)]);
    assert_eq!(corridor.values[(0, 10, 22)], 0.0);
    assert_eq!(corridor.covered.iter().filter(|&&c| !c).count(), 2);
}

#[test]
fn not_a_number_is_no_data() {
    let folder = folder();
    let path = folder.path().join("radar.tif");
    let mut power = Array2::from_elem((100, 160), 0.25_f32);
    power[(5, 6)] = f32::NAN;
    power[(5, 7)] = f32::INFINITY;
    let mut sheet = utm(499_200.0, 500.0, 10.0);
    sheet.nodata = Some(f64::NAN);
    write(&path, &sheet, &[power]);
    let mut bands = bands_of(&path, 1);
    bands[0].nodata = Some(f64::NAN);
    bands[0].scale = 1.0;
    let corridor = read(vec![scene(&path, bands, Vec::new())]);
    assert!(!corridor.covered[(5, 6)] && !corridor.covered[(5, 7)]);
    assert_eq!(corridor.covered.iter().filter(|&&c| !c).count(), 2);
    assert_eq!(corridor.values[(0, 0, 0)], 0.25);
}

#[test]
fn an_internal_mask_speaks_too() {
    let folder = folder();
    let path = folder.path().join("masked.tif");
    let dataset = write(&path, &utm(499_200.0, 500.0, 10.0), &[ramp(0, 100, 160)]);
    gdal::config::set_thread_local_config_option("GDAL_TIFF_INTERNAL_MASK", "YES").unwrap();
    let mut band = dataset.rasterband(1).unwrap();
    band.create_mask_band(true).unwrap();
    let opaque = (0..16_000).map(|i| if i == 165 { 0_u8 } else { 255 });
    let mut opaque = gdal::raster::Buffer::new((160, 100), opaque.collect());
    let mut mask = band.open_mask_band().unwrap();
    mask.write((0, 0), (160, 100), &mut opaque).unwrap();
    drop(dataset);
    let corridor = read(vec![plain(&path, 1)]);
    assert!(!corridor.covered[(1, 5)]);
    assert_eq!(corridor.covered.iter().filter(|&&c| !c).count(), 1);
}

#[test]
fn a_coarser_mask_is_laid_by_its_georeference() {
    let folder = folder();
    let path = folder.path().join("scene.tif");
    let classes = folder.path().join("classes.tif");
    write(&path, &utm(498_000.0, 2_000.0, 10.0), &[ramp(0, 400, 400)]);
    // 20 m, and beginning 30 m east and 10 m south of the bands: its pixel (column
    // 60, row 74) is UTM 499,230 to 499,250 east and 490 to 510 north.
    let mut values = Array2::from_elem((198, 198), 4_u8);
    values[(74, 60)] = 9;
    write(&classes, &utm(498_030.0, 1_990.0, 20.0), &[values]);
    let mask = mask_of(&classes, MaskRule::NotIn(vec![0, 9]));
    let corridor = read(vec![scene(&path, bands_of(&path, 1), vec![mask])]);
    let clouded: Vec<(usize, usize)> = corridor
        .clear
        .indexed_iter()
        .filter(|(_, clear)| !**clear)
        .map(|(at, _)| at)
        .collect();
    // The window begins at 499,200 east and 500 north: one row of two pixels is left.
    assert_eq!(clouded, [(0, 3), (0, 4)]);
    assert!(corridor.covered.iter().all(|&c| c));
}

#[test]
fn outside_its_mask_nothing_is_clear() {
    let folder = folder();
    let path = folder.path().join("scene.tif");
    let half = folder.path().join("half.tif");
    write(&path, &utm(499_200.0, 500.0, 10.0), &[ramp(0, 100, 160)]);
    write(
        &half,
        &utm(499_200.0, 500.0, 10.0),
        &[Array2::from_elem((100, 80), 1_u8)],
    );
    let mask = mask_of(&half, MaskRule::OnlyIn(vec![1]));
    let corridor = read(vec![scene(&path, bands_of(&path, 1), vec![mask])]);
    for ((_, col), &clear) in corridor.clear.indexed_iter() {
        assert_eq!(clear, col < 80);
    }
}

#[test]
fn fine_pixels_are_averaged_where_all_are_valid() {
    let folder = folder();
    let path = folder.path().join("fine.tif");
    // GSD 0.25 m: squares of 2 × 2.
    let mut values = Array2::from_elem((400, 400), 1000_u16);
    values[(0, 0)] = 1400;
    values[(2, 2)] = 0;
    write(&path, &utm(499_950.0, 50.0, 0.25), &[values]);
    let corridor = read(vec![plain(&path, 1)]);
    assert_eq!(corridor.values.dim(), (1, 200, 200));
    assert_eq!(corridor.origin.gsd_m, 0.5);
    assert_eq!(corridor.provenance.mean_of, 2);
    assert_eq!(corridor.values[(0, 0, 0)], 0.11);
    assert!(!corridor.covered[(1, 1)] && corridor.values[(0, 1, 1)].is_nan());
    let p = corridor.to_pixel.apply(Point {
        east_m: 0.0,
        north_m: 0.0,
    });
    assert!((p.col - 100.0).abs() < 0.1 && (p.row - 100.0).abs() < 0.1);
}

#[test]
fn scenes_of_one_lattice_are_pasted_without_resampling() {
    let folder = folder();
    let (west, east) = (
        folder.path().join("west.tif"),
        folder.path().join("east.tif"),
    );
    let clouds = folder.path().join("clouds.tif");
    // West to 500,200, east from 499,800: 400 m in common.
    write(
        &west,
        &utm(499_200.0, 500.0, 10.0),
        &[Array2::from_elem((100, 100), 100_u16)],
    );
    write(
        &east,
        &utm(499_800.0, 500.0, 10.0),
        &[Array2::from_elem((100, 100), 200_u16)],
    );
    let mut classes = Array2::from_elem((100, 100), 1_u8);
    classes[(50, 70)] = 0;
    classes[(50, 10)] = 0;
    write(&clouds, &utm(499_200.0, 500.0, 10.0), &[classes]);
    let mask = mask_of(&clouds, MaskRule::OnlyIn(vec![1]));
    let corridor = read(vec![
        scene(&west, bands_of(&west, 1), vec![mask]),
        plain(&east, 1),
    ]);
    assert_eq!(corridor.values.dim(), (1, 100, 160));
    // The first scene wins where it is clear …
    assert_eq!(corridor.values[(0, 0, 99)], 0.01);
    assert_eq!(corridor.values[(0, 0, 100)], 0.02);
    // … the next fills its clouds …
    assert_eq!(corridor.values[(0, 50, 70)], 0.02);
    assert!(corridor.clear.iter().filter(|&&c| !c).count() == 1);
    // … and nothing takes the place of what only it has seen.
    assert_eq!(corridor.values[(0, 50, 10)], 0.01);
    assert!(corridor.covered[(50, 10)] && !corridor.clear[(50, 10)]);
    assert_eq!(corridor.origin.scenes, 2);
    assert_eq!(corridor.provenance.products, ["west.tif", "east.tif"]);
}

#[test]
fn of_scenes_that_do_not_fit_the_one_with_more_track_is_kept() {
    let folder = folder();
    let (half, whole) = (
        folder.path().join("half.tif"),
        folder.path().join("whole.tif"),
    );
    write(&half, &utm(500_000.0, 500.0, 10.0), &[ramp(0, 100, 100)]);
    // A third of a pixel off.
    write(&whole, &utm(499_103.3, 503.3, 10.0), &[ramp(0, 110, 180)]);
    let corridor = read(vec![plain(&half, 1), plain(&whole, 1)]);
    assert_eq!(corridor.provenance.products, ["whole.tif"]);
    assert_eq!(corridor.provenance.notes.len(), 1);
    assert!(corridor.provenance.notes[0].contains("scene half was left out"));
}

#[test]
fn any_map_grid_shows_the_same_place() {
    let folder = folder();
    // The bright pixel of each grid covers (105 m, -45 m) of the frame, where a
    // degree is 111,319.49 m along the equator and 110,574.3 m along the meridian.
    let degree = [111_319.49, 110_574.3];
    let step = std::f64::consts::FRAC_1_SQRT_2 * 10.0;
    let sheets = [
        (
            "utm",
            "EPSG:32631",
            [499_200.0, 10.0, 0.0, 500.0, 0.0, -10.0],
        ),
        (
            "rotated",
            "EPSG:32631",
            [498_900.0, step, step, 0.0, step, -step],
        ),
        (
            "mercator",
            "EPSG:3857",
            [333_158.47, 10.0, 0.0, 500.0, 0.0, -10.0],
        ),
        (
            "degrees",
            "EPSG:4326",
            [
                3.0 - 800.0 / degree[0],
                10.0 / degree[0],
                0.0,
                500.0 / degree[1],
                0.0,
                -10.0 / degree[1],
            ],
        ),
    ];
    for (name, crs, origin) in sheets {
        let path = folder.path().join(format!("{name}.tif"));
        let grid = railspan::geo::Grid {
            width: 180,
            height: 180,
            origin,
            crs: crs.into(),
        };
        let (x, y) = match name {
            "utm" | "rotated" => (500_000.0 + 105.0 * 0.9996, -45.0 * 0.9996),
            "mercator" => (333_958.47 + 105.0, -45.0 * 6_378_137.0 / 6_335_439.0),
            _ => (3.0 + 105.0 / degree[0], -45.0 / degree[1]),
        };
        let bright = grid.pixel_at(x, y).unwrap();
        let mut values = Array2::from_elem((180, 180), 1_u16);
        values[(bright.row as usize, bright.col as usize)] = 5000;
        write(
            &path,
            &rasters::Sheet {
                crs,
                origin,
                nodata: None,
            },
            &[values],
        );
        let corridor = read(vec![plain(&path, 1)]);
        let (row, col) = pixel_at(&corridor, 105.0, -45.0);
        assert_eq!(corridor.values[(0, row, col)], 0.5, "{name}");
    }
}

#[test]
fn a_corridor_file_gives_back_every_bit() {
    let folder = folder();
    for floats in [false, true] {
        let path = folder.path().join("scene.tif");
        let mut dn = ramp(0, 100, 160);
        dn[(3, 4)] = 0;
        dn[(3, 5)] = u16::MAX;
        if floats {
            let values = dn.mapv(|v| f32::from(v).sqrt());
            write(&path, &utm(499_200.0, 500.0, 10.0), &[values]);
        } else {
            write(&path, &utm(499_200.0, 500.0, 10.0), &[dn]);
        }
        let corridor = read(vec![plain(&path, 1)]);
        let file = folder.path().join("f00d.tif");
        write_corridor(&corridor, &file).unwrap();
        let back = read_corridor_file(&file).unwrap();
        let bits = |c: &Corridor| c.values.mapv(f32::to_bits);
        assert_eq!(bits(&back), bits(&corridor));
        assert_eq!(
            (&back.covered, &back.clear),
            (&corridor.covered, &corridor.clear)
        );
        assert_eq!(back.origin, corridor.origin);
        assert_eq!(back.provenance, corridor.provenance);
        assert_eq!(back.to_pixel, corridor.to_pixel);
        assert_eq!(back.grid, corridor.grid);
        assert_eq!(back.frame, corridor.frame);
        // Whoever opens it in a GIS finds it in place.
        let header = HeaderReader.header(&file.to_string_lossy()).unwrap();
        assert!(header.georeferenced);
        assert_eq!(header.grid, corridor.grid);
    }
}

#[test]
fn a_damaged_or_foreign_corridor_file_is_not_taken() {
    let folder = folder();
    let scene_path = folder.path().join("scene.tif");
    write(
        &scene_path,
        &utm(499_200.0, 500.0, 10.0),
        &[ramp(0, 100, 160)],
    );
    let file = folder.path().join("f00d.tif");
    write_corridor(&read(vec![plain(&scene_path, 1)]), &file).unwrap();
    check_corridor_file(&file).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let refused = |path: &Path| {
        assert!(read_corridor_file(path).is_err(), "{}", path.display());
        check_corridor_file(path).unwrap_err().to_string()
    };
    // Under another name it is not what the name says.
    let renamed = folder.path().join("beef.tif");
    std::fs::copy(&file, &renamed).unwrap();
    assert!(refused(&renamed).contains("its name is not its fingerprint"));
    assert!(refused(&scene_path).contains("it has no label"));
    for len in [0, 100, bytes.len() / 2, bytes.len() - 10] {
        std::fs::write(&file, &bytes[..len]).unwrap();
        refused(&file);
    }
}

#[test]
fn headers_tell_what_decoders_ask() {
    let folder = folder();
    let path = folder.path().join("이름 with 'quotes\" and spaces.tif");
    let mut sheet = utm(499_200.0, 500.0, 10.0);
    sheet.nodata = Some(7.0);
    {
        use gdal::Metadata;
        let mut dataset = write(&path, &sheet, &[ramp(0, 4, 5), ramp(1, 4, 5)]);
        dataset
            .set_metadata_item("ACQUISITION_DATE", "2024-05-01", "")
            .unwrap();
        let mut band = dataset.rasterband(2).unwrap();
        band.set_description("VV").unwrap();
        band.set_scale(0.5).unwrap();
        band.set_offset(-1.0).unwrap();
    }
    let header = HeaderReader.header(&path.to_string_lossy()).unwrap();
    assert!(header.georeferenced);
    assert_eq!((header.grid.width, header.grid.height), (5, 4));
    assert_eq!(header.grid.crs, "EPSG:32631");
    assert_eq!(header.format, "GTiff");
    assert_eq!(header.tags["ACQUISITION_DATE"], "2024-05-01");
    let band = &header.bands[1];
    assert_eq!(
        (band.description.as_str(), band.sample_type.as_str()),
        ("VV", "UInt16")
    );
    assert_eq!(
        (band.scale, band.offset, band.nodata),
        (Some(0.5), Some(-1.0), Some(7.0))
    );
    assert_eq!(header.bands[0].colour, "Gray");
}
