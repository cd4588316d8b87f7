//! The stage *extract* on small folders made on the spot: planning, reuse,
//! hostile files, stopping.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod rasters;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ndarray::Array2;
use railspan::capture::Capture;
use railspan::error::Error;
use railspan::pipeline::{
    Cache, Extraction, Job, Kept, Memo, Outcome, Plan, Quiet, Watch, extract, fingerprint, plan,
    workers,
};
use railspan::source::read_corridor_file;
use rasters::{bands_of, capture, crossing, plain, ramp, scene, target, utm, write};

/// A scene of 4 km about the track.
fn good(folder: &Path, name: &str) -> Capture {
    let path = folder.join(format!("{name}.tif"));
    write(&path, &utm(498_000.0, 2_000.0, 10.0), &[ramp(0, 400, 400)]);
    capture(vec![plain(&path, 1)])
}

fn planned(captures: &[Capture]) -> Plan {
    plan(
        captures,
        &[crossing(600.0)],
        &workers(2).unwrap(),
        &Memo::default(),
    )
}

fn run(captures: &[Capture], jobs: &[Job], cache: &Cache, threads: usize) -> Vec<Outcome<Kept>> {
    let extraction = Extraction {
        cache,
        memo: &Memo::default(),
        anew: false,
        workers: &workers(threads).unwrap(),
        watch: &Quiet,
        stop: &AtomicBool::new(false),
    };
    extract(captures, jobs, &extraction).unwrap()
}

fn reused(outcome: &Outcome<Kept>) -> Option<bool> {
    match outcome {
        Outcome::Done(kept) => Some(kept.reused),
        Outcome::Skipped(_) | Outcome::Failed(_) => None,
    }
}

/// Name and content of every corridor in a cache.
fn contents(cache: &Cache) -> BTreeMap<PathBuf, Vec<u8>> {
    fs::read_dir(cache.folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "tif"))
        .map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn captures_elsewhere_leave_no_trace_and_those_on_the_margin_do() {
    let folder = tempfile::tempdir().unwrap();
    let far = folder.path().join("far.tif");
    let margin = folder.path().join("margin.tif");
    let half = folder.path().join("half.tif");
    write(&far, &utm(300_000.0, 9_000_000.0, 10.0), &[ramp(0, 20, 20)]);
    write(&margin, &utm(499_700.0, 400.0, 10.0), &[ramp(0, 20, 60)]);
    write(&half, &utm(500_000.0, 400.0, 10.0), &[ramp(0, 80, 60)]);
    let captures = [&far, &margin, &half].map(|path| capture(vec![plain(path, 1)]));
    let plan = planned(&captures);
    assert!(plan.failures.is_empty());
    let seen: Vec<(usize, f64)> = plan
        .coverage
        .iter()
        .map(|c| (c.capture, c.covered))
        .collect();
    assert_eq!(seen, [(1, 0.0), (2, 0.5)]);
    assert_eq!(plan.jobs.len(), 2);
}

#[test]
fn long_tracks_are_cut_into_tiles() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.tif");
    // 12 km of a 10 km track, and all of it.
    write(&path, &utm(494_000.0, 600.0, 10.0), &[ramp(0, 120, 1_200)]);
    let captures = [capture(vec![plain(&path, 1)])];
    let crossings = [crossing(10_000.0)];
    let plan = plan(
        &captures,
        &crossings,
        &workers(1).unwrap(),
        &Memo::default(),
    );
    let stretches: Vec<(f64, f64)> = plan
        .jobs
        .iter()
        .map(|job| (job.target.start_m.round(), job.target.end_m.round()))
        .collect();
    assert_eq!(
        stretches,
        [(0.0, 3333.0), (3333.0, 6667.0), (6667.0, 10_000.0)]
    );
    assert_eq!(plan.coverage.len(), 1);
    assert!((plan.coverage[0].covered - 1.0).abs() < 1e-9);
    let cache = Cache::at(folder.path().join("cache"), u64::MAX);
    for (job, outcome) in plan.jobs.iter().zip(run(&captures, &plan.jobs, &cache, 2)) {
        let Outcome::Done(kept) = outcome else {
            panic!("{outcome:?}")
        };
        let corridor = read_corridor_file(&kept.path).unwrap();
        // 3,333 m and the margins, whatever the size of the scene.
        assert!((433..=435).contains(&corridor.grid.width));
        assert!((corridor.origin.start_m - job.target.start_m).abs() < 1e-9);
    }
}

