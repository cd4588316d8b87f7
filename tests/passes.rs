//! The passes on small simulated strips: a scene of two seasons that mix
//! differently in every capture, noise as interpolation leaves it, and trains
//! of known place.

#![allow(clippy::unwrap_used)]

use ndarray::{Array2, Array3, Axis as Dim, Slice};
use railspan::detect::{DEFAULT_PSF_PX, Detector};
use railspan::measure::{Censored, Fit, Polarity};
use railspan::pipeline::{PassSettings, StripOutcome, analyse};
use railspan::strip::{Axis, Strip};

const GSD_M: f64 = 3.0;
const CHAINAGE: Axis = Axis {
    first_m: -30.0,
    step_m: 1.5,
    len: 280,
};
const OFFSET: Axis = Axis {
    first_m: -39.0,
    step_m: 1.5,
    len: 53,
};

/// A small deterministic generator (Numerical Recipes' constants).
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Close to normal: the sum of twelve uniforms.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// A field whose samples are correlated over about a pixel.
    fn field(&mut self, sigma: f64) -> Array2<f64> {
        let white = Array2::from_shape_fn((OFFSET.len + 4, CHAINAGE.len + 4), |_| self.normal());
        let kernel = [0.35, 0.7, 1.0, 0.7, 0.35];
        Array2::from_shape_fn((OFFSET.len, CHAINAGE.len), |(i, j)| {
            let mut sum = 0.0;
            for (a, ka) in kernel.iter().enumerate() {
                for (b, kb) in kernel.iter().enumerate() {
                    sum += ka * kb * white[(i + a, j + b)];
                }
            }
            sum * sigma / 2.23
        })
    }
}

/// A planted train: capture, start and end in m, contrast.
type Train = (usize, f64, f64, f64);

/// Error function by Abramowitz and Stegun 7.1.26, good to 1.5e-7.
fn erf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let poly = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    (1.0 - poly * (-x * x).exp()).copysign(x)
}

fn blurred_step(d: f64, psf: f64) -> f64 {
    0.5 * (1.0 + erf(d / (psf * std::f64::consts::SQRT_2)))
}

fn template(o: f64, start: f64, end: f64, s: f64) -> f64 {
    let psf = DEFAULT_PSF_PX * GSD_M;
    let across = blurred_step(o + 1.6, psf) - blurred_step(o - 1.6, psf);
    across * (blurred_step(s - start, psf) - blurred_step(s - end, psf))
}

fn series(captures: usize, trains: &[Train]) -> Vec<Strip> {
    in_seasons(captures, trains, |_, any| any)
}

/// A series of captures whose season, 0 to 1, is made from their number and a random one.
fn in_seasons(captures: usize, trains: &[Train], season: impl Fn(usize, f64) -> f64) -> Vec<Strip> {
    let mut dice = Dice(7);
    let (summer, winter) = (dice.field(0.03), dice.field(0.03));
    (0..captures)
        .map(|t| {
            let season = season(t, dice.uniform());
            let gain = 0.8 + 0.4 * dice.uniform();
            let mut values = Array3::zeros((3, OFFSET.len, CHAINAGE.len));
            for mut band in values.outer_iter_mut() {
                let noise = dice.field(0.003);
                for ((i, j), v) in band.indexed_iter_mut() {
                    let scene = summer[(i, j)] * season + winter[(i, j)] * (1.0 - season);
                    let on_track: f64 = trains
                        .iter()
                        .filter(|train| train.0 == t)
                        .map(|(_, a, b, c)| c * template(OFFSET.at_m(i), *a, *b, CHAINAGE.at_m(j)))
                        .sum();
                    *v = (0.2 + gain * scene + noise[(i, j)] + on_track) as f32;
                }
            }
            let whole = Array2::from_elem((OFFSET.len, CHAINAGE.len), true);
            Strip {
                chainage: CHAINAGE,
                offset: OFFSET,
                values,
                covered: whole.clone(),
                clear: whole,
            }
        })
        .collect()
}

fn settings() -> PassSettings {
    PassSettings {
        gsd_m: GSD_M,
        road_lane_m: None,
        shadow_m: 0.0,
        beside_m: Vec::new(),
        detector: Detector::OPTICAL,
        motion: None,
    }
}

