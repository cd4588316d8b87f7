//! From amplitudes to a profile with honest noise.

use ndarray::{Array1, Array2, Axis as Dim, Slice};

use super::contrast::{Across, Contrast, interpolate};
use crate::strip::{Profile, Strip};

/// Length over which the temporal excess is taken, m.
const EXCESS_WINDOW_M: f64 = 60.0;
/// A lane is not taken for calmer or wilder than this against the ground beside it.
const CALMEST: f32 = 0.2;
/// See [`CALMEST`].
const WILDEST: f32 = 3.0;
/// The lane stands out at a place where its scale over the captures is so many times
/// that of the length around it …
const STANDS_OUT: f32 = 2.0;
/// … which the median of so many captures is not by chance, but at one place of a hundred.
const LEAST_AT_PLACE: usize = 12;
/// Fewer values than this give no median.
const LEAST_SIZES: usize = 4;
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
    /// Per capture: noise of the track and of the road lane, before what is
    /// particular to a chainage (misfit, gaps, missing predictors).
    lanes: Vec<[Array2<f32>; 2]>,
    band_correlation: Array2<f64>,
}

impl SeriesNoise {
    /// From the contrasts of a series; `None` for an empty one.
    ///
    /// `held`: per capture the chainage cells known to hold a train, which say
    /// nothing of noise; empty where none are known yet.
    #[must_use]
    pub fn of(contrasts: &[Option<Contrast>], held: &[Vec<bool>]) -> Option<Self> {
        let first = contrasts.iter().flatten().next()?;
        let window = ((EXCESS_WINDOW_M / first.chainage.step_m) as usize).max(1);
        let track = lane_noise(contrasts, held, |c| &c.track, window);
        let road = lane_noise(contrasts, held, |c| &c.road, window);
        let present: Vec<&Contrast> = contrasts.iter().flatten().collect();
        Some(Self {
            band_correlation: band_correlation(&present, first.track.nrows()),
            lanes: track.into_iter().zip(road).map(<[_; 2]>::from).collect(),
        })
    }
}

/// Noise of one lane, per capture (band, chainage).
///
/// Of two views of it the wilder one is taken: what the ground beside
/// the lane does in this capture, times what the lane does against the ground
/// beside it over all captures; and what the lane does over all captures, times
/// a factor of the capture for the whole of its length. A deck is calmer than
/// the water beside it, and no two captures are alike. Single places at which most
/// captures stand out are wilder than the length around them.
fn lane_noise(
    contrasts: &[Option<Contrast>],
    held: &[Vec<bool>],
    lane: fn(&Contrast) -> &Array2<f32>,
    window: usize,
) -> Vec<Array2<f32>> {
    let first = contrasts.iter().flatten().next();
    let dim = first.map_or((0, 0), |c| c.track.dim());
    let mut out = vec![Array2::from_elem(dim, f32::NAN); contrasts.len()];
    for b in 0..dim.0 {
        let beside = Array2::from_shape_fn((contrasts.len(), dim.1), |(t, j)| {
            contrasts[t].as_ref().map_or(f32::NAN, |c| c.sigma[(b, j)])
        });
        let sizes = Array2::from_shape_fn(beside.dim(), |(t, j)| match &contrasts[t] {
            Some(c) if c.usable[j] && !held.get(t).is_some_and(|h| h[j]) => lane(c)[(b, j)].abs(),
            _ => f32::NAN,
        });
        let sizes_against = &sizes / &beside;
        let against = over_time(&sizes_against, window);
        let of_capture = restlessness(&beside);
        let factors = ndarray::aview1(&of_capture).insert_axis(Dim(1));
        let of_chainage = over_time(&(&sizes / &factors), window);
        // Unless trains are known, they are taken for that where several stop at one place.
        let wild = if held.is_empty() {
            vec![None; dim.1]
        } else {
            wild_places(&sizes_against, &against)
        };
        for (t, out) in out.iter_mut().enumerate() {
            for (j, to) in out.row_mut(b).iter_mut().enumerate() {
                let ground = beside[(t, j)];
                let lane = (of_capture[t] * of_chainage[j] * ground * against[j]).sqrt();
                let lane = wild[j].map_or(lane, |scale| lane.max(scale * ground));
                *to = lane.max(CALMEST * ground).min(WILDEST * ground);
            }
        }
    }
    out
}

/// Factors of the captures (rows): how restless the ground beside the lane is
/// against other captures, by the median over the chainage. Not read off the
/// lane, for a train may cover most of it.
fn restlessness(beside: &Array2<f32>) -> Vec<f32> {
    let typical: Vec<Option<f32>> = (beside.axis_iter(Dim(1)))
        .map(|column| median_of(column.iter().copied(), LEAST_SIZES))
        .collect();
    beside
        .outer_iter()
        .map(|row| {
            let ratios = row
                .iter()
                .zip(&typical)
                .filter_map(|(s, t)| Some(s / (*t)?));
            median_of(ratios, LEAST_SIZES).unwrap_or(1.0)
        })
        .collect()
}

