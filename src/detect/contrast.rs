//! What stands on the lanes of one capture, and the noise of that by looking
//! where there are no lanes.

use ndarray::{Array2, Array3, ArrayView2, Axis as Dim};

use super::lanes::Lanes;
use super::lateral::{Lateral, Support};
use super::rows::RowNoise;
use super::template::{SHARP_M, WIDTH_M, template};
use crate::stats::{MAD_TO_SIGMA, median, median_in_place};
use crate::strip::{Axis, Profile, Strip};

/// Share of the fitted amplitude that the template may be wrong by (width of
/// the stock, point spread, sub-pixel place) without counting as misfit.
const SHAPE_TOLERANCE: f32 = 0.12;
/// The same of all that stands there, where pixels are sharp enough to show roofs,
/// sides and shadows of cars.
const SHARP_TOLERANCE: f32 = 0.2;
/// Tracks of a crossing lie to each other as their lines say to about this, m:
/// half a gauge.
const PLACED_M: f64 = 0.7;
/// The ground around a track is off by chance by up to so many of its sigma.
const MOST_BROAD: f64 = 3.0;
/// Length over which the noise is taken from the pseudo-tracks, m.
const NOISE_WINDOW_M: f64 = 120.0;
/// The local noise is not taken below this share of the capture's.
const LEAST_LOCAL: f32 = 0.7;

/// Lateral fits of a series: the lanes, and pseudo-tracks where nothing runs.
#[derive(Debug, Clone)]
pub struct Across {
    pub(super) lanes: Lanes,
    joint: Lateral,
    /// The lanes, and what a train shows beside itself: its shadow, its side.
    shape: Lateral,
    /// Rows of the joint template, for the fitted amplitude: lanes × (peak).
    peak: f32,
    /// Per other track: the share of its trains that its error of place puts
    /// on the track.
    leaks: Vec<f32>,
    /// Pseudo-tracks with the factor that brings their noise to the single-track fit.
    pseudo: Vec<(Lateral, f32)>,
    /// Per band: how the rows vary, where that is known.
    noise: Vec<RowNoise>,
    pub(super) lane_correlation: f64,
}

/// One capture across: amplitudes on the lanes and what their noise needs.
#[derive(Debug, Clone)]
pub struct Contrast {
    pub(super) chainage: Axis,
    /// (band, chainage) on the track.
    pub(super) track: Array2<f32>,
    /// (band, chainage) on the road lane, zero where there is none.
    pub(super) road: Array2<f32>,
    /// (band, chainage): what trains on other tracks may add to the track.
    pub(super) leaked: Array2<f32>,
    pub(super) usable: Vec<bool>,
    /// Whether the ground on both sides is brighter or darker than predicted:
    /// the rim of a cloud, which no mask holds.
    pub(super) broad: Vec<bool>,
    pub(super) inflation: Vec<f32>,
    /// Mean square that the lanes leave, by cell variance; 1 where they explain all.
    pub(super) misfit: Vec<f32>,
    /// Noise of the single-track fit, (band, chainage); NaN where unknown.
    pub(super) sigma: Array2<f32>,
    /// Per pseudo-track: amplitudes over noise, (band, chainage), NaN where not usable.
    pub(super) pseudo: Vec<Array2<f32>>,
}

impl Across {
    /// Prepares the fits for strips with these rows.
    ///
    /// `None` where the strip is too narrow for the lanes.
    #[must_use]
    pub fn new(offset: Axis, lanes: Lanes) -> Option<Self> {
        // What lies out of the reach of a fit takes no part in it.
        let all = lanes.centres();
        let pseudo = pseudo_centres(offset, &lanes);
        let reach = lanes.reach_across_m();
        let lanes = lanes.within(reach);
        let centres = lanes.centres();
        let joint = Lateral::new(offset, &centres, lanes.psf_m, reach)?;
        let single = Lateral::new(offset, &centres[..1], lanes.psf_m, reach)?;
        // What is beside a train, where the fit sees it.
        let flanks = [-1.0, 1.0].into_iter().zip(reach);
        let flanks = flanks.filter(|(_, reach_m)| *reach_m >= WIDTH_M);
        let mut shown = centres.clone();
        shown.extend(flanks.map(|(side, _)| lanes.track_m + side * WIDTH_M));
        let shape = Lateral::new(offset, &shown, lanes.psf_m, reach)?;
        let step = offset.step_m;
        let unit = single.covariance(step, lanes.gsd_m)[(0, 0)];
        let joint_covariance = joint.covariance(step, lanes.gsd_m);
        let road = lanes.road_m.is_some();
        let lane_correlation = if road {
            joint_covariance[(0, 1)] / (joint_covariance[(0, 0)] * joint_covariance[(1, 1)]).sqrt()
        } else {
            0.0
        };
        let pseudo: Vec<(Lateral, f32)> = pseudo
            .into_iter()
            .filter_map(|p| {
                let mut with = vec![p];
                with.extend_from_slice(&all);
                let fit = Lateral::new(offset, &with, lanes.psf_m, reach)?;
                let own = fit.covariance(step, lanes.gsd_m)[(0, 0)];
                Some((fit, (unit / own).sqrt() as f32))
            })
            .collect();
        if pseudo.is_empty() {
            return None;
        }
        let leak = |centre_m: f64| {
            let at = |m: f64| joint.mistaken(offset, centre_m + m, lanes.psf_m).abs();
            at(-PLACED_M).max(at(PLACED_M)) as f32
        };
        let leaks = lanes.beside_m.into_iter().flatten().map(leak).collect();
        Some(Self {
            lanes,
            leaks,
            peak: template(0.0, lanes.psf_m) as f32,
            joint,
            shape,
            pseudo,
            noise: Vec::new(),
            lane_correlation,
        })
    }

