//! `PlanetScope` and `SkySat` as downloaded or ordered from Planet.
//!
//! Sources: Planet's imagery product specification (bands, scaling, the
//! coefficients of the analytic XML, the bits of the old mask) and its page on
//! the usable data mask, UDM 2.1.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::date::{self, Reading};
use super::decode::file_name;
use super::planet_name::{self, Asset, Family, Image, Kind, Level};
use super::sidecar;
use super::{BandRole, BandSource, MaskLayer, MaskRule, Modality, Scene, Unit};
use super::{Context, Find, Listing, Problem, Vendor};

/// DN of surface and "toar" reflectance: reflectance times 10,000.
const REFLECTANCE_SCALE: f64 = 1e-4;

/// Where blue, green, red and nir are in a four-band image.
const FOUR_BANDS: [(BandRole, usize); 4] = [
    (BandRole::Blue, 1),
    (BandRole::Green, 2),
    (BandRole::Red, 3),
    (BandRole::Nir, 4),
];

/// The same in eight bands: coastal, blue, green i, green, yellow, red,
/// red edge, nir.
const EIGHT_BANDS: [(BandRole, usize); 4] = [
    (BandRole::Blue, 2),
    (BandRole::Green, 4),
    (BandRole::Red, 6),
    (BandRole::Nir, 8),
];

/// Visual images are red, green, blue.
const VISUAL_BANDS: [(BandRole, usize); 3] = [
    (BandRole::Blue, 3),
    (BandRole::Green, 2),
    (BandRole::Red, 1),
];

/// The bands of UDM2 that speak against a pixel where they are 1. Band 1,
/// "clear", is not used: it also excludes snow (band 2), and with it most of a
/// winter in which trains are as visible as ever.
const UDM2_AGAINST: [(usize, &str); 4] = [
    (3, "UDM2 shadow"),
    (4, "UDM2 light haze"),
    (5, "UDM2 heavy haze"),
    (6, "UDM2 cloud"),
];

/// Bits of the old mask: 0 not imaged, 1 cloud, 2 to 7 missing or suspect data
/// in one of the bands. Any of them makes a pixel unusable.
const UDM_BITS: u16 = 0xff;

/// Takes every item: the files of one folder whose names begin with one id.
pub(super) fn claim(listing: &mut Listing) -> Vec<Find> {
    let mut items: BTreeMap<(PathBuf, String), Vec<PathBuf>> = BTreeMap::new();
    for path in listing.named(|name| planet_name::parse(name).is_some()) {
        let (Some(folder), Some(asset)) = (path.parent(), asset(&path)) else {
            continue;
        };
        let key = (folder.to_path_buf(), asset.id);
        items.entry(key).or_default().push(path);
    }
    items
        .into_values()
        .filter_map(|files| {
            let product = best_image(&files).map_or_else(
                || files.first().cloned(),
                |(_, path)| Some(path.to_path_buf()),
            )?;
            Some(listing.take(Vendor::Planet, &product, &product, files))
        })
        .collect()
}

/// The scene that an item holds.
///
/// Refused are items without a rectified image, with damaged metadata, or with
/// an analytic image that no coefficients turn into reflectance.
pub(super) fn decode(find: &Find, context: &Context<'_>) -> Result<Scene, Problem> {
    let Asset { id, family, .. } = asset(&find.entry)
        .ok_or_else(|| find.problem("not a name that Planet gives", "keep the original name"))?;
    let (image, path) = best_image(&find.files).ok_or_else(|| imageless(find))?;
    let properties = properties(find, &id, family)?;
    let scales = scales(find, image, family, context)?;
    let (sensor, default_gsd_m) = match family {
        Family::PlanetScope => ("planetscope", Some(3.0)),
        Family::SkySat => ("skysat", None),
    };
    let day = TimeZone::UTC.to_datetime(properties.acquired).date();
    let calibrated = scales.is_some();
    Ok(Scene {
        id: id.clone(),
        product: path.to_path_buf(),
        datetime: properties.acquired,
        sensor: sensor.into(),
        platform: properties.satellite.to_ascii_lowercase(),
        modality: Modality::Optical,
        gsd_m: properties.pixel_resolution_m.or(default_gsd_m),
        unit: if calibrated {
            Unit::Reflectance
        } else {
            Unit::Counts
        },
        bands: bands(image, path, scales.as_deref()),
        masks: masks(find),
        relative_orbit: None,
        version: version(image, &properties.updated),
        // The day too, because nothing says that strips are never numbered anew.
        pass: format!(
            "{sensor}/{}/{}/{day}",
            properties.satellite, properties.strip
        ),
        tile: id,
    })
}

