//! What a capture costs in series of different length: background, detection
//! and measurement on strips of 600 m of track at 10 m, on one thread. Prints the time a
//! capture and its ratio to that in the shortest series.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use railspan::pipeline::{analyse, workers};

mod fixture;

use fixture::strips::{settings, strips};

/// Captures of the series.
const SERIES: [usize; 7] = [30, 60, 120, 240, 500, 1000, 2000];

/// Every length this often; the fastest counts. Long ones once.
const ROUNDS: usize = 2;

/// Length of the track, m.
const LENGTH_M: f64 = 600.0;

fn main() {
    let one = workers(1).unwrap();
    let all = strips(SERIES[SERIES.len() - 1], 10.0, LENGTH_M);
    let mut least: Option<f64> = None;
    println!("captures  ms a capture  ratio");
    for captures in SERIES {
        let rounds = if captures < 500 { ROUNDS } else { 1 };
        let fastest = (0..rounds)
            .map(|_| {
                let started = Instant::now();
                let outcomes = one.install(|| analyse(&all[..captures], &settings(10.0)));
                assert_eq!(outcomes.unwrap().len(), captures);
                started.elapsed()
            })
            .fold(Duration::MAX, Duration::min);
        let each = 1000.0 * fastest.as_secs_f64() / captures as f64;
        let ratio = each / *least.get_or_insert(each);
        println!("{captures:8}  {each:12.1}  {ratio:5.2}");
    }
}
