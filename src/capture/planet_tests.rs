#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::super::testing::{FakeProbe, claimed, decode_folder, fixture, raster, shared};
use super::*;

fn decode_names(folder: &Path, names: &[&str], probe: &FakeProbe) -> Result<Scene, Problem> {
    let finds = claimed(claim, folder, names);
    assert_eq!(finds.len(), 1, "{finds:?}");
    decode(finds.first().unwrap(), &probe.context())
}

fn scales_of(scene: &Scene) -> Vec<f64> {
    scene.bands.iter().map(|b| b.scale).collect()
}

#[test]
fn surface_reflectance_is_read_with_its_masks_and_strip() {
    let names = [
        "20210304_020101_11_10aa_3B_AnalyticMS_SR_clip.tif",
        "20210304_020101_11_10aa_3B_AnalyticMS_clip.tif",
        "20210304_020101_11_10aa_3B_udm2_clip.tif",
        "20210304_020101_11_10aa_metadata.json",
    ];
    let scene = decode_names(&fixture("planet-psscene"), &names, &FakeProbe::default()).unwrap();
    assert_eq!(scene.id, "20210304_020101_11_10aa");
    assert_eq!(scene.datetime.to_string(), "2021-03-04T02:01:01.114455Z");
    assert_eq!(
        (scene.sensor.as_str(), scene.platform.as_str()),
        ("planetscope", "10aa")
    );
    assert_eq!(scene.unit, Unit::Reflectance);
    assert_eq!(scene.pass, "planetscope/10AA/4411/2021-03-04");
    assert_eq!(scene.gsd_m, Some(3.0));
    assert!(scene.product.ends_with(names[0]));
    assert_eq!(scales_of(&scene), [1e-4; 4]);
    let roles: Vec<_> = scene.bands.iter().map(|b| (b.role, b.index)).collect();
    assert_eq!(roles, FOUR_BANDS);
    assert_eq!(scene.bands.first().unwrap().nodata, Some(0.0));
    assert_eq!(scene.masks.len(), 4);
    assert!(
        scene
            .masks
            .iter()
            .all(|m| m.rule.usable(0) && !m.rule.usable(1))
    );
}

#[test]
fn analytic_counts_take_each_band_s_coefficient_and_the_old_mask() {
    let names = [
        "20210304_020101_11_10aa_3B_AnalyticMS_clip.tif",
        "20210304_020101_11_10aa_3B_AnalyticMS_DN_udm_clip.tif",
        "20210304_020101_11_10aa_3B_AnalyticMS_metadata_clip.xml",
        "20210304_020101_11_10aa_metadata.json",
    ];
    let scene = decode_names(&fixture("planet-psscene"), &names, &FakeProbe::default()).unwrap();
    assert_eq!(scales_of(&scene), [1e-5, 2e-5, 3e-5, 4e-5]);
    let mask = scene.masks.first().unwrap();
    assert!(mask.rule.usable(0));
    for bit in 0..8 {
        assert!(!mask.rule.usable(1 << bit));
    }
}

#[test]
fn of_eight_bands_the_usual_four_are_used() {
    let names = ["20210307_020101_11_10aa_3B_AnalyticMS_SR_8b_harmonized_clip.tif"];
    let scene = decode_names(Path::new("/none"), &names, &FakeProbe::default()).unwrap();
    let roles: Vec<_> = scene.bands.iter().map(|b| (b.role, b.index)).collect();
    assert_eq!(roles, EIGHT_BANDS);
    assert_eq!(scene.datetime.to_string(), "2021-03-07T02:01:01Z");
    assert_eq!(scene.platform, "10aa");
    assert!(scene.masks.is_empty());
}

#[test]
fn skysat_takes_its_coefficients_from_the_tag() {
    let name = "20200814_162132_ssc4_u0001_analytic.tif";
    let mut header = raster("UInt16", 4);
    header.tags.insert(
        "TIFFTAG_IMAGEDESCRIPTION".into(),
        r#"{"properties": {"reflectance_coefficients": [1e-4, 2e-4, 3e-4, 4e-4]}}"#.into(),
    );
    let scene = decode_names(Path::new("/none"), &[name], &FakeProbe::of(name, header)).unwrap();
    assert_eq!(
        (scene.sensor.as_str(), scene.platform.as_str()),
        ("skysat", "ssc4")
    );
    assert_eq!(scales_of(&scene), [1e-4, 2e-4, 3e-4, 4e-4]);
    let probe = FakeProbe::of(name, raster("UInt16", 4));
    let plain = decode_names(Path::new("/none"), &[name], &probe).unwrap();
    assert_eq!((plain.unit, plain.gsd_m), (Unit::Counts, None));
}

