//! One capture against the consensus.

use super::consensus::Consensus;
use super::correlate::{Blocks, Masked, moments};
use super::features::Features;
use super::peak::{Top, paraboloid_top};
use crate::error::{Error, Result};
use crate::strip::Shift;

/// How far a capture may lie off, px: six pixels, the worst of orthorectified
/// products; eight where pixels are about 1 m.
const REACH_PX: usize = 6;
const FINE_REACH_PX: usize = 8;

/// A correlation below this is what unrelated images of this size reach.
const LEAST_PEAK: f64 = 0.08;

/// The best place must beat the second by this share of itself.
const LEAST_LEAD: f64 = 0.1;

/// Standard deviation of the misregistration of one band against the others,
/// px: the Sentinel-2 mission requires 0.3 px at 99.7 % (ESA, Sentinel-2
/// User Handbook, 2015), and measured values of PlanetScope are alike. What a
/// mean over bands is off by because of it cannot be seen in that mean.
const BAND_SIGMA_PX: f64 = 0.1;

/// Images of more pixels than this are correlated on every second row, of
/// four times as many on every fourth: noise is not what limits them.
const DENSE_PIXELS: usize = 150_000;

/// Two looks at full resolution: the first lands within a tenth of a pixel,
/// the second, resampled there, has no bias left from the shape of the peak.
const LOOKS: usize = 2;

/// Where a capture lies in the consensus.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Registration {
    /// What is added to the capture's coordinates to match the consensus.
    pub shift: Shift,
    /// Standard deviation of the shift towards east, m: what parts of the
    /// image disagree by (noise, local distortion, seasons) and what bands are
    /// misregistered by, in quadrature.
    pub sigma_east_m: f64,
    /// The same towards north, m.
    pub sigma_north_m: f64,
    /// Correlation at the shift.
    pub peak: f64,
    /// Greatest correlation elsewhere in the range of the search, at half resolution.
    pub second_peak: f64,
}

/// The translation of a capture against the consensus, searched around `start`.
///
/// # Errors
/// [`Error::Unsupported`] with the reason where the shift would be a guess:
/// the peak is weak, no better than another, or on the border of the search.
pub fn register(features: &Features, consensus: &Consensus, start: Shift) -> Result<Registration> {
    let found = located(features, consensus, start)?;
    if found.peak < LEAST_PEAK {
        return Err(Error::unsupported(format!(
            "not registered: agrees with the other captures to {:.2} only, less than {LEAST_PEAK}",
            found.peak
        )));
    }
    if found.second_peak > (1.0 - LEAST_LEAD) * found.peak {
        return Err(Error::unsupported(format!(
            "not registered: two shifts fit about as well as each other ({:.2} and {:.2})",
            found.peak, found.second_peak
        )));
    }
    Ok(found)
}

/// The best shift, whatever its worth.
///
/// # Errors
/// Different grids, a peak on the border of the search, or none at all.
pub(super) fn located(
    features: &Features,
    consensus: &Consensus,
    start: Shift,
) -> Result<Registration> {
    let grid = &consensus.grid;
    if features.grid() != grid {
        return Err(Error::value(
            "features",
            "on another grid than the consensus",
            "features of a plan view of the same grid",
        ));
    }
    let coarse = searched(features, consensus, start)?;
    let mut shift = coarse.shift;
    let mut looks = 0;
    loop {
        let near = Neighbourhood::of(&consensus.fine, &moved(features, shift));
        let top = near.top().ok_or_else(no_peak)?;
        let step = |d: f64| d.clamp(-1.0, 1.0) * grid.pixel_m;
        shift.east_m -= step(top.col);
        shift.north_m += step(top.row);
        looks += 1;
        let far = top.col.abs().max(top.row.abs()) > 0.5;
        if looks >= LOOKS && !(far && looks < 2 * LOOKS) {
            let (sigma_col, sigma_row) = near.sigma_px(features.bands());
            return Ok(Registration {
                shift,
                sigma_east_m: sigma_col * grid.pixel_m,
                sigma_north_m: sigma_row * grid.pixel_m,
                peak: top.value,
                second_peak: coarse.second,
            });
        }
    }
}