fn asset(path: &Path) -> Option<Asset> {
    planet_name::parse(file_name(path))
}

fn find_kind(find: &Find, wanted: Kind) -> Option<&Path> {
    find.files
        .iter()
        .find(|path| asset(path).is_some_and(|a| a.kind == wanted))
        .map(PathBuf::as_path)
}

/// The best image, and of equal ones the first by name.
fn best_image(files: &[PathBuf]) -> Option<(Image, &Path)> {
    let mut images: Vec<(Image, &Path)> = files
        .iter()
        .filter_map(|path| match asset(path)?.kind {
            Kind::Image(image) => Some((image, path.as_path())),
            _ => None,
        })
        .collect();
    images.sort_by(|a, b| (b.0, a.1).cmp(&(a.0, b.1)));
    let best = images.first().copied()?;
    for (_, other) in images.iter().skip(1) {
        log::debug!("{} is used, not {}", best.1.display(), other.display());
    }
    Some(best)
}

fn imageless(find: &Find) -> Problem {
    match find_kind(find, Kind::Unrectified) {
        Some(path) => Problem::new(
            path,
            "a basic image, in sensor geometry",
            "download the ortho analytic asset of this item",
        ),
        None => find.problem(
            "the item's image is not beside its metadata and masks",
            "download its analytic (surface reflectance) asset",
        ),
    }
}

/// Sorts like [`Image`], then by the time of the last processing.
fn version(image: Image, updated: &str) -> String {
    let Image {
        level,
        harmonized,
        whole,
        ..
    } = image;
    let flags = (u8::from(harmonized), u8::from(whole));
    format!("{}{}{} {updated}", level as u8, flags.0, flags.1)
}

fn bands(image: Image, path: &Path, scales: Option<&[f64]>) -> Vec<BandSource> {
    let places: &[(BandRole, usize)] = match image {
        Image {
            level: Level::Visual,
            ..
        } => &VISUAL_BANDS,
        Image {
            four_bands: true, ..
        } => &FOUR_BANDS,
        _ => &EIGHT_BANDS,
    };
    let source = |&(role, index): &(BandRole, usize)| BandSource {
        role,
        path: path.to_string_lossy().into_owned(),
        index,
        scale: scales
            .and_then(|s| s.get(index - 1).copied())
            .unwrap_or(1.0),
        offset: 0.0,
        nodata: Some(0.0),
    };
    places.iter().map(source).collect()
}

fn masks(find: &Find) -> Vec<MaskLayer> {
    let layer = |name: &str, path: &Path, index, rule| MaskLayer {
        name: name.into(),
        path: path.to_string_lossy().into_owned(),
        index,
        rule,
    };
    if let Some(path) = find_kind(find, Kind::Udm2) {
        UDM2_AGAINST
            .iter()
            .map(|(index, name)| layer(name, path, *index, MaskRule::NotIn(vec![1])))
            .collect()
    } else if let Some(path) = find_kind(find, Kind::Udm) {
        vec![layer("UDM", path, 1, MaskRule::NoBitOf(UDM_BITS))]
    } else {
        Vec::new()
    }
}

/// What is needed of an item's properties.
struct Properties {
    acquired: Timestamp,
    satellite: String,
    strip: String,
    pixel_resolution_m: Option<f64>,
    updated: String,
}

#[derive(Deserialize)]
struct PropertiesFile {
    id: String,
    properties: PropertiesBody,
}

#[derive(Deserialize)]
struct PropertiesBody {
    acquired: Timestamp,
    satellite_id: String,
    #[serde(default)]
    strip_id: String,
    pixel_resolution: Option<f64>,
    #[serde(default)]
    updated: String,
}

/// From the item's `_metadata.json`; by the id where there is none.
fn properties(find: &Find, wanted: &str, family: Family) -> Result<Properties, Problem> {
    let Some(path) = find_kind(find, Kind::Properties) else {
        return properties_by_id(find, wanted, family);
    };
    let PropertiesFile { id, properties } = sidecar::json(path)?;
    if id != wanted {
        return Err(Problem::new(
            path,
            format!("describes the item {id}, not {wanted}"),
            sidecar::FETCH_AGAIN,
        ));
    }
    Ok(Properties {
        acquired: properties.acquired,
        satellite: properties.satellite_id,
        strip: properties.strip_id,
        pixel_resolution_m: properties.pixel_resolution.filter(|m| *m > 0.0),
        updated: properties.updated,
    })
}

