//! What stands across the track counts as a train's or as a misfit.
#![allow(clippy::unwrap_used)]
use ndarray::Array3;

use super::super::template::strip;
use super::*;
use crate::strip::fixture::clear_strip;

fn axis(first_m: f64, step_m: f64, len: usize) -> Axis {
    Axis {
        first_m,
        step_m,
        len,
    }
}

/// Residuals in noise of one unit, sampled at half a pixel of 1 m, in which `across`
/// stands on 20 m of the track.
fn seen(across: impl Fn(f64) -> f64) -> (Array3<f32>, Strip) {
    let (offset, chainage) = (axis(-20.0, 0.5, 81), axis(0.0, 0.5, 400));
    let values = Array3::from_shape_fn((1, offset.len, chainage.len), |(_, i, j)| {
        let noise = ((i * 31 + j * 17 + i * j * 7) % 41) as f64 / 12.0 - 5.0 / 3.0;
        let there = if (200..240).contains(&j) {
            across(offset.at_m(i))
        } else {
            0.0
        };
        (noise + there) as f32
    });
    let strip = clear_strip(offset, chainage, values.clone());
    (values, strip)
}

/// The contrast of `across`, seen on these lanes.
fn measured(across: impl Fn(f64) -> f64, lanes: Lanes) -> Contrast {
    let (values, strip) = seen(across);
    let fits = Across::new(strip.offset, lanes).unwrap();
    fits.contrast(&values, &strip)
}

/// Mean misfit where `across` stands, seen on these lanes.
fn misfit_on(lanes: Lanes, across: impl Fn(f64) -> f64) -> f32 {
    measured(across, lanes).misfit[210..230].iter().sum::<f32>() / 20.0
}

fn mean_misfit(across: impl Fn(f64) -> f64) -> f32 {
    misfit_on(Lanes::given(1.0, None), across)
}

fn stands(offset_m: f64, centre_m: f64, half_m: f64) -> f64 {
    f64::from(u8::from((offset_m - centre_m).abs() < half_m))
}

#[test]
fn a_roof_with_its_shadow_is_a_train() {
    let train = |o: f64| 20.0 * stands(o, 0.0, 1.6) - 30.0 * stands(o, 3.1, 1.5);
    assert!(mean_misfit(train) < 2.0, "{}", mean_misfit(train));
}

#[test]
fn what_lies_beside_the_track_is_none() {
    let ship = |o: f64| 30.0 * stands(o, 5.2, 0.8);
    assert!(mean_misfit(ship) > 4.0, "{}", mean_misfit(ship));
}

#[test]
fn several_tracks_leave_room_to_learn_the_noise() {
    let (offset, chainage) = (axis(-65.0, 5.0, 27), axis(0.0, 5.0, 60));
    let values = Array3::from_shape_fn((1, offset.len, chainage.len), |(_, i, j)| {
        ((i * 31 + j * 17) % 41) as f32 - 20.0
    });
    let strip = clear_strip(offset, chainage, values.clone());
    let lanes = Lanes::given(10.0, None).beside(&[-26.0, 26.0]);
    let contrast = Across::new(offset, lanes)
        .unwrap()
        .contrast(&values, &strip);
    assert!(contrast.sigma.iter().all(|s| s.is_finite() && *s > 0.0));
}

/// Mean contrast on the stretch where `across` stands, seen on these lanes.
fn mean_contrast(across: impl Fn(f64) -> f64, lanes: Lanes) -> f32 {
    let contrast = measured(across, lanes);
    let there = (210..230).map(|j| contrast.track[(0, j)]);
    there.sum::<f32>() / 20.0
}

#[test]
fn a_train_as_dark_as_its_shadow_is_seen_against_the_ground_in_the_sun() {
    let lanes = Lanes::given(1.0, None);
    let coal = |o: f64| -20.0 * strip(o - 3.7, 10.6, lanes.psf_m);
    let known = mean_contrast(coal, lanes.shaded(3.0));
    assert!((known + 20.0).abs() < 1.5, "{known}");
    // With both sides for ground, half of what is compared with lies in the shadow.
    let unknown = mean_contrast(coal, lanes);
    assert!(unknown > -12.0, "{unknown}");
    let mirrored = mean_contrast(|o| coal(-o), lanes.shaded(-3.0));
    assert!((mirrored - known).abs() < 0.7, "{mirrored}");
}

#[test]
fn a_train_without_a_shadow_is_seen_as_well_against_one_side() {
    let lanes = Lanes::given(1.0, None);
    let train = |o: f64| 20.0 * template(o, lanes.psf_m);
    for shadow_m in [0.0, 3.0, -3.0] {
        let found = mean_contrast(train, lanes.shaded(shadow_m));
        assert!((found - 20.0).abs() < 1.5, "{shadow_m}: {found}");
    }
}

#[test]
fn a_fit_that_leaves_one_side_out_still_says_what_it_does_not_explain() {
    let lanes = Lanes::given(1.0, None).shaded(3.0);
    let half_a_train = |o: f64| 30.0 * stands(o, -0.6, 0.5) - 30.0 * stands(o, 0.6, 0.5);
    let (misfit, of_noise) = (misfit_on(lanes, half_a_train), misfit_on(lanes, |_| 0.0));
    assert!(misfit > 4.0, "{misfit}");
    assert!(of_noise > 0.3, "{of_noise}");
}
