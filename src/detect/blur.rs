//! Where the track lies and how wide its trains show, from the energy of the residuals
//! across the track where trains stand.
//!
//! Over the whole track trains are one of several things that leave energy. Where they
//! stand they outshine the rest, and their profile has one place and one width: that
//! of the blur, of the shadows they cast, and of a line that is not quite straight.
//! A road lane that is assumed for what is only wider than the blur costs more noise
//! than it saves.

use super::lane_search::{DOUBT, Search, doubt};
use super::lanes::Lanes;
use super::template::SHARP_M;
use crate::strip::Axis;

/// Widths tried, as shares of the given blur: this factor from one to the next, and so
/// many down and up, to pixels of twice the width of their blur and to what a strip has
/// room for.
const STEP: f64 = 1.05;
/// See [`STEP`].
const STEPS: (i32, i32) = (-8, 4);
/// How well the given blur is known, 1 sigma of its logarithm.
const KNOWN: f64 = 0.15;

/// Offset of the track and width of its trains, 1 sigma of a Gaussian, m, by the energy
/// of each row over the chainages that hold trains.
///
/// `None` where nothing stands out within reach of the line, or where pixels are so
/// sharp that the profile of a train is its own and not that of the blur.
pub(super) fn placed(given: Lanes, offset: Axis, energy: &[f64]) -> Option<(f64, f64)> {
    if given.psf_m <= SHARP_M {
        return None;
    }
    let mut best: Option<(f64, (f64, f64))> = None;
    for steps in STEPS.0..=STEPS.1 {
        let share = STEP.powi(steps);
        let of_blur = DOUBT * (share.ln() / KNOWN).powi(2);
        let psf_m = share * given.psf_m;
        let search = Search::new(Lanes { psf_m, ..given }, offset, energy);
        for (track_m, cost) in search.single_tracks() {
            let cost = cost * (1.0 + of_blur + doubt(track_m));
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, (track_m, psf_m)));
            }
        }
    }
    let (_, (track_m, psf_m)) = best?;
    given.reaches(track_m).then_some((track_m, psf_m))
}

#[cfg(test)]
mod tests {
    use super::super::template::{WIDTH_M, strip};
    use super::*;

    /// Rows of pixels of 10 m, 60 m to both sides.
    const ROWS: Axis = Axis {
        first_m: -60.0,
        step_m: 5.0,
        len: 25,
    };

    fn energy(track_m: f64, psf_m: f64) -> Vec<f64> {
        let of_row = |o: f64| 1.5 + 300.0 * strip(o - track_m, WIDTH_M, psf_m).powi(2);
        (0..ROWS.len).map(|i| of_row(ROWS.at_m(i))).collect()
    }

    #[test]
    fn place_and_width_of_trains_are_recovered() {
        let given = Lanes::given(10.0, None);
        for (track_m, share) in [(-1.5, 1.15), (2.5, 0.75), (0.0, 1.0)] {
            let psf_m = share * given.psf_m;
            let (found_m, width_m) = placed(given, ROWS, &energy(track_m, psf_m)).unwrap();
            assert!((found_m - track_m).abs() < 0.9, "{found_m}");
            assert!(
                (width_m / psf_m - 1.0).abs() < 0.06,
                "{width_m} for {psf_m}"
            );
        }
    }

    #[test]
    fn a_track_at_the_end_of_the_search_is_none() {
        let given = Lanes::given(10.0, None);
        assert_eq!(placed(given, ROWS, &energy(-9.0, given.psf_m)), None);
    }

    #[test]
    fn sharp_pixels_keep_what_is_given() {
        let given = Lanes::given(0.5, None);
        assert_eq!(placed(given, ROWS, &energy(0.0, given.psf_m)), None);
    }
}
