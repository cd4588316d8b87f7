//! Which of the corridors in the cache take part: those of the crossings as
//! they are defined now, one for each capture and tile.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::SystemTime;

use super::group::{Filed, filed};
use super::memo::Memo;
use super::{Cache, FINE_TILE_M, TILE_M, Workers, stretch_fingerprint, tiles};
use crate::error::Result;
use crate::site::Crossing;

/// The corridors in the cache that belong to `crossings`. Where the cache holds
/// several of one capture and tile, the one of `fresh`, the corridors of this
/// run, is taken, else the one written last.
///
/// # Errors
/// The cache cannot be listed.
pub fn select(
    cache: &Cache,
    crossings: &[Crossing],
    fresh: &BTreeSet<PathBuf>,
    workers: &Workers,
    memo: &Memo,
) -> Result<Vec<Filed>> {
    let stretches = stretches(crossings)?;
    let wanted = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        stretches
            .iter()
            .any(|stretch| name.starts_with(stretch.as_str()))
    };
    let mut best: BTreeMap<Place, Filed> = BTreeMap::new();
    for filed in filed(cache, workers, memo, &wanted)? {
        let origin = &filed.label.origin;
        let place = (
            origin.crossing.clone(),
            origin.track.clone(),
            origin.capture.clone(),
            origin.start_m.to_bits(),
        );
        match best.entry(place) {
            Entry::Vacant(free) => {
                free.insert(filed);
            }
            Entry::Occupied(mut known) => {
                if rank(&filed, fresh) > rank(known.get(), fresh) {
                    known.insert(filed);
                }
            }
        }
    }
    Ok(best.into_values().collect())
}

/// Crossing, track, capture, and the bits of the chainage where the tile begins.
type Place = (String, String, String, u64);

/// Whether it is of this run, and when it was written.
fn rank(filed: &Filed, fresh: &BTreeSet<PathBuf>) -> (bool, SystemTime) {
    let written = std::fs::metadata(&filed.path).and_then(|meta| meta.modified());
    let written = written.unwrap_or(SystemTime::UNIX_EPOCH);
    (fresh.contains(&filed.path), written)
}

fn stretches(crossings: &[Crossing]) -> Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for crossing in crossings {
        for track in &crossing.tracks {
            for longest_m in [TILE_M, FINE_TILE_M] {
                for target in tiles(&crossing.id, track, longest_m)? {
                    all.insert(stretch_fingerprint(&target)?);
                }
            }
        }
    }
    Ok(all)
}