#[test]
fn a_second_run_finds_its_corridors_done() {
    let folder = tempfile::tempdir().unwrap();
    let captures = ["a", "b", "c"].map(|name| good(folder.path(), name));
    let cache = Cache::at(folder.path().join("cache"), u64::MAX);
    let jobs = planned(&captures).jobs;
    let first = run(&captures, &jobs, &cache, 2);
    assert!(first.iter().all(|outcome| reused(outcome) == Some(false)));
    let second = run(&captures, &jobs, &cache, 2);
    assert!(second.iter().all(|outcome| reused(outcome) == Some(true)));
    // A damaged corridor is noticed and extracted again.
    let before = contents(&cache);
    let damaged = cache.corridor(&jobs[1].fingerprint);
    let bytes = fs::read(&damaged).unwrap();
    fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    let third: Vec<_> = run(&captures, &jobs, &cache, 2)
        .iter()
        .map(reused)
        .collect();
    assert_eq!(third, [Some(true), Some(false), Some(true)]);
    assert_eq!(contents(&cache), before);
}

#[test]
fn corridors_are_the_same_byte_for_byte_at_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let captures = ["a", "b", "c", "d"].map(|name| good(folder.path(), name));
    let jobs = planned(&captures).jobs;
    let with = |threads: usize| {
        let cache = Cache::at(folder.path().join(format!("cache{threads}")), u64::MAX);
        run(&captures, &jobs, &cache, threads);
        contents(&cache)
    };
    let alone = with(1);
    assert_eq!(alone.len(), 4);
    assert_eq!(alone, with(3));
}

#[test]
fn one_bad_file_never_ends_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut captures = vec![
        good(folder.path(), "good one"),
        good(folder.path(), "두만강 'bridge\""),
    ];
    let sheet = utm(498_000.0, 2_000.0, 10.0);

    write(&at("whole.tif"), &sheet, &[ramp(0, 400, 400)]);
    let bytes = fs::read(at("whole.tif")).unwrap();
    fs::write(at("truncated.tif"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(
        at("broken.jp2"),
        b"\x00\x00\x00\x0cjP  \r\n\x87\n and then nothing",
    )
    .unwrap();
    fs::create_dir(at("folder.tif")).unwrap();
    fs::write(at("empty.tif"), b"").unwrap();
    let nowhere = rasters::Sheet {
        crs: "",
        ..utm(0.0, 0.0, 10.0)
    };
    write(&at("nowhere.tif"), &nowhere, &[ramp(0, 4, 4)]);
    let site = rasters::Sheet {
        crs: r#"LOCAL_CS["Site",UNIT["metre",1]]"#,
        ..utm(0.0, 0.0, 10.0)
    };
    write(&at("site.tif"), &site, &[ramp(0, 4, 4)]);
    let bad = [
        "truncated.tif",
        "broken.jp2",
        "folder.tif",
        "empty.tif",
        "nowhere.tif",
        "site.tif",
        "missing.tif",
    ];
    for name in bad {
        captures.push(capture(vec![plain(&at(name), 1)]));
    }
    // Fewer bands than the metadata promise.
    captures.push(capture(vec![scene(
        &at("whole.tif"),
        bands_of(&at("whole.tif"), 2),
        Vec::new(),
    )]));

    let plan = planned(&captures);
    let cache = Cache::at(at("cache"), u64::MAX);
    let outcomes = run(&captures, &plan.jobs, &cache, 2);
    let mut wrong: BTreeMap<usize, String> = plan
        .failures
        .iter()
        .map(|failure| (failure.capture, failure.error.to_string()))
        .collect();
    for (job, outcome) in plan.jobs.iter().zip(&outcomes) {
        if let Outcome::Failed(error) = outcome {
            wrong.insert(job.capture, error.to_string());
        }
    }
    assert_eq!(
        wrong.keys().copied().collect::<Vec<_>>(),
        (2..captures.len()).collect::<Vec<_>>()
    );
    for (i, name) in bad.iter().enumerate() {
        assert!(wrong[&(i + 2)].contains(name), "{}", wrong[&(i + 2)]);
    }
    assert!(wrong[&(captures.len() - 1)].contains("has 1 bands, but band 2"));
    assert_eq!(
        outcomes.iter().filter(|o| reused(o) == Some(false)).count(),
        2
    );
    let beside: Vec<_> = walkdir::WalkDir::new(folder.path())
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().to_string_lossy().ends_with(".aux.xml"))
        .collect();
    assert!(beside.is_empty(), "{beside:?}");
}

