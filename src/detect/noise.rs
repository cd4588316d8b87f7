//! From amplitudes to a profile with honest noise.

use ndarray::{Array1, Array2, Axis as Dim};

use super::contrast::{Across, Contrast, interpolate};
use crate::stats::median;
use crate::strip::{Profile, Strip};

/// Length over which the temporal excess is taken, m.
const EXCESS_WINDOW_M: f64 = 60.0;
/// The track may be this much noisier than the ground beside it; more is
/// traffic, not noise.
const MOST_EXCESS: f32 = 1.5;
/// Lateral misfit up to this many cell variances is chance.
const CHANCE_MISFIT: f32 = 2.0;
/// Share of a lorry's contrast that leaks into the track where both coincide.
const LEAK: f64 = 0.3;
/// Usable track ends this far from a cloud: their rims are thin and not masked, m.
const CLOUD_MARGIN_M: f64 = 30.0;
/// Pseudo-tracks of a capture on which trains are looked for.
const PSEUDO_PROFILES: usize = 3;
/// Band correlations are shrunk towards none by this factor.
const SHRINK: f64 = 0.9;

/// What the noise of all captures of a series has in common.
#[derive(Debug, Clone)]
pub struct SeriesNoise {
    /// (band, chainage) on the track, then on the road lane; at least 1.
    excess: [Array2<f32>; 2],
    band_correlation: Array2<f64>,
}

impl SeriesNoise {
    /// From the contrasts of a series; `None` for an empty one.
    #[must_use]
    pub fn of(across: &Across, contrasts: &[Option<Contrast>]) -> Option<Self> {
        let first = contrasts.iter().flatten().next()?;
        let contrasts: Vec<&Contrast> = contrasts.iter().flatten().collect();
        let window = ((EXCESS_WINDOW_M / first.chainage.step_m) as usize).max(1);
        Some(Self {
            excess: [
                excess(&contrasts, |c| &c.track, across.growth[0], window),
                excess(&contrasts, |c| &c.road, across.growth[1], window),
            ],
            band_correlation: band_correlation(&contrasts, first.track.nrows()),
        })
    }
}

