//! A smooth offset through measured ones, and how well it is known.

use nalgebra::{DMatrix, DVector};

use crate::strip::Axis;

/// Curvature by which a line known to tens of metres is wrong, 1 sigma, 1/m:
/// 7 m of sag over 600 m.
const CURVATURE: f64 = 1.0 / 6000.0;
/// The same where it is taken to be displaced and rotated only: none to speak of.
const STRAIGHT: f64 = 1e-7;
/// Rounds of reweighting against blocks that hold something else.
const ROUNDS: usize = 6;
/// Residuals beyond this many sigma lose their weight (Huber 1964).
const HUBER: f64 = 1.5;

/// An offset by chainage.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Where the offsets are, m of chainage.
    pub along: Axis,
    /// Offset, m.
    pub offset_m: Vec<f64>,
    /// 1 sigma, m.
    pub sigma_m: Vec<f64>,
}

impl Curve {
    /// The offset at a chainage, linear between the places and beyond them.
    #[must_use]
    pub fn at(&self, chainage_m: f64) -> f64 {
        self.interpolated(&self.offset_m, chainage_m)
    }

    /// Its sigma there.
    #[must_use]
    pub fn sigma_at(&self, chainage_m: f64) -> f64 {
        let inside = chainage_m.clamp(self.along.at_m(0), self.along.at_m(self.along.len - 1));
        self.interpolated(&self.sigma_m, inside)
    }

    fn interpolated(&self, values: &[f64], chainage_m: f64) -> f64 {
        let Some(last) = values.len().checked_sub(2) else {
            return values.first().copied().unwrap_or(0.0);
        };
        let at = (chainage_m - self.along.first_m) / self.along.step_m;
        let i = (at.floor().max(0.0) as usize).min(last);
        values[i] + (at - i as f64) * (values[i + 1] - values[i])
    }
}

/// The curve that balances measured offsets against bending (Whittaker 1923),
/// with the posterior sigma, widened where the offsets scatter by more than they say.
///
/// `bent`: whether the curve may bend; else it is a straight line. `sigma_m`: of each offset; infinite where nothing was measured. `None` where
/// fewer than two were.
#[must_use]
pub fn smooth_curve(along: Axis, bent: bool, offset_m: &[f64], sigma_m: &[f64]) -> Option<Curve> {
    let n = along.len;
    let known: Vec<usize> = (0..n).filter(|&k| sigma_m[k].is_finite()).collect();
    if known.len() < 2 {
        return None;
    }
    let bend = bending(along, if bent { CURVATURE } else { STRAIGHT });
    let mut weight: Vec<f64> = sigma_m.iter().map(|s| s.powi(-2)).collect();
    let mut fitted = DVector::zeros(n);
    let mut covariance = DMatrix::zeros(n, n);
    let mut scatter = 1.0;
    for _ in 0..ROUNDS {
        let normal = &bend + DMatrix::from_diagonal(&DVector::from_column_slice(&weight));
        covariance = normal.try_inverse()?;
        let right = DVector::from_fn(n, |k, _| {
            weight[k] * if weight[k] > 0.0 { offset_m[k] } else { 0.0 }
        });
        fitted = &covariance * right;
        let excess = |k: usize| (offset_m[k] - fitted[k]) / sigma_m[k];
        let squares: Vec<f64> = known.iter().map(|&k| excess(k).abs()).collect();
        // The median of |x| of a normal distribution is 0.6745 sigma.
        scatter = (crate::stats::median(&squares)? / 0.6745).max(1.0);
        for &k in &known {
            let x = excess(k).abs() / scatter;
            weight[k] = sigma_m[k].powi(-2) * (HUBER / x.max(HUBER));
        }
    }
    Some(Curve {
        along,
        offset_m: fitted.iter().copied().collect(),
        sigma_m: (0..n)
            .map(|k| scatter * covariance[(k, k)].max(0.0).sqrt())
            .collect(),
    })
}

/// The precision of second differences, and a trace against singular equations.
fn bending(along: Axis, curvature: f64) -> DMatrix<f64> {
    let n = along.len;
    let sag_m = curvature * along.step_m.powi(2);
    let mut precision = DMatrix::identity(n, n) * 1e-9;
    for k in 1..n.saturating_sub(1) {
        for (i, a) in [(k - 1, 1.0), (k, -2.0), (k + 1, 1.0)] {
            for (j, b) in [(k - 1, 1.0), (k, -2.0), (k + 1, 1.0)] {
                precision[(i, j)] += a * b / sag_m.powi(2);
            }
        }
    }
    precision
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ALONG: Axis = Axis {
        first_m: 15.0,
        step_m: 30.0,
        len: 20,
    };

    #[test]
    fn a_straight_line_is_the_weighted_mean_and_slope() {
        let offset_m: Vec<f64> = (0..20).map(|k| 4.0 - 0.5 * f64::from(k)).collect();
        let curve = smooth_curve(ALONG, false, &offset_m, &[1.0; 20]).unwrap();
        for (fitted, given) in curve.offset_m.iter().zip(&offset_m) {
            assert!((fitted - given).abs() < 1e-3);
        }
        // Sigma of a regression line at its end: √(1/n + 3(n − 1)/(n(n + 1))) = 0.431.
        assert!(
            (curve.sigma_m[0] - 0.43).abs() < 0.02,
            "{}",
            curve.sigma_m[0]
        );
        // Beyond the middle of the last block it goes on.
        assert!((curve.at(600.0) - (4.0 - 0.5 * 19.5)).abs() < 1e-3);
    }

    #[test]
    fn one_block_astray_moves_little() {
        let mut offset_m = vec![2.0; 20];
        offset_m[7] = 30.0;
        let curve = smooth_curve(ALONG, true, &offset_m, &[1.0; 20]).unwrap();
        assert!(
            (curve.offset_m[7] - 2.0).abs() < 1.5,
            "{}",
            curve.offset_m[7]
        );
    }

    #[test]
    fn gaps_are_bridged_and_known_less_well() {
        let offset_m = vec![2.0; 20];
        let mut sigma_m = vec![1.0; 20];
        sigma_m[12..].fill(f64::INFINITY);
        let curve = smooth_curve(ALONG, true, &offset_m, &sigma_m).unwrap();
        assert!((curve.offset_m[19] - 2.0).abs() < 0.1);
        assert!(curve.sigma_m[19] > 3.0 * curve.sigma_m[6]);
        assert!(smooth_curve(ALONG, true, &offset_m, &[f64::INFINITY; 20]).is_none());
    }
}
