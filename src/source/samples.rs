//! One scene under the corridor: bands calibrated, masks laid on them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use gdal::Dataset;
use gdal::raster::{GdalDataType, RasterBand};
use ndarray::{Array2, Array3, ArrayView2, Axis, Zip};

use super::header::georeferenced_grid;
use super::settings;
use super::window::Placement;
use crate::capture::{BandSource, MaskLayer, Scene};
use crate::error::{Error, Result};
use crate::geo::{Grid, PixelPoint, Window};

/// Largest difference of two grids that are called one, px.
const SAME_GRID_PX: f64 = 0.01;

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

/// Reads the window of a scene. Each raster is opened once.
///
/// # Errors
/// A raster cannot be opened or decoded, its bands lie on different grids, a
/// mask is on another CRS, or the samples are complex.
pub(super) fn read_scene(scene: &Scene, place: &Placement) -> Result<Samples> {
    let mut rasters = Rasters::default();
    let (window, side) = (place.window, place.mean_of);
    let shape = (window.height / side, window.width / side);
    let mut values = Array3::from_elem((scene.bands.len(), shape.0, shape.1), f32::NAN);
    let mut covered = Array2::from_elem((window.height, window.width), true);
    for (source, mut out) in scene.bands.iter().zip(values.axis_iter_mut(Axis(0))) {
        let dataset = rasters.open(&source.path)?;
        same_grid(dataset, &source.path, &place.grid)?;
        let native = read_band(dataset, source, window, &mut covered)?;
        out.assign(&means(native, side));
    }
    let mut clear = covered.clone();
    for mask in &scene.masks {
        let dataset = rasters.open(&mask.path)?;
        lay_mask(dataset, mask, &place.grid.cropped(window), &mut clear)?;
    }
    let covered = all_of(&covered, side);
    let clear = all_of(&clear, side);
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
        covered,
        clear,
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

/// Whole pixels (columns, rows) from the first pixel of `grid` to the first
/// pixel of `other`; `None` unless the two are parts of one lattice: same CRS,
/// same steps, same phase within a hundredth of a pixel over the whole raster.
pub(super) fn lattice_offset(grid: &Grid, other: &Grid) -> Option<(isize, isize)> {
    if grid.crs != other.crs {
        return None;
    }
    let place = |col: usize, row: usize| {
        let (x, y) = other.map_at(PixelPoint {
            col: col as f64,
            row: row as f64,
        });
        grid.pixel_at(x, y)
    };
    let first = place(0, 0)?;
    let (cols, rows) = (first.col.round(), first.row.round());
    let corners = [(0, 0), (other.width, 0), (0, other.height)];
    let agree = corners.iter().all(|&(col, row)| {
        place(col, row).is_some_and(|p| {
            (p.col - cols - col as f64).abs() <= SAME_GRID_PX
                && (p.row - rows - row as f64).abs() <= SAME_GRID_PX
        })
    });
    agree.then_some((cols as isize, rows as isize))
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

fn band_of<'a>(dataset: &'a Dataset, path: &str, index: usize) -> Result<RasterBand<'a>> {
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

/// Takes from `clear` the pixels that a mask layer speaks against, each pixel
/// asking the mask's pixel under its centre. Outside the mask nothing is known,
/// so nothing is clear.
fn lay_mask(
    dataset: &Dataset,
    mask: &MaskLayer,
    pixels: &Grid,
    clear: &mut Array2<bool>,
) -> Result<()> {
    let grid = georeferenced_grid(dataset, &mask.path)?;
    if grid.crs != pixels.crs {
        return Err(Error::content(
            &mask.path,
            "is on another CRS than the bands it masks",
            "download the product again",
        ));
    }
    let Some(window) = window_under(&grid, pixels) else {
        clear.fill(false);
        return Ok(());
    };
    let band = band_of(dataset, &mask.path, mask.index)?;
    let layer = read_window::<u16>(&band, window)
        .map_err(|error| settings::failure(&mask.path, "cannot be read", &error))?;
    for ((row, col), clear) in clear.indexed_iter_mut() {
        *clear &= mask_pixel(&grid, pixels, col, row)
            .and_then(|(col, row)| {
                layer.get((row.checked_sub(window.row)?, col.checked_sub(window.col)?))
            })
            .is_some_and(|&value| mask.rule.usable(value));
    }
    Ok(())
}

/// The mask's pixel (column, row) under the centre of a pixel.
fn mask_pixel(mask: &Grid, pixels: &Grid, col: usize, row: usize) -> Option<(usize, usize)> {
    let (x, y) = pixels.map_at(PixelPoint {
        col: col as f64 + 0.5,
        row: row as f64 + 0.5,
    });
    let p = mask.pixel_at(x, y)?;
    let inside =
        (0.0..mask.width as f64).contains(&p.col) && (0.0..mask.height as f64).contains(&p.row);
    inside.then_some((p.col as usize, p.row as usize))
}

/// The part of a mask that lies under the pixels; `None` if none does.
fn window_under(mask: &Grid, pixels: &Grid) -> Option<Window> {
    let (width, height) = (pixels.width as f64, pixels.height as f64);
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for (col, row) in [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)] {
        let (x, y) = pixels.map_at(PixelPoint { col, row });
        let p = mask.pixel_at(x, y)?;
        for (i, at) in [p.col, p.row].into_iter().enumerate() {
            low[i] = low[i].min(at);
            high[i] = high[i].max(at);
        }
    }
    let clip = |i: usize, len: usize| {
        let first = low[i].floor().clamp(0.0, len as f64) as usize;
        let end = high[i].ceil().clamp(0.0, len as f64) as usize;
        (end > first).then(|| (first, end - first))
    };
    let (col, width) = clip(0, mask.width)?;
    let (row, height) = clip(1, mask.height)?;
    Some(Window {
        col,
        row,
        width,
        height,
    })
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
fn all_of(native: &Array2<bool>, side: usize) -> Array2<bool> {
    squares(native, side, |square| square.iter().all(|&set| set))
}

/// One value for each whole square of `side` × `side` pixels.
fn squares<T, U>(native: &Array2<T>, side: usize, join: impl Fn(ArrayView2<T>) -> U) -> Array2<U> {
    Zip::from(native.exact_chunks((side, side))).map_collect(join)
}
