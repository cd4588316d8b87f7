//! Uncalibrated counts, scaled to look like reflectances.

use crate::error::{Error, Result};
use crate::source::Corridor;
use crate::stats::median;

/// What the median of a series becomes: the median reflectance of land and
/// water over the visible bands and the near infrared in the calibrated series.
const MEDIAN_REFLECTANCE: f64 = 0.12;

/// At most so many pixels of a corridor are looked at.
const SAMPLE: usize = 20_000;

/// The factor that brings the median of the clear pixels of some corridors, all
/// bands together, to 0.12. One factor for all: what differs between
/// captures and bands is left to the background.
///
/// # Errors
/// No clear pixel, or a median of zero or less.
pub fn count_scale(corridors: &[Corridor]) -> Result<f64> {
    let values: Vec<f64> = corridors.iter().flat_map(clear_sample).collect();
    match median(&values) {
        Some(middle) if middle > 0.0 => Ok(MEDIAN_REFLECTANCE / middle),
        Some(middle) => Err(Error::value(
            "median of the clear pixels",
            middle,
            "greater than zero",
        )),
        None => Err(Error::unsupported("no clear pixel in the series")),
    }
}

fn clear_sample(corridor: &Corridor) -> Vec<f64> {
    let step = (corridor.clear.len() / SAMPLE).max(1);
    corridor
        .clear
        .indexed_iter()
        .step_by(step)
        .filter(|(_, clear)| **clear)
        .flat_map(|((row, col), _)| {
            (0..corridor.values.dim().0).map(move |band| corridor.values[[band, row, col]].into())
        })
        .collect()
}

/// Multiplies all values of a corridor.
pub fn scale_counts(corridor: &mut Corridor, scale: f64) {
    corridor.values.mapv_inplace(|v| v * scale as f32);
}
