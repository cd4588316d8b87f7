#![allow(clippy::unwrap_used, clippy::expect_used, clippy::float_cmp)]

use super::*;
use crate::report::{Screen, screen_text};
use crate::series::fixture::{self, Row};

fn series(rows: Vec<Row>) -> Series {
    let mut series = Series::default();
    for (observation, trains) in rows {
        series.observations.push(observation);
        series.trains.extend(trains);
    }
    series.sort();
    series
}

fn clear(capture: &str, acquired: &str, lengths_m: &[f64]) -> Row {
    fixture::with_trains(fixture::observation("x", capture, acquired), lengths_m)
}

fn one(rows: Vec<Row>, by: By) -> CrossingSummary {
    let mut summary = summarise(&series(rows), None, by).unwrap();
    assert_eq!(summary.crossings.len(), 1);
    summary.crossings.remove(0)
}

const PLAIN: Screen = Screen {
    width: 80,
    colour: false,
};

#[test]
fn figures_by_hand() {
    let mut part = clear("d", "2023-01-31T23:59:59Z", &[]);
    part.0.status = Status::Partial;
    part.0.detection_limit_m = Some(90.0);
    let hidden = fixture::observation("x", "e", "2023-03-05T00:00:00Z");
    let rows = vec![
        clear("a", "2023-01-01T00:00:00Z", &[100.0, 300.0]),
        clear("b", "2023-01-08T00:00:00Z", &[401.504]),
        clear("c", "2023-01-09T00:00:00Z", &[]),
        part,
        fixture::unusable(hidden, Status::Obscured, "cloud"),
    ];
    let found = one(rows, By::Month);
    let names: Vec<&str> = found.periods.iter().map(|p| p.period.as_str()).collect();
    assert_eq!(names, ["2023-01", "2023-02", "2023-03"]);
    let january = &found.periods[0].figures;
    assert_eq!((january.clear, january.partial, january.usable), (3, 1, 4));
    assert_eq!((january.with_train, january.trains), (Some(2), Some(3)));
    // Wilson for 2 of 4: (0.5 + z²/8 ± z √(1/16 + z²/64)) / (1 + z²/4) with z = 1.96.
    let share = january.share.unwrap();
    assert_eq!(share.share, 0.5);
    assert_eq!((share.interval.low, share.interval.high), (0.15, 0.85));
    assert_eq!(january.median.unwrap().length_m, 300.0);
    assert_eq!(january.longest.unwrap().length_m, 401.5);
    assert_eq!(january.detection_limit_m, Some(62.0));
    // Nothing was looked at in February, nothing could be seen in March.
    assert_eq!(found.periods[1].figures, Figures::default());
    let march = &found.periods[2].figures;
    assert_eq!((march.obscured, march.trains, march.share), (1, None, None));
    assert_eq!(
        found.total.share, january.share,
        "the unseen do not dilute the share"
    );
}

#[test]
fn a_lower_bound_makes_the_median_one_only_where_it_matters() {
    let bound = |lengths: &[(f64, bool)]| {
        let lengths: Vec<Length> = lengths
            .iter()
            .map(|&(length_m, at_least)| Length { length_m, at_least })
            .collect();
        let (m, l) = (median_length(&lengths).unwrap(), longest(&lengths).unwrap());
        (m.length_m, m.at_least, l.length_m, l.at_least)
    };
    assert_eq!(
        bound(&[(1.0, false), (2.0, false), (9.0, true)]),
        (2.0, false, 9.0, true)
    );
    assert_eq!(
        bound(&[(1.0, true), (2.0, false), (9.0, false)]),
        (2.0, true, 9.0, false)
    );
    assert_eq!(bound(&[(5.0, false), (5.0, true)]), (5.0, true, 5.0, true));
    assert_eq!(median_length(&[]), None);
}

#[test]
fn a_capture_of_two_tracks_counts_once() {
    let rows = |second: Status| {
        let first = clear("a", "2023-01-01T00:00:00Z", &[100.0]);
        let mut other = fixture::observation("x", "a", "2023-01-01T00:00:00Z");
        other.key.track = "siding".into();
        let other = match second {
            Status::Clear => fixture::with_trains(other, &[50.0]),
            status => fixture::unusable(other, status, "cloud"),
        };
        vec![first, other]
    };
    let both = one(rows(Status::Clear), By::Year).total;
    assert_eq!(
        (both.clear, both.usable, both.with_train, both.trains),
        (1, 1, Some(1), Some(2))
    );
    let half = one(rows(Status::Obscured), By::Year).total;
    assert_eq!(
        (half.clear, half.partial, half.obscured, half.trains),
        (0, 1, 0, Some(1))
    );
}