#[test]
fn empty_scenes_are_corridors_without_data() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(
        &at("nothing.tif"),
        &utm(499_000.0, 600.0, 10.0),
        &[Array2::from_elem((120, 200), 0_u16)],
    );
    write(
        &at("nan.tif"),
        &utm(499_000.0, 600.0, 10.0),
        &[Array2::from_elem((120, 200), f32::NAN)],
    );
    write(
        &at("pixel.tif"),
        &utm(500_000.0, 5.0, 10.0),
        &[ramp(0, 1, 1)],
    );
    let captures = ["nothing.tif", "nan.tif", "pixel.tif"].map(|n| capture(vec![plain(&at(n), 1)]));
    let plan = planned(&captures);
    let cache = Cache::at(at("cache"), u64::MAX);
    let covered: Vec<usize> = run(&captures, &plan.jobs, &cache, 1)
        .iter()
        .map(|outcome| {
            let Outcome::Done(kept) = outcome else {
                panic!("{outcome:?}")
            };
            let corridor = read_corridor_file(&kept.path).unwrap();
            corridor.covered.iter().filter(|&&c| c).count()
        })
        .collect();
    assert_eq!(covered, [0, 0, 1]);
}

#[test]
fn a_fingerprint_knows_its_inputs_and_not_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = good(folder.path(), "a");
    let of = |capture: &Capture| fingerprint(capture, &target()).unwrap();
    let print = of(&first);
    assert_eq!(print.len(), 64);
    assert_eq!(of(&first), print);

    // The same file in another folder, with its time kept.
    let elsewhere = folder.path().join("moved");
    fs::create_dir(&elsewhere).unwrap();
    let (from, to) = (folder.path().join("a.tif"), elsewhere.join("a.tif"));
    fs::copy(&from, &to).unwrap();
    let modified = fs::metadata(&from).unwrap().modified().unwrap();
    let file = fs::File::options().append(true).open(&to).unwrap();
    file.set_modified(modified).unwrap();
    assert_eq!(of(&capture(vec![plain(&to, 1)])), print);

    // Another time, calibration, mask or stretch is another corridor.
    file.set_modified(modified + std::time::Duration::from_secs(1))
        .unwrap();
    assert_ne!(of(&capture(vec![plain(&to, 1)])), print);
    let mut calibrated = first.clone();
    calibrated.scenes[0].bands[0].offset = -0.1;
    assert_ne!(of(&calibrated), print);
    let mut stretch = target();
    stretch.end_m = 500.0;
    assert_ne!(fingerprint(&first, &stretch).unwrap(), print);
    let gone = capture(vec![plain(&elsewhere.join("gone.tif"), 1)]);
    assert!(fingerprint(&gone, &target()).is_err());
}

/// Asks to stop after the first corridor.
struct Impatient {
    stop: AtomicBool,
    seen: AtomicUsize,
}

impl Watch for Impatient {
    fn advanced(&self) {
        self.seen.fetch_add(1, Ordering::Relaxed);
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[test]
fn stopping_keeps_what_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let captures = ["a", "b", "c", "d"].map(|name| good(folder.path(), name));
    let jobs = planned(&captures).jobs;
    let cache = Cache::at(folder.path().join("cache"), u64::MAX);
    let watch = Impatient {
        stop: AtomicBool::new(false),
        seen: AtomicUsize::new(0),
    };
    let extraction = Extraction {
        cache: &cache,
        memo: &Memo::default(),
        anew: false,
        workers: &workers(1).unwrap(),
        watch: &watch,
        stop: &watch.stop,
    };
    assert!(matches!(
        extract(&captures, &jobs, &extraction),
        Err(Error::Interrupted)
    ));
    assert_eq!(watch.seen.load(Ordering::Relaxed), 1);
    assert_eq!(contents(&cache).len(), 1);
    let after: Vec<_> = run(&captures, &jobs, &cache, 1)
        .iter()
        .map(reused)
        .collect();
    assert_eq!(after.iter().filter(|r| **r == Some(true)).count(), 1);
}

#[test]
fn the_cache_is_bounded_but_this_run_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let captures = ["a", "b"].map(|name| good(folder.path(), name));
    let jobs = planned(&captures).jobs;
    let cache = Cache::at(folder.path().join("cache"), 0);
    run(&captures, &jobs[..1], &cache, 1);
    assert_eq!(contents(&cache).len(), 1);
    run(&captures, &jobs[1..], &cache, 1);
    let left: Vec<PathBuf> = contents(&cache).into_keys().collect();
    assert_eq!(
        left,
        [PathBuf::from(format!("{}.tif", jobs[1].fingerprint))]
    );
}
