//! How long the whole program takes for a series, from folder to store.
#![allow(clippy::expect_used)]

use std::path::Path;
use std::process::Command;

use criterion::{Criterion, criterion_group, criterion_main};
use railspan::simulate::Sensor;

mod fixture;

fn run(folder: &Path, place: &Path) {
    let status = Command::new(env!("CARGO_BIN_EXE_railspan"))
        .arg("run")
        .arg(folder)
        .args(["--quiet", "--jobs", "2", "--store"])
        .arg(place.join("series.gpkg"))
        .status()
        .expect("railspan runs");
    assert!(status.success(), "{status}");
}

fn pipeline(c: &mut Criterion) {
    let mut group = c.benchmark_group("run");
    group.sample_size(10);
    for sensor in [Sensor::Sentinel2, Sensor::PlanetScope] {
        let folder = fixture::series(sensor);
        let name = format!("{} captures, {}", fixture::CAPTURES, sensor.name());
        group.bench_function(format!("{name}, first time"), |b| {
            b.iter_with_large_drop(|| {
                let place = tempfile::tempdir().expect("a folder for the store");
                run(&folder, place.path());
                place
            });
        });
        let place = tempfile::tempdir().expect("a folder for the store");
        run(&folder, place.path());
        group.bench_function(format!("{name}, again"), |b| {
            b.iter(|| run(&folder, place.path()));
        });
    }
    group.finish();
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
