//! Evidence from what comes and goes: trains.

use ndarray::Array2;

use super::blocks::Blocks;
use super::evidence::Evidence;
use crate::stats::{mad_sigma, median};

/// Squares of residuals in units of noise are limited to this.
const MOST_SQUARE: f64 = 10_000.0;
/// Evidence of one place is limited, as that of lines is.
const MOST: f64 = 6.0;
/// Captures needed to tell the place of trains from accidents.
const LEAST_CAPTURES: usize = 15;

/// Evidence for trains in the residuals against the predicted empty scene: the
/// logarithm of their energy over what is usual in the same block.
///
/// What differs for other reasons (water, fields, haze) does so beside the track
/// as well. Residuals should be averaged over some 100 m along the track: trains
/// are long, lorries are not. The twentieth of the captures with the highest
/// energy is left out, place by place.
///
/// `members`: the captures that take part; `None` where fewer than 15 of them
/// show anything.
#[must_use]
pub fn train_evidence(residuals: &Blocks, members: &[usize]) -> Option<Evidence> {
    let energies: Vec<Array2<f64>> = members
        .iter()
        .filter_map(|&t| energy(residuals, t))
        .collect();
    if energies.len() < LEAST_CAPTURES {
        return None;
    }
    let shape = (residuals.offset.len, residuals.along.len);
    let mut values = Array2::from_shape_fn(shape, |cell| {
        let mut known: Vec<f64> = energies
            .iter()
            .map(|e| e[cell])
            .filter(|v| v.is_finite())
            .collect();
        if known.len() < LEAST_CAPTURES / 2 {
            return f64::NAN;
        }
        known.sort_unstable_by(f64::total_cmp);
        known.truncate(known.len() - (known.len() / 20).max(1));
        known.iter().sum::<f64>() / known.len() as f64
    });
    for mut column in values.columns_mut() {
        let usual = median(column.as_slice().unwrap_or(&column.to_vec()))
            .unwrap_or(1.0)
            .max(f64::MIN_POSITIVE);
        column.mapv_inplace(|v| {
            let log = (v / usual).ln();
            if log.is_finite() {
                log.clamp(0.0, MOST)
            } else {
                0.0
            }
        });
    }
    Some(Evidence {
        offset: residuals.offset,
        along: residuals.along,
        values,
    })
}

/// Mean over bands of the squared residual in units of the capture's noise.
fn energy(residuals: &Blocks, capture: usize) -> Option<Array2<f64>> {
    let values = &residuals.captures[capture];
    let (bands, rows, columns) = values.dim();
    let mut sum = Array2::zeros((rows, columns));
    for band in values.outer_iter() {
        let all: Vec<f64> = band.iter().map(|v| f64::from(*v)).collect();
        let scale = mad_sigma(&all).filter(|s| *s > 0.0)?;
        sum.zip_mut_with(&band, |sum: &mut f64, v| {
            *sum += (f64::from(*v) / scale).powi(2).min(MOST_SQUARE);
        });
    }
    // NaN compares with nothing, so `min` would make it the limit.
    for (cell, sum) in sum.indexed_iter_mut() {
        if !values[(0, cell.0, cell.1)].is_finite() {
            *sum = f64::NAN;
        }
    }
    Some(sum / bands as f64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::strip::Axis;
    use ndarray::Array3;

    /// Noise, a train on row 9 in every third capture, and a whole block (the
    /// fourth) that flickers at all offsets.
    fn series(captures: usize) -> Blocks {
        let capture = |t: usize| {
            Array3::from_shape_fn((1, 20, 8), |(_, i, k)| {
                let noise = ((i * 7 + k * 11 + t * 5) % 13) as f32 / 6.0 - 1.0;
                let train = if i == 9 && t.is_multiple_of(3) {
                    12.0
                } else {
                    0.0
                };
                noise * if k == 3 { 6.0 } else { 1.0 } + train
            })
        };
        let axis = |step_m: f64, len| Axis {
            first_m: 0.0,
            step_m,
            len,
        };
        Blocks {
            offset: axis(5.0, 20),
            along: axis(30.0, 8),
            captures: (0..captures).map(capture).collect(),
        }
    }

    #[test]
    fn trains_stand_out_and_what_flickers_everywhere_does_not() {
        let evidence = train_evidence(&series(18), &(0..18).collect::<Vec<_>>()).unwrap();
        for k in (0..8).filter(|k| *k != 3) {
            assert!(evidence.values[(9, k)] > 2.0);
        }
        let flicker = (0..20).filter(|i| *i != 9).map(|i| evidence.values[(i, 3)]);
        assert!(flicker.fold(0.0, f64::max) < 1.0);
    }

    #[test]
    fn few_captures_say_nothing() {
        assert!(train_evidence(&series(14), &(0..14).collect::<Vec<_>>()).is_none());
    }
}
