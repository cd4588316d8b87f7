//! Marginal likelihood of the place of one end of a train.
//!
//! Inside the train the contrast is a Gaussian process along the track
//! (Rasmussen and Williams 2006, ch. 2) with the train's own mean and
//! covariance over the bands, outside it is zero. The point spread blurs it.
//! With observation matrix `H`, support `x` and noise `N` the samples are
//! `N(H μ, H K Hᵀ + N)`.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::colour::Colour;
use crate::strip::{Profile, sample_correlation};

/// Length over which the contrast of a train varies: about a car, m.
const CAR_M: f64 = 20.0;
/// Uncertainty of the mean contrast as a share of the covariance.
const MEAN_SHARE: f64 = 0.3;
/// Share of the noise that is independent from sample to sample.
const WHITE: f64 = 0.03;

/// Which end of a train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The train lies up-chainage of it.
    Start,
    /// The train lies down-chainage of it.
    End,
}

/// The samples around one end and everything that does not depend on its place.
pub(super) struct Window {
    side: Side,
    /// Observed contrasts, band-major.
    y: DVector<f64>,
    noise: DMatrix<f64>,
    /// Sample × cell of the train: point spread.
    blur: DMatrix<f64>,
    /// Cell × cell: correlation of the contrast.
    process: DMatrix<f64>,
    /// Chainage of the first cell's centre and cell size, m.
    first_m: f64,
    cell_m: f64,
    samples: usize,
    bands: usize,
}

/// The stretch of track an end is looked for in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// Its middle, m.
    pub(super) guess_m: f64,
    /// To both sides of it, m.
    pub(super) half_m: f64,
    /// The far end of the train, which bounds its support, m.
    pub(super) far_m: f64,
}

impl Window {
    /// `None` where fewer than four samples are usable.
    pub(super) fn new(profile: &Profile, side: Side, reach: Reach) -> Option<Self> {
        let cells: Vec<usize> = (0..profile.chainage.len)
            .filter(|j| {
                let at = profile.chainage.at_m(*j);
                profile.usable[*j] && (at - reach.guess_m).abs() < reach.half_m
            })
            .collect();
        if cells.len() < 4 {
            return None;
        }
        let (bands, samples) = (profile.track.nrows(), cells.len());
        let at = |i: usize| profile.chainage.at_m(cells[i]);
        let cell_m = profile.gsd_m / 5.0;
        let margin = reach.half_m + 3.0 * profile.psf_m;
        let first_m = reach.guess_m - margin + 0.5 * cell_m;
        let count = (2.0 * margin / cell_m).ceil() as usize;
        let place = |u: usize| first_m + u as f64 * cell_m;
        let within = |u: usize| match side {
            Side::Start => place(u) <= reach.far_m,
            Side::End => place(u) >= reach.far_m,
        };
        let peak = cell_m / (profile.psf_m * std::f64::consts::TAU.sqrt());
        let blur = DMatrix::from_fn(samples, count, |i, u| {
            let d = (at(i) - place(u)) / profile.psf_m;
            if within(u) {
                peak * (-0.5 * d * d).exp()
            } else {
                0.0
            }
        });
        let process = DMatrix::from_fn(count, count, |u, v| {
            (-(u.abs_diff(v) as f64) * cell_m / CAR_M).exp()
        });
        let noise = DMatrix::from_fn(bands * samples, bands * samples, |p, q| {
            let ((a, i), (b, j)) = ((p / samples, p % samples), (q / samples, q % samples));
            let sigma = |b: usize, i: usize| f64::from(profile.track_sigma[(b, cells[i])]);
            let white = if i == j { WHITE } else { 0.0 };
            let along = (1.0 - WHITE) * sample_correlation(at(i) - at(j), profile.gsd_m) + white;
            profile.band_correlation[(a, b)] * along * sigma(a, i) * sigma(b, j)
        });
        let y = DVector::from_fn(bands * samples, |p, _| {
            f64::from(profile.track[(p / samples, cells[p % samples])])
        });
        Some(Self {
            side,
            y,
            noise,
            blur,
            process,
            first_m,
            cell_m,
            samples,
            bands,
        })
    }

    /// The observation matrix with support from (up to) `end_m`.
    fn supported(&self, end_m: f64) -> DMatrix<f64> {
        let mut out = self.blur.clone();
        for (u, mut column) in out.column_iter_mut().enumerate() {
            let ahead = (self.first_m + u as f64 * self.cell_m - end_m) / self.cell_m;
            let share = match self.side {
                Side::Start => ahead + 0.5,
                Side::End => 0.5 - ahead,
            };
            column *= share.clamp(0.0, 1.0);
        }
        out
    }

    /// Log likelihood of the end at `places_m`, one per band (a moving train
    /// is elsewhere in every band), for a train of this colour.
    pub(super) fn log_likelihood(&self, seen: &[&Seen], colour: &Colour) -> f64 {
        let n = self.samples;
        let mut covariance = self.noise.clone();
        let mut left = self.y.clone();
        for a in 0..self.bands {
            for (i, m) in seen[a].mean.iter().enumerate() {
                left[a * n + i] -= colour.mean[a] * m;
            }
            for b in 0..=a {
                let c = colour.covariance[(a, b)];
                let process = &seen[a].through * seen[b].matrix.transpose();
                let mean = &seen[a].mean * seen[b].mean.transpose() * MEAN_SHARE;
                let mut block = covariance.view_mut((a * n, b * n), (n, n));
                block += (process + mean) * c;
            }
        }
        // Cholesky reads the lower triangle only.
        let Some(factor) = Cholesky::new(covariance) else {
            return f64::NEG_INFINITY;
        };
        let Some(z) = factor.l_dirty().solve_lower_triangular(&left) else {
            return f64::NEG_INFINITY;
        };
        -0.5 * (z.norm_squared() + factor.ln_determinant())
    }

    /// What is needed of one place of the end.
    pub(super) fn seen(&self, end_m: f64) -> Seen {
        let matrix = self.supported(end_m);
        Seen {
            through: &matrix * &self.process,
            mean: matrix.column_sum(),
            matrix,
        }
    }

    /// The grid of places: two cells apart.
    pub(super) fn step_m(&self) -> f64 {
        2.0 * self.cell_m
    }
}

/// A train of unit contrast with its end at one place, as the samples see it.
pub(super) struct Seen {
    matrix: DMatrix<f64>,
    through: DMatrix<f64>,
    mean: DVector<f64>,
}
