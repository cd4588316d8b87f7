//! What the captures of a series agree on.

use super::correlate::Masked;
use super::features::Features;
use crate::error::{Error, Result};
use crate::strip::{PlanGrid, Shift};

/// A pixel of the consensus needs this share of the captures.
const LEAST_SHARE: f64 = 0.25;

/// Per-pixel median of feature images at their present shifts.
#[derive(Debug, Clone)]
pub struct Consensus {
    pub(super) grid: PlanGrid,
    pub(super) fine: Masked,
    /// Half as many pixels each way, for the search.
    pub(super) coarse: Masked,
}

impl Consensus {
    /// The median of the features where at least a quarter of them can be seen.
    ///
    /// # Errors
    /// No features at all, or features on different grids.
    pub fn of(members: &[(&Features, Shift)]) -> Result<Self> {
        let Some((first, _)) = members.first() else {
            return Err(Error::unsupported(
                "not registered: no capture of the series can be used",
            ));
        };
        let grid = *first.grid();
        if members.iter().any(|(f, _)| *f.grid() != grid) {
            return Err(Error::value(
                "features",
                "on different grids",
                "features of plan views of one grid",
            ));
        }
        let mut fine = Masked::empty(grid.width, grid.height);
        let mut layers = vec![(vec![0.0; grid.width], vec![0.0; grid.width]); members.len()];
        for row in 0..grid.height {
            for ((features, shift), (values, weights)) in members.iter().zip(&mut layers) {
                features.row_at(row, *shift, (values, weights));
            }
            median_row(&layers, fine.row_mut(row));
        }
        Ok(Self {
            grid,
            coarse: fine.halved(),
            fine,
        })
    }
}

fn median_row(layers: &[(Vec<f32>, Vec<f32>)], (values, weights): (&mut [f32], &mut [f32])) {
    let least = ((layers.len() as f64 * LEAST_SHARE).ceil() as usize).max(1);
    let mut seen = Vec::with_capacity(layers.len());
    for (col, (value, weight)) in values.iter_mut().zip(weights).enumerate() {
        seen.clear();
        seen.extend(
            layers
                .iter()
                .filter(|(_, weights)| weights[col] > 0.0)
                .map(|(values, _)| values[col]),
        );
        if seen.len() >= least {
            *value = median_of(&mut seen);
            *weight = 1.0;
        }
    }
}

/// The median of at least one number.
fn median_of(values: &mut [f32]) -> f32 {
    let half = values.len() / 2;
    let odd = values.len() % 2 == 1;
    let (below, middle, _) = values.select_nth_unstable_by(half, f32::total_cmp);
    if odd {
        *middle
    } else {
        let lower = below.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        0.5 * (lower + *middle)
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;

    #[test]
    fn medians_by_hand() {
        assert_eq!(median_of(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median_of(&mut [4.0, 1.0, 2.0, 100.0]), 3.0);
        assert_eq!(median_of(&mut [7.0]), 7.0);
    }

    #[test]
    fn a_series_of_nothing_is_refused() {
        assert!(Consensus::of(&[]).is_err());
    }
}
