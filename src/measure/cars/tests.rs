#![allow(clippy::unwrap_used, clippy::float_cmp)]

use ndarray::{Array1, Array2};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::measure::Censored;
use crate::strip::Axis;

const PSF_M: f64 = 0.72;
const START_M: f64 = 60.0;

/// A train as the strip shows it: bodies blurred by the point spread, and noise.
struct Planted {
    profile: Profile,
    fit: Fit,
    cars: u32,
}

/// Cars of these lengths over couplers, m, each of one colour of four bands.
fn plant(cars: &[(f64, [f64; 4])], noise: f64, seed: u64) -> Planted {
    let total_m: f64 = cars.iter().map(|c| c.0).sum();
    let axis = Axis {
        first_m: 0.3,
        step_m: 1.0,
        len: (total_m + 2.0 * START_M) as usize,
    };
    let edge = |u: f64| 0.5 * (1.0 + statrs::function::erf::erf(u / (PSF_M * 2f64.sqrt())));
    let mut track = Array2::zeros((4, axis.len));
    let mut at_m = START_M;
    for (length_m, colour) in cars {
        let (from, to) = (at_m + 0.5 * GAP_M, at_m + length_m - 0.5 * GAP_M);
        for j in 0..axis.len {
            let share = edge(axis.at_m(j) - from) - edge(axis.at_m(j) - to);
            for b in 0..4 {
                track[(b, j)] += (colour[b] * share) as f32;
            }
        }
        at_m += length_m;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for b in 0..4 {
        // Neighbouring samples share noise, as interpolation makes them.
        let white: Vec<f64> = (0..=axis.len).map(|_| gauss(&mut rng)).collect();
        for j in 0..axis.len {
            track[(b, j)] += (noise * (0.97 * white[j] + 0.25 * white[j + 1])) as f32;
        }
    }
    let fit = Fit {
        start_m: START_M + 0.5 + 0.3 * gauss(&mut rng),
        end_m: at_m - 0.5 + 0.3 * gauss(&mut rng),
        start_sigma_m: 0.3,
        end_sigma_m: 0.3,
        length_sigma_m: 0.42,
        censored: Censored::None,
    };
    Planted {
        profile: profile(axis, track),
        fit,
        cars: cars.len() as u32,
    }
}

/// A standard normal number (Box and Muller 1958).
fn gauss(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random_range(1e-12..1.0), rng.random_range(0.0..1.0));
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

fn profile(axis: Axis, track: Array2<f32>) -> Profile {
    let flags = || Array1::from_elem(axis.len, true);
    Profile {
        chainage: axis,
        track_sigma: Array2::from_elem(track.dim(), 0.01),
        road: Array2::zeros(track.dim()),
        road_sigma: Array2::from_elem(track.dim(), f32::INFINITY),
        track,
        usable: flags(),
        covered: flags(),
        clear: flags(),
        band_correlation: Array2::eye(4),
        lane_correlation: 0.0,
        psf_m: PSF_M,
        gsd_m: 1.0,
    }
}

/// A train at random: a locomotive and 5 to 25 cars of one or of several kinds,
/// none of which need be common.
fn random_train(seed: u64) -> Vec<(f64, [f64; 4])> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let lengths = [12.02, 13.92, 14.8, 16.44, 17.07, 24.5];
    let tint = |rng: &mut ChaCha8Rng| -> [f64; 4] {
        let level = rng.random_range(0.03..0.12) * if rng.random_bool(0.5) { 1.0 } else { -1.0 };
        [0; 4].map(|_| level + rng.random_range(-0.02..0.02))
    };
    let (kind, own) = (rng.random_range(0..lengths.len()), tint(&mut rng));
    let mixed = rng.random_bool(0.4);
    let mut cars = vec![(17.55, tint(&mut rng))];
    for _ in 0..rng.random_range(5..=25) {
        cars.push(if mixed {
            (lengths[rng.random_range(0..lengths.len())], tint(&mut rng))
        } else {
            (lengths[kind], own.map(|v| v * rng.random_range(0.85..1.15)))
        });
    }
    cars
}

#[test]
fn planted_cars_are_counted() {
    for noise in [0.003, 0.01, 0.03] {
        let (mut near, mut inside, mut exact, mut width) = (0, 0, 0, 0);
        let trains = 60;
        for seed in 0..trains {
            let train = plant(&random_train(seed), noise, 1000 + seed);
            let found = cars(&train.profile, &train.fit, &[]).unwrap();
            near += usize::from(found.likely.abs_diff(train.cars) <= 1);
            exact += usize::from(found.likely == train.cars);
            inside += usize::from((found.min..=found.max).contains(&train.cars));
            width += found.max - found.min;
        }
        eprintln!(
            "noise {noise}: ±1 {near} exact {exact} inside {inside} of {trains}, width {:.2}",
            f64::from(width) / trains as f64
        );
    }
}
