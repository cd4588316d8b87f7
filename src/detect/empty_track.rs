//! What the captures of a series show on the track, each less what it differs by over
//! long stretches.
//!
//! How they differ is told by what the others say of each: at one chainage the empty track
//! is a Gaussian vector, one element a capture, whose covariance is learnt from the ground
//! beside the track, which has many cells and no trains, and from the whole of the track.

use std::ops::Range;

use nalgebra::{Cholesky, DMatrix};
use ndarray::Array3;

use super::covariance::Completed;
use super::segment::independent_share;
use crate::stats::median;
use crate::strip::Axis;

/// Length of the blocks that are decided as one, m.
const BLOCK_M: f64 = 20.0;
/// Share of the covariance that is learnt on the track itself. The ground has
/// more cells and no trains, the track is what the model is of.
const TRACK_SHARE: f64 = 0.3;
/// What differs from the prediction over more than this length is no train, m.
const DRIFT_M: f64 = 350.0;
/// Share of a band's information that other bands do not have already.
pub(super) const BAND_SHARE: f64 = 0.6;
/// Captures considered at once, and how far apart such windows begin: the cost
/// grows with the cube of the first.
const WINDOW: (usize, usize) = (64, 32);

/// What the captures of a series show on the track, not compared with anything.
#[derive(Debug, Clone)]
pub struct TrackView {
    /// Per band: capture × chainage cell, in the units of the strip.
    pub contrast: Vec<DMatrix<f64>>,
    /// Capture × chainage cell: whether the contrast can be used.
    pub seen: DMatrix<bool>,
    /// Per band: capture × chainage cell, how well a capture is known there, 1
    /// sigma; NaN where it is not.
    pub sigma: Vec<DMatrix<f64>>,
    /// Per band: contrast on the pseudo-tracks beside the track, (pseudo-track,
    /// capture, chainage cell); NaN where it cannot be used.
    pub beside: Vec<Array3<f32>>,
    /// Per band: covariance of the captures on the ground beside the track.
    pub ground: Vec<DMatrix<f64>>,
    /// Per band: variance of the noise of one contrast.
    pub noise: Vec<f64>,
    /// Cells along the track, m.
    pub chainage: Axis,
    /// Ground sample distance of the captures, m.
    pub gsd_m: f64,
}

/// Windows of captures that are considered at once.
pub(super) fn windows(captures: usize) -> impl Iterator<Item = Range<usize>> {
    let (len, step) = WINDOW;
    let last = captures.saturating_sub(len).div_ceil(step);
    (0..=last).map(move |i| i * step..(i * step + len).min(captures))
}

/// Per band of the captures of one window: capture × cell, the contrast less what is common
/// to a long stretch of the capture. `None` where too little is seen.
pub(super) fn levelled(view: &TrackView, window: &Range<usize>) -> Option<Vec<DMatrix<f64>>> {
    let rows: Vec<usize> = window.clone().collect();
    let seen = view.seen.select_rows(&rows);
    let half = (DRIFT_M / view.chainage.step_m) as usize;
    let of_band = |b: usize| {
        let ground = view.ground[b].select_rows(&rows).select_columns(&rows);
        let contrast = view.contrast[b].select_rows(&rows);
        without_drift(contrast, &seen, (&ground, view.noise[b]), half)
    };
    (0..view.contrast.len()).map(of_band).collect()
}

/// Share of independent information in one sample of one band.
pub(super) fn temper(view: &TrackView) -> f64 {
    BAND_SHARE * independent_share(view.chainage.step_m, view.gsd_m)
}

