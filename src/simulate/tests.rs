//! What a simulated series promises: it repeats, it conserves light, and its
//! truth is what its pixels show.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

use std::collections::BTreeMap;

use ndarray::Array2;

use super::circumstances::Circumstances;
use super::masks::Verdict;
use super::optics::{Displacement, Psf, sample};
use super::render::{Picture, Studio};
use super::sensor::{BANDS, SensorModel};
use super::*;
use crate::geo::{Alignment, Frame, LonLat, Point};
use crate::site::{Section, SectionKind};

/// A straight line of 600 m on the 39th parallel, a bridge in its middle.
fn track() -> Track {
    line(280.0, 110.0)
}

/// A straight line of twice that much, a bridge in its middle half.
fn line(east_m: f64, north_m: f64) -> Track {
    let middle = LonLat {
        lon_deg: 128.5,
        lat_deg: 39.0,
    };
    let frame = Frame::at(middle);
    let ends =
        [(-east_m, -north_m), (east_m, north_m)].map(|(east_m, north_m)| Point { east_m, north_m });
    let alignment = Alignment::through(&ends).unwrap();
    Track {
        id: "line".into(),
        name: "line".into(),
        vertices: ends.iter().map(|&p| frame.to_lon_lat(p)).collect(),
        frame,
        sections: vec![Section {
            kind: SectionKind::Bridge,
            start_m: 0.25 * alignment.length_m(),
            end_m: 0.75 * alignment.length_m(),
            uncertainty_across_m: None,
        }],
        alignment,
        uncertainty_across_m: 0.0,
        uncertainty_along_m: 0.0,
        source: String::new(),
        stock: Vec::new(),
        confusers: Vec::new(),
        road_lane_offset_m: None,
    }
}

fn small(sensor: Sensor, captures: usize) -> Scenario {
    let mut scenario = Scenario::new(sensor, captures, 11);
    scenario.margin_m = Some(80.0);
    scenario
}

fn files_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let inside = entry.path().strip_prefix(folder).unwrap().to_path_buf();
            (inside, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn equal_seeds_give_equal_bytes_and_others_do_not() {
    let place = tempfile::tempdir().unwrap();
    let track = line(70.0, 25.0);
    for sensor in Sensor::ALL {
        let make = |name: &str, seed| {
            let folder = place.path().join(name).join(sensor.name());
            std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
            let mut scenario = small(sensor, 2);
            if sensor == Sensor::Vhr {
                scenario.margin_m = Some(5.0);
            }
            scenario.seed = seed;
            let delivery = Delivery {
                crossing: "here",
                folder: &folder,
            };
            simulate(&track, &scenario, &delivery, |_| Ok(())).unwrap();
            assert!(truth_path(&folder).exists());
            files_of(folder.parent().unwrap())
        };
        let first = make("a", 1);
        assert_eq!(first, make("b", 1), "{}", sensor.name());
        assert_ne!(first, make("c", 2), "{}", sensor.name());
    }
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("mine.txt"), "mine").unwrap();
    let delivery = Delivery {
        crossing: "here",
        folder: place.path(),
    };
    let error = simulate(
        &track(),
        &small(Sensor::Sentinel2, 1),
        &delivery,
        |_| Ok(()),
    );
    assert!(error.is_err_and(|e| e.to_string().contains("already")));
}

/// The same capture with and without what a change of the scenario brings.
fn pair(
    track: &Track,
    scenario: &Scenario,
    change: impl Fn(&mut Scenario),
    of: usize,
) -> (Picture, Picture) {
    let mut changed = scenario.clone();
    change(&mut changed);
    let take = |scenario: &Scenario| {
        let studio = Studio::open(track, scenario).unwrap();
        studio.take(&studio.captures[of])
    };
    (take(scenario), take(&changed))
}

/// Mean over the bands of the absolute difference along the line, 1 m apart.
fn along(studio: &Studio<'_>, a: &Picture, b: &Picture, at_m: std::ops::Range<i32>) -> f32 {
    let steps = at_m.len() as f32 * BANDS as f32;
    at_m.map(|s| {
        let p = studio.canvas.line.point_at(f64::from(s), 0.0);
        let (col, row) = studio.canvas.pixel_of(p).unwrap();
        (0..BANDS)
            .map(|band| (a.values[[band, row, col]] - b.values[[band, row, col]]).abs())
            .sum::<f32>()
    })
    .sum::<f32>()
        / steps
}

#[test]
fn trains_lie_where_the_truth_says() {
    let track = track();
    let mut scenario = small(Sensor::PlanetScope, 8).plain();
    scenario.occupied = 1.0;
    scenario.train_length_m = Some(200.0);
    let studio = Studio::open(&track, &scenario).unwrap();
    for of in 0..studio.captures.len() {
        let (with, without) = pair(&track, &scenario, |s| s.occupied = 0.0, of);
        let train = &with.trains[0];
        assert!(without.trains.is_empty());
        assert!((train.end_m - train.start_m - 200.0).abs() < 1e-9);
        let (from, to) = (train.start_m.max(0.0) as i32, train.end_m.min(600.0) as i32);
        // Noise alone differs by nothing: the streams are the same.
        let inside = along(&studio, &with, &without, from + 5..to - 5);
        assert!(inside > 0.01, "capture {of}: {inside}");
        if from > 60 {
            let before = along(&studio, &with, &without, 0..from - 45);
            assert!(before < 1e-3, "capture {of}: {before}");
        }
    }
}

