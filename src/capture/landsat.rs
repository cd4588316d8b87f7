//! Landsat 8/9 Collection 2 level 2: surface reflectance, `QA_PIXEL` and the
//! MTL file as text, XML or JSON.
//!
//! Source: USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide
//! (LSDS-1619): band names, scale and offset, bits of `QA_PIXEL`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::decode::file_name;
use super::landsat_mtl::Mtl;
use super::{BandRole, BandSource, MaskLayer, MaskRule, Modality, Scene, Unit};
use super::{Context, Find, Listing, Problem, Vendor};

/// Bands of OLI by number.
const BANDS: [(BandRole, u8); 4] = [
    (BandRole::Blue, 2),
    (BandRole::Green, 3),
    (BandRole::Red, 4),
    (BandRole::Nir, 5),
];

/// Scale and offset of all Collection 2 surface reflectance, where the MTL
/// does not repeat them.
const SCALE: f64 = 0.000_027_5;
const OFFSET: f64 = -0.2;

/// Fill, dilated cloud, cirrus, cloud, cloud shadow: bits 0 to 4. Snow (5),
/// clear (6) and water (7) leave a pixel usable.
const UNUSABLE_BITS: u16 = 0b1_1111;

/// Pixel spacing of the reflective bands, m.
const GSD_M: f64 = 30.0;

/// A product's id and the rest of a file's name:
/// `LC08_L2SP_116031_20200114_20200824_02_T1` and `SR_B2.TIF`.
fn split(name: &str) -> Option<(&str, &str)> {
    let (end, _) = name.match_indices('_').nth(6)?;
    let (id, rest) = (name.get(..end)?, name.get(end + 1..)?);
    let mut words = id.split('_');
    let (sensor, level) = (words.next()?, words.next()?);
    let digits = |w: &str, n: usize| w.len() == n && w.bytes().all(|c| c.is_ascii_digit());
    let numbered = digits(words.next()?, 6) && digits(words.next()?, 8) && digits(words.next()?, 8);
    let known = ["LC0", "LO0", "LE0", "LT0"]
        .iter()
        .any(|s| sensor.starts_with(s));
    (known && numbered && level.len() == 4 && level.starts_with('L')).then_some((id, rest))
}

/// Takes every product: the files of one folder that begin with one id.
/// A product with a STAC item in place of its MTL file is left to the item.
pub(super) fn claim(listing: &mut Listing) -> Vec<Find> {
    let mut products: BTreeMap<(PathBuf, String), Vec<PathBuf>> = BTreeMap::new();
    for path in listing.named(|name| split(name).is_some()) {
        if let (Some(folder), Some((id, _))) = (path.parent(), split(file_name(&path))) {
            let key = (folder.to_path_buf(), id.to_owned());
            products.entry(key).or_default().push(path);
        }
    }
    products
        .into_values()
        .filter_map(|files| {
            let mtl = files.iter().find(|f| is_mtl(file_name(f)));
            let item = files
                .iter()
                .any(|f| f.extension().is_some_and(|e| e == "json"));
            if mtl.is_none() && item {
                return None;
            }
            let entry = mtl.or(files.first())?.clone();
            Some(listing.take(Vendor::Landsat, &entry, &entry, files))
        })
        .collect()
}

