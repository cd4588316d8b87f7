//! The store, its export and its summary, through the program.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use railspan::capture::Modality;
use railspan::geo::LonLat;
use railspan::series::{
    Censored, Change, Observation, ObservationKey, Polarity, RunStamp, Status, Store, Train,
};

/// Three captures of one track: a train of 300 m, none, and a cloud.
fn store_in(folder: &Path) -> PathBuf {
    let path = folder.join("made up.gpkg");
    let mut store = Store::open_or_create(&path).unwrap();
    store
        .write(&[
            capture("a", 1, Some(1)),
            capture("b", 9, Some(0)),
            capture("c", 17, None),
        ])
        .unwrap();
    path
}

fn capture(id: &str, day: i8, train_count: Option<u32>) -> (Observation, Vec<Train>) {
    let key = ObservationKey {
        crossing: "bridge".into(),
        track: "main".into(),
        capture: id.into(),
    };
    let acquired = format!("2024-05-{day:02}T02:00:00Z").parse().unwrap();
    let trains: Vec<Train> = (1..=train_count.unwrap_or(0))
        .map(|train| train_of_300_m(&key, acquired, train))
        .collect();
    let seen = train_count.is_some();
    let observation = Observation {
        key,
        scenes: 1,
        acquired,
        sensor: "planetscope".into(),
        platform: String::new(),
        modality: Modality::Optical,
        gsd_m: Some(3.0),
        status: if seen {
            Status::Clear
        } else {
            Status::Obscured
        },
        reason: if seen { "" } else { "cloud" }.into(),
        covered_fraction: Some(1.0),
        clear_fraction: Some(if seen { 1.0 } else { 0.0 }),
        shift: None,
        train_count,
        occupied_m: train_count.map(|n| 300.0 * f64::from(n)),
        longest_train_m: trains.first().map(|t| t.length_m),
        detection_limit_m: seen.then_some(60.0),
        run: RunStamp::default(),
    };
    (observation, trains)
}

fn train_of_300_m(key: &ObservationKey, acquired: jiff::Timestamp, train: u32) -> Train {
    let at = |lon_deg| LonLat {
        lon_deg,
        lat_deg: 40.0,
    };
    Train {
        key: key.clone(),
        acquired,
        train,
        start_m: 100.0,
        end_m: 400.0,
        length_m: 300.0,
        length_sigma_m: 5.0,
        censored: Censored::None,
        snr: 9.0,
        p_value: Some(1e-6),
        polarity: Polarity::Dark,
        change: Change::Appeared,
        first_seen: acquired,
        speed: None,
        cars: None,
        geometry: vec![at(124.0), at(124.003)],
    }
}

fn railspan(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("railspan").unwrap();
    command.args(arguments);
    command
}

