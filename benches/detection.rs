//! What registration, background and detection of a capture take on one thread, on a
//! track of 1.6 km, against a program which only reads the same windows. One run of this
//! program measures both, in turn.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;
use std::slice::from_ref;
use std::time::{Duration, Instant};

use railspan::pipeline::{Memo, plan, workers};
use railspan::simulate::Sensor;

mod fixture;

/// Sensors and the captures of a series.
const SERIES: [(Sensor, usize); 2] = [(Sensor::Sentinel2, 60), (Sensor::PlanetScope, 36)];

/// Both programs take turns this often; the fastest of each counts.
const ROUNDS: usize = 3;

fn main() {
    let one = workers(1).unwrap();
    let crossing = fixture::crossing("dandong");
    println!("ms a capture        reading  detecting   ratio");
    for (sensor, number) in SERIES {
        let folder = fixture::series_of(&crossing, sensor, number);
        let captures = fixture::captures(&folder, &one);
        let jobs = plan(&captures, from_ref(&crossing), &one, &Memo::default()).jobs;
        let place = tempfile::tempdir().unwrap();
        railspan(place.path(), &["extract", &folder.to_string_lossy()]);
        let (mut reading, mut detecting) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            reading = reading.min(fixture::read_only(&captures, &jobs, 1));
            detecting = detecting.min(railspan(place.path(), &["detect", "--recompute"]));
        }
        let each = |time: Duration| 1000.0 * time.as_secs_f64() / number as f64;
        let ratio = detecting.as_secs_f64() / reading.as_secs_f64();
        let (reading, detecting) = (each(reading), each(detecting));
        println!(
            "{:18}{reading:9.1}  {detecting:9.1}  {ratio:6.1}",
            sensor.name()
        );
    }
}

/// Runs the program on a store in `place`, on one thread; the time it took.
fn railspan(place: &Path, arguments: &[&str]) -> Duration {
    let started = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_railspan"))
        .args(arguments)
        .args(["--quiet", "--jobs", "1", "--store"])
        .arg(place.join("series.gpkg"))
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    started.elapsed()
}
