//! The search over the whole range, at half resolution.

use super::consensus::Consensus;
use super::correlate::{Masked, moments, row_stride};
use super::peak::paraboloid_top;
use super::translation::{no_peak, strong};
use crate::error::{Error, Result};
use crate::strip::Shift;

/// How far a capture may lie off, px: six pixels, the worst of orthorectified
/// products; eight where pixels are about 1 m.
const REACH_PX: usize = 6;
const FINE_REACH_PX: usize = 8;

/// The best place must beat the second by this share of itself.
const LEAST_LEAD: f64 = 0.1;

/// Pixels that tell one place of the search from another.
const ENOUGH_PIXELS: usize = 20_000;

/// What the search found.
pub(super) struct Found {
    /// The best shift, to two pixels.
    pub(super) shift: Shift,
    /// The greatest correlation elsewhere; -1 where there is no second top.
    pub(super) second: f64,
}

/// Correlations at displacements in steps of two pixels.
struct Surface {
    reach: isize,
    values: Vec<Vec<f64>>,
}

/// The best shift around `start` for an image that was moved there.
///
/// # Errors
/// The peak is weak, no better than another, or on the border of the search.
pub(super) fn searched(image: &Masked, consensus: &Consensus, start: Shift) -> Result<Found> {
    let pixel_m = consensus.grid.pixel_m;
    let reach_px = if pixel_m < 1.5 {
        FINE_REACH_PX
    } else {
        REACH_PX
    };
    // One step more, so that a peak at the end of the range is not on the border.
    let reach = (reach_px / 2).cast_signed() + 1;
    let surface = Surface::of(&consensus.coarse, &image.halved(), reach);
    let (row, col) = surface.highest(|_, _| true).ok_or_else(no_peak)?;
    let peak = surface.top_at(row, col);
    strong(peak)?;
    if surface.at_border(row) || surface.at_border(col) {
        return Err(Error::unsupported(format!(
            "not registered: the best shift lies on the border of the search, {reach_px} px away"
        )));
    }
    let second = surface
        .highest(|r, c| (r.abs_diff(row) > 1 || c.abs_diff(col) > 1) && surface.is_local_top(r, c))
        .map_or(-1.0, |(r, c)| surface.top_at(r, c));
    if second > (1.0 - LEAST_LEAD) * peak {
        return Err(Error::unsupported(format!(
            "not registered: two shifts fit about as well as each other ({peak:.2} and {second:.2})"
        )));
    }
    let step_m = |k: usize| (k.cast_signed() - reach) as f64 * 2.0 * pixel_m;
    Ok(Found {
        shift: Shift {
            east_m: start.east_m - step_m(col),
            north_m: start.north_m + step_m(row),
        },
        second,
    })
}

impl Surface {
    fn of(reference: &Masked, image: &Masked, reach: isize) -> Self {
        let stride = row_stride(image, ENOUGH_PIXELS);
        let at = |row, col| {
            moments(reference, image, (row, col), stride)
                .total()
                .correlation()
        };
        let values = (-reach..=reach)
            .map(|row| (-reach..=reach).map(|col| at(row, col)).collect())
            .collect();
        Self { reach, values }
    }

    fn at_border(&self, k: usize) -> bool {
        k == 0 || k.cast_signed() == 2 * self.reach
    }

    /// The highest of the samples that may be looked at; the first of equals.
    fn highest(&self, may: impl Fn(usize, usize) -> bool) -> Option<(usize, usize)> {
        let mut best: Option<(usize, usize, f64)> = None;
        for (row, line) in self.values.iter().enumerate() {
            for (col, &value) in line.iter().enumerate() {
                if best.is_none_or(|b| value > b.2) && may(row, col) {
                    best = Some((row, col, value));
                }
            }
        }
        best.map(|b| (b.0, b.1))
    }

    /// Whether no neighbour is higher; slopes that lead off the border do not
    /// count as tops.
    fn is_local_top(&self, row: usize, col: usize) -> bool {
        !self.at_border(row)
            && !self.at_border(col)
            && (row - 1..=row + 1)
                .all(|r| (col - 1..=col + 1).all(|c| self.values[r][c] <= self.values[row][col]))
    }

    /// The height between samples, where the sample's neighbours tell.
    fn top_at(&self, row: usize, col: usize) -> f64 {
        let here = self.values[row][col];
        if self.at_border(row) || self.at_border(col) {
            return here;
        }
        let around =
            std::array::from_fn(|r| std::array::from_fn(|c| self.values[row + r - 1][col + c - 1]));
        paraboloid_top(&around).map_or(here, |top| top.value.max(here))
    }
}
