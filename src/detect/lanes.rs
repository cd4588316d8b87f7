//! Where the track and a road lane beside it lie in the strips of a series.

use ndarray::Array3;

use super::template::template;
use crate::stats::{mad_sigma, median};
use crate::strip::{Axis, Strip};

/// Blur of a strip (sensor and one cubic interpolation) in pixels, 1 sigma,
/// where the series has no train yet that shows it.
pub const DEFAULT_PSF_PX: f64 = 0.72;
/// Widest error of the centre line that is searched, m.
const TRACK_REACH_M: f64 = 5.0;
/// A road lane lies so far from the track, m.
const ROAD_M: (f64, f64) = (4.0, 25.0);
/// Energies in units of noise are clipped here: one bright roof is no lane.
const MOST_ENERGY: f32 = 400.0;
/// Captures from which lanes are searched; with fewer the given ones are taken.
const LEAST_CAPTURES: usize = 15;

/// The lanes of a series and the blur of its strips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lanes {
    /// Offset of the track's centre, m.
    pub track_m: f64,
    /// Offset of a road lane on the same deck, m.
    pub road_m: Option<f64>,
    /// Blur of the strips, 1 sigma of a Gaussian, m.
    pub psf_m: f64,
    /// Ground sample distance of the captures, m.
    pub gsd_m: f64,
}

impl Lanes {
    /// The track on the given line, and a road lane if one is known.
    #[must_use]
    pub fn given(gsd_m: f64, road_m: Option<f64>) -> Self {
        Self {
            track_m: 0.0,
            road_m,
            psf_m: DEFAULT_PSF_PX * gsd_m,
            gsd_m,
        }
    }

    pub(super) fn centres(&self) -> Vec<f64> {
        [Some(self.track_m), self.road_m]
            .into_iter()
            .flatten()
            .collect()
    }

    pub(super) fn count(&self) -> usize {
        1 + usize::from(self.road_m.is_some())
    }

    /// Finds the lanes in the energy of the residuals across the track:
    /// `E(o) = e₀ + p² h²(o − track) + q² h²(o − road)`.
    ///
    /// Takes `given` where there are fewer than 15 captures or nothing stands out.
    #[must_use]
    pub fn find(given: Self, strips: &[Strip], residuals: &[Option<Array3<f32>>]) -> Self {
        let Some(offset) = strips.first().map(|s| s.offset) else {
            return given;
        };
        let Some(energy) = series_energy(strips, residuals) else {
            return given;
        };
        search(given, offset, &energy)
    }
}

/// Energy by row in units of each capture's noise: the mean over captures,
/// the top twentieth dropped.
fn series_energy(strips: &[Strip], residuals: &[Option<Array3<f32>>]) -> Option<Vec<f64>> {
    let rows: Vec<Vec<f64>> = strips
        .iter()
        .zip(residuals)
        .filter_map(|(s, r)| capture_energy(s, r.as_ref()?))
        .collect();
    if rows.len() < LEAST_CAPTURES {
        return None;
    }
    let drop = (rows.len() / 20).max(1);
    Some(
        (0..rows[0].len())
            .map(|i| {
                let mut of_row: Vec<f64> = rows.iter().map(|r| r[i]).collect();
                of_row.sort_by(f64::total_cmp);
                of_row.truncate(rows.len() - drop);
                of_row.iter().sum::<f64>() / of_row.len() as f64
            })
            .collect(),
    )
}

