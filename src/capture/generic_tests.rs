#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::super::testing::{FakeProbe, claimed, fixture, raster};
use super::*;
use crate::capture::BandRole;

fn decode_name(name: &str, header: RasterHeader) -> Result<Scene, Problem> {
    decode_with(name, &FakeProbe::of(name, header))
}

fn decode_with(name: &str, probe: &FakeProbe) -> Result<Scene, Problem> {
    let finds = claimed(claim, Path::new("/none"), &[name]);
    decode(finds.first().unwrap(), &probe.context())
}

fn roles_of(scene: &Scene) -> Vec<(BandRole, usize)> {
    scene.bands.iter().map(|b| (b.role, b.index)).collect()
}

#[test]
fn the_name_tells_time_and_bands() {
    let mut header = raster("UInt16", 4);
    header.bands.iter_mut().for_each(|b| b.nodata = Some(0.0));
    let scene = decode_name("20220106T021726Z_ortho_rgbn.tif", header).unwrap();
    assert_eq!(scene.id, "20220106T021726Z_ortho_rgbn");
    assert_eq!(scene.datetime.to_string(), "2022-01-06T02:17:26Z");
    assert_eq!((scene.unit, scene.gsd_m), (Unit::Counts, None));
    let expected = [
        (BandRole::Blue, 3),
        (BandRole::Green, 2),
        (BandRole::Red, 1),
        (BandRole::Nir, 4),
    ];
    assert_eq!(roles_of(&scene), expected);
    assert_eq!(scene.bands.first().unwrap().nodata, Some(0.0));
}

#[test]
fn a_grey_picture_and_its_satellite_are_known_by_the_name() {
    let name = "ref_S2A_20160608T153121_T33UUU_sub.tif";
    let scene = decode_name(name, raster("UInt16", 1)).unwrap();
    assert_eq!(scene.platform, "sentinel-2a");
    assert_eq!(roles_of(&scene), [(BandRole::Pan, 1)]);
    assert_eq!(scene.modality, Modality::Optical);
}

#[test]
fn colours_serve_and_alpha_is_a_mask() {
    let mut header = raster("Byte", 4);
    for (band, colour) in header
        .bands
        .iter_mut()
        .zip(["Red", "Green", "Blue", "Alpha"])
    {
        band.colour = colour.into();
    }
    let scene = decode_name("x_20200101.tif", header).unwrap();
    assert_eq!(scene.bands.len(), 3);
    let alpha = scene.masks.first().unwrap();
    assert_eq!(
        (alpha.index, alpha.rule.usable(255), alpha.rule.usable(0)),
        (4, true, false)
    );
}

#[test]
fn scaled_whole_numbers_are_reflectance() {
    let mut header = raster("UInt16", 3);
    for band in &mut header.bands {
        (band.scale, band.offset) = (Some(1e-4), Some(-0.1));
    }
    let scene = decode_name("x_20200101_rgb.tif", header.clone()).unwrap();
    let band = scene.bands.first().unwrap();
    assert_eq!(
        (scene.unit, band.scale, band.offset),
        (Unit::Reflectance, 1e-4, -0.1)
    );
    header.bands.first_mut().unwrap().scale = Some(1.0);
    let scene = decode_name("x_20200101_rgb.tif", header).unwrap();
    assert_eq!(
        (scene.unit, scene.bands.first().unwrap().offset),
        (Unit::Counts, 0.0)
    );
}

#[test]
fn the_user_names_bands_and_radar() {
    let name = "x_20200101.tif";
    let mut probe = FakeProbe::of(name, raster("UInt16", 4));
    probe.hints.bands = Some(vec![Some(BandRole::Nir), None, Some(BandRole::Red)]);
    let scene = decode_with(name, &probe).unwrap();
    assert_eq!(roles_of(&scene), [(BandRole::Red, 3), (BandRole::Nir, 1)]);
    let mut probe = FakeProbe::of(name, raster("UInt16", 1));
    probe.hints.radar = Some(Unit::Decibel);
    let scene = decode_with(name, &probe).unwrap();
    assert_eq!((scene.modality, scene.unit), (Modality::Sar, Unit::Decibel));
}

#[test]
fn a_description_makes_floats_radar() {
    let mut header = raster("Float32", 1);
    header.bands.first_mut().unwrap().description = "backscatter_linear".into();
    let scene = decode_name("yard_20230103.tif", header).unwrap();
    assert_eq!((scene.modality, scene.unit), (Modality::Sar, Unit::Power));
}

#[test]
fn tiles_of_a_second_are_one_pass_and_days_stand_alone() {
    let pass = |name: &str| decode_name(name, raster("UInt16", 1)).unwrap().pass;
    assert_eq!(
        pass("20200101T101530_R1C1.tif"),
        pass("20200101T101530_R1C2.tif")
    );
    assert_ne!(pass("20200101T101530.tif"), pass("20200101T101531.tif"));
    assert_ne!(
        pass("20200101T101530_B02.tif"),
        pass("20200101T101530_B03.tif")
    );
    assert_eq!(pass("20200101.tif"), "");
}

#[test]
fn provider_metadata_beside_the_raster_counts() {
    let names = ["15JAN03101530-M2AS.TIF", "15jan03101530-m2as.imd"];
    let finds = claimed(claim, &fixture("generic-maxar"), &names);
    let probe = FakeProbe::of(names[0], raster("UInt16", 4));
    let scene = decode(finds.first().unwrap(), &probe.context()).unwrap();
    assert_eq!(scene.platform, "wv99");
    assert_eq!(scene.datetime.to_string(), "2015-01-03T10:15:30.25Z");
    assert_eq!(scene.bands.len(), 4);
}

#[test]
fn what_cannot_be_told_is_refused_never_guessed() {
    let mut points = raster("UInt16", 4);
    points.georeferenced = false;
    points.control_points = 4;
    let refused = [
        ("x_20200101_rgbn.tif", points, "ground control points"),
        ("x_20200101.tif", raster("UInt16", 4), "4 bands"),
        ("x_20200101.tif", raster("Float32", 1), "floating-point"),
        (
            "x_01022020_rgb.tif",
            raster("Byte", 3),
            "2020-01-02 or 2020-02-01",
        ),
        ("20200101_20200301_rgb.tif", raster("Byte", 3), "2020-03-01"),
        ("x_rgb.tif", raster("Byte", 3), "no date"),
    ];
    for (name, header, reason) in refused {
        let problem = decode_name(name, header).unwrap_err();
        assert!(problem.what.contains(reason), "{problem}");
        assert!(!problem.remedy.is_empty());
    }
    let damaged = decode_with("x_20200101.tif", &FakeProbe::default()).unwrap_err();
    assert!(damaged.what.contains("not a raster"));
}
