//! What of a capture is compared: an image that looks alike in all seasons.

use super::gradient::{gradient_magnitude, local_mean};
use crate::error::{Error, Result};
use crate::stats::median;
use crate::strip::{PlanGrid, PlanView, Shift, eroded};

/// Gradients beyond this many medians say no more than this one does: rims of
/// ships, roofs and clouds that a mask missed.
const CLIP: f32 = 6.0;

/// What is taken off the edge of clear areas, px and m, whichever is more:
/// rims of clouds make gradients of their own.
const MARGIN_PX: usize = 2;
const MARGIN_M: f64 = 12.0;

/// Least share of pixels that must be usable.
const LEAST_USABLE: f64 = 0.03;

/// Gradients below this share of the value are rounding of numbers, not ground.
const LEAST_CONTRAST: f32 = 1e-5;

/// Every how many pixels the median is taken; a prime, so that no column is preferred.
const MEDIAN_STRIDE: usize = 7;

/// Half width of the square whose mean is taken off, px: far more than the
/// reach of the search, far less than what ice, snow or leaves cover. Without
/// this the brightness of whole fields decides, and winter, when water has
/// more edges than land, correlates negatively with summer.
const LOCAL_PX: usize = 12;

/// Range of features less their local mean.
const RANGE: (f32, f32) = (-3.0, 6.0);

/// Greatest code; code 0 says "not usable".
const TOP_CODE: f32 = 255.0;

/// The feature image of one capture, one byte a pixel.
///
/// Quantising to 254 levels adds noise of a thousandth of their range, far
/// below that of the pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    grid: PlanGrid,
    codes: Vec<u8>,
    usable_share: f64,
    bands: usize,
}

impl Features {
    /// Features of an optical capture: gradient magnitude (Gaussian
    /// derivatives of 1 px) of each band in units of its median over clear
    /// pixels, averaged over the bands, less its local mean. The magnitude,
    /// because snow, ice and seasons turn contrasts round but leave edges where
    /// they are.
    ///
    /// # Errors
    /// Fewer than 3 % of the pixels are usable, or nothing in them differs.
    pub fn of_optical(view: &PlanView) -> Result<Self> {
        let usable = usable_pixels(view)?;
        let width = view.grid.width;
        let mut sum = vec![0.0_f32; usable.len()];
        let mut used = 0;
        for band in view.values.outer_iter() {
            let image: Vec<f32> = band.iter().copied().collect();
            let magnitude = gradient_magnitude(&image, width);
            let level = median_over(&image, &usable).unwrap_or_default();
            let Some(scale) = median_over(&magnitude, &usable)
                .filter(|&m| m > LEAST_CONTRAST * level.abs() && m > 0.0)
            else {
                continue;
            };
            used += 1;
            let scale = scale.recip();
            for (s, m) in sum.iter_mut().zip(&magnitude) {
                *s += m * scale;
            }
        }
        if used == 0 {
            return Err(Error::unsupported(
                "not registered: the capture shows no structure",
            ));
        }
        let mean = 1.0 / used as f32;
        for s in &mut sum {
            *s = (*s * mean).min(CLIP);
        }
        let local = local_mean(&sum, &usable, width, LOCAL_PX);
        for (s, l) in sum.iter_mut().zip(&local) {
            *s -= l;
        }
        Ok(Self::encoded(view.grid, &sum, &usable, RANGE).of_bands(used))
    }

    /// An image as codes over the range of values that counts.
    pub(super) fn encoded(
        grid: PlanGrid,
        image: &[f32],
        usable: &[bool],
        (low, high): (f32, f32),
    ) -> Self {
        let scale = (TOP_CODE - 1.0) / (high - low);
        let codes: Vec<u8> = image
            .iter()
            .zip(usable)
            .map(|(&v, &u)| {
                let level = ((v.clamp(low, high) - low) * scale).round();
                if u { 1 + level as u8 } else { 0 }
            })
            .collect();
        let used = codes.iter().filter(|&&c| c > 0).count();
        Self {
            grid,
            usable_share: used as f64 / codes.len().max(1) as f64,
            codes,
            bands: 1,
        }
    }

