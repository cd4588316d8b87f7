#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::super::testing::{FakeProbe, claimed, fixture, shared};
use super::*;

const ID: &str = "LC09_L2SP_116031_20230114_20230820_02_T1";

fn decode_files(folder: &Path, id: &str, rest: &[&str]) -> Result<Scene, Problem> {
    let names: Vec<String> = rest.iter().map(|r| format!("{id}_{r}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let finds = claimed(claim, folder, &names);
    assert_eq!(finds.len(), 1, "{finds:?}");
    decode(finds.first().unwrap(), &FakeProbe::default().context())
}

#[test]
fn the_three_spellings_of_the_mtl_say_the_same() {
    let bands = [
        "SR_B2.TIF",
        "SR_B3.TIF",
        "SR_B4.TIF",
        "SR_B5.TIF",
        "QA_PIXEL.TIF",
    ];
    for spelling in ["txt", "xml", "json"] {
        let mtl = format!("MTL.{spelling}");
        let files = [&bands[..], &[&mtl]].concat();
        let folder = fixture(&format!("landsat-{spelling}"));
        let scene = decode_files(&folder, ID, &files).unwrap();
        assert_eq!(scene.id, ID);
        assert_eq!(scene.datetime.to_string(), "2023-01-14T02:03:04.5Z");
        assert_eq!(
            (scene.platform.as_str(), scene.gsd_m),
            ("landsat-9", Some(30.0))
        );
        assert_eq!(scene.pass, "landsat/landsat_9/116/2023-01-14");
        assert_eq!(
            (scene.tile.as_str(), scene.relative_orbit),
            ("31", Some(116))
        );
        let factors: Vec<_> = scene
            .bands
            .iter()
            .map(|b| (b.role, b.scale, b.offset))
            .collect();
        assert_eq!(
            factors[0],
            (BandRole::Blue, 3e-5, -0.1),
            "level 2, not level 1"
        );
        assert_eq!(
            factors[3],
            (BandRole::Nir, SCALE, OFFSET),
            "the documented default"
        );
        let mask = &scene.masks.first().unwrap().rule;
        // 21824 is clear land, 30048 snow, 22280 cloud, 23888 shadow, 1 fill (USGS table of values).
        for (value, usable) in [
            (21824, true),
            (30048, true),
            (22280, false),
            (23888, false),
            (1, false),
        ] {
            assert_eq!(mask.usable(value), usable, "{value}");
        }
    }
}

#[test]
fn hostile_products_are_refused_with_the_reason() {
    let folder = fixture("landsat-txt");
    let cases: [(&[&str], &str); 2] = [
        (&["MTL.txt", "QA_PIXEL.TIF"], "none of the bands"),
        (&["SR_B2.TIF"], "without its MTL"),
    ];
    for (files, reason) in cases {
        let problem = decode_files(&folder, ID, files).unwrap_err();
        assert!(problem.what.contains(reason), "{problem}");
    }
    let folder = tempfile::tempdir().unwrap();
    let name = format!("{ID}_MTL.txt");
    let good = std::fs::read_to_string(fixture("landsat-txt").join(&name)).unwrap();
    for (from, to, reason) in [
        ("L2SP\"", "L1TP\"", "level L1TP"),
        ("LANDSAT_9", "LANDSAT_5", "only Landsat 8 and 9"),
        ("02:03:04", "25:99:00", "not a time"),
        ("3.0e-05", "many", "not a number"),
        ("DATE_ACQUIRED", "DATE_LOST", "no DATE_ACQUIRED"),
    ] {
        std::fs::write(folder.path().join(&name), good.replacen(from, to, 2)).unwrap();
        let problem = decode_files(folder.path(), ID, &["MTL.txt", "SR_B2.TIF"]).unwrap_err();
        assert!(problem.what.contains(reason), "{problem}");
    }
}

#[test]
fn only_names_of_usgs_are_taken() {
    assert_eq!(
        split("LC08_L2SP_116031_20200114_20200824_02_T1_SR_B2.TIF")
            .unwrap()
            .1,
        "SR_B2.TIF"
    );
    for name in [
        "LC08_20200114.tif",
        "a_b_c_d_e_f_g_h.tif",
        "S2A_MSIL2A_1_2_3_4_5_6",
    ] {
        assert_eq!(split(name), None, "{name}");
    }
}

#[test]
fn real_metadata_is_understood() {
    let Some(folder) = shared("metadata/landsat") else {
        return;
    };
    for entry in walkdir::WalkDir::new(&folder).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        if is_mtl(file_name(&path)) {
            let mtl = Mtl::read(&path).unwrap();
            acquired(&mtl).unwrap();
        }
    }
}
