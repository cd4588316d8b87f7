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

/// Gradients of `field` (offset × chainage), times their basis, at `cells`:
/// (column, cell).
pub(super) fn columns(
    field: ArrayView2<f32>,
    offset: Axis,
    chainage: Axis,
    (cells, deck_m): (&[usize], f64),
) -> Array2<f32> {
    let mut out = Array2::zeros((COLUMNS, cells.len()));
    for (n, cell) in cells.iter().enumerate() {
        let (i, j) = (cell / chainage.len, cell % chainage.len);
        let values = at(field, (offset, chainage), (i, j), deck_m);
        for (k, v) in values.into_iter().enumerate() {
            out[(k, n)] = v;
        }
    }
    out
}

/// What the columns with these coefficients add to every cell of `field`.
pub(super) fn moved(
    field: ArrayView2<f32>,
    (offset, chainage): (Axis, Axis),
    gamma: [f32; COLUMNS],
    deck_m: f64,
) -> Array2<f32> {
    let mut out = Array2::zeros(field.dim());
    let last = (offset.len.max(1) - 1, chainage.len.max(1) - 1);
    let per_m = |cells: usize, step_m: f64| match cells {
        0 => 0.0,
        n => 1.0 / (n as f32 * step_m as f32),
    };
    for (i, mut to) in out.outer_iter_mut().enumerate() {
        let deck = f32::from(u8::from(on_deck(offset, i, deck_m)));
        let (below, above) = (i.saturating_sub(1), (i + 1).min(last.0));
        let across = per_m(above - below, offset.step_m);
        let (row, low, high) = (field.row(i), field.row(below), field.row(above));
        for (j, to) in to.iter_mut().enumerate() {
            let (a, b) = (j.saturating_sub(1), (j + 1).min(last.1));
            let along = per_m(b - a, chainage.step_m) * (row[b] - row[a]);
            let across = across * (high[j] - low[j]);
            let position = position(chainage, j);
            *to = along * (gamma[0] + gamma[2] * position + gamma[4] * deck)
                + across * (gamma[1] + gamma[3] * position + gamma[5] * deck);
        }
    }
    out
}

/// Where a cell lies along the track, −1 to 1.
fn position(chainage: Axis, j: usize) -> f32 {
    2.0 * j as f32 / (chainage.len.max(2) - 1) as f32 - 1.0
}

fn on_deck(offset: Axis, i: usize, deck_m: f64) -> bool {
    offset.at_m(i).abs() <= deck_m
}

/// The columns at one cell; what lies within `deck_m` of the track moves with it.
fn at(
    field: ArrayView2<f32>,
    (offset, chainage): (Axis, Axis),
    (i, j): (usize, usize),
    deck_m: f64,
) -> [f32; COLUMNS] {
    let along = central(|k| field[(i, k)], j, chainage);
    let across = central(|k| field[(k, j)], i, offset);
    let position = position(chainage, j);
    let deck = f32::from(u8::from(on_deck(offset, i, deck_m)));
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

    #[test]
    fn what_is_added_is_the_columns_times_their_coefficients() {
        let axis = |len: usize| Axis {
            first_m: -6.0,
            step_m: 3.0,
            len,
        };
        let axes = (axis(7), axis(9));
        let field = Array2::from_shape_fn((7, 9), |(i, j)| (1.3 * i as f32 + 0.7 * j as f32).sin());
        let gamma = [0.3, -0.2, 0.1, 0.4, -0.5, 0.6];
        let moved = moved(field.view(), axes, gamma, 4.0);
        for (cell, moved) in moved.indexed_iter() {
            let columns = at(field.view(), axes, cell, 4.0);
            let expected: f32 = columns.iter().zip(gamma).map(|(c, g)| c * g).sum();
            assert!((moved - expected).abs() < 1e-6, "{cell:?}");
        }
    }
}
