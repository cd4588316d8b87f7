//! Columns that take up what registration left: to first order, a prediction
//! seen at a small displacement changes by its gradient.

use ndarray::{Array2, ArrayView2};

use crate::strip::Axis;

/// Number of columns: along and across, each constant and growing along the
/// track (stretch and rotation), and both once more for the deck alone, which
/// stands above the ground and moves against it with the view angle.
pub(super) const COLUMNS: usize = 6;

/// Half width of what is taken to move with the track, m: a deck of one track
/// and one road lane.
pub(super) const DECK_M: f64 = 9.0;

/// Gradients of `field` (offset × chainage), times their basis, at `cells`.
pub(super) fn columns(
    field: ArrayView2<f32>,
    offset: Axis,
    chainage: Axis,
    (cells, deck_m): (&[usize], f64),
) -> Array2<f32> {
    let mut out = Array2::zeros((cells.len(), COLUMNS));
    for (mut row, cell) in out.outer_iter_mut().zip(cells) {
        let (i, j) = (cell / chainage.len, cell % chainage.len);
        let values = at(field, (offset, chainage), (i, j), deck_m);
        for (to, v) in row.iter_mut().zip(values) {
            *to = v;
        }
    }
    out
}

/// The columns at one cell; what lies within `deck_m` of the track moves with it.
pub(super) fn at(
    field: ArrayView2<f32>,
    (offset, chainage): (Axis, Axis),
    (i, j): (usize, usize),
    deck_m: f64,
) -> [f32; COLUMNS] {
    let along = central(|k| field[(i, k)], j, chainage);
    let across = central(|k| field[(k, j)], i, offset);
    let position = 2.0 * j as f32 / (chainage.len.max(2) - 1) as f32 - 1.0;
    let deck = f32::from(u8::from(offset.at_m(i).abs() <= deck_m));
    [
        along,
        across,
        along * position,
        across * position,
        along * deck,
        across * deck,
    ]
}

/// Central difference per metre, one-sided at the ends.
fn central(value: impl Fn(usize) -> f32, i: usize, axis: Axis) -> f32 {
    let (a, b) = (i.saturating_sub(1), (i + 1).min(axis.len - 1));
    if a == b {
        return 0.0;
    }
    (value(b) - value(a)) / ((b - a) as f32 * axis.step_m as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_has_constant_gradients() {
        let offset = Axis {
            first_m: -20.0,
            step_m: 5.0,
            len: 9,
        };
        let chainage = Axis {
            first_m: 0.0,
            step_m: 5.0,
            len: 11,
        };
        let field = Array2::from_shape_fn((9, 11), |(i, j)| {
            0.02 * offset.at_m(i) as f32 - 0.01 * chainage.at_m(j) as f32
        });
        let row = at(field.view(), (offset, chainage), (4, 10), DECK_M);
        let expected = [-0.01, 0.02, -0.01, 0.02, -0.01, 0.02];
        for (a, b) in row.iter().zip(expected) {
            assert!((a - b).abs() < 1e-6);
        }
        assert_eq!(
            at(field.view(), (offset, chainage), (0, 5), DECK_M)[4..],
            [0.0, 0.0]
        );
    }
}
