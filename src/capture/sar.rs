//! Terrain-corrected radar backscatter: Sentinel-1 from `HyP3`, the Planetary
//! Computer or as plain `GeoTIFFs`, Capella, Umbra and ICEYE.
//!
//! The unit is what the product says: the letters of a `HyP3` name, the
//! provider's convention, or a word such as `linear`, `amplitude` or `db` in
//! the name, a description or a tag. Floats that say nothing are taken as
//! linear power, the convention of radiometric terrain correction, unless the
//! user says otherwise. Other plain numbers are refused until the user does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::decode::file_name;
use super::listing::is_raster;
use super::plain::{acquired, check_on_the_map, extent_key, stem, words};
use super::sar_name::{Granule, granule_in, hyp3_unit, is_radar, polarisation, sensor, unit};
use super::sar_vendor::{self, Extra};
use super::sidecar;
use super::{BandRole, BandSource, Modality, RasterHeader, Scene, Unit};
use super::{Context, Find, Listing, Problem, Vendor};

/// Rasters that come with `HyP3`'s and others' products and show no backscatter:
/// areas, incidence angles, layover and shadow, terrain, browse images.
const COMPANIONS: [&str; 7] = ["area", "inc", "ls", "dem", "rgb", "csi", "mask"];

/// `HyP3` fills with 0, which no backscatter is.
const HYP3_NODATA: f64 = 0.0;

/// Takes the rasters whose names say that they are radar; polarisations of
/// one product are one find.
pub(super) fn claim(listing: &mut Listing) -> Vec<Find> {
    let mut products: BTreeMap<(PathBuf, String), Vec<PathBuf>> = BTreeMap::new();
    for path in listing.named(is_raster) {
        let words = words(stem(&path));
        if !is_radar(&words) {
            continue;
        }
        if is_companion(&words) {
            listing.drop_files(&[path]);
            continue;
        }
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        products
            .entry((folder, base(&words)))
            .or_default()
            .push(path);
    }
    products
        .into_iter()
        .filter_map(|((folder, base), mut files)| {
            let first = files.first()?.clone();
            files.extend(sidecars(listing, &folder, &base));
            Some(listing.take(Vendor::Sar, &first, &first, files))
        })
        .collect()
}

/// `HyP3` and Umbra append what a companion is after the base name; a plain name
/// may hold such a word anywhere else.
fn is_companion(words: &[String]) -> bool {
    let known = hyp3_unit(words).is_some() || words.iter().any(|w| w == "umbra");
    let tail = words.iter().rev().take(2);
    known && tail.into_iter().any(|w| COMPANIONS.contains(&w.as_str()))
}

/// A name without its polarisation.
fn base(words: &[String]) -> String {
    let kept: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|w| polarisation(w).is_none())
        .collect();
    kept.join("_")
}

/// Metadata files that go by the product's name.
fn sidecars(listing: &Listing, folder: &Path, base: &str) -> Vec<PathBuf> {
    let end = |name: &str| {
        [".json", ".txt"]
            .iter()
            .any(|e| name.to_ascii_lowercase().ends_with(e))
    };
    // Umbra's metadata shares the name up to the product type.
    let short = base.rsplit_once('_').map_or(base, |(head, _)| head);
    let head = if base.contains("umbra") { short } else { base };
    listing
        .names_in(folder)
        .filter(|name| end(name) && self::base(&words(name)).starts_with(head))
        .map(|name| folder.join(name))
        .collect()
}

/// The scene of a find.
pub(super) fn decode(find: &Find, context: &Context<'_>) -> Result<Scene, Problem> {
    let mut rasters = Vec::new();
    for path in find.named(is_raster) {
        rasters.push((path, sidecar::header(path, context)?));
    }
    let (path, header) = rasters
        .first()
        .ok_or_else(|| find.problem("no raster", "download it again"))?;
    for (path, header) in &rasters {
        check_on_the_map(path, header)?;
    }
    let extra = sar_vendor::read(find, path, header)?;
    let unit = unit_of(path, header, &extra, context)?;
    let granule = granule_of(find)?;
    let time = time_of(path, header, &extra, granule.as_ref())?;
    let names = words(stem(path));
    let (sensor, mut platform) = sensor(&names);
    if let (Some(granule), true) = (&granule, platform.is_empty()) {
        platform.clone_from(&granule.platform);
    }
    let id = id_of(path, granule.as_ref());
    Ok(Scene {
        product: find.product.clone(),
        datetime: time.at,
        gsd_m: None,
        modality: Modality::Sar,
        unit,
        bands: bands(&rasters, &extra)?,
        masks: Vec::new(),
        relative_orbit: granule.as_ref().and_then(Granule::relative_orbit),
        version: version(header),
        pass: pass(sensor, &platform, granule.as_ref(), time),
        tile: format!("{} {}", time.at, extent_key(header)),
        sensor: if granule.is_some() {
            "sentinel-1".into()
        } else {
            sensor.into()
        },
        platform,
        id,
    })
}

/// Finer pixels are better: pixels to a thousand map units, as sorted text.
fn version(header: &RasterHeader) -> String {
    let [_, a, _, _, b, _] = header.grid.origin;
    format!("{:012.0}", 1000.0 / a.hypot(b).max(1e-6))
}

