//! Corridor files: the contract between *extract* and *detect*.
//!
//! One GeoTIFF for a capture, a track and a tile, named by the fingerprint of
//! all that went into it. Its last band is the mask (bit 0 covered, bit 1
//! clear); the others hold the values: as DN of 16 bits where that gives back
//! every value to the bit, which halves the file, else as 32-bit floats.
//! Everything else is JSON in the tag `CORRIDOR` of the domain `RAILSPAN`.
//! Written beside and renamed, so that a file with the right name is whole.

use std::fs::File;
use std::path::Path;

use gdal::errors::GdalError;
use gdal::raster::{Buffer, GdalType, RasterCreationOptions};
use gdal::spatial_ref::SpatialRef;
use gdal::{Dataset, DriverManager, Metadata};
use ndarray::{Array2, Array3, ArrayView2, Axis, Zip};
use serde::{Deserialize, Serialize};

use super::corridor::{Corridor, CorridorLabel, CorridorOrigin, Provenance};
use super::samples::{calibrated, read_window};
use super::settings;
use crate::error::{Error, Result};
use crate::geo::{Frame, FrameToPixel, Grid, Window};

/// Version of this format and of what extraction does; part of every
/// fingerprint, so that files of another version are never taken for current.
pub const CORRIDOR_FORMAT: u32 = 1;

const DOMAIN: &str = "RAILSPAN";
const KEY: &str = "CORRIDOR";
const COVERED: u8 = 1;
const CLEAR: u8 = 2;

/// Rows of a strip of the file: a corridor is read whole, so few and large.
const STRIP_ROWS: usize = 1024;

/// What is not pixels.
#[derive(Serialize, Deserialize)]
struct Label {
    format: u32,
    origin: CorridorOrigin,
    provenance: Provenance,
    frame: Frame,
    to_pixel: FrameToPixel,
    grid: Grid,
    /// Whether the values are DN, to be calibrated.
    counts: bool,
}

/// Writes a corridor to `path`, whole or not at all.
///
/// # Errors
/// The folder cannot be written, the disk is full.
pub fn write_corridor(corridor: &Corridor, path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = tempfile::Builder::new()
        .prefix(".corridor-")
        .suffix(".tif")
        .tempfile_in(folder)
        .map_err(Error::io(folder))?;
    let name = beside.path().to_string_lossy().into_owned();
    write_raster(corridor, &name).map_err(|error| match error {
        Error::Content { problem, .. } => Error::content(
            path,
            problem,
            "check that the disk is writable and not full",
        ),
        other => other,
    })?;
    File::open(beside.path())
        .and_then(|file| file.sync_all())
        .map_err(Error::io(path))?;
    beside
        .persist(path)
        .map_err(|error| Error::io(path)(error.error))?;
    Ok(())
}

/// Reads a corridor file back.
///
/// # Errors
/// The file is missing, truncated, no corridor file, of another format, or not
/// what its name says.
pub fn read_corridor_file(path: &Path) -> Result<Corridor> {
    let name = path.to_string_lossy();
    let dataset = settings::open(&name)?;
    let label = read_label(&dataset, path)?;
    let failed = |error| settings::failure(&name, "cannot be read", &error);
    let bands = label.origin.bands.len();
    let mask = read_mask(&dataset, &label).map_err(failed)?;
    let covered = mask.mapv(|bits| bits & COVERED != 0);
    let clear = mask.mapv(|bits| bits & CLEAR != 0);
    let mut values = Array3::zeros((bands, label.grid.height, label.grid.width));
    for (i, mut out) in values.axis_iter_mut(Axis(0)).enumerate() {
        let band = dataset.rasterband(i + 1).map_err(failed)?;
        let stored = read_window::<f32>(&band, whole(&label.grid)).map_err(failed)?;
        let (scale, offset) = match label.provenance.calibration.get(i) {
            Some(&pair) if label.counts => pair,
            _ => (1.0, 0.0),
        };
        Zip::from(&mut out)
            .and(&stored)
            .and(&covered)
            .for_each(|out, &dn, &inside| {
                *out = if inside {
                    calibrated(dn, scale, offset)
                } else {
                    f32::NAN
                };
            });
    }
    Ok(Corridor {
        origin: label.origin,
        provenance: label.provenance,
        frame: label.frame,
        to_pixel: label.to_pixel,
        grid: label.grid,
        values,
        covered,
        clear,
    })
}

/// What a corridor file is of, without its pixels.
///
/// # Errors
/// The file is missing, no corridor file, of another format, or not what its
/// name says.
pub fn read_corridor_label(path: &Path) -> Result<CorridorLabel> {
    let dataset = settings::open(&path.to_string_lossy())?;
    let label = read_label(&dataset, path)?;
    Ok(CorridorLabel {
        origin: label.origin,
        to_pixel: label.to_pixel,
        grid: label.grid,
    })
}

/// Whether `path` is a corridor file that can be used: of this format, named
/// as it says, and its last block there. Cheaper than reading it.
///
/// # Errors
/// It is not; the error says why.
pub fn check_corridor_file(path: &Path) -> Result<()> {
    let name = path.to_string_lossy();
    let dataset = settings::open(&name)?;
    let label = read_label(&dataset, path)?;
    read_mask(&dataset, &label)
        .map_err(|error| settings::failure(&name, "cannot be read", &error))?;
    Ok(())
}

