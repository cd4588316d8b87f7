//! Where the track and a road lane beside it lie in the strips of a series.

use nalgebra::{DMatrix, DVector};
use ndarray::Array3;

use super::template::{overlap, template};
use crate::stats::{mad_sigma, median};
use crate::strip::{Axis, Strip};

/// Blur of a strip (sensor and one cubic interpolation) in pixels, 1 sigma,
/// where the series has no train yet that shows it.
pub const DEFAULT_PSF_PX: f64 = 0.72;
/// Widest error of the centre line that is searched, m.
const TRACK_REACH_M: f64 = 5.0;
/// A road lane lies so far from the track, m.
const ROAD_M: (f64, f64) = (4.0, 25.0);
/// Templates of two lanes that overlap by more than this share are not told
/// apart: fitted together, the noise of both doubles, 1/√(1 − 0.85²). A lorry
/// beside a track that is not modelled costs more: at 10 m it is taken for a
/// piece of a train. A road lane on a deck lies 6 to 7 m from the track, which
/// this allows; tracks lie 4.5 m apart, which it does not.
const MOST_OVERLAP: f64 = 0.85;
/// With another track beside it, the line is searched over this share of the
/// distance: it shall not be taken for the other.
const OWN_SHARE: f64 = 0.45;
/// Energies in units of noise are clipped here: one bright roof is no lane.
const MOST_ENERGY: f32 = 400.0;
/// What lies so near to the end of the search is drawn there, m.
const RIM_M: f64 = 0.1;
/// Costs within this share are equal but for rounding. Either of two lanes may be
/// the track where both are within reach: the nearer to the given line is it.
const SAME_COST: f64 = 1e-6;
/// Captures from which lanes are searched; with fewer the given ones are taken.
const LEAST_CAPTURES: usize = 15;

/// The lanes of a series and the blur of its strips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lanes {
    /// Offset of the track's centre, m.
    pub track_m: f64,
    /// Offset of a road lane on the same deck, m.
    pub road_m: Option<f64>,
    /// Offset of the nearest other track to the left and to the right, m, as far
    /// as it is told apart from the track.
    pub beside_m: [Option<f64>; 2],
    /// How far to both sides of the given line the track is sought, m.
    pub reach_m: f64,
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
            beside_m: [None; 2],
            reach_m: TRACK_REACH_M,
            psf_m: DEFAULT_PSF_PX * gsd_m,
            gsd_m,
        }
    }

    /// The same with other tracks at these offsets, m.
    ///
    /// Those told apart become lanes of their own; beside others the track is
    /// where its line says, because the energy of both has one peak.
    #[must_use]
    pub fn beside(mut self, offsets_m: &[f64]) -> Self {
        for &offset_m in offsets_m {
            if !told_apart(offset_m, self.psf_m) {
                self.reach_m = 0.0;
                continue;
            }
            let side = &mut self.beside_m[usize::from(offset_m > 0.0)];
            if side.is_none_or(|m| offset_m.abs() < f64::abs(m)) {
                *side = Some(offset_m);
            }
            self.reach_m = self.reach_m.min(OWN_SHARE * offset_m.abs());
        }
        self
    }

    /// The other tracks' offsets if the track is at `track_m`, m.
    fn neighbours(&self, track_m: f64) -> impl Iterator<Item = f64> {
        let moved_m = track_m - self.track_m;
        self.beside_m
            .into_iter()
            .flatten()
            .map(move |m| m + moved_m)
    }

    /// Without the lanes farther than `reach_m` from the track.
    pub(super) fn within(mut self, reach_m: f64) -> Self {
        let near = |m: &f64| (m - self.track_m).abs() <= reach_m;
        self.road_m = self.road_m.filter(near);
        self.beside_m = self.beside_m.map(|m| m.filter(near));
        self
    }

    pub(super) fn centres(&self) -> Vec<f64> {
        [Some(self.track_m), self.road_m]
            .into_iter()
            .chain(self.beside_m)
            .flatten()
            .collect()
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
        let found = search(given, offset, &energy);
        // The least cost on the rim of the search is none: lorries or shadows draw
        // the line towards them.
        if found.track_m.abs() < given.reach_m - RIM_M {
            return found;
        }
        let fixed = Self {
            reach_m: 0.0,
            ..given
        };
        Self {
            reach_m: given.reach_m,
            ..search(fixed, offset, &energy)
        }
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
    let ticks = (given.reach_m / step) as i64;
    let mut tracks: Vec<i64> = (-ticks..=ticks).collect();
    tracks.sort_by_key(|i| i.abs());
    for track in tracks.into_iter().map(|i| i as f64 * step) {
        let roads = ((ROAD_M.0 / step) as i64..=(ROAD_M.1 / step) as i64)
            .map(|i| i as f64 * step)
            .filter(|away| told_apart(*away, given.psf_m))
            .flat_map(|away| [-1.0, 1.0].map(|sign| Some(track + sign * away)));
        let beside: Vec<f64> = given.neighbours(track).collect();
        let free = |road: &f64| beside.iter().all(|b| (road - b).abs() > ROAD_M.0);
        let roads = roads.filter(|road| road.as_ref().is_none_or(free));
        for road in std::iter::once(None).chain(roads) {
            let centres = (track, road, beside.as_slice());
            let Some((cost, factors)) = explain(&rows, centres, given.psf_m) else {
                continue;
            };
            let clearly = road.is_none() || factors[2] * peak > 0.25 * floor;
            if factors[1] > 0.0
                && clearly
                && best.as_ref().is_none_or(|b| cost < b.0 * (1.0 - SAME_COST))
            {
                let moved = |m: Option<f64>| m.map(|m| m + track - given.track_m);
                let lanes = Lanes {
                    track_m: track,
                    road_m: road,
                    beside_m: given.beside_m.map(moved),
                    ..given
                };
                best = Some((cost, lanes));
            }
        }
    }
    best.map_or(given, |b| b.1)
}

