//! The median of lengths of which some are lower bounds.

use super::normal::Z_95;
use crate::stats::median;

/// A length, and whether the truth may be more.
pub(crate) type Bounded = (f64, bool);

/// Shares this near to a half are a half but for rounding.
const ROUNDING: f64 = 1e-12;

/// The median and its 95 % interval, as far as they are reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct KaplanMeier {
    /// Half of the lengths are longer; `None` where too many are lower bounds.
    pub median: Option<f64>,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// The product-limit median (Kaplan and Meier 1958), halfway along where
/// exactly half is left, with the interval of Brookmeyer and Crowley (1982)
/// on the scale log(−log S) (Kalbfleisch and Prentice 1980). Lower bounds have
/// to be independent of what they bound: where a train was cut off must not
/// depend on how long it is. Long trains run out of a short track more often;
/// for those the estimate errs towards short.
pub(crate) fn kaplan_meier(lengths: &[Bounded]) -> KaplanMeier {
    let mut sorted = lengths.to_vec();
    // At equal lengths those that end come before those that go on.
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (mut share, mut greenwood) = (1.0, 0.0);
    let mut left = sorted.len();
    let (mut reached, mut passed, mut low, mut high) = (None, None, None, None);
    for equal in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let length = equal.first().map(|l| l.0);
        let ended = equal.iter().filter(|l| !l.1).count();
        if ended > 0 {
            let (d, n) = (ended as f64, left as f64);
            share *= 1.0 - d / n;
            greenwood += d / (n * (n - d));
            let (lower, upper) = band(share, greenwood);
            let first = |found: Option<f64>, is: bool| found.or(length.filter(|_| is));
            reached = first(reached, share <= 0.5 + ROUNDING);
            passed = first(passed, share < 0.5 - ROUNDING);
            low = first(low, lower <= 0.5);
            high = first(high, upper <= 0.5);
        }
        left -= equal.len();
    }
    KaplanMeier {
        median: reached.zip(passed).map(|(a, b)| f64::midpoint(a, b)),
        low,
        high,
    }
}

/// The band of a share; nothing is known where none are left.
fn band(share: f64, greenwood: f64) -> (f64, f64) {
    if share <= 0.0 {
        return (0.0, 1.0);
    }
    let log = share.ln();
    let reach = Z_95 * greenwood.sqrt() / log;
    let at = |reach: f64| (-((-log).ln() + reach).exp()).exp();
    (at(-reach), at(reach))
}

/// The Kaplan–Meier median, and false; where it is not reached, the median of
/// the lengths as seen, which is a lower bound, and true. `None` without lengths.
pub(crate) fn median_length(lengths: &[Bounded]) -> Option<Bounded> {
    let seen: Vec<f64> = lengths.iter().map(|l| l.0).collect();
    let bound = median(&seen)?;
    let found = kaplan_meier(lengths).median;
    Some(found.map_or((bound, true), |m| (m, false)))
}
