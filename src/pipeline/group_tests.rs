#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::super::{TILE_M, select, stretch_fingerprint, tiles, workers};
use super::*;
use crate::site::{Crossing, built_in};
use crate::source::{Corridor, write_corridor};
use crate::strip::fixture::corridor;

fn filed(change: impl FnOnce(&mut CorridorOrigin)) -> Filed {
    let made = corridor(4, 4, 3.0, |_, _| 0.1);
    let mut origin = made.origin;
    change(&mut origin);
    Filed {
        path: PathBuf::from(format!("{}-{}", origin.capture, origin.start_m)),
        label: CorridorLabel {
            origin,
            to_pixel: made.to_pixel,
            grid: made.grid,
        },
    }
}

#[test]
fn only_captures_that_can_be_compared_are_one_series() {
    let alike = [
        filed(|o| o.capture = "a".into()),
        filed(|o| o.platform = "another".into()),
        filed(|o| o.gsd_m = 3.1),
        // Optical captures are not parted by orbits.
        filed(|o| o.relative_orbit = Some(7)),
    ];
    assert_eq!(group(alike.to_vec()).len(), 1);
    let different = [
        filed(|o| o.capture = "a".into()),
        filed(|o| o.sensor = "another".into()),
        filed(|o| o.gsd_m = 5.0),
        filed(|o| o.unit = Unit::Counts),
        filed(|o| o.track = "another".into()),
        filed(|o| o.bands.truncate(3)),
        filed(|o| o.modality = Modality::Sar),
        filed(|o| (o.modality, o.relative_orbit) = (Modality::Sar, Some(7))),
    ];
    assert_eq!(group(different.to_vec()).len(), different.len());
}

#[test]
fn captures_come_in_order_of_time_with_their_tiles_in_order() {
    let made = |capture: &str, day: i8, start_m: f64| {
        filed(|o| {
            o.capture = capture.into();
            o.acquired = format!("2024-05-{day:02}T02:00:00Z").parse().unwrap();
            o.start_m = start_m;
        })
    };
    let mixed = vec![
        made("b", 9, 4000.0),
        made("c", 1, 0.0),
        made("b", 9, 0.0),
        made("a", 9, 0.0),
    ];
    let series = group(mixed);
    let captures = series.values().next().unwrap();
    let order: Vec<(&str, Vec<f64>)> = captures
        .iter()
        .map(|c| {
            let starts = c.tiles.iter().map(|t| t.label.origin.start_m);
            (c.origin().capture.as_str(), starts.collect())
        })
        .collect();
    let expected = [("c", vec![0.0]), ("a", vec![0.0]), ("b", vec![0.0, 4000.0])];
    assert_eq!(order, expected);
}

/// A corridor file of the crossing's only tile, numbered to tell it apart.
fn keep(cache: &Cache, crossing: &Crossing, number: u64) -> PathBuf {
    let target = tiles(&crossing.id, &crossing.tracks[0], TILE_M)
        .unwrap()
        .remove(0);
    let stretch = stretch_fingerprint(&target).unwrap();
    let fingerprint = format!("{stretch}{number:048x}");
    let path = cache.corridor(&fingerprint);
    let mut made: Corridor = corridor(4, 4, 3.0, |_, _| 0.1);
    made.provenance.fingerprint = fingerprint;
    made.origin.crossing.clone_from(&target.crossing);
    made.origin.track.clone_from(&target.track);
    (made.origin.start_m, made.origin.end_m) = (target.start_m, target.end_m);
    write_corridor(&made, &path).unwrap();
    path
}

#[test]
fn of_several_corridors_the_one_of_this_run_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path(), u64::MAX);
    cache.prepare().unwrap();
    let crossing = built_in().unwrap().remove(0);
    // The track as it was drawn before is another stretch.
    let mut moved = crossing.clone();
    moved.tracks[0].alignment = moved.tracks[0].alignment.between(0.0, 500.0).unwrap();
    let stale = keep(&cache, &moved, 1);
    let paths = [2, 3].map(|number| keep(&cache, &crossing, number));
    let pool = workers(1).unwrap();
    let chosen = |crossing: &Crossing, fresh: &BTreeSet<PathBuf>| -> Vec<PathBuf> {
        let filed = select(
            &cache,
            std::slice::from_ref(crossing),
            fresh,
            &pool,
            &Memo::default(),
        )
        .unwrap();
        filed.into_iter().map(|f| f.path).collect()
    };
    for fresh in &paths {
        let only = BTreeSet::from([fresh.clone()]);
        assert_eq!(chosen(&crossing, &only), std::slice::from_ref(fresh));
    }
    let file = std::fs::File::options()
        .append(true)
        .open(&paths[0])
        .unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    file.set_modified(later).unwrap();
    assert_eq!(chosen(&crossing, &BTreeSet::new()), paths[..1]);
    assert_eq!(chosen(&moved, &BTreeSet::new()), [stale]);
}
