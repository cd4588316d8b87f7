//! The shortest half: where most of a sample lies, whatever the rest does.

/// Half width of the shortest half of a normal sample over its sigma, Φ⁻¹(3/4).
const HALF_WIDTH_PER_SIGMA: f64 = 0.674_489_750_196_082;

/// Location and scale of the denser half of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShortestHalf {
    /// Mean of the shortest interval that holds half of the values.
    pub location: f64,
    /// Its half width over 0.6745: the standard deviation, if the values are normal.
    pub sigma: f64,
}

/// Location and scale by the shortest half (Andrews et al. 1972; Rousseeuw and
/// Leroy 1987, ch. 4); of several shortest the lowest. `None` for no values.
///
/// Unlike a median it does not move towards a minority that lies all on one
/// side, up to just under half of the values. `sorted` must be ascending and finite.
///
/// ```
/// use railspan::stats::shortest_half;
/// let half = shortest_half(&[1.0, 2.0, 3.0, 9.0, 10.5]).unwrap();
/// assert_eq!(half.location, 2.0);
/// ```
#[must_use]
pub fn shortest_half(sorted: &[f64]) -> Option<ShortestHalf> {
    let n = sorted.len();
    let held = n / 2 + 1;
    let windows = sorted.windows(held.min(n.max(1)));
    let width = |w: &[f64]| w[w.len() - 1] - w[0];
    let best = windows.min_by(|a, b| width(a).total_cmp(&width(b)))?;
    Some(ShortestHalf {
        location: best.iter().sum::<f64>() / best.len() as f64,
        sigma: width(best) / (2.0 * HALF_WIDTH_PER_SIGMA),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::float_cmp)]
    use super::*;

    #[test]
    fn stays_with_the_majority() {
        let mut values: Vec<f64> = (0..20).map(|i| f64::from(i) * 0.1).collect();
        values.extend((0..12).map(|i| 8.0 + f64::from(i) * 0.5));
        let half = shortest_half(&values).unwrap();
        assert!(half.location < 2.0, "{half:?}");
    }

    #[test]
    fn one_and_two_values() {
        let one = shortest_half(&[3.0]).unwrap();
        assert_eq!((one.location, one.sigma), (3.0, 0.0));
        assert_eq!(shortest_half(&[1.0, 3.0]).unwrap().location, 2.0);
        assert!(shortest_half(&[]).is_none());
    }
}
