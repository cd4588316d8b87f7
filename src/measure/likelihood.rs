//! Marginal likelihood of the place of one end of a train.
//!
//! Inside the train the contrast is a Gaussian process along the track
//! (Rasmussen and Williams 2006, ch. 2) with the train's own mean and
//! covariance over the bands, outside it is zero. The point spread blurs it.
//! With observation matrix `H`, support `x` and noise `N` the samples are
//! `N(H μ, H K Hᵀ + N)`.
//!
//! Colour and noise are each a covariance over the bands times one along the
//! track, so both are made diagonal over the bands at once (Golub and Van Loan
//! 2013, 8.7.1) and the likelihood is a product over channels. The process is
//! Markov along the track, so a cell more of support is a change of rank two.
//!
//! The last car may look much like the track, as dark locomotives do on a dark
//! deck. An end is then a car further out than where the contrast ends; both
//! ways to end there are weighed by how common they are. Where the strip shows
//! single cars it shows a faint one as well, and the gap before any last car
//! would pass for the beginning of a faint one.

use nalgebra::{Cholesky, DMatrix, DVector, SymmetricEigen};

use super::cars::SHARP_M;
use super::colour::Colour;
use super::noise::NoiseShape;
use crate::strip::Profile;

/// Length over which the contrast of a train varies: about a car, m.
const CAR_M: f64 = 20.0;
/// Uncertainty of the mean contrast as a share of the covariance.
const MEAN_SHARE: f64 = 0.3;
/// Cells of the train in a ground sample distance.
const CELLS_PER_GSD: f64 = 5.0;
/// Cells from one place tried to the next.
const STRIDE: usize = 2;
/// Share of the window over which places are tried.
const SEARCHED: f64 = 0.75;
/// How well the blur of an end is known, as a share of the point spread: no
/// function says exactly how sharp a capture is, and cars have rounded ends.
const BLUR_SHARE: f64 = 0.25;
/// How often the car at an end looks much like the track …
const FAINT_SHARE: f64 = 0.15;
/// … and its length, m: a locomotive (M62: 17.55 m over couplers) less a coupler.
const FAINT_CAR_M: f64 = 17.0;

/// Which end of a train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The train lies up-chainage of it.
    Start,
    /// The train lies down-chainage of it.
    End,
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

/// The samples around one end and everything that does not depend on its place.
pub(super) struct Window {
    side: Side,
    reach: Reach,
    /// Chainages of the samples, m.
    at_m: Vec<f64>,
    psf_m: f64,
    cell_m: f64,
    /// Sample × sample, of unit variance over the channels.
    noise: DMatrix<f64>,
    channels: Vec<Channel>,
}

/// A combination of the bands in which colour and noise are independent of the others.
struct Channel {
    /// Sample × speed: what is seen, put back to where the train was.
    seen: DMatrix<f64>,
    /// Mean contrast of the train.
    mean: f64,
    /// Variance of its contrast.
    variance: f64,
    /// Variance of the contrast of a car that looks much like the track.
    faint: f64,
}

/// What the samples see of a train of unit contrast that grows cell by cell.
#[derive(Clone)]
struct Support {
    /// Sample × sample: covariance of a contrast that varies from car to car; only its
    /// lower triangle counts.
    process: DMatrix<f64>,
    /// What they see of a contrast that is everywhere the same.
    mean: DVector<f64>,
    /// Covariance of each with the last cell.
    behind: DVector<f64>,
    /// What they see of the last cell.
    edge: DVector<f64>,
}

impl Support {
    fn none(samples: usize) -> Self {
        Self {
            process: DMatrix::zeros(samples, samples),
            mean: DVector::zeros(samples),
            behind: DVector::zeros(samples),
            edge: DVector::zeros(samples),
        }
    }

    /// A cell more, of which the samples see `blur`; `stay` is the correlation
    /// of a cell with the one before it.
    fn grow(&mut self, blur: &DVector<f64>, stay: f64) {
        self.process.syger(1.0, &self.behind, blur, 1.0);
        self.behind += blur;
        self.process.syger(1.0, blur, &self.behind, 1.0);
        self.behind *= stay;
        self.mean += blur;
        self.edge.copy_from(blur);
    }
}

