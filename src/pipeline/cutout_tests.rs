#![allow(clippy::unwrap_used, clippy::float_cmp)]
use super::*;
use crate::pipeline::FoundTrain;
use crate::source::CorridorOrigin;

/// A strip 1 m a cell from −50 m to 450 m, three offsets, whose values are its
/// number and its chainage.
fn strip(number: usize, clear: bool) -> Strip {
    let shape = (3, 501);
    Strip {
        chainage: Axis {
            first_m: -50.0,
            step_m: 1.0,
            len: shape.1,
        },
        offset: Axis {
            first_m: -1.0,
            step_m: 1.0,
            len: shape.0,
        },
        values: Array3::from_shape_fn((1, shape.0, shape.1), |(_, _, j)| {
            (1000 * number + j) as f32
        }),
        covered: Array2::from_elem(shape, true),
        clear: Array2::from_elem(shape, clear),
    }
}

fn origin(number: usize) -> CorridorOrigin {
    let corridor = crate::strip::fixture::corridor(1, 4, 1.0, |_, _| 0.0);
    CorridorOrigin {
        capture: format!("c{number}"),
        bands: vec![BandRole::Pan],
        ..corridor.origin
    }
}

fn look(start_m: f64, end_m: f64) -> Look {
    let train = FoundTrain {
        start_m,
        end_m,
        start_sigma_m: 1.0,
        end_sigma_m: 1.0,
        length_sigma_m: 1.0,
        censored: crate::measure::Censored::None,
        snr: 9.0,
        p_value: None,
        polarity: crate::measure::Polarity::Bright,
        cars: None,
        followed: None,
        line: Vec::new(),
        cutout: None,
    };
    Look {
        covered: 1.0,
        clear: 1.0,
        registered: None,
        trains: Ok(vec![train]),
        remarks: Vec::new(),
        detection_limit_m: None,
    }
}

fn cut(clear: [bool; 3], span_m: (f64, f64)) -> CutOut {
    let strips: Vec<Strip> = clear.iter().zip(0..).map(|(c, n)| strip(n, *c)).collect();
    let origins: Vec<CorridorOrigin> = (0..3).map(origin).collect();
    let film = Film::new(&strips, origins.iter());
    let mut look = look(span_m.0, span_m.1);
    film.cut(2, Some(&strips[0].values), &mut look);
    look.trains.unwrap().remove(0).cutout.unwrap()
}

#[test]
fn pieces_are_those_about_the_train_and_of_the_capture_before() {
    let cutout = cut([true, true, true], (100.0, 200.0));
    assert_eq!((cutout.chainage.first_m, cutout.chainage.len), (20.0, 261));
    assert_eq!(cutout.capture.values[[0, 0, 0]], 2070.0);
    assert_eq!(cutout.background.unwrap()[[0, 2, 260]], 330.0);
    let before = cutout.before.unwrap();
    assert_eq!(before.capture, "c1");
    assert_eq!(before.piece.values[[0, 0, 0]], 1070.0);
}

#[test]
fn what_shows_nothing_is_no_before() {
    assert_eq!(
        cut([true, false, true], (100.0, 200.0))
            .before
            .unwrap()
            .capture,
        "c0"
    );
    assert!(cut([false, false, true], (100.0, 200.0)).before.is_none());
}

#[test]
fn pieces_end_with_the_strip() {
    let cutout = cut([true, true, true], (0.0, 400.0));
    assert_eq!((cutout.chainage.first_m, cutout.chainage.len), (-50.0, 501));
}