#[test]
fn trains_that_stayed_are_told_apart() {
    let mut row = clear("b", "2023-01-02T00:00:00Z", &[100.0]);
    row.1[0].change = Change::Stayed;
    let rows = vec![clear("a", "2023-01-01T00:00:00Z", &[100.0]), row];
    let summary = summarise(&series(rows), None, By::Month).unwrap();
    let total = &summary.crossings[0].total;
    assert_eq!((total.trains, total.stayed), (Some(2), Some(1)));
    let text = screen_text(&summary, PLAIN).replace('\n', " ");
    assert!(
        text.contains("2 trains, 1 of them standing since the observation before"),
        "{text}"
    );
}

#[test]
fn an_empty_store_and_an_unknown_crossing_are_said_to_be() {
    let none = summarise(&Series::default(), None, By::Month).unwrap_err();
    assert!(none.to_string().contains("no observations yet"));
    let some = series(vec![clear("a", "2023-01-01T00:00:00Z", &[])]);
    let unknown = summarise(&some, Some("y\u{1b}[2J"), By::Month).unwrap_err();
    let said = unknown.to_string();
    assert!(said.contains("in the store, which holds x"), "{said}");
    assert!(!said.contains('\u{1b}'));
}

#[test]
fn csv_and_json_carry_the_same_figures() {
    let mut rows = fixture::dandong();
    rows.extend(fixture::hostile());
    let summary = summarise(&series(rows), None, By::Quarter).unwrap();
    let json: serde_json::Value = serde_json::from_str(&summary.to_json()).unwrap();
    let csv = summary.to_csv().unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let mut records = reader.records().map(|r| r.unwrap());
    for crossing in json["crossings"].as_array().unwrap() {
        let periods = crossing["periods"].as_array().unwrap();
        let mut groups: Vec<&serde_json::Value> = periods.iter().collect();
        groups.push(&crossing["total"]);
        for group in groups {
            let record = records.next().unwrap();
            let plain = |value: &serde_json::Value| match value {
                serde_json::Value::Null => String::new(),
                value => value.to_string(),
            };
            assert_eq!(record[0], crossing["crossing"]);
            assert_eq!(record[9].parse::<u64>().ok(), group["undecided"].as_u64());
            assert_eq!(record[10].parse::<u64>().ok(), group["usable"].as_u64());
            assert_eq!(record[11], plain(&group["with_train"]));
            let numbers = [
                (12, &group["share"]["share"]),
                (14, &group["share"]["interval"]["high"]),
                (17, &group["median"]["length_m"]),
                (19, &group["longest"]["length_m"]),
                (21, &group["detection_limit_m"]),
            ];
            for (column, value) in numbers {
                assert_eq!(record[column].parse::<f64>().ok(), value.as_f64());
            }
            assert_eq!(record[20], plain(&group["longest"]["at_least"]));
        }
    }
    assert!(records.next().is_none());
}

/// The expected text was looked at by eye and then kept.
#[test]
fn the_screen_as_it_should_be() {
    for (by, expected) in [
        (By::Month, include_str!("../../testdata/summary/month.txt")),
        (
            By::Quarter,
            include_str!("../../testdata/summary/quarter.txt"),
        ),
    ] {
        let summary = summarise(&series(fixture::dandong()), None, by).unwrap();
        let text = screen_text(&summary, PLAIN);
        assert_eq!(text, expected, "got:\n{text}");
    }
}

#[test]
fn the_screen_fits_whatever_it_shows() {
    let mut rows = fixture::hostile();
    rows.extend(fixture::dandong());
    rows.push(clear("a", "2023-01-01T00:00:00Z", &[0.4]));
    let mut blind = fixture::observation("blind", "a", "2023-05-01T00:00:00Z");
    blind.key.track = "t".into();
    rows.push(fixture::unusable(blind, Status::Failed, "no file"));
    let series = series(rows);
    for by in [By::Month, By::Quarter, By::Year] {
        let summary = summarise(&series, None, by).unwrap();
        for width in [0, 80, 100, 200] {
            for colour in [false, true] {
                let text = screen_text(&summary, Screen { width, colour });
                let widest = text.lines().map(console::measure_text_width).max();
                assert!(widest.unwrap() <= width.clamp(80, 120), "{text}");
                assert_eq!(text.contains('\u{1b}'), colour);
                assert!(!text.contains('\u{7}') && !text.contains('\r'));
            }
        }
        assert!(screen_text(&summary, PLAIN).contains("No capture is usable."));
    }
}
