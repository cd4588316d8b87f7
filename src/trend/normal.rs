//! The standard normal distribution.

use statrs::function::erf::erfc;

/// Quantile of the standard normal distribution for 95 % between both tails, Φ⁻¹(0.975).
pub(super) const Z_95: f64 = 1.959_963_984_540_054;

/// Probability of a standard normal value at least `z` from 0, on either side.
pub(super) fn two_sided(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}
