//! Captures averaged along the track, in blocks short enough to follow a line.

use ndarray::{Array2, Array3, ArrayView3};

use crate::strip::Axis;

/// Length of a block, m: a line that is 8° askew crosses 4 m in it, a pixel or
/// less; noise and texture average out over ten pixels of 3 m.
pub const BLOCK_M: f64 = 30.0;

/// A block needs this share of clear cells.
const LEAST_CLEAR: f64 = 0.5;

/// Means of a series by offset and block.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    /// Cells across, m from the path along which the blocks were taken.
    pub offset: Axis,
    /// Blocks along, m of chainage.
    pub along: Axis,
    /// Per capture (band, offset, block); NaN where too little is clear.
    pub captures: Vec<Array3<f32>>,
}

/// Cells of a strip and where they may be used.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a> {
    /// (band, offset, chainage).
    pub values: ArrayView3<'a, f32>,
    /// (offset, chainage).
    pub clear: &'a Array2<bool>,
}

/// Blocks of equal length over a track.
#[must_use]
pub(super) fn blocks_of(length_m: f64) -> Axis {
    let count = (length_m / BLOCK_M).round().max(1.0);
    let step_m = length_m / count;
    Axis {
        first_m: 0.5 * step_m,
        step_m,
        len: count as usize,
    }
}

impl Blocks {
    /// Averages captures over blocks, along a path that lies `path(chainage)` m
    /// beside the line of the strips.
    pub(super) fn along_path(
        captures: &[Cells],
        (offset, chainage): (Axis, Axis),
        along: Axis,
        path: &dyn Fn(f64) -> f64,
    ) -> Self {
        let moved: Vec<(f64, usize)> = (0..chainage.len)
            .filter_map(|j| {
                let at_m = chainage.at_m(j);
                let block = (at_m - along.first_m) / along.step_m + 0.5;
                let inside = block >= 0.0 && block < along.len as f64;
                inside.then(|| (path(at_m) / offset.step_m, block as usize))
            })
            .collect();
        let first = (0..chainage.len)
            .find(|j| chainage.at_m(*j) >= along.first_m - 0.5 * along.step_m)
            .unwrap_or(0);
        Self {
            offset,
            along,
            captures: captures
                .iter()
                .map(|cells| block_means(cells, first, &moved, along.len))
                .collect(),
        }
    }
}

/// `moved`: per column from `first` on, by how many rows the path lies off, and its block.
fn block_means(cells: &Cells, first: usize, moved: &[(f64, usize)], blocks: usize) -> Array3<f32> {
    let (bands, rows, _) = cells.values.dim();
    let mut sums = Array3::<f32>::zeros((bands, rows, blocks));
    let mut counts = Array2::<f32>::zeros((rows, blocks));
    let mut columns = vec![0.0f32; blocks];
    for (j, (by, block)) in moved.iter().enumerate() {
        let column = first + j;
        columns[*block] += 1.0;
        for row in 0..rows {
            let at = row as f64 + by;
            let low = at.floor();
            if low < 0.0 || low as usize >= rows {
                continue;
            }
            let share = (at - low) as f32;
            let low = low as usize;
            let high = if share > 0.0 { low + 1 } else { low };
            if high >= rows || !cells.clear[(low, column)] || !cells.clear[(high, column)] {
                continue;
            }
            counts[(row, *block)] += 1.0;
            for band in 0..bands {
                let (a, b) = (
                    cells.values[(band, low, column)],
                    cells.values[(band, high, column)],
                );
                sums[(band, row, *block)] += a + share * (b - a);
            }
        }
    }
    Array3::from_shape_fn((bands, rows, blocks), |(band, row, k)| {
        let count = counts[(row, k)];
        if f64::from(count) >= LEAST_CLEAR * f64::from(columns[k].max(1.0)) {
            sums[(band, row, k)] / count
        } else {
            f32::NAN
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_a_path_and_need_half_their_cells() {
        // Values are offsets in cells; the path lies one and a half cells to the right.
        let values = Array3::from_shape_fn((1, 9, 40), |(_, i, _)| i as f32);
        let mut clear = Array2::from_elem((9, 40), true);
        for column in 0..15 {
            clear[(4, column)] = false;
        }
        let axes = (
            Axis {
                first_m: -8.0,
                step_m: 2.0,
                len: 9,
            },
            Axis {
                first_m: 1.5,
                step_m: 3.0,
                len: 40,
            },
        );
        let along = blocks_of(120.0);
        assert_eq!((along.len, along.step_m), (4, 30.0));
        let cells = Cells {
            values: values.view(),
            clear: &clear,
        };
        let blocks = Blocks::along_path(&[cells], axes, along, &|_| 3.0);
        let means = &blocks.captures[0];
        assert!((means[(0, 2, 3)] - 3.5).abs() < 1e-6);
        // Of the first block nothing is clear, of the second half, of row 4.
        assert!(means[(0, 3, 0)].is_nan() && means[(0, 3, 1)].is_finite());
        assert!(means[(0, 8, 2)].is_nan());
    }
}