/// By how much lane amplitudes of the series exceed their noise, by the median
/// over captures and windows: 1 to [`MOST_EXCESS`].
fn excess<'a>(
    contrasts: &[&'a Contrast],
    lane: impl Fn(&'a Contrast) -> &'a Array2<f32>,
    growth: f64,
    window: usize,
) -> Array2<f32> {
    let dim = contrasts[0].track.dim();
    let mut out = Array2::ones(dim);
    for b in 0..dim.0 {
        let at = |from: usize, to: usize| {
            let sizes: Vec<f64> = contrasts
                .iter()
                .flat_map(|c| {
                    let lane = lane(c);
                    (from..to)
                        .filter(move |j| c.usable[*j])
                        .map(move |j| f64::from((lane[(b, j)] / c.sigma[(b, j)]).abs()) / growth)
                })
                .collect();
            median(&sizes).map(|m| (m * crate::stats::MAD_TO_SIGMA) as f32)
        };
        let knots: Vec<(f32, f32)> = (0..dim.1)
            .step_by(window)
            .filter_map(|j| {
                let e = at(j.saturating_sub(window), (j + window).min(dim.1))?;
                Some((j as f32, e.clamp(1.0, MOST_EXCESS)))
            })
            .collect();
        for (j, v) in out.row_mut(b).iter_mut().enumerate() {
            *v = interpolate(&knots, j as f32).unwrap_or(1.0);
        }
    }
    out
}

/// Correlation between bands over the pseudo-tracks of the series.
fn band_correlation(contrasts: &[&Contrast], bands: usize) -> Array2<f64> {
    let mut sums = Array2::<f64>::zeros((bands, bands));
    for p in contrasts.iter().flat_map(|c| &c.pseudo) {
        for column in p.axis_iter(Dim(1)) {
            if column.iter().all(|v| v.is_finite()) {
                for i in 0..bands {
                    for j in 0..bands {
                        let z = |b: usize| f64::from(column[b].clamp(-4.0, 4.0));
                        sums[(i, j)] += z(i) * z(j);
                    }
                }
            }
        }
    }
    Array2::from_shape_fn((bands, bands), |(i, j)| {
        let spread = (sums[(i, i)] * sums[(j, j)]).sqrt();
        match (i == j, spread > 0.0) {
            (true, _) => 1.0,
            (false, true) => SHRINK * sums[(i, j)] / spread,
            (false, false) => 0.0,
        }
    })
}

/// The profile of one capture. `rho` is the growth of the background's error,
/// per chainage.
#[must_use]
pub fn profile(
    across: &Across,
    noise: &SeriesNoise,
    contrast: &Contrast,
    strip: &Strip,
    rho: &[f32],
) -> Profile {
    let lanes = &across.lanes;
    let spread = |j: usize| {
        (contrast.misfit[j] / CHANCE_MISFIT).max(1.0).sqrt() * contrast.inflation[j] * rho[j]
    };
    let lane_sigma = |k: usize| {
        let growth = across.growth[k] as f32;
        Array2::from_shape_fn(contrast.track.dim(), |(b, j)| {
            let s = contrast.sigma[(b, j)] * growth * noise.excess[k][(b, j)] * spread(j);
            if s.is_finite() { s } else { f32::INFINITY }
        })
    };
    let mut track_sigma = lane_sigma(0);
    let road_sigma = match lanes.road_m {
        Some(road_m) => {
            let sigma = lane_sigma(1);
            add_leak(&mut track_sigma, contrast, &sigma, {
                let apart = (road_m - lanes.track_m) / (2.0 * lanes.psf_m);
                LEAK * (-apart * apart).exp()
            });
            sigma
        }
        None => Array2::from_elem(contrast.track.dim(), f32::INFINITY),
    };
    let row = strip.offset.cell_at(lanes.track_m);
    let margin = (CLOUD_MARGIN_M / contrast.chainage.step_m) as usize;
    let covered = strip.covered.row(row).to_owned();
    let usable = away_from_cloud(&contrast.usable, &covered, margin)
        .into_iter()
        .enumerate()
        .map(|(j, u)| u && track_sigma.column(j).iter().all(|s| s.is_finite()))
        .collect();
    Profile {
        chainage: contrast.chainage,
        track: contrast.track.clone(),
        track_sigma,
        road: contrast.road.clone(),
        road_sigma,
        usable,
        covered,
        clear: strip.clear.row(row).to_owned(),
        band_correlation: noise.band_correlation.clone(),
        lane_correlation: across.lane_correlation,
        psf_m: lanes.psf_m,
        gsd_m: lanes.gsd_m,
    }
}

/// Profiles of a few pseudo-tracks of one capture: tracks on which nothing runs.
#[must_use]
pub fn pseudo_profiles(
    noise: &SeriesNoise,
    contrast: &Contrast,
    track: &Profile,
    rho: &[f32],
) -> Vec<Profile> {
    let every = contrast.pseudo.len().div_ceil(PSEUDO_PROFILES).max(1);
    contrast
        .pseudo
        .iter()
        .step_by(every)
        .map(|z| {
            let usable = (0..z.ncols()).map(|j| z.column(j).iter().all(|v| v.is_finite()));
            let usable: Array1<bool> = usable.collect();
            let finite = |v: f32, or: f32| if v.is_finite() { v } else { or };
            let at = |(b, j): (usize, usize)| contrast.sigma[(b, j)];
            Profile {
                track: Array2::from_shape_fn(z.dim(), |i| finite(z[i] * at(i), 0.0)),
                track_sigma: Array2::from_shape_fn(z.dim(), |i| {
                    finite(at(i) * rho[i.1], f32::INFINITY)
                }),
                road: Array2::zeros(z.dim()),
                road_sigma: Array2::from_elem(z.dim(), f32::INFINITY),
                usable,
                lane_correlation: 0.0,
                band_correlation: noise.band_correlation.clone(),
                ..track.clone()
            }
        })
        .collect()
}

/// Adds to the noise of the track what lorries leak into it.
fn add_leak(sigma: &mut Array2<f32>, contrast: &Contrast, road_sigma: &Array2<f32>, leak: f64) {
    for (at, s) in sigma.indexed_iter_mut() {
        let lorry = contrast.road[at].powi(2) - 4.0 * road_sigma[at].powi(2);
        if lorry > 0.0 {
            *s = (*s * *s + (leak as f32).powi(2) * lorry).sqrt();
        }
    }
}

/// Usable cells that are more than `margin` cells from covered ones that are not.
fn away_from_cloud(usable: &[bool], covered: &Array1<bool>, margin: usize) -> Vec<bool> {
    let mut out = usable.to_vec();
    for j in 0..usable.len() {
        if !usable[j] && covered[j] {
            let to = (j + margin + 1).min(usable.len());
            out[j.saturating_sub(margin)..to].fill(false);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clouds_keep_a_margin_and_footprints_do_not() {
        let usable = [true, true, true, false, true, true, true, false];
        let covered = Array1::from(vec![true, true, true, true, true, true, true, false]);
        let expected = [true, true, false, false, false, true, true, false];
        assert_eq!(away_from_cloud(&usable, &covered, 1), expected);
    }
}
