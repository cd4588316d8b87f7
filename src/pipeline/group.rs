//! Which corridors make up one series: those of one track by one kind of
//! sensor. Only within a series are captures compared pixel by pixel.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::memo::Memo;
use super::{Cache, Workers};
use crate::capture::{BandRole, Modality, Unit};
use crate::error::Result;
use crate::source::{CorridorLabel, CorridorOrigin, read_corridor_label};

/// A corridor file and what it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct Filed {
    /// The file.
    pub path: PathBuf,
    /// What it is of.
    pub label: CorridorLabel,
}

/// What captures of one series have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeriesKey {
    /// The crossing's id.
    pub crossing: String,
    /// The track's id.
    pub track: String,
    /// Optical or radar.
    pub modality: Modality,
    /// The sensor. Its delivery format does not matter: Sentinel-2 captures are
    /// one series whether they came as SAFE or as STAC items.
    pub sensor: String,
    /// Whether values are calibrated.
    pub calibrated: bool,
    /// What the bands show.
    pub bands: Vec<BandRole>,
    /// Ground sample distance in steps of 2^(1/4) from 3 m, so that 3.0 m and
    /// 3.1 m are one kind of capture and 3 m and 5 m are not.
    pub gsd_step: i32,
    /// Relative orbit, for radar; `None` where it is not known.
    pub relative_orbit: Option<u16>,
}

/// The corridors of one capture in one series, by tile.
#[derive(Debug, Clone, PartialEq)]
pub struct FiledCapture {
    /// Its tiles, in order of chainage; never empty.
    pub tiles: Vec<Filed>,
}

impl FiledCapture {
    /// What the capture is, from its first tile.
    #[must_use]
    pub fn origin(&self) -> &CorridorOrigin {
        &self.tiles[0].label.origin
    }
}

/// Reads what the corridors of the cache are of whose path is wanted; files
/// that cannot be used are left alone, since extraction writes them again where
/// it needs them.
///
/// # Errors
/// The cache cannot be listed.
pub(super) fn filed(
    cache: &Cache,
    workers: &Workers,
    memo: &Memo,
    wanted: &dyn Fn(&PathBuf) -> bool,
) -> Result<Vec<Filed>> {
    let mut paths = cache.corridors()?;
    paths.retain(wanted);
    Ok(workers.install(|| {
        paths
            .into_par_iter()
            .filter_map(|path| match label_of(&path, memo) {
                Ok(label) => Some(Filed { path, label }),
                Err(error) => {
                    log::debug!("{error}");
                    None
                }
            })
            .collect()
    }))
}

fn label_of(path: &Path, memo: &Memo) -> Result<CorridorLabel> {
    if let Some(known) = memo.label(path) {
        return Ok(known);
    }
    let label = read_corridor_label(path)?;
    memo.learn_label(path, &label);
    Ok(label)
}

/// Sorts corridors into series, each in order of time and then capture.
///
/// Where several corridors are of one capture and tile (an older extraction of
/// it is still in the cache), the caller has chosen one already.
#[must_use]
pub fn group(corridors: Vec<Filed>) -> BTreeMap<SeriesKey, Vec<FiledCapture>> {
    let mut series: BTreeMap<SeriesKey, Vec<FiledCapture>> = BTreeMap::new();
    let mut sorted = corridors;
    sorted.sort_by(|a, b| {
        let (a, b) = (&a.label.origin, &b.label.origin);
        order(a)
            .cmp(&order(b))
            .then(a.start_m.total_cmp(&b.start_m))
    });
    for corridor in sorted {
        let captures = series.entry(key(&corridor.label.origin)).or_default();
        match captures.last_mut() {
            Some(last) if last.origin().capture == corridor.label.origin.capture => {
                last.tiles.push(corridor);
            }
            _ => captures.push(FiledCapture {
                tiles: vec![corridor],
            }),
        }
    }
    series
}

fn order(origin: &CorridorOrigin) -> (jiff::Timestamp, &str) {
    (origin.acquired, &origin.capture)
}

fn key(origin: &CorridorOrigin) -> SeriesKey {
    SeriesKey {
        crossing: origin.crossing.clone(),
        track: origin.track.clone(),
        modality: origin.modality,
        sensor: origin.sensor.clone(),
        calibrated: origin.unit != Unit::Counts,
        bands: origin.bands.clone(),
        gsd_step: (4.0 * (origin.gsd_m / 3.0).log2()).round() as i32,
        relative_orbit: origin
            .relative_orbit
            .filter(|_| origin.modality == Modality::Sar),
    }
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
