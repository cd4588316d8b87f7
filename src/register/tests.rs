//! Recovery of planted shifts, and refusals, on simulated scenes.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::error::{Error, Result};
use crate::geo::{Alignment, Point};
use crate::source::Corridor;
use crate::strip::fixture::{bounds, corridor, fraction, spots};
use crate::strip::{PlanGrid, PlanView, Prepared, Shift};

const SIDE: usize = 128;
const PIXEL_M: f64 = 3.0;

/// How far content was moved, px east and north.
const PLANTED_PX: [(f64, f64); 6] = [
    (0.0, 0.0),
    (0.3, -0.7),
    (-1.5, 0.25),
    (2.6, 1.9),
    (-0.45, -3.3),
    (0.15, 0.8),
];

fn view(corridor: &Corridor) -> PlanView {
    let p = |east_m, north_m| Point { east_m, north_m };
    let track = Alignment::through(&[p(-100.0, -60.0), p(100.0, 60.0)]).unwrap();
    let grid = PlanGrid::around(&track, PIXEL_M, &bounds(corridor).unwrap()).unwrap();
    Prepared::new(corridor).plan_view(grid)
}

/// The scene moved by some pixels, with noise of 0.002.
fn capture(k: usize, look: impl Fn(usize, Point, f64) -> f64) -> Corridor {
    let (east_px, north_px) = PLANTED_PX[k];
    corridor(2, SIDE, PIXEL_M, |band, p| {
        let q = Point {
            east_m: p.east_m - east_px * PIXEL_M,
            north_m: p.north_m - north_px * PIXEL_M,
        };
        let seed = ((p.east_m + 900.0) * 700.0 + p.north_m + 900.0) as u32 + 7919 * k as u32;
        (look(band, q, spots(q)) + 0.007 * (fraction(seed) - 0.5)) as f32
    })
}

fn as_it_is(_: usize, _: Point, value: f64) -> f64 {
    0.3 + value
}

/// Largest error over captures and axes, px, common mean removed.
fn worst_error_px(captures: &[Corridor], find: fn(&PlanView) -> Result<Features>) -> f64 {
    let features: Vec<Features> = captures.iter().map(|c| find(&view(c)).unwrap()).collect();
    let consensus = settled(&features.iter().collect::<Vec<_>>()).unwrap();
    let errors: Vec<Shift> = features
        .iter()
        .zip(PLANTED_PX)
        .map(|(f, (east_px, north_px))| {
            let found = register(f, &consensus, Shift::default()).unwrap().shift;
            Shift {
                east_m: found.east_m / PIXEL_M + east_px,
                north_m: found.north_m / PIXEL_M + north_px,
            }
        })
        .collect();
    centred(&errors)
        .iter()
        .map(|e| e.east_m.abs().max(e.north_m.abs()))
        .fold(0.0, f64::max)
}

#[test]
fn planted_shifts_are_recovered() {
    let captures: Vec<Corridor> = (0..6).map(|k| capture(k, as_it_is)).collect();
    let worst = worst_error_px(&captures, Features::of_optical);
    assert!(worst < 0.03, "{worst} px");
}

#[test]
fn gain_offset_and_reversed_contrast_do_not_matter() {
    let captures: Vec<Corridor> = (0..6)
        .map(|k| {
            capture(k, |band, p, value| {
                let gain = 0.5 + 0.3 * k as f64 + 0.2 * band as f64;
                // Snow: what was bright against dark fields is dark there now.
                let snow = k % 2 == 1;
                let side = if snow { -(p.east_m / 15.0).tanh() } else { 1.0 };
                0.05 * k as f64 + gain * (0.3 + side * value)
            })
        })
        .collect();
    let worst = worst_error_px(&captures, Features::of_optical);
    assert!(worst < 0.03, "{worst} px");
}

#[test]
fn clouds_under_the_mask_do_not_matter() {
    let captures: Vec<Corridor> = (0..6)
        .map(|k| {
            let mut cloudy = capture(k, as_it_is);
            for row in 10 * k..10 * k + 50 {
                for col in 60 - 5 * k..110 - 5 * k {
                    cloudy.values[[0, row, col]] += 0.5;
                    cloudy.clear[[row, col]] = false;
                }
            }
            cloudy
        })
        .collect();
    let worst = worst_error_px(&captures, Features::of_optical);
    assert!(worst < 0.03, "{worst} px");
}

