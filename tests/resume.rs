//! Runs that go on from what is there: known captures are not looked at again,
//! killed runs are finished by the next one, and the tables are those of an
//! undisturbed run every time.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod program;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Instant;

use gdal::Dataset;
use gdal::vector::LayerAccess;
use gdal::vector::sql::Dialect;
use program::{Ran, Tables, products, railspan, simulated, succeeds};
use railspan::series::{Claim, Patience};

const CAPTURES: usize = 8;

/// Two series of one track that all tests read and none writes to.
static PLANET: LazyLock<PathBuf> = LazyLock::new(|| shared("planetscope"));
static SENTINEL: LazyLock<PathBuf> = LazyLock::new(|| shared("sentinel-2"));

fn shared(sensor: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("resume-{sensor}"));
    let _ = fs::remove_dir_all(&folder);
    simulated(&folder, sensor, CAPTURES);
    folder
}

fn arguments<'a>(folders: &[&'a Path], store: &'a Path) -> Vec<&'a std::ffi::OsStr> {
    let mut all = vec!["run".as_ref(), "--store".as_ref(), store.as_os_str()];
    all.extend(folders.iter().map(|f| f.as_os_str()));
    all
}

fn run(folders: &[&Path], store: &Path, options: &[&str]) -> Ran {
    let mut all = arguments(folders, store);
    all.extend(options.iter().map(std::ffi::OsStr::new));
    succeeds(all)
}

/// The tables of a run that nothing disturbs.
fn undisturbed(folders: &[&Path]) -> Tables {
    let desk = tempfile::tempdir().unwrap();
    let store = desk.path().join("s.gpkg");
    run(folders, &store, &[]);
    Tables::of(&store)
}

#[test]
fn a_known_folder_is_not_looked_at_again() {
    let desk = tempfile::tempdir().unwrap();
    let store = desk.path().join("s.gpkg");
    let first = run(&[&SENTINEL], &store, &["-v"]);
    assert!(
        first.err.contains("8 captures by sentinel-2"),
        "{}",
        first.err
    );
    let (tables, bytes) = (Tables::of(&store), fs::read(&store).unwrap());
    let memo = store.with_extension("cache").join("known.memo");

    let again = run(&[&SENTINEL], &store, &["-v"]);
    assert!(
        again.err.contains("8 known before and unchanged"),
        "{}",
        again.err
    );
    assert!(!again.err.contains("captures by"), "{}", again.err);
    assert!(fs::read(&store).unwrap() == bytes, "nothing was written");

    // What is remembered may be damaged or deleted at any time.
    fs::write(&memo, "no memory").unwrap();
    let damaged = run(&[&SENTINEL], &store, &[]);
    assert!(
        damaged.err.contains("8 known before and unchanged"),
        "{}",
        damaged.err
    );
    fs::remove_file(&memo).unwrap();
    let deleted = run(&[&SENTINEL], &store, &[]);
    assert!(
        deleted.err.contains("8 known before and unchanged"),
        "{}",
        deleted.err
    );
    assert!(memo.exists());

    let anew = run(&[&SENTINEL], &store, &["--recompute"]);
    assert!(anew.err.contains("8 corridors cut out"), "{}", anew.err);
    assert!(!anew.err.contains("known"), "{}", anew.err);
    assert!(Tables::of(&store) == tables);
}

#[test]
fn a_new_capture_changes_its_series_and_no_other() {
    let desk = tempfile::tempdir().unwrap();
    let store = desk.path().join("s.gpkg");
    let early = desk.path().join("early");
    fs::create_dir(&early).unwrap();
    let all = products(&SENTINEL);
    for product in &all[..CAPTURES - 1] {
        let to = early.join(product.file_name().unwrap());
        fs::create_dir(&to).unwrap();
        for file in products(product) {
            // With its time of modification, by which it is known again.
            let status = Command::new("cp").arg("-p").arg(&file).arg(&to).status();
            assert!(status.unwrap().success());
        }
    }
    run(&[&PLANET, &early], &store, &[]);
    let late = run(&[&PLANET, &SENTINEL], &store, &["-v"]);
    assert!(
        late.err.contains("1 corridor cut out, 15 there"),
        "{}",
        late.err
    );
    assert!(
        late.err.contains("8 captures by sentinel-2"),
        "{}",
        late.err
    );
    assert!(
        !late.err.contains("captures by planetscope"),
        "{}",
        late.err
    );
    assert!(Tables::of(&store) == undisturbed(&[&PLANET, &SENTINEL]));
}

#[test]
fn captures_that_only_the_store_knows_are_told_of_and_kept() {
    let desk = tempfile::tempdir().unwrap();
    let store = desk.path().join("s.gpkg");
    run(&[&PLANET], &store, &[]);
    fs::remove_dir_all(store.with_extension("cache")).unwrap();
    let ran = run(&[&SENTINEL], &store, &[]);
    assert!(
        ran.err
            .contains("8 captures of the store were not compared"),
        "{}",
        ran.err
    );
    assert_eq!(Tables::of(&store).observations().len(), 2 * CAPTURES);
}

