//! The plan: which corridors there are to extract.
//!
//! Tracks longer than [`TILE_M`] are cut into tiles of equal length along the
//! chainage; so are tracks longer than [`FINE_TILE_M`] under fine imagery. The
//! tile and the margin bound the memory of a worker: at 3 m and four bands a
//! tile of 4 km lying askew is 1.7 million pixels, 30 MB; at 0.5 m and 2 km,
//! 15 million, 265 MB; at 10 m, 3 MB.

use rayon::prelude::*;

use super::{Workers, fingerprint};
use crate::capture::{Capture, Scene};
use crate::error::{Error, Result};
use crate::geo::Grid;
use crate::site::{Crossing, Track};
use crate::source::{FINE_GSD_M, Placement, Target, WARP_FIRST, covered_share, place, scene_grid};

/// Longest tile of a track, m.
pub const TILE_M: f64 = 4_000.0;

/// The same where the GSD is [`FINE_GSD_M`] or finer, m.
pub const FINE_TILE_M: f64 = 2_000.0;

/// One corridor to extract.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Index of the capture in the list planned from.
    pub capture: usize,
    /// The stretch of track.
    pub target: Target,
    /// What the corridor is made from; names its file in the cache.
    pub fingerprint: String,
}

/// How much of a track a capture covers, by the frames of its rasters: what
/// they hold inside is seen when they are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// Index of the capture in the list planned from.
    pub capture: usize,
    /// The crossing's id.
    pub crossing: String,
    /// The track's id.
    pub track: String,
    /// Share of the track inside the scenes' frames, 0..1; 0 where only the
    /// margin is touched.
    pub covered: f64,
    /// GSD of the pixels that would be used, m.
    pub gsd_m: f64,
}

/// A capture that cannot be planned: no track is known to be touched by it.
#[derive(Debug)]
pub struct Failure {
    /// Index of the capture in the list planned from.
    pub capture: usize,
    /// Why.
    pub error: Error,
}

/// What there is to do.
#[derive(Debug, Default)]
pub struct Plan {
    /// In the order of captures, crossings, tracks and tiles.
    pub jobs: Vec<Job>,
    /// One for each capture and track that touch, in the same order.
    pub coverage: Vec<Coverage>,
    /// In the order of captures.
    pub failures: Vec<Failure>,
}

/// Plans the corridors of all captures over all tracks. Opens the header of
/// one raster a scene; reads no pixels.
///
/// A capture that touches no track leaves no trace in the plan.
#[must_use]
pub fn plan(captures: &[Capture], crossings: &[Crossing], workers: &Workers) -> Plan {
    let parts: Vec<Plan> = workers.install(|| {
        captures
            .par_iter()
            .enumerate()
            .map(|(index, capture)| {
                plan_capture(index, capture, crossings).unwrap_or_else(|error| Plan {
                    failures: vec![Failure {
                        capture: index,
                        error,
                    }],
                    ..Plan::default()
                })
            })
            .collect()
    });
    let mut whole = Plan::default();
    for part in parts {
        whole.jobs.extend(part.jobs);
        whole.coverage.extend(part.coverage);
        whole.failures.extend(part.failures);
    }
    whole
}

fn plan_capture(index: usize, capture: &Capture, crossings: &[Crossing]) -> Result<Plan> {
    let grids: Vec<(&Scene, Grid)> = capture
        .scenes
        .iter()
        .map(|scene| Ok((scene, scene_grid(scene)?)))
        .collect::<Result<_>>()?;
    let mut plan = Plan::default();
    for crossing in crossings {
        for track in &crossing.tracks {
            let tiles = placed_tiles(&grids, &crossing.id, track)?;
            plan.coverage.extend(coverage(index, track, &tiles));
            for tile in tiles {
                if !tile.places.is_empty() {
                    plan.jobs.push(Job {
                        capture: index,
                        fingerprint: fingerprint(capture, &tile.target)?,
                        target: tile.target,
                    });
                }
            }
        }
    }
    Ok(plan)
}

/// A tile and the scenes that touch it.
struct PlacedTile {
    target: Target,
    places: Vec<Placement>,
}

fn placed_tiles(
    grids: &[(&Scene, Grid)],
    crossing: &str,
    track: &Track,
) -> Result<Vec<PlacedTile>> {
    let coarse = place_tiles(grids, tiles(crossing, track, TILE_M)?)?;
    let fine = coarse
        .iter()
        .flat_map(|tile| &tile.places)
        .any(|place| place.native_gsd_m <= FINE_GSD_M);
    if fine && track.alignment.length_m() > FINE_TILE_M {
        place_tiles(grids, tiles(crossing, track, FINE_TILE_M)?)
    } else {
        Ok(coarse)
    }
}

fn place_tiles(grids: &[(&Scene, Grid)], targets: Vec<Target>) -> Result<Vec<PlacedTile>> {
    targets
        .into_iter()
        .map(|target| {
            let mut places = Vec::new();
            for (scene, grid) in grids {
                let found = place(grid, &target).map_err(|error| {
                    Error::content(&scene.product, error.to_string(), WARP_FIRST)
                })?;
                places.extend(found);
            }
            Ok(PlacedTile { target, places })
        })
        .collect()
}

/// A track as tiles of equal length, none longer than `longest_m`.
///
/// # Errors
/// The track has no length.
pub fn tiles(crossing: &str, track: &Track, longest_m: f64) -> Result<Vec<Target>> {
    let length_m = track.alignment.length_m();
    let count = (length_m / longest_m).ceil().max(1.0) as usize;
    (0..count)
        .map(|i| {
            let start_m = length_m * i as f64 / count as f64;
            let end_m = length_m * (i + 1) as f64 / count as f64;
            let alignment = if count == 1 {
                track.alignment.clone()
            } else {
                track.alignment.between(start_m, end_m)?
            };
            Ok(Target {
                crossing: crossing.to_owned(),
                track: track.id.clone(),
                frame: track.frame,
                alignment,
                start_m,
                end_m,
            })
        })
        .collect()
}

/// `None` where no scene touches any tile.
fn coverage(capture: usize, track: &Track, tiles: &[PlacedTile]) -> Option<Coverage> {
    let gsd_m = tiles.iter().flat_map(|tile| &tile.places).next()?.gsd_m();
    let covered_m: f64 = tiles
        .iter()
        .map(|tile| covered_share(&tile.places) * tile.target.alignment.length_m())
        .sum();
    let crossing = tiles.first()?.target.crossing.clone();
    Some(Coverage {
        capture,
        crossing,
        track: track.id.clone(),
        covered: covered_m / track.alignment.length_m(),
        gsd_m,
    })
}
