//! Trains: what they are made of, where they stand or run, and wagons that
//! stay for weeks.

use std::collections::BTreeSet;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::circumstances::Circumstances;
use super::random::stream;
use super::scenario::{Nuisance, Scenario, Sensor};
use super::spectra::scaled;
use super::vehicles::{
    BOXCAR, COAL, CONTAINER, COUPLING_M, GONDOLA, HALF_WIDTH_M, LOCO, Stock, TANK_BLACK,
    TANK_WHITE, TARP, Vehicle,
};

/// One train of one capture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Train {
    /// Chainage of the rear end of its bodies, m, at mid-exposure.
    pub start_m: f64,
    /// Chainage of the front end of its bodies, m, at mid-exposure.
    pub end_m: f64,
    /// Along growing chainage, m/s.
    pub speed_mps: f64,
    /// Its cars, by chainage.
    pub cars: Vec<Vehicle>,
    /// Kinds of cars in it, joined by `+`.
    pub kind: String,
}

/// What trains of the border are made of: block trains of one good, and mixed ones.
const CONSISTS: &[&[Stock]] = &[
    &[BOXCAR],
    &[TANK_BLACK, TANK_BLACK, TANK_WHITE],
    &[COAL],
    &[CONTAINER, TARP],
    &[BOXCAR, CONTAINER, GONDOLA, TANK_BLACK, TANK_WHITE, TARP],
];

/// Share of the trains seen that stand: they wait on the approaches, and are
/// on the bridge for a few minutes only.
const STANDING: f64 = 0.62;

/// Speed on the bridges, m/s: 10 to 50 km/h.
const SPEEDS_MPS: (f64, f64) = (2.8, 14.0);

/// Tracks longer than this hold two trains at times, m.
const TWO_FIT_M: f64 = 900.0;

/// Least distance between two trains on one track, m.
const APART_M: f64 = 40.0;

/// All trains of a capture on a track of `length_m`, by chainage.
pub(super) fn of_capture(s: &Scenario, capture: &Circumstances, length_m: f64) -> Vec<Train> {
    let mut trains = Vec::new();
    if s.has(Nuisance::Parked) {
        trains.extend(parked(s, capture, length_m));
    }
    let mut rng = stream(s.seed, "trains", capture.index);
    let mut wanted = usize::from(rng.random_bool(s.occupied));
    if wanted == 1 && length_m > TWO_FIT_M && rng.random_bool(0.12) {
        wanted = 2;
    }
    for _ in 0..wanted {
        // A train that would stand in another is drawn anew, a few times.
        let placed = (0..8).map(|_| draw(s, &mut rng, length_m)).find(|train| {
            trains.iter().all(|other: &Train| {
                train.start_m > other.end_m + APART_M || train.end_m < other.start_m - APART_M
            })
        });
        trains.extend(placed);
    }
    trains.sort_by(|a, b| a.start_m.total_cmp(&b.start_m));
    trains
}

fn draw(s: &Scenario, rng: &mut ChaCha8Rng, length_m: f64) -> Train {
    let stocks = CONSISTS[rng.random_range(0..CONSISTS.len())];
    let cars = rng.random_range(4..=24usize);
    let moving = !rng.random_bool(STANDING) && s.sensor != Sensor::Sentinel1;
    let speed_mps = rng.random_range(SPEEDS_MPS.0..SPEEDS_MPS.1);
    let backwards = rng.random_bool(0.5);
    let speed_mps = match (moving && s.has(Nuisance::Moving), backwards) {
        (false, _) => 0.0,
        (true, false) => speed_mps,
        (true, true) => -speed_mps,
    };
    let with_loco = moving || rng.random_bool(0.75);
    let mut order = Vec::new();
    if with_loco && !backwards {
        order.extend(vec![LOCO; rng.random_range(1..=2)]);
    }
    let first = order.len();
    order.extend((0..cars).map(|_| stocks[rng.random_range(0..stocks.len())]));
    if with_loco && backwards {
        order.push(LOCO);
    }
    if !backwards {
        // The locomotive leads: at the front is at the far end.
        order.rotate_left(first);
    }
    let order = match s.train_length_m {
        Some(wanted_m) => cut_to(&order, wanted_m + COUPLING_M),
        None => order,
    };
    let total_m: f64 = order.iter().map(|c| c.length_m).sum();
    // One train in seven runs out of the track; the rest stands within it.
    let start_m = if rng.random_bool(0.14) || total_m > length_m - 20.0 {
        rng.random_range(-0.6 * total_m..length_m - 0.4 * total_m)
    } else {
        rng.random_range(10.0..=length_m - total_m - 10.0)
    };
    couple(&order, start_m, speed_mps, rng)
}

/// Whole cars up to the wanted length, the last one stretched or cut to fit.
fn cut_to(order: &[Stock], wanted_m: f64) -> Vec<Stock> {
    let mut cut = Vec::new();
    let mut so_far_m = 0.0;
    for mut car in order.iter().copied().cycle() {
        let rest_m = wanted_m - so_far_m;
        if rest_m < 1.5 * car.length_m {
            car.length_m = rest_m;
            cut.push(car);
            return cut;
        }
        so_far_m += car.length_m;
        cut.push(car);
    }
    cut
}

fn couple(order: &[Stock], start_m: f64, speed_mps: f64, rng: &mut ChaCha8Rng) -> Train {
    let mut at_m = start_m;
    let mut cars = Vec::with_capacity(order.len());
    for stock in order {
        let colour = stock.colours[rng.random_range(0..stock.colours.len())];
        cars.push(Vehicle {
            start_m: at_m + COUPLING_M / 2.0,
            end_m: at_m + stock.length_m - COUPLING_M / 2.0,
            offset_m: 0.0,
            half_width_m: HALF_WIDTH_M,
            height_m: stock.height_m,
            colour: scaled(colour, rng.random_range(0.85f32..1.15)),
            speed_mps,
        });
        at_m += stock.length_m;
    }
    let kinds: BTreeSet<&str> = order.iter().map(|s| s.name).collect();
    Train {
        start_m: start_m + COUPLING_M / 2.0,
        end_m: at_m - COUPLING_M / 2.0,
        speed_mps,
        cars,
        kind: kinds.into_iter().collect::<Vec<_>>().join("+"),
    }
}

/// Wagons put down on the approaches and taken away weeks later: at any time
/// the stay, of 12 to 50 days in periods of 90, that covers it, if one does.
fn parked(s: &Scenario, capture: &Circumstances, length_m: f64) -> Option<Train> {
    const PERIOD_DAYS: i64 = 90;
    let day = capture.acquired.as_second().div_euclid(86_400);
    let period = usize::try_from(day.div_euclid(PERIOD_DAYS)).unwrap_or(0);
    let into = day.rem_euclid(PERIOD_DAYS);
    let mut rng = stream(s.seed, "parked", period);
    let from = rng.random_range(0..40i64);
    let days = rng.random_range(12..50i64);
    if rng.random_bool(0.35) || !(from..from + days).contains(&into) {
        return None;
    }
    let stocks = CONSISTS[rng.random_range(0..CONSISTS.len())];
    let cars = rng.random_range(5..=10usize);
    let order: Vec<Stock> = (0..cars)
        .map(|_| stocks[rng.random_range(0..stocks.len())])
        .collect();
    let total_m: f64 = order.iter().map(|c| c.length_m).sum();
    let at = rng.random_range(0.05..0.2);
    let start_m = if rng.random_bool(0.5) {
        at * length_m
    } else {
        (1.0 - at) * length_m - total_m
    };
    Some(couple(&order, start_m, 0.0, &mut rng))
}