    /// How one band of the residuals of a series varies across the track.
    ///
    /// `residuals` are (band, offset, chainage); `held` says per capture which
    /// chainage cells hold a train, empty where none are known yet.
    #[must_use]
    pub fn row_noise(
        &self,
        band: usize,
        residuals: &[Option<Array3<f32>>],
        strips: &[Strip],
        held: &[Vec<bool>],
    ) -> RowNoise {
        let rows = (self.joint.rows(), band);
        RowNoise::learn(rows, self.joint.columns(), (residuals, strips), held)
    }

    /// Measures the track against the noise of its rows, one for each band.
    #[must_use]
    pub fn with_row_noise(self, noise: Vec<RowNoise>) -> Self {
        Self { noise, ..self }
    }

    /// Measures one capture: `residual` is (band, offset, chainage).
    #[must_use]
    pub fn contrast(&self, residual: &Array3<f32>, strip: &Strip) -> Contrast {
        let support = self.joint.support(strip.clear.view());
        let shaped = self.shape.support(strip.clear.view());
        let (bands, _, n) = residual.dim();
        let mut track = Array2::zeros((bands, n));
        let mut road = Array2::zeros((bands, n));
        let mut leaked = Array2::zeros((bands, n));
        let mut misfit = vec![0.0f32; n];
        for (b, band) in residual.outer_iter().enumerate() {
            let amplitudes = self.joint.amplitudes(band, &support);
            track.row_mut(b).assign(&amplitudes.row(0));
            if let Some(noise) = self.noise.get(b) {
                let best = noise.first_amplitude(band, strip.clear.view());
                for (to, best) in track.row_mut(b).iter_mut().zip(best) {
                    if best.is_finite() {
                        *to = best;
                    }
                }
            }
            if self.lanes.road_m.is_some() {
                road.row_mut(b).assign(&amplitudes.row(1));
            }
            let first = 1 + usize::from(self.lanes.road_m.is_some());
            for (k, leak) in self.leaks.iter().enumerate() {
                for (to, other) in leaked.row_mut(b).iter_mut().zip(amplitudes.row(first + k)) {
                    *to = f32::hypot(*to, leak * other);
                }
            }
            let shape = self.shape.amplitudes(band, &shaped);
            let left = self.shape.remainder(band, strip.clear.view(), &shape);
            let tolerated = if self.lanes.psf_m <= SHARP_M {
                (&shape, SHARP_TOLERANCE)
            } else {
                (&amplitudes, SHAPE_TOLERANCE)
            };
            for (sum, v) in misfit
                .iter_mut()
                .zip(self.misfit(&left, tolerated, &support))
            {
                *sum += v / bands as f32;
            }
        }
        let reach = (self.lanes.gsd_m / strip.chainage.step_m).round() as usize;
        let (sigma, pseudo) = self.noise(residual, strip);
        Contrast {
            chainage: strip.chainage,
            track,
            road,
            leaked,
            usable: support.usable,
            broad: broad(residual, strip),
            inflation: support.inflation,
            misfit: box_mean(&by_local_noise(misfit, &sigma), reach),
            sigma,
            pseudo,
        }
    }

