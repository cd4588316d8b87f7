//! Displacements planted in strips of a deck over water, recovered or left alone.
#![allow(clippy::unwrap_used)]

use ndarray::{Array2, Array3};
use proptest::prelude::*;

use super::*;
use crate::strip::fixture::fraction;

const CAPTURES: usize = 9;
const PIXEL_M: f64 = 1.0;
const CHAINAGE: Axis = Axis {
    first_m: -50.0,
    step_m: 1.0,
    len: 601,
};
const OFFSET: Axis = Axis {
    first_m: -25.0,
    step_m: 0.5,
    len: 101,
};

/// How far a deck 600 m long moves: all of it in the middle, nothing at its ends.
fn bowed(s_m: f64) -> f64 {
    (std::f64::consts::PI * ((s_m + 50.0) / 600.0))
        .sin()
        .max(0.0)
}

/// A strip of what stands at (offset, chainage), with noise.
fn strip(t: usize, shows: impl Fn(f64, f64) -> f64) -> Strip {
    let values = Array3::from_shape_fn((3, OFFSET.len, CHAINAGE.len), |(b, i, j)| {
        let seed = ((t * 3 + b) * OFFSET.len + i) * CHAINAGE.len + j;
        let noise = 0.01 * (fraction(seed as u32) - 0.5);
        (shows(OFFSET.at_m(i), CHAINAGE.at_m(j)) + noise) as f32
    });
    let shape = (OFFSET.len, CHAINAGE.len);
    Strip {
        chainage: CHAINAGE,
        offset: OFFSET,
        values,
        covered: Array2::from_elem(shape, true),
        clear: Array2::from_elem(shape, true),
    }
}

/// 1 inside of an edge, 0 beyond it, `in_m` from it.
fn inside(in_m: f64) -> f64 {
    0.5 + 0.5 * (in_m / 0.7).tanh()
}

/// A strip of a deck 6 m wide with rails' bed, displaced by `moved_m(chainage)`.
fn deck(t: usize, moved_m: impl Fn(f64) -> f64) -> Strip {
    // Water and deck change from day to day, each in its own way.
    let (water, deck) = (0.04 + 0.01 * (t % 3) as f64, 0.15 + 0.02 * (t % 4) as f64);
    strip(t, |o, s| {
        let from_middle_m = (o - moved_m(s)).abs();
        water + (deck - water) * inside(3.0 - from_middle_m) - 0.05 * inside(1.2 - from_middle_m)
    })
}

/// A train on the strip with its shadow to the left, where the deck is displaced to.
fn with_train(mut strip: Strip, at_m: std::ops::Range<f64>, moved_m: impl Fn(f64) -> f64) -> Strip {
    for ((_, i, j), v) in strip.values.indexed_iter_mut() {
        let s = CHAINAGE.at_m(j);
        let o = OFFSET.at_m(i) - moved_m(s);
        if at_m.contains(&s) {
            if o.abs() < 1.6 {
                *v = 0.3;
            } else if (-6.0..-1.6).contains(&o) {
                *v *= 0.3;
            }
        }
    }
    strip
}

fn found(strips: &[Strip]) -> Vec<Option<Vec<f64>>> {
    sideways(&strips.iter().collect::<Vec<_>>(), PIXEL_M)
}

fn worst_error_m(found: &[f64], moved_m: impl Fn(f64) -> f64) -> f64 {
    let errors = found.iter().enumerate();
    errors
        .map(|(j, m)| (m - moved_m(CHAINAGE.at_m(j))).abs())
        .fold(0.0, f64::max)
}

#[test]
fn a_deck_seen_at_an_angle_is_found_where_it_appears() {
    // Four of nine, by 2 to 4 m to either side.
    let by = [0.0, 2.0, 0.0, -3.0, 0.0, 4.0, 0.0, -2.0, 0.0];
    let strips: Vec<Strip> = (0..CAPTURES)
        .map(|t| deck(t, |s| by[t] * bowed(s)))
        .collect();
    for (t, moved) in found(&strips).iter().enumerate() {
        if by[t] == 0.0 {
            assert_eq!(*moved, None, "{t}");
        } else {
            let moved = moved.as_ref().unwrap();
            let worst = worst_error_m(moved, |s| by[t] * bowed(s));
            // On 50 m, from one section to the next, the deck moves by a quarter of it; the
            // last one says what is beyond it.
            assert!(worst < 0.25 * by[t].abs(), "{t}: {worst:.2} m");
        }
    }
}

#[test]
fn trains_do_not_draw_the_track_to_them() {
    let by = |t: usize| if t == 3 { -3.0 } else { 0.0 };
    let strips: Vec<Strip> = (0..CAPTURES)
        .map(|t| {
            let moved_m = |s: f64| by(t) * bowed(s);
            let strip = deck(t, moved_m);
            match t {
                3 => with_train(strip, 100.0..350.0, moved_m),
                5 => with_train(strip, -50.0..551.0, moved_m),
                _ => strip,
            }
        })
        .collect();
    let found = found(&strips);
    let worst = worst_error_m(found[3].as_ref().unwrap(), |s| by(3) * bowed(s));
    assert!(worst < 0.7, "{worst:.2} m");
    assert_eq!(found[5], None);
}

