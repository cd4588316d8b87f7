//! What stands on one lane of a radar strip: the lateral fit.
//!
//! A string of wagons shows as the point response across the track, many times
//! brighter than the bed. In decibels its flanks reach three or four pixels to
//! the side, so a neighbour would be taken for a train here; in linear power
//! they are sums, and can be told apart.

use nalgebra::{SMatrix, SVector};
use ndarray::Array2;

use crate::strip::{Axis, PointResponse};

/// Distance of the neighbouring lanes that are fitted along, in sigma of the
/// response: its full width at half maximum and a little, so that the lanes
/// remain distinct. At 10 m pixels 30 m, the spacing at which two strings separate.
const NEIGHBOUR_SIGMA: f64 = 2.7;

/// Own lane, and two neighbours on either side.
const LANES: usize = 5;

/// Share of the power of the bed below which a dark lane is not followed, −3 dB:
/// what is fitted darker is the flank of a misfit neighbour, not the bed.
const DARKEST: f64 = 0.5;

/// Rounds of reweighting; the third changes a string of 15 dB by less than 0.1 dB.
const REWEIGHTINGS: usize = 2;

/// A sample needs this share of the fitted offsets to be usable.
const LEAST_SEEN: f64 = 0.45;

/// Contrast of one lane along the track.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneContrast {
    /// Power on the lane over that of the empty bed, dB; 0 where not usable.
    pub contrast_db: Vec<f64>,
    /// The lane and enough of its surroundings were seen.
    pub usable: Vec<bool>,
}

impl LaneContrast {
    /// Mean contrast of the usable samples that are wanted, dB; `NaN` without any.
    #[must_use]
    pub fn mean_db(&self, wanted: impl Fn(usize) -> bool) -> f64 {
        let seen = (0..self.usable.len()).filter(|&j| self.usable[j] && wanted(j));
        let (sum, count) = seen.fold((0.0, 0.0), |(sum, count), j| {
            (sum + self.contrast_db[j], count + 1.0)
        });
        sum / count
    }
}

/// A strip's log-ratio to its background, and where it may be used.
#[derive(Debug, Clone, Copy)]
pub struct LogRatio<'a> {
    /// dB, (offset, chainage).
    pub residual_db: &'a Array2<f32>,
    /// (offset, chainage).
    pub usable: &'a Array2<bool>,
    /// Offsets of the rows, m.
    pub offset: Axis,
}

/// Contrast on the lane at `lane_m` (offset from the track, m) at every chainage.
///
/// Power over the bed is fitted as `1 + Σ aₖ h(o − cₖ)` with the response `h`,
/// the lane itself and up to two neighbours on either side that may only be
/// bright, weighted by 1/power² as multiplicative speckle asks for.
#[must_use]
pub fn lane_contrast(ratio: &LogRatio, lane_m: f64, response: &PointResponse) -> LaneContrast {
    let design = Design::of(&ratio.offset, lane_m, *response);
    let columns = ratio.usable.ncols();
    let mut contrast_db = vec![0.0; columns];
    let mut usable = vec![false; columns];
    for column in 0..columns {
        let seen = ratio.usable.column(column);
        if !design.sees(|row| seen[row]) {
            continue;
        }
        let excess: Vec<f64> = ratio
            .residual_db
            .column(column)
            .iter()
            .map(|&db| 10_f64.powf(f64::from(db) / 10.0) - 1.0)
            .collect();
        let own = design.own_excess(&excess, |row| seen[row]);
        contrast_db[column] = 10.0 * (1.0 + own).max(DARKEST).log10();
        usable[column] = true;
    }
    LaneContrast {
        contrast_db,
        usable,
    }
}

/// The response of every lane at every offset.
struct Design {
    rows: Vec<SVector<f64, LANES>>,
    /// Lanes whose centre lies inside the strip.
    inside: [bool; LANES],
    /// Rows without which the lane itself is not seen.
    core: Vec<bool>,
}

impl Design {
    fn of(offset: &Axis, lane_m: f64, response: PointResponse) -> Self {
        let gap_m = NEIGHBOUR_SIGMA * response.sigma_m;
        let centres = [0.0, -1.0, 1.0, -2.0, 2.0].map(|k| lane_m + k * gap_m);
        let offsets = offset.centres_m();
        let (low, high) = (offset.at_m(0), offset.at_m(offset.len.saturating_sub(1)));
        Self {
            rows: offsets
                .iter()
                .map(|o| SVector::from_fn(|k, _| response.across(o - centres[k])))
                .collect(),
            inside: centres.map(|c| c >= low && c <= high),
            core: offsets
                .iter()
                .map(|o| (o - lane_m).abs() <= response.sigma_m)
                .collect(),
        }
    }

    fn sees(&self, seen: impl Fn(usize) -> bool) -> bool {
        let count = (0..self.rows.len()).filter(|&r| seen(r)).count();
        let core = self.core.iter().enumerate().all(|(r, c)| !c || seen(r));
        core && count as f64 >= LEAST_SEEN * self.rows.len() as f64
    }

