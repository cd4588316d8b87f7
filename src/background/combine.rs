//! Predictions put together from what the other captures show.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView1, Axis as Dim, Slice};

use super::panel::Panel;

/// What a capture is put together from.
pub(super) struct Weights<'a> {
    /// The captures.
    pub(super) picks: &'a [usize],
    /// Their coefficients and the constant by block, (block, pick and constant).
    pub(super) beta: Array2<f32>,
}

impl Weights<'_> {
    fn of_block(&self, block: usize) -> (ArrayView1<'_, f32>, f32) {
        let (picks, constant) = self.beta.row(block).split_at(Dim(0), self.picks.len());
        (picks, constant[0])
    }
}

impl Panel<'_> {
    /// `Σ βₖ xₖ + c` of one band over the strip, (offset, chainage), for some captures;
    /// nothing for those without weights.
    ///
    /// As products of matrices, (capture, other) by (other, cell): what the others show
    /// does not fit into a cache, and is read once for all captures.
    pub(super) fn combine<'a>(
        &self,
        band: usize,
        captures: impl Iterator<Item = Option<Weights<'a>>>,
    ) -> Vec<Option<Array2<f32>>> {
        let captures: Vec<Option<Weights>> = captures.collect();
        let known: Vec<&Weights> = captures.iter().flatten().collect();
        let (offset, chainage) = self.axes();
        let mut all = Array2::zeros((known.len(), offset.len * chainage.len));
        let blocks = self.block_cells();
        let numbers: Vec<usize> = (0..blocks.len()).collect();
        // Up to the next block where a capture has other coefficients.
        let alike = |a: &usize, b: &usize| known.iter().all(|w| w.beta.row(*a) == w.beta.row(*b));
        for run in numbers.chunk_by(alike) {
            let (first, last) = (run[0], run[run.len() - 1]);
            let (beta, constants) = self.coefficients(&known, first);
            for row in 0..offset.len {
                let at = |cell: usize| row * chainage.len + cell;
                let cells = Slice::from(at(blocks[first].start)..at(blocks[last].end));
                let mut to = all.slice_axis_mut(Dim(1), cells);
                to.assign(&constants.view().insert_axis(Dim(1)));
                let shown = self.full[band].slice_axis(Dim(1), cells);
                general_mat_mul(1.0, &beta, &shown, 1.0, &mut to);
            }
        }
        let mut strips = all.outer_iter().map(|strip| {
            strip
                .into_shape_with_order((offset.len, chainage.len))
                .map(|s| s.to_owned())
        });
        (captures.iter())
            .map(|weights| weights.as_ref().and_then(|_| strips.next()?.ok()))
            .collect()
    }

    /// In one block: the coefficients, (capture, other capture), and the constants.
    fn coefficients(&self, captures: &[&Weights], block: usize) -> (Array2<f32>, Array1<f32>) {
        let mut beta = Array2::zeros((captures.len(), self.strips.len()));
        let mut constants = Array1::zeros(captures.len());
        for (n, weights) in captures.iter().enumerate() {
            let (of_picks, constant) = weights.of_block(block);
            for (k, b) in weights.picks.iter().zip(of_picks) {
                beta[(n, *k)] = *b;
            }
            constants[n] = constant;
        }
        (beta, constants)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ndarray::{Array3, array};

    use super::*;
    use crate::background::PanelSettings;
    use crate::strip::{Axis, Strip};

    #[test]
    fn captures_are_put_together_block_by_block() {
        let axis = |first_m: f64, len: usize| Axis {
            first_m,
            step_m: 5.0,
            len,
        };
        // 17 × 40 cells, blocks of six; capture k shows k times a texture.
        let (offset, chainage) = (axis(-40.0, 17), axis(0.0, 40));
        let strips: Vec<Strip> = (0..4)
            .map(|k| Strip {
                offset,
                chainage,
                values: Array3::from_shape_fn((1, 17, 40), |(_, i, j)| {
                    k as f32 * (1.0 + ((i * 40 + j) % 7) as f32)
                }),
                covered: Array2::from_elem((17, 40), true),
                clear: Array2::from_elem((17, 40), true),
            })
            .collect();
        let panel = Panel::new(&strips, PanelSettings::for_gsd(10.0), None, None).unwrap();
        let mut one = Array2::zeros((7, 3));
        one.row_mut(2).assign(&array![2.0, -1.0, 0.5]);
        let two = Array2::from_elem((7, 2), 3.0);
        let weights = [
            Some(Weights {
                picks: &[1, 3],
                beta: one,
            }),
            None,
            Some(Weights {
                picks: &[2],
                beta: two,
            }),
        ];
        let got = panel.combine(0, weights.into_iter());
        assert!(got[1].is_none());
        let full = |k: usize, i: usize, j: usize| panel.full[0][(k, i * 40 + j)];
        for ((i, j), v) in got[0].as_ref().unwrap().indexed_iter() {
            let inside = (12..18).contains(&j);
            let expected = if inside {
                2.0 * full(1, i, j) - full(3, i, j) + 0.5
            } else {
                0.0
            };
            assert!((v - expected).abs() < 1e-5, "{i} {j}");
        }
        for ((i, j), v) in got[2].as_ref().unwrap().indexed_iter() {
            assert!((v - 3.0 * full(2, i, j) - 3.0).abs() < 1e-5, "{i} {j}");
        }
    }
}
