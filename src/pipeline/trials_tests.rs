//! Simulated profiles: Gaussian noise of a fixed seed, smoothed as
//! interpolation does, in which trains of the test's own making are measured.

#![allow(clippy::unwrap_used)]

use ndarray::Array2;

use super::*;
use crate::detect::Detector;
use crate::strip::{Axis, sample_correlation};

const CELLS: usize = 800;
const NOISE: f64 = 0.012;

fn profile(seed: u64, noise: f64) -> Profile {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut track = Array2::zeros((4, CELLS));
    // Smoothing by a Gaussian narrower by √2 gives the correlation of samples.
    let kernel: Vec<f64> = (-4..=4)
        .map(|k| sample_correlation(f64::from(k) * 1.5 * std::f64::consts::SQRT_2, 3.0))
        .collect();
    let unit = kernel.iter().map(|k| k * k).sum::<f64>().sqrt();
    for mut row in track.rows_mut() {
        let white: Vec<f64> = (0..CELLS + 8)
            .map(|_| StandardNormal.sample(&mut rng))
            .collect();
        for (j, to) in row.iter_mut().enumerate() {
            let sum: f64 = kernel.iter().zip(&white[j..]).map(|(k, w)| k * w).sum();
            *to = (noise * sum / unit) as f32;
        }
    }
    Profile::seen_whole(
        Axis {
            first_m: 0.0,
            step_m: 1.5,
            len: CELLS,
        },
        (track, Array2::from_elem((4, CELLS), noise as f32)),
        (2.16, 3.0),
    )
}

fn settings() -> PassSettings {
    PassSettings {
        gsd_m: 3.0,
        road_lane_m: None,
        shadow_m: 0.0,
        beside_m: Vec::new(),
        detector: Detector::OPTICAL,
        motion: None,
    }
}

fn series(noise: f64) -> Vec<Option<Profile>> {
    (0..8).map(|seed| Some(profile(seed, noise))).collect()
}

#[test]
fn two_sigma_hold_nineteen_lengths_of_twenty() {
    let (profiles, settings) = (series(NOISE), settings());
    let none = vec![Vec::new(); profiles.len()];
    let trials = Trials::new(&profiles, &none, None, &settings);
    let calibration = trials.calibration();
    // Other captures, other trains, the same kind.
    let stock = reference(profiles[0].as_ref().unwrap(), settings.detector.prior);
    let (mut held, mut all) = (0, 0);
    for seed in 100..220 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut planted = profile(seed, NOISE);
        let length_m = rng.random_range(80.0..400.0);
        let truth = (300.0, 300.0 + length_m);
        stock
            .train((300.0, length_m), 0.0, &mut rng)
            .put_into(&mut planted, None);
        if let Some(fit) = trials.measured(&planted, truth) {
            let fit = calibration.apply(fit);
            let error = fit.end_m - fit.start_m - length_m;
            held += usize::from(error.abs() < 2.0 * fit.length_sigma_m);
            all += 1;
        }
    }
    let share = f64::from(held as u32) / f64::from(all);
    // 95 % of 120 lengths, give or take two sigma of the binomial.
    assert!(
        all > 110 && (0.90..=0.995).contains(&share),
        "{held} of {all}"
    );
}

#[test]
fn the_limit_grows_with_the_noise_and_holds() {
    let settings = settings();
    let limit = |noise: f64| {
        let profiles = series(noise);
        let none = vec![Vec::new(); profiles.len()];
        let trials = Trials::new(&profiles, &none, None, &settings);
        trials.limit_m(profiles[0].as_ref().unwrap(), &[])
    };
    let wild = 0.06;
    let limit_m = limit(wild).unwrap();
    assert!(limit(NOISE).unwrap() < limit_m, "{limit_m}");
    assert_eq!(limit(5.0), None);
    // Trains of that length in captures as noisy are found nine times of ten at
    // least, as the detector chooses the best piece; shorter ones less often.
    let found = |length_m: f64| {
        let is_found = |seed: &u64| {
            let mut rng = ChaCha8Rng::seed_from_u64(*seed);
            let mut planted = profile(*seed, wild);
            let stock = reference(&planted, settings.detector.prior);
            let train = stock.train((300.0, length_m), 0.0, &mut rng);
            train.put_into(&mut planted, None);
            !find_trains(&planted, &settings.detector).is_empty()
        };
        (0..60).filter(is_found).count()
    };
    assert!(
        found(limit_m) >= 54,
        "{} of 60 at {limit_m} m",
        found(limit_m)
    );
    assert!(found(0.4 * limit_m) < 48, "{} of 60", found(0.4 * limit_m));
}

#[test]
fn trains_that_stand_there_leave_less_room() {
    let candidate = Candidate {
        start_m: 300.0,
        end_m: 600.0,
        score: 100.0,
        visible: 1.0,
    };
    let flags = empty(&profile(1, NOISE), &[candidate], None);
    assert_eq!(longest_run(&flags), Some(420..CELLS));
    assert_eq!(longest_run(&[false; 3]), None);
}
