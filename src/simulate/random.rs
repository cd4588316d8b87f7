//! Randomness that can be repeated: one named stream for each purpose, and
//! smooth noise that is a function of place.
//!
//! A stream depends on the seed, its name and an index alone, so leaving one
//! nuisance out changes nothing of what the others draw.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// The stream of a purpose: equal arguments give equal numbers, on any
/// machine and in any order of use.
pub(super) fn stream(seed: u64, purpose: &str, index: usize) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(digest(seed, purpose, index))
}

fn digest(seed: u64, purpose: &str, index: usize) -> [u8; 32] {
    Sha256::digest(format!("{seed} {purpose} {index}").as_bytes()).into()
}

/// Value noise on a lattice of unit spacing (Ebert et al., Texturing and
/// Modeling, ch. 2): random at whole coordinates, smooth between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lattice {
    key: u64,
}

/// Brings the standard deviation of [`Lattice::at`] to about one.
const TO_UNIT_DEVIATION: f32 = 2.4;

impl Lattice {
    pub(super) fn new(seed: u64, purpose: &str, index: usize) -> Self {
        let bytes = digest(seed, purpose, index);
        let mut key = [0; 8];
        key.copy_from_slice(&bytes[..8]);
        Self {
            key: u64::from_le_bytes(key),
        }
    }

    /// Random bits of a lattice cell: the finaliser of `SplitMix64` (Steele et
    /// al. 2014) over the key and both coordinates.
    pub(super) fn bits(self, col: i64, row: i64) -> u64 {
        let mut z = self
            .key
            .wrapping_add((col as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))
            .wrapping_add((row as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number of a lattice cell, uniform in 0..1.
    pub(super) fn unit(self, col: i64, row: i64) -> f32 {
        (self.bits(col, row) >> 40) as f32 / (1u32 << 24) as f32
    }

    /// Noise at a place: mean zero, deviation about one.
    pub(super) fn at(self, x: f64, y: f64) -> f32 {
        let (col, row) = (x.floor(), y.floor());
        let smooth = |t: f64| (t * t * (3.0 - 2.0 * t)) as f32;
        let (u, v) = (smooth(x - col), smooth(y - row));
        let (col, row) = (col as i64, row as i64);
        let top = lerp(self.unit(col, row), self.unit(col + 1, row), u);
        let bottom = lerp(self.unit(col, row + 1), self.unit(col + 1, row + 1), u);
        (lerp(top, bottom, v) - 0.5) * 2.0 * TO_UNIT_DEVIATION
    }

    /// Noise with `octaves` of detail, each half as large and half as strong;
    /// mean zero, deviation about one.
    pub(super) fn fractal(self, x: f64, y: f64, octaves: u32) -> f32 {
        let (mut sum, mut energy) = (0.0, 0.0);
        let (mut scale, mut weight) = (1.0, 1.0f32);
        for octave in 0..octaves {
            // An offset keeps the lattices of the octaves apart.
            let away = 17.3 * f64::from(octave);
            sum += weight * self.at(x * scale + away, y * scale - away);
            energy += weight * weight;
            scale *= 2.0;
            weight *= 0.5;
        }
        sum / energy.sqrt().max(f32::MIN_POSITIVE)
    }
}

/// Between `a` at 0 and `b` at 1.
pub(super) fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// From 0 at `low` to 1 at `high`, smooth at both.
pub(super) fn smoothstep(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed, purpose, index| stream(seed, purpose, index).random::<u64>();
        assert_eq!(draw(7, "clouds", 3), draw(7, "clouds", 3));
        assert_ne!(draw(7, "clouds", 3), draw(7, "clouds", 4));
        assert_ne!(draw(7, "clouds", 3), draw(8, "clouds", 3));
        assert_ne!(draw(7, "clouds", 3), draw(7, "trains", 3));
    }

    #[test]
    fn noise_has_zero_mean_and_unit_deviation() {
        let lattice = Lattice::new(1, "test", 0);
        for octaves in [1, 4] {
            let values: Vec<f32> = (0..40_000)
                .map(|i| {
                    lattice.fractal(
                        f64::from(i % 200) * 0.37,
                        f64::from(i / 200) * 0.41,
                        octaves,
                    )
                })
                .collect();
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let variance =
                values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32;
            assert!(mean.abs() < 0.1, "{octaves} octaves: mean {mean}");
            assert!(
                (0.8..1.2).contains(&variance.sqrt()),
                "{octaves} octaves: {variance}"
            );
        }
    }
}
