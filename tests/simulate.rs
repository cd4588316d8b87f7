//! Simulated series through the program: written, then read like any download.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use assert_cmd::Command;

fn railspan() -> Command {
    Command::cargo_bin("railspan").unwrap()
}

fn simulate(sensor: &str, out: &Path) -> Command {
    let mut command = railspan();
    command
        .args(["simulate", "--crossing", "manpo", "--sensor", sensor])
        .args(["--captures", "2", "--seed", "3", "--margin", "5", "--out"])
        .arg(out);
    command
}

#[test]
fn every_layout_is_recognised() {
    let place = tempfile::tempdir().unwrap();
    for sensor in ["sentinel-2", "planetscope", "vhr", "sentinel-1"] {
        let folder = place.path().join(sensor);
        simulate(sensor, &folder).assert().success();
        let listed = railspan()
            .args(["captures", "--format", "json"])
            .arg(&folder)
            .assert()
            .success();
        let listed: serde_json::Value =
            serde_json::from_slice(&listed.get_output().stdout).unwrap();
        let captures = listed["captures"].as_array().unwrap();
        assert_eq!(captures.len(), 2, "{sensor}: {listed}");
        assert_eq!(listed["problems"].as_array().map(Vec::len), Some(0));
        let truth = std::fs::read_to_string(place.path().join(format!("{sensor}.truth.csv")));
        for capture in captures {
            let id = capture["id"].as_str().unwrap();
            assert!(truth.as_ref().unwrap().contains(id), "{sensor}: {id}");
        }
    }
}

#[test]
fn wrong_wishes_are_refused_in_words() {
    let place = tempfile::tempdir().unwrap();
    let said = |command: &mut Command| {
        let failed = command.assert().failure();
        String::from_utf8_lossy(&failed.get_output().stderr).into_owned()
    };
    let text = said(&mut simulate("skysat", &place.path().join("a")));
    assert!(
        text.contains("skysat") && text.contains("sentinel-2"),
        "{text}"
    );
    let text = said(simulate("vhr", &place.path().join("b")).args(["--without", "rain"]));
    assert!(text.contains("rain") && text.contains("clouds"), "{text}");
    std::fs::write(place.path().join("mine"), "").unwrap();
    let text = said(&mut simulate("sentinel-2", place.path()));
    assert!(text.contains("already"), "{text}");
}
