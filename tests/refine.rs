//! Lines known to tens of metres, fitted to simulated imagery through the program.

#![allow(clippy::unwrap_used)]

mod program;

use std::fs;
use std::path::{Path, PathBuf};

use program::{railspan, simulated, succeeds};
use railspan::geo::Alignment;
use railspan::site::{Crossing, Move, Track, built_in, read_crossings, to_geojson};

/// Writes the built-in tumen with its line moved across by `offset_m(chainage)`.
fn misplaced(folder: &Path, offset_m: impl Fn(f64) -> f64) -> PathBuf {
    let mut crossing = tumen();
    let track = &mut crossing.tracks[0];
    let length_m = track.alignment.length_m();
    let moves: Vec<Move> = (0..=6)
        .map(|i| length_m * f64::from(i) / 6.0)
        .map(|chainage_m| Move {
            chainage_m,
            offset_m: offset_m(chainage_m),
        })
        .collect();
    *track = track.moved_across(&moves).unwrap();
    let path = folder.join("misplaced.geojson");
    fs::write(&path, to_geojson(&[crossing])).unwrap();
    path
}

fn tumen() -> Crossing {
    built_in().unwrap().remove(0)
}

fn refine(crossings: &Path, imagery: &Path, out: &Path) -> program::Ran {
    let text = |p: &Path| p.to_str().unwrap().to_owned();
    railspan([
        "crossings".to_owned(),
        "refine".to_owned(),
        "tumen".to_owned(),
        "--crossings".to_owned(),
        text(crossings),
        "--from".to_owned(),
        text(imagery),
        "--out".to_owned(),
        text(out),
    ])
}

/// Offsets of a track's vertices from the true line, m.
fn errors_m(track: &Track) -> Vec<f64> {
    let truth = tumen().tracks.remove(0);
    let line: &Alignment = &truth.alignment;
    let vertices = track.vertices.iter();
    vertices
        .map(|v| line.project(truth.frame.to_point(*v)).1)
        .collect()
}

#[test]
fn a_misplaced_line_is_found_again_and_run_warns_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let imagery = folder.path().join("imagery");
    simulated(&imagery, "sentinel-2", 20);
    let given = misplaced(folder.path(), |s| 0.04 * (s - 300.0) - 35.0);
    let out = folder.path().join("refined.geojson");
    let ran = refine(&given, &imagery, &out);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("to the right"), "{}", ran.out);
    let refined = read_crossings(&out).unwrap();
    let track = &refined[0].tracks[0];
    for error_m in errors_m(track) {
        // A pixel.
        assert!(error_m.abs() < 10.0, "{error_m}\n{}", ran.out);
    }
    assert!(track.uncertainty_across_m < 10.0);
    let text = fs::read_to_string(&out).unwrap();
    assert!(text.contains("given_line") && text.contains("sigma_m"));
    // The misplaced line is warned of, the refined one is not.
    let store = folder.path().join("store.gpkg");
    for (crossings, warned) in [(&given, true), (&out, false)] {
        let ran = succeeds([
            "run".as_ref(),
            imagery.as_os_str(),
            "--crossings".as_ref(),
            crossings.as_os_str(),
            "--store".as_ref(),
            store.as_os_str(),
            "--recompute".as_ref(),
        ]);
        let said = ran.err.contains("railspan crossings refine tumen");
        assert_eq!(said, warned, "{}", ran.err);
    }
}

#[test]
fn a_line_that_is_right_stays_beside_lorries_and_a_new_bridge() {
    let folder = tempfile::tempdir().unwrap();
    let imagery = folder.path().join("imagery");
    let to = imagery.to_str().unwrap();
    succeeds(
        ["simulate", "--crossing", "tumen", "--sensor", "sentinel-2"]
            .into_iter()
            .chain(["--captures", "24", "--seed", "14", "--margin", "200"])
            .chain(["--out", to]),
    );
    let given = misplaced(folder.path(), |_| 0.0);
    let out = folder.path().join("refined.geojson");
    let ran = refine(&given, &imagery, &out);
    if ran.code == 0 {
        let track = read_crossings(&out).unwrap().remove(0).tracks.remove(0);
        for error_m in errors_m(&track) {
            assert!(error_m.abs() < 10.0, "{error_m}\n{}", ran.out);
        }
    } else {
        let why = &ran.err;
        assert!(
            why.contains("stand out") || why.contains("as much"),
            "{why}"
        );
    }
}

#[test]
fn where_there_is_no_line_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let imagery = folder.path().join("imagery");
    simulated(&imagery, "sentinel-2", 8);
    let given = misplaced(folder.path(), |_| 260.0);
    let out = folder.path().join("refined.geojson");
    let ran = refine(&given, &imagery, &out);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.err.contains("looks like a track"), "{}", ran.err);
    assert!(!out.exists());
}

#[test]
fn wrong_wishes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let call = |id: &str, track: &str| {
        let from = folder.path().to_str().unwrap().to_owned();
        let out = folder.path().join("x.geojson").to_str().unwrap().to_owned();
        railspan([
            "crossings",
            "refine",
            id,
            "--from",
            &from,
            "--track",
            track,
            "--out",
            &out,
        ])
    };
    let ran = call("nowhere", "main");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no crossing \"nowhere\""), "{}", ran.err);
    let ran = call("tumen", "siding");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no track \"siding\""), "{}", ran.err);
    let track = tumen().tracks.remove(0).id;
    let ran = call("tumen", &track);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("no capture shows tumen"), "{}", ran.err);
}