    /// Excess power on the lane itself, by iteratively reweighted least squares
    /// (the gamma quasi-likelihood, McCullagh and Nelder 1989, ch. 9). Weights
    /// from the data alone would favour dark speckle and cost a string 3 dB.
    fn own_excess(&self, excess: &[f64], seen: impl Fn(usize) -> bool + Copy) -> f64 {
        let mut amplitudes = self.fit(excess, seen, |row| smoothed_power(excess, row));
        for _ in 0..REWEIGHTINGS {
            let fitted = amplitudes;
            amplitudes = self.fit(excess, seen, |row| {
                (1.0 + self.rows[row].dot(&fitted)).max(DARKEST)
            });
        }
        amplitudes[0]
    }

    /// Amplitudes under given expected powers; neighbours that would have to be
    /// dark are left out, the darkest first.
    fn fit(
        &self,
        excess: &[f64],
        seen: impl Fn(usize) -> bool,
        expected: impl Fn(usize) -> f64,
    ) -> SVector<f64, LANES> {
        let mut normal = SMatrix::<f64, LANES, LANES>::zeros();
        let mut right = SVector::<f64, LANES>::zeros();
        for (row, h) in self.rows.iter().enumerate().filter(|(r, _)| seen(*r)) {
            let weight = 1.0 / expected(row).powi(2);
            normal += weight * h * h.transpose();
            right += weight * excess[row] * h;
        }
        let mut active = self.inside;
        active[0] = true;
        loop {
            let amplitudes = solve(&normal, &right, active);
            let darkest = (1..LANES)
                .filter(|&k| active[k] && amplitudes[k] < 0.0)
                .min_by(|&a, &b| amplitudes[a].total_cmp(&amplitudes[b]));
            match darkest {
                Some(k) => active[k] = false,
                None => return amplitudes,
            }
        }
    }
}

/// Power over the bed about a row, never below the bed itself.
fn smoothed_power(excess: &[f64], row: usize) -> f64 {
    let near = &excess[row.saturating_sub(1)..(row + 2).min(excess.len())];
    1.0 + near.iter().map(|e| e.max(0.0)).sum::<f64>() / near.len() as f64
}

/// Least squares over the active lanes; the others stay zero.
fn solve(
    normal: &SMatrix<f64, LANES, LANES>,
    right: &SVector<f64, LANES>,
    active: [bool; LANES],
) -> SVector<f64, LANES> {
    let mut reduced = SMatrix::<f64, LANES, LANES>::identity();
    let mut target = SVector::<f64, LANES>::zeros();
    for i in (0..LANES).filter(|&i| active[i]) {
        target[i] = right[i];
        for j in (0..LANES).filter(|&j| active[j]) {
            reduced[(i, j)] = normal[(i, j)];
        }
        // Keeps lanes that lie outside the seen offsets from blowing up.
        reduced[(i, i)] += 1e-6;
    }
    reduced
        .cholesky()
        .map_or_else(SVector::zeros, |c| c.solve(&target))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSET: Axis = Axis {
        first_m: -60.0,
        step_m: 5.0,
        len: 25,
    };
    const RESPONSE: PointResponse = PointResponse {
        sigma_m: 11.0,
        skirt: 0.17,
    };

    /// One column with strings of the given (offset m, dB).
    fn column(strings: &[(f64, f64)]) -> Array2<f32> {
        Array2::from_shape_fn((OFFSET.len, 1), |(row, _)| {
            let power: f64 = strings
                .iter()
                .map(|(at, db)| {
                    (10_f64.powf(db / 10.0) - 1.0) * RESPONSE.across(OFFSET.at_m(row) - at)
                })
                .sum();
            (10.0 * (1.0 + power).log10()) as f32
        })
    }

    fn on_track(strings: &[(f64, f64)]) -> f64 {
        let residual_db = column(strings);
        let usable = Array2::from_elem(residual_db.dim(), true);
        let ratio = LogRatio {
            residual_db: &residual_db,
            usable: &usable,
            offset: OFFSET,
        };
        lane_contrast(&ratio, 0.0, &RESPONSE).contrast_db[0]
    }

    #[test]
    fn a_string_on_the_lane_shows_its_contrast() {
        assert!((on_track(&[(0.0, 9.0)]) - 9.0).abs() < 0.05);
        assert!(on_track(&[]).abs() < 1e-6);
    }

    #[test]
    fn a_neighbour_is_not_taken_for_a_train() {
        assert!(on_track(&[(40.0, 12.0)]) < 1.5);
        assert!((on_track(&[(0.0, 8.0), (-40.0, 14.0)]) - 8.0).abs() < 1.0);
    }

    #[test]
    fn an_unseen_lane_is_not_usable() {
        let residual_db = column(&[]);
        let mut usable = Array2::from_elem(residual_db.dim(), true);
        usable[[12, 0]] = false;
        let ratio = LogRatio {
            residual_db: &residual_db,
            usable: &usable,
            offset: OFFSET,
        };
        assert_eq!(lane_contrast(&ratio, 0.0, &RESPONSE).usable, vec![false]);
    }
}
