//! A close look at full resolution: the top, and how well it is known.

use super::correlate::{Blocks, Masked, moments, row_stride};
use super::peak::{Top, paraboloid_top};

/// Standard deviation of the misregistration of one band against the others,
/// px: the Sentinel-2 mission requires 0.3 px at 99.7 % (ESA, Sentinel-2
/// User Handbook, 2015). What a mean over bands is off by because of it cannot
/// be seen in that mean.
const BAND_SIGMA_PX: f64 = 0.1;

/// Pixels beyond which noise is not what limits the shift.
const ENOUGH_PIXELS: usize = 100_000;

/// Moments at the 3 × 3 displacements around zero.
pub(super) struct Neighbourhood([[Blocks; 3]; 3]);

impl Neighbourhood {
    pub(super) fn of(reference: &Masked, image: &Masked) -> Self {
        let stride = row_stride(image, ENOUGH_PIXELS);
        Self([-1, 0, 1].map(|r| [-1, 0, 1].map(|c| moments(reference, image, (r, c), stride))))
    }

    pub(super) fn top(&self) -> Option<Top> {
        let z = self.0.map(|r| r.map(|b| b.total().correlation()));
        paraboloid_top(&z)
    }

    /// Standard deviations of the top by column and row, px.
    ///
    /// The delete-one jackknife (Efron 1982) over 16 blocks and over 4
    /// quadrants, whichever says more: distortion that is smooth over several
    /// blocks makes them err together, and only quadrants show it.
    pub(super) fn sigma_px(&self, bands: usize) -> (f64, f64) {
        let band_px = if bands > 1 {
            BAND_SIGMA_PX / (bands as f64).sqrt()
        } else {
            0.0
        };
        let (blocks, quadrants) = (self.jackknife_px(1), self.jackknife_px(2));
        let (col, row) = match (blocks, quadrants) {
            (Some(b), Some(q)) => (b.0.max(q.0), b.1.max(q.1)),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => (f64::INFINITY, f64::INFINITY),
        };
        (col.hypot(band_px), row.hypot(band_px))
    }

    /// √((n−1)/n · Σ (xᵢ − x̄)²) over the tops without one group of blocks each.
    fn jackknife_px(&self, side: usize) -> Option<(f64, f64)> {
        let groups = self.0.map(|r| r.map(|b| b.grouped(side)));
        let totals = self.0.map(|r| r.map(|b| b.total()));
        let tops: Vec<Top> = (0..groups[1][1].len())
            .filter(|&k| groups[1][1][k].holds_any())
            .filter_map(|k| {
                let z: [[f64; 3]; 3] = std::array::from_fn(|r| {
                    std::array::from_fn(|c| totals[r][c].without(&groups[r][c][k]).correlation())
                });
                paraboloid_top(&z)
            })
            .collect();
        let n = tops.len() as f64;
        let spread = |x: fn(&Top) -> f64| {
            let mean = tops.iter().map(x).sum::<f64>() / n;
            let sum: f64 = tops.iter().map(|t| (x(t) - mean).powi(2)).sum();
            ((n - 1.0) / n * sum).sqrt()
        };
        (n > 1.5).then(|| (spread(|t| t.col), spread(|t| t.row)))
    }
}
