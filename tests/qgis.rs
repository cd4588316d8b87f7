//! The store in QGIS itself, where its Python bindings are installed (Debian:
//! `apt-get install python3-qgis`); skipped elsewhere.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod program;

use std::process::Command;

use program::{Tables, simulated, succeeds};
use serde_json::{Value, json};

/// The system's Python, for which distributions build the bindings.
const PYTHON: &str = "/usr/bin/python3";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/qgis/open_project.py");

#[test]
fn qgis_opens_the_project_of_a_store_with_times() {
    let there = Command::new(PYTHON)
        .args(["-c", "import qgis.core"])
        .output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no QGIS for Python here (Debian: apt-get install python3-qgis)");
        return;
    }
    let desk = tempfile::tempdir().unwrap();
    let (imagery, store) = (desk.path().join("imagery"), desk.path().join("a & b.gpkg"));
    simulated(&imagery, "planetscope", 8);
    let run = [
        "run".as_ref(),
        imagery.as_os_str(),
        "--store".as_ref(),
        store.as_os_str(),
    ];
    succeeds(run);
    let trains = Tables::of(&store).trains().len();
    assert!(trains > 0);

    let output = Command::new(PYTHON)
        .arg(SCRIPT)
        .arg(&store)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let found: Value = serde_json::from_str(&said).unwrap();
    let layer = json!({
        "name": "trains", "valid": true, "trains": trains, "times": true,
        "field": "acquired", "colours": 6, "labels": true,
    });
    let all = json!({
        "projects": ["railspan"], "read": true, "crs": "EPSG:4326",
        "layers": [layer], "saved": true,
    });
    assert_eq!(found, all);
    // What a user saved beside it does not keep the next run from its work.
    succeeds(run);
}