fn run(strips: &[Strip]) -> Vec<StripOutcome> {
    analyse(strips, &settings()).unwrap()
}

const PLANTED: [Train; 3] = [
    (3, 100.0, 190.0, 0.08),
    (7, 200.0, 300.0, -0.06),
    (8, 20.0, 120.0, 0.12),
];

#[test]
fn planted_trains_are_found_where_they_stand() {
    let outcomes = run(&series(14, &PLANTED));
    for (t, outcome) in outcomes.iter().enumerate() {
        let planted: Vec<&Train> = PLANTED.iter().filter(|p| p.0 == t).collect();
        assert_eq!(
            outcome.trains.len(),
            planted.len(),
            "capture {t}: {:?}",
            outcome.trains
        );
        for (train, (_, start, end, contrast)) in outcome.trains.iter().zip(planted) {
            assert!((train.fit.start_m - start).abs() < 2.0, "{train:?}");
            assert!((train.fit.end_m - end).abs() < 2.0, "{train:?}");
            assert_eq!(train.fit.censored, Censored::None);
            let expected = if *contrast > 0.0 {
                Polarity::Bright
            } else {
                Polarity::Dark
            };
            assert_eq!(train.polarity, expected);
        }
    }
}

#[test]
fn what_changed_for_good_is_no_train_and_hides_none() {
    // The bed is brighter from capture 15 on, where a train stands in the last before it.
    // Captures from 12 on have another season and predict each other.
    let mut planted: Vec<Train> = (15..26).map(|t| (t, 110.0, 230.0, 0.05)).collect();
    planted.push((14, 180.0, 300.0, -0.08));
    let spring = |t, any| if t < 12 { 0.2 * any } else { 0.8 + 0.2 * any };
    let outcomes = run(&in_seasons(26, &planted, spring));
    for (t, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.trains.len(), usize::from(t == 14), "capture {t}");
        assert!(
            outcome.reason.is_none(),
            "capture {t}: {:?}",
            outcome.reason
        );
    }
    let train = &outcomes[14].trains[0].fit;
    assert!((train.start_m - 180.0).abs() < 3.0, "{train:?}");
    assert!((train.end_m - 300.0).abs() < 3.0, "{train:?}");
    let said: Vec<usize> = (0..26)
        .filter(|t| {
            outcomes[*t]
                .remarks
                .iter()
                .any(|r| r.starts_with("changed for good"))
        })
        .collect();
    assert_eq!(said, [15]);
}

/// The strips of a series laid out with pixels of 1 m.
fn sharp(mut strips: Vec<Strip>) -> Vec<Strip> {
    for strip in &mut strips {
        for axis in [&mut strip.chainage, &mut strip.offset] {
            axis.first_m /= GSD_M;
            axis.step_m /= GSD_M;
        }
    }
    strips
}

#[test]
fn a_train_as_dark_as_its_shadow_is_measured_against_the_ground_in_the_sun() {
    // From 30 to 80 m, with a shadow that reaches 7 m to its right.
    let psf = DEFAULT_PSF_PX;
    let mut strips = sharp(series(14, &[]));
    let (chainage, offset) = (strips[5].chainage, strips[5].offset);
    for ((_, i, j), v) in strips[5].values.indexed_iter_mut() {
        let (s, o) = (chainage.at_m(j), offset.at_m(i));
        let along = blurred_step(s - 30.0, psf) - blurred_step(s - 80.0, psf);
        let across = blurred_step(o + 1.6, psf) - blurred_step(o - 8.6, psf);
        *v -= (0.05 * along * across) as f32;
    }
    let seen_with = |shadow_m: f64| {
        let settings = PassSettings {
            gsd_m: 1.0,
            shadow_m,
            ..settings()
        };
        analyse(&strips, &settings).unwrap()
    };
    let outcomes = seen_with(7.0);
    assert_eq!(trains(&outcomes).len(), 1, "{:?}", trains(&outcomes));
    let [train] = outcomes[5].trains.as_slice() else {
        panic!("{:?}", outcomes[5].trains)
    };
    assert!((train.fit.start_m - 30.0).abs() < 1.0, "{train:?}");
    assert!((train.fit.end_m - 80.0).abs() < 1.0, "{train:?}");
    let size = |outcomes: &[StripOutcome]| {
        let profile = outcomes[5].profile.as_ref().unwrap();
        -profile.track[(0, profile.chainage.cell_at(55.0))]
    };
    // Against both sides half of it is seen.
    assert!(size(&outcomes) > 0.04, "{}", size(&outcomes));
    assert!(size(&seen_with(0.0)) < 0.03, "{}", size(&seen_with(0.0)));
}