#[test]
fn a_second_run_says_who_holds_the_store_or_waits() {
    let desk = tempfile::tempdir().unwrap();
    let store = desk.path().join("s.gpkg");
    let claim = Claim::take(&store, Patience::None).unwrap();
    let refused = railspan(arguments(&[&SENTINEL], &store));
    let holder = format!("is being written by process {} since", std::process::id());
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.err.contains(&holder), "{}", refused.err);

    let mut waiting = Command::new(assert_cmd::cargo::cargo_bin("railspan"))
        .args(arguments(&[&SENTINEL], &store))
        .arg("--wait")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(waiting.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("waiting") {
        assert_ne!(err.read_line(&mut said).unwrap(), 0, "{said}");
    }
    assert!(said.contains(&holder), "{said}");
    assert!(!store.exists(), "it waits");
    drop(claim);
    err.read_to_string(&mut said).unwrap();
    assert!(waiting.wait().unwrap().success(), "{said}");
}

fn is_whole(store: &Path) {
    if !store.exists() {
        return;
    }
    // By `status` first, for it undoes what a killed writer left half done.
    succeeds(["status".as_ref(), "--store".as_ref(), store.as_os_str()]);
    let file = Dataset::open(store).unwrap();
    let mut rows = file
        .execute_sql("PRAGMA integrity_check", None, Dialect::DEFAULT)
        .unwrap()
        .unwrap();
    let verdict = rows.features().next().unwrap().field_as_string(0).unwrap();
    assert_eq!(verdict.as_deref(), Some("ok"));
}

/// Kills as many runs as `RAILSPAN_KILLS` says, of the folders that
/// `RAILSPAN_KILL_FOLDERS` names (separated by colons) with the crossings of
/// `RAILSPAN_KILL_CROSSINGS`; a few of a small series where they say nothing.
#[test]
fn runs_killed_at_any_instant_are_finished_by_the_next() {
    let set = |name: &str| std::env::var(name).ok();
    let kills: u32 = set("RAILSPAN_KILLS").map_or(4, |n| n.parse().unwrap());
    let named = set("RAILSPAN_KILL_FOLDERS");
    let folders: Vec<PathBuf> = match &named {
        Some(names) => names.split(':').map(PathBuf::from).collect(),
        None => vec![PLANET.clone(), SENTINEL.clone()],
    };
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    let crossings = set("RAILSPAN_KILL_CROSSINGS");
    let options: Vec<&str> = match &crossings {
        Some(file) => vec!["--crossings", file],
        None => Vec::new(),
    };
    let desk = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    run(&folders, &desk.path().join("whole.gpkg"), &options);
    let takes = begun.elapsed();
    let whole = Tables::of(&desk.path().join("whole.gpkg"));

    let store = desk.path().join("killed.gpkg");
    let (mut dead, mut tried) = (0, 0);
    while dead < kills && tried < 4 * kills {
        tried += 1;
        // Instants spread over the run without order: multiples of the golden
        // ratio. Two of three runs do everything again, the third goes on.
        let at = takes.mul_f64(f64::from(tried) * 0.618_034 % 1.0);
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("railspan"))
            .args(arguments(&folders, &store))
            .args(&options)
            .args((tried % 3 != 0).then_some("--recompute"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(at);
        child.kill().unwrap();
        dead += u32::from(!child.wait().unwrap().success());
        is_whole(&store);
    }
    let last = run(&folders, &store, &options);
    assert!(Tables::of(&store) == whole, "{}", last.err);
    is_whole(&store);
    eprintln!(
        "{dead} of {tried} runs of {takes:?} were killed; then: {}",
        last.err
    );
}

/// Runs where no file may grow beyond so many kilobytes: to programs, a full disk.
fn cramped(most_kb: u32, folders: &[&Path], store: &Path) -> (Option<i32>, String) {
    let script = format!("trap '' XFSZ; ulimit -f {most_kb}; exec \"$@\"");
    let ran = Command::new("bash")
        .args(["-c", &script, "bash"])
        .arg(assert_cmd::cargo::cargo_bin("railspan"))
        .args(arguments(folders, store))
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    (ran.status.code(), said)
}

#[test]
fn a_disk_that_is_full_leaves_the_store_whole() {
    let desk = tempfile::tempdir().unwrap();
    let store = desk.path().join("s.gpkg");
    // Room for nothing, for the corridors of one sensor, and not for the store.
    for most_kb in [1, 40, 110] {
        let (code, said) = cramped(most_kb, &[&PLANET, &SENTINEL], &store);
        assert!(matches!(code, Some(1 | 3)), "{most_kb} KB: {said}");
        is_whole(&store);
    }
    run(&[&PLANET, &SENTINEL], &store, &[]);
    let whole = undisturbed(&[&PLANET, &SENTINEL]);
    assert!(Tables::of(&store) == whole);
    let (_, said) = cramped(40, &[&PLANET, &SENTINEL], &store);
    assert!(Tables::of(&store) == whole, "{said}");
}
