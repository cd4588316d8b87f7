//! Trains of known ends, put into the profile of a capture.
//!
//! What a measurement is worth shows where the truth is known: the capture's
//! own empty track, with a train added to it, is measured like any other.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use statrs::function::erf::erf;

use super::Motion;
use crate::strip::Profile;

/// Length of a car over its couplers, m: 12 m are tank wagons, 14 m gondolas,
/// 17 m boxcars and 20 m locomotives and container flats.
const CARS_M: [f64; 4] = [12.0, 14.0, 17.0, 20.0];
/// Cars as long as this are read off found trains, m.
const READ_CAR_M: f64 = 14.0;
/// Found trains with fewer cars say little of how cars vary.
const LEAST_CARS: usize = 4;
/// Fewer found trains than this say little of trains; the prior speaks for them.
const LEAST_TRAINS: usize = 4;
/// One car in so many is of another kind than its train.
const STRANGERS: f64 = 0.25;

/// What trains are made of: contrasts by band of the cars of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Stock {
    trains: Vec<Vec<Vec<f64>>>,
    tau: f64,
    common: f64,
    bands: usize,
}

impl Stock {
    /// Nothing but a prior: contrasts of size `tau`, of which `common` of the
    /// variance is common to all bands.
    #[must_use]
    pub fn of_prior(bands: usize, tau: f64, common: f64) -> Self {
        Self {
            trains: Vec::new(),
            tau,
            common,
            bands,
        }
    }

    /// Adds the cars of a train between two chainages, m, as a profile shows them.
    pub fn add(&mut self, profile: &Profile, (start_m, end_m): (f64, f64)) {
        let margin = 1.3 * profile.psf_m + 3.0;
        let count = ((end_m - start_m - 2.0 * margin) / READ_CAR_M).max(0.0) as usize;
        let cars: Vec<Vec<f64>> = (0..count)
            .filter_map(|k| {
                let from = start_m + margin + k as f64 * READ_CAR_M;
                mean_contrast(profile, (from, from + READ_CAR_M))
            })
            .collect();
        if cars.len() >= LEAST_CARS {
            self.trains.push(cars);
        }
    }

    /// A train of `length_m` from `start_m` at a speed.
    pub fn train(
        &self,
        (start_m, length_m): (f64, f64),
        speed_mps: f64,
        rng: &mut ChaCha8Rng,
    ) -> Planted {
        let known = self.trains.len() >= LEAST_TRAINS;
        let own = known.then(|| self.trains[rng.random_range(0..self.trains.len())].as_slice());
        let (mut at_m, end_m) = (start_m, start_m + length_m);
        let mut cars = Vec::new();
        while at_m < end_m {
            let car_m = CARS_M[rng.random_range(0..CARS_M.len())];
            // The rest is too short for a car of its own.
            let to_m = if end_m - at_m < 1.5 * car_m {
                end_m
            } else {
                at_m + car_m
            };
            let contrast = match own {
                Some(own) if !rng.random_bool(STRANGERS) => {
                    own[rng.random_range(0..own.len())].clone()
                }
                Some(_) => {
                    let other = &self.trains[rng.random_range(0..self.trains.len())];
                    other[rng.random_range(0..other.len())].clone()
                }
                None => self.drawn(rng),
            };
            cars.push(Car {
                from_m: at_m,
                to_m,
                contrast,
            });
            at_m = to_m;
        }
        Planted { cars, speed_mps }
    }

    /// A contrast from the prior.
    fn drawn(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let mut normal = || -> f64 { StandardNormal.sample(rng) };
        let brightness = self.common.sqrt() * normal();
        (0..self.bands)
            .map(|_| self.tau * (brightness + (1.0 - self.common).sqrt() * normal()))
            .collect()
    }
}

fn mean_contrast(profile: &Profile, (from_m, to_m): (f64, f64)) -> Option<Vec<f64>> {
    let axis = profile.chainage;
    let inside = |j: &usize| {
        let at = axis.at_m(*j);
        profile.usable[*j] && at >= from_m && at < to_m
    };
    let cells: Vec<usize> = (0..axis.len).filter(inside).collect();
    let mean = |b: usize| {
        let sum: f64 = (cells.iter().map(|j| f64::from(profile.track[(b, *j)]))).sum();
        sum / cells.len() as f64
    };
    (cells.len() >= 2).then(|| (0..profile.track.nrows()).map(mean).collect())
}

