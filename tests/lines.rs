//! The store keeps the line that it was made along: later runs and the report
//! go on with it, and no other line gets in unnoticed.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

mod program;

use program::{Ran, Tables, products, railspan, simulated, succeeds};

/// The line of `tumen` moved east by so many degrees, under a name of its own.
fn line(folder: &Path, name: &str, east_deg: f64) -> PathBuf {
    let text = succeeds(["crossings", "export", "tumen"]).out;
    let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let feature = &mut file["features"][0];
    feature["properties"]["crossing_name"] = name.into();
    feature["properties"]["attribution"] = "".into();
    for position in feature["geometry"]["coordinates"].as_array_mut().unwrap() {
        position[0] = (position[0].as_f64().unwrap() + east_deg).into();
    }
    let path = folder.join(format!("{name}.geojson"));
    fs::write(&path, file.to_string()).unwrap();
    path
}

struct World {
    _folder: tempfile::TempDir,
    imagery: PathBuf,
    store: PathBuf,
    mine: PathBuf,
    other: PathBuf,
}

impl World {
    /// Six captures, and a store made of them along `mine`.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let imagery = at("imagery");
        simulated(&imagery, "sentinel-2", 6);
        let world = Self {
            store: at("s.gpkg"),
            mine: line(folder.path(), "mine", 0.0001),
            other: line(folder.path(), "other", 0.0),
            imagery,
            _folder: folder,
        };
        assert_eq!(world.run(&["--crossings", world.mine()]).code, 0);
        world
    }

    fn mine(&self) -> &str {
        self.mine.to_str().unwrap()
    }

    fn other(&self) -> &str {
        self.other.to_str().unwrap()
    }

    fn run(&self, more: &[&str]) -> Ran {
        self.run_on(&self.imagery, more)
    }

    fn run_on(&self, imagery: &Path, more: &[&str]) -> Ran {
        let own = ["run", imagery.to_str().unwrap(), "--store"];
        railspan([&own[..], &[self.store.to_str().unwrap()], more].concat())
    }

    fn report(&self, more: &[&str]) -> (Ran, String) {
        let out = self.store.with_extension("html");
        let own = ["report", "--store", self.store.to_str().unwrap(), "--out"];
        let ran = railspan([&own[..], &[out.to_str().unwrap()], more].concat());
        (ran, fs::read_to_string(out).unwrap_or_default())
    }
}

#[test]
fn without_a_line_given_that_of_the_store_is_gone_on_with() {
    let world = World::new();
    let before = Tables::of(&world.store);
    let again = world.run(&[]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(
        again.err.contains("6 known before and unchanged"),
        "{}",
        again.err
    );
    assert_eq!(Tables::of(&world.store), before);
    let (ran, page) = world.report(&[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        page.contains("Trains at <bdi>mine</bdi>") || page.contains("<bdi>Trains at mine</bdi>")
    );
    assert!(!page.contains("OpenStreetMap"), "the line is the user's");
}

#[test]
fn another_line_is_refused_until_all_is_looked_at_along_it() {
    let world = World::new();
    let before = Tables::of(&world.store);
    let refused = world.run(&["--crossings", world.other()]);
    assert_eq!(refused.code, 1, "{}", refused.err);
    for word in [
        "s.gpkg",
        "6 observations of tumen/tumen",
        "another line",
        "--recompute",
    ] {
        assert!(refused.err.contains(word), "{word}: {}", refused.err);
    }
    assert_eq!(world.report(&["--crossings", world.other()]).0.code, 1);

    // Not all of the series is there to be looked at.
    let part = world.imagery.with_extension("part");
    fs::create_dir(&part).unwrap();
    let one = &products(&world.imagery)[0];
    fs::rename(one, part.join(one.file_name().unwrap())).unwrap();
    let anew = ["--crossings", world.other(), "--recompute"];
    let refused = world.run_on(&part, &anew);
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(
        refused.err.contains("in none of the folders"),
        "{}",
        refused.err
    );
    assert_eq!(Tables::of(&world.store), before);

    let more = [&anew[..], &[part.to_str().unwrap()]].concat();
    let taken = world.run(&more);
    assert_eq!(taken.code, 0, "{}", taken.err);
    assert_ne!(Tables::of(&world.store), before);
    let again = world.run(&[part.to_str().unwrap()]);
    assert!(
        again.err.contains("6 known before and unchanged"),
        "{}",
        again.err
    );
    assert_eq!(world.run(&["--crossings", world.mine()]).code, 1);
}
