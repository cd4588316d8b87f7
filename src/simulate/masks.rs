//! The provider's masks: near the truth, and wrong as masks are. Thin rims are
//! missed or whole surroundings taken, edges lie a pixel aside, shadows are
//! found in part, bright roofs pass for cloud.

use ndarray::Array2;
use rand::RngExt;

use super::circumstances::Circumstances;
use super::random::{Lattice, stream};
use super::weather::Sky;

/// What the provider says of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing against it.
    Clear,
    /// Cloud.
    Cloud,
    /// Thin cloud.
    Haze,
    /// Shadow of a cloud.
    Shadow,
    /// Snow or ice.
    Snow,
    /// Water.
    Water,
    /// Vegetation.
    Green,
}

/// Most that a mask's edge lies aside, px.
const ASIDE_PX: i64 = 2;

/// The provider's view of a capture; `bands` are reflectances in order of the sensor.
pub(super) fn judge(
    seed: u64,
    capture: &Circumstances,
    sky: &Sky,
    bands: &[Array2<f32>],
) -> Array2<Verdict> {
    let mut rng = stream(seed, "mask", capture.index);
    let mut aside = || rng.random_range(-ASIDE_PX..=ASIDE_PX) as isize;
    let (cloud_aside, shadow_aside) = ((aside(), aside()), (aside(), aside()));
    let shadow_found = rng.random_range(0.35f32..0.85);
    let glare = rng.random_bool(0.3);
    let blotches = Lattice::new(seed, "mask blotches", capture.index);
    Array2::from_shape_fn(sky.cloud.dim(), |(row, col)| {
        let cloud = aside_at(&sky.cloud, (row, col), cloud_aside);
        let shadow = aside_at(&sky.shadow, (row, col), shadow_aside);
        let colour = |band: usize| bands[band][[row, col]];
        let blotch = blotches.at(col as f64 / 9.0, row as f64 / 9.0);
        if cloud > capture.mask_threshold {
            return Verdict::Cloud;
        }
        if cloud > 0.6 * capture.mask_threshold {
            return Verdict::Haze;
        }
        if shadow > shadow_found {
            return Verdict::Shadow;
        }
        // Bright and grey on a small blotch: taken for cloud where it is a roof.
        if glare && blotch > 1.9 && colour(0) > 0.2 && colour(0) < 0.5 {
            return Verdict::Cloud;
        }
        ground(colour(1), colour(2), colour(3))
    })
}

fn ground(green: f32, red: f32, nir: f32) -> Verdict {
    let ndvi = (nir - red) / (nir + red).max(1e-3);
    if green > 0.4 {
        Verdict::Snow
    } else if ndvi > 0.4 {
        Verdict::Green
    } else if nir < 0.09 && ndvi < 0.05 {
        Verdict::Water
    } else {
        Verdict::Clear
    }
}

fn aside_at(field: &Array2<f32>, (row, col): (usize, usize), (down, right): (isize, isize)) -> f32 {
    let (height, width) = field.dim();
    let row = row.saturating_add_signed(down).min(height - 1);
    let col = col.saturating_add_signed(right).min(width - 1);
    field[[row, col]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_are_told_apart() {
        assert_eq!(ground(0.8, 0.8, 0.7), Verdict::Snow);
        assert_eq!(ground(0.06, 0.04, 0.4), Verdict::Green);
        assert_eq!(ground(0.09, 0.08, 0.03), Verdict::Water);
        assert_eq!(ground(0.12, 0.16, 0.22), Verdict::Clear);
    }
}
