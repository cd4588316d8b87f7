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
        let mut first = 0;
        while first < blocks.len() {
            // Up to the first block where a capture has other coefficients.
            let alike =
                |block: &usize| (known.iter()).all(|w| w.beta.row(*block) == w.beta.row(first));
            let next = first + (first..blocks.len()).take_while(alike).count();
            let (beta, constants) = self.coefficients(&known, first);
            for row in 0..offset.len {
                let at = |cell: usize| row * chainage.len + cell;
                let cells = Slice::from(at(blocks[first].start)..at(blocks[next - 1].end));
                let mut to = all.slice_axis_mut(Dim(1), cells);
                to.assign(&constants.view().insert_axis(Dim(1)));
                let shown = self.full[band].slice_axis(Dim(1), cells);
                general_mat_mul(1.0, &beta, &shown, 1.0, &mut to);
            }
            first = next;
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
