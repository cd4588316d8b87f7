//! A provider's mask laid on the pixels of a band, by georeference.

use gdal::Dataset;
use ndarray::Array2;

use super::header::georeferenced_grid;
use super::lattice::Way;
use super::samples::{band_of, read_window};
use super::settings;
use crate::capture::MaskLayer;
use crate::error::{Error, Result};
use crate::geo::Grid;

/// Takes from `clear` the pixels that a mask layer speaks against, each pixel
/// asking the mask's pixel under its centre. Outside the mask nothing is known,
/// so nothing is clear.
pub(super) fn lay_mask(
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
    let Some((way, window)) =
        Way::between(pixels, &grid).and_then(|way| Some((way, way.window_under(pixels, &grid)?)))
    else {
        clear.fill(false);
        return Ok(());
    };
    let band = band_of(dataset, &mask.path, mask.index)?;
    let layer = read_window::<u16>(&band, window)
        .map_err(|error| settings::failure(&mask.path, "cannot be read", &error))?;
    for ((row, col), clear) in clear.indexed_iter_mut() {
        if *clear {
            let p = way.apply(col as f64 + 0.5, row as f64 + 0.5);
            let (col, row) = (p.col - window.col as f64, p.row - window.row as f64);
            // A negative number becomes no index: `as` would make it 0.
            *clear = col >= 0.0
                && row >= 0.0
                && layer
                    .get((row as usize, col as usize))
                    .is_some_and(|&value| mask.rule.usable(value));
        }
    }
    Ok(())
}
