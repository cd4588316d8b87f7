//! Tests of the SAFE decoder and of tiles of the open archives.

#![allow(clippy::unwrap_used, clippy::float_cmp)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::safe_metadata::SafeMetadata;
use super::testing::{FakeProbe, fixture, shared};
use super::{BandRole, Inventory, MaskRule, scan};

const L2A: &str = "S2B_MSIL2A_20230304T021601_N0509_R003_T52TFN_20230304T051122.SAFE";
const L1C: &str = "S2A_MSIL1C_20190304T021601_N0207_R003_T52TFN_20190304T041122.SAFE";

/// Rasters of a granule of level 2A, wanted and not.
const GRANULE: [&str; 9] = [
    "IMG_DATA/R10m/T52TFN_20230304T021601_B02_10m.jp2",
    "IMG_DATA/R10m/T52TFN_20230304T021601_B03_10m.jp2",
    "IMG_DATA/R10m/T52TFN_20230304T021601_B04_10m.jp2",
    "IMG_DATA/R10m/T52TFN_20230304T021601_B08_10m.jp2",
    "IMG_DATA/R10m/T52TFN_20230304T021601_TCI_10m.jp2",
    "IMG_DATA/R20m/T52TFN_20230304T021601_B02_20m.jp2",
    "IMG_DATA/R20m/T52TFN_20230304T021601_SCL_20m.jp2",
    "IMG_DATA/R60m/T52TFN_20230304T021601_SCL_60m.jp2",
    "QI_DATA/MSK_DETFOO_B02.jp2",
];

fn touch(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "").unwrap();
}

fn l2a_text() -> String {
    fs::read_to_string(fixture("sentinel2-l2a/MTD_MSIL2A.xml")).unwrap()
}

/// A SAFE of level 2A without pixels.
fn make_l2a(parent: &Path, metadata: &str) -> PathBuf {
    let safe = parent.join(L2A);
    for name in GRANULE {
        touch(
            &safe
                .join("GRANULE/L2A_T52TFN_A031234_20230304T021600")
                .join(name),
        );
    }
    fs::write(safe.join("MTD_MSIL2A.xml"), metadata).unwrap();
    safe
}

fn scanned(folder: &Path) -> Inventory {
    scan(&[folder.to_path_buf()], &FakeProbe::default().context())
}

/// What is wrong with the only product in a folder.
fn refused(folder: &Path) -> String {
    let inventory = scanned(folder);
    assert!(inventory.captures.is_empty());
    assert_eq!(inventory.problems.len(), 1, "{:?}", inventory.problems);
    inventory.problems[0].what.clone()
}

#[test]
fn level_2a_gives_bands_masks_and_each_band_its_offset() {
    let folder = tempfile::tempdir().unwrap();
    make_l2a(folder.path(), &l2a_text());
    let inventory = scanned(folder.path());
    assert_eq!((inventory.captures.len(), inventory.problems.len()), (1, 0));
    let scene = inventory.captures[0].first();
    assert_eq!(scene.id, L2A.trim_end_matches(".SAFE"));
    assert_eq!(scene.datetime.to_string(), "2023-03-04T02:16:01.024Z");
    assert_eq!(
        (scene.platform.as_str(), scene.tile.as_str()),
        ("sentinel-2b", "52TFN")
    );
    assert_eq!(scene.relative_orbit, Some(3));
    assert_eq!(scene.version, "L2A 05.09 20230304T051122");
    let offsets: Vec<(BandRole, f64)> = scene.bands.iter().map(|b| (b.role, b.offset)).collect();
    let expected = [
        (BandRole::Blue, -0.1),
        (BandRole::Green, -0.1001),
        (BandRole::Red, -0.1002),
        (BandRole::Nir, -0.1003),
    ];
    assert_eq!(offsets, expected);
    assert!(
        scene
            .bands
            .iter()
            .all(|b| b.scale == 1e-4 && b.nodata == Some(0.0))
    );
    assert!(scene.bands.iter().all(|b| b.path.ends_with("_10m.jp2")));
    assert_eq!(scene.masks.len(), 1);
    assert!(scene.masks[0].path.ends_with("_SCL_20m.jp2"));
    assert_eq!(
        scene.masks[0].rule,
        MaskRule::NotIn(vec![0, 1, 3, 8, 9, 10])
    );
}

#[test]
fn level_1c_before_baseline_4_has_no_offset_and_no_mask() {
    let folder = tempfile::tempdir().unwrap();
    let safe = folder.path().join(L1C);
    for band in ["B01", "B02", "B03", "B04", "B08", "B8A", "TCI"] {
        let name = format!("GRANULE/L1C_T52TFN_A0_2019/IMG_DATA/T52TFN_20190304T021601_{band}.jp2");
        touch(&safe.join(name));
    }
    fs::copy(
        fixture("sentinel2-l1c/MTD_MSIL1C.xml"),
        safe.join("MTD_MSIL1C.xml"),
    )
    .unwrap();
    let inventory = scanned(folder.path());
    assert_eq!(inventory.problems, []);
    let scene = inventory.captures[0].first();
    assert_eq!((scene.bands.len(), scene.masks.len()), (4, 0));
    assert!(scene.bands.iter().all(|b| b.offset == 0.0));
    assert_eq!(scene.version, "L1C 02.07 20190304T041122");
}

