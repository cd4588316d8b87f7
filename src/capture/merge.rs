//! Merging of scenes into captures, and of copies into one.
//!
//! Scenes of one pass become one capture. Scenes of one tile in it may be
//! copies: the better one is that of the greater version (processing level,
//! baseline, time of processing), else of the greater area, else the one whose
//! id and path come first. A copy that lies inside a better one is left out;
//! one that reaches beyond it (a whole scene of an older version beside a clip
//! of a newer one, clips of different places) stays, behind the better one.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::{Capture, Inventory, Probe, Problem, Scene};
use crate::geo::{Grid, PixelPoint};

/// Scenes of one pass follow one another within this time. An orbit takes
/// about 100 minutes, and no satellite here images for half of one; on the
/// other hand the same scene is dated by some archives with the start of the
/// acquisition, by others with the moment of the scene, up to half an hour later.
const PASS_GAP: SignedDuration = SignedDuration::from_mins(45);

/// A frame may reach beyond another by this much and still lie inside it, in
/// pixels of the other: clips are cut to whole pixels.
const SLACK_PX: f64 = 1.5;

/// Makes captures of what the decoders returned, in order of time and id.
/// Where there are several scenes of one tile, their headers are read.
#[must_use]
pub fn gather(
    decoded: Vec<Result<Scene, Problem>>,
    problems: Vec<Problem>,
    probe: &dyn Probe,
) -> Inventory {
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
        let kept = without_copies(pass, probe, &mut inventory.notes);
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

/// The scenes of a pass without copies, tiles in order of time. Scenes that
/// name no tile are copies where they have the same id.
fn without_copies(scenes: Vec<Scene>, probe: &dyn Probe, notes: &mut Vec<String>) -> Vec<Scene> {
    let mut by_tile: BTreeMap<String, Vec<Scene>> = BTreeMap::new();
    for scene in scenes {
        let key = match scene.tile.as_str() {
            "" => format!("id {}", scene.id),
            tile => tile.to_owned(),
        };
        by_tile.entry(key).or_default().push(scene);
    }
    let mut tiles: Vec<Vec<Scene>> = by_tile
        .into_values()
        .map(|copies| best(copies, probe, notes))
        .collect();
    tiles.sort_by(|a, b| a.first().map(order).cmp(&b.first().map(order)));
    tiles.into_iter().flatten().collect()
}

/// The copies that are needed, the better ones first; what becomes of the
/// others is noted.
fn best(copies: Vec<Scene>, probe: &dyn Probe, notes: &mut Vec<String>) -> Vec<Scene> {
    if copies.len() < 2 {
        return copies;
    }
    let mut placed: Vec<(Scene, Option<Grid>)> = copies
        .into_iter()
        .map(|scene| {
            let grid = frame(&scene, probe);
            (scene, grid)
        })
        .collect();
    placed.sort_by(|(a, frame_a), (b, frame_b)| {
        let rank = |scene: &Scene, frame: &Option<Grid>| {
            // A copy that cannot be opened is worse than any that can.
            Reverse((frame.is_some(), scene.version.clone()))
        };
        let (area_a, area_b) = (area(frame_a.as_ref()), area(frame_b.as_ref()));
        rank(a, frame_a)
            .cmp(&rank(b, frame_b))
            .then(area_b.total_cmp(&area_a))
            .then_with(|| (&a.id, &a.product).cmp(&(&b.id, &b.product)))
    });
    let mut kept: Vec<(Scene, Option<Grid>)> = Vec::new();
    for (scene, frame) in placed {
        let better = kept
            .iter()
            .find(|(_, outer)| holds(outer.as_ref(), frame.as_ref()));
        match better {
            Some((better, outer)) => {
                notes.push(note(
                    better,
                    &scene,
                    area(outer.as_ref()) > area(frame.as_ref()),
                ));
            }
            None => kept.push((scene, frame)),
        }
    }
    kept.into_iter().map(|(scene, _)| scene).collect()
}

fn note(better: &Scene, other: &Scene, is_greater: bool) -> String {
    let reason = if other.version < better.version {
        "the later version"
    } else if is_greater {
        "the greater one"
    } else {
        "the first by name"
    };
    format!(
        "{} counts once: {} is used ({reason}), {} is not",
        better.id,
        better.product.display(),
        other.product.display()
    )
}

/// The grid of a scene's first band; `None` where it cannot be read.
fn frame(scene: &Scene, probe: &dyn Probe) -> Option<Grid> {
    let header = probe.header(&scene.bands.first()?.path).ok()?;
    header.georeferenced.then_some(header.grid)
}

/// Area in square units of the map; 0 where it is not known.
fn area(grid: Option<&Grid>) -> f64 {
    grid.map_or(0.0, |g| {
        let [_, a, b, _, c, d] = g.origin;
        (a * d - b * c).abs() * g.width as f64 * g.height as f64
    })
}

/// Whether one frame lies inside another on the same map. A frame that is not
/// known adds nothing to any other.
fn holds(outer: Option<&Grid>, inner: Option<&Grid>) -> bool {
    let (outer, inner) = match (outer, inner) {
        (Some(outer), Some(inner)) => (outer, inner),
        (_, None) => return true,
        (None, Some(_)) => return false,
    };
    let (width, height) = (inner.width as f64, inner.height as f64);
    let corners = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)];
    outer.crs == inner.crs
        && corners.iter().all(|&(col, row)| {
            let (x, y) = inner.map_at(PixelPoint { col, row });
            outer.pixel_at(x, y).is_some_and(|p| {
                let inside = |v: f64, size: usize| v >= -SLACK_PX && v <= size as f64 + SLACK_PX;
                inside(p.col, outer.width) && inside(p.row, outer.height)
            })
        })
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
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::capture::testing::{FakeProbe, raster};
    use crate::capture::{BandRole, BandSource, Modality, RasterHeader, Unit};

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
        let decoded = scenes.iter().cloned().map(Ok).collect();
        gather(decoded, Vec::new(), &FakeProbe::default())
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

    /// A raster of 100 by 80 pixels, moved east and made wider.
    fn moved(east_px: f64, factor: usize) -> RasterHeader {
        let mut header = raster("UInt16", 1);
        header.grid.origin[0] += 10.0 * east_px;
        header.grid.width *= factor;
        header
    }

    /// Copies of one tile by name, version and header.
    fn copies(some: &[(&str, &str, RasterHeader)]) -> Inventory {
        let mut probe = FakeProbe::default();
        let mut decoded = Vec::new();
        for (name, version, header) in some {
            let mut scene = scene(name, "2022-01-09T02:15:04Z", "p", "t", version);
            scene.bands = vec![BandSource {
                role: BandRole::Blue,
                path: (*name).into(),
                index: 1,
                scale: 1.0,
                offset: 0.0,
                nodata: None,
            }];
            probe.headers.insert((*name).into(), header.clone());
            decoded.push(Ok(scene));
        }
        gather(decoded, Vec::new(), &probe)
    }

    fn scene_ids(inventory: &Inventory) -> Vec<&str> {
        let scenes = inventory.captures.iter().flat_map(|c| &c.scenes);
        scenes.map(|s| s.id.as_str()).collect()
    }

    #[test]
    fn of_equal_versions_the_whole_scene_counts_and_the_clip_does_not() {
        let inventory = copies(&[
            ("a_clip", "1", moved(10.0, 1)),
            ("b_whole", "1", moved(0.0, 2)),
        ]);
        assert_eq!(scene_ids(&inventory), ["b_whole"]);
        assert!(inventory.notes[0].contains("the greater one"));
    }

    #[test]
    fn a_new_clip_stands_before_the_old_whole_scene() {
        let inventory = copies(&[
            ("old_whole", "1", moved(0.0, 2)),
            ("new_clip", "2", moved(10.0, 1)),
        ]);
        assert_eq!(scene_ids(&inventory), ["new_clip", "old_whole"]);
        assert_eq!(inventory.captures.len(), 1);
    }

    #[test]
    fn clips_of_different_places_are_both_kept() {
        let inventory = copies(&[("a", "1", moved(0.0, 1)), ("b", "1", moved(500.0, 1))]);
        assert_eq!(scene_ids(&inventory), ["a", "b"]);
        let mut other_zone = moved(0.0, 1);
        other_zone.grid.crs = "EPSG:32651".into();
        let inventory = copies(&[("a", "1", moved(0.0, 1)), ("b", "1", other_zone)]);
        assert_eq!(scene_ids(&inventory), ["a", "b"]);
    }

    #[test]
    fn a_copy_without_georeference_gives_way_to_an_older_one() {
        let mut off_the_map = moved(0.0, 1);
        off_the_map.georeferenced = false;
        let inventory = copies(&[("new", "2", off_the_map), ("old", "1", moved(0.0, 1))]);
        assert_eq!(scene_ids(&inventory), ["old"]);
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
