//! How sure a share of successes is.

use serde::Serialize;

/// Quantile of the standard normal distribution for 95 % between both tails, Φ⁻¹(0.975).
const Z_95: f64 = 1.959_963_984_540_054;

/// A 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The 95 % interval of a proportion after `successes` in `trials`, by the score
/// method of Wilson (1927); it holds its level for few trials and for shares
/// near 0 and 1, where the textbook p ± 1.96 s does not (Newcombe 1998).
///
/// `None` without trials: nothing was observed, which is not a share of zero.
///
/// ```
/// use railspan::stats::wilson;
/// let interval = wilson(0, 20).unwrap();
/// assert_eq!(interval.low, 0.0);
/// assert!((interval.high - 0.1611).abs() < 5e-5);
/// assert_eq!(wilson(0, 0), None);
/// ```
#[must_use]
pub fn wilson(successes: usize, trials: usize) -> Option<Interval> {
    if trials == 0 {
        return None;
    }
    let n = trials as f64;
    let p = successes.min(trials) as f64 / n;
    let z2 = Z_95 * Z_95;
    let centre = p + z2 / (2.0 * n);
    let reach = Z_95 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // At 0 and at n successes one end is 0 or 1 exactly, but for rounding.
    let low = if successes == 0 {
        0.0
    } else {
        (centre - reach) / scale
    };
    let high = if successes >= trials {
        1.0
    } else {
        (centre + reach) / scale
    };
    Some(Interval { low, high })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    /// Newcombe (1998), Statistics in Medicine 17:857, table I, method 3.
    #[test]
    fn published_intervals() {
        for (successes, trials, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let found = wilson(successes, trials).unwrap();
            assert!((found.low - low).abs() < 5.1e-5, "{found:?}");
            assert!((found.high - high).abs() < 5.1e-5, "{found:?}");
        }
    }

    proptest! {
        #[test]
        fn holds_the_share_and_mirrors(trials in 1_usize..500, part in 0.0..=1.0_f64) {
            let successes = (part * trials as f64) as usize;
            let a = wilson(successes, trials).unwrap();
            let b = wilson(trials - successes, trials).unwrap();
            let share = successes as f64 / trials as f64;
            prop_assert!(0.0 <= a.low && a.low <= share && share <= a.high && a.high <= 1.0);
            prop_assert!((a.low + b.high - 1.0).abs() < 1e-12);
        }
    }
}
