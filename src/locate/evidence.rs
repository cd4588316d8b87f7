//! How much speaks for a line, by offset and chainage.

use ndarray::Array2;

use super::path::Path;
use crate::strip::Axis;

/// Evidence for a line at an offset in a block of chainage.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Cells across, m.
    pub offset: Axis,
    /// Blocks along, m of chainage.
    pub along: Axis,
    /// (offset, block), 0 where nothing speaks for a line or nothing is known.
    pub values: Array2<f64>,
}

impl Evidence {
    /// The evidence at an offset in a block, linear between cells, 0 outside.
    #[must_use]
    pub fn at(&self, offset_m: f64, block: usize) -> f64 {
        let row = (offset_m - self.offset.first_m) / self.offset.step_m;
        let below = row.floor();
        if below < 0.0 || below + 1.0 >= self.offset.len as f64 {
            return 0.0;
        }
        let (i, share) = (below as usize, row - below);
        self.values[(i, block)] * (1.0 - share) + self.values[(i + 1, block)] * share
    }

    /// Mean evidence along a path moved across by `moved_m`.
    #[must_use]
    pub fn along_path(&self, path: &Path, moved_m: f64) -> f64 {
        let sum: f64 = path
            .offset_m
            .iter()
            .enumerate()
            .map(|(k, o)| self.at(o + moved_m, k))
            .sum();
        sum / path.offset_m.len().max(1) as f64
    }

    /// The same evidence with nothing left within `reach_m` of a path.
    #[must_use]
    pub fn without(&self, path: &Path, reach_m: f64) -> Self {
        let mut rest = self.clone();
        for ((i, k), value) in rest.values.indexed_iter_mut() {
            if (self.offset.at_m(i) - path.offset_m[k]).abs() < reach_m {
                *value = 0.0;
            }
        }
        rest
    }
}
