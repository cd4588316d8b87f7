//! Evidence of a gap between two cars at one place.
//!
//! Around a gap the contrast is a constant and a slope (loads and decks vary
//! slowly), a step where the next car has another colour, and a dip where
//! ballast, shade and couplings show between the bodies, both blurred by the
//! point spread. Step and dip are Gaussian with covariances taken from the
//! train; their marginal likelihood against none of them is the Bayes factor
//! (Kass and Raftery 1995, *JASA* 90, 773) of a gap there.

use nalgebra::{Cholesky, DMatrix, DVector};
use statrs::function::erf::erf;

use super::consist::Grid;
use super::noise::Noise;
use crate::strip::{Profile, sample_correlation};

/// Distance between the bodies of coupled cars, m: about what lengths over
/// couplers exceed those of bodies by. Assumed, not measured: a gap is hardly
/// resolved, so that its width and its depth are one (the depth is free).
pub const GAP_M: f64 = 1.0;

/// A window reaches so far to both sides of a gap, m: half the shortest car,
/// so that the windows of neighbouring gaps do not overlap.
const REACH_M: f64 = 5.0;

/// Fewer samples in a window than this say nothing.
const LEAST_SAMPLES: usize = 7;

/// Share of gaps that do not show: tarpaulins, equal brightness, articulated sets.
const HIDDEN: f64 = 0.05;

/// Logarithm of the odds of something on a roof that looks just like a gap,
/// at one place: no gap counts for more than this.
const MOST: f64 = 9.0;

/// Places nearer than this to a likely gap compete with it, m.
const RIVALS_M: f64 = 2.5;

/// A dip differs from the train's mean contrast by so much, as a share of its size.
const DIP_SPREAD: f64 = 0.4;

/// A train's profile, ready to be asked for gaps.
pub(super) struct Gaps<'a> {
    profile: &'a Profile,
    noise: &'a Noise,
    within_m: (f64, f64),
    /// Second moments over whitened bands.
    dip: DMatrix<f64>,
    step: DMatrix<f64>,
}

impl<'a> Gaps<'a> {
    /// `within_m`: where the train stands, m. `None` where little of it is usable.
    pub(super) fn new(
        profile: &'a Profile,
        within_m: (f64, f64),
        noise: &'a Noise,
    ) -> Option<Self> {
        let axis = profile.chainage;
        let cells: Vec<usize> = (0..axis.len)
            .filter(|j| {
                let at = axis.at_m(*j);
                profile.usable[*j] && at > within_m.0 + 1.0 && at < within_m.1 - 1.0
            })
            .collect();
        if cells.len() < LEAST_SAMPLES {
            return None;
        }
        let y = noise.whitened(profile, &cells);
        let mean = y.column_mean();
        let n = cells.len() as f64;
        let mut spread = DMatrix::zeros(noise.bands(), noise.bands());
        for column in y.column_iter() {
            let left = column - &mean;
            spread += &left * left.transpose() / n;
        }
        let size = mean.norm_squared() / noise.bands() as f64;
        Some(Self {
            profile,
            noise,
            within_m,
            // A gap shows the track, that is no contrast: it falls by the mean
            // contrast of the train, more or less, and some noise besides.
            dip: &mean * mean.transpose() + noise.unit() * (DIP_SPREAD.powi(2) * size + 1.0),
            // Two cars drawn from the train differ by twice its variance.
            step: spread * 2.0,
        })
    }

    /// Log evidence of a gap at every place of the grid.
    ///
    /// Bounded to both sides: a gap may be hidden, and what looks like one may
    /// be something else. The shape of each peak is kept.
    pub(super) fn evidence(&self, grid: Grid) -> Vec<f64> {
        let raw: Vec<f64> = (0..grid.len).map(|i| self.at(grid.at_m(i))).collect();
        let reach = (RIVALS_M / grid.step_m).round() as usize;
        (0..raw.len())
            .map(|i| {
                let near = &raw[i.saturating_sub(reach)..(i + reach + 1).min(raw.len())];
                let peak = near.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let lowered = raw[i] - (peak - MOST).max(0.0);
                (HIDDEN + (1.0 - HIDDEN) * lowered.exp()).ln()
            })
            .collect()
    }

