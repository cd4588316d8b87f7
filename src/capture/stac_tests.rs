//! Tests of the decoder of STAC items.

#![allow(clippy::unwrap_used, clippy::float_cmp)]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::testing::{FakeProbe, fixture, shared};
use super::{BandRole, Inventory, Problem, Scene, Unit, scan};

fn scanned(folder: &Path) -> Inventory {
    scan(&[folder.to_path_buf()], &FakeProbe::default().context())
}

fn item(name: &str) -> Value {
    let text = fs::read_to_string(fixture(&format!("stac/{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Writes an item and empty files for its assets that are relative and stay in
/// the item's folder.
fn write(folder: &Path, item: &Value) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("item.json"), item.to_string()).unwrap();
    for asset in item["assets"].as_object().unwrap().values() {
        let href = asset["href"].as_str().unwrap().trim_start_matches("./");
        if !href.contains("..") && !href.contains(':') && !href.starts_with('/') {
            fs::write(folder.join(href.replace("%20", " ")), "").unwrap();
        }
    }
}

fn decoded(item: &Value) -> Result<Scene, Problem> {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("items"), item);
    let mut inventory = scanned(folder.path());
    // Rasters of a refused item are taken with it.
    assert_eq!(
        inventory.captures.len() + inventory.problems.len(),
        1,
        "{inventory:?}"
    );
    match inventory.captures.pop() {
        Some(capture) => Ok(capture.first().clone()),
        None => Err(inventory.problems.remove(0)),
    }
}

fn offsets(scene: &Scene) -> Vec<f64> {
    scene.bands.iter().map(|b| b.offset).collect()
}

#[test]
fn earth_search_says_that_the_offset_is_in_the_files() {
    let scene = decoded(&item("earth-search-v1")).unwrap();
    assert_eq!(scene.id, "S2B_52TFN_20230304_0_L2A");
    assert_eq!(offsets(&scene), [0.0; 4]);
    assert_eq!(
        (scene.sensor.as_str(), scene.platform.as_str()),
        ("sentinel-2", "sentinel-2b")
    );
    assert_eq!(
        (scene.tile.as_str(), scene.relative_orbit),
        ("52TFN", Some(3))
    );
    assert_eq!(scene.version, "L2A 05.09 20230304T051122");
    assert_eq!(scene.masks[0].name, "SCL");
    assert_eq!(scene.gsd_m, Some(10.0));
}

#[test]
fn without_the_flag_the_stated_offset_holds() {
    let mut item = item("earth-search-v1");
    item["properties"]["earthsearch:boa_offset_applied"] = json!(false);
    assert_eq!(offsets(&decoded(&item).unwrap()), [-0.1; 4]);
}

#[test]
fn the_planetary_computer_leaves_it_to_the_baseline() {
    let mut item = item("planetary-computer");
    let scene = decoded(&item).unwrap();
    assert_eq!(offsets(&scene), [-0.1; 4]);
    assert_eq!(
        (scene.platform.as_str(), scene.tile.as_str()),
        ("sentinel-2b", "52TFN")
    );
    item["properties"]["s2:processing_baseline"] = json!("02.12");
    assert_eq!(offsets(&decoded(&item).unwrap()), [0.0; 4]);
}

#[test]
fn contradicting_offsets_are_refused() {
    let mut old = item("earth-search-v1");
    old["properties"]["s2:processing_baseline"] = json!("02.14");
    assert!(
        decoded(&old)
            .unwrap_err()
            .what
            .contains("baseline 02.14 has none")
    );
    let mut silent = item("planetary-computer");
    silent["properties"]["s2:processing_baseline"] = json!(null);
    assert!(decoded(&silent).unwrap_err().what.contains("neither"));
}

#[test]
fn landsat_takes_stated_factors_and_else_those_of_its_collection() {
    let scene = decoded(&item("landsat")).unwrap();
    assert_eq!(scene.id, "LC09_L2SP_116031_20230114_20230820_02_T1");
    let factors: Vec<(f64, f64)> = scene.bands.iter().map(|b| (b.scale, b.offset)).collect();
    let usual = (0.000_027_5, -0.2);
    assert_eq!(factors, [usual, usual, usual, (0.000_03, -0.25)]);
    assert_eq!(scene.masks[0].name, "QA_PIXEL");
    assert_eq!(scene.pass, "landsat/landsat_9/116/2023-01-14");
    assert_eq!(
        (scene.tile.as_str(), scene.version.as_str()),
        ("31", "20230820")
    );
}

#[test]
fn other_items_need_common_names_and_keep_their_order_of_bands() {
    let item = json!({
        "type": "Feature", "stac_version": "1.1.0", "id": "a", "properties":
            {"datetime": "2023-01-02T03:04:05Z", "platform": "bird-1", "gsd": 0.5},
        "assets": {"image": {"href": "image%20one.tif", "bands": [
            {"name": "1", "eo:common_name": "red"}, {"name": "2", "eo:common_name": "coastal"},
            {"name": "3", "eo:common_name": "blue"}]}}
    });
    let scene = decoded(&item).unwrap();
    let bands: Vec<(BandRole, usize)> = scene.bands.iter().map(|b| (b.role, b.index)).collect();
    assert_eq!(bands, [(BandRole::Blue, 3), (BandRole::Red, 1)]);
    assert_eq!(
        (scene.sensor.as_str(), scene.unit),
        ("bird-1", Unit::Counts)
    );
    assert!(scene.bands[0].path.ends_with("image one.tif"));
}

#[test]
fn radar_must_be_terrain_corrected() {
    let mut item = json!({
        "type": "Feature", "stac_version": "1.0.0", "id": "S1A_IW_GRDH_1SDV_x_rtc",
        "collection": "sentinel-1-rtc", "properties": {"datetime": "2023-01-02T03:04:05Z",
            "platform": "SENTINEL-1A", "sat:relative_orbit": 61},
        "assets": {"vv": {"href": "vv.tif"}, "vh": {"href": "vh.tif"}}
    });
    let scene = decoded(&item).unwrap();
    assert_eq!((scene.unit, scene.bands.len()), (Unit::Power, 2));
    assert_eq!(
        (scene.id.as_str(), scene.relative_orbit),
        ("S1A_IW_GRDH_1SDV_x", Some(61))
    );
    item["collection"] = json!("sentinel-1-grd");
    item["id"] = json!("S1A_IW_GRDH_1SDV_x");
    assert!(
        decoded(&item)
            .unwrap_err()
            .what
            .contains("not terrain-corrected")
    );
}

#[test]
fn assets_elsewhere_are_refused_with_the_reason() {
    let outside = tempfile::tempdir().unwrap();
    let there = outside.path().join("B02.tif");
    fs::write(&there, "").unwrap();
    for (href, reason) in [
        (there.display().to_string(), "lies outside the folder"),
        (
            "https://example.org/B02.tif".to_owned(),
            "is not on this machine",
        ),
        ("../../../../nowhere/B02.tif".to_owned(), "is not there"),
        ("../nowhere/B02.tif".to_owned(), "is not there"),
    ] {
        let mut item = item("planetary-computer");
        item["assets"]["B02"]["href"] = json!(href);
        let what = decoded(&item).unwrap_err().what;
        assert!(what.contains(reason), "{what} for {href}");
    }
}

#[test]
fn absolute_hrefs_inside_the_folder_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let blue = folder.path().join("far/한 'B02'.tif");
    fs::create_dir_all(blue.parent().unwrap()).unwrap();
    fs::write(&blue, "").unwrap();
    let mut item = item("planetary-computer");
    item["assets"]["B02"]["href"] = json!(blue);
    write(&folder.path().join("items"), &item);
    let inventory = scanned(folder.path());
    assert_eq!(inventory.problems, []);
    assert_eq!(
        inventory.captures[0].first().bands[0].path,
        blue.display().to_string()
    );
}

