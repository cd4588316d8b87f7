//! Are two trains at one place the same? Compares what the captures show of them.

use ndarray::ArrayView2;

/// What one observation shows along the track: contrast against the empty
/// track, (band, cell), and its standard deviation, same shape.
///
/// A cell that was not seen holds NaN.
#[derive(Debug, Clone, Copy)]
pub struct Contrast<'a> {
    /// Contrast of the track against its background, in the units of the band.
    pub value: ArrayView2<'a, f32>,
    /// Its standard deviation.
    pub sigma: ArrayView2<'a, f32>,
}

/// Least number of samples (cells × bands) for a verdict.
const LEAST_SAMPLES: usize = 8;

/// Least signal-to-noise ratio in power of both contrasts for a verdict: below,
/// noise decides.
const LEAST_POWER_RATIO: f64 = 2.0;

/// Correlation between the contrasts of two observations over some cells, freed
/// of the attenuation by noise (Spearman 1904); 1 for one and the same train
/// under any gain of the light, near 0 for unrelated ones.
///
/// ```text
/// r = Σ a·b / sqrt((Σ a² − Σ σa²)(Σ b² − Σ σb²))
/// ```
///
/// The sums are not centred: the mean contrast tells trains apart too. `None`
/// where too little was seen or noise drowns it.
#[must_use]
pub fn likeness(a: Contrast<'_>, b: Contrast<'_>, cells: std::ops::Range<usize>) -> Option<f64> {
    let (mut ab, mut aa, mut bb, mut noise_a, mut noise_b) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mut samples = 0;
    for band in 0..a.value.nrows().min(b.value.nrows()) {
        for cell in cells.clone() {
            let at = [band, cell];
            let quadruple = [
                a.value.get(at),
                a.sigma.get(at),
                b.value.get(at),
                b.sigma.get(at),
            ];
            let [Some(&x), Some(&sx), Some(&y), Some(&sy)] = quadruple else {
                continue;
            };
            if !(x + sx + y + sy).is_finite() {
                continue;
            }
            let (x, sx, y, sy) = (f64::from(x), f64::from(sx), f64::from(y), f64::from(sy));
            ab += x * y;
            aa += x * x;
            bb += y * y;
            noise_a += sx * sx;
            noise_b += sy * sy;
            samples += 1;
        }
    }
    let strong = aa > LEAST_POWER_RATIO * noise_a && bb > LEAST_POWER_RATIO * noise_b;
    (samples >= LEAST_SAMPLES && strong)
        .then(|| (ab / ((aa - noise_a) * (bb - noise_b)).sqrt()).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn row(values: &[f32]) -> Array2<f32> {
        Array2::from_shape_vec((1, values.len()), values.to_vec()).unwrap()
    }

    fn alike(a: &[f32], b: &[f32], sigma: f32) -> Option<f64> {
        let (a, b) = (row(a), row(b));
        let sigma = Array2::from_elem(a.dim(), sigma);
        let of = |value| Contrast {
            value,
            sigma: sigma.view(),
        };
        likeness(of(a.view()), of(b.view()), 0..a.ncols())
    }

    #[test]
    fn by_hand_without_noise() {
        // a·b = 2·4·1·(−1) = 0 over (1,1)·(1,−1) repeated four times.
        let a = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
        let b = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
        assert_eq!(alike(&a, &b, 0.0), Some(0.0));
        assert_eq!(alike(&a, &a, 0.0), Some(1.0));
    }

    #[test]
    fn a_gain_does_not_matter() {
        let a = [0.1, -0.2, 0.3, 0.1, 0.2, -0.1, 0.3, 0.2];
        let b = a.map(|x| 3.0 * x);
        let r = alike(&a, &b, 0.0).unwrap();
        assert!((r - 1.0).abs() < 1e-6);
    }

    #[test]
    fn noise_alone_gives_no_verdict() {
        assert_eq!(alike(&[0.1; 8], &[0.1; 8], 0.1), None);
        assert_eq!(alike(&[0.1; 4], &[0.1; 4], 0.0), None);
        assert_eq!(alike(&[f32::NAN; 9], &[0.1; 9], 0.0), None);
    }
}
