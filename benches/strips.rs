//! How long it takes to read one corridor, to prepare it and to straighten it.
#![allow(clippy::expect_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use railspan::pipeline::{Memo, plan, workers};
use railspan::simulate::Sensor;
use railspan::source::read_corridor;
use railspan::strip::{Prepared, Shift, StripSpec};

mod fixture;

fn strips(c: &mut Criterion) {
    let workers = workers(2).expect("two threads");
    let crossing = fixture::tumen();
    let track = &crossing.tracks[0];
    for sensor in [Sensor::Sentinel2, Sensor::PlanetScope] {
        let captures = fixture::captures(&fixture::series(sensor), &workers);
        let plan = plan(
            &captures,
            std::slice::from_ref(&crossing),
            &workers,
            &Memo::default(),
        );
        let job = &plan.jobs[0];
        let capture = &captures[job.capture];
        let mut group = c.benchmark_group(sensor.name());
        group.bench_function("read a corridor", |b| {
            b.iter(|| read_corridor(capture, &job.target, &job.fingerprint));
        });
        let corridor =
            read_corridor(capture, &job.target, &job.fingerprint).expect("a readable corridor");
        group.bench_function("prepare it", |b| b.iter(|| Prepared::new(&corridor)));
        let prepared = Prepared::new(&corridor);
        let spec = StripSpec::for_track(track.alignment.length_m(), corridor.origin.gsd_m)
            .expect("a track of sane length");
        let shift = Shift {
            east_m: 1.3,
            north_m: -0.7,
        };
        group.bench_function("straighten it", |b| {
            b.iter(|| prepared.straighten(&track.alignment, &spec, shift));
        });
        group.finish();
    }
}

criterion_group!(benches, strips);
criterion_main!(benches);
