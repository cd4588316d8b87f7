//! The likelihood against the textbook density, and what it says of plain cases.
#![allow(clippy::unwrap_used)]
use ndarray::Array2;

use super::*;
use crate::strip::Axis;

fn profile() -> Profile {
    let n = 40;
    let axis = Axis {
        first_m: 0.0,
        step_m: 1.5,
        len: n,
    };
    let track = Array2::from_shape_fn((2, n), |(b, j)| {
        let inside = f32::from(u8::from(axis.at_m(j) > 30.0));
        inside * (0.1 - 0.15 * b as f32) + 0.002 * ((j * 7 + b) as f32).sin()
    });
    // A product of bands and places.
    let track_sigma = Array2::from_shape_fn((2, n), |(b, j)| {
        0.01 * (1.0 + 0.5 * b as f32) * (1.0 + 0.01 * j as f32)
    });
    Profile {
        band_correlation: ndarray::array![[1.0, 0.3], [0.3, 1.0]],
        ..Profile::seen_whole(axis, (track, track_sigma), (2.2, 3.0))
    }
}

fn colour() -> Colour {
    Colour {
        mean: DVector::from_row_slice(&[0.1, -0.05]),
        covariance: DMatrix::from_row_slice(2, 2, &[0.001, 0.0004, 0.0004, 0.002]),
        faint: DMatrix::from_row_slice(2, 2, &[0.001, 0.0, 0.0, 0.001]),
    }
}

/// Bands of which each is a channel: neither noise nor colour is shared.
fn apart() -> (Profile, Colour) {
    let (mut profile, mut colour) = (profile(), colour());
    profile.band_correlation = Array2::eye(2);
    colour.covariance = DMatrix::from_diagonal(&colour.covariance.diagonal());
    (profile, colour)
}

/// Colour without a mean: channels share nothing of it.
fn plain() -> (Profile, Colour) {
    let colour = colour();
    let mean = DVector::zeros(2);
    (profile(), Colour { mean, ..colour })
}

/// Within 15 m of 30 m.
fn likelihoods(side: Side, far_m: f64, seen: &(Profile, Colour)) -> Vec<(f64, Vec<f64>)> {
    let reach = Reach {
        guess_m: 30.0,
        half_m: 15.0,
        far_m,
    };
    within((side, reach), seen)
}

/// Of an end in a reach, nothing moving.
fn within(end: (Side, Reach), (profile, colour): &(Profile, Colour)) -> Vec<(f64, Vec<f64>)> {
    let noise = NoiseShape::given(profile);
    let shifts = [vec![0.0; profile.track.nrows()]];
    let window = Window::new(profile, end, colour, &noise, &shifts);
    window.unwrap().log_likelihoods()
}

/// The likeliest place, m.
fn likeliest_m(places: &[(f64, Vec<f64>)]) -> f64 {
    let best = places.iter().max_by(|a, b| a.1[0].total_cmp(&b.1[0]));
    best.unwrap().0
}

/// The textbook density of `N(H μ, H K Hᵀ + N)` with everything written
/// out, band after band, of a train from `start_m` to `far_m` whose start is
/// blurred a little otherwise than the point spread says.
fn direct(start_m: f64, far_m: f64, (profile, colour): &(Profile, Colour)) -> f64 {
    let noise = NoiseShape::given(profile);
    let cells: Vec<usize> = (0..40)
        .filter(|j| (profile.chainage.at_m(*j) - 30.0).abs() < 15.0)
        .collect();
    let n = cells.len();
    let at = |i: usize| profile.chainage.at_m(cells[i % n]);
    let cell_m = 0.6;
    let count = ((far_m - start_m) / cell_m).round() as usize;
    let place = |u: usize| start_m + (u as f64 + 0.5) * cell_m;
    let peak = cell_m / (2.2 * std::f64::consts::TAU.sqrt());
    let h = DMatrix::from_fn(n, count, |i, u| {
        peak * (-0.5 * ((at(i) - place(u)) / 2.2).powi(2)).exp()
    });
    let k = DMatrix::from_fn(count, count, |u, v| {
        (-(place(u) - place(v)).abs() / CAR_M).exp() + MEAN_SHARE
    });
    let process = &h * k * h.transpose();
    let sums = h.column_sum();
    let covariance = DMatrix::from_fn(2 * n, 2 * n, |p, q| {
        let sigma = |p: usize| f64::from(profile.track_sigma[(p / n, cells[p % n])]);
        let (a, b) = (p / n, q / n);
        let mean = if a == b { colour.mean[a].powi(2) } else { 0.0 };
        let squares = colour.covariance[(a, b)] + mean;
        // A quarter of the point spread, in cells.
        let moved = 0.25 * 2.2 / cell_m * h[(p % n, 0)];
        let unsharp = if p % n == q % n {
            squares * moved * moved
        } else {
            0.0
        };
        unsharp
            + colour.covariance[(a, b)] * process[(p % n, q % n)]
            + noise.between(p / n, q / n) * noise.along(at(p) - at(q), 3.0) * sigma(p) * sigma(q)
    });
    let left = DVector::from_fn(2 * n, |p, _| {
        f64::from(profile.track[(p / n, cells[p % n])]) - colour.mean[p / n] * sums[p % n]
    });
    let log_determinant = (covariance.clone().symmetric_eigen().eigenvalues)
        .map(f64::ln)
        .sum();
    -0.5 * (left.dot(&(covariance.try_inverse().unwrap() * &left)) + log_determinant)
}

