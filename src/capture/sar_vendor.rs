//! Metadata of the commercial radar satellites whose geocoded amplitude images
//! come with a file of their own: Capella, Umbra, ICEYE.

use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use super::plain::{stem, words};
use super::sar_name::polarisation;
use super::sidecar;
use super::{BandRole, Find, Problem, RasterHeader, Unit};

/// What a provider's metadata adds to the raster.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Extra {
    pub(super) start: Option<Timestamp>,
    pub(super) polarisation: Option<BandRole>,
    pub(super) unit: Option<Unit>,
    /// What the raster's numbers are multiplied with.
    pub(super) scale: f64,
    pub(super) nodata: Option<f64>,
}

/// Nothing is added.
const NOTHING: Extra = Extra {
    start: None,
    polarisation: None,
    unit: None,
    scale: 1.0,
    nodata: None,
};

/// Amplitude images of whole numbers, filled with 0.
const AMPLITUDE: Extra = Extra {
    unit: Some(Unit::Amplitude),
    nodata: Some(0.0),
    ..NOTHING
};

/// Reads what the provider of a raster says of it.
pub(super) fn read(find: &Find, raster: &Path, header: &RasterHeader) -> Result<Extra, Problem> {
    let names = words(stem(raster));
    let has = |word: &str| names.iter().any(|w| w == word);
    if has("capella") {
        capella(find)
    } else if has("umbra") {
        umbra(find)
    } else if has("iceye") {
        Ok(iceye(header))
    } else {
        Ok(NOTHING)
    }
}

fn metadata<'a>(find: &'a Find, ending: &'a str) -> Option<&'a Path> {
    find.named(move |name| name.to_ascii_lowercase().ends_with(ending))
        .next()
}

#[derive(Deserialize)]
struct Capella {
    product_type: String,
    collect: CapellaCollect,
}

#[derive(Deserialize)]
struct CapellaCollect {
    start_timestamp: Timestamp,
    image: CapellaImage,
    radar: CapellaRadar,
}

#[derive(Deserialize)]
struct CapellaImage {
    scale_factor: Option<f64>,
}

#[derive(Deserialize)]
struct CapellaRadar {
    transmit_polarization: String,
    receive_polarization: String,
}

/// Capella: DN times `scale_factor` is the root of sigma nought (product guide).
fn capella(find: &Find) -> Result<Extra, Problem> {
    let Some(path) = metadata(find, "_extended.json") else {
        return Ok(AMPLITUDE);
    };
    let Capella {
        product_type,
        collect,
    } = sidecar::json(path)?;
    if !["GEO", "GEC"].contains(&product_type.as_str()) {
        return Err(find.problem(
            format!("a Capella {product_type} product, which does not lie on the map"),
            "download the GEO product",
        ));
    }
    let radar = collect.radar;
    let sent_received = format!(
        "{}{}",
        radar.transmit_polarization, radar.receive_polarization
    );
    let scale = collect
        .image
        .scale_factor
        .filter(|s| s.is_finite() && *s > 0.0);
    Ok(Extra {
        start: Some(collect.start_timestamp),
        polarisation: polarisation(&sent_received.to_ascii_lowercase()),
        scale: scale.unwrap_or(1.0),
        ..AMPLITUDE
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Umbra {
    collects: Vec<UmbraCollect>,
}

#[derive(Deserialize)]
struct UmbraCollect {
    #[serde(rename = "startAtUTC")]
    start: Timestamp,
    #[serde(default)]
    polarizations: Vec<String>,
}

/// Umbra: amplitude without absolute calibration.
fn umbra(find: &Find) -> Result<Extra, Problem> {
    let Some(path) = metadata(find, ".json") else {
        return Ok(AMPLITUDE);
    };
    let Umbra { collects } = sidecar::json(path)?;
    let first = collects.first();
    let sent_received = first.and_then(|c| c.polarizations.first());
    Ok(Extra {
        start: first.map(|c| c.start),
        polarisation: sent_received.and_then(|p| polarisation(&p.to_ascii_lowercase())),
        ..AMPLITUDE
    })
}

/// ICEYE: sigma nought is `CALIBRATION_FACTOR` times DN squared (product guide).
fn iceye(header: &RasterHeader) -> Extra {
    let tag = |name: &str| header.tags.get(name).map(String::as_str);
    let factor = tag("CALIBRATION_FACTOR").and_then(|t| t.parse::<f64>().ok());
    let factor = factor.filter(|f| f.is_finite() && *f > 0.0);
    Extra {
        polarisation: tag("POLARIZATION").and_then(|p| polarisation(&p.to_ascii_lowercase())),
        scale: factor.map_or(1.0, f64::sqrt),
        ..AMPLITUDE
    }
}