fn without_drift(
    mut contrast: DMatrix<f64>,
    seen: &DMatrix<bool>,
    (ground, noise): (&DMatrix<f64>, f64),
    half: usize,
) -> Option<DMatrix<f64>> {
    for (mut row, seen) in contrast.row_iter_mut().zip(seen.row_iter()) {
        let shown: Vec<f64> = (row.iter().zip(seen.iter()))
            .filter(|(_, s)| **s)
            .map(|(v, _)| *v)
            .collect();
        let level = median(&shown).unwrap_or(0.0);
        row.add_scalar_mut(-level);
    }
    let own = Completed::new(&contrast, seen)?.covariance(|_| true)?;
    let share = (1.0 - TRACK_SHARE) * own.trace() / ground.trace();
    let mut covariance = own * TRACK_SHARE + ground * share;
    for i in 0..covariance.nrows() {
        covariance[(i, i)] += noise;
    }
    let scores = left_out(&covariance, &contrast, seen)?;
    take_drift(&mut contrast, &scores, half);
    Some(contrast)
}

/// Per block: the captures, rows of `seen`, that see all of it.
pub(super) fn seen_whole(blocks: &[Range<usize>], seen: &DMatrix<bool>) -> Vec<Vec<usize>> {
    let by = |block: &Range<usize>| {
        let all = |t: &usize| block.clone().all(|j| seen[(*t, j)]);
        (0..seen.nrows()).filter(all).collect()
    };
    blocks.iter().map(by).collect()
}

/// Each capture against what the others say of it.
struct LeftOut {
    /// Capture × cell: difference over its sigma; NaN where not seen.
    value: DMatrix<f64>,
    /// Per capture: a typical sigma.
    sigma: Vec<f64>,
}

/// Leave-one-out residuals of a Gaussian: `(Λ a)ₜ / √Λₜₜ` with the precision
/// `Λ` of the captures that see a cell (Rue and Held 2005, theorem 2.3).
fn left_out(
    covariance: &DMatrix<f64>,
    contrast: &DMatrix<f64>,
    seen: &DMatrix<bool>,
) -> Option<LeftOut> {
    let (captures, cells) = contrast.shape();
    let mut value = DMatrix::from_element(captures, cells, f64::NAN);
    let mut sigmas = vec![Vec::new(); captures];
    let mut last: Option<(Vec<usize>, DMatrix<f64>)> = None;
    for j in 0..cells {
        let shown: Vec<usize> = (0..captures).filter(|t| seen[(*t, j)]).collect();
        if shown.len() < 3 {
            continue;
        }
        let known = last.take().filter(|(s, _)| *s == shown);
        let (shown, precision) = if let Some(known) = known {
            known
        } else {
            let part = covariance.select_rows(&shown).select_columns(&shown);
            (shown, Cholesky::new(part)?.inverse())
        };
        let own = contrast.column(j).select_rows(&shown);
        let pulled = &precision * own;
        for (i, t) in shown.iter().enumerate() {
            let root = precision[(i, i)].sqrt();
            value[(*t, j)] = pulled[i] / root;
            sigmas[*t].push(1.0 / root);
        }
        last = Some((shown, precision));
    }
    Some(LeftOut {
        value,
        sigma: (sigmas.iter()).map(|s| median(s).unwrap_or(0.0)).collect(),
    })
}

/// Takes off what a capture differs by over long stretches: a running median
/// over `half` cells to both sides.
fn take_drift(contrast: &mut DMatrix<f64>, scores: &LeftOut, half: usize) {
    let cells = contrast.ncols();
    let stride = (half / 16).max(1);
    for (t, mut row) in contrast.row_iter_mut().enumerate() {
        for from in (0..cells).step_by(stride) {
            let near = from.saturating_sub(half)..(from + half + 1).min(cells);
            let near: Vec<f64> = near
                .map(|j| scores.value[(t, j)])
                .filter(|v| v.is_finite())
                .collect();
            let drift = median(&near).unwrap_or(0.0) * scores.sigma[t];
            for j in from..(from + stride).min(cells) {
                row[j] -= drift;
            }
        }
    }
}

/// Blocks of about [`BLOCK_M`]; the last takes the rest.
pub(super) fn blocks(chainage: Axis) -> Vec<Range<usize>> {
    let len = ((BLOCK_M / chainage.step_m).round() as usize).max(1);
    let count = (chainage.len / len).max(1);
    (0..count)
        .map(|k| {
            let end = if k + 1 == count {
                chainage.len
            } else {
                (k + 1) * len
            };
            k * len..end
        })
        .collect()
}
