//! One scene under the corridor: bands calibrated, masks laid on them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use gdal::Dataset;
use gdal::raster::{GdalDataType, RasterBand};
use ndarray::{Array2, Array3, ArrayView2, Axis, Slice, Zip};

use super::header::georeferenced_grid;
use super::lattice::lattice_offset;
use super::mask::lay_mask;
use super::settings;
use super::window::Placement;
use crate::capture::{BandSource, Scene};
use crate::error::{Error, Result};
use crate::geo::{Grid, Window};

/// Rows read at once: two rows of the usual blocks, so that four bands of
/// 4,000 columns stay well within the library's cache.
const BELT_ROWS: usize = 512;

/// The pixels of a scene in a window.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Samples {
    /// Calibrated, (band, row, column); NaN where not covered.
    pub(super) values: Array3<f32>,
    /// Valid data in every band, (row, column).
    pub(super) covered: Array2<bool>,
    /// Covered and every mask says usable, (row, column).
    pub(super) clear: Array2<bool>,
}

/// Reads the window of a scene. Each raster is opened once, and read in belts
/// of rows over all bands: rasters often keep the bands of a block together,
/// and the library forgets blocks of a belt only when it is done.
///
/// # Errors
/// A raster cannot be opened or decoded, its bands lie on different grids, a
/// mask is on another CRS, or the samples are complex.
pub(super) fn read_scene(scene: &Scene, place: &Placement) -> Result<Samples> {
    let mut rasters = Rasters::default();
    for band in &scene.bands {
        same_grid(rasters.open(&band.path)?, &band.path, &place.grid)?;
    }
    let side = place.mean_of;
    let shape = (place.window.height / side, place.window.width / side);
    let mut whole = Samples {
        values: Array3::zeros((scene.bands.len(), shape.0, shape.1)),
        covered: Array2::from_elem(shape, false),
        clear: Array2::from_elem(shape, false),
    };
    let mut first = 0;
    for belt in belts(place.window, side) {
        let part = read_belt(scene, place, belt, &mut rasters)?;
        let rows = Slice::from(first..first + belt.height / side);
        whole
            .values
            .slice_axis_mut(Axis(1), rows)
            .assign(&part.values);
        whole
            .covered
            .slice_axis_mut(Axis(0), rows)
            .assign(&part.covered);
        whole
            .clear
            .slice_axis_mut(Axis(0), rows)
            .assign(&part.clear);
        first += belt.height / side;
    }
    Ok(whole)
}

/// A window cut into belts of about [`BELT_ROWS`] rows, whole squares each.
fn belts(window: Window, side: usize) -> impl Iterator<Item = Window> {
    let height = BELT_ROWS.next_multiple_of(side);
    (0..window.height).step_by(height).map(move |down| Window {
        row: window.row + down,
        height: height.min(window.height - down),
        ..window
    })
}

fn read_belt(
    scene: &Scene,
    place: &Placement,
    belt: Window,
    rasters: &mut Rasters,
) -> Result<Samples> {
    let side = place.mean_of;
    let shape = (belt.height / side, belt.width / side);
    let mut values = Array3::zeros((scene.bands.len(), shape.0, shape.1));
    let mut covered = Array2::from_elem((belt.height, belt.width), true);
    for (source, mut out) in scene.bands.iter().zip(values.axis_iter_mut(Axis(0))) {
        let native = read_band(rasters.open(&source.path)?, source, belt, &mut covered)?;
        out.assign(&means(native, side));
    }
    let mut clear = covered.clone();
    let pixels = place.grid.cropped(belt);
    for mask in &scene.masks {
        lay_mask(rasters.open(&mask.path)?, mask, &pixels, &mut clear)?;
    }
    let covered = all_of(covered, side);
    for mut band in values.axis_iter_mut(Axis(0)) {
        Zip::from(&mut band)
            .and(&covered)
            .for_each(|value, &inside| {
                if !inside {
                    *value = f32::NAN;
                }
            });
    }
    Ok(Samples {
        values,
        clear: all_of(clear, side),
        covered,
    })
}

