//! Crossings as a GeoJSON `FeatureCollection` of `LineString`s in WGS 84
//! (RFC 7946): read, checked, and written so that they can be read again.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::check::{check_line, check_sections};
use super::model::{Confuser, Crossing, Section, SectionKind, Stock, Track};
use crate::error::{Error, Result};
use crate::geo::{Alignment, LonLat};

/// Uncertainty of a line whose file does not tell, 1 sigma, m: that of a line
/// drawn by hand on an image of 3 m to 10 m pixels.
const DEFAULT_UNCERTAINTY_M: f64 = 10.0;

const REMEDY: &str =
    "correct the file; `railspan crossings export dandong` shows what one looks like";

#[derive(Deserialize)]
struct FeatureCollection {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    crs: Option<Value>,
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    properties: Option<Value>,
    geometry: Option<Geometry>,
}

#[derive(Deserialize)]
struct Geometry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    coordinates: Value,
}

#[derive(Serialize, Deserialize)]
struct Properties {
    crossing: String,
    id: String,
    name: String,
    #[serde(default)]
    crossing_name: Option<String>,
    #[serde(default = "utc")]
    time_zone: String,
    #[serde(default)]
    attribution: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    uncertainty_across_m: Option<f64>,
    #[serde(default)]
    uncertainty_along_m: Option<f64>,
    #[serde(default)]
    sections: Vec<Section>,
    #[serde(default)]
    stock: Vec<Stock>,
    #[serde(default)]
    confusers: Vec<Confuser>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    road_lane_offset_m: Option<f64>,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// Reads and checks a crossings file.
///
/// A feature needs the properties `crossing`, `id` and `name`; everything else
/// of [`Track`] has a default. Features of one `crossing` become its tracks.
///
/// # Errors
/// The file cannot be read, is not such a collection, or a feature is wrong
/// (no line, equal points, not WGS 84, crossing itself, sections that overlap
/// or leave the line, too long, an id used twice): the error names the feature.
pub fn read_crossings(path: &Path) -> Result<Vec<Crossing>> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    parse_crossings(&text, path)
}

/// As [`read_crossings`], from text; `path` is for messages.
///
/// # Errors
/// As [`read_crossings`].
pub fn parse_crossings(text: &str, path: &Path) -> Result<Vec<Crossing>> {
    let wrong = |problem: String| Error::content(path, problem, REMEDY);
    let file: FeatureCollection =
        serde_json::from_str(text).map_err(|e| wrong(format!("not a GeoJSON file: {e}")))?;
    if file.kind != "FeatureCollection" {
        return Err(wrong(format!(
            "a GeoJSON {}, not a FeatureCollection",
            file.kind
        )));
    }
    if let Some(crs) = file.crs.as_ref().filter(|crs| !is_wgs84(crs)) {
        return Err(wrong(format!("coordinates in {crs}, not WGS 84")));
    }
    let mut crossings: Vec<Crossing> = Vec::new();
    for (number, feature) in file.features.into_iter().enumerate() {
        let label = feature_label(number, feature.properties.as_ref());
        let (properties, track) = track_of(feature).map_err(|e| wrong(format!("{label}: {e}")))?;
        if crossings
            .iter()
            .flat_map(|c| &c.tracks)
            .any(|t| t.id == track.id)
        {
            return Err(wrong(format!("{label}: its id is used twice")));
        }
        add_track(&mut crossings, properties, track);
    }
    if crossings.is_empty() {
        return Err(wrong("no features in it".to_owned()));
    }
    Ok(crossings)
}

/// The old `crs` member (GeoJSON 2008) is tolerated when it says what RFC 7946 demands.
fn is_wgs84(crs: &Value) -> bool {
    let name = crs.to_string();
    crs.is_null() || name.contains("CRS84") || name.contains("4326")
}

fn feature_label(number: usize, properties: Option<&Value>) -> String {
    match properties.and_then(|p| p.get("id")).and_then(Value::as_str) {
        Some(id) => format!("feature {} ({})", number + 1, id.escape_debug()),
        None => format!("feature {}", number + 1),
    }
}

/// What a feature needs and does not have, all at once.
fn missing(feature: &Feature) -> Vec<&'static str> {
    let has = |name: &str| {
        let properties = feature.properties.as_ref();
        properties.is_some_and(|p| p.get(name).is_some_and(|value| !value.is_null()))
    };
    let needed = [
        ("property crossing", has("crossing")),
        ("property id", has("id")),
        ("property name", has("name")),
        ("line", feature.geometry.is_some()),
    ];
    let lacking = needed.into_iter().filter(|(_, there)| !there);
    lacking.map(|(what, _)| what).collect()
}