impl Window {
    /// `shifts_m`: per speed and band, how far up-chainage a train appears.
    ///
    /// `None` where fewer than four samples are usable.
    pub(super) fn new(
        profile: &Profile,
        (side, reach): (Side, Reach),
        colour: &Colour,
        noise: &NoiseShape,
        shifts_m: &[Vec<f64>],
    ) -> Option<Self> {
        let axis = profile.chainage;
        let cells: Vec<usize> = (0..axis.len)
            .filter(|j| {
                profile.measurable[*j] && (axis.at_m(*j) - reach.guess_m).abs() < reach.half_m
            })
            .collect();
        if cells.len() < 4 {
            return None;
        }
        let at_m: Vec<f64> = cells.iter().map(|j| axis.at_m(*j)).collect();
        let scales = Scales::of(profile, &cells);
        let along = DMatrix::from_fn(cells.len(), cells.len(), |i, k| {
            scales.along[i] * scales.along[k] * noise.along(at_m[i] - at_m[k], profile.gsd_m)
        });
        Some(Self {
            side,
            reach,
            channels: channels(profile, &at_m, (&scales, noise), colour, shifts_m)?,
            at_m,
            psf_m: profile.psf_m,
            cell_m: profile.gsd_m / CELLS_PER_GSD,
            noise: along,
        })
    }

    /// Places, m, and the log likelihood of the end there for each speed.
    pub(super) fn log_likelihoods(&self) -> Vec<(f64, Vec<f64>)> {
        let up = self.outwards();
        // From well inside the train outwards, a cell at a time.
        let inside_m = (self.reach.half_m + 3.0 * self.psf_m)
            .min((self.reach.guess_m - self.reach.far_m) * up)
            .max(0.0);
        let cells = (inside_m / self.cell_m).round() as i64;
        let outside = (SEARCHED * self.reach.half_m / self.cell_m).round() as i64;
        let car = (FAINT_CAR_M / self.cell_m).round().max(1.0) as usize;
        let mut support = Support::none(self.at_m.len());
        let mut shorter: Vec<Support> = Vec::new();
        let mut out = Vec::new();
        for k in -cells..=outside {
            let place = |k: f64| self.reach.guess_m + up * k * self.cell_m;
            if k.abs() <= outside && k.rem_euclid(STRIDE as i64) == 0 {
                let mut log = self.log_likelihood(&support, None);
                if let Some(bright) = shorter.len().checked_sub(car).map(|i| &shorter[i]) {
                    let faint = self.faint_car(place(k as f64), car);
                    weigh(&mut log, &self.log_likelihood(bright, Some(&faint)));
                }
                out.push((place(k as f64), log));
            }
            if self.psf_m > SHARP_M {
                shorter.push(support.clone());
            }
            support.grow(&self.blur(place(k as f64 + 0.5)), self.stay());
        }
        out
    }

    /// Direction along the chainage in which the train ends.
    fn outwards(&self) -> f64 {
        match self.side {
            Side::Start => -1.0,
            Side::End => 1.0,
        }
    }

    /// Correlation of the contrasts of a cell and the next.
    fn stay(&self) -> f64 {
        (-self.cell_m / CAR_M).exp()
    }

    /// What the samples see of a car of so many cells that ends at a place.
    fn faint_car(&self, end_m: f64, cells: usize) -> DMatrix<f64> {
        let mut car = Support::none(self.at_m.len());
        for i in 0..cells {
            let middle_m = end_m - self.outwards() * (i as f64 + 0.5) * self.cell_m;
            car.grow(&self.blur(middle_m), self.stay());
        }
        car.process
    }

    /// What the samples see of a cell of unit contrast.
    fn blur(&self, middle_m: f64) -> DVector<f64> {
        let peak = self.cell_m / (self.psf_m * std::f64::consts::TAU.sqrt());
        DVector::from_iterator(
            self.at_m.len(),
            self.at_m.iter().map(|at| {
                let d = (at - middle_m) / self.psf_m;
                peak * (-0.5 * d * d).exp()
            }),
        )
    }

