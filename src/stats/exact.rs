//! How sure a share and a rate are, without approximation.

use serde::Serialize;
use statrs::distribution::{Beta, ContinuousCDF, Gamma};

/// Probability left out below and above a 95 % interval.
const TAIL: f64 = 0.025;

/// A 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The exact 95 % interval of a proportion after `successes` in `trials`
/// (Clopper and Pearson 1934); it covers the truth at least as often as it says.
///
/// `None` without trials: nothing was observed, which is not a share of zero.
///
/// ```
/// use railspan::stats::clopper_pearson;
/// let interval = clopper_pearson(0, 20).unwrap();
/// assert_eq!(interval.low, 0.0);
/// assert!((interval.high - (1.0 - 0.025_f64.powf(1.0 / 20.0))).abs() < 1e-9);
/// assert_eq!(clopper_pearson(0, 0), None);
/// ```
#[must_use]
pub fn clopper_pearson(successes: usize, trials: usize) -> Option<Interval> {
    if trials == 0 {
        return None;
    }
    let k = successes.min(trials) as f64;
    let n = trials as f64;
    let quantile = |a: f64, b: f64, p: f64| Beta::new(a, b).ok().map(|d| d.inverse_cdf(p));
    Some(Interval {
        low: if k > 0.0 {
            quantile(k, n - k + 1.0, TAIL)?
        } else {
            0.0
        },
        high: if k < n {
            quantile(k + 1.0, n - k, 1.0 - TAIL)?
        } else {
            1.0
        },
    })
}

/// The exact 95 % interval of a Poisson rate after `events` in an `exposure`
/// (Garwood 1936). `None` without exposure.
///
/// ```
/// use railspan::stats::garwood;
/// let interval = garwood(0, 10.0).unwrap();
/// assert_eq!(interval.low, 0.0);
/// assert!((interval.high + 0.025_f64.ln() / 10.0).abs() < 1e-9);
/// assert_eq!(garwood(3, 0.0), None);
/// ```
#[must_use]
pub fn garwood(events: usize, exposure: f64) -> Option<Interval> {
    if !(exposure > 0.0 && exposure.is_finite()) {
        return None;
    }
    let k = events as f64;
    let quantile = |shape: f64, p: f64| Gamma::new(shape, 1.0).ok().map(|d| d.inverse_cdf(p));
    let low = if events > 0 { quantile(k, TAIL)? } else { 0.0 };
    Some(Interval {
        low: low / exposure,
        high: quantile(k + 1.0, 1.0 - TAIL)? / exposure,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    /// `scipy.stats.binomtest(k, n).proportion_ci(0.95, "exact")`, scipy 1.17.1.
    #[test]
    fn shares_as_scipy_has_them() {
        for (successes, trials, low, high) in [
            (12, 41, 0.161_298_569_714, 0.455_373_983_165),
            (0, 20, 0.0, 0.168_433_470_983),
            (20, 20, 0.831_566_529_017, 1.0),
            (1, 29, 0.000_872_646_884, 0.177_644_295_488),
            (81, 263, 0.252_736_745_585, 0.367_621_922_601),
        ] {
            let found = clopper_pearson(successes, trials).unwrap();
            assert!((found.low - low).abs() < 1e-9, "{found:?}");
            assert!((found.high - high).abs() < 1e-9, "{found:?}");
        }
    }

    /// `chi2.ppf(0.025, 2 k) / 2 / e` and `chi2.ppf(0.975, 2 k + 2) / 2 / e`, scipy 1.17.1.
    #[test]
    fn rates_as_scipy_has_them() {
        for (events, exposure, low, high) in [
            (0, 10.0, 0.0, 0.368_887_945_411),
            (7, 20.5, 0.137_286_002_513, 0.703_545_139_595),
            (15, 41.25, 0.203_524_512_31, 0.599_762_881_733),
            (120, 300.0, 0.331_639_752_086, 0.478_301_951_231),
        ] {
            let found = garwood(events, exposure).unwrap();
            assert!((found.low - low).abs() < 1e-9, "{found:?}");
            assert!((found.high - high).abs() < 1e-9, "{found:?}");
        }
    }

    proptest! {
        #[test]
        fn holds_the_share_and_mirrors(trials in 1_usize..500, part in 0.0..=1.0_f64) {
            let successes = (part * trials as f64) as usize;
            let a = clopper_pearson(successes, trials).unwrap();
            let b = clopper_pearson(trials - successes, trials).unwrap();
            let share = successes as f64 / trials as f64;
            prop_assert!(0.0 <= a.low && a.low <= share && share <= a.high && a.high <= 1.0);
            prop_assert!((a.low + b.high - 1.0).abs() < 1e-9);
        }
    }
}