    /// Contrast on the track against its surroundings, (band, chainage), and
    /// where it can be used; `values` is (band, offset, chainage).
    #[must_use]
    pub fn track(&self, values: &Array3<f32>, clear: ArrayView2<bool>) -> (Array2<f32>, Vec<bool>) {
        let support = self.joint.support(clear);
        let (bands, _, n) = values.dim();
        let mut track = Array2::zeros((bands, n));
        for (b, band) in values.outer_iter().enumerate() {
            let amplitudes = self.joint.amplitudes(band, &support);
            track.row_mut(b).assign(&amplitudes.row(0));
        }
        (track, support.usable)
    }

    /// The same on every pseudo-track, brought to the noise of the track; NaN where
    /// it cannot be used.
    #[must_use]
    pub fn beside(&self, values: &Array3<f32>, clear: ArrayView2<bool>) -> Vec<Array2<f32>> {
        let (bands, _, n) = values.dim();
        let of_pseudo = |(fit, factor): &(Lateral, f32)| {
            let support = fit.support(clear);
            let mut out = Array2::from_elem((bands, n), f32::NAN);
            for (b, band) in values.outer_iter().enumerate() {
                let amplitudes = fit.amplitudes(band, &support);
                for (j, to) in out.row_mut(b).iter_mut().enumerate() {
                    if support.usable[j] {
                        *to = amplitudes[(0, j)] * factor;
                    }
                }
            }
            out
        };
        self.pseudo.iter().map(of_pseudo).collect()
    }

    /// Variance of the contrast on the track for noise of unit variance in the strip.
    #[must_use]
    pub fn track_variance(&self, offset: Axis) -> f64 {
        self.joint.covariance(offset.step_m, self.lanes.gsd_m)[(0, 0)]
    }

    /// Adds to the noise of a profile what other tracks may have put there.
    pub fn allow_for_other_tracks(contrast: &Contrast, profile: &mut Profile) {
        for (sigma, leaked) in profile.track_sigma.iter_mut().zip(&contrast.leaked) {
            *sigma = sigma.hypot(*leaked);
        }
    }

    /// `left`: mean square that lanes and what is beside them leave, per chainage.
    /// Of the amplitudes a share is tolerated.
    fn misfit(
        &self,
        left: &[f32],
        (amplitudes, tolerance): (&Array2<f32>, f32),
        support: &Support,
    ) -> Vec<f32> {
        let typical: Vec<f64> = left
            .iter()
            .zip(&support.usable)
            .filter(|(_, u)| **u)
            .map(|(v, _)| f64::from(*v))
            .collect();
        let variance = median(&typical).unwrap_or(1.0).max(1e-30) as f32;
        left.iter()
            .enumerate()
            .map(|(j, v)| {
                // The constant is the last row.
                let fitted = (0..amplitudes.nrows() - 1)
                    .map(|k| amplitudes[(k, j)].abs() * self.peak)
                    .fold(0.0, f32::max);
                (v - (tolerance * fitted).powi(2)).max(0.0) / variance
            })
            .collect()
    }

    /// Local noise of the single-track fit, and the pseudo-tracks in units of it.
    fn noise(&self, residual: &Array3<f32>, strip: &Strip) -> (Array2<f32>, Vec<Array2<f32>>) {
        let (bands, _, n) = residual.dim();
        let mut pseudo = self.beside(residual, strip.clear.view());
        let mut sigma = Array2::from_elem((bands, n), f32::NAN);
        for b in 0..bands {
            let local = local_scale(
                &pseudo,
                b,
                (NOISE_WINDOW_M / strip.chainage.step_m) as usize,
            );
            sigma.row_mut(b).assign(&ndarray::aview1(&local));
            for p in &mut pseudo {
                for (v, s) in p.row_mut(b).iter_mut().zip(&local) {
                    *v /= s;
                }
            }
        }
        (sigma, pseudo)
    }
}

/// Chainages where the middle of all rows is off by more than chance in a band.
fn broad(residual: &Array3<f32>, strip: &Strip) -> Vec<bool> {
    let mut out = vec![false; strip.chainage.len];
    for band in residual.outer_iter() {
        let columns = band.axis_iter(Dim(1)).zip(strip.clear.axis_iter(Dim(1)));
        let mut shown: Vec<f32> = Vec::with_capacity(strip.offset.len);
        let levels: Vec<Option<f64>> = columns
            .map(|(values, clear)| {
                shown.clear();
                shown.extend(
                    values
                        .iter()
                        .zip(clear)
                        .filter(|(_, c)| **c)
                        .map(|(v, _)| *v),
                );
                median_in_place(&mut shown)
            })
            .collect();
        let sizes: Vec<f64> = levels.iter().flatten().map(|l| l.abs()).collect();
        let most = MOST_BROAD * MAD_TO_SIGMA * median(&sizes).unwrap_or(0.0);
        for (out, level) in out.iter_mut().zip(levels) {
            *out |= level.is_none_or(|l| l.abs() > most);
        }
    }
    out
}

