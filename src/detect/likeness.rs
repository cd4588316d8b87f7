//! Whether a capture shows on a stretch of track what other captures show there.
//!
//! Wagons that stand for weeks look alike from capture to capture. Where some
//! captures show them well, the others are asked for just that pattern, which
//! takes far less contrast than finding something unknown.

use std::ops::Range;

use statrs::function::erf::erfc;

use super::segment::independent_share;
use crate::strip::Profile;

/// Light and season scale the contrast of the same wagons by about this, 1 sigma.
const SCALE_SIGMA: f64 = 0.5;
/// Share of a band's information that other bands do not have already.
const BAND_SHARE: f64 = 0.6;

/// Log likelihood ratio of the pattern of `others` on `cells` and an empty track.
///
/// The pattern `c` is the mean of the others weighted by their noise; the
/// capture shows `g c` with `g ~ N(1, 0.5²)` and positive, or nothing.
#[must_use]
pub fn likeness(profile: &Profile, others: &[&Profile], cells: &Range<usize>) -> f64 {
    let (mut product, mut energy) = (0.0, 0.0);
    for band in 0..profile.track.nrows() {
        for j in cells.clone().filter(|j| profile.usable[*j]) {
            let (mut weight, mut sum) = (0.0, 0.0);
            for other in others.iter().filter(|o| o.usable[j]) {
                let w = f64::from(other.track_sigma[(band, j)]).powi(-2);
                weight += w;
                sum += w * f64::from(other.track[(band, j)]);
            }
            if weight > 0.0 {
                let pattern = sum / weight;
                let noise = f64::from(profile.track_sigma[(band, j)]).powi(2) + 1.0 / weight;
                product += pattern * f64::from(profile.track[(band, j)]) / noise;
                energy += pattern * pattern / noise;
            }
        }
    }
    let temper = BAND_SHARE * independent_share(profile.chainage.step_m, profile.gsd_m);
    let (product, energy) = (temper * product, temper * energy);
    let known = SCALE_SIGMA.powi(-2);
    let centre = (product + known) / (energy + known).sqrt();
    let any = 0.5 * (centre.powi(2) - known - (energy / known).ln_1p());
    any + log_positive(centre) - log_positive(known.sqrt())
}

/// Log of the probability that a normal of mean `centre` and variance 1 is positive.
fn log_positive(centre: f64) -> f64 {
    (0.5 * erfc(-centre / std::f64::consts::SQRT_2))
        .max(f64::MIN_POSITIVE)
        .ln()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::strip::Axis;

    const CELLS: usize = 40;

    fn profile(contrast: f32) -> Profile {
        Profile::seen_whole(
            Axis {
                first_m: 0.0,
                step_m: 10.0,
                len: CELLS,
            },
            (
                // Bright and dark wagons in turn: their mean is nothing.
                Array2::from_shape_fn((1, CELLS), |(_, j)| {
                    if (j / 2) % 2 == 0 {
                        contrast
                    } else {
                        -contrast
                    }
                }),
                Array2::from_elem((1, CELLS), 0.04),
            ),
            (7.2, 10.0),
        )
    }

    fn against_three(contrast: f32, cells: Range<usize>) -> f64 {
        let other = profile(0.06);
        likeness(&profile(contrast), &[&other, &other, &other], &cells)
    }

    #[test]
    fn the_same_pattern_is_known_and_its_absence_too() {
        let same = against_three(0.06, 0..CELLS);
        let absent = against_three(0.0, 0..CELLS);
        let inverse = against_three(-0.06, 0..CELLS);
        assert!(
            same > 3.0 && absent < -3.0 && inverse < absent,
            "{same} {absent} {inverse}"
        );
    }

    #[test]
    fn nothing_to_compare_says_nothing() {
        assert!(likeness(&profile(0.06), &[], &(0..CELLS)).abs() < 1e-12);
        assert!(against_three(0.06, 0..0).abs() < 1e-12);
    }
}
