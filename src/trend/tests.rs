#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::*;
use crate::series::fixture::{self, observation, series, unusable, with_trains};
use crate::series::{Change, Series, Status};

const MONTHLY: Question = Question {
    by: By::Month,
    min_length_m: None,
};

fn day(day: &str) -> crate::series::Observation {
    observation("x", day, &format!("{day}T02:00:00Z"))
}

#[test]
fn observations_count_by_what_they_saw_and_gaps_are_no_zeros() {
    let mut half = day("2023-01-20");
    half.status = Status::Partial;
    half.clear_fraction = Some(0.5);
    let mut whole = with_trains(day("2023-01-10"), &[100.0, 200.0]);
    whole.0.clear_fraction = Some(1.0);
    let series = series(vec![
        whole,
        with_trains(half, &[]),
        unusable(day("2023-02-10"), Status::Obscured, "cloud"),
        with_trains(day("2023-03-10"), &[]),
    ]);
    let found = trends(&series, MONTHLY);
    let [x] = found.scopes.as_slice() else {
        panic!("one crossing of one track is one scope")
    };
    let january = x.periods[0].presence;
    assert_eq!((january.used, january.exposure), (2, 1.5));
    assert_eq!((january.with_train, january.trains), (Some(1), Some(2)));
    assert_eq!(january.rate.unwrap().value, 1.3333);
    let february = x.periods[1].presence;
    assert_eq!((february.observations, february.used), (1, 0));
    assert_eq!((february.trains, february.rate), (None, None));
    let march = x.periods[2].presence;
    assert_eq!(march.trains, Some(0));
    // −ln 0.025 / 0.98 of a whole view.
    assert_eq!(march.rate.unwrap().interval.high, 3.7642);
}

#[test]
fn a_standing_train_is_one_arrival() {
    let mut rows = vec![
        with_trains(day("2023-01-10"), &[100.0]),
        with_trains(day("2023-01-11"), &[100.0]),
    ];
    let first_seen = rows[0].0.acquired;
    rows[1].1[0].change = Change::Stayed;
    rows[1].1[0].first_seen = first_seen;
    let found = trends(&series(rows), MONTHLY);
    let total = found.scopes[0].total;
    assert_eq!((total.with_train, total.trains), (Some(2), Some(1)));
    assert_eq!(found.stays.len(), 1);
}

#[test]
fn sensors_are_compared_above_the_limit_they_share() {
    let mut rows = Vec::new();
    for i in 1..=10 {
        let mut coarse = with_trains(day(&format!("2023-01-{i:02}")), &[100.0, 200.0]);
        coarse.0.sensor = "sentinel-2".into();
        coarse.0.detection_limit_m = Some(if i == 10 { 500.0 } else { 119.5 });
        rows.push(coarse);
        rows.push(with_trains(
            day(&format!("2023-02-{i:02}")),
            &[100.0, 200.0],
        ));
    }
    let series = series(rows);
    let found = trends(&series, MONTHLY);
    let x = &found.scopes[0];
    assert!(!x.min_length_given);
    // Of 62 m and more there are 20 trains on 10 captures, of 120 m 19 on 19.
    assert_eq!(x.min_length_m, 120.0);
    assert_eq!((x.total.used, x.total.would_miss), (19, 1));
    assert_eq!((x.total.trains, x.trains.len()), (Some(19), 19));
    assert_eq!(x.uncounted, 21);
    let asked = Question {
        min_length_m: Some(90.0),
        ..MONTHLY
    };
    let x = &trends(&series, asked).scopes[0];
    assert!(x.min_length_given);
    assert_eq!((x.total.used, x.total.trains), (10, Some(20)));
}

#[test]
fn tracks_and_crossings_are_told_apart_and_together() {
    let mut rows = fixture::dandong();
    for row in fixture::dandong() {
        let (mut o, mut trains) = row;
        o.key.track = "siding".into();
        for train in &mut trains {
            train.key.track = "siding".into();
            // A level of its own, which shall not be taken for a trend.
            train.length_m += 400.0;
        }
        rows.push((o, trains));
    }
    rows.push(with_trains(day("2023-05-01"), &[]));
    let found = trends(&series(rows), MONTHLY);
    let names: Vec<_> = found
        .scopes
        .iter()
        .map(|t| (t.crossing.as_deref(), t.track.as_deref()))
        .collect();
    let dandong = Some("dandong");
    assert_eq!(
        names,
        [
            (None, None),
            (dandong, None),
            (dandong, Some("main")),
            (dandong, Some("siding")),
            (Some("x"), None),
        ]
    );
    let slope = |i: usize| found.scopes[i].length.found().unwrap().slope_m_per_year;
    assert_eq!(slope(2).value, slope(3).value);
    assert_eq!(slope(1).value, slope(2).value);
    let width = |i: usize| slope(i).interval.high - slope(i).interval.low;
    assert!(width(1) < width(2), "two tracks tell more than one");
}

#[test]
fn too_little_is_refused_with_what_is_missing() {
    let found = trends(
        &series(vec![with_trains(day("2023-01-10"), &[100.0])]),
        MONTHLY,
    );
    let x = &found.scopes[0];
    let said = x.length.refused().unwrap().to_string();
    assert_eq!(
        said,
        "1 of 10 trains, 1 of 5 trains seen to both ends, 0 of 180 days"
    );
    let said = x.rate.refused().unwrap().to_string();
    assert_eq!(said, "1 of 5 trains, 1 of 20 observations, 0 of 180 days");
    assert!(x.rate_change.refused().is_some() && x.length_change.refused().is_some());
    assert!(x.median_length.refused().is_some() && x.seasonal_length.refused().is_some());
    assert_eq!(trends(&Series::default(), MONTHLY).scopes, []);
}

/// The made-up trains grow by 5 m every 9 days, which is 202.9 m a year.
#[test]
fn the_made_up_series_grows_as_it_was_made_to() {
    let found = trends(&series(fixture::dandong()), MONTHLY);
    let length = found.scopes[0].length.found().unwrap();
    let slope = length.slope_m_per_year;
    assert!(slope.interval.low < 202.9 && 202.9 < slope.interval.high);
    assert!(length.p_value < 0.01);
    let at = length.at(length.centre);
    assert_eq!(at.value, length.level_m.value);
    let later = length.at(length.centre + jiff::SignedDuration::from_hours(24 * 365));
    assert!(later.interval.high - later.interval.low > at.interval.high - at.interval.low);
}

#[test]
fn equal_series_give_equal_answers() {
    let once = trends(&series(fixture::dandong()), MONTHLY);
    assert_eq!(once, trends(&series(fixture::dandong()), MONTHLY));
}
