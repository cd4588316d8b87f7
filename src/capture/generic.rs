//! Plain `GeoTIFFs`, as anybody makes them.
//!
//! What such a file does not say is asked of the user, never guessed: the date
//! (see [`super::plain`]) and what the bands show. The values are counts unless
//! the bands have a scale that makes reflectance of whole numbers.

use std::path::{Path, PathBuf};

use super::band_role::{self, Role};
use super::date::Moment;
use super::listing::is_raster;
use super::plain::{acquired, check_on_the_map, extent_key, stem, words};
use super::vhr_sidecar::{self, Sidecar};
use super::{BandHeader, BandSource, MaskLayer, MaskRule, Modality, RasterHeader, Scene, Unit};
use super::{Context, Find, Listing, Problem, Vendor};
use super::{sar, sar_name, sidecar};

/// The greatest scale of whole numbers that makes reflectance of them: with
/// more, a bright target (reflectance 1) had fewer than 100 steps.
const LARGEST_REFLECTANCE_SCALE: f64 = 0.01;

/// Takes every raster that is left, with a metadata file that goes by its name.
pub(super) fn claim(listing: &mut Listing) -> Vec<Find> {
    let rasters = listing.named(is_raster);
    let mut finds = Vec::with_capacity(rasters.len());
    for path in rasters {
        let mut files = vec![path.clone()];
        files.extend(sidecar_of(listing, &path));
        finds.push(listing.take(Vendor::Generic, &path, &path, files));
    }
    finds
}

fn sidecar_of(listing: &Listing, raster: &Path) -> Option<PathBuf> {
    let folder = raster.parent()?;
    let name = vhr_sidecar::name_among(stem(raster), listing.names_in(folder))?;
    Some(folder.join(name))
}

/// The scene of a find: radar where the header says so or the user does.
pub(super) fn decode(find: &Find, context: &Context<'_>) -> Result<Scene, Problem> {
    let path = find.entry.as_path();
    let header = sidecar::header(path, context)?;
    check_on_the_map(path, &header)?;
    if is_radar(&header, context) {
        return sar::decode(find, context);
    }
    let beside = find.named(|name| !is_raster(name)).next();
    let beside = beside.map(vhr_sidecar::read).transpose()?;
    let when = when(path, &header, beside.as_ref())?;
    let roles = roles(path, &header, beside.as_ref(), context)?;
    let scale = reflectance_scale(&header, &roles);
    let bands = roles
        .iter()
        .filter_map(|role| {
            Some(source(
                path,
                *role,
                header.bands.get(role.index - 1)?,
                scale,
            ))
        })
        .collect();
    let names = words(stem(path));
    Ok(Scene {
        id: stem(path).to_owned(),
        product: path.to_path_buf(),
        datetime: when.at,
        sensor: "generic".into(),
        platform: beside.map_or_else(|| platform(&names), |b| b.platform),
        modality: Modality::Optical,
        gsd_m: None,
        unit: if scale {
            Unit::Reflectance
        } else {
            Unit::Counts
        },
        bands,
        masks: alpha_masks(path, &header),
        relative_orbit: None,
        version: String::new(),
        pass: pass(vhr_sidecar::without_tile(stem(path)), when, &roles),
        tile: extent_key(&header),
    })
}

/// Floats whose description or tags name backscatter, or what the user called
/// radar.
fn is_radar(header: &RasterHeader, context: &Context<'_>) -> bool {
    let floats = header
        .bands
        .iter()
        .all(|b| b.sample_type.starts_with("Float"));
    let said = |band: &BandHeader| {
        let words = words(&band.description);
        sar_name::is_radar(&words) || words.iter().any(|w| sar_name::polarisation(w).is_some())
    };
    let single = header.bands.len() == 1;
    (single && context.hints.radar.is_some()) || (floats && header.bands.iter().any(said))
}

/// The provider's time, else what name and tags say.
fn when(path: &Path, header: &RasterHeader, beside: Option<&Sidecar>) -> Result<Moment, Problem> {
    match beside.and_then(|b| b.start) {
        Some(at) => Ok(Moment {
            at,
            time_known: true,
        }),
        None => acquired(path, header),
    }
}

/// What the bands show: by the user, the provider, the descriptions, the name,
/// or the colour interpretation.
fn roles(
    path: &Path,
    header: &RasterHeader,
    beside: Option<&Sidecar>,
    context: &Context<'_>,
) -> Result<Vec<Role>, Problem> {
    if let Some(wanted) = &context.hints.bands {
        return band_role::by_user(path, wanted, header.bands.len());
    }
    let single_float = header.bands.len() == 1
        && header
            .bands
            .iter()
            .any(|b| b.sample_type.starts_with("Float"));
    if single_float && beside.is_none() {
        return Err(Problem::new(
            path,
            "one band of floating-point numbers, and nothing says what it is",
            "say --radar power (or amplitude, db) if it is backscatter, --bands pan if it is an image",
        ));
    }
    beside
        .map(|b| band_role::by_provider(&b.bands, header.bands.len()))
        .filter(|roles| !roles.is_empty())
        .or_else(|| band_role::by_header(&words(stem(path)), header))
        .ok_or_else(|| {
            Problem::new(
                path,
                format!("nothing says what its {} bands show", header.bands.len()),
                "say it with --bands, for example --bands blue,green,red,nir",
            )
        })
}

/// Whether the scales in the header make reflectance of whole numbers.
fn reflectance_scale(header: &RasterHeader, roles: &[Role]) -> bool {
    roles.iter().all(|role| {
        header.bands.get(role.index - 1).is_some_and(|band| {
            let fits = |s: f64| s > 0.0 && s <= LARGEST_REFLECTANCE_SCALE;
            band.sample_type.contains("Int16") && band.scale.is_some_and(fits)
        })
    })
}

fn source(path: &Path, role: Role, band: &BandHeader, calibrated: bool) -> BandSource {
    BandSource {
        role: role.role,
        path: path.to_string_lossy().into_owned(),
        index: role.index,
        scale: band.scale.filter(|_| calibrated).unwrap_or(1.0),
        offset: band.offset.filter(|_| calibrated).unwrap_or(0.0),
        nodata: band.nodata,
    }
}

/// An alpha band is a mask.
fn alpha_masks(path: &Path, header: &RasterHeader) -> Vec<MaskLayer> {
    let alpha = |band: &BandHeader| band.colour.eq_ignore_ascii_case("alpha");
    header
        .bands
        .iter()
        .zip(1..)
        .filter(|(band, _)| alpha(band))
        .map(|(_, index)| MaskLayer {
            name: "alpha".into(),
            path: path.to_string_lossy().into_owned(),
            index,
            rule: MaskRule::NotIn(vec![0]),
        })
        .collect()
}

/// Tiles of one picture share its name but for `_R1C2`, the second and the
/// bands. Without a time of day a file stands alone: two crossings may be in
/// two files of one day.
fn pass(name: &str, when: Moment, roles: &[Role]) -> String {
    if !when.time_known {
        return String::new();
    }
    let roles: Vec<String> = roles.iter().map(|r| format!("{:?}", r.role)).collect();
    format!("generic/{name}/{}/{}", when.at, roles.join("-"))
}

/// The satellite, where a word of the name is one.
fn platform(names: &[String]) -> String {
    names
        .iter()
        .find_map(|word| match word.as_str() {
            "s2" => Some("sentinel-2"),
            "s2a" => Some("sentinel-2a"),
            "s2b" => Some("sentinel-2b"),
            "s2c" => Some("sentinel-2c"),
            _ => None,
        })
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
#[path = "generic_tests.rs"]
mod tests;