#[test]
fn an_empty_series_raises_no_alarm() {
    assert!(
        run(&series(12, &[]))
            .iter()
            .all(|o| o.trains.is_empty() && o.reason.is_none())
    );
}

#[test]
fn a_track_that_looks_otherwise_from_end_to_end_is_no_train() {
    let white = (5, -200.0, 600.0, 0.06);
    let outcomes = run(&series(14, &[white, PLANTED[0]]));
    assert_eq!(trains(&outcomes).len(), 1);
    let reason = outcomes[5].reason.as_deref().unwrap();
    assert!(reason.contains("from end to end"), "{reason}");
    let decided = outcomes.iter().filter(|o| o.reason.is_none());
    assert_eq!(decided.count(), 13);
    // A train on it has ends, and is found as on any other track.
    let outcomes = run(&series(14, &[white, (5, 100.0, 220.0, -0.12)]));
    let [train] = outcomes[5].trains.as_slice() else {
        panic!("{:?}", outcomes[5].trains)
    };
    assert!((train.fit.start_m - 100.0).abs() < 2.0, "{train:?}");
    assert!((train.fit.end_m - 220.0).abs() < 2.0, "{train:?}");
    assert_eq!(train.polarity, Polarity::Dark);
}

#[test]
fn gain_and_offset_of_a_series_do_not_matter() {
    let strips = series(10, &PLANTED[..1]);
    let scaled: Vec<Strip> = strips
        .iter()
        .map(|s| Strip {
            values: s.values.mapv(|v| 4.0 * v - 1.0),
            ..s.clone()
        })
        .collect();
    let mut wide = settings();
    wide.detector.prior.tau *= 4.0;
    let (plain, scaled) = (run(&strips), analyse(&scaled, &wide).unwrap());
    for (a, b) in plain.iter().zip(&scaled) {
        assert_eq!(a.trains.len(), b.trains.len());
        for (a, b) in a.trains.iter().zip(&b.trains) {
            assert!((a.fit.start_m - b.fit.start_m).abs() < 0.1);
            assert!((a.candidate.score / b.candidate.score - 1.0).abs() < 0.02);
        }
    }
}

#[test]
fn walking_the_track_the_other_way_mirrors_the_trains() {
    let strips = series(10, &PLANTED[..2]);
    let mirrored: Vec<Strip> = strips
        .iter()
        .map(|s| {
            let mut s = s.clone();
            s.values.invert_axis(Dim(1));
            s.values.invert_axis(Dim(2));
            s
        })
        .collect();
    let sum = CHAINAGE.at_m(0) + CHAINAGE.at_m(CHAINAGE.len - 1);
    for (a, b) in run(&strips).iter().zip(run(&mirrored)) {
        assert_eq!(a.trains.len(), b.trains.len());
        for (a, b) in a.trains.iter().zip(&b.trains) {
            assert!(
                (a.fit.start_m - (sum - b.fit.end_m)).abs() < 1.0,
                "{a:?} {b:?}"
            );
            assert!((a.fit.end_m - (sum - b.fit.start_m)).abs() < 1.0);
        }
    }
}

/// All trains of a series: capture, start and end in m, score.
fn trains(outcomes: &[StripOutcome]) -> Vec<(usize, [f64; 3])> {
    let of = |(t, o): (usize, &StripOutcome)| -> Vec<(usize, [f64; 3])> {
        let row = |m: &railspan::pipeline::MeasuredTrain| {
            (t, [m.fit.start_m, m.fit.end_m, m.candidate.score])
        };
        o.trains.iter().map(row).collect()
    };
    outcomes.iter().enumerate().flat_map(of).collect()
}