/// Misfit where the ground is as restless as the pseudo-tracks say is no
/// misfit: it is in the noise already.
fn by_local_noise(mut misfit: Vec<f32>, sigma: &Array2<f32>) -> Vec<f32> {
    let typical: Vec<f32> = sigma
        .outer_iter()
        .map(|s| {
            let finite: Vec<f64> = s.iter().map(|v| f64::from(*v)).collect();
            median(&finite).unwrap_or(1.0) as f32
        })
        .collect();
    for (m, column) in misfit.iter_mut().zip(sigma.axis_iter(Dim(1))) {
        let ratios = column.iter().zip(&typical).map(|(s, t)| (s / t).powi(2));
        let local = ratios.sum::<f32>() / typical.len() as f32;
        if local > 1.0 {
            *m /= local;
        }
    }
    misfit
}

/// Offsets one blur apart, clear of every lane and of the rim of the strip; nearer to
/// the lanes where several tracks leave no other room. A fit that leaves one side out
/// needs all of the ground on the other.
fn pseudo_centres(offset: Axis, lanes: &Lanes) -> Vec<f64> {
    let one_sided = lanes.left_out().contains(&true);
    let [left_m, right_m] = lanes.reach_across_m().map(|reach_m| {
        let least_m = 2.5 * lanes.psf_m;
        if one_sided {
            reach_m.max(least_m)
        } else {
            least_m
        }
    });
    let (first_m, last_m) = (
        offset.first_m + left_m,
        offset.at_m(offset.len.saturating_sub(1)) - right_m,
    );
    let steps = ((last_m - first_m) / lanes.psf_m).max(0.0) as usize;
    let clear_by = |blurs: f64| -> Vec<f64> {
        (0..steps)
            .map(|i| first_m + i as f64 * lanes.psf_m)
            .filter(|p| {
                let apart = |c: &f64| (p - c).abs() >= blurs * lanes.psf_m + 2.0;
                lanes.centres().iter().all(apart)
            })
            .collect()
    };
    let well_clear = clear_by(3.0);
    if well_clear.is_empty() {
        clear_by(2.0)
    } else {
        well_clear
    }
}

/// Robust scale of the pseudo-tracks of one band in windows of `window` cells,
/// interpolated between windows half a window apart.
fn local_scale(pseudo: &[Array2<f32>], band: usize, window: usize) -> Vec<f32> {
    let n = pseudo.first().map_or(0, Array2::ncols);
    let half = (window / 2).max(1);
    let scale = |from: usize, to: usize| {
        let mut sizes: Vec<f32> = pseudo
            .iter()
            .flat_map(|p| p.row(band).into_iter().skip(from).take(to - from))
            .filter(|v| v.is_finite())
            .map(|v| v.abs())
            .collect();
        let middle = sizes.len() / 2;
        (sizes.len() > 10)
            .then(|| *sizes.select_nth_unstable_by(middle, f32::total_cmp).1 * MAD_TO_SIGMA as f32)
    };
    let whole = scale(0, n).unwrap_or(f32::NAN);
    let knots: Vec<(f32, f32)> = (0..n)
        .step_by(half)
        .filter_map(|c| {
            let s = scale(c.saturating_sub(half), (c + half).min(n))?;
            Some((c as f32, s.max(LEAST_LOCAL * whole)))
        })
        .collect();
    (0..n)
        .map(|j| interpolate(&knots, j as f32).unwrap_or(whole))
        .collect()
}

/// Piecewise linear, constant beyond the ends; knots in order.
pub(super) fn interpolate(knots: &[(f32, f32)], at: f32) -> Option<f32> {
    let after = knots.partition_point(|k| k.0 < at);
    let right = knots.get(after).or(knots.last())?;
    let left = knots.get(after.saturating_sub(1))?;
    let span = right.0 - left.0;
    if span <= 0.0 {
        return Some(right.1);
    }
    let share = ((at - left.0) / span).clamp(0.0, 1.0);
    Some(left.1 + share * (right.1 - left.1))
}

/// Mean over `reach` cells to both sides, fewer at the ends.
fn box_mean(values: &[f32], reach: usize) -> Vec<f32> {
    (0..values.len())
        .map(|i| {
            let window = &values[i.saturating_sub(reach)..(i + reach + 1).min(values.len())];
            window.iter().sum::<f32>() / window.len() as f32
        })
        .collect()
}

#[cfg(test)]
#[path = "contrast_tests.rs"]
mod tests;
