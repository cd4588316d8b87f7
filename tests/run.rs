//! From folders of imagery to the tables, through the program, on simulated
//! series of which everything is known.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod program;
mod rasters;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use gdal::Dataset;
use gdal::raster::GdalType;
use ndarray::Array2;
use program::{Row, Tables, listing, products, railspan, rows, run, simulated, succeeds};
use rasters::{ROLES, Sheet, describe, ramp, write};

/// So many that everywhere on the track most captures show it empty.
const CAPTURES: usize = 12;

/// A series that all tests read and none writes to.
static PLANET: LazyLock<PathBuf> = LazyLock::new(|| shared("planetscope"));
static SENTINEL: LazyLock<PathBuf> = LazyLock::new(|| shared("sentinel-2"));

fn shared(sensor: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("run-{sensor}"));
    let _ = fs::remove_dir_all(&folder);
    simulated(&folder, sensor, CAPTURES);
    folder
}

/// A folder for the store of one test.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The tables of an undisturbed run.
    fn tables(&self, name: &str, folders: &[&Path]) -> Tables {
        let store = self.at(name);
        let ran = run(folders, &store);
        assert_eq!(ran.code, 0, "{}", ran.err);
        Tables::of(&store)
    }
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap()
}

/// Planted trains and whether each was found, and the trains that were not planted.
fn compare(series: &Path, tables: &Tables) -> (usize, usize, usize) {
    let truth = rows(&fs::read(series.with_extension("truth.csv")).unwrap());
    let trains = tables.trains();
    let planted: Vec<&Row> = truth
        .iter()
        .filter(|row| !row["start"].is_empty())
        .collect();
    let same = |a: &Row, b: &Row| {
        let off_m = |column: &str| (number(a, column) - number(b, column)).abs();
        a["capture"] == b["capture"] && off_m("start") < 15.0 && off_m("end") < 15.0
    };
    let renamed: Vec<Row> = trains
        .iter()
        .map(|row| {
            let mut row = row.clone();
            row.insert("start".into(), row["start_m"].clone());
            row.insert("end".into(), row["end_m"].clone());
            row
        })
        .collect();
    let found = planted
        .iter()
        .filter(|p| renamed.iter().any(|t| same(p, t)));
    let invented = renamed
        .iter()
        .filter(|t| !planted.iter().any(|p| p["capture"] == t["capture"]));
    (planted.len(), found.count(), invented.count())
}

