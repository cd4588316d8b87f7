use super::*;
use crate::strip::fixture::clear_strip;

/// Rows of pixels of 3 m, 40 m to both sides.
const ROWS_3_M: Axis = Axis {
    first_m: -40.0,
    step_m: 1.5,
    len: 54,
};

/// Rows of pixels of 10 m, 60 m to both sides.
const ROWS_10_M: Axis = Axis {
    first_m: -60.0,
    step_m: 5.0,
    len: 25,
};

fn energies(offset: Axis, of_row: impl Fn(f64) -> f64) -> Vec<f64> {
    (0..offset.len).map(|i| of_row(offset.at_m(i))).collect()
}

#[test]
fn two_lanes_are_found_in_an_energy_profile() {
    let given = Lanes::given(3.0, None);
    let h = |o: f64, c: f64| template(o - c, given.psf_m).powi(2);
    let energy = energies(ROWS_3_M, |o| 1.0 + 60.0 * h(o, -0.5) + 20.0 * h(o, 9.0));
    let found = search(given, ROWS_3_M, &energy);
    assert!((found.track_m + 0.5).abs() < 0.3, "{found:?}");
    assert!((found.road_m.unwrap_or(0.0) - 9.0).abs() < 0.3, "{found:?}");
}

#[test]
fn of_two_lanes_within_reach_the_nearer_is_the_track() {
    let given = Lanes::given(3.0, None);
    for (shadow_m, height) in [(-4.75, 80.0), (4.75, 20.0)] {
        let h = |o: f64, c: f64| template(o - c, given.psf_m).powi(2);
        let of_row = |o: f64| 1.0 + 40.0 * h(o, 0.25) + height * h(o, shadow_m);
        let found = search(given, ROWS_3_M, &energies(ROWS_3_M, of_row));
        assert!((found.track_m - 0.25).abs() < 0.3, "{found:?}");
    }
}

#[test]
fn what_the_blur_makes_one_is_no_road() {
    // A train and its shadow at 10 m pixels.
    let given = Lanes::given(10.0, None);
    let h = |o: f64, c: f64| template(o - c, given.psf_m).powi(2);
    let energy = energies(ROWS_10_M, |o| 1.0 + 400.0 * h(o, 0.0) + 400.0 * h(o, -5.0));
    let found = search(given, ROWS_10_M, &energy);
    let apart = |road: f64| told_apart(road - found.track_m, found.psf_m);
    assert!(found.road_m.is_none_or(apart), "{found:?}");
}

#[test]
fn other_ground_beyond_the_deck_does_not_hide_the_road() {
    // Beyond the deck the energy is another on each side. The best single lane beside
    // the track would lie there.
    let given = Lanes::given(10.0, None);
    let h = |o: f64, c: f64| template(o - c, given.psf_m).powi(2);
    let ground = |o: f64| 1.5 + 0.05 * (o - 12.0).max(0.0) + 0.1 * (-o - 12.0).max(0.0);
    let road = |height: f64| {
        let of_row = |o: f64| ground(o) + 100.0 * h(o, -0.8) + height * h(o, -8.5);
        search(given, ROWS_10_M, &energies(ROWS_10_M, of_row))
    };
    let found = road(70.0);
    assert!((found.track_m + 0.8).abs() < 1.0, "{found:?}");
    assert!(
        found.road_m.is_some_and(|m| (m + 8.5).abs() < 1.5),
        "{found:?}"
    );
    assert_eq!(road(0.0).road_m, None);
}

#[test]
fn a_blur_that_is_not_quite_known_makes_no_road() {
    let given = Lanes::given(3.0, None);
    let wide = 1.05 * given.psf_m;
    let energy = energies(ROWS_3_M, |o| 1.0 + 60.0 * template(o, wide).powi(2));
    let found = search(given, ROWS_3_M, &energy);
    assert_eq!(found.road_m, None, "{found:?}");
}