/// The same trains in the same captures, ends within `ends_m`, scores within
/// the share `scores`.
fn assert_alike(a: &[StripOutcome], b: &[StripOutcome], (ends_m, scores): (f64, f64)) {
    let (a, b) = (trains(a), trains(b));
    assert_eq!(a.len(), b.len(), "{a:?} {b:?}");
    for ((t, a), (u, b)) in a.iter().zip(&b) {
        assert_eq!(t, u);
        for (a, b) in a[..2].iter().zip(&b[..2]) {
            assert!((a - b).abs() <= ends_m, "capture {t}: {a} and {b}");
        }
        assert!((a[2] / b[2] - 1.0).abs() <= scores, "{} and {}", a[2], b[2]);
    }
}

/// Chainages are labels: only their last digits round differently.
#[test]
fn counting_chainage_from_elsewhere_moves_the_trains_with_it() {
    let strips = series(10, &PLANTED);
    let moved_m = 2048.0 * CHAINAGE.step_m;
    let moved: Vec<Strip> = strips
        .iter()
        .cloned()
        .map(|mut s| {
            s.chainage.first_m += moved_m;
            s
        })
        .collect();
    let mut outcomes = run(&moved);
    for train in outcomes.iter_mut().flat_map(|o| &mut o.trains) {
        train.fit.start_m -= moved_m;
        train.fit.end_m -= moved_m;
    }
    let plain = run(&strips);
    assert_eq!(trains(&plain).len(), PLANTED.len());
    assert_alike(&plain, &outcomes, (1e-6, 1e-9));
}

/// The level of a capture is taken off before anything is compared: what is
/// left are the last bits of f32.
#[test]
fn the_level_of_one_capture_does_not_matter() {
    let strips = series(10, &PLANTED);
    for t in [3, 5] {
        let mut hazy = strips.clone();
        hazy[t].values += 0.25;
        assert_alike(&run(&strips), &run(&hazy), (0.05, 0.01));
    }
}

/// The gain of a capture is taken up by its coefficients, all but for the
/// ridge and for what it does to the noise of the series: a tenth of a pixel.
#[test]
fn the_gain_of_one_empty_capture_does_not_matter() {
    let strips = series(12, &PLANTED);
    for gain in [0.8, 1.25] {
        let mut brighter = strips.clone();
        brighter[5].values *= gain;
        assert_alike(&run(&strips), &run(&brighter), (0.1 * GSD_M, 0.1));
    }
}

/// No sum depends on who adds first.
#[test]
fn any_number_of_threads_gives_the_same_outcome() {
    let strips = series(10, &PLANTED);
    let by = |threads: usize| {
        let workers = railspan::pipeline::workers(threads).unwrap();
        format!("{:?}", workers.install(|| run(&strips)))
    };
    assert_eq!(by(1), by(3));
}

/// Lorries on a lane to the right of the track, and the same walked the other
/// way, with the lane to the left. Blocks and thinned cells begin at the other
/// end, so that other cells are fitted: a third of a pixel.
#[test]
fn a_road_lane_changes_sides_when_the_track_is_walked_the_other_way() {
    const LANE_M: f64 = 9.0;
    let mut strips = series(12, &PLANTED);
    for (t, strip) in strips.iter_mut().enumerate() {
        let from_m = 40.0 + 25.0 * t as f64;
        for ((_, i, j), v) in strip.values.indexed_iter_mut() {
            let lorry = template(
                OFFSET.at_m(i) - LANE_M,
                from_m,
                from_m + 14.0,
                CHAINAGE.at_m(j),
            );
            *v += (0.1 * lorry) as f32;
        }
    }
    let mirrored: Vec<Strip> = strips
        .iter()
        .cloned()
        .map(|mut s| {
            s.values.invert_axis(Dim(1));
            s.values.invert_axis(Dim(2));
            s
        })
        .collect();
    let with_lane = |strips: &[Strip], lane_m: f64| {
        let settings = PassSettings {
            road_lane_m: Some(lane_m),
            ..settings()
        };
        analyse(strips, &settings).unwrap()
    };
    let there = with_lane(&strips, LANE_M);
    let mut back = with_lane(&mirrored, -LANE_M);
    let sum = CHAINAGE.at_m(0) + CHAINAGE.at_m(CHAINAGE.len - 1);
    for train in back.iter_mut().flat_map(|o| &mut o.trains) {
        let (start_m, end_m) = (train.fit.start_m, train.fit.end_m);
        train.fit.start_m = sum - end_m;
        train.fit.end_m = sum - start_m;
    }
    assert_eq!(trains(&there).len(), PLANTED.len());
    assert_alike(&there, &back, (GSD_M / 3.0, 0.3));
}