    /// For each speed, of a train with this support and a faint car at its end.
    fn log_likelihood(&self, train: &Support, faint_car: Option<&DMatrix<f64>>) -> Vec<f64> {
        let mean = &train.mean;
        let mut shape = train.process.clone();
        shape.syger(MEAN_SHARE, mean, mean, 1.0);
        let speeds = self.channels.first().map_or(0, |c| c.seen.ncols());
        // By how many cells an end may seem to lie elsewhere, sample by sample.
        let moved = BLUR_SHARE * self.psf_m / self.cell_m;
        let mut out = vec![0.0; speeds];
        for channel in &self.channels {
            let mut covariance = &self.noise + &shape * channel.variance;
            let unsharp = (channel.variance + channel.mean.powi(2)) * moved.powi(2);
            for (i, edge) in train.edge.iter().enumerate() {
                covariance[(i, i)] += unsharp * edge * edge;
            }
            if let Some(car) = faint_car {
                covariance += car * channel.faint;
            }
            let mut left = channel.seen.clone();
            for mut column in left.column_iter_mut() {
                column.axpy(-channel.mean, mean, 1.0);
            }
            let solved = Cholesky::new(covariance).and_then(|factor| {
                let z = factor.l_dirty().solve_lower_triangular(&left)?;
                Some((z, factor.ln_determinant()))
            });
            let Some((z, ln_determinant)) = solved else {
                return vec![f64::NEG_INFINITY; speeds];
            };
            for (log, z) in out.iter_mut().zip(z.column_iter()) {
                *log -= 0.5 * (z.norm_squared() + ln_determinant);
            }
        }
        out
    }
}

/// Ends with an ordinary car and with a faint one, as common as they are.
fn weigh(log: &mut [f64], faint: &[f64]) {
    for (log, faint) in log.iter_mut().zip(faint) {
        let (a, b) = (*log + (1.0 - FAINT_SHARE).ln(), faint + FAINT_SHARE.ln());
        let high = a.max(b);
        if high > f64::NEG_INFINITY {
            *log = high + ((a - high).exp() + (b - high).exp()).ln();
        }
    }
}

/// Noise of the samples of a window as a product of bands and places.
struct Scales {
    bands: Vec<f64>,
    along: Vec<f64>,
}

impl Scales {
    fn of(profile: &Profile, cells: &[usize]) -> Self {
        let bands = profile.track_sigma.nrows();
        let log = |b: usize, j: usize| f64::from(profile.track_sigma[(b, j)]).ln();
        let of_band = |b: usize| cells.iter().map(|j| log(b, *j)).sum::<f64>() / cells.len() as f64;
        let logs: Vec<f64> = (0..bands).map(of_band).collect();
        let of_place = |j: usize| (0..bands).map(|b| log(b, j) - logs[b]).sum::<f64>();
        let along = cells.iter().map(|j| (of_place(*j) / bands as f64).exp());
        Self {
            along: along.collect(),
            bands: logs.iter().map(|l| l.exp()).collect(),
        }
    }
}

fn channels(
    profile: &Profile,
    at_m: &[f64],
    (scales, noise): (&Scales, &NoiseShape),
    colour: &Colour,
    shifts_m: &[Vec<f64>],
) -> Option<Vec<Channel>> {
    let bands = scales.bands.len();
    let between = DMatrix::from_fn(bands, bands, |a, b| {
        noise.between(a, b) * scales.bands[a] * scales.bands[b]
    });
    let whiten = Cholesky::new(between)?.l().try_inverse()?;
    let eigen = SymmetricEigen::new(&whiten * &colour.covariance * whiten.transpose());
    let turned = eigen.eigenvectors.transpose() * whiten;
    let mean = &turned * &colour.mean;
    // Channels share a faint car; what they share of it is left out.
    let faint = &turned * &colour.faint * turned.transpose();
    let seen: Vec<DMatrix<f64>> = shifts_m
        .iter()
        .map(|shifts| {
            let seen = DMatrix::from_fn(bands, at_m.len(), |b, i| {
                profile.track_at(b, at_m[i] + shifts.get(b).copied().unwrap_or(0.0))
            });
            &turned * seen
        })
        .collect();
    let channel = |k: usize| Channel {
        seen: DMatrix::from_fn(at_m.len(), seen.len(), |i, v| seen[v][(k, i)]),
        mean: mean[k],
        variance: eigen.eigenvalues[k].max(0.0),
        faint: faint[(k, k)],
    };
    Some((0..bands).map(channel).collect())
}

#[cfg(test)]
#[path = "likelihood_tests.rs"]
mod tests;
