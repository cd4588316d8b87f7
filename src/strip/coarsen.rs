//! Averaging blocks of fine pixels.

use ndarray::{Array2, Zip};

use crate::geo::Grid;
use crate::source::Corridor;

/// The corridor with blocks of `factor` by `factor` pixels averaged; one block
/// not complete at the right or lower edge is left out.
///
/// A block is covered or clear where all its pixels are; its values are the
/// mean, NaN where one of them is.
#[must_use]
pub fn coarsened(corridor: &Corridor, factor: usize) -> Corridor {
    if factor <= 1 {
        return corridor.clone();
    }
    let (bands, height, width) = corridor.values.dim();
    let (height, width) = (height / factor, width / factor);
    let mut values = ndarray::Array3::zeros((bands, height, width));
    for (mut out, band) in values.outer_iter_mut().zip(corridor.values.outer_iter()) {
        Zip::from(&mut out)
            .and(band.exact_chunks((factor, factor)))
            .for_each(|mean, block| *mean = block.sum() / (factor * factor) as f32);
    }
    let mut out = Corridor {
        values,
        covered: all_of_block(&corridor.covered, factor),
        clear: all_of_block(&corridor.clear, factor),
        grid: coarser(&corridor.grid, factor),
        origin: corridor.origin.clone(),
        provenance: corridor.provenance.clone(),
        frame: corridor.frame,
        to_pixel: corridor.to_pixel.clone(),
    };
    let scale = factor as f64;
    out.origin.gsd_m *= scale;
    out.to_pixel.col = out.to_pixel.col.map(|c| c / scale);
    out.to_pixel.row = out.to_pixel.row.map(|c| c / scale);
    out.to_pixel.residual_px /= scale;
    out
}

fn all_of_block(mask: &Array2<bool>, factor: usize) -> Array2<bool> {
    Zip::from(mask.exact_chunks((factor, factor))).map_collect(|block| block.iter().all(|&m| m))
}

fn coarser(grid: &Grid, factor: usize) -> Grid {
    let mut origin = grid.origin;
    for step in [1, 2, 4, 5] {
        origin[step] *= factor as f64;
    }
    Grid {
        width: grid.width / factor,
        height: grid.height / factor,
        origin,
        crs: grid.crs.clone(),
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;
    use crate::geo::Point;
    use crate::strip::fixture::corridor;

    #[test]
    fn blocks_are_averaged_and_stay_in_place() {
        let mut fine = corridor(1, 5, 0.5, |_, p| (p.east_m - 10.0 * p.north_m) as f32);
        fine.clear[[0, 1]] = false;
        let coarse = coarsened(&fine, 2);
        assert_eq!(coarse.values.dim(), (1, 2, 2));
        assert_eq!((coarse.grid.width, coarse.grid.origin[1]), (2, 1.0));
        assert_eq!(coarse.origin.gsd_m, 1.0);
        assert_eq!(coarse.clear.iter().filter(|&&c| !c).count(), 1);
        // The centre of the first block is 0.75 m from the middle of 5 pixels.
        let at = coarse.to_pixel.apply(Point {
            east_m: -0.75,
            north_m: 0.75,
        });
        assert!((at.col - 0.5).abs() < 1e-12 && (at.row - 0.5).abs() < 1e-12);
        assert!((coarse.values[[0, 0, 0]] + 0.75 * 11.0).abs() < 1e-5);
    }
}