/// Robust scale over all captures (rows) in windows of chainage, interpolated.
fn over_time(sizes: &Array2<f32>, window: usize) -> Vec<f32> {
    let cells = sizes.ncols();
    let knots: Vec<(f32, f32)> = (0..cells)
        .step_by(window)
        .filter_map(|j| {
            let near = Slice::from(j.saturating_sub(window)..(j + window).min(cells));
            let near = sizes.slice_axis(Dim(1), near);
            Some((j as f32, scale_of(near.iter().copied(), LEAST_SIZES)?))
        })
        .collect();
    let at = |j: usize| interpolate(&knots, j as f32).unwrap_or(1.0);
    (0..cells).map(|j| at(j).max(f32::MIN_POSITIVE)).collect()
}

/// The scale of `sizes` over the captures (rows) at places where it stands out from that
/// `around` them: the ends of a deck, posts.
fn wild_places(sizes: &Array2<f32>, around: &[f32]) -> Vec<Option<f32>> {
    (sizes.axis_iter(Dim(1)).zip(around))
        .map(|(column, around)| {
            scale_of(column.iter().copied(), LEAST_AT_PLACE)
                .filter(|scale| *scale > STANDS_OUT * around)
        })
        .collect()
}

/// Robust scale of the finite sizes; `None` for fewer than `least`.
fn scale_of(sizes: impl Iterator<Item = f32>, least: usize) -> Option<f32> {
    Some(median_of(sizes, least)? * crate::stats::MAD_TO_SIGMA as f32)
}

/// The median of the finite values; `None` for fewer than `least`.
fn median_of(values: impl Iterator<Item = f32>, least: usize) -> Option<f32> {
    let mut values: Vec<f32> = values.filter(|v| v.is_finite()).collect();
    let at = values.len() / 2;
    (values.len() >= least).then(|| *values.select_nth_unstable_by(at, f32::total_cmp).1)
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

/// The profile of capture `t` of the series. `rho` is the growth of the background's error,
/// per chainage.
#[must_use]
pub fn profile(
    across: &Across,
    noise: &SeriesNoise,
    (t, contrast): (usize, &Contrast),
    strip: &Strip,
    rho: &[f32],
) -> Profile {
    let lanes = &across.lanes;
    let spread = |j: usize| {
        (contrast.misfit[j] / CHANCE_MISFIT).max(1.0).sqrt() * contrast.inflation[j] * rho[j]
    };
    let lane_sigma = |k: usize| {
        Array2::from_shape_fn(contrast.track.dim(), |(b, j)| {
            let s = noise.lanes[t][k][(b, j)] * spread(j);
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
    let known = |j: usize| track_sigma.column(j).iter().all(|s| s.is_finite());
    let usable: Array1<bool> = (away_from_cloud(&contrast.usable, &covered, margin).into_iter())
        .enumerate()
        .map(|(j, away)| away && known(j))
        .collect();
    let as_predicted = |j: usize| contrast.usable[j] && !contrast.broad[j];
    let measurable = (0..contrast.chainage.len)
        .map(|j| usable[j] || as_predicted(j) && known(j))
        .collect();
    Profile {
        chainage: contrast.chainage,
        track: contrast.track.clone(),
        track_sigma,
        road: contrast.road.clone(),
        road_sigma,
        usable,
        measurable,
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
                measurable: usable.clone(),
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
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn places_that_stand_out_in_most_captures_are_wilder() {
        // Twelve captures: 1, 3, 1 but for five trains, and 9 where one shows it.
        let sizes = Array2::from_shape_fn((12, 4), |(t, j)| match j {
            0 => 1.0,
            1 => 3.0,
            2 => [1.0, 20.0][usize::from(t < 5)],
            _ => [f32::NAN, 9.0][usize::from(t == 0)],
        });
        let got = wild_places(&sizes, &[1.4826; 4]);
        assert!((got[1].unwrap() - 3.0 * 1.4826).abs() < 1e-4, "{got:?}");
        assert_eq!([got[0], got[2], got[3]], [None; 3]);
        // Fewer captures say nothing of a place.
        let few = sizes.slice_axis(Dim(0), Slice::from(..11)).to_owned();
        assert_eq!(wild_places(&few, &[1.4826; 4]), [None; 4]);
    }

    #[test]
    fn clouds_keep_a_margin_and_footprints_do_not() {
        let usable = [true, true, true, false, true, true, true, false];
        let covered = Array1::from(vec![true, true, true, true, true, true, true, false]);
        let expected = [true, true, false, false, false, true, true, false];
        assert_eq!(away_from_cloud(&usable, &covered, 1), expected);
    }
}