fn capture_energy(strip: &Strip, residual: &Array3<f32>) -> Option<Vec<f64>> {
    let clear = strip.clear.iter().filter(|c| **c).count();
    if clear * 2 < strip.clear.len() {
        return None;
    }
    let mut sums = vec![(0.0f64, 0usize); strip.offset.len];
    for band in residual.outer_iter() {
        let thinned: Vec<f64> = band
            .iter()
            .zip(&strip.clear)
            .filter(|(_, c)| **c)
            .step_by(7)
            .map(|(v, _)| f64::from(*v))
            .collect();
        let per_sigma = 1.0 / mad_sigma(&thinned)?.max(1e-30) as f32;
        for (((i, _), v), clear) in band.indexed_iter().zip(&strip.clear) {
            if *clear {
                sums[i].0 += f64::from((v * per_sigma).powi(2).min(MOST_ENERGY));
                sums[i].1 += 1;
            }
        }
    }
    let whole: (f64, usize) = sums.iter().fold((0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let mean = whole.0 / whole.1.max(1) as f64;
    let row = |(sum, n): &(f64, usize)| if *n > 0 { sum / *n as f64 } else { mean };
    Some(sums.iter().map(row).collect())
}

/// Grid search over the two places; the three factors follow by least squares.
fn search(given: Lanes, offset: Axis, energy: &[f64]) -> Lanes {
    let rows: Vec<(f64, f64)> = (0..offset.len)
        .map(|i| (offset.at_m(i), energy[i]))
        .filter(|(o, _)| o.abs() <= ROAD_M.1 + TRACK_REACH_M)
        .collect();
    let floor = median(energy).unwrap_or(1.0).max(0.5);
    let step = (given.gsd_m / 12.0).max(0.1);
    let peak = template(0.0, given.psf_m).powi(2);
    let mut best: Option<(f64, Lanes)> = None;
    let ticks = (TRACK_REACH_M / step) as i64;
    for track in (-ticks..=ticks).map(|i| i as f64 * step) {
        let roads = ((ROAD_M.0 / step) as i64..=(ROAD_M.1 / step) as i64)
            .flat_map(|i| [-1.0, 1.0].map(|sign| Some(track + sign * i as f64 * step)));
        for road in std::iter::once(None).chain(roads) {
            let Some((cost, factors)) = explain(&rows, track, road, given.psf_m) else {
                continue;
            };
            let clearly = road.is_none() || factors[2] * peak > 0.25 * floor;
            if factors[1] > 0.0 && clearly && best.as_ref().is_none_or(|b| cost < b.0) {
                let lanes = Lanes {
                    track_m: track,
                    road_m: road,
                    ..given
                };
                best = Some((cost, lanes));
            }
        }
    }
    best.map_or(given, |b| b.1)
}

/// Cost and factors (floor, track, road) of the energy model.
fn explain(
    rows: &[(f64, f64)],
    track: f64,
    road: Option<f64>,
    psf_m: f64,
) -> Option<(f64, [f64; 3])> {
    let n = if road.is_some() { 3 } else { 2 };
    let column = |o: f64| {
        let square = |c: f64| template(o - c, psf_m).powi(2);
        [1.0, square(track), road.map_or(0.0, square)]
    };
    let mut normal = nalgebra::Matrix3::<f64>::identity() * 1e-9;
    let mut right = nalgebra::Vector3::<f64>::zeros();
    let mut total = 0.0;
    for (o, e) in rows {
        let x = column(*o);
        for i in 0..n {
            right[i] += x[i] * e;
            for j in 0..n {
                normal[(i, j)] += x[i] * x[j];
            }
        }
        total += e * e;
    }
    let factors = normal.cholesky()?.solve(&right);
    let cost = total - factors.dot(&right);
    Some((cost, [factors[0], factors[1], factors[2]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lanes_are_found_in_an_energy_profile() {
        let offset = Axis {
            first_m: -40.0,
            step_m: 1.5,
            len: 54,
        };
        let given = Lanes::given(3.0, None);
        let energy: Vec<f64> = (0..offset.len)
            .map(|i| {
                let o = offset.at_m(i);
                let h = |c: f64| template(o - c, given.psf_m).powi(2);
                1.0 + 60.0 * h(-0.5) + 20.0 * h(9.0)
            })
            .collect();
        let found = search(given, offset, &energy);
        assert!((found.track_m + 0.5).abs() < 0.3, "{found:?}");
        assert!((found.road_m.unwrap_or(0.0) - 9.0).abs() < 0.3, "{found:?}");
    }

    #[test]
    fn a_flat_profile_keeps_the_given_track() {
        let offset = Axis {
            first_m: -40.0,
            step_m: 1.5,
            len: 54,
        };
        let given = Lanes::given(3.0, None);
        let found = search(given, offset, &[1.0; 54]);
        assert_eq!(found.road_m, None);
    }
}
