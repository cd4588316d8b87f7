//! Raster headers, for decoders and for planning.

use std::collections::BTreeMap;

use gdal::raster::RasterBand;
use gdal::spatial_ref::SpatialRef;
use gdal::{Dataset, Metadata};

use super::settings;
use crate::capture::{BandHeader, Probe, RasterHeader, Scene};
use crate::error::{Error, Result};
use crate::geo::{Grid, GridOrigin};

/// What the library reports where a raster has no geotransform.
const NO_ORIGIN: GridOrigin = [0.0, 1.0, 0.0, 0.0, 0.0, 1.0];

/// Reads headers with the raster library.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeaderReader;

impl Probe for HeaderReader {
    fn header(&self, path: &str) -> Result<RasterHeader> {
        read(&settings::open(path)?, path)
    }
}

/// The grid of a scene, from the header of its first band.
///
/// # Errors
/// The scene has no band, its raster cannot be opened, or it has no
/// georeference.
pub fn scene_grid(scene: &Scene) -> Result<Grid> {
    let band = scene
        .bands
        .first()
        .ok_or_else(|| Error::content(&scene.product, "has no usable band", "remove it"))?;
    let dataset = settings::open(&band.path)?;
    georeferenced_grid(&dataset, &band.path)
}

/// The grid of an open raster that must have a georeference.
pub(super) fn georeferenced_grid(dataset: &Dataset, path: &str) -> Result<Grid> {
    let (grid, georeferenced) = grid_of(dataset, path)?;
    if georeferenced {
        return Ok(grid);
    }
    let problem = match dataset.gcps().len() {
        0 => "has no georeference".to_owned(),
        n => format!("has {n} ground control points instead of a georeferenced grid"),
    };
    Err(Error::content(
        path,
        problem,
        "order the orthorectified product, or warp it to a map grid first",
    ))
}

fn read(dataset: &Dataset, path: &str) -> Result<RasterHeader> {
    let (grid, georeferenced) = grid_of(dataset, path)?;
    let bands = dataset
        .rasterbands()
        .map(|band| band.map(|band| band_header(&band)))
        .collect::<gdal::errors::Result<Vec<_>>>()
        .map_err(|error| settings::failure(path, "cannot be read", &error))?;
    Ok(RasterHeader {
        grid,
        georeferenced,
        control_points: dataset.gcps().len(),
        format: dataset.driver().short_name(),
        bands,
        tags: tags(dataset),
    })
}

fn grid_of(dataset: &Dataset, path: &str) -> Result<(Grid, bool)> {
    let (width, height) = dataset.raster_size();
    if width == 0 || height == 0 {
        return Err(Error::content(
            path,
            "holds no pixels",
            "download it again or remove it",
        ));
    }
    let origin = dataset.geo_transform().unwrap_or(NO_ORIGIN);
    let crs = dataset.spatial_ref().ok().and_then(|crs| crs_name(&crs));
    let georeferenced = origin != NO_ORIGIN && crs.is_some();
    let grid = Grid {
        width,
        height,
        origin,
        crs: crs.unwrap_or_default(),
    };
    Ok((grid, georeferenced))
}

/// `EPSG:n` where the CRS has such a code, else its WKT.
fn crs_name(crs: &SpatialRef) -> Option<String> {
    match crs.authority() {
        Ok(code) if code.starts_with("EPSG:") => Some(code),
        _ => crs.to_wkt().ok().filter(|wkt| !wkt.is_empty()),
    }
}

fn band_header(band: &RasterBand) -> BandHeader {
    BandHeader {
        sample_type: band.band_type().name(),
        nodata: band.no_data_value(),
        description: band.description().unwrap_or_default(),
        colour: band.color_interpretation().name(),
        scale: band.scale(),
        offset: band.offset(),
        tags: tags(band),
    }
}

/// The tags of the default domain.
fn tags(object: &impl Metadata) -> BTreeMap<String, String> {
    object
        .metadata_domain("")
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| entry.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