/// Trains in every part of a series that is too long for one window, and around
/// capture 130, where one window takes over from the other; wagons that stand
/// there from one into the other. No two trains are alike: equal ones in equal
/// places are told from the track by nothing but their number.
#[test]
fn long_series_are_looked_through_to_the_end() {
    let mut planted: Vec<Train> = vec![
        (2, 20.0, 90.0, 0.1),
        (128, 60.0, 150.0, -0.08),
        (129, 20.0, 110.0, 0.12),
        (130, 80.0, 150.0, 0.08),
        (131, 30.0, 120.0, -0.1),
        (257, 70.0, 150.0, 0.09),
    ];
    planted.extend((126..133).map(|t| (t, 200.0, 270.0, -0.1)));
    planted.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let strips: Vec<Strip> = series(260, &planted).into_iter().map(part).collect();
    let outcomes = run(&strips);
    let found: Vec<(usize, &Fit)> = (outcomes.iter().enumerate())
        .flat_map(|(t, o)| o.trains.iter().map(move |train| (t, &train.fit)))
        .collect();
    assert_eq!(found.len(), planted.len(), "{found:?}");
    for ((t, fit), (capture, from_m, to_m, _)) in found.iter().zip(&planted) {
        assert_eq!(t, capture);
        // A few metres: trains hide a little of each other. More where what they hide may
        // be a car that looks like the track, and the interval says so.
        let near = |off_m: f64, sigma_m: f64| off_m.abs() < (2.0 * GSD_M).max(2.0 * sigma_m);
        assert!(
            near(fit.start_m - from_m, fit.start_sigma_m),
            "{t}: {fit:?}"
        );
        assert!(near(fit.end_m - to_m, fit.end_sigma_m), "{t}: {fit:?}");
    }
}

/// One band of the first 300 m, in cells of a whole pixel.
fn part(strip: Strip) -> Strip {
    let every = |len: usize| Slice::new(0, Some(len as isize), 2);
    let cells = 220;
    let values = strip.values.slice_axis(Dim(0), (0..1).into());
    let values = values.slice_axis(Dim(1), every(OFFSET.len));
    let values = values.slice_axis(Dim(2), every(cells)).to_owned();
    let shape = (values.dim().1, values.dim().2);
    let coarser = |axis: Axis, len: usize| Axis {
        step_m: 2.0 * axis.step_m,
        len,
        ..axis
    };
    let whole = Array2::from_elem(shape, true);
    Strip {
        chainage: coarser(CHAINAGE, shape.1),
        offset: coarser(OFFSET, shape.0),
        values,
        covered: whole.clone(),
        clear: whole,
    }
}

#[test]
fn a_train_that_leaves_the_strip_or_hides_is_censored() {
    let mut strips = series(12, &[(4, 340.0, 500.0, 0.1), (6, 100.0, 200.0, 0.1)]);
    let hidden = CHAINAGE.cell_at(180.0)..CHAINAGE.cell_at(260.0);
    for mut row in strips[6].clear.outer_iter_mut() {
        for j in hidden.clone() {
            row[j] = false;
        }
    }
    strips[6].covered = strips[6].clear.clone();
    let outcomes = run(&strips);
    assert_eq!(outcomes[4].trains.len(), 1);
    assert_eq!(outcomes[4].trains[0].fit.censored, Censored::End);
    assert_eq!(outcomes[6].trains.len(), 1);
    assert_eq!(outcomes[6].trains[0].fit.censored, Censored::End);
}

