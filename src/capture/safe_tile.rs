//! Sentinel-2 in the tile layout of the open archives: `tileInfo.json` and
//! `metadata.xml` beside `B02.jp2` (level 1C) or `R10m/B02.jp2` (level 2A).
//!
//! The tile's own metadata give no offset, so that it follows from the
//! processing baseline; these files are as ESA made them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::archive::read_text;
use super::decode::file_name;
use super::listing::is_raster;
use super::safe_layers::{Calibration, band_or_mask, bands, masks};
use super::sentinel2::{self, FIRST_BASELINE_WITH_OFFSET, OFFSET_DN, ProductName, QUANTIFICATION};
use super::{Find, Listing, Modality, Problem, Scene, Unit, Vendor};

const ENTRY: &str = "tileInfo.json";

/// Folders of a tile.
const FOLDERS: [&str; 6] = ["R10m", "R20m", "R60m", "auxiliary", "preview", "qi"];

/// Takes every tile.
pub(super) fn claim(listing: &mut Listing) -> Vec<Find> {
    let mut finds = Vec::new();
    for entry in listing.named(|name| name == ENTRY) {
        let folder = entry.parent().unwrap_or(Path::new("")).to_path_buf();
        let beside = listing
            .names_in(&folder)
            .filter(|name| is_of_tile(name))
            .map(|name| folder.join(name));
        let files: Vec<PathBuf> = beside
            .chain(FOLDERS.iter().flat_map(|f| listing.below(&folder.join(f))))
            .collect();
        // A STAC item beside the tile may tell more than the tile itself.
        if files.iter().any(|f| band_or_mask(f).is_some()) {
            finds.push(listing.take(Vendor::Safe, &folder, &entry, files));
        }
    }
    finds
}

fn is_of_tile(name: &str) -> bool {
    let of_bands = ["B0", "B1", "B8A", "TCI"];
    let is_band = is_raster(name) && of_bands.iter().any(|start| name.starts_with(start));
    [ENTRY, "metadata.xml", "productInfo.json"].contains(&name) || is_band
}

/// Whether a find is a tile of an open archive, not a SAFE.
pub(super) fn is_tile(find: &Find) -> bool {
    file_name(&find.entry) == ENTRY
}

/// Reads the description of a tile.
pub(super) fn decode(find: &Find) -> Result<Scene, Problem> {
    let broken = |what: String| find.problem(format!("{ENTRY}: {what}"), "download it again");
    let text = read_text(&find.entry)?;
    let value: Value = serde_json::from_str(&text).map_err(|e| broken(format!("not JSON: {e}")))?;
    let (id, name) = product(&value).ok_or_else(|| broken("it names no product".into()))?;
    let stamp = value.get("timestamp").and_then(Value::as_str).unwrap_or("");
    let datetime =
        sentinel2::time(stamp).ok_or_else(|| broken(format!("the timestamp is {stamp:?}")))?;
    let baseline = name.baseline.clone().unwrap_or_default();
    let number: f64 = baseline
        .parse()
        .map_err(|_| broken(format!("{id} names no processing baseline")))?;
    let offset = if number >= FIRST_BASELINE_WITH_OFFSET {
        OFFSET_DN
    } else {
        0.0
    };
    let calibration = Calibration {
        quantification: QUANTIFICATION,
        offset_dn: |_: &str| Some(offset),
    };
    let platform = format!("sentinel-{}", id.get(1..3).unwrap_or("2").to_lowercase());
    Ok(Scene {
        bands: bands(find, &calibration)?,
        id,
        product: find.product.clone(),
        datetime,
        sensor: "sentinel-2".into(),
        modality: Modality::Optical,
        gsd_m: Some(sentinel2::GSD_M),
        unit: Unit::Reflectance,
        masks: masks(find),
        relative_orbit: name.orbit,
        version: sentinel2::version(&name.level, &baseline, &name.discriminator),
        pass: platform.clone(),
        platform,
        tile: name.tile.unwrap_or_default(),
    })
}

/// The product's name: given as such, or in the path of its data strip.
fn product(value: &Value) -> Option<(String, ProductName)> {
    let strip = value.get("datastrip").and_then(|d| d.get("path"));
    [value.get("productName"), value.get("productPath"), strip]
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .flat_map(|text| text.split('/'))
        .find_map(|part| Some((part.to_owned(), ProductName::parse(part)?)))
}
