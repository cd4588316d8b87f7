//! What a decoder may ask of a file: of a raster without reading its pixels, of
//! a JSON file what it is.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::geo::Grid;

/// One band as the raster's header describes it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BandHeader {
    /// Sample type in GDAL's words: `Byte`, `UInt16`, `Float32`, …
    pub sample_type: String,
    /// The value that means "no data".
    pub nodata: Option<f64>,
    /// Free text such as `blue` or `VV`.
    pub description: String,
    /// Colour interpretation in GDAL's words: `Red`, `Gray`, `Undefined`, …
    pub colour: String,
    /// value = DN × scale + offset, where the header says so.
    pub scale: Option<f64>,
    /// value = DN × scale + offset, where the header says so.
    pub offset: Option<f64>,
    /// The band's own tags.
    pub tags: BTreeMap<String, String>,
}

/// A raster's header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RasterHeader {
    /// Shape, geotransform and CRS. The geotransform is the identity and the
    /// CRS empty where the file has none; see `georeferenced`.
    pub grid: Grid,
    /// Whether both a geotransform and a CRS are there.
    pub georeferenced: bool,
    /// Number of ground control points.
    pub control_points: usize,
    /// Format in GDAL's words: `GTiff`, `JP2OpenJPEG`, …
    pub format: String,
    /// Its bands, in order.
    pub bands: Vec<BandHeader>,
    /// The default-domain tags: `TIFFTAG_DATETIME`, `ACQUISITION_DATE`, `AREA_OR_POINT`, …
    pub tags: BTreeMap<String, String>,
}

/// Opens rasters for decoders, header only.
///
/// Implemented where the raster library lives, so that decoders stay free of it.
pub trait Probe: Sync {
    /// The header of the raster at `path` (a file, or `/vsizip/…`).
    ///
    /// # Errors
    /// The file is not a raster or is damaged; the error names it.
    fn header(&self, path: &str) -> Result<RasterHeader>;
}

/// What a JSON file is to the scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum JsonKind {
    /// A STAC item, with the addresses of its assets.
    Item(Vec<String>),
    /// JSON of something else: a catalogue, a collection, another vendor's metadata.
    Other,
    /// It cannot be read, or is no JSON; decoding says what is wrong.
    Broken,
}

/// Tells what JSON files are. Who remembers it spares the scan reading each.
pub trait JsonReader: Sync {
    /// What the file at `path` is; `read` reads it.
    fn kind(&self, path: &Path, read: &dyn Fn() -> JsonKind) -> JsonKind;
}

/// Reads every file.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadEach;

impl JsonReader for ReadEach {
    fn kind(&self, _path: &Path, read: &dyn Fn() -> JsonKind) -> JsonKind {
        read()
    }
}
