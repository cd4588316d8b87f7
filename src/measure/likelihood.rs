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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::strip::Axis;
    use ndarray::{Array1, Array2};

    fn profile() -> Profile {
        let n = 40;
        let flags = || Array1::from_elem(n, true);
        let axis = Axis {
            first_m: 0.0,
            step_m: 1.5,
            len: n,
        };
        Profile {
            chainage: axis,
            track: Array2::from_shape_fn((2, n), |(b, j)| {
                let inside = f32::from(u8::from(axis.at_m(j) > 30.0));
                inside * (0.1 - 0.15 * b as f32) + 0.002 * ((j * 7 + b) as f32).sin()
            }),
            track_sigma: Array2::from_elem((2, n), 0.01),
            road: Array2::zeros((2, n)),
            road_sigma: Array2::from_elem((2, n), f32::INFINITY),
            usable: flags(),
            covered: flags(),
            clear: flags(),
            band_correlation: ndarray::array![[1.0, 0.3], [0.3, 1.0]],
            lane_correlation: 0.0,
            psf_m: 2.2,
            gsd_m: 3.0,
        }
    }

    fn colour(mean: [f64; 2], covariance: [f64; 3]) -> Colour {
        let [a, ab, b] = covariance;
        Colour {
            mean: DVector::from_row_slice(&mean),
            covariance: DMatrix::from_row_slice(2, 2, &[a, ab, ab, b]),
        }
    }

    fn window() -> Window {
        let reach = Reach {
            guess_m: 30.0,
            half_m: 15.0,
            far_m: 1e9,
        };
        Window::new(&profile(), Side::Start, reach).unwrap()
    }

    /// The textbook density of `N(H μ, H K Hᵀ + N)` with everything written out.
    fn direct(window: &Window, end_m: f64, colour: &Colour) -> f64 {
        let h = window.supported(end_m);
        let blank = DMatrix::zeros(h.nrows(), h.ncols());
        let whole = |a: &DMatrix<f64>, b: &DMatrix<f64>| {
            let mut out = DMatrix::zeros(2 * h.nrows(), 2 * h.ncols());
            out.view_mut((0, 0), h.shape()).copy_from(a);
            out.view_mut(h.shape(), h.shape()).copy_from(b);
            out
        };
        let big = whole(&h, &blank) + {
            let mut low = whole(&blank, &h);
            low.view_mut((0, 0), h.shape()).fill(0.0);
            low
        };
        let along = window.process.map(|k| k + MEAN_SHARE);
        let prior = colour.covariance.kronecker(&along);
        let covariance = &big * prior * big.transpose() + &window.noise;
        let ones = DVector::from_element(h.ncols(), 1.0);
        let left = &window.y - big * colour.mean.kronecker(&ones);
        let inverse = covariance.clone().try_inverse().unwrap();
        let log_determinant = covariance.symmetric_eigen().eigenvalues.map(f64::ln).sum();
        -0.5 * (left.dot(&(inverse * &left)) + log_determinant)
    }

    #[test]
    fn it_equals_the_textbook_density() {
        let window = window();
        let colour = colour([0.1, -0.05], [0.001, 0.0004, 0.002]);
        for end in [25.0, 30.0, 33.0] {
            let seen = window.seen(end);
            let got = window.log_likelihood(&[&seen, &seen], &colour);
            let expected = direct(&window, end, &colour);
            assert!(
                (got - expected).abs() < 1e-6 * expected.abs(),
                "{got} {expected}"
            );
        }
    }

    #[test]
    fn the_true_end_is_the_most_likely() {
        let window = window();
        let colour = colour([0.1, -0.05], [0.001, 0.0, 0.001]);
        let at = |end: f64| {
            let seen = window.seen(end);
            window.log_likelihood(&[&seen, &seen], &colour)
        };
        assert!(at(30.0) > at(25.0) && at(30.0) > at(35.0));
    }
}