    /// Log Bayes factor of a gap at `at_m` against none.
    fn at(&self, at_m: f64) -> f64 {
        let axis = self.profile.chainage;
        let (low, high) = (
            (at_m - REACH_M).max(self.within_m.0 + 1.0),
            (at_m + REACH_M).min(self.within_m.1 - 1.0),
        );
        let cells: Vec<usize> = (axis.cell_at(low)..=axis.cell_at(high))
            .filter(|j| {
                let at = axis.at_m(*j);
                self.profile.usable[*j] && at >= low && at <= high
            })
            .collect();
        if cells.len() < LEAST_SAMPLES || high - at_m < 2.0 || at_m - low < 2.0 {
            return 0.0;
        }
        let places: Vec<f64> = cells.iter().map(|j| axis.at_m(*j) - at_m).collect();
        let Some(shapes) = Shapes::new(&places, self.profile) else {
            return 0.0;
        };
        let y = self.noise.whitened(self.profile, &cells);
        let (same, differing) = (
            shapes.log_factor(&y, &self.dip, None),
            shapes.log_factor(&y, &self.dip, Some(&self.step)),
        );
        // Half the neighbours in a train are alike.
        let high = same.max(differing);
        high + (0.5 * (same - high).exp() + 0.5 * (differing - high).exp()).ln()
    }
}

/// Dip and step over the samples of one window, with all constants and slopes
/// taken out and the noise made independent.
struct Shapes {
    /// Sample × (dip, step).
    columns: DMatrix<f64>,
    /// Takes samples to independent ones.
    whiten: DMatrix<f64>,
}

impl Shapes {
    /// `places`: of the samples against the gap, m.
    fn new(places: &[f64], profile: &Profile) -> Option<Self> {
        let n = places.len();
        let correlation = DMatrix::from_fn(n, n, |i, j| {
            let own = if i == j { 0.03 } else { 0.0 };
            own + 0.97 * sample_correlation(places[i] - places[j], profile.gsd_m)
        });
        let whiten = Cholesky::new(correlation)?.l().try_inverse()?;
        let per = 1.0 / (profile.psf_m * std::f64::consts::SQRT_2);
        let edge = |u: f64| 0.5 * (1.0 + erf(u * per));
        let shape = DMatrix::from_fn(n, 2, |i, k| {
            let (left, right) = (edge(places[i] + 0.5 * GAP_M), edge(places[i] - 0.5 * GAP_M));
            if k == 0 {
                left - right
            } else {
                0.5 * (left + right) - 0.5
            }
        });
        let smooth = DMatrix::from_fn(n, 2, |i, k| if k == 0 { 1.0 } else { places[i] });
        let smooth = &whiten * smooth;
        let inverse = (smooth.transpose() * &smooth).try_inverse()?;
        let project = DMatrix::identity(n, n) - &smooth * inverse * smooth.transpose();
        Some(Self {
            columns: &project * &whiten * shape,
            whiten: project * whiten,
        })
    }

    /// Log Bayes factor of Gaussian dips, and steps if given, against none:
    /// `½ bᵀ (I + P G)⁻¹ P b − ½ ln |I + P G|` with `G` the products of the
    /// shapes, `b` those with the data and `P` the prior covariance.
    fn log_factor(&self, y: &DMatrix<f64>, dip: &DMatrix<f64>, step: Option<&DMatrix<f64>>) -> f64 {
        let bands = y.nrows();
        let shapes = 1 + usize::from(step.is_some());
        let columns = self.columns.columns(0, shapes);
        let products = columns.transpose() * columns;
        let with_data = columns.transpose() * &self.whiten * y.transpose();
        let size = shapes * bands;
        let b = DVector::from_fn(size, |p, _| with_data[(p / bands, p % bands)]);
        let prior = DMatrix::from_fn(size, size, |p, q| match (p / bands, q / bands, step) {
            (0, 0, _) => dip[(p, q)],
            (1, 1, Some(step)) => step[(p - bands, q - bands)],
            _ => 0.0,
        });
        let gram = DMatrix::from_fn(size, size, |p, q| {
            if p % bands == q % bands {
                products[(p / bands, q / bands)]
            } else {
                0.0
            }
        });
        let whole = DMatrix::identity(size, size) + &prior * gram;
        let factor = whole.lu();
        let determinant = factor.determinant();
        match factor.solve(&(prior * &b)) {
            Some(x) if determinant > 0.0 => 0.5 * b.dot(&x) - 0.5 * determinant.ln(),
            _ => 0.0,
        }
    }
}