/// Sum over the window of a plane sampled at a displacement, in cells' worth.
fn light(studio: &Studio<'_>, plane: &[f32], displacement: &Displacement) -> f64 {
    let psf = Psf::gaussian(0.7 * studio.canvas.oversampling as f64);
    let pixels = sample(&studio.canvas, plane, &psf, displacement);
    let per_pixel = (studio.canvas.oversampling as f64).powi(2);
    pixels.iter().map(|&v| f64::from(v)).sum::<f64>() * per_pixel
}

#[test]
fn a_thing_smaller_than_a_pixel_keeps_its_light() {
    let track = track();
    let scenario = small(Sensor::Sentinel2, 1).plain();
    let studio = Studio::open(&track, &scenario).unwrap();
    let mut plane = vec![0.0f32; studio.canvas.width * studio.canvas.height];
    let middle = studio.canvas.height / 2 * studio.canvas.width + studio.canvas.width / 2;
    plane[middle] = 1.0;
    for east_m in [0.0, 1.3, -7.7, 23.0] {
        let displacement = Displacement {
            east_m,
            north_m: 0.4 * east_m,
            slope: [0.0; 4],
        };
        let light = light(&studio, &plane, &displacement);
        assert!((light - 1.0).abs() < 0.01, "{east_m}: {light}");
    }
}

/// Where the light of a picture is, pixels.
fn centroid(pixels: &Array2<f32>) -> (f64, f64) {
    let (mut sum, mut cols, mut rows) = (0.0, 0.0, 0.0);
    for ((row, col), &value) in pixels.indexed_iter() {
        sum += f64::from(value);
        cols += f64::from(value) * col as f64;
        rows += f64::from(value) * row as f64;
    }
    (cols / sum, rows / sum)
}

#[test]
fn a_shift_moves_content_east_and_north() {
    let track = track();
    let scenario = small(Sensor::Sentinel2, 1).plain();
    let studio = Studio::open(&track, &scenario).unwrap();
    let mut plane = vec![0.0f32; studio.canvas.width * studio.canvas.height];
    plane[studio.canvas.height / 2 * studio.canvas.width + studio.canvas.width / 2] = 1.0;
    let psf = Psf::gaussian(2.8);
    let at = |east_m, north_m| {
        let displacement = Displacement {
            east_m,
            north_m,
            slope: [0.0; 4],
        };
        centroid(&sample(&studio.canvas, &plane, &psf, &displacement))
    };
    let (col, row) = at(0.0, 0.0);
    let (moved_col, moved_row) = at(3.7, 8.2);
    assert!(
        (moved_col - col - 0.37).abs() < 0.005,
        "{}",
        moved_col - col
    );
    assert!(
        (moved_row - row + 0.82).abs() < 0.005,
        "{}",
        moved_row - row
    );
}

#[test]
fn trains_keep_their_area_whatever_the_angle() {
    use super::corridor::NearCells;
    let track = track();
    let scenario = small(Sensor::Sentinel2, 1).plain();
    let studio = Studio::open(&track, &scenario).unwrap();
    let near = NearCells::of(&studio.canvas);
    let size_m = studio.canvas.cell_m;
    let area_m2: f64 = near
        .all()
        .iter()
        .map(|cell| {
            let share = decks::overlap(cell.along_m, size_m, (201.3, 217.4))
                * decks::overlap(cell.across_m, size_m, (-1.575, 1.575));
            f64::from(share) * size_m * size_m
        })
        .sum();
    assert!((area_m2 / (16.1 * 3.15) - 1.0).abs() < 0.03, "{area_m2}");
}

#[test]
fn speckle_has_the_power_and_the_looks_it_should() {
    let track = track();
    let mut scenario = small(Sensor::Sentinel1, 1).plain();
    scenario.margin_m = Some(500.0);
    scenario.occupied = 0.0;
    let studio = Studio::open(&track, &scenario).unwrap();
    let picture = studio.take(&studio.captures[0]);
    // Open water is the one uniform cover; decks lie within 90 m of the line.
    let (canvas, mut values) = (&studio.canvas, Vec::new());
    for ((_, row, col), &value) in picture.values.indexed_iter() {
        let cell = |i: usize| (i + canvas.reach_px) * canvas.oversampling;
        let bank_m = studio.ground.bank_m[cell(row) * canvas.width + cell(col)];
        let (_, across_m) = canvas.line.project(canvas.pixel(col, row));
        if bank_m > 60.0 && across_m.abs() > 130.0 {
            values.push(f64::from(value));
        }
    }
    assert!(values.len() > 500, "{}", values.len());
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    let looks = mean * mean / variance;
    // Texture of the water and the receiver's noise move it a little.
    assert!((3.4..5.6).contains(&looks), "{looks} looks");
    assert!((0.008..0.05).contains(&mean), "power {mean}");
}