#[test]
fn the_other_track_is_not_taken_for_this_one() {
    let offset = Axis {
        first_m: -25.0,
        step_m: 0.5,
        len: 101,
    };
    let given = Lanes::given(1.0, None).beside(&[4.5, 9.0]);
    assert_eq!(given.beside_m, [None, Some(4.5)]);
    let h = |o: f64, c: f64| template(o - c, given.psf_m).powi(2);
    let energy = energies(offset, |o| 1.0 + 10.0 * h(o, 0.6) + 80.0 * h(o, 5.1));
    let found = search(given, offset, &energy);
    assert!((found.track_m - 0.6).abs() < 0.2, "{found:?}");
    assert!(found.beside_m[1].is_some_and(|m| (m - 5.1).abs() < 0.2));
    // Two tracks that are one peak do not move the line.
    let blurred = Lanes::given(10.0, None).beside(&[4.5]);
    assert_eq!((blurred.beside_m, blurred.reach_m), ([None; 2], 0.0));
}

#[test]
fn lanes_out_of_reach_take_no_part() {
    let given = Lanes::given(1.0, Some(9.0)).beside(&[4.5, -12.0]);
    let near = given.within([5.9; 2]);
    assert_eq!((near.road_m, near.beside_m), (None, [None, Some(4.5)]));
    assert_eq!(given.within([18.0; 2]), given);
}

#[test]
fn a_flat_profile_keeps_the_given_track() {
    let given = Lanes::given(3.0, None);
    let found = search(given, ROWS_3_M, &[1.0; 54]);
    assert_eq!(found.road_m, None);
}

#[test]
fn a_shadow_beside_the_track_is_not_the_track() {
    // Of a train on the line and its shadow, three metres to the left, the shadow
    // has more energy; farther out a road.
    let offset = Axis {
        first_m: -30.0,
        step_m: 0.5,
        len: 121,
    };
    let given = Lanes::given(1.0, None);
    let energy = |shadow: f64| -> Vec<f64> {
        let of_row = |o: f64| {
            let h = |middle: f64, width: f64| strip(o - middle, width, given.psf_m).powi(2);
            8.0 + 20.0 * h(0.2, WIDTH_M) + shadow * h(-2.9, SHADOW_M) + 15.0 * h(8.0, WIDTH_M)
        };
        energies(offset, of_row)
    };
    for shadow in [0.0, 10.0, 30.0] {
        let found = search(given, offset, &energy(shadow));
        assert!((found.track_m - 0.2).abs() < 0.15, "{shadow}: {found:?}");
        assert!(
            found.road_m.is_some_and(|m| (m - 8.0).abs() < 0.3),
            "{found:?}"
        );
    }
}

#[test]
fn trains_wider_than_the_blur_make_no_road() {
    // Shadows: all energy is that of trains, a fifth wider than the blur.
    let given = Lanes::given(10.0, None);
    let wide_m = 1.2 * given.psf_m;
    let along = Axis {
        first_m: 0.0,
        step_m: 5.0,
        len: 60,
    };
    let strip = clear_strip(ROWS_10_M, along, Array3::zeros((4, ROWS_10_M.len, 60)));
    let strips = vec![strip; 16];
    let held = vec![
        (0..60)
            .map(|j| (20..40).contains(&j))
            .collect::<Vec<bool>>();
        16
    ];
    let residual = |t: usize| {
        Some(Array3::from_shape_fn(
            (4, ROWS_10_M.len, 60),
            |(b, i, j)| {
                let train = template(ROWS_10_M.at_m(i) + 1.0, wide_m);
                let unevenness = ((ROWS_10_M.at_m(i) / 5.0).round() as i64 % 3) as f64 * 0.05;
                let chance = ((i * 31 + j * 17 + t * 13 + b * 7) % 41) as f64 / 12.0 - 5.0 / 3.0;
                let stands = if held[t][j] { 40.0 * train } else { 0.0 };
                (chance * (1.0 + unevenness) + stands) as f32
            },
        ))
    };
    let residuals: Vec<_> = (0..16).map(residual).collect();
    let found = Lanes::find(given, &strips, &residuals, &held);
    assert_eq!(found.road_m, None, "{found:?}");
    assert!((found.track_m + 1.0).abs() < 0.9, "{found:?}");
    assert!((found.psf_m - given.psf_m).abs() < 1e-12);
}