fn is_mtl(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["_MTL.JSON", "_MTL.TXT", "_MTL.XML"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// The scene of a product.
pub(super) fn decode(find: &Find, _context: &Context<'_>) -> Result<Scene, Problem> {
    let (id, _) = split(file_name(&find.entry))
        .ok_or_else(|| find.problem("not a name that USGS gives", "keep the original name"))?;
    if !is_mtl(file_name(&find.entry)) {
        return Err(find.problem(
            "a Landsat product without its MTL file",
            "put ..._MTL.txt beside its bands",
        ));
    }
    let mtl = Mtl::read(&find.entry)?;
    check(find, &mtl)?;
    let spacecraft = mtl
        .need("IMAGE_ATTRIBUTES", "SPACECRAFT_ID")?
        .to_ascii_lowercase();
    let (path, row) = (
        mtl.need("IMAGE_ATTRIBUTES", "WRS_PATH")?,
        mtl.need("IMAGE_ATTRIBUTES", "WRS_ROW")?,
    );
    let day = mtl.need("IMAGE_ATTRIBUTES", "DATE_ACQUIRED")?;
    let bands = bands(find, &mtl)?;
    Ok(Scene {
        id: id.to_owned(),
        product: find.product.clone(),
        datetime: acquired(&mtl)?,
        sensor: "landsat".into(),
        platform: spacecraft.replace('_', "-"),
        modality: Modality::Optical,
        gsd_m: Some(GSD_M),
        unit: Unit::Reflectance,
        bands,
        masks: masks(find),
        relative_orbit: path.parse().ok(),
        version: id.split('_').nth(4).unwrap_or_default().to_owned(),
        pass: format!("landsat/{spacecraft}/{path}/{day}"),
        tile: row.to_owned(),
    })
}

/// Refuses other satellites and other levels.
fn check(find: &Find, mtl: &Mtl) -> Result<(), Problem> {
    let spacecraft = mtl.need("IMAGE_ATTRIBUTES", "SPACECRAFT_ID")?;
    let level = mtl.need("PRODUCT_CONTENTS", "PROCESSING_LEVEL")?;
    if !["LANDSAT_8", "LANDSAT_9"].contains(&spacecraft) {
        return Err(find.problem(
            format!("taken by {spacecraft}; only Landsat 8 and 9 are read"),
            "take it out of the folder",
        ));
    }
    if !level.starts_with("L2") {
        return Err(find.problem(
            format!("level {level}, not surface reflectance"),
            "download the level-2 product (L2SP or L2SR)",
        ));
    }
    Ok(())
}

fn acquired(mtl: &Mtl) -> Result<Timestamp, Problem> {
    let day = mtl.need("IMAGE_ATTRIBUTES", "DATE_ACQUIRED")?;
    let time = mtl.need("IMAGE_ATTRIBUTES", "SCENE_CENTER_TIME")?;
    let text = format!("{day}T{}Z", time.trim_end_matches('Z'));
    text.parse()
        .map_err(|_| mtl.problem(format!("{text} is not a time")))
}

fn ending<'a>(find: &'a Find, end: &str) -> Option<&'a Path> {
    let path = find
        .files
        .iter()
        .find(|path| file_name(path).to_ascii_uppercase().ends_with(end))?;
    Some(path)
}

fn bands(find: &Find, mtl: &Mtl) -> Result<Vec<BandSource>, Problem> {
    let mut bands = Vec::new();
    for (role, number) in BANDS {
        let Some(path) = ending(find, &format!("_SR_B{number}.TIF")) else {
            continue;
        };
        // The MTL repeats the level-1 product's own factors under the same
        // names in another group.
        let factor = |name: &str| {
            mtl.number(
                "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS",
                &format!("REFLECTANCE_{name}_BAND_{number}"),
            )
        };
        bands.push(BandSource {
            role,
            path: path.to_string_lossy().into_owned(),
            index: 1,
            scale: factor("MULT")?.unwrap_or(SCALE),
            offset: factor("ADD")?.unwrap_or(OFFSET),
            nodata: Some(0.0),
        });
    }
    if bands.is_empty() {
        return Err(find.problem(
            "none of the bands SR_B2 to SR_B5 is there",
            "download the surface reflectance bands",
        ));
    }
    Ok(bands)
}

fn masks(find: &Find) -> Vec<MaskLayer> {
    ending(find, "_QA_PIXEL.TIF")
        .map(|path| MaskLayer {
            name: "QA_PIXEL".into(),
            path: path.to_string_lossy().into_owned(),
            index: 1,
            rule: MaskRule::NoBitOf(UNUSABLE_BITS),
        })
        .into_iter()
        .collect()
}

#[cfg(test)]
#[path = "landsat_tests.rs"]
mod tests;
