#![allow(clippy::unwrap_used, clippy::float_cmp)]
use super::super::fixture;
use super::super::review_csv::{read_review_csv, review_csv};
use super::*;
use crate::series::{Status, load};

fn series() -> Series {
    let at = |capture: &str, day: &str| {
        fixture::observation("x", capture, &format!("2023-05-{day}T00:00:00Z"))
    };
    let rows = [
        fixture::with_trains(at("a", "01"), &[100.0, 200.0]),
        fixture::with_trains(at("b", "02"), &[100.0]),
        fixture::with_trains(at("c", "03"), &[]),
    ];
    let mut series = Series::default();
    for (observation, trains) in rows {
        series.observations.push(observation);
        series.trains.extend(trains);
    }
    series
}

fn review(capture: &str, (start_m, end_m): (f64, f64), decision: Decision) -> Review {
    Review {
        key: ObservationKey {
            crossing: "x".into(),
            track: "main".into(),
            capture: capture.into(),
        },
        start_m,
        end_m,
        decision,
        note: String::new(),
    }
}

fn counts(series: &Series) -> Vec<Option<u32>> {
    series.observations.iter().map(|o| o.train_count).collect()
}

#[test]
fn a_decision_finds_its_train_by_where_it_is() {
    // Trains at 20..120 and 170..370.
    let trains = series().trains;
    let decision = |reviews: &[Review]| -> Vec<Option<Decision>> {
        let found = reviewed(&trains, reviews);
        found.into_iter().map(|r| r.map(|r| r.decision)).collect()
    };
    let accept = Decision::Accept;
    assert_eq!(
        decision(&[review("a", (60.0, 140.0), accept)]),
        [Some(accept), None, None]
    );
    // 40 m of 100 m in common are too little; so is another capture.
    assert_eq!(decision(&[review("a", (80.0, 140.0), accept)]), [None; 3]);
    assert_eq!(decision(&[review("z", (20.0, 120.0), accept)]), [None; 3]);
    // The nearer one counts, and each counts once.
    let two = [
        review("a", (60.0, 130.0), Decision::Reject),
        review("a", (20.0, 120.0), accept),
    ];
    assert_eq!(decision(&two), [Some(accept), None, None]);
}

#[test]
fn what_counts_follows_the_decisions() {
    let reviews = [
        review("a", (20.0, 120.0), Decision::Reject),
        review("b", (20.0, 120.0), Decision::Unsure),
    ];
    assert_eq!(decided(series(), &reviews, Decisions::All), series());
    let rest = decided(series(), &reviews, Decisions::NotRejected);
    assert_eq!(counts(&rest), [Some(1), Some(1), Some(0)]);
    assert_eq!(rest.trains[0].train, 2);
    assert_eq!(rest.observations[0].occupied_m, Some(200.0));
    // Nothing accepted and not all rejected: undecided, never zero.
    let accepted = decided(series(), &reviews, Decisions::Accepted);
    assert_eq!(counts(&accepted), [None, None, Some(0)]);
    assert!(accepted.observations[0].reason.contains("not decided"));
    let all_rejected = [
        review("a", (20.0, 120.0), Decision::Reject),
        review("a", (170.0, 370.0), Decision::Reject),
        review("b", (20.0, 120.0), Decision::Accept),
    ];
    let accepted = decided(series(), &all_rejected, Decisions::Accepted);
    assert_eq!(counts(&accepted), [Some(0), Some(1), Some(0)]);
    assert_eq!(accepted.trains.len(), 1);
}

#[test]
fn later_decisions_take_the_place_of_earlier_ones() {
    let first = vec![review("a", (20.0, 120.0), Decision::Accept)];
    let second = [
        review("a", (25.0, 118.0), Decision::Reject),
        review("a", (170.0, 370.0), Decision::Accept),
    ];
    assert_eq!(merged(first, &second), second);
}