/// An id begins with the time of acquisition and names the satellite: last in
/// `PlanetScope`'s, third in `SkySat`'s (`ssc4`, `ssc1d1` with the detector).
fn properties_by_id(find: &Find, id: &str, family: Family) -> Result<Properties, Problem> {
    let Reading::One(moment) = date::read(id) else {
        return Err(find.problem(
            "neither a _metadata.json nor a date in the name",
            "put the item's _metadata.json beside the image",
        ));
    };
    let mut words = id.split('_');
    let satellite = match family {
        Family::PlanetScope => words.next_back(),
        Family::SkySat => words.nth(2).and_then(|w| w.split('d').next()),
    };
    Ok(Properties {
        acquired: moment.at,
        satellite: satellite.unwrap_or_default().to_owned(),
        strip: String::new(),
        pixel_resolution_m: None,
        updated: String::new(),
    })
}

/// What each band's DN are multiplied with for reflectance, in band order;
/// `None` where the image has no such calibration.
fn scales(
    find: &Find,
    image: Image,
    family: Family,
    context: &Context<'_>,
) -> Result<Option<Vec<f64>>, Problem> {
    let count = if image.four_bands { 4 } else { 8 };
    match (image.level, family) {
        (Level::Visual, _) => Ok(None),
        (Level::Surface | Level::TopOfAtmosphere, _) => Ok(Some(vec![REFLECTANCE_SCALE; count])),
        (Level::Counts, Family::PlanetScope) => {
            let wanted = Kind::Coefficients {
                four_bands: image.four_bands,
            };
            let xml = find_kind(find, wanted).ok_or_else(|| {
                find.problem(
                    "an analytic image without its metadata XML, which has the reflectance coefficients",
                    "put its ..._AnalyticMS_metadata.xml beside it, or download the surface reflectance asset",
                )
            })?;
            coefficients(xml, count).map(Some)
        }
        (Level::Counts, Family::SkySat) => skysat_coefficients(&find.entry, context),
    }
}

/// `reflectanceCoefficient` of every band in an analytic XML.
fn coefficients(xml: &Path, count: usize) -> Result<Vec<f64>, Problem> {
    let found: BTreeMap<usize, f64> = sidecar::xml(xml, |root| {
        let bands = root
            .descendants()
            .filter(|n| n.tag_name().name() == "bandSpecificMetadata");
        let number = |band, name| sidecar::element(band, name)?.parse::<f64>().ok();
        Ok(bands
            .filter_map(|band| {
                let index = number(band, "bandNumber")? as usize;
                Some((index, number(band, "reflectanceCoefficient")?))
            })
            .filter(|(_, scale)| scale.is_finite() && *scale > 0.0)
            .collect())
    })?;
    let missing = |band| {
        Problem::new(
            xml,
            format!("no reflectanceCoefficient for band {band} of {count}"),
            "download the metadata XML again, or the surface reflectance asset",
        )
    };
    (1..=count)
        .map(|band| found.get(&band).copied().ok_or_else(|| missing(band)))
        .collect()
}

#[derive(Deserialize)]
struct SkySatTag {
    properties: SkySatCoefficients,
}

#[derive(Deserialize)]
struct SkySatCoefficients {
    reflectance_coefficients: Vec<f64>,
}

/// `SkySat` carries its coefficients as JSON in the image's description tag;
/// without them the counts still serve.
fn skysat_coefficients(path: &Path, context: &Context<'_>) -> Result<Option<Vec<f64>>, Problem> {
    let header = sidecar::header(path, context)?;
    let tag = header.tags.get("TIFFTAG_IMAGEDESCRIPTION");
    Ok(tag
        .and_then(|text| serde_json::from_str::<SkySatTag>(text).ok())
        .map(|tag| tag.properties.reflectance_coefficients)
        .filter(|c| c.len() >= 4 && c.iter().all(|v| v.is_finite() && *v > 0.0)))
}

#[cfg(test)]
#[path = "planet_tests.rs"]
mod tests;