/// The handles of one read, by path.
#[derive(Default)]
struct Rasters(HashMap<String, Dataset>);

impl Rasters {
    fn open(&mut self, path: &str) -> Result<&Dataset> {
        Ok(match self.0.entry(path.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(settings::open(path)?),
        })
    }
}

fn same_grid(dataset: &Dataset, path: &str, grid: &Grid) -> Result<()> {
    let other = georeferenced_grid(dataset, path)?;
    let size = (grid.width, grid.height);
    if size == (other.width, other.height) && lattice_offset(grid, &other) == Some((0, 0)) {
        return Ok(());
    }
    Err(Error::content(
        path,
        format!(
            "lies on another grid than its sister bands ({} × {} pixels against {} × {})",
            other.width, other.height, grid.width, grid.height
        ),
        "use bands of one ground sample distance",
    ))
}

/// Native pixels of a band, calibrated; `covered` loses those without data.
fn read_band(
    dataset: &Dataset,
    source: &BandSource,
    window: Window,
    covered: &mut Array2<bool>,
) -> Result<Array2<f32>> {
    let failed = |error| settings::failure(&source.path, "cannot be read", &error);
    let band = band_of(dataset, &source.path, source.index)?;
    if band.band_type() == GdalDataType::Unknown {
        return Err(Error::content(
            &source.path,
            "holds complex or unknown samples",
            "use the detected product (power, amplitude or reflectance)",
        ));
    }
    let mut values = read_window::<f32>(&band, window).map_err(failed)?;
    let nodata = source.nodata.map(|value| value as f32);
    Zip::from(&mut values)
        .and(&mut *covered)
        .for_each(|value, inside| {
            // "No data" is said of the DN, before scale and offset.
            if !value.is_finite() || nodata == Some(*value) {
                *inside = false;
            }
            *value = calibrated(*value, source.scale, source.offset);
        });
    let flags = band.mask_flags().map_err(failed)?;
    if flags.is_per_dataset() || flags.is_alpha() {
        let mask = band.open_mask_band().map_err(failed)?;
        let mask = read_window::<u8>(&mask, window).map_err(failed)?;
        Zip::from(covered)
            .and(&mask)
            .for_each(|inside, &opaque| *inside &= opaque > 0);
    }
    Ok(values)
}

/// The one way from DN to value, so that writing and reading back agree.
pub(super) fn calibrated(dn: f32, scale: f64, offset: f64) -> f32 {
    (f64::from(dn) * scale + offset) as f32
}

/// Band `index` (from 1) of a raster.
pub(super) fn band_of<'a>(
    dataset: &'a Dataset,
    path: &str,
    index: usize,
) -> Result<RasterBand<'a>> {
    dataset.rasterband(index).map_err(|_| {
        Error::content(
            path,
            format!(
                "has {} bands, but band {index} was asked for",
                dataset.raster_count()
            ),
            "check the product is complete, or the order of bands given",
        )
    })
}

/// A window of a band as (row, column).
pub(super) fn read_window<T: Copy + gdal::raster::GdalType>(
    band: &RasterBand,
    window: Window,
) -> gdal::errors::Result<Array2<T>> {
    let first = (window.col.cast_signed(), window.row.cast_signed());
    let size = (window.width, window.height);
    band.read_as::<T>(first, size, size, None)?.to_array()
}

/// Means over squares.
fn means(native: Array2<f32>, side: usize) -> Array2<f32> {
    if side == 1 {
        return native;
    }
    squares(&native, side, |square| {
        let sum: f64 = square.iter().map(|&v| f64::from(v)).sum();
        (sum / square.len() as f64) as f32
    })
}

/// Whether all pixels of a square are set.
fn all_of(native: Array2<bool>, side: usize) -> Array2<bool> {
    if side == 1 {
        return native;
    }
    squares(&native, side, |square| square.iter().all(|&set| set))
}

/// One value for each whole square of `side` × `side` pixels.
fn squares<T, U>(native: &Array2<T>, side: usize, join: impl Fn(ArrayView2<T>) -> U) -> Array2<U> {
    Zip::from(native.exact_chunks((side, side))).map_collect(join)
}
