//! Metadata beside the rasters of very high resolution satellites: Maxar's IMD
//! files and Airbus' DIMAP documents (Pléiades, SPOT).

use std::path::Path;

use jiff::Timestamp;

use super::decode::file_name;
use super::sidecar;
use super::{BandRole, Problem};

/// What is taken from such a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sidecar {
    pub(super) start: Option<Timestamp>,
    pub(super) platform: String,
    /// Roles of the raster's bands in order; empty where not told.
    pub(super) bands: Vec<Option<BandRole>>,
}

/// The name of the metadata file of a raster among the names of its folder:
/// `STEM.IMD`, or `DIM_X.XML` of `IMG_X_R1C1.TIF`.
pub(super) fn name_among<'a>(stem: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let stem = stem.to_ascii_uppercase();
    let whole = stem
        .rsplit_once("_R")
        .map_or(stem.as_str(), |(head, tail)| {
            let is_tile = tail.starts_with(|c: char| c.is_ascii_digit()) && tail.contains('C');
            if is_tile { head } else { &stem }
        });
    let dimap = whole.strip_prefix("IMG_").map(|x| format!("DIM_{x}.XML"));
    let imd = [format!("{stem}.IMD"), format!("{whole}.IMD")];
    names
        .filter(|name| {
            let name = name.to_ascii_uppercase();
            imd.contains(&name) || dimap.as_ref() == Some(&name)
        })
        .min()
}

/// A raster's name without the row and column of its tile, `_R1C2`.
pub(super) fn without_tile(stem: &str) -> &str {
    let Some(at) = stem.to_ascii_uppercase().rfind("_R") else {
        return stem;
    };
    let (head, tail) = stem.split_at(at);
    let numbers: Vec<&str> = tail.get(2..).unwrap_or("").split(['c', 'C']).collect();
    let digits = |n: &&str| !n.is_empty() && n.bytes().all(|c| c.is_ascii_digit());
    let is_tile = numbers.len() == 2 && numbers.iter().all(digits);
    if is_tile { head } else { stem }
}

/// Reads an IMD or DIMAP file.
pub(super) fn read(path: &Path) -> Result<Sidecar, Problem> {
    let is_imd = file_name(path).to_ascii_lowercase().ends_with(".imd");
    if is_imd { imd(path) } else { dimap(path) }
}

/// An IMD is lines of `name = value;`.
fn imd(path: &Path) -> Result<Sidecar, Problem> {
    let text = sidecar::text(path)?;
    let value = |wanted: &str| {
        text.lines()
            .filter_map(|line| line.trim().trim_end_matches(';').split_once('='))
            .find(|(name, _)| name.trim() == wanted)
            .map(|(_, value)| value.trim().trim_matches('"').to_owned())
    };
    let time = |name: &str| value(name).and_then(|t| t.parse::<Timestamp>().ok());
    let start = time("firstLineTime").or_else(|| time("earliestAcqTime"));
    if start.is_none() {
        return Err(Problem::new(
            path,
            "neither firstLineTime nor earliestAcqTime",
            sidecar::FETCH_AGAIN,
        ));
    }
    Ok(Sidecar {
        start,
        platform: value("satId").unwrap_or_default().to_ascii_lowercase(),
        bands: maxar_bands(&value("bandId").unwrap_or_default()),
    })
}

/// Maxar's `bandId`. "Multi" is four bands or eight by the satellite, so that
/// it says nothing by itself.
fn maxar_bands(id: &str) -> Vec<Option<BandRole>> {
    use BandRole::{Blue, Green, Nir, Pan, Red};
    match id {
        "P" => vec![Some(Pan)],
        "RGB" => vec![Some(Red), Some(Green), Some(Blue)],
        "BGRN" | "MS1" => vec![Some(Blue), Some(Green), Some(Red), Some(Nir)],
        _ => Vec::new(),
    }
}

/// A DIMAP document has the time of its source strip and an index of bands.
fn dimap(path: &Path) -> Result<Sidecar, Problem> {
    sidecar::xml(path, |root| {
        let text = |name| sidecar::element(root, name).unwrap_or("");
        let (day, time) = (text("IMAGING_DATE"), text("IMAGING_TIME"));
        let start = format!("{day}T{}Z", time.trim_end_matches('Z'));
        let mut bands: Vec<(usize, Option<BandRole>)> = root
            .descendants()
            .filter(|n| n.tag_name().name() == "Raster_Index")
            .filter_map(|n| {
                let index = sidecar::element(n, "BAND_INDEX")?.parse().ok()?;
                Some((index, airbus_band(sidecar::element(n, "BAND_ID")?)))
            })
            .collect();
        bands.sort_by_key(|(index, _)| *index);
        let platform = format!("{}{}", text("MISSION"), text("MISSION_INDEX"));
        Ok(Sidecar {
            start: start.parse().ok(),
            platform: platform.to_ascii_lowercase(),
            bands: bands.into_iter().map(|(_, role)| role).collect(),
        })
    })
}

fn airbus_band(id: &str) -> Option<BandRole> {
    match id {
        "B0" => Some(BandRole::Blue),
        "B1" => Some(BandRole::Green),
        "B2" => Some(BandRole::Red),
        "B3" => Some(BandRole::Nir),
        "P" | "PAN" => Some(BandRole::Pan),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::testing::{fixture, shared};
    use super::*;

    #[test]
    fn an_imd_gives_time_satellite_and_bands() {
        let read = read(&fixture("generic-maxar/15jan03101530-m2as.imd")).unwrap();
        assert_eq!(read.start.unwrap().to_string(), "2015-01-03T10:15:30.25Z");
        assert_eq!(read.platform, "wv99");
        assert_eq!(read.bands.len(), 4);
    }

    #[test]
    fn a_dimap_gives_time_satellite_and_bands() {
        let read = read(&fixture("generic-dimap/DIM_X.XML")).unwrap();
        assert_eq!(read.start.unwrap().to_string(), "2020-02-03T01:02:03.4Z");
        assert_eq!(read.platform, "phr1a");
        let roles = [
            BandRole::Red,
            BandRole::Green,
            BandRole::Blue,
            BandRole::Nir,
        ];
        assert_eq!(read.bands, roles.map(Some));
    }

    #[test]
    fn files_are_matched_by_name() {
        let names = ["DIM_X.XML", "a.imd", "b.tif"];
        let matched = |stem: &str| name_among(stem, names.into_iter());
        assert_eq!(matched("IMG_X_R1C1"), Some("DIM_X.XML"));
        assert_eq!(matched("IMG_X"), Some("DIM_X.XML"));
        assert_eq!(matched("A"), Some("a.imd"));
        assert_eq!(matched("A_R2C3"), Some("a.imd"));
        assert_eq!(matched("b"), None);
        assert_eq!(matched("IMG_Y_ROAD"), None);
    }

    #[test]
    fn a_real_imd_is_understood() {
        if let Some(path) = shared("metadata/maxar/md_dg_GDAL_stub.IMD") {
            let read = read(&path).unwrap();
            assert_eq!(read.start.unwrap().to_string(), "2010-04-01T12:00:00Z");
        }
    }
}
