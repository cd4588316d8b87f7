//! Sentinel-2 as ESA delivers it: SAFE folders and zip archives, levels 1C and 2A.
//!
//! The acquisition time is `PRODUCT_START_TIME`, the time in the product's
//! name; a granule may have been seen up to a quarter of an hour later, at the
//! end of a long datatake.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::archive::archive_of;
use super::decode::file_name;
use super::listing::is_raster;
use super::safe_layers::{Calibration, band_or_mask, bands, masks};
use super::safe_metadata::SafeMetadata;
use super::safe_tile;
use super::sentinel2::{self, ProductName};
use super::{Context, Find, Listing, Modality, Problem, Scene, Unit, Vendor};

/// Folders of a SAFE, for products unpacked without their own folder.
const FOLDERS: [&str; 6] = [
    "AUX_DATA",
    "DATASTRIP",
    "GRANULE",
    "HTML",
    "INFO",
    "rep_info",
];

/// Takes every SAFE, one find a granule, and every tile of the open archives.
pub(super) fn claim(listing: &mut Listing) -> Vec<Find> {
    let mut finds = Vec::new();
    for metadata in listing.named(is_product_metadata) {
        // A SAFE inside a SAFE was taken with the outer one.
        if listing.bytes(&metadata).is_some() {
            finds.extend(claim_product(listing, &metadata));
        }
    }
    finds.extend(safe_tile::claim(listing));
    for folder in headless(listing) {
        let entry = folder.join("MTD_MSIL2A.xml");
        let files = listing.below(&folder);
        finds.push(listing.take(Vendor::Safe, &folder, &entry, files));
    }
    finds
}

/// `MTD_MSIL2A.xml`, or in the naming before December 2016
/// `S2A_USER_MTD_SAFL2A_PDMC_….xml`.
fn is_product_metadata(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let Some(stem) = name.strip_suffix(".XML") else {
        return false;
    };
    let before = stem.contains("_MTD_SAFL1C_") || stem.contains("_MTD_SAFL2A_");
    ["MTD_MSIL1C", "MTD_MSIL2A"].contains(&stem) || (before && stem.starts_with("S2"))
}

/// SAFE folders that still hold files: their metadata are missing.
fn headless(listing: &Listing) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = listing
        .named(is_raster)
        .iter()
        .filter_map(|file| {
            file.ancestors()
                .find(|a| is_safe(a) && file_name(a).starts_with("S2"))
        })
        .map(Path::to_path_buf)
        .collect();
    folders.dedup();
    folders
}

fn is_safe(folder: &Path) -> bool {
    folder
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("SAFE"))
}

fn claim_product(listing: &mut Listing, metadata: &Path) -> Vec<Find> {
    let folder = metadata.parent().unwrap_or(Path::new("")).to_path_buf();
    let files = product_files(listing, &folder);
    let product = archive_of(metadata).unwrap_or_else(|| folder.clone());
    let mut granules: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for file in files.iter().filter(|f| band_or_mask(f).is_some()) {
        granules
            .entry(granule_of(&folder, file))
            .or_default()
            .push(file.clone());
    }
    if granules.is_empty() {
        granules.insert(folder, Vec::new());
    }
    let finds = granules
        .into_values()
        .map(|granule| listing.take(Vendor::Safe, &product, metadata, granule))
        .collect();
    listing.drop_files(&files);
    finds
}

/// All files of a product: everything in a folder called `.SAFE`, else what
/// bears the names of a SAFE.
fn product_files(listing: &Listing, folder: &Path) -> Vec<PathBuf> {
    if is_safe(folder) {
        return listing.below(folder);
    }
    let mut files: Vec<PathBuf> = FOLDERS
        .iter()
        .flat_map(|name| listing.below(&folder.join(name)))
        .collect();
    let beside = listing
        .names_in(folder)
        .filter(|name| is_product_metadata(name) || band_or_mask(Path::new(name)).is_some())
        .map(|name| folder.join(name));
    files.extend(beside);
    files
}

/// The folder `GRANULE/x` that a file lies in, else the product's own folder.
fn granule_of(product: &Path, file: &Path) -> PathBuf {
    let granules = product.join("GRANULE");
    file.strip_prefix(&granules)
        .ok()
        .and_then(|inside| inside.iter().next())
        .map_or_else(|| product.to_path_buf(), |name| granules.join(name))
}

/// Reads the metadata of one granule.
pub(super) fn decode(find: &Find, _context: &Context<'_>) -> Result<Scene, Problem> {
    if safe_tile::is_tile(find) {
        return safe_tile::decode(find);
    }
    let metadata = SafeMetadata::read(&find.entry).map_err(|problem| Problem {
        path: find.product.clone(),
        what: format!("{}: {}", file_name(&find.entry), problem.what),
        ..problem
    })?;
    let id = metadata
        .product
        .clone()
        .unwrap_or_else(|| stem_of(&find.product));
    let name = ProductName::parse(&id).unwrap_or_default();
    let seen = find
        .files
        .iter()
        .find_map(|f| sentinel2::tile_in(file_name(f)));
    let tile = seen.or(name.tile.clone()).unwrap_or_default();
    // Products of before December 2016 hold many granules and name no tile.
    let id = match name.tile {
        None if !tile.is_empty() => format!("{id}_T{tile}"),
        _ => id,
    };
    let processed = match name.discriminator.as_str() {
        "" => &metadata.generated,
        discriminator => discriminator,
    };
    Ok(Scene {
        id,
        product: find.product.clone(),
        datetime: metadata.start,
        sensor: "sentinel-2".into(),
        modality: Modality::Optical,
        gsd_m: Some(sentinel2::GSD_M),
        unit: Unit::Reflectance,
        bands: bands(
            find,
            &Calibration {
                quantification: metadata.quantification,
                offset_dn: |band: &str| metadata.offset_dn(band),
            },
        )?,
        masks: masks(find),
        relative_orbit: metadata.relative_orbit.or(name.orbit),
        version: sentinel2::version(&metadata.level, &metadata.baseline, processed),
        pass: metadata.platform.clone(),
        platform: metadata.platform,
        tile,
    })
}

fn stem_of(product: &Path) -> String {
    product
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
