//! What autocorrelation does to the variance of Kendall's S.

use super::normal::Z_95;

/// Factor by which the variance of S grows where values in order of time
/// resemble their neighbours (Hamed and Rao 1998, Journal of Hydrology 204:182):
/// from the autocorrelations of the ranks of the detrended values that differ
/// from 0 at the 5 % level.
///
/// Negative where the values alternate strongly; callers decide what to make of that.
pub(super) fn hamed_rao(detrended: &[f64]) -> f64 {
    let n = detrended.len();
    if n < 3 {
        return 1.0;
    }
    let ranks = ranks(detrended);
    let mean = ranks.iter().sum::<f64>() / n as f64;
    let deviations: Vec<f64> = ranks.iter().map(|r| r - mean).collect();
    let power: f64 = deviations.iter().map(|d| d * d).sum();
    if power <= 0.0 {
        return 1.0;
    }
    let bound = Z_95 / (n as f64).sqrt();
    let n_f = n as f64;
    let sum: f64 = (1..n - 2)
        .map(|lag| {
            let products = deviations.iter().zip(deviations.iter().skip(lag));
            let rho = products.map(|(a, b)| a * b).sum::<f64>() / power;
            let left = n_f - lag as f64;
            let weight = left * (left - 1.0) * (left - 2.0);
            if rho.abs() > bound { weight * rho } else { 0.0 }
        })
        .sum();
    1.0 + 2.0 / (n_f * (n_f - 1.0) * (n_f - 2.0)) * sum
}

/// Ranks from 1, equal values sharing their mean rank.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    values
        .iter()
        .map(|v| {
            let below = sorted.partition_point(|s| s < v);
            let through = sorted.partition_point(|s| s <= v);
            (below + through + 1) as f64 / 2.0
        })
        .collect()
}
