//! A strip: band × offset × chainage, with its masks.

use ndarray::{Array2, Array3};
use serde::{Deserialize, Serialize};

/// Evenly spaced cell centres, m.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Centre of the first cell, m.
    pub first_m: f64,
    /// Distance between centres, m.
    pub step_m: f64,
    /// Number of cells.
    pub len: usize,
}

impl Axis {
    /// Centre of cell `i`, m.
    ///
    /// ```
    /// use railspan::strip::Axis;
    /// let axis = Axis { first_m: -1.5, step_m: 3.0, len: 4 };
    /// assert_eq!(axis.at_m(2), 4.5);
    /// assert_eq!(axis.cell_at(4.0), 2);
    /// ```
    #[must_use]
    pub fn at_m(&self, i: usize) -> f64 {
        self.first_m + i as f64 * self.step_m
    }

    /// The cell whose centre is nearest to `at_m`, clamped to the axis.
    #[must_use]
    pub fn cell_at(&self, at_m: f64) -> usize {
        let i = ((at_m - self.first_m) / self.step_m).round();
        (i.max(0.0) as usize).min(self.len.saturating_sub(1))
    }

    /// All centres, m.
    #[must_use]
    pub fn centres_m(&self) -> Vec<f64> {
        (0..self.len).map(|i| self.at_m(i)).collect()
    }
}

/// One capture, straightened along one track.
///
/// Chainage may begin below zero and end beyond the track: strips reach a
/// little over both ends, so that a train running out of the track is seen to.
#[derive(Debug, Clone, PartialEq)]
pub struct Strip {
    /// Cells along the track, m of chainage.
    pub chainage: Axis,
    /// Cells across the track, m, positive to the right.
    pub offset: Axis,
    /// Values, (band, offset, chainage); finite everywhere, filled where not covered.
    pub values: Array3<f32>,
    /// Inside valid data, (offset, chainage).
    pub covered: Array2<bool>,
    /// Covered and no mask speaks against it, (offset, chainage).
    pub clear: Array2<bool>,
}

/// A translation of a capture's content in the track's frame: what is added to
/// the capture's coordinates to match the reference.
///
/// A place `p` of the reference is found at `p − shift` in the capture as delivered.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Shift {
    /// Metres east.
    pub east_m: f64,
    /// Metres north.
    pub north_m: f64,
}
