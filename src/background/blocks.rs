//! Available-case prediction: in every block of the track only those captures
//! predict that show it, without cloud and without a train of their own.
//!
//! Where the track changed for good, those on the same side of the change.
//!
//! Filling their gaps instead does not do: a train in a strongly weighted
//! partner would appear in the target as a ghost of opposite sign.

use std::ops::Range;

use super::panel::{Change, Panel};

/// Fewer predictors than this on one side of a change do not predict alone.
const LEAST_SIDE: usize = 4;

/// A block of chainage cells and who may predict it.
pub(super) struct Block {
    pub(super) from: usize,
    pub(super) to: usize,
    /// One flag a predictor.
    pub(super) allowed: Vec<bool>,
}

impl Panel<'_> {
    /// The blocks with those of the predictors `picks` of capture `t` allowed in
    /// each.
    pub(super) fn blocks(&self, t: usize, picks: &[usize]) -> Vec<Block> {
        (self.block_cells().into_iter().enumerate())
            .map(|(i, cells)| {
                let mut allowed: Vec<bool> = picks.iter().map(|k| self.shows[*k][i]).collect();
                self.keep_to_side(t, picks, (cells.clone(), &mut allowed));
                Block {
                    from: cells.start,
                    to: cells.end,
                    allowed,
                }
            })
            .collect()
    }

    /// By block: whether capture `k` shows the track and what is beside it, without
    /// a train.
    pub(super) fn shown_blocks(&self, k: usize) -> Vec<bool> {
        let (offset, _) = self.axes();
        let core = |i: &usize| offset.at_m(*i).abs() <= self.settings.core_m;
        let rows: Vec<usize> = (0..offset.len).filter(core).collect();
        let clear = &self.strips[k].clear;
        let seen = |j: usize| rows.iter().all(|i| clear[(*i, j)]);
        (self.block_cells().into_iter())
            .map(|cells| {
                cells.clone().all(seen) && !self.occupied.is_some_and(|o| o.holds(k, cells))
            })
            .collect()
    }

    /// The chainage cells of every block.
    pub(super) fn block_cells(&self) -> Vec<Range<usize>> {
        let (_, chainage) = self.axes();
        let length = (self.settings.block_m / chainage.step_m).round().max(1.0) as usize;
        (0..chainage.len)
            .step_by(length)
            .map(|from| from..(from + length).min(chainage.len))
            .collect()
    }

    /// Takes those out that a change parts from capture `t`, if enough are left.
    fn keep_to_side(&self, t: usize, picks: &[usize], block: (Range<usize>, &mut [bool])) {
        let (cells, allowed) = block;
        let here = |c: &&Change| c.cells.start < cells.end && cells.start < c.cells.end;
        let changes = self.occupied.iter().flat_map(|o| &o.changes);
        for change in changes.filter(here) {
            let same: Vec<bool> = (picks.iter().zip(allowed.iter()))
                .map(|(k, allowed)| *allowed && !change.parts(t, *k))
                .collect();
            if same.iter().filter(|s| **s).count() >= LEAST_SIDE {
                allowed.copy_from_slice(&same);
            }
        }
    }
}