#[test]
fn a_zipped_product_is_read_through_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("S2B 한글.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&archive).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    let granule = format!("{L2A}/GRANULE/L2A_T52TFN_A031234_20230304T021600");
    for name in GRANULE {
        zip.start_file(format!("{granule}/{name}"), options)
            .unwrap();
    }
    zip.start_file(format!("{L2A}/MTD_MSIL2A.xml"), options)
        .unwrap();
    zip.write_all(l2a_text().as_bytes()).unwrap();
    zip.finish().unwrap();
    let inventory = scanned(folder.path());
    assert_eq!(inventory.problems, []);
    let scene = inventory.captures[0].first();
    assert_eq!(scene.product, archive);
    let prefix = format!("/vsizip/{}/{granule}", archive.display());
    assert!(scene.bands.iter().all(|b| b.path.starts_with(&prefix)));
}

#[test]
fn the_same_product_as_folder_and_renamed_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    make_l2a(&folder.path().join("a"), &l2a_text());
    let safe = make_l2a(&folder.path().join("b"), &l2a_text());
    fs::rename(safe, folder.path().join("b/spring 'clip'")).unwrap();
    let inventory = scanned(folder.path());
    assert_eq!(inventory.problems, []);
    assert_eq!(inventory.captures.len(), 1);
    assert_eq!(inventory.captures[0].scenes.len(), 1);
    assert_eq!(inventory.notes.len(), 1);
}

#[test]
fn missing_bands_and_metadata_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let safe = make_l2a(folder.path(), &l2a_text());
    let granule = safe.join("GRANULE/L2A_T52TFN_A031234_20230304T021600");
    fs::remove_file(granule.join(GRANULE[1])).unwrap();
    fs::remove_file(granule.join(GRANULE[3])).unwrap();
    assert_eq!(
        refused(folder.path()),
        "bands of 10 m are missing: B03, B08"
    );
    fs::remove_file(safe.join("MTD_MSIL2A.xml")).unwrap();
    assert!(refused(folder.path()).contains("MTD_MSIL2A.xml"));
}

#[test]
fn broken_and_contradicting_metadata_are_refused() {
    let text = l2a_text();
    let without_offsets: Vec<&str> = text
        .lines()
        .filter(|l| !l.contains("BOA_ADD_OFFSET"))
        .collect();
    let without_offsets = without_offsets.join(
        "
",
    );
    let cases = [
        (String::new(), "not XML"),
        (text.replace("</n1:General_Info>", ""), "not XML"),
        (
            without_offsets,
            "baseline 05.09 has an offset, but none is given",
        ),
        (
            text.replace("band_id=\"7\"", "band_id=\"8\""),
            "not for B08",
        ),
        (text.replace(">-1001<", ">x<"), "is not a number of a band"),
        (text.replace(">10000<", ">0<"), "quantification value is 0"),
        (
            text.replace("2023-03-04T02:16:01.024Z", "soon"),
            "PRODUCT_START_TIME is soon",
        ),
        (
            text.replace("SPACECRAFT_NAME", "X"),
            "SPACECRAFT_NAME is missing",
        ),
    ];
    for (metadata, reason) in cases {
        let folder = tempfile::tempdir().unwrap();
        make_l2a(folder.path(), &metadata);
        let what = refused(folder.path());
        assert!(what.contains(reason), "{what} for {reason}");
    }
}

#[test]
fn a_tile_of_an_open_archive_takes_its_offset_from_its_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let bands = [
        "R10m/B02", "R10m/B03", "R10m/B04", "R10m/B08", "R20m/SCL", "R60m/B02",
    ];
    for name in bands {
        touch(&folder.path().join(format!("52/T/FN/2023/3/4/0/{name}.jp2")));
    }
    let entry = folder.path().join("52/T/FN/2023/3/4/0/tileInfo.json");
    fs::copy(fixture("sentinel2-tile/tileInfo.json"), entry).unwrap();
    let inventory = scanned(folder.path());
    assert_eq!(inventory.problems, []);
    let scene = inventory.captures[0].first();
    assert_eq!(scene.id, L2A.trim_end_matches(".SAFE"));
    assert_eq!(
        (scene.platform.as_str(), scene.tile.as_str()),
        ("sentinel-2b", "52TFN")
    );
    assert_eq!((scene.bands.len(), scene.masks.len()), (4, 1));
    assert!(scene.bands.iter().all(|b| b.offset == -0.1));
}

#[test]
fn real_product_metadata_are_understood() {
    let Some(folder) = shared("metadata/sentinel2") else {
        return;
    };
    let mut seen = 0;
    for entry in walkdir::WalkDir::new(folder) {
        let path = entry.unwrap().into_path();
        let name = path.file_name().unwrap().to_string_lossy().to_uppercase();
        if !name.starts_with("MTD_MSI") {
            continue;
        }
        let metadata = SafeMetadata::read(&path).unwrap();
        let late = metadata.baseline.as_str() >= "04.00";
        let offset = if late { -1000.0 } else { 0.0 };
        for band in ["B02", "B03", "B04", "B08"] {
            assert_eq!(metadata.offset_dn(band), Some(offset), "{}", path.display());
        }
        assert_eq!(metadata.quantification, 10_000.0);
        assert!(metadata.product.is_some() && metadata.relative_orbit.is_some());
        seen += 1;
    }
    assert_eq!(seen, 7);
}