#[test]
fn planted_trains_are_found_and_every_capture_has_its_row() {
    let desk = Desk::new();
    for series in [&*PLANET, &*SENTINEL] {
        let name = series.file_name().unwrap().to_str().unwrap();
        let tables = desk.tables(&format!("{name}.gpkg"), &[series]);
        let observations = tables.observations();
        assert_eq!(observations.len(), CAPTURES);
        for row in &observations {
            assert_eq!(row["status"], "clear", "{row:?}");
            let own = |train: &&Row| train["capture"] == row["capture"];
            let trains = tables.trains().iter().filter(own).count();
            assert_eq!(row["train_count"], trains.to_string(), "{row:?}");
            // No train is claimed below 40 m, and the track is not endless.
            let limit_m = number(row, "detection_limit_m");
            assert!((40.0..1500.0).contains(&limit_m), "{row:?}");
        }
        let (planted, found, invented) = compare(series, &tables);
        assert!(planted >= 4, "the series shows little");
        // At 10 m, one of them is hardly brighter than the ballast.
        assert!(found + 1 >= planted, "{name}: {found} of {planted} found");
        assert_eq!(invented, 0, "{name}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_tables() {
    let desk = Desk::new();
    let tables = ["1", "4"].map(|jobs| {
        let store = desk.at(&format!("{jobs}.gpkg"));
        let arguments = ["run".as_ref(), PLANET.as_os_str(), SENTINEL.as_os_str()];
        let options = ["--jobs".as_ref(), jobs.as_ref(), "--store".as_ref()];
        succeeds(
            arguments
                .into_iter()
                .chain(options)
                .chain([store.as_os_str()]),
        );
        Tables::of(&store)
    });
    assert_eq!(tables[0].observations().len(), 2 * CAPTURES);
    assert!(tables[0] == tables[1]);
}

#[test]
fn apart_together_and_again_give_the_same_tables() {
    let desk = Desk::new();
    let whole = desk.tables("whole.gpkg", &[&SENTINEL]);
    let store = desk.at("apart.gpkg");
    let place = ["--store".as_ref(), store.as_os_str()];
    succeeds(
        ["extract".as_ref(), SENTINEL.as_os_str()]
            .into_iter()
            .chain(place),
    );
    assert!(!store.exists(), "extract writes no series");
    succeeds(["detect".as_ref()].into_iter().chain(place));
    assert!(Tables::of(&store) == whole);

    let again = run(&[&SENTINEL], &store);
    assert!(
        again.err.contains("0 corridors cut out, 12 there"),
        "{}",
        again.err
    );
    assert!(Tables::of(&store) == whole);

    fs::remove_dir_all(store.with_extension("cache")).unwrap();
    let anew = run(&[&SENTINEL], &store);
    assert!(
        anew.err.contains("12 corridors cut out, 0 there"),
        "{}",
        anew.err
    );
    assert!(Tables::of(&store) == whole);
}

#[test]
fn a_second_folder_adds_to_the_series() {
    let desk = Desk::new();
    let (early, late) = (desk.at("early"), desk.at("late"));
    copied(&SENTINEL, &early);
    fs::create_dir(&late).unwrap();
    for product in &products(&early)[CAPTURES / 2..] {
        fs::rename(product, late.join(product.file_name().unwrap())).unwrap();
    }
    let store = desk.at("s.gpkg");
    for (folder, rows) in [(&early, CAPTURES / 2), (&late, CAPTURES)] {
        assert_eq!(run(&[folder], &store).code, 0);
        assert_eq!(Tables::of(&store).observations().len(), rows);
    }
    assert!(Tables::of(&store) == desk.tables("both.gpkg", &[&early, &late]));
}

#[test]
fn the_series_can_be_summed_up_and_exported() {
    let desk = Desk::new();
    let tables = desk.tables("s.gpkg", &[&SENTINEL]);
    let store = desk.at("s.gpkg");
    let store = store.to_str().unwrap();
    let summary = succeeds(["summary", "--store", store, "--format", "json"]).out;
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let total = &summary["crossings"][0]["total"];
    // A train that stays is a row a capture, but one train.
    let trains = tables.trains();
    let once = trains
        .iter()
        .filter(|row| row["change"] != "stayed")
        .count();
    let left_out = &summary["crossings"][0]["trend"]["uncounted"];
    let all = [&total["trains"], left_out].map(|n| n.as_u64().unwrap());
    assert_eq!(all.iter().sum::<u64>(), once as u64, "{total}");
    let screen = succeeds(["summary", "--store", store]).out;
    assert!(screen.lines().all(|l| l.chars().count() <= 80), "{screen}");
    let web = desk.at("web");
    let out = web.to_str().unwrap();
    succeeds([
        "export", "--store", store, "--out", out, "--format", "geojson",
    ]);
    let lines = fs::read_to_string(web.join("trains.geojson")).unwrap();
    let lines: serde_json::Value = serde_json::from_str(&lines).unwrap();
    assert_eq!(lines["features"].as_array().unwrap().len(), trains.len());
}

/// What is typed, the exit code, and a part of the message.
const CALLS: [(&[&str], i32, &str); 9] = [
    (&["run", "EMPTY"], 1, "no captures found"),
    (&["captures", "EMPTY"], 1, "no imagery"),
    (&["run", "nowhere"], 1, "nowhere: No such file"),
    (
        &["run", "EMPTY", "--crossings", "no.geojson"],
        1,
        "no.geojson: No such file",
    ),
    (&["run", "EMPTY", "--thrads", "2"], 2, "--thrads"),
    (&["run"], 2, "FOLDER"),
    (&["run", "EMPTY", "--jobs", "many"], 2, "many"),
    (&["run", "EMPTY", "--cache-size=-1"], 2, "--cache-size"),
    (
        &["detect", "--store", "EMPTY/none.gpkg"],
        1,
        "railspan extract",
    ),
];

#[test]
fn what_cannot_be_done_ends_with_a_code_and_a_reason() {
    let desk = Desk::new();
    let empty = desk.at("empty");
    fs::create_dir(&empty).unwrap();
    for (call, code, reason) in CALLS {
        let arguments = call
            .iter()
            .map(|a| a.replace("EMPTY", empty.to_str().unwrap()));
        let ran = railspan(arguments);
        assert_eq!(ran.code, code, "{call:?}: {}", ran.err);
        assert!(ran.err.contains(reason), "{call:?}: {}", ran.err);
    }
    assert!(
        products(&empty).is_empty(),
        "nothing is left in the imagery"
    );
}

#[test]
fn an_interrupted_run_keeps_what_is_done_and_the_next_one_finishes_it() {
    let desk = Desk::new();
    let whole = desk.tables("whole.gpkg", &[&PLANET]);
    let store = desk.at("cut.gpkg");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("railspan"))
        .args(["run", "--jobs", "1", "--store"])
        .args([&store, &*PLANET])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let cache = store.with_extension("cache");
    let begun = || {
        let files = fs::read_dir(&cache).into_iter().flatten();
        files
            .flatten()
            .any(|f| f.path().extension().is_some_and(|e| e == "tif"))
    };
    while !begun() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let id = child.id().to_string();
    let _ = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    // A machine so fast that nothing was left to stop is no failure.
    assert!(matches!(ended.status.code(), Some(0 | 1)), "{said}");
    if ended.status.code() == Some(1) {
        assert!(said.contains("interrupted; what is done is kept"), "{said}");
        assert!(begun(), "the corridors were not kept");
    }
    assert_eq!(run(&[&PLANET], &store).code, 0);
    assert!(Tables::of(&store) == whole);
}

/// Copies a folder of folders of files.
fn copied(from: &Path, to: &Path) {
    for product in products(from) {
        let target = to.join(product.file_name().unwrap());
        fs::create_dir_all(&target).unwrap();
        for file in products(&product) {
            fs::copy(&file, target.join(file.file_name().unwrap())).unwrap();
        }
    }
}

#[test]
fn clouded_touching_and_far_captures_are_told_apart() {
    let desk = Desk::new();
    let folder = desk.at("imagery");
    copied(&SENTINEL, &folder);
    let clouded = products(&folder).remove(2);
    let scl = Dataset::open(clouded.join("SCL.tif")).unwrap();
    let (width, height) = scl.raster_size();
    let origin = scl.geo_transform().unwrap();
    drop(scl);
    // Class 9 is cloud of high probability.
    drop(sheet(
        &clouded.join("SCL.tif"),
        origin,
        &[Array2::from_elem((height, width), 9_u8)],
    ));
    // The window reaches 200 m around the track; these 50 m are its corner.
    let corner = [origin[0], 10.0, 0.0, origin[3], 0.0, -10.0];
    let bands: Vec<_> = (0..ROLES.len()).map(|b| ramp(b, 5, 5)).collect();
    describe(&sheet(
        &folder.join("corner_20220301T020000.tif"),
        corner,
        &bands,
    ));
    let far = [origin[0] + 50_000.0, 10.0, 0.0, origin[3], 0.0, -10.0];
    describe(&sheet(&folder.join("far_20220302T020000.tif"), far, &bands));

    let tables = desk.tables("s.gpkg", &[&folder]);
    let id = clouded.file_name().unwrap().to_str().unwrap();
    for (capture, status) in [(id, "obscured"), ("corner", "uncovered")] {
        let row = tables.observation(capture).unwrap();
        assert_eq!(row["status"], status, "{row:?}");
        assert_eq!(row["train_count"], "", "{row:?}");
        assert!(!row["reason"].is_empty(), "{row:?}");
    }
    assert_eq!(tables.observation("far"), None);
    assert_eq!(tables.observations().len(), CAPTURES + 1);
}

fn sheet<T: GdalType + Copy>(path: &Path, origin: [f64; 6], bands: &[Array2<T>]) -> Dataset {
    let sheet = Sheet {
        crs: "EPSG:32652",
        origin,
        nodata: Some(0.0),
    };
    write(path, &sheet, bands)
}

#[test]
fn imagery_that_may_not_be_written_to_is_enough() {
    let desk = Desk::new();
    let folder = desk.at("imagery");
    copied(&SENTINEL, &folder);
    let modes = |folder_mode, file_mode| {
        for path in listing(&folder).into_keys() {
            let mode = if path.is_dir() {
                folder_mode
            } else {
                file_mode
            };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    modes(0o555, 0o444);
    let before = listing(&folder);
    let tables = desk.tables("s.gpkg", &[&folder]);
    assert_eq!(listing(&folder), before);
    modes(0o755, 0o644);
    assert_eq!(tables.observations().len(), CAPTURES);
}
