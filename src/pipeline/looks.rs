//! The looks at one series, kept from run to run: when a capture of another
//! kind of sensor is new on a track, this series has not to be looked through
//! again, only followed.
//!
//! A file of the cache, named by the digest of the series, and like all of
//! them safe to delete.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::Cache;
use super::fingerprint::digest;
use super::group::{FiledCapture, SeriesKey};
use super::memo::METHOD;
use super::seen::Seen;
use crate::error::{Error, Result};
use crate::site::Track;

/// A digest of all that the looks at a series follow from: the track, the
/// fingerprints of its corridors in order of time, the rate of false alarms
/// with the offsets of other tracks, and the method.
///
/// # Errors
/// None, as long as numbers are numbers.
pub(super) fn series_digest(
    track: &Track,
    (key, captures): (&SeriesKey, &[FiledCapture]),
    settings: (f64, &[f64]),
) -> Result<String> {
    let corridors: Vec<_> = captures
        .iter()
        .flat_map(|capture| &capture.tiles)
        .map(|tile| tile.path.file_stem().unwrap_or_default().to_string_lossy())
        .collect();
    digest(&(METHOD, format!("{track:?} {key:?} {settings:?}"), corridors))
}

/// The looks that were kept, one a capture, or nothing.
pub(super) fn kept(cache: &Cache, series_digest: &str, captures: usize) -> Option<Vec<Seen>> {
    let path = cache.looks(series_digest);
    let bytes = std::fs::read(&path).ok()?;
    let looks: Vec<Seen> = postcard::from_bytes(&bytes).ok()?;
    Cache::touch(&path);
    (looks.len() == captures).then_some(looks)
}

/// Keeps the looks at a series, unless one of them failed: what was wrong may
/// be put right.
pub(super) fn keep(cache: &Cache, series_digest: &str, looks: &[Result<Seen>]) {
    let Some(looks) = all(looks) else {
        return;
    };
    let path = cache.looks(series_digest);
    // Nothing is lost but time where this cannot be written.
    if let Err(error) = write(&path, cache.folder(), &looks) {
        log::debug!("{error}");
    }
}

fn all(looks: &[Result<Seen>]) -> Option<Vec<&Seen>> {
    looks.iter().map(|look| look.as_ref().ok()).collect()
}

fn write(path: &PathBuf, folder: &Path, looks: &[&Seen]) -> Result<()> {
    let bytes = postcard::to_stdvec(looks)
        .map_err(|e| Error::content(path, e.to_string(), "report this"))?;
    let mut draft = tempfile::Builder::new()
        .prefix(".corridor-looks-")
        .tempfile_in(folder)
        .map_err(Error::io(folder))?;
    draft.write_all(&bytes).map_err(Error::io(path))?;
    draft.persist(path).map_err(|e| Error::io(path)(e.error))?;
    Ok(())
}
