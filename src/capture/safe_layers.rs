//! The rasters of a Sentinel-2 granule: which of them are the 10 m bands and
//! the scene classification.

use std::path::Path;

use super::decode::file_name;
use super::listing::is_raster;
use super::sentinel2::{self, BANDS};
use super::{BandRole, BandSource, Find, MaskLayer, Problem};

/// What a raster of a granule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// A band of 10 m by name.
    Band(&'static str, BandRole),
    /// The scene classification, of this many metres.
    Classes(u8),
}

/// Tells the 10 m bands and the scene classification from the many other
/// rasters of a granule (coarser copies, quality masks, previews) by name.
pub(super) fn band_or_mask(file: &Path) -> Option<Layer> {
    let name = file_name(file);
    let quality = name.starts_with("MSK_") || file.iter().any(|part| part == "QI_DATA");
    if !is_raster(name) || quality {
        return None;
    }
    let stem = name.rsplit_once('.')?.0;
    let folder = file.parent().map_or("", file_name);
    let sized = |size: &str| stem.ends_with(&format!("_{size}m")) || folder == format!("R{size}m");
    let has = |part: &str| stem.split('_').any(|p| p == part);
    if has("SCL") {
        return Some(Layer::Classes(if sized("60") { 60 } else { 20 }));
    }
    let (name, role) = BANDS.iter().find(|(band, _)| has(band))?;
    (!sized("20") && !sized("60")).then_some(Layer::Band(name, *role))
}

/// How DN become reflectance: (DN + offset) / quantification.
pub(super) struct Calibration<O> {
    /// DN per unit of reflectance.
    pub(super) quantification: f64,
    /// What is added to the DN of a band; `None` where it is not given.
    pub(super) offset_dn: O,
}

/// The four bands of 10 m.
///
/// # Errors
/// Bands are missing, or the offset of one; the problem names them.
pub(super) fn bands(
    find: &Find,
    calibration: &Calibration<impl Fn(&str) -> Option<f64>>,
) -> Result<Vec<BandSource>, Problem> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for (name, role) in BANDS {
        let wanted = Some(Layer::Band(name, role));
        let Some(file) = find.files.iter().find(|f| band_or_mask(f) == wanted) else {
            missing.push(name);
            continue;
        };
        let offset_dn = (calibration.offset_dn)(name).ok_or_else(|| {
            find.problem(
                format!("the metadata give an offset for some bands, but not for {name}"),
                "download the product again",
            )
        })?;
        found.push(BandSource {
            role,
            path: file.display().to_string(),
            index: 1,
            scale: calibration.quantification.recip(),
            offset: offset_dn / calibration.quantification,
            nodata: Some(sentinel2::NODATA),
        });
    }
    if missing.is_empty() {
        return Ok(found);
    }
    Err(find.problem(
        format!("bands of 10 m are missing: {}", missing.join(", ")),
        "download the product again, whole",
    ))
}

/// The scene classification, the finer one of two.
pub(super) fn masks(find: &Find) -> Vec<MaskLayer> {
    let classes = find
        .files
        .iter()
        .filter_map(|file| match band_or_mask(file) {
            Some(Layer::Classes(size_m)) => Some((size_m, file)),
            _ => None,
        });
    classes
        .min()
        .map(|(_, file)| sentinel2::scene_classification(file.display().to_string()))
        .into_iter()
        .collect()
}
