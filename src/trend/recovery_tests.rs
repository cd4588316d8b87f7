//! Planted truth is found again, as often as the intervals say.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

use jiff::{SignedDuration, Timestamp};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::kendall::{Kendall, Point};
use super::length_change::length_change;
use super::lengths;
use super::model::{TrainLength, YEAR_S};
use super::poisson::{Count, log_slope};
use super::rate_change::rate_change;
use super::sample::GroupedTrain;

fn random(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A length between 100 m and 400 m about 250 m.
fn length(random: &mut ChaCha8Rng) -> f64 {
    100.0 + 150.0 * (random.random::<f64>() + random.random::<f64>())
}

/// Events with a mean, by multiplication (Knuth).
fn poisson(mean: f64, random: &mut ChaCha8Rng) -> usize {
    let (mut events, mut product) = (0, random.random::<f64>());
    while product > (-mean).exp() {
        events += 1;
        product *= random.random::<f64>();
    }
    events
}

/// Two years of 40 trains that grow by `growth` m a year; those longer than
/// what is left of the track are seen in part.
fn growing(
    growth: f64,
    visible_m: impl Fn(&mut ChaCha8Rng) -> f64,
    seed: u64,
) -> Vec<GroupedTrain> {
    let mut random = random(seed);
    let start: Timestamp = "2022-01-01T00:00:00Z".parse().unwrap();
    (0..40)
        .map(|i| {
            let years = f64::from(i) * 0.05;
            let truth_m = length(&mut random) + growth * years;
            let visible_m = visible_m(&mut random);
            let after = SignedDuration::from_secs_f64(years * YEAR_S);
            GroupedTrain {
                group: 0,
                train: TrainLength {
                    first_seen: start + after,
                    length_m: truth_m.min(visible_m),
                    length_sigma_m: 5.0,
                    at_least: truth_m > visible_m,
                },
            }
        })
        .collect()
}

#[test]
fn the_interval_of_the_slope_holds_the_truth_with_and_without_lower_bounds() {
    let rounds = 200;
    for cut in [false, true] {
        let visible_m = |random: &mut ChaCha8Rng| {
            if cut {
                200.0 + 400.0 * random.random::<f64>()
            } else {
                1e4
            }
        };
        let mut held = 0;
        let mut bounds = 0;
        for seed in 0..rounds {
            let trains = growing(60.0, visible_m, seed);
            let answer = lengths::trend_of(&trains);
            let found = answer.found().unwrap();
            let i = found.slope_m_per_year.interval;
            held += usize::from(i.low <= 60.0 && 60.0 <= i.high);
            bounds += found.censored;
        }
        // 95 % of 200 is 190 ± 3; the autocorrelation factor may only widen.
        assert!(held >= 183, "{held} of {rounds}, cut: {cut}");
        assert_eq!(bounds > 1000, cut, "{bounds}");
    }
}

/// Taken as they are, or dropped, lower bounds hide the growth.
#[test]
fn lower_bounds_are_neither_dropped_nor_taken_as_they_are() {
    let visible_m = |random: &mut ChaCha8Rng| 250.0 + 250.0 * random.random::<f64>();
    let mean = |change: &dyn Fn(&mut Vec<GroupedTrain>)| {
        let slopes = (0..100).map(|seed| {
            let mut trains = growing(120.0, visible_m, seed);
            change(&mut trains);
            let answer = lengths::trend_of(&trains);
            answer.found().unwrap().slope_m_per_year.value
        });
        slopes.sum::<f64>() / 100.0
    };
    let bounded = mean(&|_| ());
    let taken = mean(&|trains| trains.iter_mut().for_each(|t| t.train.at_least = false));
    let dropped = mean(&|trains| trains.retain(|t| !t.train.at_least));
    assert!((bounded - 120.0).abs() < 12.0, "{bounded}");
    assert!(taken < 100.0 && dropped < 100.0, "{taken} {dropped}");
}

#[test]
fn the_variance_under_lower_bounds_is_that_of_all_permutations() {
    let bounded = [
        (3.0, false),
        (5.0, true),
        (5.0, false),
        (2.0, true),
        (9.0, false),
        (7.0, false),
    ];
    let times = [0.0, 1.0, 1.0, 2.0, 3.0, 4.0];
    let kendall = |order: &[usize]| {
        let points: Vec<Point> = order
            .iter()
            .zip(times)
            .map(|(i, time)| Point {
                time,
                value: bounded[*i].0,
                at_least: bounded[*i].1,
                group: 0,
            })
            .collect();
        Kendall::of(&points)
    };
    let mut orders = vec![Vec::new()];
    for _ in 0..bounded.len() {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                let left = (0..bounded.len()).filter(|i| !order.contains(i));
                let longer = left.map(|i| [order.clone(), vec![i]].concat());
                longer.collect::<Vec<_>>()
            })
            .collect();
    }
    assert_eq!(orders.len(), 720);
    let squares: f64 = orders.iter().map(|o| kendall(o).s.powi(2)).sum();
    let sum: f64 = orders.iter().map(|o| kendall(o).s).sum();
    assert_eq!(sum, 0.0);
    let expected = squares / 720.0;
    assert!((kendall(&[0, 1, 2, 3, 4, 5]).variance - expected).abs() < 1e-9);
}

