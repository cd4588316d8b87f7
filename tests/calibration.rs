//! Simulated series of known truth through the whole program: what two sigmas of
//! a length promise, and how often an empty track alarms.
#![allow(clippy::unwrap_used)]

mod program;

use std::path::Path;

use program::{Row, Tables, rows, succeeds};

/// What a series adds to the sums.
#[derive(Debug, Default)]
struct Sums {
    trains: usize,
    found: usize,
    within: usize,
    empty: usize,
    alarms: usize,
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap()
}

/// 30 captures of a line of 670 m at 10 m, misplaced, in changing seasons.
fn simulate_and_run(folder: &Path, seed: &str) -> (Vec<Row>, Tables) {
    let line = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/small.geojson");
    let (imagery, store) = (folder.join(seed), folder.join(seed).with_extension("gpkg"));
    let (imagery, store) = (imagery.to_str().unwrap(), store.to_str().unwrap());
    let place = ["--crossings", line];
    let series = ["--sensor", "sentinel-2", "--captures", "30", "--seed", seed];
    let world = ["--only", "seasons,atmosphere,registration"];
    let rest = ["--margin", "200", "--occupied", "0.35", "--out", imagery];
    let simulate = ["simulate", "--crossing", "small"];
    succeeds([&simulate[..], &place, &series, &world, &rest].concat());
    succeeds([&["run", imagery, "--store", store][..], &place].concat());
    let truth = std::fs::read(folder.join(format!("{seed}.truth.csv"))).unwrap();
    (rows(&truth), Tables::of(Path::new(store)))
}

/// Trains of 80 m and more on the track; found is what overlaps by half.
fn count(sums: &mut Sums, truth: &[Row], trains: &[Row]) {
    for row in truth {
        let here = || trains.iter().filter(|t| t["capture"] == row["capture"]);
        if row["start"].is_empty() {
            sums.empty += 1;
            sums.alarms += usize::from(here().next().is_some());
            continue;
        }
        let total_m = number(row, "total");
        let (from_m, to_m) = (
            number(row, "start").max(0.0),
            number(row, "end").min(total_m),
        );
        if to_m - from_m < 80.0 {
            continue;
        }
        sums.trains += 1;
        let matches = |t: &&Row| {
            let (start_m, end_m) = (number(t, "start_m"), number(t, "end_m"));
            2.0 * (to_m.min(end_m) - from_m.max(start_m)) >= to_m.max(end_m) - from_m.min(start_m)
        };
        if let Some(train) = here().find(matches) {
            sums.found += 1;
            let error_m = number(train, "length_m") - (to_m - from_m);
            sums.within += usize::from(error_m.abs() <= 2.0 * number(train, "length_sigma_m"));
        }
    }
}

#[test]
fn two_sigmas_hold_the_lengths_of_simulated_trains() {
    let folder = tempfile::tempdir().unwrap();
    let mut sums = Sums::default();
    for seed in ["301", "302", "305"] {
        let (truth, tables) = simulate_and_run(folder.path(), seed);
        count(&mut sums, &truth, &tables.trains());
    }
    assert!(sums.trains >= 20, "{sums:?}");
    assert!(sums.found as f64 >= 0.9 * sums.trains as f64, "{sums:?}");
    // 95 % of them, give or take two sigma of the binomial.
    let n = sums.found as f64;
    let tolerance = 2.0 * (0.95 * 0.05 / n).sqrt();
    assert!(sums.within as f64 / n >= 0.95 - tolerance, "{sums:?}");
    // One alarm is the most of 65 captures at twice the rate of 0.01.
    assert!(sums.empty >= 60 && sums.alarms <= 1, "{sums:?}");
}
