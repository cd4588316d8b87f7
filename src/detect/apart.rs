//! On which of two tracks a train stands that a strip does not tell apart.

use ndarray::{Array3, ArrayView2};

use super::template::template;
use crate::strip::{Profile, Strip};

/// How far beyond the two tracks the ground takes part, in blurs: as far as
/// their trains are seen.
const REACH_PSF: f64 = 3.0;

/// By how much better a train between two chainages, m, is explained on the
/// track than `distance_m` to its right (negative: to its left).
///
/// The difference of the sums of squares that a train of free contrast on a
/// free constant explains at either place, chainage by chainage, in units of
/// the noise. Above zero the train is more likely on the track (both models
/// have as many parameters), and the other track, looked at by itself, says
/// the opposite.
#[must_use]
pub fn better_here(
    (residual, strip): (&Array3<f32>, &Strip),
    profile: &Profile,
    (track_m, distance_m): (f64, f64),
    (start_m, end_m): (f64, f64),
) -> f64 {
    let middle_m = track_m + 0.5 * distance_m;
    let reach_m = 0.5 * distance_m.abs() + REACH_PSF * profile.psf_m;
    let offset = strip.offset;
    let rows: Vec<usize> = (0..offset.len)
        .filter(|i| (offset.at_m(*i) - middle_m).abs() <= reach_m)
        .collect();
    let shape = |centre_m: f64| -> Vec<f64> {
        rows.iter()
            .map(|i| template(offset.at_m(*i) - centre_m, profile.psf_m))
            .collect()
    };
    let (here, there) = (shape(track_m), shape(track_m + distance_m));
    let mut better = 0.0;
    for j in 0..profile.chainage.len {
        let at = profile.chainage.at_m(j);
        let clear = rows.iter().all(|i| strip.clear[(*i, j)]);
        if !(profile.usable[j] && clear && at >= start_m && at <= end_m) {
            continue;
        }
        for (b, band) in residual.outer_iter().enumerate() {
            let gain = explained(band, (&rows, j), &here) - explained(band, (&rows, j), &there);
            better += gain / f64::from(profile.track_sigma[(b, j)]).powi(2);
        }
    }
    better
}

/// Sum of squares that a shape explains beside a constant.
fn explained(band: ArrayView2<f32>, (rows, j): (&[usize], usize), shape: &[f64]) -> f64 {
    let n = rows.len().max(1) as f64;
    let mean = shape.iter().sum::<f64>() / n;
    let (mut with_data, mut own) = (0.0, 0.0);
    for (i, s) in rows.iter().zip(shape) {
        with_data += (s - mean) * f64::from(band[(*i, j)]);
        own += (s - mean).powi(2);
    }
    with_data * with_data / own.max(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strip::Axis;
    use crate::strip::fixture::clear_strip;
    use ndarray::Array2;

    const PSF_M: f64 = 7.2;

    fn axis(first_m: f64, step_m: f64, len: usize) -> Axis {
        Axis {
            first_m,
            step_m,
            len,
        }
    }

    /// A train at `at_m` across, everywhere along.
    fn seen_at(at_m: f64) -> f64 {
        let (chainage, offset) = (axis(0.0, 5.0, 20), axis(-65.0, 5.0, 27));
        let dim = (offset.len, chainage.len);
        let residual = Array3::from_shape_fn((1, dim.0, dim.1), |(_, i, j)| {
            let noise = 0.002 * ((7 * i + 3 * j) as f64).sin();
            (0.01 - 0.08 * template(offset.at_m(i) - at_m, PSF_M) + noise) as f32
        });
        let strip = clear_strip(offset, chainage, residual.clone());
        let profile = Profile::seen_whole(
            chainage,
            (Array2::zeros((1, 20)), Array2::from_elem((1, 20), 0.01)),
            (PSF_M, 10.0),
        );
        better_here((&residual, &strip), &profile, (0.0, 4.5), (10.0, 80.0))
    }

    #[test]
    fn a_train_is_where_it_fits_best() {
        assert!(seen_at(0.0) > 1.0, "{}", seen_at(0.0));
        assert!(seen_at(4.5) < -1.0, "{}", seen_at(4.5));
        assert!(seen_at(2.25).abs() < 0.3 * seen_at(0.0));
    }
}