#[test]
fn a_link_inside_the_folder_and_a_folder_written_in_another_way_are_resolved() {
    let folder = tempfile::tempdir().unwrap();
    let items = folder.path().join("items");
    let mut item = item("planetary-computer");
    write(&items, &item);
    fs::rename(items.join("B02.tif"), folder.path().join("blue.tif")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("blue.tif"), items.join("B02.tif")).unwrap();
    item["assets"]["B03"]["href"] = json!(items.join("B03.tif"));
    fs::write(items.join("item.json"), item.to_string()).unwrap();
    let inventory = scanned(&items.join("../items/.."));
    assert_eq!(inventory.problems, []);
    let bands = &inventory.captures[0].first().bands;
    assert!(bands[0].path.ends_with("blue.tif") && bands[1].path.ends_with("B03.tif"));
}

#[test]
fn an_item_without_a_time_or_an_id_is_refused() {
    for (field, reason) in [("datetime", "not a time"), ("id", "no id")] {
        let mut item = item("planetary-computer");
        match field {
            "id" => item["id"] = json!(""),
            _ => item["properties"][field] = json!("last week"),
        }
        assert!(decoded(&item).unwrap_err().what.contains(reason));
    }
}

#[test]
fn catalogues_collections_and_other_json_are_no_concern() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        (
            "catalog.json",
            r#"{"type":"Catalog","stac_version":"1.0.0","id":"c","links":[]}"#,
        ),
        (
            "collection.json",
            r#"{"type":"Collection","stac_version":"1.0.0","id":"c"}"#,
        ),
        ("settings.json", r#"{"a": [1, 2]}"#),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let inventory = scanned(folder.path());
    assert_eq!((inventory.captures.len(), inventory.problems.len()), (0, 0));
}

#[test]
fn real_items_are_understood_but_for_their_remote_assets() {
    let Some(folder) = shared("metadata/stac_items") else {
        return;
    };
    for problem in scanned(&folder).problems {
        assert!(problem.what.contains("is not on this machine"), "{problem}");
    }
    let copy = tempfile::tempdir().unwrap();
    let mut items = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mut item: Value = serde_json::from_str(&text).unwrap();
        if item["type"] != "Feature" {
            continue;
        }
        for (key, asset) in item["assets"].as_object_mut().unwrap() {
            asset["href"] = json!(format!("{}.tif", key.replace('.', "_")));
        }
        write(&copy.path().join(path.file_stem().unwrap()), &item);
        items += 1;
    }
    let inventory = scanned(copy.path());
    assert_eq!(inventory.problems, []);
    let scenes: Vec<&Scene> = inventory.captures.iter().flat_map(|c| &c.scenes).collect();
    // Two items of the Planetary Computer are one, with and without the raster extension.
    assert_eq!(scenes.len(), items - 1);
    for scene in scenes {
        assert_eq!(
            (scene.unit, scene.masks.len()),
            (Unit::Reflectance, 1),
            "{}",
            scene.id
        );
        assert_eq!(scene.bands.len(), 4, "{}", scene.id);
        if scene.sensor == "sentinel-2" {
            assert!(scene.bands.iter().all(|b| b.offset == 0.0));
        }
    }
}
