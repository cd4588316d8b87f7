//! Median, quantiles and the scaled median absolute deviation.

/// Factor from the median absolute deviation to the standard deviation of a
/// normal distribution, 1/Φ⁻¹(3/4) (Rousseeuw and Croux 1993).
pub const MAD_TO_SIGMA: f64 = 1.482_602_218_505_602;

/// The `q` quantile (0..1) of the finite values, interpolated linearly between
/// order statistics; `None` where there are none.
///
/// ```
/// use railspan::stats::quantile;
/// assert_eq!(quantile(&[4.0, 1.0, 2.0, 3.0, f64::NAN], 0.5), Some(2.5));
/// ```
#[must_use]
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if finite.is_empty() {
        return None;
    }
    let at = q.clamp(0.0, 1.0) * (finite.len() - 1) as f64;
    let below = at.floor() as usize;
    let (_, low, above) = finite.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let next = above.iter().copied().fold(f64::INFINITY, f64::min);
    let share = at - below as f64;
    Some(if share > 0.0 {
        low + share * (next - low)
    } else {
        low
    })
}

/// The median of the finite values; `None` where there are none.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The median of finite values, which are put in another order: for the many short rows
/// of a strip.
///
/// ```
/// use railspan::stats::median_in_place;
/// assert_eq!(median_in_place(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
/// ```
#[must_use]
pub fn median_in_place(values: &mut [f32]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, high, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    let high = f64::from(*high);
    if !even {
        return Some(high);
    }
    let low = below.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    Some(0.5 * (f64::from(low) + high))
}

/// Robust standard deviation: 1.4826 times the median distance from the median.
///
/// ```
/// use railspan::stats::mad_sigma;
/// let sigma = mad_sigma(&[1.0, 2.0, 3.0, 4.0, 1000.0]).unwrap();
/// assert!((sigma - 1.4826).abs() < 1e-4);
/// ```
#[must_use]
pub fn mad_sigma(values: &[f64]) -> Option<f64> {
    let centre = median(values)?;
    let distances: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
    median(&distances).map(|d| d * MAD_TO_SIGMA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let values = [10.0, 0.0, 5.0];
        assert_eq!(quantile(&values, 0.0), Some(0.0));
        assert_eq!(quantile(&values, 0.75), Some(7.5));
        assert_eq!(quantile(&values, 1.0), Some(10.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn medians_in_place_are_those_of_a_copy() {
        let values: Vec<f32> = (0..9).map(|i| ((i * 7) % 9) as f32).collect();
        for n in 0..=values.len() {
            let copy: Vec<f64> = values[..n].iter().map(|v| f64::from(*v)).collect();
            assert_eq!(median_in_place(&mut values[..n].to_vec()), median(&copy));
        }
    }
}
