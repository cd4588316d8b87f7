//! From native pixels to a strip, each interpolated once.

use ndarray::{Array2, Array3, Axis};

use super::mask::flags_at;
use super::spec::DIRECTION_REACH_M;
use super::{Shift, Spline, Strip, StripSpec, eroded};
use crate::geo::{Alignment, Direction, FrameToPixel, PixelPoint, Point};
use crate::source::Corridor;

const COVERED: u8 = 1;
const CLEAR: u8 = 2;

/// What is taken off the edge of valid data, px: the reach of the spline
/// beyond which filled pixels weigh less than 1 %.
const COVERED_MARGIN_PX: usize = 2;

/// A corridor made ready to be sampled anywhere, as often as needed: spline
/// coefficients and masks, 17 bytes a pixel for up to four bands.
#[derive(Debug, Clone)]
pub struct Prepared {
    spline: Spline,
    flags: Array2<u8>,
    to_pixel: FrameToPixel,
}

/// Values and masks on some set of places.
pub(super) struct Sampled {
    pub(super) values: Array3<f32>,
    pub(super) covered: Array2<bool>,
    pub(super) clear: Array2<bool>,
}

impl Prepared {
    /// Prefilters the bands of a corridor.
    #[must_use]
    pub fn new(corridor: &Corridor) -> Self {
        let known = known_pixels(corridor);
        let inner = eroded(&known, COVERED_MARGIN_PX);
        let mut flags = inner.mapv(|m| if m { COVERED } else { 0 });
        flags.zip_mut_with(&corridor.clear, |flag, &clear| {
            if clear {
                *flag |= CLEAR;
            }
        });
        Self {
            spline: Spline::through(&corridor.values, &known),
            flags,
            to_pixel: corridor.to_pixel.clone(),
        }
    }

    /// The strip along an alignment, at a shift of this capture.
    ///
    /// A cell is covered where it lies two pixels inside valid data, and clear
    /// where it is covered and no pixel beside it is masked.
    #[must_use]
    pub fn straighten(&self, alignment: &Alignment, spec: &StripSpec, shift: Shift) -> Strip {
        let stations: Vec<(Point, Direction)> = (0..spec.chainage.len)
            .map(|i| station(alignment, spec.chainage.at_m(i)))
            .collect();
        let shape = (spec.offset.len, spec.chainage.len);
        let sampled = self.sampled(shape, |row, col| {
            let (centre, right) = &stations[col];
            let offset_m = spec.offset.at_m(row);
            Point {
                east_m: centre.east_m + offset_m * right.east - shift.east_m,
                north_m: centre.north_m + offset_m * right.north - shift.north_m,
            }
        });
        Strip {
            chainage: spec.chainage,
            offset: spec.offset,
            values: sampled.values,
            covered: sampled.covered,
            clear: sampled.clear,
        }
    }

    /// Values and masks at the places, in the capture as delivered, that
    /// `place(row, column)` names.
    pub(super) fn sampled(
        &self,
        (rows, cols): (usize, usize),
        place: impl Fn(usize, usize) -> Point,
    ) -> Sampled {
        let bands = self.spline.bands();
        let mut out = Sampled {
            values: Array3::zeros((bands, rows, cols)),
            covered: Array2::from_elem((rows, cols), false),
            clear: Array2::from_elem((rows, cols), false),
        };
        let mut places = Vec::with_capacity(cols);
        for row in 0..rows {
            places.clear();
            places.extend((0..cols).map(|col| self.to_pixel.apply(place(row, col))));
            self.spline
                .sample_line(&places, out.values.index_axis_mut(Axis(1), row));
            let states = out
                .covered
                .row_mut(row)
                .into_iter()
                .zip(out.clear.row_mut(row));
            for ((covered, clear), at) in states.zip(&places) {
                (*covered, *clear) = state_at(&self.flags, *at);
            }
        }
        out
    }
}

/// Covered pixels whose values are numbers in every band.
fn known_pixels(corridor: &Corridor) -> Array2<bool> {
    let mut known = corridor.covered.clone();
    for band in corridor.values.outer_iter() {
        known.zip_mut_with(&band, |k, value| *k &= value.is_finite());
    }
    known
}

/// Whether a place is covered, and whether it is clear.
fn state_at(flags: &Array2<u8>, at: PixelPoint) -> (bool, bool) {
    let common = flags_at(flags, at);
    (common & COVERED != 0, common == common | COVERED | CLEAR)
}

/// The centre of the track at a chainage, and the unit vector to its right,
/// from the chord over [`DIRECTION_REACH_M`] to both sides.
fn station(alignment: &Alignment, chainage_m: f64) -> (Point, Direction) {
    let before = alignment.point_at(chainage_m - DIRECTION_REACH_M, 0.0);
    let after = alignment.point_at(chainage_m + DIRECTION_REACH_M, 0.0);
    let (east, north) = (after.east_m - before.east_m, after.north_m - before.north_m);
    let chord_m = east.hypot(north);
    let along = if chord_m > DIRECTION_REACH_M * 1e-3 {
        Direction {
            east: east / chord_m,
            north: north / chord_m,
        }
    } else {
        // A hairpin: the chord says nothing.
        alignment.direction_at(chainage_m)
    };
    (alignment.point_at(chainage_m, 0.0), along.right())
}
