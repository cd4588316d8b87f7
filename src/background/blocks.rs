//! Available-case prediction: in every block of the track only those captures
//! predict that show it, without cloud and without a train of their own.
//!
//! Filling their gaps instead does not do: a train in a strongly weighted
//! partner would appear in the target as a ghost of opposite sign.

use std::ops::Range;

use ndarray::{Array2, Axis as Dim, Slice};

use super::panel::Panel;

/// A block of chainage cells and who may predict it.
pub(super) struct Block {
    pub(super) from: usize,
    pub(super) to: usize,
    /// One flag a predictor.
    pub(super) allowed: Vec<bool>,
}

impl Panel<'_> {
    /// The blocks with those of the predictors `picks` allowed in each.
    pub(super) fn blocks(&self, picks: &[usize]) -> Vec<Block> {
        let (offset, chainage) = self.axes();
        let length = (self.settings.block_m / chainage.step_m).round().max(1.0) as usize;
        let core: Vec<usize> = (0..offset.len)
            .filter(|i| offset.at_m(*i).abs() <= self.settings.core_m)
            .collect();
        let (Some(&low), Some(&high)) = (core.first(), core.last()) else {
            return Vec::new();
        };
        let rows = Slice::from(low..=high);
        (0..chainage.len)
            .step_by(length)
            .map(|from| {
                let to = (from + length).min(chainage.len);
                let allowed = picks
                    .iter()
                    .map(|k| {
                        let core = self.strips[*k].clear.slice_axis(Dim(0), rows);
                        let seen = core.slice_axis(Dim(1), Slice::from(from..to));
                        seen.iter().all(|c| *c) && !self.train_in(*k, from..to)
                    })
                    .collect();
                Block { from, to, allowed }
            })
            .collect()
    }

    fn train_in(&self, k: usize, mut cells: Range<usize>) -> bool {
        self.occupied.is_some_and(|o| cells.any(|j| o.cells[k][j]))
    }

    /// Adds `Σ βₖ xₖ + c` of one band to the columns `from..to` of `out`.
    pub(super) fn combine_block(
        &self,
        (band, block): (usize, &Block),
        captures: &[usize],
        beta: &[f64],
        out: &mut Array2<f32>,
    ) {
        let columns = self.axes().1.len;
        let mut out = out.slice_axis_mut(Dim(1), Slice::from(block.from..block.to));
        out += beta.get(captures.len()).copied().unwrap_or(0.0) as f32;
        for (k, b) in captures.iter().zip(beta) {
            let row = self.full[band].row(*k);
            for (i, mut to) in out.outer_iter_mut().enumerate() {
                let cells = i * columns + block.from..i * columns + block.to;
                to.scaled_add(*b as f32, &row.slice_axis(Dim(0), Slice::from(cells)));
            }
        }
    }
}
