//! Made-up rows for tests: a series of 60 captures with all that may happen.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};

use super::model::{
    Cars, Censored, Change, Observation, ObservationKey, Polarity, Registration, RunStamp, Series,
    Speed, Status, Train,
};
use crate::capture::Modality;
use crate::geo::LonLat;

/// A capture with its trains.
pub(crate) type Row = (Observation, Vec<Train>);

/// The rows as a series, in its order.
pub(crate) fn series(rows: Vec<Row>) -> Series {
    let mut series = Series::default();
    for (observation, trains) in rows {
        series.observations.push(observation);
        series.trains.extend(trains);
    }
    series.sort();
    series
}

/// A clear observation on which nothing was found.
pub(crate) fn observation(crossing: &str, capture: &str, acquired: &str) -> Observation {
    Observation {
        key: ObservationKey {
            crossing: crossing.into(),
            track: "main".into(),
            capture: capture.into(),
        },
        scenes: 1,
        acquired: acquired.parse().unwrap(),
        sensor: "planetscope".into(),
        platform: "2473".into(),
        modality: Modality::Optical,
        gsd_m: Some(3.0),
        status: Status::Clear,
        reason: String::new(),
        covered_fraction: Some(1.0),
        clear_fraction: Some(0.98),
        shift: Some(Registration {
            east_m: 1.25,
            north_m: -0.5,
            sigma_m: 0.4,
        }),
        train_count: Some(0),
        occupied_m: Some(0.0),
        longest_train_m: None,
        detection_limit_m: Some(62.0),
        run: RunStamp {
            run_id: "r1".into(),
            config_hash: "c0ffee".into(),
            version: "0.1.0".into(),
        },
    }
}

/// The observation with trains of these lengths on it, 50 m apart.
pub(crate) fn with_trains(mut o: Observation, lengths_m: &[f64]) -> Row {
    let mut start_m = 20.0;
    let mut trains = Vec::new();
    for (i, &length_m) in lengths_m.iter().enumerate() {
        trains.push(train(&o, i as u32 + 1, start_m, length_m));
        start_m += length_m + 50.0;
    }
    o.train_count = Some(trains.len() as u32);
    o.occupied_m = Some(lengths_m.iter().sum());
    o.longest_train_m = lengths_m.iter().copied().reduce(f64::max);
    (o, trains)
}

fn train(o: &Observation, number: u32, start_m: f64, length_m: f64) -> Train {
    let at = |chainage_m: f64| LonLat {
        lon_deg: 124.39 + chainage_m * 1e-5,
        lat_deg: 40.11,
    };
    Train {
        key: o.key.clone(),
        acquired: o.acquired,
        train: number,
        start_m,
        end_m: start_m + length_m,
        length_m,
        length_sigma_m: 6.5,
        censored: Censored::None,
        snr: 9.25,
        p_value: Some(1.5e-7),
        polarity: Polarity::Bright,
        change: Change::Appeared,
        first_seen: o.acquired,
        speed: None,
        cars: Some(Cars { min: 20, max: 29 }),
        geometry: vec![at(start_m), at(start_m + length_m)],
    }
}

/// The observation made unusable.
pub(crate) fn unusable(mut o: Observation, status: Status, reason: &str) -> Row {
    o.status = status;
    o.reason = reason.into();
    o.clear_fraction = Some(0.03);
    o.train_count = None;
    o.occupied_m = None;
    o.detection_limit_m = None;
    o.shift = None;
    (o, Vec::new())
}

/// Every optional column filled, and names that would break careless code.
pub(crate) fn hostile() -> Vec<Row> {
    let names = [
        "it's \"quoted\"; yes",
        "line\nbreak\ttab\r",
        "두만강 철교 🚂",
        "'); DROP TABLE observations; --",
        "\u{1b}[31mred\u{7}",
        "-- comment /* ",
        "%s %n ${x} `y`",
    ];
    let mut rows = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let mut o = observation(name, name, "2024-02-29T23:59:59.987Z");
        o.key.track = (*name).into();
        o.reason = (*name).into();
        o.platform = (*name).into();
        o.status = Status::Partial;
        let (o, mut trains) = with_trains(o, &[100.0 + i as f64, 200.5]);
        let first = &mut trains[0];
        first.speed = Some(Speed {
            mps: -4.25,
            sigma_mps: 0.75,
        });
        first.censored = Censored::Both;
        first.polarity = Polarity::Mixed;
        first.change = Change::Stayed;
        first.first_seen = "2024-02-27T02:00:00Z".parse().unwrap();
        trains[1].cars = None;
        rows.push((o, trains));
    }
    rows
}

/// A year and a half of `dandong`: every 9 days, with clouds in July, no
/// captures at all in October and November 2023, and growing trains.
pub(crate) fn dandong() -> Vec<Row> {
    let start: Timestamp = "2023-01-04T02:10:30.250Z".parse().unwrap();
    let mut rows = Vec::new();
    for i in 0..66_i64 {
        let acquired = start + SignedDuration::from_hours(24 * 9 * i);
        let day = acquired.strftime("%Y%m%d").to_string();
        let o = observation("dandong", &format!("{day}_021030"), &acquired.to_string());
        let month = acquired.strftime("%Y-%m").to_string();
        if ["2023-10", "2023-11"].contains(&month.as_str()) {
            continue;
        }
        rows.push(one_capture(o, i, &month));
    }
    rows
}

fn one_capture(mut o: Observation, i: i64, month: &str) -> Row {
    if month == "2023-07" || i % 11 == 10 {
        return unusable(o, Status::Obscured, "97 % of the track is under cloud");
    }
    if i == 41 {
        return unusable(o, Status::Failed, "the file is cut off; download it again");
    }
    if i % 13 == 5 {
        return unusable(
            o,
            Status::Uncovered,
            "the scene ends 4 km west of the track",
        );
    }
    if i % 7 == 3 {
        o.status = Status::Partial;
        o.clear_fraction = Some(0.64);
        o.reason = "36 % of the track is under cloud".into();
    }
    let length_m = 240.0 + 5.0 * i as f64 + 37.0 * ((i * i) % 5) as f64;
    let lengths: &[f64] = match i % 6 {
        1 | 4 => &[length_m],
        2 if i % 4 == 0 => &[length_m, 0.4 * length_m],
        _ => &[],
    };
    let (o, mut trains) = with_trains(o, lengths);
    if let Some(last) = trains.last_mut().filter(|_| i % 5 == 4) {
        last.censored = Censored::End;
    }
    (o, trains)
}