    /// The same features, known to be the mean of so many bands that are
    /// registered to each other apart.
    fn of_bands(self, bands: usize) -> Self {
        Self { bands, ..self }
    }

    /// Bands that are registered to each other apart; 1 for radar.
    pub(super) fn bands(&self) -> usize {
        self.bands
    }

    /// The grid of the image.
    #[must_use]
    pub fn grid(&self) -> &PlanGrid {
        &self.grid
    }

    /// Share of the grid's pixels that can be compared.
    #[must_use]
    pub fn usable_share(&self) -> f64 {
        self.usable_share
    }

    /// One row of the image once the capture is moved by `shift`, bilinear;
    /// zero in both outputs where a pixel it needs is not usable, one in
    /// `weights` elsewhere.
    pub(super) fn row_at(&self, row: usize, shift: Shift, out: (&mut [f32], &mut [f32])) {
        let (values, weights) = out;
        values.fill(0.0);
        weights.fill(0.0);
        let from = Placement::of(shift, &self.grid);
        let (Some(first), Some(second)) = (
            self.source_row(row, from.row),
            self.source_row(row, from.row + 1),
        ) else {
            return;
        };
        let width = self.grid.width.cast_signed();
        let start = (-from.col).clamp(0, width) as usize;
        let end = (width - 1 - from.col).clamp(0, width) as usize;
        let at = |col: usize| (col.cast_signed() + from.col) as usize;
        for col in start..end {
            let k = at(col);
            let quad = [first[k], first[k + 1], second[k], second[k + 1]];
            let value: f32 = quad
                .iter()
                .zip(&from.weights)
                .map(|(&c, w)| f32::from(c) * w)
                .sum();
            let usable = quad.iter().all(|&c| c > 0);
            weights[col] = f32::from(u8::from(usable));
            values[col] = value * weights[col];
        }
    }

    fn source_row(&self, row: usize, by: isize) -> Option<&[u8]> {
        let source = row.checked_add_signed(by)?;
        let start = source.checked_mul(self.grid.width)?;
        self.codes.get(start..start + self.grid.width)
    }
}

/// Where pixels come from under a shift: whole pixels and bilinear weights.
struct Placement {
    row: isize,
    col: isize,
    weights: [f32; 4],
}

impl Placement {
    fn of(shift: Shift, grid: &PlanGrid) -> Self {
        // A place of the reference is found at p − shift in the capture.
        let (x, y) = (-shift.east_m / grid.pixel_m, shift.north_m / grid.pixel_m);
        let (col, row) = (x.floor(), y.floor());
        let (u, v) = ((x - col) as f32, (y - row) as f32);
        Self {
            row: row as isize,
            col: col as isize,
            weights: [(1.0 - v) * (1.0 - u), (1.0 - v) * u, v * (1.0 - u), v * u],
        }
    }
}

/// Clear pixels away from the rims of what is not.
///
/// # Errors
/// Fewer than 3 % of them.
pub(super) fn usable_pixels(view: &PlanView) -> Result<Vec<bool>> {
    let margin_px = MARGIN_PX.max((MARGIN_M / view.grid.pixel_m).round() as usize);
    let usable: Vec<bool> = eroded(&view.clear, margin_px).into_iter().collect();
    let share = usable.iter().filter(|&&u| u).count() as f64 / usable.len().max(1) as f64;
    if share < LEAST_USABLE {
        return Err(Error::unsupported(format!(
            "not registered: {:.1} % of the ground around the track can be seen, less than {:.0} %",
            100.0 * share,
            100.0 * LEAST_USABLE
        )));
    }
    Ok(usable)
}

/// Median of the usable pixels, from every seventh of them.
pub(super) fn median_over(image: &[f32], usable: &[bool]) -> Option<f32> {
    let sample: Vec<f64> = image
        .iter()
        .zip(usable)
        .filter(|&(_, &u)| u)
        .step_by(MEDIAN_STRIDE)
        .map(|(&v, _)| f64::from(v))
        .collect();
    median(&sample).map(|m| m as f32)
}