#[test]
fn sigma_says_how_far_off_a_noisy_capture_is() {
    let captures: Vec<Corridor> = (0..6).map(|k| capture(k, as_it_is)).collect();
    let features: Vec<Features> = captures
        .iter()
        .map(|c| Features::of_optical(&view(c)).unwrap())
        .collect();
    let consensus = settled(&features.iter().collect::<Vec<_>>()).unwrap();
    let quiet = register(&features[1], &consensus, Shift::default()).unwrap();
    let noisy = capture(1, |band, p, value| {
        let seed = ((p.east_m + 800.0) * 311.0 + p.north_m * 7.0 + 900.0) as u32 + band as u32;
        0.3 + value + 0.3 * (fraction(seed) - 0.5)
    });
    let noisy = register(
        &Features::of_optical(&view(&noisy)).unwrap(),
        &consensus,
        Shift::default(),
    )
    .unwrap();
    assert!(noisy.sigma_east_m > 1.2 * quiet.sigma_east_m);
    assert!((noisy.shift.east_m - quiet.shift.east_m).abs() < 4.0 * noisy.sigma_east_m);
    assert!((noisy.shift.north_m - quiet.shift.north_m).abs() < 4.0 * noisy.sigma_north_m);
}

fn reason(result: Result<Registration>) -> String {
    match result {
        Err(Error::Unsupported { reason }) => reason,
        other => format!("{other:?}"),
    }
}

fn consensus_and(other: &Corridor) -> (Consensus, Features) {
    let features: Vec<Features> = (0..3)
        .map(|k| Features::of_optical(&view(&capture(k, as_it_is))).unwrap())
        .collect();
    let consensus = settled(&features.iter().collect::<Vec<_>>()).unwrap();
    (consensus, Features::of_optical(&view(other)).unwrap())
}

#[test]
fn noise_is_refused() {
    let noise = corridor(2, SIDE, PIXEL_M, |band, p| {
        fraction(((p.east_m + 500.0) * 391.0 + p.north_m + 500.0) as u32 + band as u32) as f32
    });
    let (consensus, features) = consensus_and(&noise);
    let reason = reason(register(&features, &consensus, Shift::default()));
    assert!(reason.starts_with("not registered: "), "{reason}");
}

#[test]
fn a_shift_beyond_the_search_is_refused() {
    let far = corridor(2, SIDE, PIXEL_M, |_, p| {
        let east_m = p.east_m - 8.5 * PIXEL_M;
        (0.3 + spots(Point { east_m, ..p })) as f32
    });
    let (consensus, features) = consensus_and(&far);
    let reason = reason(register(&features, &consensus, Shift::default()));
    assert!(reason.contains("border"), "{reason}");
}

#[test]
fn a_pattern_that_repeats_is_refused() {
    // Greenhouses of 22 m: their walls, every 11 m, fit each other as well.
    let rows = corridor(1, SIDE, PIXEL_M, |_, p| {
        ((p.east_m * std::f64::consts::TAU / 22.0).sin()
            + (p.north_m * std::f64::consts::TAU / 22.0).sin()) as f32
    });
    let features = Features::of_optical(&view(&rows)).unwrap();
    let consensus = Consensus::of(&[(&features, Shift::default())]).unwrap();
    let reason = reason(register(&features, &consensus, Shift::default()));
    assert!(
        reason.contains("two shifts") || reason.contains("border"),
        "{reason}"
    );
}

#[test]
fn captures_that_show_nothing_are_refused() {
    let flat = corridor(2, SIDE, PIXEL_M, |_, _| 0.3);
    assert!(Features::of_optical(&view(&flat)).is_err());
    let mut cloudy = capture(0, as_it_is);
    cloudy.clear.fill(false);
    let error = Features::of_optical(&view(&cloudy)).unwrap_err();
    assert!(error.to_string().contains("0.0 % of the ground"));
}

/// Backscatter in decibels under fully developed speckle of four looks.
fn radar(k: usize) -> Corridor {
    let base = (k as u32 + 1) * 1_000_003;
    capture(k, |band, p, value| {
        let seed = base
            + ((p.east_m + 900.0) * 97.0) as u32 * 31
            + ((p.north_m + 900.0) * 89.0) as u32
            + band as u32;
        let looks = 4;
        let power: f64 = (0..looks)
            .map(|i| -(1.0 - fraction(seed.wrapping_mul(4) + i)).ln())
            .sum();
        -12.0 + 60.0 * value + 10.0 * (power / f64::from(looks)).log10()
    })
}

#[test]
fn radar_is_recovered_in_spite_of_speckle() {
    let captures: Vec<Corridor> = (0..6).map(radar).collect();
    let worst = worst_error_px(&captures, radar_features);
    assert!(worst < 0.1, "{worst} px");
}

#[test]
fn radar_that_agrees_with_nothing_stays_where_it_is() {
    let features: Vec<Features> = (0..3)
        .map(|k| radar_features(&view(&radar(k))).unwrap())
        .collect();
    let consensus = settled(&features.iter().collect::<Vec<_>>()).unwrap();
    let noise = corridor(2, SIDE, PIXEL_M, |band, p| {
        fraction(((p.east_m + 500.0) * 391.0 + p.north_m + 500.0) as u32 + band as u32) as f32
    });
    let noise = radar_features(&view(&noise)).unwrap();
    let found = register_radar(&noise, &consensus, Shift::default()).unwrap();
    assert_eq!(found.shift, Shift::default());
    assert!((found.sigma_east_m - 0.9).abs() < 1e-9);
}
