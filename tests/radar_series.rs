//! The radar path on simulated series: correlated speckle of five looks, a bed
//! with texture, planted strings blurred by the point response.

#![allow(clippy::expect_used)]

use ndarray::{Array2, Array3};
use railspan::pipeline::{RadarOutcome, RadarSettings, analyse_radar};
use railspan::strip::{Axis, PointResponse, Strip};

const LENGTH_M: f64 = 700.0;
const LOOKS: usize = 5;
const OFFSET: Axis = Axis {
    first_m: -60.0,
    step_m: 5.0,
    len: 25,
};
const CHAINAGE: Axis = Axis {
    first_m: -80.0,
    step_m: 5.0,
    len: 173,
};

/// `SplitMix64` (Steele, Lea and Flood 2014) and what is drawn from it.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Box and Muller (1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * self.uniform()).cos()
    }
}

/// A string to plant: (capture, start m, end m, contrast dB, offset m).
type Planted = (usize, f64, f64, f64, f64);

/// White noise smoothed over both axes, standard deviation 1.
fn smooth_noise(random: &mut Random, sigma_m: f64) -> Array2<f64> {
    let reach = (2.5 * sigma_m / 5.0).ceil() as usize;
    let taps: Vec<f64> = (0..=2 * reach)
        .map(|k| (-0.5 * ((k as f64 - reach as f64) * 5.0 / sigma_m).powi(2)).exp())
        .collect();
    let (rows, columns) = (OFFSET.len, CHAINAGE.len);
    let white = Array2::from_shape_fn((rows + 2 * reach, columns + 2 * reach), |_| random.normal());
    let along = Array2::from_shape_fn((rows + 2 * reach, columns), |(r, c)| {
        (0..taps.len())
            .map(|k| taps[k] * white[[r, c + k]])
            .sum::<f64>()
    });
    let energy: f64 = taps.iter().map(|t| t * t).sum();
    Array2::from_shape_fn((rows, columns), |(r, c)| {
        (0..taps.len())
            .map(|k| taps[k] * along[[r + k, c]])
            .sum::<f64>()
            / energy
    })
}

/// Multilook speckle of mean 1: complex fields whose amplitude response is √2
/// wider than that of the power.
fn speckle(random: &mut Random, response: PointResponse) -> Array2<f64> {
    let sigma_m = response.sigma_m * std::f64::consts::SQRT_2 / 2.0;
    let mut power = Array2::zeros((OFFSET.len, CHAINAGE.len));
    for _ in 0..2 * LOOKS {
        power += &smooth_noise(random, sigma_m).mapv(|v| v * v);
    }
    power / (2 * LOOKS) as f64
}

fn series(captures: usize, seed: u64, planted: &[Planted]) -> Vec<Strip> {
    let response = PointResponse::of_gsd(10.0);
    let mut random = Random(seed);
    let bed_db = smooth_noise(&mut random, 12.0) * 2.0 - 12.0;
    (0..captures)
        .map(|capture| {
            let gain_db = random.normal();
            let grain = speckle(&mut random, response);
            let values = Array3::from_shape_fn((1, OFFSET.len, CHAINAGE.len), |(_, r, c)| {
                let excess: f64 = planted
                    .iter()
                    .filter(|p| p.0 == capture)
                    .map(|&(_, start, end, db, offset)| {
                        let at = CHAINAGE.at_m(c);
                        let along = response.edge(at - start) + response.edge(end - at) - 1.0;
                        let across = response.across(OFFSET.at_m(r) - offset);
                        (10_f64.powf(db / 10.0) - 1.0) * along * across
                    })
                    .sum();
                let power = (1.0 + excess) * grain[[r, c]].max(1e-3);
                (bed_db[[r, c]] + gain_db + 10.0 * power.log10()) as f32
            });
            let seen = Array2::from_elem((OFFSET.len, CHAINAGE.len), true);
            Strip {
                chainage: CHAINAGE,
                offset: OFFSET,
                values,
                covered: seen.clone(),
                clear: seen,
            }
        })
        .collect()
}

fn run(strips: &[Strip]) -> Vec<RadarOutcome> {
    let settings = RadarSettings::of(10.0, (0.0, LENGTH_M));
    analyse_radar(&strips.iter().collect::<Vec<_>>(), None, &settings).expect("one grid")
}

fn alarms(outcomes: &[RadarOutcome]) -> usize {
    outcomes.iter().filter(|o| !o.trains.is_empty()).count()
}

