//! The plan: which corridors there are to extract.
//!
//! Tracks longer than [`TILE_M`] are cut into tiles of equal length along the
//! chainage; so are tracks longer than [`FINE_TILE_M`] under fine imagery. The
//! tile and the margin bound the memory of a worker: at 3 m and four bands a
//! tile of 4 km lying askew is 1.7 million pixels, 30 MB; at 0.5 m and 2 km,
//! 15 million, 265 MB; at 10 m, 3 MB.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::fingerprint::{capture_digest, digest};
use super::memo::{METHOD, Memo};
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

/// The plan of one capture as it is remembered: by places in the list of
/// crossings that it was made for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct KnownPlan {
    jobs: Vec<(TilePlace, String)>,
    touched: Vec<Touched>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct TilePlace {
    track: usize,
    fine: bool,
    tile: usize,
}

/// A track that a capture touches; see [`Coverage`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Touched {
    track: usize,
    covered: f64,
    gsd_m: f64,
}

/// A track with its tiles.
struct Ground<'a> {
    track: &'a Track,
    coarse: Vec<Target>,
    /// The same as `coarse` where the track is short.
    fine: Vec<Target>,
}

impl Ground<'_> {
    fn tiles(&self, fine: bool) -> &[Target] {
        if fine { &self.fine } else { &self.coarse }
    }
}

/// Plans the corridors of all captures over all tracks. Opens the header of
/// one raster a scene, but not of captures that `memo` knows; reads no pixels.
///
/// A capture that touches no track leaves no trace in the plan.
#[must_use]
pub fn plan(captures: &[Capture], crossings: &[Crossing], workers: &Workers, memo: &Memo) -> Plan {
    let grounds = grounds(crossings);
    let parts: Vec<Result<Plan>> = workers.install(|| {
        captures
            .par_iter()
            .enumerate()
            .map(|(index, capture)| {
                let (grounds, context) = grounds
                    .as_ref()
                    .map_err(|e| Error::unsupported(e.to_string()))?;
                let known = plan_once(capture, grounds, context, memo)?;
                Ok(known.expand(index, grounds))
            })
            .collect()
    });
    let mut whole = Plan::default();
    for (capture, part) in parts.into_iter().enumerate() {
        match part {
            Ok(part) => {
                whole.jobs.extend(part.jobs);
                whole.coverage.extend(part.coverage);
            }
            Err(error) => whole.failures.push(Failure { capture, error }),
        }
    }
    whole
}

/// All tracks in their order, and a digest of them and of the method.
fn grounds(crossings: &[Crossing]) -> Result<(Vec<Ground<'_>>, String)> {
    let mut all = Vec::new();
    for crossing in crossings {
        for track in &crossing.tracks {
            let long = track.alignment.length_m() > FINE_TILE_M;
            let coarse = tiles(&crossing.id, track, TILE_M)?;
            all.push(Ground {
                track,
                fine: if long {
                    tiles(&crossing.id, track, FINE_TILE_M)?
                } else {
                    coarse.clone()
                },
                coarse,
            });
        }
    }
    let context = digest(&(METHOD, format!("{crossings:?}")))?;
    Ok((all, context))
}

fn plan_once(
    capture: &Capture,
    grounds: &[Ground<'_>],
    context: &str,
    memo: &Memo,
) -> Result<KnownPlan> {
    let key = capture_digest(capture, context)?;
    if let Some(known) = memo.plan(&key) {
        return Ok(known);
    }
    let plan = plan_capture(capture, grounds)?;
    memo.learn_plan(key, plan.clone());
    Ok(plan)
}

fn plan_capture(capture: &Capture, grounds: &[Ground<'_>]) -> Result<KnownPlan> {
    let grids: Vec<(&Scene, Grid)> = capture
        .scenes
        .iter()
        .map(|scene| Ok((scene, scene_grid(scene)?)))
        .collect::<Result<_>>()?;
    let mut plan = KnownPlan::default();
    for (track, ground) in grounds.iter().enumerate() {
        let (fine, tiles) = placed_tiles(&grids, ground)?;
        plan.touched.extend(touched(track, ground, &tiles));
        for (tile, placed) in tiles.iter().enumerate() {
            if !placed.places.is_empty() {
                let place = TilePlace { track, fine, tile };
                plan.jobs
                    .push((place, fingerprint(capture, placed.target)?));
            }
        }
    }
    Ok(plan)
}

impl KnownPlan {
    fn expand(self, capture: usize, grounds: &[Ground<'_>]) -> Plan {
        let jobs = self.jobs.into_iter().filter_map(|(place, fingerprint)| {
            let tiles = grounds.get(place.track)?.tiles(place.fine);
            Some(Job {
                capture,
                target: tiles.get(place.tile)?.clone(),
                fingerprint,
            })
        });
        let coverage = self.touched.into_iter().filter_map(|touched| {
            let ground = grounds.get(touched.track)?;
            Some(Coverage {
                capture,
                crossing: ground.coarse.first()?.crossing.clone(),
                track: ground.track.id.clone(),
                covered: touched.covered,
                gsd_m: touched.gsd_m,
            })
        });
        Plan {
            jobs: jobs.collect(),
            coverage: coverage.collect(),
            failures: Vec::new(),
        }
    }
}

/// A tile and where the scenes that touch it lie.
struct PlacedTile<'a> {
    target: &'a Target,
    places: Vec<Placement>,
}

/// The tiles of a track that fit the scenes, and whether they are the fine ones.
fn placed_tiles<'a>(
    grids: &[(&Scene, Grid)],
    ground: &'a Ground<'_>,
) -> Result<(bool, Vec<PlacedTile<'a>>)> {
    let coarse = place_tiles(grids, &ground.coarse)?;
    let fine = coarse
        .iter()
        .flat_map(|tile| &tile.places)
        .any(|place| place.native_gsd_m <= FINE_GSD_M);
    if fine && ground.track.alignment.length_m() > FINE_TILE_M {
        Ok((true, place_tiles(grids, &ground.fine)?))
    } else {
        Ok((false, coarse))
    }
}

fn place_tiles<'a>(grids: &[(&Scene, Grid)], targets: &'a [Target]) -> Result<Vec<PlacedTile<'a>>> {
    targets
        .iter()
        .map(|target| {
            let mut places = Vec::new();
            for (scene, grid) in grids {
                let found = place(grid, target).map_err(|error| {
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
fn touched(track: usize, ground: &Ground<'_>, tiles: &[PlacedTile<'_>]) -> Option<Touched> {
    let gsd_m = tiles.iter().flat_map(|tile| &tile.places).next()?.gsd_m();
    let covered_m: f64 = tiles
        .iter()
        .map(|tile| covered_share(&tile.places) * tile.target.alignment.length_m())
        .sum();
    Some(Touched {
        track,
        covered: covered_m / ground.track.alignment.length_m(),
        gsd_m,
    })
}
