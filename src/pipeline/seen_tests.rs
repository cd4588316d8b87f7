#![allow(clippy::unwrap_used, clippy::float_cmp)]

use ndarray::{Array3, Axis as Dim};

use super::*;
use crate::site::built_in;

fn track() -> Track {
    built_in().unwrap().remove(0).tracks.remove(0)
}

fn train(start_m: f64, end_m: f64, censored: Censored) -> TrainOnStrip {
    TrainOnStrip {
        start_m,
        end_m,
        start_sigma_m: 3.0,
        end_sigma_m: 4.0,
        length_sigma_m: 4.5,
        censored,
        snr: 9.0,
        p_value: None,
        polarity: Polarity::Dark,
        cars: None,
    }
}

#[test]
fn trains_are_cut_where_the_track_ends_and_say_so() {
    let track = track();
    let length_m = track.alignment.length_m();
    let on_track = |start_m, end_m| train(start_m, end_m, Censored::None).on_track(&track);

    let inside = on_track(100.0, 300.0).unwrap();
    assert_eq!((inside.start_m, inside.end_m), (100.0, 300.0));
    assert_eq!(
        (inside.censored, inside.length_sigma_m),
        (Censored::None, 4.5)
    );
    assert!(inside.line.len() >= 2);

    // The end of the track is where it is: what is left is the other end's error.
    let before = on_track(-50.0, 300.0).unwrap();
    assert_eq!((before.start_m, before.end_m), (0.0, 300.0));
    assert_eq!(
        (before.censored, before.length_sigma_m),
        (Censored::Start, 4.0)
    );
    let behind = on_track(400.0, length_m + 30.0).unwrap();
    assert_eq!((behind.start_m, behind.end_m), (400.0, length_m));
    assert_eq!(
        (behind.censored, behind.length_sigma_m),
        (Censored::End, 3.0)
    );
    let longer = on_track(-50.0, length_m + 30.0).unwrap();
    assert_eq!(
        (longer.censored, longer.length_sigma_m),
        (Censored::Both, 0.0)
    );
    assert_eq!(longer.end_m - longer.start_m, length_m);

    assert_eq!(on_track(-50.0, 0.0), None);
    // Its end is known to ± 4 m, its start to ± 3 m.
    assert_eq!(on_track(-50.0, 7.9), None);
    assert!(on_track(-50.0, 8.1).is_some());
    assert_eq!(on_track(length_m - 5.9, length_m + 80.0), None);
    assert_eq!(on_track(length_m + 1.0, length_m + 80.0), None);
}

#[test]
fn an_end_behind_a_mask_stays_hidden() {
    let track = track();
    let hidden = train(-50.0, 300.0, Censored::End).on_track(&track).unwrap();
    assert_eq!(hidden.censored, Censored::Both);
    let inside = train(50.0, 300.0, Censored::Start)
        .on_track(&track)
        .unwrap();
    assert_eq!(inside.censored, Censored::Start);
}

/// 11 offsets from −25 to 25 m, 30 cells from −45 to 245 m, all of it clear.
fn strip() -> Strip {
    let axis = |first_m, step_m, len| Axis {
        first_m,
        step_m,
        len,
    };
    Strip {
        chainage: axis(-45.0, 10.0, 30),
        offset: axis(-25.0, 5.0, 11),
        values: Array3::zeros((1, 11, 30)),
        covered: Array2::from_elem((11, 30), true),
        clear: Array2::from_elem((11, 30), true),
    }
}

#[test]
fn only_the_track_itself_counts_as_seen() {
    // 20 cells, at 5, 15 … 195 m, lie on the track.
    let mut strip = strip();
    let whole = Core::of(&strip, 200.0);
    assert_eq!((whole.covered_share, whole.clear_share), (1.0, 1.0));
    assert_eq!(whole.seen_m, [(0.0, 200.0)]);

    // Beyond its ends and more than 6 m beside it, cloud does not matter.
    strip.clear.slice_axis_mut(Dim(1), (..5).into()).fill(false);
    strip.clear.slice_axis_mut(Dim(0), (..4).into()).fill(false);
    assert_eq!(Core::of(&strip, 200.0).clear_share, 1.0);

    // One cell 5 m beside it hides a place, here 50 to 60 and 150 to 160 m.
    strip.clear[[4, 10]] = false;
    strip.clear[[6, 20]] = false;
    let partial = Core::of(&strip, 200.0);
    assert_eq!((partial.covered_share, partial.clear_share), (1.0, 0.9));
    assert_eq!(partial.seen_m, [(0.0, 50.0), (60.0, 150.0), (160.0, 200.0)]);

    strip.covered.fill(false);
    strip.clear.fill(false);
    let nothing = Core::of(&strip, 200.0);
    assert_eq!((nothing.covered_share, nothing.clear_share), (0.0, 0.0));
    assert!(nothing.seen_m.is_empty());
}

#[test]
fn a_refused_registration_is_a_remark_and_no_shift() {
    use super::super::align::Placed;
    let placed = [Placed {
        registration: Err("too few captures show enough".into()),
        shift: crate::strip::Shift::default(),
    }];
    let undecided = Err("nothing to compare with".into());
    let seen = Seen::of(&track(), &placed, &strip(), undecided);
    assert_eq!(seen.look.registered, None);
    assert_eq!(seen.look.remarks, ["too few captures show enough"]);
    assert_eq!(seen.look.trains, Err("nothing to compare with".to_owned()));
}

/// An outcome of a capture with a profile of ten cells and this limit.
fn outcome(limit_m: Option<f64>) -> StripOutcome {
    let rows = |value: f32| Array2::from_elem((1, 10), value);
    let profile = crate::strip::Profile::seen_whole(
        Axis {
            first_m: 5.0,
            step_m: 10.0,
            len: 10,
        },
        (rows(0.0), rows(0.1)),
        (6.0, 10.0),
    );
    StripOutcome {
        profile: Some(profile),
        detection_limit_m: limit_m,
        ..StripOutcome::default()
    }
}

#[test]
fn none_found_where_none_would_be_is_no_finding() {
    let trains = |limit_m| {
        let outcome = Outcome::of_strip(outcome(limit_m), &[]);
        let seen = Seen::of(&track(), &[], &strip(), Ok(outcome));
        seen.look.trains.map(|trains| trains.len())
    };
    assert_eq!(trains(Some(60.0)), Ok(0));
    assert_eq!(trains(None), Err(BLIND.to_owned()));
}