/// Captures of one scene in one state, with noise of their own.
fn alike(captures: usize, trains: &[Train]) -> Vec<Strip> {
    let scene = series(1, &[]).remove(0);
    let mut dice = Dice(11);
    (0..captures)
        .map(|t| {
            let mut strip = scene.clone();
            for mut band in strip.values.outer_iter_mut() {
                let noise = dice.field(0.003);
                for ((i, j), v) in band.indexed_iter_mut() {
                    let own = trains.iter().filter(|train| train.0 == t);
                    let (o, s) = (OFFSET.at_m(i), CHAINAGE.at_m(j));
                    let train: f64 = own.map(|(_, a, b, c)| c * template(o, *a, *b, s)).sum();
                    *v += (noise[(i, j)] + train) as f32;
                }
            }
            strip
        })
        .collect()
}

#[test]
fn of_two_captures_the_one_that_holds_the_train_is_told() {
    for holder in [0, 1] {
        let outcomes = run(&alike(2, &[(holder, 100.0, 190.0, -0.2)]));
        let found = trains(&outcomes);
        assert_eq!(found.len(), 1, "{found:?}");
        let (t, [start_m, end_m, _]) = found[0];
        assert_eq!(t, holder);
        assert!((start_m - 100.0).abs() < GSD_M && (end_m - 190.0).abs() < GSD_M);
        assert!(outcomes[1 - holder].reason.is_none());
    }
}

#[test]
fn two_captures_alike_show_no_train_and_say_what_they_do_not_see() {
    for outcome in run(&alike(2, &[])) {
        assert!(outcome.trains.is_empty() && outcome.reason.is_none());
        assert!(outcome.remarks[0].contains("one other capture"));
    }
}

#[test]
fn a_change_without_ends_is_unknown_in_all_captures_that_may_hold_it() {
    for outcome in run(&alike(2, &[(0, -500.0, 900.0, -0.2)])) {
        assert!(outcome.trains.is_empty());
        assert!(outcome.reason.is_some_and(|r| r.starts_with("unknown")));
    }
}

#[test]
fn two_trains_at_one_place_make_no_train_of_the_third_capture() {
    let planted = [(1, 100.0, 190.0, -0.2), (2, 110.0, 240.0, -0.2)];
    let outcomes = run(&alike(3, &planted));
    assert!(outcomes[0].trains.is_empty(), "{:?}", outcomes[0].trains);
    for (t, [start_m, end_m, _]) in trains(&outcomes) {
        let (_, from_m, to_m, _) = planted[t - 1];
        assert!(start_m > from_m - GSD_M && end_m < to_m + GSD_M);
    }
}

#[test]
fn five_captures_decide() {
    let planted = [(1, 40.0, 120.0, -0.15), (3, 150.0, 260.0, 0.15)];
    let outcomes = run(&alike(5, &planted));
    let found: Vec<usize> = trains(&outcomes).into_iter().map(|(t, _)| t).collect();
    assert_eq!(found, [1, 3]);
    assert!(outcomes.iter().all(|o| o.reason.is_none()));
}

#[test]
fn too_few_captures_say_so() {
    for n in 0..2 {
        for outcome in run(&series(n, &[])) {
            assert!(outcome.trains.is_empty());
            assert!(outcome.reason.unwrap().contains("captures"));
        }
    }
}

#[test]
fn a_hidden_capture_has_no_profile_and_harms_no_one() {
    let mut strips = series(10, &PLANTED[..1]);
    strips[1].clear.fill(false);
    let outcomes = run(&strips);
    assert!(outcomes[1].profile.is_none() && outcomes[1].trains.is_empty());
    assert_eq!(outcomes[3].trains.len(), 1);
}

#[test]
fn one_band_is_enough() {
    let strips: Vec<Strip> = series(10, &PLANTED[..1])
        .into_iter()
        .map(|s| Strip {
            values: s.values.slice_axis(Dim(0), (0..1).into()).to_owned(),
            ..s
        })
        .collect();
    let outcomes = run(&strips);
    assert_eq!(outcomes[3].trains.len(), 1);
    assert!((outcomes[3].trains[0].fit.start_m - 100.0).abs() < 3.0);
}

#[test]
fn strips_of_different_shape_are_refused() {
    let mut strips = series(6, &[]);
    strips[2].values = Array3::zeros((1, 2, 3));
    let error = analyse(&strips, &settings());
    let reason = match error {
        Err(error) => error.to_string(),
        Ok(outcomes) => outcomes[0].reason.clone().unwrap(),
    };
    assert!(reason.contains("shape"), "{reason}");
}