fn no_peak() -> Error {
    Error::unsupported("not registered: no shift fits better than its neighbours")
}

/// The features as an image once moved by `shift`.
fn moved(features: &Features, shift: Shift) -> Masked {
    let grid = features.grid();
    let mut out = Masked::empty(grid.width, grid.height);
    for row in 0..grid.height {
        features.row_at(row, shift, out.row_mut(row));
    }
    out
}

/// What the search at half resolution found.
struct Found {
    shift: Shift,
    second: f64,
}

/// The best shift on a grid of two pixels over the whole range.
fn searched(features: &Features, consensus: &Consensus, start: Shift) -> Result<Found> {
    let grid = &consensus.grid;
    let reach_px = if grid.pixel_m < 1.5 {
        FINE_REACH_PX
    } else {
        REACH_PX
    };
    let reach = (reach_px / 2) as isize;
    let image = moved(features, start).halved();
    let stride = row_stride(&image);
    let side = 2 * reach as usize + 1;
    let surface: Vec<Vec<f64>> = (-reach..=reach)
        .map(|row| {
            (-reach..=reach)
                .map(|col| {
                    moments(&consensus.coarse, &image, (row, col), stride)
                        .total()
                        .correlation()
                })
                .collect()
        })
        .collect();
    let (row, col, peak) = highest(&surface, |_, _| true).ok_or_else(no_peak)?;
    if peak > -1.0 && [row, col].iter().any(|&k| k == 0 || k + 1 == side) {
        return Err(Error::unsupported(format!(
            "not registered: the best shift lies on the border of the search, {reach_px} px away"
        )));
    }
    let second = highest(&surface, |r, c| {
        (r.abs_diff(row) > 1 || c.abs_diff(col) > 1) && is_local_top(&surface, r, c)
    });
    let size_m = 2.0 * grid.pixel_m;
    Ok(Found {
        shift: Shift {
            east_m: start.east_m - (col as f64 - reach as f64) * size_m,
            north_m: start.north_m + (row as f64 - reach as f64) * size_m,
        },
        second: second.map_or(-1.0, |s| s.2),
    })
}

/// The highest of the samples that may be looked at; the first of equals.
fn highest(
    surface: &[Vec<f64>],
    may: impl Fn(usize, usize) -> bool,
) -> Option<(usize, usize, f64)> {
    let mut best: Option<(usize, usize, f64)> = None;
    for (row, line) in surface.iter().enumerate() {
        for (col, &value) in line.iter().enumerate() {
            if may(row, col) && best.is_none_or(|b| value > b.2) {
                best = Some((row, col, value));
            }
        }
    }
    best
}

/// Whether no neighbour is higher; slopes that lead off the border do not count as tops.
fn is_local_top(surface: &[Vec<f64>], row: usize, col: usize) -> bool {
    let inside = |k: usize| k > 0 && k + 1 < surface.len();
    inside(row)
        && inside(col)
        && (row - 1..=row + 1)
            .all(|r| (col - 1..=col + 1).all(|c| surface[r][c] <= surface[row][col]))
}

fn row_stride(image: &Masked) -> usize {
    match image.width * image.height / DENSE_PIXELS {
        0 => 1,
        1..4 => 2,
        _ => 4,
    }
}

/// Moments at the 3 × 3 displacements around zero.
struct Neighbourhood([[Blocks; 3]; 3]);

impl Neighbourhood {
    fn of(reference: &Masked, image: &Masked) -> Self {
        let stride = row_stride(image);
        Self([-1, 0, 1].map(|r| [-1, 0, 1].map(|c| moments(reference, image, (r, c), stride))))
    }

    fn top(&self) -> Option<Top> {
        let z = self.0.map(|r| r.map(|b| b.total().correlation()));
        paraboloid_top(&z)
    }

    /// Standard deviations of the top by column and row, px.
    ///
    /// The delete-one jackknife (Efron 1982) over 16 blocks and over 4
    /// quadrants, whichever says more: distortion that is smooth over several
    /// blocks makes them err together, and only quadrants show it.
    fn sigma_px(&self, bands: usize) -> (f64, f64) {
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
