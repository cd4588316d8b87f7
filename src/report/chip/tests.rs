#![allow(clippy::unwrap_used, clippy::float_cmp)]
use image::Rgb;
use ndarray::{Array2, Array3};

use super::film::Film;
use super::tone::panels;
use super::*;
use crate::capture::{BandRole, Modality};
use crate::pipeline::{Before, CutOut, Piece};
use crate::series::{Train, fixture};
use crate::strip::Axis;

/// A bright train on a dark track between grey banks, 3 m a cell, 60 m about
/// the train, 25 cells across; the background is the same without the train.
pub(in crate::report) fn cutout(train: &Train) -> CutOut {
    let chainage = Axis {
        first_m: train.start_m - 60.0,
        step_m: 3.0,
        len: ((train.end_m - train.start_m + 120.0) / 3.0) as usize,
    };
    let offset = Axis {
        first_m: -36.0,
        step_m: 3.0,
        len: 25,
    };
    let shape = (3, offset.len, chainage.len);
    let ground = Array3::from_shape_fn(shape, |(band, i, j)| {
        let texture = ((7 * i + 13 * j + 3 * band) % 11) as f32 / 100.0;
        if (10..15).contains(&i) {
            0.1
        } else {
            0.3 + texture
        }
    });
    let mut values = ground.clone();
    for ((_, i, j), value) in values.indexed_iter_mut() {
        // A little noise, so that there is a scatter to compare with.
        *value += ((5 * i + 3 * j) % 7) as f32 * 0.002 - 0.006;
        let at_m = chainage.at_m(j);
        if i == 12 && at_m > train.start_m && at_m < train.end_m {
            *value = 0.6;
        }
    }
    let clear = Array2::from_elem((shape.1, shape.2), true);
    CutOut {
        chainage,
        offset,
        modality: Modality::Optical,
        gsd_m: 3.0,
        bands: vec![BandRole::Blue, BandRole::Green, BandRole::Red],
        capture: Piece {
            values,
            clear: clear.clone(),
        },
        background: Some(ground.clone()),
        before: Some(Before {
            capture: "before \u{202e}<b>".into(),
            acquired: "2023-04-01T00:00:00Z".parse().unwrap(),
            piece: Piece {
                values: ground,
                clear,
            },
        }),
    }
}

fn row() -> fixture::Row {
    let o = fixture::observation("x", "20230501_021030", "2023-05-01T02:10:30Z");
    fixture::with_trains(o, &[120.0, 90.0])
}

#[test]
fn a_brighter_train_is_bright_in_the_capture_and_warm_in_the_difference() {
    let (_, trains) = row();
    let cutout = cutout(&trains[0]);
    let panels = panels(&cutout);
    let [before, capture, background, difference] = panels.images.map(Option::unwrap);
    // Cell 40 is 60 m into the train, cell 10 30 m before it.
    let at = |image: &image::RgbImage, x, y| *image.get_pixel(x, y);
    assert_eq!(at(&capture, 40, 12), Rgb([255; 3]));
    assert!(at(&background, 40, 12).0[0] < 60);
    assert_eq!(at(&before, 40, 12), at(&before, 10, 12));
    let Rgb([red, _, blue]) = at(&difference, 40, 12);
    assert!(red > 200 && red > blue, "{red} {blue}");
    assert!(at(&difference, 10, 12).0[0] < 60);
}

#[test]
fn what_is_not_clear_is_hatched_and_does_not_set_the_contrast() {
    let (_, trains) = row();
    let mut cutout = cutout(&trains[0]);
    let seen = panels(&cutout).images[1].clone().unwrap();
    cutout.capture.clear[[2, 3]] = false;
    cutout.capture.values[[0, 2, 3]] = 99.0;
    let hidden = panels(&cutout).images[1].clone().unwrap();
    assert_ne!(hidden.get_pixel(3, 2), seen.get_pixel(3, 2));
    assert_eq!(hidden.get_pixel(40, 12), seen.get_pixel(40, 12));
}

#[test]
fn films_come_back_as_they_went() {
    let (_, trains) = row();
    let mut cutout = cutout(&trains[0]);
    cutout.background = None;
    let film = Film::of(&cutout, &panels(&cutout));
    assert_eq!(film.frame.shown, [true, true, false, false]);
    let chainages = (film.frame.from_m, film.frame.to_m, film.frame.across_m);
    assert_eq!(
        chainages,
        (trains[0].start_m - 61.5, trains[0].start_m + 178.5, 75.0)
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.film.png");
    std::fs::write(&path, film.to_png().unwrap()).unwrap();
    assert_eq!(Film::read(&path).unwrap(), film);
    for broken in [&b"no picture"[..], &film.to_png().unwrap()[..200]] {
        std::fs::write(&path, broken).unwrap();
        let said = Film::read(&path).unwrap_err().to_string();
        assert!(said.contains("a.film.png"), "{said}");
    }
}

#[test]
fn chips_are_written_again_alike_and_old_ones_go() {
    let folder = tempfile::tempdir().unwrap();
    let chips = ChipFolder::beside(&folder.path().join("s.gpkg"));
    let (o, trains) = row();
    let cutouts = [cutout(&trains[0]), cutout(&trains[1])];
    let both: Vec<_> = trains.iter().zip(&cutouts).collect();
    chips.write(&o, &both).unwrap();
    let first = std::fs::read(chips.sheet(&trains[0])).unwrap();
    assert!(chips.sheet(&trains[1]).exists() && chips.film(&trains[1]).exists());
    let sheet = image::load_from_memory(&first).unwrap();
    assert!((600..=1100).contains(&sheet.width()), "{}", sheet.width());
    chips.write(&o, &both[..1]).unwrap();
    assert_eq!(std::fs::read(chips.sheet(&trains[0])).unwrap(), first);
    assert!(!chips.sheet(&trains[1]).exists() && !chips.film(&trains[1]).exists());
}

#[test]
fn no_name_leads_out_of_the_folder_and_none_shares_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let chips = ChipFolder::beside(&folder.path().join("s.gpkg"));
    let names = [
        "../../../etc/x",
        "a/b",
        "a_b",
        "a\u{0}b",
        "",
        ".",
        "..",
        "두만강",
        &"long".repeat(200),
    ];
    let mut files = Vec::new();
    for name in names {
        let (_, mut trains) = row();
        let train = &mut trains[0];
        train.key.crossing = name.into();
        train.key.track = name.into();
        train.key.capture = name.into();
        let file = chips.sheet(train);
        let inside = file.strip_prefix(chips.root()).unwrap().to_path_buf();
        assert_eq!(inside.components().count(), 3, "{name}");
        let plain = |c: std::path::Component<'_>| matches!(c, std::path::Component::Normal(_));
        assert!(inside.components().all(plain), "{name}");
        files.push(file);
    }
    let count = files.len();
    files.sort();
    files.dedup();
    assert_eq!(files.len(), count);
}
