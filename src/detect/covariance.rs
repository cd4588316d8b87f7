//! How captures of an empty track vary together.

use nalgebra::{Cholesky, DMatrix};

/// Rounds of expectation and maximisation; the gaps are few.
const ROUNDS: usize = 4;
/// Keeps a covariance of few cells solvable, as a share of its mean variance.
const LEAST_SHARE: f64 = 1e-6;

/// Rows of values with their gaps filled by expectation.
pub(super) struct Completed {
    /// Row × cell kept.
    values: DMatrix<f64>,
    /// The cells of the input that were kept: those seen in two rows or more.
    cells: Vec<usize>,
    /// What the gaps leave uncertain, a cell.
    spread: DMatrix<f64>,
}

impl Completed {
    /// Fills the gaps of `values` (row × cell, mean zero), known where `seen`, by
    /// expectation and maximisation (Dempster, Laird and Rubin 1977).
    ///
    /// `None` where no cell is seen in two rows.
    pub(super) fn new(values: &DMatrix<f64>, seen: &DMatrix<bool>) -> Option<Self> {
        let rows = values.nrows();
        let cells: Vec<usize> = (0..values.ncols())
            .filter(|j| 2 * seen.column(*j).iter().filter(|s| **s).count() > rows.min(3))
            .collect();
        if cells.is_empty() {
            return None;
        }
        let count = cells.len() as f64;
        let mut filled = DMatrix::from_fn(rows, cells.len(), |i, j| {
            f64::from(u8::from(seen[(i, cells[j])])) * values[(i, cells[j])]
        });
        let mut covariance = &filled * filled.transpose() / count;
        let mut spread = DMatrix::zeros(rows, rows);
        let patterns = patterns(seen, &cells);
        for _ in 0..ROUNDS {
            regularise(&mut covariance);
            spread.fill(0.0);
            for (shown, members) in &patterns {
                complete(&mut filled, &mut spread, &covariance, (shown, members))?;
            }
            covariance = (&filled * filled.transpose() + &spread) / count;
        }
        Some(Self {
            values: filled,
            cells,
            spread: spread / count,
        })
    }

    /// Covariance of the rows over the cells that `takes_part` says.
    ///
    /// `None` where that is none.
    pub(super) fn covariance(&self, takes_part: impl Fn(usize) -> bool) -> Option<DMatrix<f64>> {
        let part: Vec<usize> = (0..self.cells.len())
            .filter(|i| takes_part(self.cells[*i]))
            .collect();
        if part.is_empty() {
            return None;
        }
        let values = self.values.select_columns(&part);
        let mut covariance = &values * values.transpose() / part.len() as f64 + &self.spread;
        regularise(&mut covariance);
        Some(covariance)
    }
}

fn regularise(covariance: &mut DMatrix<f64>) {
    let n = covariance.nrows();
    let least = LEAST_SHARE * covariance.trace() / n as f64;
    for i in 0..n {
        covariance[(i, i)] += least.max(f64::MIN_POSITIVE);
    }
}

/// Cells by the rows they are seen in.
fn patterns(seen: &DMatrix<bool>, cells: &[usize]) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut patterns = std::collections::BTreeMap::<Vec<usize>, Vec<usize>>::new();
    for (to, cell) in cells.iter().enumerate() {
        let shown = (0..seen.nrows())
            .filter(|i| seen[(*i, *cell)])
            .collect::<Vec<usize>>();
        patterns.entry(shown).or_default().push(to);
    }
    patterns.into_iter().collect()
}

/// Fills the gaps of the cells `members` by their expectation from the rows
/// `shown`, and adds what that leaves uncertain to `spread`.
fn complete(
    filled: &mut DMatrix<f64>,
    spread: &mut DMatrix<f64>,
    covariance: &DMatrix<f64>,
    (shown, members): (&[usize], &[usize]),
) -> Option<()> {
    let hidden: Vec<usize> = (0..covariance.nrows())
        .filter(|i| shown.binary_search(i).is_err())
        .collect();
    if hidden.is_empty() {
        return Some(());
    }
    let known = covariance.select_rows(shown).select_columns(shown);
    let cross = covariance.select_rows(shown).select_columns(&hidden);
    let own = covariance.select_rows(&hidden).select_columns(&hidden);
    let weights = Cholesky::new(known)?.solve(&cross);
    let left = own - weights.transpose() * &cross;
    for (a, i) in hidden.iter().enumerate() {
        for (b, j) in hidden.iter().enumerate() {
            spread[(*i, *j)] += left[(a, b)] * members.len() as f64;
        }
    }
    for cell in members {
        for (a, i) in hidden.iter().enumerate() {
            filled[(*i, *cell)] = (shown.iter().enumerate())
                .map(|(k, row)| weights[(k, a)] * filled[(*row, *cell)])
                .sum();
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Two rows that are equal but for a sign, and a third of its own.
    fn values() -> DMatrix<f64> {
        DMatrix::from_fn(3, 40, |i, j| {
            let common = ((7 * j) % 11) as f64 - 5.0;
            [common, -common, ((5 * j) % 13) as f64 - 6.0][i]
        })
    }

    fn covariance(values: &DMatrix<f64>, seen: &DMatrix<bool>) -> Option<DMatrix<f64>> {
        Completed::new(values, seen)?.covariance(|_| true)
    }

    #[test]
    fn cells_left_out_have_no_part() {
        let mut values = values();
        values.column_mut(7).fill(1e3);
        let completed = Completed::new(&values, &DMatrix::from_element(3, 40, true)).unwrap();
        let got = completed.covariance(|j| j != 7).unwrap();
        let rest = values.remove_column(7);
        let expected = &rest * rest.transpose() / 39.0;
        // Nothing but what keeps the covariance solvable is added.
        assert!((got - &expected).amax() < 1e-3 * expected.amax());
        assert!(completed.covariance(|_| false).is_none());
    }

    #[test]
    fn without_gaps_it_is_the_mean_of_products() {
        let values = values();
        let got = covariance(&values, &DMatrix::from_element(3, 40, true)).unwrap();
        let expected = &values * values.transpose() / 40.0;
        assert!((got - &expected).amax() < 1e-3 * expected.amax());
    }

    #[test]
    fn gaps_are_filled_from_rows_that_vary_together() {
        let values = values();
        let seen = DMatrix::from_fn(3, 40, |i, j| i != 1 || j % 3 != 0);
        let got = covariance(&values, &seen).unwrap();
        let expected = &values * values.transpose() / 40.0;
        // Taking gaps for zeros would lose a third.
        let (cross, own) = (
            got[(0, 1)] / expected[(0, 1)],
            got[(1, 1)] / expected[(1, 1)],
        );
        assert!(
            (cross - 1.0).abs() < 0.05 && (own - 1.0).abs() < 0.05,
            "{cross} {own}"
        );
    }

    #[test]
    fn nothing_seen_gives_nothing() {
        assert!(covariance(&values(), &DMatrix::from_element(3, 40, false)).is_none());
    }
}