#[test]
fn trains_are_bright_in_radar() {
    let track = track();
    let mut scenario = small(Sensor::Sentinel1, 6).plain();
    scenario.occupied = 1.0;
    scenario.train_length_m = Some(180.0);
    let studio = Studio::open(&track, &scenario).unwrap();
    let mut gains_db = Vec::new();
    for of in 0..studio.captures.len() {
        let (with, without) = pair(&track, &scenario, |s| s.occupied = 0.0, of);
        let train = &with.trains[0];
        let middle_m = (0.5 * (train.start_m + train.end_m)).clamp(20.0, 580.0);
        let mean = |picture: &Picture| {
            let power = (-3..=3).map(|k| {
                let p = studio
                    .canvas
                    .line
                    .point_at(middle_m + 10.0 * f64::from(k), 0.0);
                studio
                    .canvas
                    .pixel_of(p)
                    .map_or(0.0, |(c, r)| picture.values[[0, r, c]])
            });
            power.sum::<f32>()
        };
        gains_db.push(10.0 * (mean(&with) / mean(&without)).log10());
    }
    let mean_db = gains_db.iter().sum::<f32>() / gains_db.len() as f32;
    assert!((5.0..15.0).contains(&mean_db), "{gains_db:?} dB");
}

fn cloudy() -> (Track, Scenario) {
    let mut scenario = small(Sensor::PlanetScope, 30);
    scenario.margin_m = Some(200.0);
    scenario.nuisances = vec![Nuisance::Clouds];
    (track(), scenario)
}

#[test]
fn masks_are_close_to_the_clouds_and_not_equal() {
    let (track, scenario) = cloudy();
    let studio = Studio::open(&track, &scenario).unwrap();
    let half: Vec<&Circumstances> = studio
        .captures
        .iter()
        .filter(|c| (0.15..0.85).contains(&c.cloud))
        .take(3)
        .collect();
    assert!(!half.is_empty());
    for capture in half {
        let picture = studio.take(capture);
        let sky = picture.sky.as_ref().unwrap();
        let verdicts = picture.verdicts.as_ref().unwrap();
        let (mut agree, mut differ) = (0, 0);
        for (at, verdict) in verdicts.indexed_iter() {
            let said = matches!(verdict, Verdict::Cloud | Verdict::Haze);
            if said == (sky.cloud[at] > 0.3) {
                agree += 1;
            } else {
                differ += 1;
            }
        }
        let share = f64::from(differ) / f64::from(agree + differ);
        assert!((0.002..0.2).contains(&share), "{share} differ");
    }
}

#[test]
fn the_truth_tells_how_much_is_seen() {
    let place = tempfile::tempdir().unwrap();
    let (track, mut scenario) = cloudy();
    scenario.captures = 12;
    scenario.sensor = Sensor::Sentinel2;
    let folder = place.path().join("sim");
    let delivery = Delivery {
        crossing: "here",
        folder: &folder,
    };
    let truth = simulate(&track, &scenario, &delivery, |_| Ok(())).unwrap();
    let studio = Studio::open(&track, &scenario).unwrap();
    for capture in &studio.captures {
        let row = truth
            .iter()
            .find(|row| row.acquired == capture.acquired.to_string())
            .unwrap();
        if capture.cloud == 0.0 {
            assert_eq!(row.clear, 1.0);
        }
        if capture.cloud >= 1.0 {
            assert_eq!(row.clear, 0.0);
        }
    }
    assert!(truth.iter().any(|row| row.clear < 1.0));
    let text = std::fs::read_to_string(truth_path(&folder)).unwrap();
    assert!(text.starts_with(
        "capture,acquired,crossing,clear,snow,shift_x,shift_y,total,n,\
         start,end,length,inside,speed,train_clear,kind,cars\n"
    ));
}

#[test]
fn leaving_clouds_out_changes_nothing_else() {
    let track = track();
    let scenario = small(Sensor::Sentinel2, 6);
    let without = Scenario {
        nuisances: Nuisance::ALL
            .into_iter()
            .filter(|&n| n != Nuisance::Clouds)
            .collect(),
        ..scenario.clone()
    };
    let with = Studio::open(&track, &scenario).unwrap();
    let without = Studio::open(&track, &without).unwrap();
    let clear = with.captures.iter().position(|c| c.cloud == 0.0).unwrap();
    let a = with.take(&with.captures[clear]);
    let b = without.take(&without.captures[clear]);
    assert_eq!(a.values, b.values);
}

#[test]
fn nothing_is_displaced_beyond_the_scene() {
    for sensor in Sensor::ALL {
        let model = SensorModel::of(sensor);
        let reach_m = model.reach_px() as f64 * model.gsd_m;
        let scenario = Scenario::new(sensor, 200, 5);
        for capture in circumstances::of_series(&scenario, &model).unwrap() {
            let farthest_m = capture.shift_m.0.abs().max(capture.shift_m.1.abs());
            assert!(farthest_m + 4.0 * model.psf_px * model.gsd_m < reach_m);
        }
    }
}
