#![allow(clippy::unwrap_used, clippy::expect_used, clippy::float_cmp)]

use super::*;
use crate::report::figures::{longest, median_of};
use crate::report::{Screen, screen_text};
use crate::series::fixture::{self, Row, series};
use crate::series::{Change, Status};

fn clear(capture: &str, acquired: &str, lengths_m: &[f64]) -> Row {
    fixture::with_trains(fixture::observation("x", capture, acquired), lengths_m)
}

fn one(rows: Vec<Row>, by: By) -> ScopeSummary {
    let mut summary = summarise(&series(rows), None, asked(by)).unwrap();
    assert_eq!(summary.crossings.len(), 1);
    summary.crossings.remove(0)
}

fn asked(by: By) -> Question {
    Question {
        by,
        min_length_m: None,
    }
}

const PLAIN: Screen = Screen {
    width: 80,
    colour: false,
};

#[test]
fn figures_by_hand() {
    let mut part = clear("d", "2023-01-31T23:59:59Z", &[]);
    part.0.status = Status::Partial;
    part.0.detection_limit_m = Some(60.0);
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
    // Clopper and Pearson for 2 of 4: 4 p³ − 3 p⁴ = 0.025 below, mirrored above;
    // 6 p² − 8 p³ + 3 p⁴ = 0.025 is solved by p = 0.0676.
    let share = january.share.unwrap();
    assert_eq!(share.share, 0.5);
    assert_eq!((share.interval.low, share.interval.high), (0.0676, 0.9324));
    let median = january.median.unwrap();
    assert_eq!(median.length.length_m, 300.0);
    assert_eq!(
        (median.low_m, median.high_m),
        (None, None),
        "of three trains"
    );
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
fn lower_bounds_count_among_all_that_are_longer() {
    let bound = |lengths: &[(f64, bool)]| {
        let lengths: Vec<Length> = lengths
            .iter()
            .map(|&(length_m, at_least)| Length { length_m, at_least })
            .collect();
        let (m, l) = (median_of(&lengths).unwrap(), longest(&lengths).unwrap());
        (m.length.length_m, m.length.at_least, l.length_m, l.at_least)
    };
    assert_eq!(
        bound(&[(1.0, false), (2.0, false), (9.0, true)]),
        (2.0, false, 9.0, true)
    );
    assert_eq!(
        bound(&[(1.0, true), (2.0, false), (9.0, false)]),
        // One of the two that are left ends at 2, the other at 9: half is left between.
        (5.5, false, 9.0, false)
    );
    assert_eq!(bound(&[(5.0, false), (5.0, true)]), (5.0, true, 5.0, true));
    assert_eq!(median_of(&[]), None);
}

#[test]
fn a_capture_of_two_tracks_counts_once() {
    let rows = |second: Status| {
        let first = clear("a", "2023-01-01T00:00:00Z", &[100.0]);
        let mut other = fixture::observation("x", "a", "2023-01-01T00:00:00Z");
        other.key.track = "siding".into();
        let other = match second {
            Status::Clear => fixture::with_trains(other, &[80.0]),
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
fn a_train_that_stays_counts_once() {
    let mut row = clear("b", "2023-01-02T00:00:00Z", &[100.0]);
    row.1[0].change = Change::Stayed;
    row.1[0].first_seen = "2023-01-01T00:00:00Z".parse().unwrap();
    let rows = vec![clear("a", "2023-01-01T00:00:00Z", &[100.0]), row];
    let summary = summarise(&series(rows), None, asked(By::Month)).unwrap();
    let total = &summary.crossings[0].total;
    assert_eq!((total.trains, total.standing), (Some(1), Some(1)));
    let text = screen_text(&summary, PLAIN).replace('\n', " ");
    assert!(
        text.contains("1 train, 1 of them seen standing on several captures"),
        "{text}"
    );
}

#[test]
fn an_empty_store_and_an_unknown_crossing_are_said_to_be() {
    let none = summarise(&Series::default(), None, asked(By::Month)).unwrap_err();
    assert!(none.to_string().contains("no observations yet"));
    let some = series(vec![clear("a", "2023-01-01T00:00:00Z", &[])]);
    let unknown = summarise(&some, Some("y\u{1b}[2J"), asked(By::Month)).unwrap_err();
    let said = unknown.to_string();
    assert!(said.contains("in the store, which holds x"), "{said}");
    assert!(!said.contains('\u{1b}'));
}

#[test]
fn all_figures_are_of_one_population() {
    let mut hazy = clear("d", "2023-01-20T00:00:00Z", &[500.0]);
    hazy.0.detection_limit_m = Some(400.0);
    let rows = vec![
        clear("a", "2023-01-01T00:00:00Z", &[100.0, 300.0]),
        clear("b", "2023-01-08T00:00:00Z", &[90.0]),
        clear("c", "2023-01-09T00:00:00Z", &[]),
        hazy,
    ];
    let question = Question {
        by: By::Month,
        min_length_m: Some(200.0),
    };
    let mut summary = summarise(&series(rows), None, question).unwrap();
    let scope = summary.crossings.remove(0);
    let total = &scope.total;
    assert_eq!((total.usable, total.would_miss), (3, 1));
    assert_eq!((total.with_train, total.trains), (Some(1), Some(1)));
    assert_eq!(total.longest.unwrap().length_m, 300.0);
    let presence = &scope.trend.total;
    assert_eq!((presence.used, presence.would_miss), (3, 1));
    assert_eq!((presence.with_train, presence.trains), (Some(1), Some(1)));
    assert_eq!(scope.trend.uncounted, 3);
    let kinds: Vec<Kind> = scope.sightings.iter().map(|s| s.kind).collect();
    assert_eq!(kinds[2..], [Kind::Clear, Kind::WouldMiss]);
    let said = crate::report::headline::headline(&scope, "month").join(" ");
    let said = said.replace('\u{a0}', " ");
    assert!(
        said.starts_with("Trains of at least 200 m on 1 of 3 usable captures"),
        "{said}"
    );
    let not = "Not counted: 1 capture that would miss such a train; 3 trains that are shorter \
               or only seen there.";
    assert!(said.contains(not), "{said}");
}

#[test]
fn a_train_without_a_limit_makes_no_capture_usable() {
    let mut full = clear("b", "2023-01-08T00:00:00Z", &[18.0]);
    full.0.detection_limit_m = None;
    let rows = vec![clear("a", "2023-01-01T00:00:00Z", &[150.0]), full.clone()];
    let question = Question {
        by: By::Month,
        min_length_m: Some(140.0),
    };
    let summary = summarise(&series(rows), None, question).unwrap();
    let scope = &summary.crossings[0];
    assert_eq!((scope.total.usable, scope.total.would_miss), (1, 1));
    let alone = one(vec![full], By::Month);
    assert_eq!((alone.total.usable, alone.total.would_miss), (0, 1));
    let said = crate::report::headline::headline(&alone, "month").join(" ");
    let not = "none has a detection limit. Not counted: 1 train that is shorter or only seen \
               where one would be missed.";
    assert!(said.contains(not), "{said}");
}

#[test]
fn trains_that_stand_are_of_the_same_population() {
    let rows = |length_m: f64| {
        let mut row = clear("b", "2023-01-02T00:00:00Z", &[length_m]);
        row.1[0].change = Change::Stayed;
        row.1[0].first_seen = "2023-01-01T00:00:00Z".parse().unwrap();
        vec![clear("a", "2023-01-01T00:00:00Z", &[length_m]), row]
    };
    for (length_m, standing) in [(100.0, 1), (50.0, 0)] {
        let scope = one(rows(length_m), By::Month);
        assert_eq!(scope.trend.min_length_m, 62.0);
        assert_eq!(scope.standing.len(), standing);
        assert_eq!(scope.total.standing, Some(standing));
    }
}

fn same_trend<'a>(at: impl Fn(&str) -> &'a str, slope: &serde_json::Value) {
    for (name, value) in [
        ("slope_m_per_year", &slope["slope_m_per_year"]["value"]),
        ("slope_low", &slope["slope_m_per_year"]["interval"]["low"]),
        ("slope_p", &slope["p_value"]),
    ] {
        assert_eq!(at(name).parse::<f64>().ok(), value.as_f64(), "{name}");
    }
    assert_eq!(at("slope_not_told").is_empty(), !slope.is_null());
}

#[test]
fn csv_and_json_carry_the_same_figures() {
    let mut rows = fixture::dandong();
    rows.extend(fixture::hostile());
    let summary = summarise(&series(rows), None, asked(By::Quarter)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&summary.to_json()).unwrap();
    let csv = summary.to_csv().unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let mut records = reader.records().map(|r| r.unwrap());
    for crossing in json["crossings"].as_array().unwrap() {
        let periods = crossing["periods"].as_array().unwrap().iter();
        let rates = crossing["trend"]["periods"].as_array().unwrap().iter();
        let mut groups: Vec<_> = periods.zip(rates).collect();
        groups.push((&crossing["total"], &crossing["trend"]["total"]));
        for (group, rate) in groups {
            let record = records.next().unwrap();
            let at = |name: &str| &record[columns.iter().position(|c| c == name).unwrap()];
            assert_eq!(at("crossing"), crossing["crossing"]);
            for (name, value) in [
                ("min_length_m", &crossing["trend"]["min_length_m"]),
                ("would_miss", &group["would_miss"]),
                ("undecided", &group["undecided"]),
                ("usable", &group["usable"]),
                ("with_train", &group["with_train"]),
                ("share", &group["share"]["share"]),
                ("share_high", &group["share"]["interval"]["high"]),
                ("median_length_m", &group["median"]["length_m"]),
                ("median_low_m", &group["median"]["low_m"]),
                ("longest_m", &group["longest"]["length_m"]),
                ("detection_limit_m", &group["detection_limit_m"]),
                ("first_seen", &rate["trains"]),
                ("rate", &rate["rate"]["value"]),
                ("rate_high", &rate["rate"]["interval"]["high"]),
            ] {
                assert_eq!(at(name).parse::<f64>().ok(), value.as_f64(), "{name}");
            }
            let at_least = group["longest"]["at_least"].as_bool();
            assert_eq!(at("longest_at_least").parse().ok(), at_least);
            if at("period") == "all" {
                same_trend(at, &crossing["trend"]["length"]["found"]);
            }
        }
    }
    let overall = records.next().unwrap();
    assert_eq!((&overall[0], &overall[2]), ("", "2023 Q1"));
    let rest = json["overall"]["periods"].as_array().unwrap().len();
    assert_eq!(
        records.count(),
        rest,
        "the other periods and the whole time"
    );
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
        let summary = summarise(&series(fixture::dandong()), None, asked(by)).unwrap();
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
        let summary = summarise(&series, None, asked(by)).unwrap();
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