fn track_of(feature: Feature) -> Result<(Properties, Track)> {
    let missing = missing(&feature);
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Err(Error::unsupported(format!("it has no {missing}")));
    }
    let properties: Properties = serde_json::from_value(feature.properties.unwrap_or_default())
        .map_err(|e| Error::unsupported(format!("its properties: {e}")))?;
    if properties.id.is_empty() || properties.crossing.is_empty() {
        return Err(Error::unsupported("its crossing or id is empty"));
    }
    let vertices = vertices_of(feature.geometry)?;
    let frame = check_line(&vertices)?;
    let points: Vec<_> = vertices.iter().map(|v| frame.to_point(*v)).collect();
    let alignment = Alignment::through(&points)?;
    let sections = sections_or_whole(&properties.sections, alignment.length_m());
    check_sections(&sections, alignment.length_m())?;
    let uncertainty_m = |given: Option<f64>| given.unwrap_or(DEFAULT_UNCERTAINTY_M);
    let track = Track {
        id: properties.id.clone(),
        name: properties.name.clone(),
        vertices,
        frame,
        alignment,
        sections,
        uncertainty_across_m: uncertainty_m(properties.uncertainty_across_m),
        uncertainty_along_m: uncertainty_m(properties.uncertainty_along_m),
        source: properties.source.clone(),
        stock: properties.stock.clone(),
        confusers: properties.confusers.clone(),
        road_lane_offset_m: properties.road_lane_offset_m,
    };
    Ok((properties, track))
}

fn vertices_of(geometry: Option<Geometry>) -> Result<Vec<LonLat>> {
    let geometry = geometry.ok_or_else(|| Error::unsupported("it has no line"))?;
    if geometry.kind != "LineString" {
        return Err(Error::unsupported(format!(
            "its geometry is a {}, not a LineString",
            geometry.kind
        )));
    }
    let positions: Vec<Vec<f64>> = serde_json::from_value(geometry.coordinates)
        .map_err(|e| Error::unsupported(format!("its coordinates: {e}")))?;
    positions
        .iter()
        .map(|p| match p.as_slice() {
            [lon_deg, lat_deg, ..] => Ok(LonLat {
                lon_deg: *lon_deg,
                lat_deg: *lat_deg,
            }),
            _ => Err(Error::unsupported("a position has fewer than two numbers")),
        })
        .collect()
}

fn sections_or_whole(given: &[Section], length_m: f64) -> Vec<Section> {
    if !given.is_empty() {
        return given.to_vec();
    }
    vec![Section {
        kind: SectionKind::Track,
        start_m: 0.0,
        end_m: length_m,
        uncertainty_across_m: None,
    }]
}

fn add_track(crossings: &mut Vec<Crossing>, properties: Properties, track: Track) {
    if let Some(known) = crossings.iter_mut().find(|c| c.id == properties.crossing) {
        known.tracks.push(track);
        return;
    }
    crossings.push(Crossing {
        name: properties
            .crossing_name
            .unwrap_or_else(|| properties.name.clone()),
        id: properties.crossing,
        time_zone: properties.time_zone,
        attribution: properties.attribution,
        tracks: vec![track],
    });
}

/// Crossings as a GeoJSON text that [`read_crossings`] takes back unchanged.
#[must_use]
pub fn to_geojson(crossings: &[Crossing]) -> String {
    to_geojson_with(crossings, &BTreeMap::new())
}

/// The same with remarks: for some tracks, by id, properties that people may
/// want to know and that nothing reads.
#[must_use]
pub fn to_geojson_with(crossings: &[Crossing], remarks: &BTreeMap<String, Value>) -> String {
    let tracks = crossings
        .iter()
        .flat_map(|crossing| crossing.tracks.iter().map(move |track| (crossing, track)));
    let features: Vec<Value> = tracks
        .map(|(crossing, track)| {
            let mut feature = feature_of(crossing, track);
            if let Some(remark) = remarks.get(&track.id) {
                feature["properties"]["refined"] = remark.clone();
            }
            feature
        })
        .collect();
    let collection = json!({"type": "FeatureCollection", "features": features});
    format!("{collection:#}\n")
}

fn feature_of(crossing: &Crossing, track: &Track) -> Value {
    let properties = Properties {
        crossing: crossing.id.clone(),
        id: track.id.clone(),
        name: track.name.clone(),
        crossing_name: Some(crossing.name.clone()),
        time_zone: crossing.time_zone.clone(),
        attribution: crossing.attribution.clone(),
        source: track.source.clone(),
        uncertainty_across_m: Some(track.uncertainty_across_m),
        uncertainty_along_m: Some(track.uncertainty_along_m),
        sections: track.sections.clone(),
        stock: track.stock.clone(),
        confusers: track.confusers.clone(),
        road_lane_offset_m: track.road_lane_offset_m,
    };
    let coordinates: Vec<[f64; 2]> = track
        .vertices
        .iter()
        .map(|v| [v.lon_deg, v.lat_deg])
        .collect();
    json!({
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "LineString", "coordinates": coordinates},
    })
}
