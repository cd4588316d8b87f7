//! What a corridor was made from, in 64 hexadecimal digits: 16 for the stretch
//! of track and the settings, 48 for the capture as well. Corridors of one
//! stretch are so found by their names alone.
//!
//! Two corridors with one fingerprint hold the same pixels. Files are known by
//! name, size and time of modification, not by their folder, so that moving
//! the imagery does not extract it again; reading 10,000 scenes to hash them
//! would cost more than extracting them.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::capture::{BandRole, BandSource, Capture, MaskRule, Modality, Scene, Unit};
use crate::error::{Error, Result};
use crate::geo::{LonLat, Point};
use crate::source::{
    COARSEST_MEAN_M, CORRIDOR_FORMAT, FINE_GSD_M, FINE_MARGIN_M, MARGIN_M, Target,
};

/// Digits of a fingerprint that tell the stretch of track.
const STRETCH_DIGITS: usize = 16;

/// The digits with which all fingerprints of a target begin.
///
/// # Errors
/// The target's geometry is not finite.
pub fn stretch_fingerprint(target: &Target) -> Result<String> {
    let stretch = Stretch {
        format: CORRIDOR_FORMAT,
        settings: [MARGIN_M, FINE_MARGIN_M, FINE_GSD_M, COARSEST_MEAN_M],
        place: (&target.crossing, &target.track),
        origin: target.frame.origin(),
        vertices: target.alignment.vertices(),
        stretch_m: [target.start_m, target.end_m],
    };
    let mut digits = digest(&stretch)?;
    digits.truncate(STRETCH_DIGITS);
    Ok(digits)
}

/// The fingerprint of the corridor of a capture under a target.
///
/// # Errors
/// A file of the capture cannot be looked at.
pub fn fingerprint(capture: &Capture, target: &Target) -> Result<String> {
    let stretch = stretch_fingerprint(target)?;
    let digits = capture_digest(capture, &stretch)?;
    Ok(format!("{stretch}{}", &digits[STRETCH_DIGITS..]))
}

/// A digest of all that makes a capture, in a context of any kind.
pub(super) fn capture_digest(capture: &Capture, context: &str) -> Result<String> {
    let inputs = Inputs {
        stretch: context,
        capture: &capture.id,
        acquired: capture.datetime.to_string(),
        scenes: capture.scenes.iter().map(scene).collect::<Result<_>>()?,
    };
    digest(&inputs)
}

/// SHA-256 of what `inputs` look like as JSON, in 64 hexadecimal digits.
pub(super) fn digest(inputs: &impl Serialize) -> Result<String> {
    let text = serde_json::to_vec(inputs)
        .map_err(|error| Error::value("a capture's metadata", error, "finite numbers"))?;
    let digest = Sha256::digest(&text);
    let hex = |text: String, byte: &u8| text + &format!("{byte:02x}");
    Ok(digest.iter().fold(String::new(), hex))
}

#[derive(Serialize)]
struct Stretch<'a> {
    format: u32,
    settings: [f64; 4],
    place: (&'a str, &'a str),
    origin: LonLat,
    vertices: &'a [Point],
    stretch_m: [f64; 2],
}

#[derive(Serialize)]
struct Inputs<'a> {
    stretch: &'a str,
    capture: &'a str,
    acquired: String,
    scenes: Vec<SceneInputs<'a>>,
}

#[derive(Serialize)]
struct SceneInputs<'a> {
    id: &'a str,
    product: Option<String>,
    about: (&'a str, &'a str, Modality, Unit, Option<u16>),
    bands: Vec<BandInputs>,
    masks: Vec<(FileStamp, &'a str, usize, &'a MaskRule)>,
}

#[derive(Serialize)]
struct BandInputs {
    file: FileStamp,
    role: BandRole,
    index: usize,
    /// Scale, offset and nodata. JSON has no NaN, and writes it as it writes
    /// "none": rightly, for NaN is no data anyway.
    numbers: (f64, f64, Option<f64>),
}

fn scene(scene: &Scene) -> Result<SceneInputs<'_>> {
    let band = |band: &BandSource| {
        Ok(BandInputs {
            file: FileStamp::of(&band.path)?,
            role: band.role,
            index: band.index,
            numbers: (band.scale, band.offset, band.nodata),
        })
    };
    Ok(SceneInputs {
        id: &scene.id,
        product: scene
            .product
            .file_name()
            .map(|name| name.to_string_lossy().into_owned()),
        about: (
            &scene.sensor,
            &scene.platform,
            scene.modality,
            scene.unit,
            scene.relative_orbit,
        ),
        bands: scene.bands.iter().map(band).collect::<Result<_>>()?,
        masks: scene
            .masks
            .iter()
            .map(|m| Ok((FileStamp::of(&m.path)?, m.name.as_str(), m.index, &m.rule)))
            .collect::<Result<_>>()?,
    })
}

/// A file without its folder.
#[derive(Serialize)]
pub(super) struct FileStamp {
    name: String,
    bytes: u64,
    modified_ns: u128,
}

impl FileStamp {
    pub(super) fn of(path: &str) -> Result<Self> {
        let (file, inside) = on_disk(path);
        let meta = std::fs::metadata(&file).map_err(Error::io(&file))?;
        let modified = meta.modified().map_err(Error::io(&file))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: format!("{name}{inside}"),
            bytes: meta.len(),
            modified_ns: modified
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_nanos(),
        })
    }
}

/// The file on disk that a raster's path leads to, and the rest of the path
/// inside it: `/vsizip/folder/x.zip/a/b.jp2` is `/a/b.jp2` in `folder/x.zip`.
fn on_disk(path: &str) -> (PathBuf, String) {
    let Some(archived) = path.strip_prefix("/vsizip/") else {
        return (PathBuf::from(path), String::new());
    };
    let archive = Path::new(archived)
        .ancestors()
        .find(|ancestor| ancestor.is_file());
    match archive {
        Some(archive) => {
            let inside = archived[archive.as_os_str().len()..].to_owned();
            (archive.to_path_buf(), inside)
        }
        None => (PathBuf::from(archived), String::new()),
    }
}
