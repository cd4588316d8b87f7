//! Masks: erosion, and what a mask says at a fractional place.

use ndarray::{Array2, Axis, Zip};

use crate::geo::PixelPoint;

/// A neighbour that weighs less than this in the bilinear mean has no say:
/// whole-pixel shifts then stay exact in spite of rounding.
const LEAST_WEIGHT: f64 = 0.001;

/// Pixels whose whole neighbourhood of `radius_px` in rows and columns is
/// true; beyond the edge nothing is.
///
/// ```
/// use ndarray::array;
/// use railspan::strip::eroded;
/// let mask = array![[true, true, true], [true, true, true], [true, true, true]];
/// assert_eq!(eroded(&mask, 1).iter().filter(|&&m| m).count(), 1);
/// ```
#[must_use]
pub fn eroded(mask: &Array2<bool>, radius_px: usize) -> Array2<bool> {
    let mut out = mask.clone();
    if radius_px == 0 {
        return out;
    }
    for mut line in out.axis_iter_mut(Axis(0)) {
        erode_line(line.as_slice_mut().unwrap_or(&mut []), radius_px);
    }
    // Down the columns a row at a time: `run` counts the rows since the last
    // false pixel, as `erode_line` does along a line.
    let (height, width) = out.dim();
    let mut run = vec![0_usize; width];
    let source = out.clone();
    out.fill(false);
    for row in 0..height {
        for (run, &m) in run.iter_mut().zip(source.row(row)) {
            *run = if m { *run + 1 } else { 0 };
        }
        if row >= 2 * radius_px {
            Zip::from(out.row_mut(row - radius_px))
                .and(&ndarray::aview1(&run))
                .for_each(|m, &run| *m = run > 2 * radius_px);
        }
    }
    out
}

fn erode_line(line: &mut [bool], radius_px: usize) {
    let mut run = 0;
    let mut kept = vec![false; line.len()];
    for (i, &m) in line.iter().enumerate() {
        run = if m { run + 1 } else { 0 };
        if run > 2 * radius_px {
            kept[i - radius_px] = true;
        }
    }
    line.copy_from_slice(&kept);
}

/// Which of the flags are set in all pixels that the bilinear mean at a place
/// would use; none outside the raster.
pub(super) fn flags_at(flags: &Array2<u8>, at: PixelPoint) -> u8 {
    let (height, width) = flags.dim();
    let Some((rows, cols)) = span(at.row, height).zip(span(at.col, width)) else {
        return 0;
    };
    let mut common = u8::MAX;
    for row in rows.0..=rows.1 {
        for col in cols.0..=cols.1 {
            common &= flags[[row, col]];
        }
    }
    common
}

/// First and last pixel of a bilinear mean along one axis.
fn span(at_px: f64, len: usize) -> Option<(usize, usize)> {
    let x = at_px - 0.5;
    if x.is_nan() || x < -LEAST_WEIGHT {
        return None;
    }
    let first = (x + LEAST_WEIGHT) as usize;
    let last = first + usize::from(x - LEAST_WEIGHT > first as f64);
    (last < len).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn flags_need_every_neighbour_that_weighs() {
        let mut flags = Array2::from_elem((3, 3), 3_u8);
        flags[[1, 2]] = 1;
        let at = |col, row| flags_at(&flags, PixelPoint { col, row });
        assert_eq!(at(1.5, 1.5), 3);
        assert_eq!(at(1.5004, 1.4996), 3);
        assert_eq!(at(1.6, 1.5), 1);
        assert_eq!(at(2.6, 1.5), 0);
        assert_eq!(at(0.4, 1.5), 0);
    }

    proptest! {
        #[test]
        fn erosion_is_what_it_says(
            bits in proptest::collection::vec(proptest::bool::weighted(0.85), 63),
            radius in 0usize..4,
        ) {
            let mask = Array2::from_shape_vec((7, 9), bits).expect("7 by 9");
            let got = eroded(&mask, radius);
            let r = radius as isize;
            for ((row, col), &m) in got.indexed_iter() {
                let all = (-r..=r).all(|dr| (-r..=r).all(|dc| {
                    let (i, j) = (row as isize + dr, col as isize + dc);
                    i >= 0 && j >= 0 && mask.get((i as usize, j as usize)) == Some(&true)
                }));
                prop_assert_eq!(m, all);
            }
        }
    }
}
