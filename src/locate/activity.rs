//! Evidence from what comes and goes: trains.

use nalgebra::{DMatrix, DVector};
use ndarray::{Array2, Array3, indices};

use super::blocks::Blocks;
use super::evidence::Evidence;
use crate::stats::{mad_sigma, median};

/// Evidence of one place is limited, as that of lines is.
const MOST: f64 = 6.0;
/// Captures needed to tell the place of trains from accidents.
const LEAST_CAPTURES: usize = 15;
/// Rounds in which a pattern is found: the strongest stands out by far.
const ROUNDS: usize = 8;
/// A train shows with one sign in so many blocks one after another, 120 m; lorries
/// leave gaps.
const LENGTH: usize = 4;
/// What stands out, over what is usual in the series, sigma: half of this counts
/// nothing, one and a half of it as a capture.
const STANDS_OUT: f64 = 4.0;
/// What is usual is no less than this, in units of the noise of a capture: of mere
/// noise hardly anything has one sign over 120 m.
const LEAST_USUAL: f64 = 0.05;
/// The flanks and the shadow of a train reach so far, m.
const BESIDE_M: f64 = 25.0;

/// Evidence for trains in the residuals against the predicted empty scene: the
/// logarithm of the number of captures in which something long stands out, over
/// what is usual in the same block.
///
/// What differs for other reasons (water, fields, haze) does so beside the track
/// as well. Edges that lie off by registration or parallax, shadows, and bridges
/// that are being built differ by one pattern along the track, stronger in one
/// capture than in another: the strongest such pattern is taken from every row
/// (the first principal component: Jolliffe 2002). Trains stand elsewhere every
/// time, and two or more of these patterns would take many of them as well.
/// Of what is left counts what has one sign over 120 m: trains are long,
/// lorries are not. What is weaker than something near counts less: shadows.
///
/// `members`: the captures that take part; `None` where fewer than 15 of them
/// show anything.
#[must_use]
pub fn train_evidence(residuals: &Blocks, members: &[usize]) -> Option<Evidence> {
    let mut left: Vec<Array3<f64>> = members
        .iter()
        .filter_map(|&t| normalised(&residuals.captures[t]))
        .collect();
    if left.len() < LEAST_CAPTURES {
        return None;
    }
    without_pattern(&mut left);
    let shown: Vec<Array2<f64>> = left.iter().map(long).collect();
    let known: Vec<f64> = shown
        .iter()
        .flatten()
        .copied()
        .filter(|v| v.is_finite())
        .collect();
    // The median of |x| of a normal distribution is 0.6745 sigma.
    let least = STANDS_OUT * median(&known)?.max(LEAST_USUAL) / 0.6745;
    let reach = (BESIDE_M / residuals.offset.step_m).round() as usize;
    let mut values = Array2::<f64>::zeros((residuals.offset.len, residuals.along.len));
    for capture in &shown {
        values += &counts(capture, least, reach);
    }
    for mut column in values.columns_mut() {
        let usual = median(&column.to_vec()).unwrap_or(0.0);
        column.mapv_inplace(|n| ((1.0 + n) / (1.0 + usual)).ln().clamp(0.0, MOST));
    }
    Some(Evidence {
        offset: residuals.offset,
        along: residuals.along,
        values,
    })
}

/// Residuals in units of the capture's noise; NaN where nothing is known.
fn normalised(capture: &Array3<f32>) -> Option<Array3<f64>> {
    let mut out = capture.mapv(f64::from);
    for mut band in out.outer_iter_mut() {
        let all: Vec<f64> = band.iter().copied().collect();
        let scale = mad_sigma(&all).filter(|s| *s > 0.0)?;
        band.mapv_inplace(|v| v / scale);
    }
    Some(out)
}