#[test]
fn hostile_items_are_refused_with_reason_and_remedy() {
    let cases: [(&str, &[&str], &str); 6] = [
        (
            "planet-psscene",
            &["20210304_020101_11_10aa_3B_AnalyticMS_clip.tif"],
            "without its metadata XML",
        ),
        (
            "planet-broken",
            &[
                "20210305_020101_11_10aa_3B_AnalyticMS.tif",
                "20210305_020101_11_10aa_3B_AnalyticMS_metadata.xml",
            ],
            "no reflectanceCoefficient for band 2 of 4",
        ),
        (
            "planet-broken",
            &[
                "20210306_020101_11_10aa_3B_AnalyticMS_SR.tif",
                "20210306_020101_11_10aa_metadata.json",
            ],
            "cannot be understood",
        ),
        (
            "planet-psscene",
            &["20210304_020101_11_10aa_metadata.json"],
            "image is not beside",
        ),
        (
            "planet-psscene",
            &["20210304_020101_11_10aa_1B_AnalyticMS.tif"],
            "sensor geometry",
        ),
        (
            "planet-psscene",
            &["20211304_020101_11_10aa_3B_AnalyticMS_SR.tif"],
            "nor a date",
        ),
    ];
    for (folder, names, reason) in cases {
        let problem = decode_names(&fixture(folder), names, &FakeProbe::default()).unwrap_err();
        assert!(problem.what.contains(reason), "{problem}");
        assert!(!problem.remedy.is_empty());
    }
}

#[test]
fn frames_of_a_strip_are_one_pass_and_copies_one_tile() {
    let decoded =
        |name: &str| decode_names(Path::new("/none"), &[name], &FakeProbe::default()).unwrap();
    let first = decoded("20210307_020101_11_10aa_3B_AnalyticMS_SR.tif");
    let next = decoded("20210307_020103_11_10aa_3B_AnalyticMS_SR.tif");
    let clip = decoded("20210307_020101_11_10aa_3B_AnalyticMS_SR_clip.tif");
    assert_eq!(first.pass, next.pass);
    assert_ne!(first.tile, next.tile);
    assert_eq!((&first.pass, &first.tile), (&clip.pass, &clip.tile));
    assert!(first.version > clip.version);
}

#[test]
fn real_metadata_is_understood() {
    let Some(folder) = shared("metadata/planet") else {
        return;
    };
    let probe = FakeProbe::default();
    let mut passes = Vec::new();
    let mut listing = Listing::default();
    for entry in walkdir::WalkDir::new(&folder).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        let name = file_name(&path).to_owned();
        listing.add(&folder, &path, 1);
        if let Some((id, _)) = name.split_once("_3B_AnalyticMS_metadata_clip.xml") {
            // The image itself is not part of the collection.
            listing.add(
                &folder,
                &path.with_file_name(format!("{id}_3B_AnalyticMS_clip.tif")),
                1,
            );
        }
    }
    for find in claim(&mut listing) {
        if best_image(&find.files).is_none() {
            continue;
        }
        let scene = decode(&find, &probe.context()).unwrap();
        assert!(scales_of(&scene).iter().all(|s| (1e-5..1e-4).contains(s)));
        passes.push(scene.pass);
    }
    assert_eq!(passes.len(), 6);
    passes.dedup();
    assert_eq!(
        passes.len(),
        5,
        "two frames of 104b are one pass: {passes:?}"
    );
}

#[test]
fn simulated_downloads_decode_whole() {
    let Some(folder) = shared("dev/planetscope-dandong") else {
        return;
    };
    let scenes = decode_folder(claim, decode, &folder, &FakeProbe::default());
    assert_eq!(scenes.len(), 36);
    for scene in scenes {
        let scene = scene.unwrap();
        assert_eq!((scene.bands.len(), scene.masks.len()), (4, 4));
    }
}
