//! How finely and how far a strip is sampled.

use super::Axis;
use crate::error::{Error, Result};

/// Pixels finer than this are averaged to about this size first: a train is
/// still three pixels wide, and the noise of a 0.5 m pixel halves.
const FINEST_WORKING_PIXEL_M: f64 = 1.0;

/// A strip reaches this far beyond both ends of the track, so that the ends of
/// a train that runs out of it are seen.
const EXTENSION_M: f64 = 80.0;

/// Standard deviation of the point spread of optical products on their
/// grid, px (sensor blur, pixel and resampling together; 0.70 to 0.75).
const PSF_SIGMA_PX: f64 = 0.72;

/// Half width in standard deviations of the point spread: the track's own
/// response reaches to 3, and lanes that serve as comparison are needed
/// beyond that on both sides.
const HALF_WIDTH_PSF: f64 = 9.0;

/// Least half width, m: a deck of two lanes and the ground on both sides of it.
const LEAST_HALF_WIDTH_M: f64 = 40.0;

/// Least half width where pixels are 1 m or finer, m: the same in fewer
/// metres, because the response of the track is narrow.
const LEAST_FINE_HALF_WIDTH_M: f64 = 25.0;

/// Length of track over which its direction is averaged, to both sides, m.
/// Normals then turn steadily at the vertices of the alignment; a bend of 10°
/// turns over 40 m, and cells 60 m inside it are still in order.
pub(super) const DIRECTION_REACH_M: f64 = 20.0;

/// The cells of a strip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StripSpec {
    /// Cells along the track, m of chainage.
    pub chainage: Axis,
    /// Cells across the track, m, positive to the right.
    pub offset: Axis,
}

/// How many pixels a side are averaged before anything else, so that working
/// pixels are not much finer than 1 m.
///
/// ```
/// use railspan::strip::coarsening_factor;
/// assert_eq!([0.3, 0.5, 0.7, 3.0].map(coarsening_factor), [3, 2, 1, 1]);
/// ```
#[must_use]
pub fn coarsening_factor(gsd_m: f64) -> usize {
    ((FINEST_WORKING_PIXEL_M / gsd_m).round() as usize).max(1)
}

impl StripSpec {
    /// The cells for a track of `length_m`, seen with pixels of `gsd_m` as
    /// delivered.
    ///
    /// Steps are half a working pixel, so that no information is lost; with
    /// working pixels of 1 m and less, 1 m along and 0.5 m across, since along
    /// the track nothing shorter than a wagon is sought. The half width is
    /// max(40 m, 9 σ of the point spread), 40 m at 3 m and 65 m at 10 m; with
    /// working pixels of 1 m and less it is 25 m. Both axes are symmetric about
    /// the middle of the track, so that a reversed track has the same cells.
    ///
    /// # Errors
    /// A length or pixel that is not a positive number, or a strip of more
    /// than ten million cells.
    pub fn for_track(length_m: f64, gsd_m: f64) -> Result<Self> {
        for (name, value) in [
            ("track length", length_m),
            ("ground sample distance", gsd_m),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::value(name, value, "a positive number of metres"));
            }
        }
        let pixel_m = gsd_m * coarsening_factor(gsd_m) as f64;
        let fine = pixel_m < 1.5 * FINEST_WORKING_PIXEL_M;
        let (along_m, across_m) = if fine {
            (1.0, 0.5)
        } else {
            (0.5 * pixel_m, 0.5 * pixel_m)
        };
        let least_m = if fine {
            LEAST_FINE_HALF_WIDTH_M
        } else {
            LEAST_HALF_WIDTH_M
        };
        let half_m = least_m.max(HALF_WIDTH_PSF * PSF_SIGMA_PX * pixel_m);
        let half_cells = (half_m / across_m).round();
        let cells = ((length_m + 2.0 * EXTENSION_M) / along_m).ceil();
        if cells * (2.0 * half_cells + 1.0) > 1e7 {
            return Err(Error::value(
                "track length",
                length_m,
                "short enough for its pixels; divide the track into tiles",
            ));
        }
        Ok(Self {
            chainage: Axis {
                first_m: 0.5 * length_m - 0.5 * (cells - 1.0) * along_m,
                step_m: along_m,
                len: cells as usize,
            },
            offset: Axis {
                first_m: -half_cells * across_m,
                step_m: across_m,
                len: 2 * half_cells as usize + 1,
            },
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp)]
mod tests {
    use super::*;

    #[test]
    fn cells_follow_the_pixel() {
        let planet = StripSpec::for_track(1000.0, 3.0).unwrap();
        assert_eq!(planet.chainage.step_m, 1.5);
        assert_eq!(planet.chainage.len, 774);
        assert_eq!(planet.chainage.at_m(0) + planet.chainage.at_m(773), 1000.0);
        assert!(planet.chainage.at_m(0) - 0.75 <= -80.0);
        assert_eq!(planet.offset.at_m(0), -40.5);
        assert_eq!(planet.offset.at_m(27), 0.0);
        let sentinel = StripSpec::for_track(1000.0, 10.0).unwrap();
        assert_eq!((sentinel.offset.at_m(0), sentinel.offset.len), (-65.0, 27));
        let fine = StripSpec::for_track(1000.0, 0.5).unwrap();
        assert_eq!((fine.chainage.step_m, fine.offset.step_m), (1.0, 0.5));
        assert_eq!(fine.offset.at_m(0), -25.0);
        let landsat = StripSpec::for_track(1000.0, 30.0).unwrap();
        assert_eq!(landsat.offset.at_m(0), -195.0);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(StripSpec::for_track(f64::NAN, 3.0).is_err());
        assert!(StripSpec::for_track(100.0, 0.0).is_err());
        assert!(StripSpec::for_track(1e9, 0.5).is_err());
    }
}