fn known_or_zero(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

/// Takes from every row of every band what its captures share.
fn without_pattern(captures: &mut [Array3<f64>]) {
    let Some((bands, rows, blocks)) = captures.first().map(Array3::dim) else {
        return;
    };
    for (band, row) in indices((bands, rows)) {
        let mut rest = DMatrix::from_fn(captures.len(), blocks, |t, k| {
            known_or_zero(captures[t][(band, row, k)])
        });
        take_pattern(&mut rest);
        for (t, capture) in captures.iter_mut().enumerate() {
            for k in 0..blocks {
                let value = &mut capture[(band, row, k)];
                if value.is_finite() {
                    *value = rest[(t, k)];
                }
            }
        }
    }
}

/// Takes the strongest component from a matrix (power iteration, from the row
/// that holds most).
fn take_pattern(rest: &mut DMatrix<f64>) {
    let strongest = rest
        .row_iter()
        .max_by(|a, b| a.norm_squared().total_cmp(&b.norm_squared()));
    let Some(mut along) = strongest.map(|row| row.transpose()) else {
        return;
    };
    let mut amounts = DVector::zeros(rest.nrows());
    for _ in 0..ROUNDS {
        let norm = along.norm();
        if norm <= f64::MIN_POSITIVE {
            return;
        }
        along /= norm;
        amounts.gemv(1.0, rest, &along, 0.0);
        along.gemv_tr(1.0, rest, &amounts, 0.0);
    }
    let norm = along.norm();
    if norm > f64::MIN_POSITIVE {
        along /= norm;
        amounts.gemv(1.0, rest, &along, 0.0);
        rest.ger(-1.0, &amounts, &along, 1.0);
    }
}

/// By how much a capture counts, 0 to 1: as much as it stands out, and less where
/// something stronger is within `reach` rows, be it the train that casts a shadow.
fn counts(shown: &Array2<f64>, least: f64, reach: usize) -> Array2<f64> {
    let rows = shown.nrows();
    Array2::from_shape_fn(shown.dim(), |(row, k)| {
        let here = shown[(row, k)];
        let out = (here / least - 0.5).clamp(0.0, 1.0);
        if out.is_nan() || out <= 0.0 {
            return 0.0;
        }
        let around = row.saturating_sub(reach)..(row + reach + 1).min(rows);
        // NaN is no maximum.
        let strongest = around.map(|i| shown[(i, k)]).fold(here, f64::max);
        out * here / strongest
    })
}

/// What shows with one sign over the length of a short train, root mean square of
/// the bands; NaN where nothing is known.
fn long(capture: &Array3<f64>) -> Array2<f64> {
    let (bands, rows, blocks) = capture.dim();
    let reach = LENGTH.min(blocks);
    let mut out = Array2::<f64>::zeros((rows, blocks));
    for (band, row) in indices((bands, rows)) {
        let mut most = vec![0.0f64; blocks];
        for first in 0..=blocks - reach {
            let (least, highest) = (first..first + reach)
                .map(|k| known_or_zero(capture[(band, row, k)]))
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| {
                    (a.min(v), b.max(v))
                });
            let common = least.max(-highest).max(0.0);
            for value in &mut most[first..first + reach] {
                *value = value.max(common);
            }
        }
        for (k, common) in most.into_iter().enumerate() {
            let known = capture[(band, row, k)].is_finite();
            let square = common * common / bands as f64;
            out[(row, k)] += if known { square } else { f64::NAN };
        }
    }
    out.mapv_inplace(f64::sqrt);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::strip::Axis;
    use ndarray::Array3;

    const ALONG: usize = 16;

    /// Noise; trains of 150 m on row 9 in every third capture, elsewhere each time;
    /// lorries of a block with gaps on row 12; an edge on row 4 that shifts with the
    /// capture; a new deck on row 15 in the second half; and a block (the fourth)
    /// that flickers at all offsets.
    fn series(captures: usize) -> Blocks {
        let capture = |t: usize| {
            Array3::from_shape_fn((1, 20, ALONG), |(_, i, k)| {
                let noise = ((i * 7 + k * 11 + t * 5) % 13) as f32 / 6.0 - 1.0;
                let more = match i {
                    9 if t.is_multiple_of(3) && (5 * t % 11..5 * t % 11 + 5).contains(&k) => 12.0,
                    12 if (7 * k + 5 * t) % 11 < 2 => 12.0,
                    4 => 6.0 * ((t * 7 % 5) as f32 - 2.0) * if k < 9 { 1.0 } else { 0.4 },
                    15 if 2 * t > captures => 15.0,
                    _ => 0.0,
                };
                noise * if k == 3 { 6.0 } else { 1.0 } + more
            })
        };
        let axis = |step_m: f64, len| Axis {
            first_m: 0.0,
            step_m,
            len,
        };
        Blocks {
            offset: axis(5.0, 20),
            along: axis(30.0, ALONG),
            captures: (0..captures).map(capture).collect(),
        }
    }

    #[test]
    fn trains_stand_out_and_nothing_else_does() {
        let evidence = train_evidence(&series(24), &(0..24).collect::<Vec<_>>()).unwrap();
        let mean = |i: usize| evidence.values.row(i).sum() / ALONG as f64;
        assert!(mean(9) > 0.7, "{}", mean(9));
        for i in (0..20).filter(|i| *i != 9) {
            assert!(mean(i) < 0.3 * mean(9), "row {i}: {}", mean(i));
        }
    }

    #[test]
    fn the_strongest_pattern_is_taken_and_the_rest_left() {
        let along = [1.0, 2.0, 2.0, 0.5];
        let mut rest = DMatrix::from_fn(5, 4, |t, k| (t as f64 - 1.0) * along[k]);
        rest[(2, 3)] += 0.01;
        take_pattern(&mut rest);
        assert!(rest.iter().all(|v| v.abs() < 0.011), "{rest}");
        let mut empty = DMatrix::<f64>::zeros(3, 4);
        take_pattern(&mut empty);
        assert_eq!(empty, DMatrix::zeros(3, 4));
    }

    #[test]
    fn what_is_beside_something_stronger_counts_less() {
        let rows = [f64::NAN, 0.2, 8.0, 2.0, 0.0, 4.0];
        let shown = Array2::from_shape_fn((6, 1), |(i, _)| rows[i]);
        let counted = counts(&shown, 1.0, 1);
        assert_eq!(counted.column(0).to_vec(), [0.0, 0.0, 1.0, 0.25, 0.0, 1.0]);
    }

    #[test]
    fn what_is_long_has_one_sign_over_four_blocks() {
        let values = [3.0, 4.0, 5.0, 2.0, 0.0, -9.0, 9.0, f64::NAN, 9.0];
        let capture = Array3::from_shape_fn((1, 1, 9), |(_, _, k)| values[k]);
        let shown = long(&capture);
        assert_eq!(
            shown.row(0).to_vec()[..7],
            [2.0, 2.0, 2.0, 2.0, 0.0, 0.0, 0.0]
        );
        assert!(shown[(0, 7)].is_nan());
    }

    #[test]
    fn few_captures_say_nothing() {
        assert!(train_evidence(&series(14), &(0..14).collect::<Vec<_>>()).is_none());
    }
}
