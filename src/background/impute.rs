//! First guess of cells that a capture does not show: the median composite of
//! the series, fitted to the capture by a gain and an offset.

use ndarray::Array2;

use super::design::weight;
use crate::stats::MAD_TO_SIGMA;

/// Rounds of the robust line; three change nothing any more.
const ROUNDS: usize = 4;
/// Fewer known cells than this fit no line: the composite is taken as it is.
const LEAST_CELLS: usize = 200;

/// Fills unknown cells of `full` (capture × cell); `cells` are those that fit.
pub(super) fn fill_from_composite(
    full: &mut Array2<f32>,
    known: &[Vec<bool>],
    cells: &[usize],
    usable: &[bool],
) {
    if known.iter().all(|k| k.iter().all(|c| *c)) {
        return;
    }
    let composite = median_composite(full, known, usable);
    for (mut row, known) in full.outer_iter_mut().zip(known) {
        let pairs: Vec<(f32, f32)> = cells
            .iter()
            .filter(|c| known[**c])
            .map(|c| (composite[*c], row[*c]))
            .collect();
        let (gain, offset) = robust_line(&pairs);
        for ((v, c), known) in row.iter_mut().zip(&composite).zip(known) {
            if !known {
                *v = gain * c + offset;
            }
        }
    }
}

/// Per cell the median over the usable captures that show it, else the median of those.
fn median_composite(full: &Array2<f32>, known: &[Vec<bool>], usable: &[bool]) -> Vec<f32> {
    let captures: Vec<usize> = (0..usable.len()).filter(|t| usable[*t]).collect();
    let mut column = Vec::with_capacity(captures.len());
    let mut composite: Vec<f32> = (0..full.ncols())
        .map(|cell| {
            column.clear();
            column.extend(
                captures
                    .iter()
                    .filter(|t| known[**t][cell])
                    .map(|t| full[(*t, cell)]),
            );
            middle(&mut column).unwrap_or(f32::NAN)
        })
        .collect();
    let level = median_of(composite.iter().copied().filter(|v| v.is_finite()));
    for v in &mut composite {
        if !v.is_finite() {
            *v = level;
        }
    }
    composite
}

/// Gain and offset of y on x with redescending weights.
fn robust_line(pairs: &[(f32, f32)]) -> (f32, f32) {
    if pairs.len() < LEAST_CELLS {
        return (1.0, 0.0);
    }
    let (mut gain, mut offset) = (1.0f32, 0.0f32);
    let mut per_sigma = 0.0f32;
    for _ in 0..ROUNDS {
        let mut sums = [0.0f64; 5];
        for (x, y) in pairs {
            let w = f64::from(weight((y - gain * x - offset) * per_sigma));
            let (x, y) = (f64::from(*x), f64::from(*y));
            for (sum, v) in sums.iter_mut().zip([1.0, x, y, x * x, x * y]) {
                *sum += w * v;
            }
        }
        let [n, x, y, xx, xy] = sums;
        let spread = n * xx - x * x;
        if n <= 0.0 || spread <= 1e-12 * n * xx {
            return (1.0, 0.0);
        }
        gain = ((n * xy - x * y) / spread) as f32;
        offset = ((y - f64::from(gain) * x) / n) as f32;
        let scale = median_of(pairs.iter().map(|(x, y)| (y - gain * x - offset).abs()));
        per_sigma = 1.0 / (scale * MAD_TO_SIGMA as f32).max(f32::MIN_POSITIVE);
    }
    (gain, offset)
}

/// The median of finite values, 0 where there are none.
pub(super) fn median_of(values: impl Iterator<Item = f32>) -> f32 {
    middle(&mut values.collect::<Vec<f32>>()).unwrap_or(0.0)
}

/// The upper median; f32 and in place, for it runs over every cell of a series.
fn middle(values: &mut [f32]) -> Option<f32> {
    let at = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(at, f32::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_ignores_outliers() {
        let pairs: Vec<(f32, f32)> = (0..400)
            .map(|i| {
                let x = i as f32 / 100.0;
                let wild = if i % 9 == 0 { 30.0 } else { 0.0 };
                (x, 0.5 * x + 2.0 + wild + 0.01 * (i as f32).sin())
            })
            .collect();
        let (gain, offset) = robust_line(&pairs);
        assert!((gain - 0.5).abs() < 0.01 && (offset - 2.0).abs() < 0.02);
    }

    #[test]
    fn gaps_take_the_gain_of_their_capture() {
        let scene = |i: usize| ((i * 37) % 101) as f32 / 100.0;
        let mut full = Array2::from_shape_fn((5, 400), |(t, i)| (1.0 + t as f32) * scene(i));
        let mut known = vec![vec![true; 400]; 5];
        for i in 0..50 {
            known[4][i] = false;
            full[(4, i)] = 99.0;
        }
        let cells: Vec<usize> = (0..400).collect();
        fill_from_composite(&mut full, &known, &cells, &[true; 5]);
        for i in 0..50 {
            assert!((full[(4, i)] - 5.0 * scene(i)).abs() < 1e-3);
        }
    }
}
