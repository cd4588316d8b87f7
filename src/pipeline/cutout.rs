//! What a person looks at to judge a train: the pieces of the strips about it.

use std::ops::Range;

use jiff::Timestamp;
use ndarray::{Array2, Array3, Axis as Dim, Slice};
use serde::{Deserialize, Serialize};

use super::finding::Look;
use crate::capture::{BandRole, Modality};
use crate::source::CorridorOrigin;
use crate::strip::{Axis, Strip};

/// Track shown before and behind a train, m: some wagons' lengths of what it
/// is compared with.
const MARGIN_M: f64 = 80.0;

/// Share of the piece that an earlier capture must show to stand for "before".
const LEAST_SHOWN: f64 = 0.5;

/// The pieces of the strips about one train, all on the same cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CutOut {
    /// Cells along the track, m of chainage.
    pub chainage: Axis,
    /// Cells across the track, m, positive to the right.
    pub offset: Axis,
    /// Optical or radar.
    pub modality: Modality,
    /// Ground sample distance as delivered, m.
    pub gsd_m: f64,
    /// What each band shows.
    pub bands: Vec<BandRole>,
    /// The capture with the train.
    pub capture: Piece,
    /// What the others predict for it, (band, offset, chainage); `None` where
    /// there is no prediction.
    pub background: Option<Array3<f32>>,
    /// The latest capture before it, of the same kind, that shows the place.
    pub before: Option<Before>,
}

/// A piece of a strip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    /// Values, (band, offset, chainage), in the units of the strip.
    pub values: Array3<f32>,
    /// Where they can be used, (offset, chainage).
    pub clear: Array2<bool>,
}

/// A piece of an earlier capture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Before {
    /// Its id.
    pub capture: String,
    /// When it was acquired.
    pub acquired: Timestamp,
    /// What it shows.
    pub piece: Piece,
}

/// All strips of a series in order of time, to cut from.
pub(super) struct Film<'a> {
    strips: &'a [Strip],
    origins: Vec<&'a CorridorOrigin>,
}

impl<'a> Film<'a> {
    /// Of strips and what each is of.
    pub(super) fn new(
        strips: &'a [Strip],
        origins: impl Iterator<Item = &'a CorridorOrigin>,
    ) -> Self {
        Self {
            strips,
            origins: origins.collect(),
        }
    }

    /// Gives every train of capture `t` its pieces.
    pub(super) fn cut(&self, t: usize, background: Option<&Array3<f32>>, look: &mut Look) {
        for train in look.trains.iter_mut().flatten() {
            let span_m = (train.start_m, train.end_m);
            train.cutout = self.about(t, background, span_m);
        }
    }

    fn about(
        &self,
        t: usize,
        background: Option<&Array3<f32>>,
        (start_m, end_m): (f64, f64),
    ) -> Option<CutOut> {
        let (strip, origin) = (self.strips.get(t)?, self.origins.get(t)?);
        let axis = strip.chainage;
        let cells = axis.cell_at(start_m - MARGIN_M)..axis.cell_at(end_m + MARGIN_M) + 1;
        Some(CutOut {
            chainage: Axis {
                first_m: axis.at_m(cells.start),
                len: cells.len(),
                ..axis
            },
            offset: strip.offset,
            modality: origin.modality,
            gsd_m: origin.gsd_m,
            bands: origin.bands.clone(),
            capture: piece(strip, &cells),
            background: background.map(|values| along(values, &cells)),
            before: self.before(t, &cells),
        })
    }

    fn before(&self, t: usize, cells: &Range<usize>) -> Option<Before> {
        let earlier = self.strips.iter().zip(&self.origins).take(t).rev();
        let mut shown = earlier.filter(|(strip, _)| {
            let about = strip.clear.slice_axis(Dim(1), Slice::from(cells.clone()));
            let clear = about.iter().filter(|c| **c).count();
            clear as f64 >= LEAST_SHOWN * about.len() as f64
        });
        shown.next().map(|(strip, origin)| Before {
            capture: origin.capture.clone(),
            acquired: origin.acquired,
            piece: piece(strip, cells),
        })
    }
}

fn piece(strip: &Strip, cells: &Range<usize>) -> Piece {
    Piece {
        values: along(&strip.values, cells),
        clear: strip
            .clear
            .slice_axis(Dim(1), Slice::from(cells.clone()))
            .to_owned(),
    }
}

fn along(values: &Array3<f32>, cells: &Range<usize>) -> Array3<f32> {
    values
        .slice_axis(Dim(2), Slice::from(cells.clone()))
        .to_owned()
}

#[cfg(test)]
#[path = "cutout_tests.rs"]
mod tests;
