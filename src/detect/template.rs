//! Cross profile of a train: its width, blurred by the point spread.

use statrs::function::erf::erf;

/// Width of rolling stock, m (1520 mm gondola 3.15 m, Chinese stock 3.2 m).
pub(super) const WIDTH_M: f64 = 3.2;

/// Blur below which a train is seen apart from the bed on which it stands, 1 sigma,
/// m: pixels of 1.6 m, of which a train covers two.
pub(super) const SHARP_M: f64 = 1.2;

/// Share of a sample at `offset_m` from the lane's centre that the train fills:
/// a box of [`WIDTH_M`] convolved with a Gaussian of `psf_m`.
pub(super) fn template(offset_m: f64, psf_m: f64) -> f64 {
    strip(offset_m, WIDTH_M, psf_m)
}

/// The same of a strip of any width.
pub(super) fn strip(offset_m: f64, width_m: f64, psf_m: f64) -> f64 {
    let per = 1.0 / (psf_m * std::f64::consts::SQRT_2);
    0.5 * (erf((offset_m + width_m / 2.0) * per) - erf((offset_m - width_m / 2.0) * per))
}

/// Cosine between the profiles of two trains `distance_m` apart: 1 where they
/// are the same. Taken between Gaussians of the same variance.
pub(super) fn overlap(distance_m: f64, psf_m: f64) -> f64 {
    let variance = psf_m * psf_m + WIDTH_M * WIDTH_M / 12.0;
    (-0.25 * distance_m * distance_m / variance).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_that_of_the_profiles() {
        for psf_m in [0.72, 2.2, 7.2] {
            let product = |d: f64| -> f64 {
                (-800..=800)
                    .map(|i| f64::from(i) * 0.05)
                    .map(|o| template(o, psf_m) * template(o - d, psf_m))
                    .sum()
            };
            let exact = product(4.5) / product(0.0);
            assert!(
                (overlap(4.5, psf_m) - exact).abs() < 0.03,
                "{psf_m} {exact}"
            );
        }
    }

    #[test]
    fn it_holds_the_width_and_is_even() {
        let sum: f64 = (-400..=400)
            .map(|i| template(f64::from(i) * 0.1, 2.2) * 0.1)
            .sum();
        assert!((sum - WIDTH_M).abs() < 1e-6);
        assert!((template(3.0, 2.2) - template(-3.0, 2.2)).abs() < 1e-12);
        assert!((template(0.0, 0.01) - 1.0).abs() < 1e-12);
    }
}
