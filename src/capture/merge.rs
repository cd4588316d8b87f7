//! Merging of scenes into captures, and of copies into one.
//!
//! Scenes of one pass become one capture. Among copies of a scene the better
//! one stays: of the greater version (processing level, baseline, time of
//! processing), else of the greater files (a whole scene before a clip of
//! it), else the one whose id and path come first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::archive::bytes_of;
use super::{Capture, Inventory, Problem, Scene};

/// Scenes of one pass follow one another within this time. An orbit takes
/// about 100 minutes, and no satellite here images for half of one; on the
/// other hand the same scene is dated by some archives with the start of the
/// acquisition, by others with the moment of the scene, up to half an hour later.
const PASS_GAP: SignedDuration = SignedDuration::from_mins(45);

/// Makes captures of what the decoders returned, in order of time and id.
#[must_use]
pub fn gather(decoded: Vec<Result<Scene, Problem>>, problems: Vec<Problem>) -> Inventory {
    let mut inventory = Inventory {
        problems,
        ..Inventory::default()
    };
    let mut scenes = Vec::new();
    for result in decoded {
        match result {
            Ok(scene) => scenes.push(scene),
            Err(problem) => inventory.problems.push(problem),
        }
    }
    for pass in passes(scenes) {
        let kept = without_copies(pass, &mut inventory.notes);
        inventory.captures.extend(capture_of(kept));
    }
    inventory
        .captures
        .sort_by(|a, b| (a.datetime, &a.id).cmp(&(b.datetime, &b.id)));
    tell_apart(&mut inventory);
    inventory
        .problems
        .sort_by(|a, b| (&a.path, &a.what).cmp(&(&b.path, &b.what)));
    inventory.problems.dedup();
    for note in &inventory.notes {
        log::info!("{note}");
    }
    inventory
}

/// Groups of scenes of one pass: equal keys and close in time.
fn passes(scenes: Vec<Scene>) -> Vec<Vec<Scene>> {
    let mut by_key: BTreeMap<(String, String), Vec<Scene>> = BTreeMap::new();
    for scene in scenes {
        by_key.entry(pass_key(&scene)).or_default().push(scene);
    }
    let mut groups = Vec::new();
    for (_, mut scenes) in by_key {
        scenes.sort_by(|a, b| order(a).cmp(&order(b)));
        let mut last: Option<Timestamp> = None;
        for scene in scenes {
            let joins = last.is_some_and(|t| scene.datetime.duration_since(t) <= PASS_GAP);
            last = Some(scene.datetime);
            match groups.last_mut() {
                Some(group) if joins => Vec::push(group, scene),
                _ => groups.push(vec![scene]),
            }
        }
    }
    groups
}

/// A scene without a pass stands alone, but meets its own copies.
fn pass_key(scene: &Scene) -> (String, String) {
    let pass = match scene.pass.as_str() {
        "" => format!("{} {}", scene.id, scene.datetime),
        pass => pass.to_owned(),
    };
    (scene.sensor.clone(), pass)
}

fn order(scene: &Scene) -> (Timestamp, &str, &Path) {
    (scene.datetime, &scene.id, &scene.product)
}

/// Leaves one scene of each tile; scenes that name no tile are copies where
/// they have the same id.
fn without_copies(scenes: Vec<Scene>, notes: &mut Vec<String>) -> Vec<Scene> {
    let mut by_tile: BTreeMap<String, Vec<Scene>> = BTreeMap::new();
    for scene in scenes {
        let key = match scene.tile.as_str() {
            "" => format!("id {}", scene.id),
            tile => tile.to_owned(),
        };
        by_tile.entry(key).or_default().push(scene);
    }
    let mut kept: Vec<Scene> = by_tile
        .into_values()
        .filter_map(|copies| best(copies, notes))
        .collect();
    kept.sort_by(|a, b| order(a).cmp(&order(b)));
    kept
}

/// The best of some copies; what became of the others is noted.
fn best(mut copies: Vec<Scene>, notes: &mut Vec<String>) -> Option<Scene> {
    if copies.len() > 1 {
        copies.sort_by_cached_key(|scene| {
            (
                Reverse((scene.version.clone(), band_bytes(scene))),
                scene.id.clone(),
                scene.product.clone(),
            )
        });
    }
    let mut copies = copies.into_iter();
    let first = copies.next()?;
    for other in copies {
        let reason = if other.version < first.version {
            "the later version"
        } else if band_bytes(&other) < band_bytes(&first) {
            "the greater one"
        } else {
            "the first by name"
        };
        notes.push(format!(
            "{} counts once: {} is used ({reason}), {} is not",
            first.id,
            first.product.display(),
            other.product.display()
        ));
    }
    Some(first)
}

/// Bytes of a scene's bands: copies of one scene differ by their area. Rasters
/// that hold several bands are counted once.
fn band_bytes(scene: &Scene) -> u64 {
    let paths: BTreeSet<&str> = scene.bands.iter().map(|b| b.path.as_str()).collect();
    paths.into_iter().map(|p| bytes_of(Path::new(p))).sum()
}

