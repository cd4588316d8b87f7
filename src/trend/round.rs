//! Figures are rounded here, once, so that all forms carry the same.

use super::model::Estimate;
use crate::stats::Interval;

/// Decimals of metres and metres a year.
pub(super) const METRES: i32 = 2;
/// Decimals of shares, rates and factors.
pub(super) const SHARES: i32 = 4;
/// Significant figures of p-values.
const P_FIGURES: i32 = 3;

/// The value to so many decimals.
pub(crate) fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

/// A p-value to three significant figures.
pub(super) fn rounded_p(p: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    rounded(p, P_FIGURES - 1 - p.log10().floor() as i32)
}

impl Estimate {
    /// The estimate and its interval to so many decimals.
    pub(super) fn rounded(value: f64, interval: Interval, decimals: i32) -> Self {
        Self {
            value: rounded(value, decimals),
            interval: Interval {
                low: rounded(interval.low, decimals),
                high: rounded(interval.high, decimals),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp)]
    use super::*;

    #[test]
    fn p_values_keep_their_figures() {
        assert_eq!(rounded_p(0.012_345), 0.0123);
        assert_eq!(rounded_p(1.234_5e-9), 1.23e-9);
        assert_eq!((rounded_p(1.0), rounded_p(0.0)), (1.0, 0.0));
    }
}