/// A train that is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct Planted {
    /// By chainage, without gaps.
    cars: Vec<Car>,
    speed_mps: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct Car {
    from_m: f64,
    to_m: f64,
    contrast: Vec<f64>,
}

impl Planted {
    /// Adds it to a profile: blurred as the profile is, and where each band saw it.
    pub fn put_into(&self, profile: &mut Profile, motion: Option<&Motion>) {
        let axis = profile.chainage;
        let per = 1.0 / (profile.psf_m * std::f64::consts::SQRT_2);
        let reach_m = 5.0 * profile.psf_m;
        for band in 0..profile.track.nrows() {
            let delay = motion.and_then(|m| m.delays_s.get(band)).unwrap_or(&0.0);
            let shift_m = self.speed_mps * delay;
            for car in &self.cars {
                let (from_m, to_m) = (car.from_m + shift_m, car.to_m + shift_m);
                for j in axis.cell_at(from_m - reach_m)..=axis.cell_at(to_m + reach_m) {
                    let at = axis.at_m(j);
                    let share = 0.5 * (erf((at - from_m) * per) - erf((at - to_m) * per));
                    profile.track[(band, j)] += (car.contrast[band] * share) as f32;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use rand::SeedableRng;

    use super::*;
    use crate::strip::Axis;

    fn empty(bands: usize) -> Profile {
        let n = 400;
        Profile::seen_whole(
            Axis {
                first_m: 0.0,
                step_m: 1.5,
                len: n,
            },
            (
                Array2::zeros((bands, n)),
                Array2::from_elem((bands, n), 0.01),
            ),
            (2.2, 3.0),
        )
    }

    fn one_car(speed_mps: f64) -> Planted {
        Planted {
            cars: vec![Car {
                from_m: 150.0,
                to_m: 300.0,
                contrast: vec![0.1, -0.2],
            }],
            speed_mps,
        }
    }

    #[test]
    fn half_of_the_contrast_shows_at_an_end() {
        let mut profile = empty(2);
        one_car(0.0).put_into(&mut profile, None);
        assert!((profile.track_at(0, 150.0) - 0.05).abs() < 1e-6);
        assert!((profile.track_at(1, 225.0) + 0.2).abs() < 1e-6);
        // A cell outside the end: 1 - Φ(1.5 / 2.2) = 0.2477.
        let outside = profile.track_at(1, 301.5);
        assert!((outside / -0.2 - 0.2477).abs() < 1e-3, "{outside}");
    }

    #[test]
    fn bands_see_a_moving_train_one_after_another() {
        let motion = Motion {
            delays_s: vec![-0.3, 0.3],
        };
        let mut profile = empty(2);
        one_car(10.0).put_into(&mut profile, Some(&motion));
        assert!((profile.track_at(0, 147.0) - 0.05).abs() < 1e-6);
        assert!((profile.track_at(1, 153.0) + 0.1).abs() < 1e-6);
    }

    #[test]
    fn cars_of_found_trains_come_back() {
        let mut profile = empty(2);
        one_car(0.0).put_into(&mut profile, None);
        let mut stock = Stock::of_prior(2, 0.08, 0.7);
        for _ in 0..LEAST_TRAINS {
            stock.add(&profile, (150.0, 300.0));
        }
        let train = stock.train((50.0, 100.0), 0.0, &mut ChaCha8Rng::seed_from_u64(1));
        let ends = (train.cars.first(), train.cars.last());
        assert!(ends.0.is_some_and(|c| (c.from_m - 50.0).abs() < 1e-9));
        assert!(ends.1.is_some_and(|c| (c.to_m - 150.0).abs() < 1e-9));
        for car in &train.cars {
            assert!((car.contrast[0] - 0.1).abs() < 1e-4 && (car.contrast[1] + 0.2).abs() < 1e-4);
        }
    }

    #[test]
    fn without_found_trains_the_prior_speaks() {
        let stock = Stock::of_prior(1, 0.08, 0.7);
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let values: Vec<f64> = (0..500)
            .flat_map(|_| stock.train((0.0, 60.0), 0.0, &mut rng).cars)
            .map(|c| c.contrast[0])
            .collect();
        let variance = values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64;
        assert!((variance.sqrt() - 0.08).abs() < 0.008, "{variance}");
    }
}