/// The name without polarisation; in the Planetary Computer's folders, where
/// every file is called `iw-vv.rtc.tiff`, the granule's.
fn id_of(path: &Path, granule: Option<&Granule>) -> String {
    let name = stem(path);
    match granule {
        Some(granule) if !name.to_ascii_uppercase().starts_with("S1") => granule.id.clone(),
        _ => name
            .split('_')
            .filter(|part| polarisation(&part.to_ascii_lowercase()).is_none())
            .collect::<Vec<_>>()
            .join("_"),
    }
}

/// The ESA product it was made from: named by the file, a folder within the
/// scanned one, or `HyP3`'s README.
fn granule_of(find: &Find) -> Result<Option<Granule>, Problem> {
    let inside = find.entry.strip_prefix(&find.root).unwrap_or(&find.entry);
    let root = file_name(&find.root);
    if let Some(granule) = granule_in(&inside.to_string_lossy()).or_else(|| granule_in(root)) {
        return Ok(Some(granule));
    }
    match find.named(|name| name.ends_with("README.md.txt")).next() {
        Some(readme) => Ok(granule_in(&sidecar::text(readme)?)),
        None => Ok(None),
    }
}

/// When it was acquired.
#[derive(Clone, Copy)]
struct When {
    at: Timestamp,
    time_known: bool,
}

fn time_of(
    path: &Path,
    header: &RasterHeader,
    extra: &Extra,
    granule: Option<&Granule>,
) -> Result<When, Problem> {
    let known = |at| When {
        at,
        time_known: true,
    };
    if let Some(at) = extra.start.or(granule.map(|g| g.start)) {
        return Ok(known(at));
    }
    let moment = acquired(path, header)?;
    Ok(When {
        at: moment.at,
        time_known: moment.time_known,
    })
}

/// Frames of one pass follow each other within minutes; no satellite sees a
/// place twice in an hour. Without a time of day a scene stands alone.
fn pass(sensor: &str, platform: &str, granule: Option<&Granule>, when: When) -> String {
    match granule {
        Some(granule) => format!("sentinel-1/{}/{}", granule.platform, granule.absolute_orbit),
        None if when.time_known => {
            let hour = TimeZone::UTC
                .to_datetime(when.at)
                .strftime("%Y-%m-%dT%H")
                .to_string();
            format!("{sensor}/{platform}/{hour}")
        }
        None => String::new(),
    }
}

/// The unit of the samples after scale and offset.
fn unit_of(
    path: &Path,
    header: &RasterHeader,
    extra: &Extra,
    context: &Context<'_>,
) -> Result<Unit, Problem> {
    let names = words(stem(path));
    if let Some(unit) = extra.unit.or_else(|| hyp3_unit(&names)) {
        return Ok(unit);
    }
    if let Some(unit) = context.hints.radar {
        return Ok(unit);
    }
    let said = header.bands.iter().flat_map(|b| words(&b.description));
    let tags = header
        .tags
        .iter()
        .filter(|(tag, _)| tag.to_ascii_lowercase().contains("unit"));
    let tags = tags.flat_map(|(_, value)| words(value));
    let said: Vec<String> = names.into_iter().chain(said).chain(tags).collect();
    if let Some(unit) = unit(&said) {
        return Ok(unit);
    }
    if header
        .bands
        .iter()
        .all(|b| b.sample_type.starts_with("Float"))
    {
        return Ok(Unit::Power);
    }
    Err(Problem::new(
        path,
        "named like radar, but nothing says whether its whole numbers are power, amplitude or decibel",
        "say it with --radar power, --radar amplitude or --radar db",
    ))
}

fn bands(rasters: &[(&Path, RasterHeader)], extra: &Extra) -> Result<Vec<BandSource>, Problem> {
    let mut bands = Vec::new();
    for (path, header) in rasters {
        for (i, band) in header.bands.iter().enumerate() {
            let named = words(&band.description);
            let named = named.iter().find_map(|w| polarisation(w));
            let by_file = words(stem(path)).iter().rev().find_map(|w| polarisation(w));
            let single = header.bands.len() == 1;
            let Some(role) = named
                .or(by_file.filter(|_| single))
                .or(extra.polarisation.filter(|_| single))
                .or(single.then_some(BandRole::Backscatter))
            else {
                continue;
            };
            bands.push(BandSource {
                role,
                path: path.to_string_lossy().into_owned(),
                index: i + 1,
                scale: band.scale.unwrap_or(1.0) * extra.scale,
                offset: band.offset.unwrap_or(0.0) * extra.scale,
                nodata: band.nodata.or_else(|| default_nodata(path, extra)),
            });
        }
    }
    bands.sort_by_key(|b| b.role);
    bands.dedup_by_key(|b| b.role);
    let path = rasters.first().map_or(Path::new(""), |(path, _)| *path);
    if bands.is_empty() {
        return Err(Problem::new(
            path,
            "several bands, none described as VV, VH, HH or HV",
            "describe its bands, or give one file for each polarisation",
        ));
    }
    Ok(bands)
}

fn default_nodata(path: &Path, extra: &Extra) -> Option<f64> {
    hyp3_unit(&words(stem(path)))
        .map(|_| HYP3_NODATA)
        .or(extra.nodata)
}

#[cfg(test)]
#[path = "sar_tests.rs"]
mod tests;