fn printed(arguments: &[&str]) -> String {
    let done = railspan(arguments).assert().success();
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

fn refused(arguments: &[&str]) -> String {
    let done = railspan(arguments).assert().code(1);
    String::from_utf8(done.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_summary_has_the_same_figures_in_all_its_forms() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(folder.path());
    let store = store.to_str().unwrap();
    let table = printed(&["summary", "--store", store]);
    let headline = "Trains of at least 60 m on 1 of 2 usable captures since 2024-05-01,\n\
                    50 % [1, 99]; median length 300 m.";
    assert!(table.contains(headline), "{table}");
    assert!(!table.contains("a person"), "nothing was decided: {table}");
    let refusal = "length, trend    too little to tell: 1 of 10 trains";
    assert!(table.contains(refusal), "{table}");
    assert!(
        !table.contains('\u{1b}'),
        "no colour where there is no terminal"
    );
    let json = printed(&["summary", "--store", store, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["crossings"][0]["total"]["with_train"], 1);
    let csv = printed(&[
        "summary", "--store", store, "--format", "csv", "--by", "year",
    ]);
    let all = "bridge,,all,2024-05-01,2024-05-18,60,2,0,0,1,0,0,0,2,1,0.5,0.0126,0.9874,1,0,300,\
               false,,,300,false,60,2,1,0.5,0.0127,2.7858,";
    let last = csv.lines().last().unwrap();
    assert!(last.starts_with(all), "{last}");
    assert!(last.contains("1 of 10 trains"), "{last}");
    let longer = printed(&["summary", "--store", store, "--min-length", "301"]);
    assert!(
        longer.contains("trains of at least 301 m, as asked for"),
        "{longer}"
    );
    for (decisions, said) in [
        ("accepted", "Only detections that a person accepted."),
        ("not-rejected", "Without detections that a person rejected."),
    ] {
        let table = printed(&["summary", "--store", store, "--decisions", decisions]);
        assert!(table.replace('\n', " ").contains(said), "{table}");
    }
}

#[test]
fn folders_are_made_where_they_are_missing_and_files_are_no_folders() {
    let desk = tempfile::tempdir().unwrap();
    let at = |name: &str| desk.path().join(name).to_str().unwrap().to_owned();
    let store = store_in(&desk.path().join("new/deep"));
    let lines = at("new2/lines.geojson");
    printed(&["crossings", "export", "dandong", "--out", &lines]);
    for command in ["export", "review"] {
        let store = store.to_str().unwrap();
        let said = refused(&[command, "--store", store, "--out", &lines]);
        assert!(said.contains("is a file, not a folder"), "{said}");
    }
}

#[test]
fn numbers_out_of_range_are_refused_with_what_is_right() {
    for (arguments, said) in [
        (["summary", "--min-length", "0"], "above 0 m"),
        (["summary", "--min-length", "-5"], "above 0 m"),
        (["report", "--min-length", "-5"], "above 0 m"),
        (["compare", "--days", "-1"], "whole days, 0 or more"),
    ] {
        let done = railspan(&arguments).assert().code(2);
        let error = String::from_utf8(done.get_output().stderr.clone()).unwrap();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_cannot_be_shown_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(folder.path());
    let store = store.to_str().unwrap();
    let unknown = refused(&["summary", "--store", store, "--crossing", "other"]);
    assert!(unknown.contains("which holds bridge"), "{unknown}");
    let nowhere = folder.path().join("no.gpkg");
    let missing = refused(&["summary", "--store", nowhere.to_str().unwrap()]);
    assert!(missing.contains("there is no such store"), "{missing}");
    assert!(!nowhere.exists());
    let empty = folder.path().join("empty.gpkg");
    drop(Store::open_or_create(&empty).unwrap());
    let nothing = refused(&["summary", "--store", empty.to_str().unwrap()]);
    assert!(nothing.contains("no observations yet"), "{nothing}");
}

#[test]
fn decisions_that_wait_for_being_merged_are_not_written_over() {
    let desk = tempfile::tempdir().unwrap();
    let store = store_in(desk.path());
    let store = store.to_str().unwrap();
    let out = desk.path().join("review");
    let export = ["review", "--store", store, "--out", out.to_str().unwrap()];
    printed(&export);
    printed(&export);
    let table = out.join("review.csv");
    let empty = std::fs::read_to_string(&table).unwrap();
    let mut lines = empty.lines();
    let (head, row) = (lines.next().unwrap(), lines.next().unwrap());
    assert!(
        head.ends_with("decision,note") && row.ends_with(",,"),
        "{empty}"
    );
    let filled = format!("{head}\n{}reject,a lorry\n", row.strip_suffix(',').unwrap());
    std::fs::write(&table, &filled).unwrap();
    let said = refused(&export);
    assert!(said.contains("not yet in the store: 1 decision"), "{said}");
    assert_eq!(std::fs::read_to_string(&table).unwrap(), filled);

    printed(&[
        "review",
        "--store",
        store,
        "--merge",
        table.to_str().unwrap(),
    ]);
    printed(&export);
    let held = std::fs::read_to_string(&table).unwrap();
    assert!(held.contains("reject,a lorry"), "{held}");

    let elsewhere = filled.replace("bridge,main,a", "bridge,main,z");
    std::fs::write(&table, elsewhere).unwrap();
    let merge = ["review", "--store", store, "--merge"];
    let merged = railspan(&merge).arg(&table).assert().success();
    let said = String::from_utf8(merged.get_output().stderr.clone()).unwrap();
    let stranger = "line 2 (bridge/main, z, 100 to 400 m): no detection of the store is there";
    assert!(said.contains(stranger), "{said}");
}

#[test]
fn published_counts_are_held_against_the_series() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(folder.path());
    let store = store.to_str().unwrap();
    let counts = folder.path().join("counts.csv");
    let text = "date,site,quantity,value,unit\n\
                2024-05-01,the bridge,train_length,310,m\n\
                2024-05-09,the bridge,trains_visible,1,trains\n\
                2024-05-17,the bridge,trains_visible,1,trains\n\
                2024-05-01,\u{1b}[31mhere,train_length,310,m\n\
                spring,the bridge,train_length,310,m\n\
                2024-05-01,the bridge,train_length,310,feet\n";
    std::fs::write(&counts, text).unwrap();
    let counts = counts.to_str().unwrap();
    let table = printed(&["compare", "--store", store, "--counts", counts]);
    assert!(table.contains("length: 1 of 1 agree"), "{table}");
    assert!(
        table.contains("1 not observed, 1 of an unknown place"),
        "{table}"
    );
    assert!(!table.contains('\u{1b}'), "{table}");
    let listed = table.replace('\n', " ");
    for told in [
        "--place SITE=CROSSING: \u{fffd}[31mhere (line 5).",
        "with a / between; not read: spring (line 6).",
        "not among them: train_length in feet (line 7).",
    ] {
        assert!(listed.contains(told), "{told}: {table}");
    }
    let unknown = refused(&[
        "compare", "--store", store, "--counts", counts, "--place", "X=nope",
    ]);
    assert!(
        unknown.contains("--place: nope is not a crossing, such as bridge"),
        "{unknown}"
    );
    let place = "\u{1b}[31mhere=bridge";
    let csv = printed(&[
        "compare", "--store", store, "--counts", counts, "--place", place, "--format", "csv",
    ]);
    let rows: Vec<&str> = csv.lines().collect();
    assert!(
        rows[1].ends_with(",310,a,277.64,322.36,-10,agrees"),
        "{csv}"
    );
    assert!(rows[2].ends_with(",1,b,0,0,-1,differs"), "{csv}");
    assert!(rows[3].ends_with(",not observed"), "{csv}");
    let json = printed(&[
        "compare", "--store", store, "--counts", counts, "--format", "json",
    ]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["counts"][0]["found"]["difference"], -10.0);
    assert_eq!(json["agreement"][1]["agree"], 0);
    std::fs::write(folder.path().join("bad.csv"), "date,site\n2024,x\n").unwrap();
    let bad = folder.path().join("bad.csv");
    let said = refused(&[
        "compare",
        "--store",
        store,
        "--counts",
        bad.to_str().unwrap(),
    ]);
    assert!(
        said.contains("bad.csv: has no columns quantity, value, unit"),
        "{said}"
    );
}

/// The truth of the made-up captures, in the form of the scoring program.
const TRUTH: &str = "\
capture,total,clear,start,end,length,inside,train_clear,kind
a,900,1.0,100,400,300,300,1.0,freight
b,900,1.0,,,,,,
c,900,0.0,,,,,,
";

#[test]
fn the_scoring_program_takes_the_exported_tables() {
    let score = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/tools/score.py");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let store = store_in(folder.path());
    printed(&[
        "export",
        "--store",
        store.to_str().unwrap(),
        "--out",
        &at("out"),
    ]);
    let observations = std::fs::read_to_string(at("out/observations.csv")).unwrap();
    assert_eq!(observations.lines().count(), 4);
    std::fs::write(at("truth.csv"), TRUTH).unwrap();
    let scored = std::process::Command::new("python3")
        .args([score, "--json", "--truth", &at("truth.csv")])
        .args(["--observations", &at("out/observations.csv")])
        .args(["--trains", &at("out/trains.csv")])
        .output();
    let (true, Ok(scored)) = (Path::new(score).exists(), scored) else {
        eprintln!("skipped: there is no {score} or no python3");
        return;
    };
    let scores: serde_json::Value = serde_json::from_slice(&scored.stdout).unwrap();
    assert_eq!(scores["f1"], 1.0, "{scores}");
    assert_eq!(scores["rows_absent"], 0);
    assert_eq!(scores["length_bias_m"], 0.0);
}
