//! Tests of the walk: what it lists, what it leaves out, what it complains of.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::testing::{FakeProbe, raster, shared};
use super::{Inventory, ReadEach, Vendor, find, scan};

fn names(folder: &Path) -> Vec<String> {
    let (finds, problems) = find(&[folder.to_path_buf()], &ReadEach);
    assert_eq!(problems, []);
    finds.iter().map(|f| relative(folder, &f.product)).collect()
}

fn relative(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder)
        .unwrap_or(path)
        .display()
        .to_string()
}

/// What is wrong with each file.
fn problems(folder: &Path) -> Vec<(String, String)> {
    let inventory = scan(&[folder.to_path_buf()], &FakeProbe::default().context());
    inventory
        .problems
        .iter()
        .map(|p| (relative(folder, &p.path), p.what.clone()))
        .collect()
}

fn touch(path: PathBuf) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "").unwrap();
}

#[test]
fn rasters_are_found_in_order_whatever_their_names() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b/한글 이름.tif", "a/x 'y' \"z\".TIFF", "b/a.jp2", "c.tif"] {
        touch(folder.path().join(name));
    }
    let expected = ["a/x 'y' \"z\".TIFF", "b/a.jp2", "b/한글 이름.tif", "c.tif"];
    let mut found = names(folder.path());
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(names(folder.path()), names(folder.path()));
}

#[test]
fn what_is_no_imagery_is_passed_over_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        ".hidden.tif",
        ".trash/a.tif",
        "__MACOSX/a.tif",
        "railspan.cache/CACHEDIR.TAG",
        "railspan.cache/0123.tif",
        "railspan.gpkg",
        "a.tif.aux.xml",
        "a.tif.ovr",
        "S2B_preview.tif",
        "scene_thumbnail.jp2",
        "notes.txt",
        "tracks.geojson",
    ] {
        touch(folder.path().join(name));
    }
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn links_are_not_followed_and_those_that_lose_something_are_told() {
    let outside = tempfile::tempdir().unwrap();
    touch(outside.path().join("secret.tif"));
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    touch(at("a/b/c.tif"));
    symlink(folder.path(), at("a/loop")).unwrap();
    symlink(outside.path(), at("out")).unwrap();
    symlink(at("nowhere"), at("broken.tif")).unwrap();
    symlink(at("a/b"), at("inside")).unwrap();
    let (finds, problems) = find(&[folder.path().to_path_buf()], &ReadEach);
    assert_eq!(finds.len(), 1);
    let told: Vec<(String, &str)> = problems
        .iter()
        .map(|p| (relative(folder.path(), &p.path), p.what.as_str()))
        .collect();
    let expected = [
        ("a/loop", "a link to a folder that it lies in, not followed"),
        ("broken.tif", "a link that leads nowhere"),
        ("out", "a link out of the folder, not followed"),
    ];
    assert_eq!(told, expected.map(|(path, what)| (path.to_owned(), what)));
}

#[test]
fn each_bad_file_is_listed_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    touch(at("empty.json"));
    touch(at("empty.zip"));
    fs::create_dir(at("folder.tif")).unwrap();
    fs::write(at("cut.json"), "{\"type\": \"Feat").unwrap();
    fs::write(at("bytes.json"), [0xff, 0xfe, 0x00]).unwrap();
    fs::write(at("not a raster.tif"), "hello").unwrap();
    let listed = problems(folder.path());
    let what = |name: &str| {
        let found = listed.iter().find(|(path, _)| path == name);
        found.map(|(_, what)| what.clone()).unwrap_or_default()
    };
    assert_eq!(listed.len(), 6, "{listed:?}");
    assert_eq!(what("empty.json"), "the file is empty");
    assert!(what("empty.zip").contains("not a whole zip archive"));
    assert!(what("folder.tif").contains("a folder"));
    assert!(what("cut.json").contains("not JSON"));
    assert_eq!(what("bytes.json"), "not UTF-8 text");
    assert!(!what("not a raster.tif").is_empty());
}

#[test]
fn a_folder_given_twice_or_inside_another_is_walked_once() {
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path().join("a/b.tif"));
    let all = folder.path().to_path_buf();
    let (finds, _) = find(
        &[all.join("a"), all.clone(), all.join("a/../a"), all],
        &ReadEach,
    );
    assert_eq!(finds.len(), 1);
}

#[test]
fn a_folder_that_is_not_there_is_a_problem() {
    let (finds, problems) = find(&["/no/such/folder".into()], &ReadEach);
    assert_eq!((finds.len(), problems.len()), (0, 1));
    assert!(problems[0].what.starts_with("cannot be read"));
}

#[test]
fn a_single_file_can_be_given() {
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path().join("a.tif"));
    touch(folder.path().join("b.tif"));
    let (finds, _) = find(&[folder.path().join("a.tif")], &ReadEach);
    assert_eq!(finds.len(), 1);
    assert_eq!(finds[0].vendor, Vendor::Generic);
}

#[test]
fn ten_thousand_files_are_found_without_opening_them() {
    let folder = tempfile::tempdir().unwrap();
    for day in 0..100 {
        let parent = folder.path().join(format!("day{day:03}"));
        fs::create_dir(&parent).unwrap();
        for i in 0..100 {
            fs::write(parent.join(format!("scene{i:03}.tif")), "").unwrap();
        }
    }
    let (finds, problems) = find(&[folder.path().to_path_buf()], &ReadEach);
    assert_eq!((finds.len(), problems.len()), (10_000, 0));
}

/// Captures of a series beside the checkout against its truth file.
fn check_series(name: &str) {
    let (Some(folder), Some(truth)) = (
        shared(&format!("dev/{name}")),
        shared(&format!("dev/{name}.truth.csv")),
    ) else {
        return;
    };
    let mut probe = FakeProbe::default();
    for entry in walkdir::WalkDir::new(&folder) {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        probe.headers.insert(name, raster("UInt16", 4));
    }
    let inventory: Inventory = scan(&[folder], &probe.context());
    assert_eq!(inventory.problems, [], "{name}");
    let found: Vec<(String, String)> = inventory
        .captures
        .iter()
        .map(|c| {
            let seconds = c.datetime.strftime("%Y-%m-%dT%H:%M:%SZ");
            (c.id.clone(), seconds.to_string())
        })
        .collect();
    let mut expected: Vec<(String, String)> = csv::Reader::from_path(truth)
        .unwrap()
        .records()
        .map(|record| record.unwrap())
        .map(|record| (record[0].to_owned(), record[1].to_owned()))
        .collect();
    expected.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    expected.dedup();
    assert_eq!(found, expected, "{name}");
}

#[test]
fn captures_of_the_simulated_series_have_the_ids_and_times_of_their_truth() {
    for name in [
        "sentinel2-safe-tumen",
        "sentinel2-stac-tumen",
        "hard-sentinel2-dandong",
        "planetscope-dandong",
        "hard-planetscope-manpo",
    ] {
        check_series(name);
    }
}
