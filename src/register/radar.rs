//! Registration of radar captures.
//!
//! Speckle drowns the gradients of a single date, so smoothed backscatter in
//! decibels is compared itself. Terrain-corrected products lie within half a
//! pixel of each other already: where the correlation is too weak to say more,
//! the capture is left where it is.

use super::consensus::Consensus;
use super::features::{Features, median_over, usable_pixels};
use super::gradient::smoothed;
use super::translation::{Registration, register};
use crate::error::{Error, Result};
use crate::stats::MAD_TO_SIGMA;
use crate::strip::{PlanView, Shift};

/// Values beyond this many robust standard deviations from the median count
/// as this far: a few bright ships must not decide.
const CLIP_SIGMA: f32 = 3.0;

/// Standard deviation per axis of terrain-corrected products as delivered, px
/// (0.1 to 0.5 px for Sentinel-1).
const DELIVERED_SIGMA_PX: f64 = 0.3;

/// Features of a radar capture whose bands are in decibels: each band smoothed
/// by a Gaussian of 1 px twice, centred and scaled robustly, averaged.
///
/// # Errors
/// Fewer than 3 % of the pixels are usable, or nothing in them differs.
pub fn radar_features(view: &PlanView) -> Result<Features> {
    let usable = usable_pixels(view)?;
    let width = view.grid.width;
    let mut sum = vec![0.0_f32; usable.len()];
    let mut used = 0;
    for band in view.values.outer_iter() {
        let image: Vec<f32> = band.iter().copied().collect();
        let image = smoothed(&smoothed(&image, width), width);
        let Some(centre) = median_over(&image, &usable) else {
            continue;
        };
        let distance: Vec<f32> = image.iter().map(|v| (v - centre).abs()).collect();
        let Some(spread) = median_over(&distance, &usable).filter(|&d| d > 0.0) else {
            continue;
        };
        used += 1;
        let scale = (spread * MAD_TO_SIGMA as f32).recip();
        for (s, v) in sum.iter_mut().zip(&image) {
            *s += ((v - centre) * scale).clamp(-CLIP_SIGMA, CLIP_SIGMA);
        }
    }
    if used == 0 {
        return Err(Error::unsupported(
            "not registered: the capture shows no structure",
        ));
    }
    let range = CLIP_SIGMA * used as f32;
    Ok(Features::encoded(view.grid, &sum, &usable, (-range, range)))
}

/// As [`register`], but a capture that cannot be placed better stays where it
/// was delivered, with a standard deviation of 0.3 px.
///
/// # Errors
/// Features on another grid than the consensus.
pub fn register_radar(
    features: &Features,
    consensus: &Consensus,
    start: Shift,
) -> Result<Registration> {
    let sigma_m = DELIVERED_SIGMA_PX * consensus.grid.pixel_m;
    match register(features, consensus, start) {
        Ok(found) if found.sigma_east_m.max(found.sigma_north_m) <= sigma_m => Ok(found),
        Ok(Registration {
            peak, second_peak, ..
        }) => Ok(as_delivered(sigma_m, peak, second_peak)),
        Err(Error::Unsupported { .. }) => Ok(as_delivered(sigma_m, 0.0, 0.0)),
        Err(other) => Err(other),
    }
}

fn as_delivered(sigma_m: f64, peak: f64, second_peak: f64) -> Registration {
    Registration {
        shift: Shift::default(),
        sigma_east_m: sigma_m,
        sigma_north_m: sigma_m,
        peak,
        second_peak,
    }
}