#[test]
fn decisions_survive_in_the_store_when_rows_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.gpkg");
    let row = fixture::with_trains(
        fixture::observation("x", "a", "2023-05-01T00:00:00Z"),
        &[100.0],
    );
    let mut store = Store::open_or_create(&path).unwrap();
    store.write(std::slice::from_ref(&row)).unwrap();
    drop(store);
    assert_eq!(load_reviews(&path).unwrap(), []);
    let mut store = Store::open_or_create(&path).unwrap();
    let mut first = review("a", (20.0, 120.0), Decision::Reject);
    first.note = "a lorry; \"white\", 'long'\n--".into();
    store.keep_reviews(std::slice::from_ref(&first)).unwrap();
    let (mut observation, mut trains) = row;
    trains[0].start_m += 12.0;
    observation.reason = "again".into();
    store.write(&[(observation, trains)]).unwrap();
    store
        .keep_reviews(&[review("b", (0.0, 9.0), Decision::Accept)])
        .unwrap();
    drop(store);
    let reviews = load_reviews(&path).unwrap();
    assert_eq!(reviews[0], first);
    assert_eq!(reviews.len(), 2);
    let series = load(&path).unwrap();
    assert_eq!(reviewed(&series.trains, &reviews), [Some(&reviews[0])]);
    let left = decided(series, &reviews, Decisions::NotRejected);
    assert_eq!(counts(&left), [Some(0)]);
    assert_eq!(left.observations[0].status, Status::Clear);
}

#[test]
fn the_table_round_trips_through_careless_spreadsheets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("review.csv");
    let mut series = series();
    for train in series.trains.iter_mut().filter(|t| t.key.capture == "a") {
        train.key.capture = "=HYPERLINK(\"x\");'\u{202e}".into();
    }
    let mut known = vec![review("b", (20.0, 120.0), Decision::Unsure)];
    known[0].note = "-1, so \"so\"".into();
    let csv = review_csv(&series, &known, &|t| format!("chips/{}.png", t.train)).unwrap();
    let text = String::from_utf8(csv).unwrap();
    assert!(text.contains(",\"'=HYPERLINK("), "{text}");
    // Somebody decides on the first row, saves with other separators and a mark.
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b';')
        .from_writer(vec![0xef, 0xbb, 0xbf]);
    writer.write_record(reader.headers().unwrap()).unwrap();
    for (i, record) in reader.records().enumerate() {
        let mut fields: Vec<String> = record.unwrap().iter().map(str::to_owned).collect();
        if i == 0 {
            fields[12] = " Accept ".into();
        }
        writer.write_record(&fields).unwrap();
    }
    std::fs::write(&path, writer.into_inner().unwrap()).unwrap();
    let [first, second] = read_review_csv(&path).unwrap().try_into().unwrap();
    assert_eq!(
        (first.line, first.review.decision, &first.review.key),
        (2, Decision::Accept, &series.trains[0].key)
    );
    assert_eq!(second.review, known[0]);
}

#[test]
fn what_is_wrong_with_a_table_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("review.csv");
    let head = "crossing,track,capture,start_m,end_m,decision,note\n";
    for (content, said) in [
        (
            "crossing,track\n".to_owned(),
            "has no columns capture, start_m, end_m, decision",
        ),
        (
            format!("{head}x,main,a,1,2,yes,\n").replace('\n', "\r\n"),
            "line 2: \"yes\" is no decision",
        ),
        (
            format!("{head}x,main,a,one,2,accept,\n"),
            "\"one\" is no chainage",
        ),
        (format!("{head}x,main,a,3,2,accept,\n"), "before it begins"),
        (
            format!("{head}x,main\n"),
            "line 2 has 2 cells, the first line has 7",
        ),
    ] {
        std::fs::write(&path, content).unwrap();
        let message = read_review_csv(&path).unwrap_err().to_string();
        assert!(
            message.contains(said) && message.contains("review.csv"),
            "{message}"
        );
    }
}