/// Cost and factors (floor, track, then road and others if any) of the energy model.
fn explain(
    rows: &[(f64, f64)],
    (track, road, beside): (f64, Option<f64>, &[f64]),
    psf_m: f64,
) -> Option<(f64, Vec<f64>)> {
    let centres: Vec<f64> = [Some(track), road]
        .into_iter()
        .flatten()
        .chain(beside.iter().copied())
        .collect();
    let n = centres.len() + 1;
    let mut normal = DMatrix::<f64>::identity(n, n) * 1e-9;
    let mut right = DVector::<f64>::zeros(n);
    let mut total = 0.0;
    let mut x = DVector::<f64>::from_element(n, 1.0);
    for (o, e) in rows {
        for (k, c) in centres.iter().enumerate() {
            x[k + 1] = template(o - c, psf_m).powi(2);
        }
        normal.ger(1.0, &x, &x, 1.0);
        right.axpy(*e, &x, 1.0);
        total += e * e;
    }
    let factors = normal.cholesky()?.solve(&right);
    let cost = total - factors.dot(&right);
    Some((cost, factors.iter().copied().collect()))
}

/// Whether a strip of this blur, m, tells a track `distance_m` to either side
/// of another apart from it.
///
/// ```
/// use railspan::detect::told_apart;
/// // Two tracks 4.5 m apart at 0.5, 3 and 10 m pixels.
/// assert_eq!([0.72, 2.2, 7.2].map(|psf| told_apart(4.5, psf)), [true, true, false]);
/// ```
#[must_use]
pub fn told_apart(distance_m: f64, psf_m: f64) -> bool {
    overlap(distance_m, psf_m) <= MOST_OVERLAP
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
    fn of_two_lanes_within_reach_the_nearer_is_the_track() {
        let offset = Axis {
            first_m: -40.0,
            step_m: 1.5,
            len: 54,
        };
        let given = Lanes::given(3.0, None);
        for (shadow_m, height) in [(-4.75, 80.0), (4.75, 20.0)] {
            let h = |o: f64, c: f64| template(o - c, given.psf_m).powi(2);
            let energy: Vec<f64> = (0..offset.len)
                .map(|i| offset.at_m(i))
                .map(|o| 1.0 + 40.0 * h(o, 0.25) + height * h(o, shadow_m))
                .collect();
            let found = search(given, offset, &energy);
            assert!((found.track_m - 0.25).abs() < 0.3, "{found:?}");
        }
    }

    #[test]
    fn what_the_blur_makes_one_is_no_road() {
        // A train and its shadow at 10 m pixels.
        let offset = Axis {
            first_m: -60.0,
            step_m: 5.0,
            len: 25,
        };
        let given = Lanes::given(10.0, None);
        let h = |o: f64, c: f64| template(o - c, given.psf_m).powi(2);
        let energy: Vec<f64> = (0..offset.len)
            .map(|i| offset.at_m(i))
            .map(|o| 1.0 + 400.0 * h(o, 0.0) + 400.0 * h(o, -5.0))
            .collect();
        let found = search(given, offset, &energy);
        let apart = |road: f64| told_apart(road - found.track_m, found.psf_m);
        assert!(found.road_m.is_none_or(apart), "{found:?}");
    }

    #[test]
    fn the_other_track_is_not_taken_for_this_one() {
        let offset = Axis {
            first_m: -25.0,
            step_m: 0.5,
            len: 101,
        };
        let given = Lanes::given(1.0, None).beside(&[4.5, 9.0]);
        assert_eq!(given.beside_m, [None, Some(4.5)]);
        let h = |o: f64, c: f64| template(o - c, given.psf_m).powi(2);
        let energy: Vec<f64> = (0..offset.len)
            .map(|i| offset.at_m(i))
            .map(|o| 1.0 + 10.0 * h(o, 0.6) + 80.0 * h(o, 5.1))
            .collect();
        let found = search(given, offset, &energy);
        assert!((found.track_m - 0.6).abs() < 0.2, "{found:?}");
        assert!(found.beside_m[1].is_some_and(|m| (m - 5.1).abs() < 0.2));
        // Two tracks that are one peak do not move the line.
        let blurred = Lanes::given(10.0, None).beside(&[4.5]);
        assert_eq!((blurred.beside_m, blurred.reach_m), ([None; 2], 0.0));
    }

    #[test]
    fn lanes_out_of_reach_take_no_part() {
        let given = Lanes::given(1.0, Some(9.0)).beside(&[4.5, -12.0]);
        let near = given.within(5.9);
        assert_eq!((near.road_m, near.beside_m), (None, [None, Some(4.5)]));
        assert_eq!(given.within(18.0), given);
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
