#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::*;
use crate::capture::Modality;
use crate::site::built_in;

fn subject() -> Subject {
    Subject {
        crossing: "tumen".into(),
        track: "tumen".into(),
        capture: "a".into(),
        scenes: 2,
        acquired: "2024-05-01T02:00:00Z".parse().unwrap(),
        sensor: "planetscope".into(),
        platform: "2473".into(),
        modality: Modality::Optical,
        gsd_m: Some(3.0),
    }
}

fn look(covered: f64, clear: f64) -> Look {
    Look {
        covered,
        clear,
        registered: None,
        trains: Ok(vec![train(100.0, 300.0), train(350.0, 400.0)]),
        remarks: Vec::new(),
        detection_limit_m: Some(50.0),
    }
}

fn train(start_m: f64, end_m: f64) -> FoundTrain {
    FoundTrain {
        start_m,
        end_m,
        start_sigma_m: 3.0,
        end_sigma_m: 4.0,
        length_sigma_m: 5.0,
        censored: measure::Censored::None,
        snr: 9.0,
        p_value: None,
        polarity: measure::Polarity::Dark,
        cars: None,
        followed: None,
        line: Vec::new(),
        cutout: None,
    }
}

fn row_of(look: Look) -> (Observation, Vec<Train>) {
    let finding = Finding {
        subject: subject(),
        verdict: Verdict::Looked(look),
    };
    rows(&finding, &built_in().unwrap(), &RunStamp::default())
}

#[test]
fn the_status_follows_from_what_can_be_seen() {
    for (covered, clear, status) in [
        (1.0, 0.9, Status::Clear),
        (1.0, 0.899, Status::Partial),
        (1.0, 0.1, Status::Partial),
        (1.0, 0.099, Status::Obscured),
        (0.1, 0.1, Status::Partial),
        (0.1, 0.05, Status::Obscured),
        (0.099, 0.099, Status::Uncovered),
    ] {
        let (row, trains) = row_of(look(covered, clear));
        assert_eq!(row.status, status, "{covered} {clear}");
        assert_eq!(row.train_count.is_some(), status.usable());
        assert_eq!(row.detection_limit_m.is_some(), status.usable());
        assert_eq!(trains.is_empty(), !status.usable());
        assert_eq!(row.reason.is_empty(), status == Status::Clear);
    }
}

#[test]
fn reasons_are_sentences_about_the_track() {
    let reason = |covered, clear| row_of(look(covered, clear)).0.reason;
    assert_eq!(
        reason(0.8, 0.5),
        "30 % of the track under cloud or shadow, 20 % outside the scene"
    );
    assert_eq!(reason(0.6, 0.6), "40 % outside the scene");
    assert_eq!(reason(1.0, 0.0), "100 % of the track under cloud or shadow");
    assert_eq!(
        reason(0.05, 0.0),
        "5 % of the track lies inside the valid data of the scene"
    );
    let undecided = Look {
        trains: Err("too few captures".into()),
        remarks: vec!["not registered".into()],
        ..look(1.0, 1.0)
    };
    let (row, trains) = row_of(undecided);
    assert_eq!(row.status, Status::Partial);
    assert_eq!(row.reason, "too few captures; not registered");
    assert_eq!((row.train_count, row.occupied_m), (None, None));
    assert!(trains.is_empty());
}

#[test]
fn trains_are_counted_and_summed() {
    let (row, trains) = row_of(look(1.0, 1.0));
    assert_eq!(row.train_count, Some(2));
    assert_eq!(row.occupied_m, Some(250.0));
    assert_eq!(row.longest_train_m, Some(200.0));
    assert_eq!((trains[0].train, trains[1].train), (1, 2));
    assert_eq!(trains[1].length_m, 50.0);
    assert_eq!(trains[0].change, Change::Unknown);
    assert_eq!(trains[0].first_seen, row.acquired);
}

#[test]
fn a_capture_that_failed_has_its_reason_and_nothing_else() {
    let finding = Finding {
        subject: subject(),
        verdict: Verdict::Failed("broken".into()),
    };
    let (row, trains) = rows(&finding, &[], &RunStamp::default());
    assert_eq!(
        (row.status, row.reason.as_str()),
        (Status::Failed, "broken")
    );
    assert_eq!((row.train_count, row.clear_fraction), (None, None));
    assert!(trains.is_empty());
}

fn stock(lengths_m: &[f64]) -> Vec<Stock> {
    let cars = lengths_m.iter().map(|&length_m| Stock {
        name: "car".into(),
        length_m,
        source: String::new(),
    });
    cars.collect()
}

#[test]
fn cars_are_the_length_two_sigma_shorter_and_longer_by_the_stock() {
    // 200 m ± 2 · 5 m: 190 m in cars of 20 m are 9.5, 210 m in cars of 12 m are 17.5.
    let both = cars(&train(100.0, 300.0), &stock(&[12.0, 20.0, 14.0]));
    assert_eq!(both, Some(Cars { min: 10, max: 18 }));
    // 190 m in cars of 14 m are 13.6, 210 m are 15.
    let one = cars(&train(100.0, 300.0), &stock(&[14.0]));
    assert_eq!(one, Some(Cars { min: 14, max: 15 }));
    // Shorter than its error: one car at least.
    let short = cars(&train(100.0, 105.0), &stock(&[14.0]));
    assert_eq!(short, Some(Cars { min: 1, max: 1 }));
}

#[test]
fn nothing_is_said_of_cars_without_stock_or_ends() {
    assert_eq!(cars(&train(100.0, 300.0), &[]), None);
    let hidden = FoundTrain {
        censored: measure::Censored::End,
        ..train(100.0, 300.0)
    };
    assert_eq!(cars(&hidden, &stock(&[14.0])), None);
}