#[test]
fn planted_strings_are_found_and_measured() {
    let planted = [
        (3, 200.0, 450.0, 12.0, 0.0),
        (7, 100.0, 300.0, 9.0, 8.0),
        (11, 350.0, 550.0, 8.0, -8.0),
        (15, 250.0, 500.0, 7.0, 0.0),
        (19, 300.0, 420.0, 10.0, -12.0),
    ];
    let outcomes = run(&series(24, 5, &planted));
    assert_eq!(alarms(&outcomes), planted.len());
    for (capture, start, end, db, offset) in planted {
        let trains = &outcomes[capture].trains;
        assert_eq!(trains.len(), 1, "capture {capture}: {trains:?}");
        let train = &trains[0];
        let off_m = (train.length_m() - (end - start)).abs();
        assert!(
            off_m < 40.0 && off_m < 3.0 * train.length_sigma_m(),
            "{train:?}"
        );
        assert!((train.start.at_m - start).abs() < 30.0, "{train:?}");
        assert!((train.contrast_db - db).abs() < 2.5, "{train:?}");
        assert!((train.lane_m - offset).abs() < 10.0, "{train:?}");
    }
}

#[test]
fn empty_series_raise_no_alarm() {
    for seed in [11, 12, 13] {
        assert_eq!(alarms(&run(&series(24, seed, &[]))), 0, "seed {seed}");
    }
}

#[test]
fn a_neighbouring_string_is_not_this_tracks() {
    let planted = [
        (4, 100.0, 500.0, 14.0, 60.0),
        (9, 200.0, 600.0, 14.0, -60.0),
    ];
    assert_eq!(alarms(&run(&series(20, 21, &planted))), 0);
}

#[test]
fn wagons_that_stay_for_a_third_of_the_series_are_seen_in_each_capture() {
    let planted: Vec<Planted> = (8..15).map(|i| (i, 250.0, 450.0, 10.0, 0.0)).collect();
    let outcomes = run(&series(24, 31, &planted));
    let found: Vec<usize> = (0..24)
        .filter(|&i| !outcomes[i].trains.is_empty())
        .collect();
    assert_eq!(found, (8..15).collect::<Vec<_>>());
}

#[test]
fn gains_of_captures_change_nothing() {
    let strips = series(16, 41, &[(5, 200.0, 450.0, 10.0, 0.0)]);
    let mut louder = strips.clone();
    for (i, strip) in louder.iter_mut().enumerate() {
        strip.values += i as f32 * 0.5;
    }
    let (before, after) = (run(&strips), run(&louder));
    for (a, b) in before.iter().zip(&after) {
        assert_eq!(a.trains.len(), b.trains.len());
        for (x, y) in a.trains.iter().zip(&b.trains) {
            assert!((x.length_m() - y.length_m()).abs() < 0.5, "{x:?} {y:?}");
        }
    }
}

#[test]
fn a_train_that_runs_out_of_the_track_is_cut_and_says_so() {
    let outcomes = run(&series(16, 51, &[(5, 500.0, 1000.0, 10.0, 0.0)]));
    let train = &outcomes[5].trains[0];
    assert!(train.end.hidden && !train.start.hidden, "{train:?}");
    assert!((train.end.at_m - LENGTH_M).abs() < 1e-9, "{train:?}");
}

#[test]
fn a_lone_capture_and_a_pair_say_what_they_can() {
    let alone = run(&series(1, 61, &[(0, 200.0, 450.0, 12.0, 0.0)]));
    assert!(alone[0].unsupported.is_some() && alone[0].trains.is_empty());
    let pair = run(&series(2, 62, &[(1, 200.0, 450.0, 14.0, 0.0)]));
    assert!(pair[0].trains.is_empty(), "{:?}", pair[0].trains);
    assert_eq!(pair[1].trains.len(), 1, "{:?}", pair[1].trains);
    assert!(run(&[]).is_empty());
}

#[test]
fn strips_of_different_grids_are_refused() {
    let mut strips = series(2, 71, &[]);
    strips[1].chainage.first_m += 5.0;
    let refs: Vec<&Strip> = strips.iter().collect();
    let settings = RadarSettings::of(10.0, (0.0, LENGTH_M));
    assert!(analyse_radar(&refs, None, &settings).is_err());
    assert!(analyse_radar(&refs[..1], Some(&[1, 2]), &settings).is_err());
}