#[test]
fn it_differs_between_places_as_the_textbook_density_does() {
    // A train shorter than a faint car, wholly inside the window: channels
    // change the density by a constant factor only.
    for seen in [apart(), plain()] {
        let got = likelihoods(Side::Start, 42.0, &seen);
        let reference = direct(30.0, 42.0, &seen);
        let here = got.iter().find(|(x, _)| (x - 30.0).abs() < 1e-9).unwrap().1[0];
        for (place, log) in got.iter().filter(|(x, _)| (26.0..37.0).contains(x)) {
            let expected = direct(*place, 42.0, &seen) - reference;
            let got = log[0] - here;
            assert!(
                (got - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{place} {got} {expected}"
            );
        }
    }
}

#[test]
fn the_true_end_is_the_most_likely() {
    let got = likelihoods(Side::Start, 1e9, &(profile(), colour()));
    let best_m = likeliest_m(&got);
    assert!((best_m - 30.0).abs() <= 1.2, "{best_m}");
}

#[test]
fn a_car_that_looks_much_like_the_track_belongs_to_the_train() {
    let mut profile = profile();
    let axis = profile.chainage;
    for ((b, j), v) in profile.track.indexed_iter_mut() {
        let at = axis.at_m(j);
        let faint = at > 13.0 && at < 30.0;
        *v += f32::from(u8::from(faint)) * [0.02, -0.03][b];
    }
    let reach = Reach {
        guess_m: 22.0,
        half_m: 15.0,
        far_m: 1e9,
    };
    let got = within((Side::Start, reach), &(profile, colour()));
    let at = |m: f64| got.iter().find(|(x, _)| (x - m).abs() < 0.7).unwrap().1[0];
    assert!(at(13.0) > at(30.0) && at(13.0) > at(21.0));
}

#[test]
fn the_gap_before_the_last_car_does_not_move_the_end() {
    // The last cars, with bodies of 12.9 m and gaps of 1 m, in a capture sharper
    // than its profile says. A faint car is taken to be longer: one that began in
    // the gap would end too far out.
    let axis = Axis {
        first_m: 0.0,
        step_m: 1.0,
        len: 81,
    };
    let edge = |d: f64| statrs::function::erf::erf(d / (0.45 * std::f64::consts::SQRT_2)) / 2.0;
    let body = |at: f64, from: f64| edge(at - from) - edge(at - from - 12.9);
    let track = Array2::from_shape_fn((4, 81), |(b, j)| {
        let cars: f64 = [0.8, 14.7, 28.6]
            .iter()
            .map(|x| body(axis.at_m(j), *x))
            .sum();
        (cars * 0.1 + 0.002 * ((j * 7 + b) as f64).sin()) as f32
    });
    let track_sigma = Array2::from_elem((4, 81), 0.002);
    let profile = Profile::seen_whole(axis, (track, track_sigma), (0.72, 0.5));
    // A dark locomotive further on makes the contrasts vary, much the same in all bands.
    let varied = |own: f64, common: f64| {
        DMatrix::from_diagonal_element(4, 4, own) + DMatrix::from_element(4, 4, common)
    };
    let colour = Colour {
        mean: DVector::from_element(4, 0.07),
        covariance: varied(0.0005, 0.0025),
        faint: varied(0.0005, 0.0011),
    };
    let reach = Reach {
        guess_m: 41.5,
        half_m: 24.0,
        far_m: 0.3,
    };
    let best_m = likeliest_m(&within((Side::End, reach), &(profile, colour)));
    assert!((best_m - 41.5).abs() <= 0.4, "{best_m}");
}

#[test]
fn turned_about_it_is_the_same() {
    let forward = likelihoods(Side::Start, 1e9, &(profile(), colour()));
    let mut turned = profile();
    turned.track.invert_axis(ndarray::Axis(1));
    turned.track_sigma.invert_axis(ndarray::Axis(1));
    let last = turned.chainage.at_m(39);
    let reach = Reach {
        guess_m: last - 30.0,
        half_m: 15.0,
        far_m: -1e9,
    };
    let backward = within((Side::End, reach), &(turned, colour()));
    for (a, b) in forward.iter().zip(backward) {
        assert!((a.0 + b.0 - last).abs() < 1e-9);
        assert!((a.1[0] - b.1[0]).abs() < 1e-6 * a.1[0].abs());
    }
}
