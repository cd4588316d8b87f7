//! Noise about one end of a train, read off the empty track beyond it.
//!
//! The noise of a profile is that of the series along the track, and of the
//! ground beside it in a capture. What the background lacks differs from place
//! to place in one capture: snow on one half of a deck. The track just beyond
//! an end shows what is true there, where pixels are sharp: coarse ones are mixed
//! with ground that hangs together over the whole of that stretch.

use super::cars::SHARP_M;
use super::likelihood::Side;
use crate::stats::{MAD_TO_SIGMA, median};
use crate::strip::Profile;

/// Track beyond an end that is looked at, m: several cars, so that one missed
/// does not make the noise.
const BEYOND_M: f64 = 80.0;
/// Pixels of track for which the noise of the profile counts.
const BELIEF_PX: f64 = 8.0;
/// Track whose noise is taken for so much more than that of the first so many metres is
/// left out.
const MOST_NOISE: f64 = 2.0;
/// See [`MOST_NOISE`].
const NEAR_M: f64 = 20.0;

/// The profile with its noise about an end as the track beyond it shows; as it
/// is where the strip is blurred by more than [`SHARP_M`].
///
/// With `n` pixels beyond the end of robust variance `m²` in units of the noise,
/// the variance is scaled by `(ν + n m²) / (ν + n)`, the mean of a scaled inverse
/// χ² distribution (Gelman et al. 2013, 2.6) but for a constant.
pub(super) fn calmed(profile: &Profile, (side, end_m): (Side, f64), reach_m: f64) -> Profile {
    let mut out = profile.clone();
    if profile.psf_m > SHARP_M {
        return out;
    }
    let factor = scale(profile, side, end_m) as f32;
    for (j, mut sigma) in out.track_sigma.columns_mut().into_iter().enumerate() {
        if (profile.chainage.at_m(j) - end_m).abs() <= reach_m {
            sigma *= factor;
        }
    }
    out
}

fn scale(profile: &Profile, side: Side, end_m: f64) -> f64 {
    let axis = profile.chainage;
    let outwards = match side {
        Side::Start => -1.0,
        Side::End => 1.0,
    };
    // Where the background is known much worse, what is seen says nothing of the end.
    let sigma = |j: usize| f64::from(profile.track_sigma.column(j).sum());
    let beyond = |reach_m: f64| {
        let within = move |j: &usize| {
            let out_m = (axis.at_m(*j) - end_m) * outwards;
            profile.usable[*j] && out_m > 3.0 * profile.psf_m && out_m < reach_m
        };
        (0..axis.len).filter(within)
    };
    let near: Vec<f64> = beyond(NEAR_M).map(sigma).collect();
    let most = median(&near).map_or(f64::INFINITY, |here| MOST_NOISE * here);
    let known = |j: &usize| sigma(*j) <= most;
    let cells: Vec<usize> = beyond(BEYOND_M).filter(known).collect();
    let bands = profile.track.nrows();
    let variance = |b: usize| {
        let sizes = cells.iter().map(|j| {
            let at = (b, *j);
            f64::from((profile.track[at] / profile.track_sigma[at]).abs())
        });
        let middle = median(&sizes.collect::<Vec<_>>()).unwrap_or(0.0);
        (MAD_TO_SIGMA * middle).powi(2)
    };
    let seen = (0..bands).map(variance).sum::<f64>() / bands as f64;
    let pixels = cells.len() as f64 * axis.step_m / profile.gsd_m;
    ((BELIEF_PX + pixels * seen) / (BELIEF_PX + pixels)).sqrt()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::strip::Axis;

    /// One band of alternating signs: contrasts of `size` sigma up-chainage of
    /// 100 m, of 3 sigma beyond.
    fn profile(size: f32) -> Profile {
        let n = 200;
        Profile::seen_whole(
            Axis {
                first_m: 0.0,
                step_m: 1.0,
                len: n,
            },
            (
                Array2::from_shape_fn((1, n), |(_, j)| {
                    let sign = if j % 2 == 0 { 0.01 } else { -0.01 };
                    sign * if j < 100 { size } else { 3.0 }
                }),
                Array2::from_elem((1, n), 0.01),
            ),
            (0.7, 1.0),
        )
    }

    #[test]
    fn the_noise_is_that_of_the_track_beyond_the_end() {
        // 77 cells beyond 102.1 m off the end count, with (1.4826 / 3)² of the variance.
        let size = 1.0 / 3.0;
        let got = scale(&profile(size), Side::Start, 100.0);
        let variance = (MAD_TO_SIGMA * f64::from(size)).powi(2);
        let expected = ((8.0 + 77.0 * variance) / 85.0).sqrt();
        assert!((got - expected).abs() < 1e-3, "{got} {expected}");
        assert!(scale(&profile(size), Side::End, 100.0) > 3.0);
    }

    #[test]
    fn it_changes_about_the_end_and_nowhere_else() {
        let calm = calmed(&profile(0.2), (Side::Start, 100.0), 20.0);
        assert!(calm.track_sigma[(0, 90)] < 0.006);
        assert!((calm.track_sigma[(0, 60)] - 0.01).abs() < 1e-9);
    }

    #[test]
    fn track_whose_background_is_not_known_does_not_make_the_end_calm() {
        let mut profile = profile(1.0);
        let before = scale(&profile, Side::Start, 100.0);
        for j in 0..60 {
            profile.track[(0, j)] = 0.0;
            profile.track_sigma[(0, j)] = 1.0;
        }
        let after = scale(&profile, Side::Start, 100.0);
        // Both are scales of contrasts of one size.
        assert!((after - before).abs() < 0.05, "{before} {after}");
    }
}
