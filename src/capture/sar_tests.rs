#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::super::testing::{FakeProbe, claimed, fixture, raster, shared};
use super::*;

const HYP3: &str = "S1A_IW_20230103T052333_DVP_RTC10_G_gpuned_ABCD";

fn probe(headers: &[(&str, RasterHeader)]) -> FakeProbe {
    FakeProbe {
        headers: headers
            .iter()
            .map(|(n, h)| ((*n).to_owned(), h.clone()))
            .collect(),
        ..FakeProbe::default()
    }
}

fn decode_one(folder: &Path, names: &[&str], probe: &FakeProbe) -> Result<Scene, Problem> {
    let finds = claimed(claim, folder, names);
    assert_eq!(finds.len(), 1, "{finds:?}");
    decode(finds.first().unwrap(), &probe.context())
}

fn plain(name: &str, header: RasterHeader) -> Result<Scene, Problem> {
    decode_one(Path::new("/none"), &[name], &probe(&[(name, header)]))
}

#[test]
fn hyp3_polarisations_are_one_scene_with_orbit_and_unit() {
    let names = [
        format!("{HYP3}_VH.tif"),
        format!("{HYP3}_VV.tif"),
        format!("{HYP3}_inc_map.tif"),
        format!("{HYP3}_dem.tif"),
        format!("{HYP3}.README.md.txt"),
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let probe = probe(&[
        (names[0], raster("Float32", 1)),
        (names[1], raster("Float32", 1)),
    ]);
    let scene = decode_one(&fixture("sar-hyp3"), &names, &probe).unwrap();
    assert_eq!(scene.id, HYP3);
    assert_eq!(scene.datetime.to_string(), "2023-01-03T05:23:33Z");
    assert_eq!((scene.unit, scene.modality), (Unit::Power, Modality::Sar));
    // 46620 - 73 = 265 x 175 + 172.
    assert_eq!(scene.relative_orbit, Some(173));
    assert_eq!(scene.platform, "sentinel-1a");
    let roles: Vec<_> = scene.bands.iter().map(|b| (b.role, b.nodata)).collect();
    assert_eq!(
        roles,
        [(BandRole::Vv, Some(0.0)), (BandRole::Vh, Some(0.0))]
    );
}

#[test]
fn planetary_computer_folders_name_the_granule() {
    let folder = Path::new(
        "/in/S1A_IW_GRDH_1SDV_20191215T004339_20191215T004404_030352_0378DC_rtc/measurement",
    );
    let names = ["iw-vh.rtc.tiff", "iw-vv.rtc.tiff"];
    let probe = probe(&names.map(|n| (n, raster("Float32", 1))));
    let mut find = claimed(claim, folder, &names).remove(0);
    find.root = "/in".into();
    let scene = decode(&find, &probe.context()).unwrap();
    assert_eq!(
        scene.id,
        "S1A_IW_GRDH_1SDV_20191215T004339_20191215T004404_030352_0378DC"
    );
    assert_eq!(scene.relative_orbit, Some(5));
    assert_eq!((scene.bands.len(), scene.unit), (2, Unit::Power));
    assert_eq!(scene.pass, "sentinel-1/sentinel-1a/30352");
}

#[test]
fn a_plain_series_is_radar_by_its_name_and_power_unless_it_says_otherwise() {
    let scene = plain("S1_kiel_20230101.tif", raster("Float32", 1)).unwrap();
    assert_eq!((scene.modality, scene.unit), (Modality::Sar, Unit::Power));
    assert_eq!(scene.id, "S1_kiel_20230101");
    assert_eq!(scene.sensor, "sentinel-1");
    assert_eq!(scene.bands.first().unwrap().role, BandRole::Backscatter);
    assert_eq!((scene.pass.as_str(), scene.relative_orbit), ("", None));
    let db = plain("S1_kiel_20230101_db_vv.tif", raster("Float32", 1)).unwrap();
    assert_eq!(
        (db.unit, db.bands.first().unwrap().role),
        (Unit::Decibel, BandRole::Vv)
    );
    let mut described = raster("Float32", 1);
    described.bands.first_mut().unwrap().description = "sigma0 amplitude".into();
    let said = plain("S1_kiel_20230101.tif", described).unwrap();
    assert_eq!(said.unit, Unit::Amplitude);
}

#[test]
fn the_user_s_word_on_the_unit_counts() {
    let name = "S1_kiel_20230101.tif";
    let mut probe = probe(&[(name, raster("UInt16", 1))]);
    let refused = decode_one(Path::new("/none"), &[name], &probe).unwrap_err();
    assert!(refused.remedy.contains("--radar"), "{refused}");
    probe.hints.radar = Some(Unit::Amplitude);
    let scene = decode_one(Path::new("/none"), &[name], &probe).unwrap();
    assert_eq!(scene.unit, Unit::Amplitude);
}

#[test]
fn commercial_products_take_scale_and_time_from_their_metadata() {
    let capella = "CAPELLA_C99_SP_GEO_HH_20230203040506_20230203040516";
    let (tif, json) = (format!("{capella}.tif"), format!("{capella}_extended.json"));
    let names = [tif.as_str(), json.as_str()];
    let known = probe(&[(names[0], raster("UInt16", 1))]);
    let scene = decode_one(&fixture("sar-capella"), &names, &known).unwrap();
    assert_eq!(
        (scene.sensor.as_str(), scene.platform.as_str()),
        ("capella", "capella-99")
    );
    assert_eq!(scene.datetime.to_string(), "2023-02-03T04:05:06.5Z");
    let band = scene.bands.first().unwrap();
    assert_eq!(
        (band.role, band.scale, band.nodata),
        (BandRole::Hh, 2e-4, Some(0.0))
    );
    let names = [
        "2023-02-03-04-05-06_UMBRA-09_GEC.tif",
        "2023-02-03-04-05-06_UMBRA-09_METADATA.json",
    ];
    let known = probe(&[(names[0], raster("Byte", 1))]);
    let scene = decode_one(&fixture("sar-umbra"), &names, &known).unwrap();
    assert_eq!(
        (scene.unit, scene.platform.as_str()),
        (Unit::Amplitude, "umbra-09")
    );
    assert_eq!(scene.bands.first().unwrap().role, BandRole::Vv);
}

#[test]
fn hostile_rasters_are_refused_with_the_reason() {
    let mut points = raster("Float32", 1);
    points.georeferenced = false;
    points.control_points = 210;
    for (name, header, reason) in [
        ("S1_x_20230101.tif", points, "210 ground control points"),
        ("S1_x.tif", raster("Float32", 1), "no date"),
        ("S1_x_20230101.tif", raster("Float32", 3), "none described"),
    ] {
        let problem = plain(name, header).unwrap_err();
        assert!(problem.what.contains(reason), "{problem}");
    }
    let names = ["S1_x_20230101.tif"];
    let damaged = decode_one(Path::new("/none"), &names, &probe(&[])).unwrap_err();
    assert!(damaged.what.contains("not a raster"), "{damaged}");
}

#[test]
fn real_capella_metadata_is_understood() {
    let Some(folder) = shared("metadata/capella") else {
        return;
    };
    let decoded = |stem: &str| {
        let (tif, json) = (format!("{stem}.tif"), format!("{stem}_extended.json"));
        let probe = probe(&[(&tif, raster("UInt16", 1))]);
        decode_one(&folder, &[&tif, &json], &probe)
    };
    let geo = decoded("CAPELLA_C14_SP_GEO_HH_20240709040329_20240709040358").unwrap();
    assert!((geo.bands.first().unwrap().scale / 9.657_046_131_856_903e-5 - 1.0).abs() < 1e-12);
    let slc = decoded("CAPELLA_C13_SP_SLC_HH_20241126045307_20241126045346").unwrap_err();
    assert!(slc.what.contains("SLC"), "{slc}");
}