#[test]
fn a_shadow_beside_the_bed_moves_one_edge_and_is_not_followed() {
    // Bright ground to the left of the bed, ground like the bed to its right. Over half of the
    // length a low sun draws the edge of the bright ground 3 m away from the bed.
    let ground = |t: usize| {
        strip(t, move |o, s| {
            let drawn_m = if t == 4 && s < 250.0 { 3.0 } else { 0.0 };
            0.05 + 0.4 * inside(-3.0 - drawn_m - o)
        })
    };
    let strips: Vec<Strip> = (0..CAPTURES).map(ground).collect();
    assert_eq!(found(&strips), vec![None; CAPTURES]);
}

#[test]
fn what_is_not_bent_must_be_displaced_by_more() {
    // A shadow beside the deck moves its edges by half a pixel; a deck as a whole is
    // displaced where the ground registered its picture by something else.
    for (by_m, moves) in [(0.7, false), (1.5, true)] {
        let by = |t: usize| if t == 4 { by_m } else { 0.0 };
        let strips: Vec<Strip> = (0..CAPTURES).map(|t| deck(t, |_| by(t))).collect();
        assert_eq!(found(&strips)[4].is_some(), moves, "{by_m}");
    }
}

#[test]
fn a_picture_that_shows_no_track_stays() {
    let mut strips: Vec<Strip> = (0..CAPTURES).map(|t| deck(t, |_| 0.0)).collect();
    for which in [2, 6] {
        for ((b, i, j), v) in strips[which].values.indexed_iter_mut() {
            let seed = (which * 31 + b) * 1_000_003 + (i * 61 + j / 40 * 7919) * 17;
            *v = (0.1 + 0.1 * fraction(seed as u32)) as f32;
        }
    }
    assert_eq!(found(&strips), vec![None; CAPTURES]);
}

#[test]
fn the_rim_of_a_cloud_is_no_edge() {
    // Slanting over the deck, beside all of its length.
    let mut strips: Vec<Strip> = (0..CAPTURES).map(|t| deck(t, |_| 0.0)).collect();
    for ((i, j), clear) in strips[3].clear.indexed_iter_mut() {
        *clear = OFFSET.at_m(i) < 20.0 - 0.05 * CHAINAGE.at_m(j);
    }
    assert_eq!(found(&strips), vec![None; CAPTURES]);
}

#[test]
fn what_cannot_be_seen_is_between_its_neighbours() {
    let by = |t: usize| if t == 4 { 3.0 } else { 0.0 };
    let mut strips: Vec<Strip> = (0..CAPTURES).map(|t| deck(t, |_| by(t))).collect();
    for ((_, j), clear) in strips[4].clear.indexed_iter_mut() {
        *clear = !(200.0..330.0).contains(&CHAINAGE.at_m(j));
    }
    let found = found(&strips);
    let worst = worst_error_m(found[4].as_ref().unwrap(), |_| 3.0);
    assert!(worst < 0.2, "{worst:.2} m");
}

#[test]
fn without_a_consensus_nothing_moves() {
    assert!(sideways(&[], PIXEL_M).is_empty());
    let two: Vec<Strip> = (0..2).map(|t| deck(t, |_| 3.0 * t as f64)).collect();
    assert_eq!(found(&two), [None, None]);
    let mut dark: Vec<Strip> = (0..CAPTURES).map(|t| deck(t, |_| 0.0)).collect();
    for strip in &mut dark {
        strip.clear.fill(false);
    }
    assert_eq!(found(&dark), vec![None; CAPTURES]);
    let mut even: Vec<Strip> = (0..CAPTURES).map(|t| deck(t, |_| 0.0)).collect();
    even[2].values.fill(0.1);
    assert_eq!(found(&even)[2], None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn a_reversed_track_moves_to_the_other_side(by_m in 1.5f64..4.0, which in 0..CAPTURES) {
        let by = |t: usize| if t == which { by_m } else { 0.0 };
        let forth: Vec<Strip> = (0..CAPTURES).map(|t| deck(t, |s| by(t) * bowed(s))).collect();
        let mut back = forth.clone();
        for strip in &mut back {
            strip.values.invert_axis(ndarray::Axis(1));
            strip.values.invert_axis(ndarray::Axis(2));
        }
        for (forth, back) in found(&forth).into_iter().zip(found(&back)) {
            match (forth, back) {
                (Some(forth), Some(back)) => {
                    for (a, b) in forth.iter().zip(back.iter().rev()) {
                        prop_assert!((a + b).abs() < 1e-6, "{a} {b}");
                    }
                }
                (forth, back) => prop_assert_eq!(forth, back),
            }
        }
    }
}