fn counts(rate: impl Fn(f64) -> f64, seed: u64) -> Vec<Count> {
    let mut random = random(seed);
    (0..120)
        .map(|i| {
            let time = f64::from(i) * 0.02;
            let exposure = 0.2 + 0.8 * random.random::<f64>();
            Count {
                time,
                events: poisson(rate(time) * exposure, &mut random),
                exposure,
                group: 0,
            }
        })
        .collect()
}

#[test]
fn the_interval_of_the_rate_holds_the_truth() {
    let held = (0..200)
        .filter(|seed| {
            let fit = log_slope(&counts(|t| 0.3 * (0.4 * t).exp(), *seed)).unwrap();
            (fit.slope - 0.4).abs() <= 1.96 * fit.sigma
        })
        .count();
    assert!((182..=199).contains(&held), "{held}");
}

#[test]
fn a_rate_that_events_do_not_bound_has_no_slope() {
    let mut late = counts(|_| 0.0, 1);
    assert_eq!(log_slope(&late), None, "no events");
    late.last_mut().unwrap().events = 6;
    assert_eq!(log_slope(&late), None, "all at the end");
}

#[test]
fn a_change_of_rate_is_dated() {
    let (mut held, mut significant) = (0, 0);
    for seed in 0..40 {
        let counts = counts(|t| if t < 1.195 { 0.15 } else { 0.9 }, seed);
        let found = rate_change(&counts).unwrap();
        held += usize::from((found.fewest..=found.most).contains(&60));
        significant += usize::from(found.p_value < 0.05);
    }
    // 95 % of 40 is 38 ± 1.4.
    assert!(held >= 35 && significant >= 38, "{held} {significant}");
}

#[test]
fn a_change_of_length_is_dated_and_a_steady_one_is_not_invented() {
    let (mut held, mut alarms) = (0, 0);
    for seed in 0..40 {
        let mut random = random(seed);
        let mut lengths: Vec<_> = (0..40)
            .map(|_| ((length(&mut random), random.random::<f64>() < 0.2), 0))
            .collect();
        alarms += usize::from(length_change(&lengths).unwrap().p_value <= 0.05);
        for late in &mut lengths[24..] {
            late.0.0 += 120.0;
        }
        let found = length_change(&lengths).unwrap();
        held += usize::from((found.fewest..=found.most).contains(&24));
    }
    assert!(held >= 35, "{held}");
    assert!(alarms <= 6, "{alarms}: 5 % of 40 is 2 ± 1.4");
}