fn capture_of(scenes: Vec<Scene>) -> Option<Capture> {
    let first = scenes.first()?;
    Some(Capture {
        id: first.id.clone(),
        datetime: first.datetime,
        scenes,
    })
}

/// Ids name captures in the store: where two captures would share one, the
/// later ones get their time behind it.
fn tell_apart(inventory: &mut Inventory) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for capture in &mut inventory.captures {
        let count = seen.entry(capture.id.clone()).or_default();
        *count += 1;
        if *count == 1 {
            continue;
        }
        let product = capture.first().product.display().to_string();
        let time = capture.datetime.strftime("%Y%m%dT%H%M%SZ");
        let id = format!("{}@{time}", capture.id);
        inventory.notes.push(format!(
            "{} names several captures: {product} is called {id}",
            capture.id
        ));
        capture.id = id;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use crate::capture::{Modality, Unit};

    fn scene(id: &str, time: &str, pass: &str, tile: &str, version: &str) -> Scene {
        Scene {
            id: id.into(),
            product: format!("{id}.{version}").into(),
            datetime: time.parse().unwrap(),
            sensor: "sentinel-2".into(),
            platform: "sentinel-2a".into(),
            modality: Modality::Optical,
            gsd_m: None,
            unit: Unit::Reflectance,
            bands: Vec::new(),
            masks: Vec::new(),
            relative_orbit: None,
            version: version.into(),
            pass: pass.into(),
            tile: tile.into(),
        }
    }

    fn gathered(scenes: &[Scene]) -> Inventory {
        gather(scenes.iter().cloned().map(Ok).collect(), Vec::new())
    }

    fn ids(inventory: &Inventory) -> Vec<&str> {
        inventory.captures.iter().map(|c| c.id.as_str()).collect()
    }

    #[test]
    fn two_tiles_of_one_pass_are_one_capture_of_two_scenes() {
        let a = scene("a", "2022-01-09T02:15:04Z", "sentinel-2a", "52TFN", "1");
        let b = scene("b", "2022-01-09T02:15:20Z", "sentinel-2a", "52TFM", "1");
        let next = scene("c", "2022-01-19T02:15:04Z", "sentinel-2a", "52TFN", "1");
        let inventory = gathered(&[b, next, a]);
        assert_eq!(ids(&inventory), ["a", "c"]);
        assert_eq!(inventory.captures[0].scenes.len(), 2);
        assert!(inventory.notes.is_empty());
    }

    #[test]
    fn of_two_versions_the_later_counts_and_it_is_noted() {
        let old = scene("old", "2022-01-09T02:15:04Z", "p", "52TFN", "L2A 02.14 x");
        let new = scene("new", "2022-01-09T02:27:00Z", "p", "52TFN", "L2A 05.09 x");
        let inventory = gathered(&[old, new]);
        assert_eq!(ids(&inventory), ["new"]);
        assert_eq!(inventory.captures[0].scenes.len(), 1);
        assert!(inventory.notes[0].contains("the later version"));
    }

    #[test]
    fn of_equal_versions_the_greater_files_count() {
        let folder = tempfile::tempdir().unwrap();
        let with_file = |name: &str, bytes: usize| {
            let path = folder.path().join(name);
            std::fs::write(&path, vec![0; bytes]).unwrap();
            let mut scene = scene(name, "2022-01-09T02:15:04Z", "p", "t", "1");
            scene.bands = vec![crate::capture::BandSource {
                role: crate::capture::BandRole::Blue,
                path: path.display().to_string(),
                index: 1,
                scale: 1.0,
                offset: 0.0,
                nodata: None,
            }];
            scene
        };
        let inventory = gathered(&[with_file("a_clip", 10), with_file("b_whole", 1000)]);
        assert_eq!(ids(&inventory), ["b_whole"]);
        assert!(inventory.notes[0].contains("the greater one"));
    }

    #[test]
    fn scenes_without_a_pass_stand_alone_unless_they_are_the_same() {
        let a = scene("a", "2022-01-09T02:15:04Z", "", "", "1");
        let b = scene("b", "2022-01-09T02:15:04Z", "", "", "1");
        let inventory = gathered(&[a.clone(), b, a]);
        assert_eq!(ids(&inventory), ["a", "b"]);
        assert_eq!(inventory.notes.len(), 1);
    }

    #[test]
    fn equal_ids_of_different_days_are_told_apart() {
        let a = scene("clip", "2022-01-09T02:15:04Z", "", "", "1");
        let b = scene("clip", "2022-01-10T02:15:04Z", "", "", "1");
        let inventory = gathered(&[b, a]);
        assert_eq!(ids(&inventory), ["clip", "clip@20220110T021504Z"]);
    }

    #[test]
    fn the_order_of_the_scenes_does_not_matter() {
        let mut scenes: Vec<Scene> = (0..6)
            .map(|i| {
                let time = format!("2022-01-0{}T02:15:04Z", 1 + i / 2);
                scene(&format!("s{i}"), &time, "p", &format!("t{}", i % 3), "1")
            })
            .collect();
        let forward = gathered(&scenes);
        scenes.reverse();
        assert_eq!(forward, gathered(&scenes));
    }
}
