//! The cells near the line, sorted by chainage, so that what stands on it is
//! found quickly.

use super::canvas::Canvas;

/// One cell near the line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NearCell {
    /// Index in the planes.
    pub index: usize,
    /// Chainage of its centre, m.
    pub along_m: f64,
    /// Offset of its centre, m, positive to the right.
    pub across_m: f64,
}

/// Cells within [`REACH_M`] of the line, by chainage.
#[derive(Debug, Clone)]
pub(super) struct NearCells {
    cells: Vec<NearCell>,
}

/// Bridges beside the watched one lie within this, m.
pub(super) const REACH_M: f64 = 130.0;

impl NearCells {
    pub(super) fn of(canvas: &Canvas) -> Self {
        let mut cells = Vec::new();
        for row in 0..canvas.height {
            let mut col = 0;
            while col < canvas.width {
                let (along_m, across_m) = canvas.line.project(canvas.cell(col, row));
                let beyond_m = across_m.abs() - REACH_M;
                if beyond_m > 0.0 {
                    // No cell nearer than this can be within reach.
                    col += ((beyond_m / canvas.cell_m) as usize).max(1);
                    continue;
                }
                cells.push(NearCell {
                    index: row * canvas.width + col,
                    along_m,
                    across_m,
                });
                col += 1;
            }
        }
        cells.sort_by(|a, b| a.along_m.total_cmp(&b.along_m).then(a.index.cmp(&b.index)));
        Self { cells }
    }

    /// All of them.
    pub(super) fn all(&self) -> &[NearCell] {
        &self.cells
    }

    /// Those between two chainages.
    pub(super) fn between(&self, from_m: f64, to_m: f64) -> &[NearCell] {
        let first = self.cells.partition_point(|c| c.along_m < from_m);
        let last = self.cells.partition_point(|c| c.along_m <= to_m);
        &self.cells[first..last.max(first)]
    }
}