fn read_label(dataset: &Dataset, path: &Path) -> Result<Label> {
    let foreign = |problem: &str| {
        Error::content(
            path,
            format!("is no usable corridor file: {problem}"),
            "remove it; it will be extracted again",
        )
    };
    let text = dataset
        .metadata_item(KEY, DOMAIN)
        .ok_or_else(|| foreign("it has no label"))?;
    let label: Label =
        serde_json::from_str(&text).map_err(|error| foreign(&format!("its label: {error}")))?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let bands = label.origin.bands.len();
    if label.format != CORRIDOR_FORMAT {
        Err(foreign("it is of another version"))
    } else if label.provenance.fingerprint != stem {
        Err(foreign("its name is not its fingerprint"))
    } else if dataset.raster_size() != (label.grid.width, label.grid.height)
        || dataset.raster_count() != bands + 1
    {
        Err(foreign("its size is not what its label says"))
    } else {
        Ok(label)
    }
}

fn read_mask(dataset: &Dataset, label: &Label) -> gdal::errors::Result<Array2<u8>> {
    let band = dataset.rasterband(label.origin.bands.len() + 1)?;
    read_window::<u8>(&band, whole(&label.grid))
}

fn whole(grid: &Grid) -> Window {
    Window {
        col: 0,
        row: 0,
        width: grid.width,
        height: grid.height,
    }
}

fn write_raster(corridor: &Corridor, name: &str) -> Result<()> {
    settings::prepare();
    let counts = as_counts(corridor);
    let label = Label {
        format: CORRIDOR_FORMAT,
        origin: corridor.origin.clone(),
        provenance: corridor.provenance.clone(),
        frame: corridor.frame,
        to_pixel: corridor.to_pixel.clone(),
        grid: corridor.grid.clone(),
        counts: counts.is_some(),
    };
    let label = serde_json::to_string(&label)
        .map_err(|error| Error::content(name, error.to_string(), "report this"))?;
    let mask = Zip::from(&corridor.covered)
        .and(&corridor.clear)
        .map_collect(|&covered, &clear| u8::from(covered) * COVERED + u8::from(clear) * CLEAR);
    let written = if let Some(counts) = counts {
        write_bands(name, corridor, &label, &counts, &mask.mapv(u16::from))
    } else {
        let values = corridor.values.mapv(|v| if v.is_nan() { 0.0 } else { v });
        write_bands(name, corridor, &label, &values, &mask.mapv(f32::from))
    };
    written.map_err(|error| settings::failure(name, "cannot be written", &error))
}

/// The values as DN, if decoding them gives back every value to the bit.
fn as_counts(corridor: &Corridor) -> Option<Array3<u16>> {
    let mut counts = Array3::zeros(corridor.values.dim());
    for (i, values) in corridor.values.axis_iter(Axis(0)).enumerate() {
        let &(scale, offset) = corridor.provenance.calibration.get(i)?;
        let mut out = counts.index_axis_mut(Axis(0), i);
        for (out, &value) in out.iter_mut().zip(&values) {
            if value.is_nan() {
                continue;
            }
            // Rounds, for what is not negative; the next line sees to the rest.
            let dn = ((f64::from(value) - offset) / scale + 0.5) as u16;
            if calibrated(f32::from(dn), scale, offset).to_bits() != value.to_bits() {
                return None;
            }
            *out = dn;
        }
    }
    Some(counts)
}

fn write_bands<T: GdalType + Copy>(
    name: &str,
    corridor: &Corridor,
    label: &str,
    values: &Array3<T>,
    mask: &Array2<T>,
) -> gdal::errors::Result<()> {
    let (bands, rows, cols) = values.dim();
    let predictor = if T::datatype().is_floating() { 3 } else { 2 };
    let options = RasterCreationOptions::from_iter([
        "COMPRESS=DEFLATE".to_owned(),
        // The corridors of a run are read once or twice: fast beats small.
        "ZLEVEL=1".to_owned(),
        format!("PREDICTOR={predictor}"),
        "INTERLEAVE=BAND".to_owned(),
        format!("BLOCKYSIZE={}", rows.min(STRIP_ROWS)),
        "BIGTIFF=IF_SAFER".to_owned(),
    ]);
    let driver = DriverManager::get_driver_by_name("GTiff")?;
    let mut dataset =
        driver.create_with_band_type_with_options::<T, _>(name, cols, rows, bands + 1, &options)?;
    dataset.set_geo_transform(&corridor.grid.origin)?;
    dataset.set_spatial_ref(&SpatialRef::from_definition(&corridor.grid.crs)?)?;
    dataset.set_metadata_item(KEY, label, DOMAIN)?;
    let failures = settings::failures();
    for (i, band) in values.axis_iter(Axis(0)).enumerate() {
        write_band(&dataset, i + 1, &band)?;
    }
    write_band(&dataset, bands + 1, &mask.view())?;
    dataset.close()?;
    if settings::failures() > failures {
        return Err(GdalError::BadArgument("not all of it was saved".to_owned()));
    }
    Ok(())
}

fn write_band<T: GdalType + Copy>(
    dataset: &Dataset,
    index: usize,
    values: &ArrayView2<T>,
) -> gdal::errors::Result<()> {
    let size = (values.ncols(), values.nrows());
    let mut buffer = Buffer::new(size, values.iter().copied().collect());
    dataset.rasterband(index)?.write((0, 0), size, &mut buffer)
}
