//! How long it takes to know what a folder holds.
#![allow(clippy::expect_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use railspan::pipeline::workers;
use railspan::simulate::Sensor;

mod fixture;

fn scan(c: &mut Criterion) {
    let workers = workers(2).expect("two threads");
    let mut group = c.benchmark_group("scan");
    for sensor in [Sensor::Sentinel2, Sensor::PlanetScope] {
        let folder = fixture::series(sensor);
        let name = format!("{} captures, {}", fixture::CAPTURES, sensor.name());
        group.bench_function(name, |b| {
            b.iter(|| {
                let captures = fixture::captures(&folder, &workers);
                assert_eq!(captures.len(), fixture::CAPTURES);
                captures
            });
        });
    }
    group.finish();
}

criterion_group!(benches, scan);
criterion_main!(benches);
