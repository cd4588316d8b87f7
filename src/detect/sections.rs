//! How likely the contrasts of a block of track are with things standing on it.
//!
//! The covariance of the captures on a section of track has two parts: how they
//! vary together on the track elsewhere, for learnt with a train in it, it would
//! explain the train; and how they vary on the ground beside the section, which
//! leaks into the track where ice or snow are bright. How much of each, the
//! section itself says. What a capture's noise is beyond that is known from its
//! profile.

use std::ops::Range;

use nalgebra::{Cholesky, DMatrix, DVectorView};
use ndarray::Array3;

use super::covariance::Completed;
use super::emission::Prior;
use super::empty_track::{BAND_SHARE, TrackView, blocks, levelled, seen_whole, temper};
use crate::stats::median;

/// Length of the sections, m.
const SECTION_M: f64 = 200.0;
/// How far beyond a section the track has no part in its covariance, and the
/// ground beside it has, m.
const BEYOND_M: f64 = 65.0;
/// Parts that the track elsewhere and the ground beside may have, the latter
/// brought to the variance of the former.
const PARTS: [(f64, f64); 8] = [
    (1.0, 0.02),
    (1.0, 0.1),
    (1.0, 0.3),
    (1.0, 1.0),
    (0.5, 0.1),
    (0.5, 0.3),
    (0.5, 0.7),
    (0.3, 1.0),
];
/// Degrees of freedom of the t distribution by which the parts are chosen: trains
/// are outliers.
const FREEDOM: f64 = 4.0;
/// Cells from one that is taken of the ground to the next: neighbours say the same.
const GROUND_STRIDE: usize = 2;
/// Share of the contrast that is the same in all captures of a stay; light and
/// season change the rest.
const SAME: f64 = 0.8;

/// The model of one window of captures.
pub(super) struct Sections {
    bands: Vec<Band>,
    /// Chainage cells decided as one.
    pub(super) blocks: Vec<Range<usize>>,
    /// Section of each block.
    section: Vec<usize>,
    /// Per block: the captures that see all of it, and well enough to be used.
    pub(super) seen: Vec<Vec<usize>>,
    pub(super) captures: usize,
    /// Variance of a train's contrast.
    pub(super) variance: f64,
    /// Share of independent information in one sample of one band.
    pub(super) temper: f64,
}

struct Band {
    /// Capture × cell.
    contrast: DMatrix<f64>,
    /// Per section.
    covariance: Vec<DMatrix<f64>>,
    /// Block × capture: variance that the capture has to itself there.
    own: DMatrix<f64>,
}

impl Sections {
    /// `held`: per capture of the series the chainage cells with trains, of which
    /// nothing is learnt.
    pub(super) fn new(
        view: &TrackView,
        held: &[Vec<bool>],
        window: &Range<usize>,
        prior: Prior,
    ) -> Option<Self> {
        let contrasts = levelled(view, window)?;
        let blocks = blocks(view.chainage);
        let rows: Vec<usize> = window.clone().collect();
        let known = |t: usize, j: usize| {
            view.seen[(t, j)] && view.sigma.iter().all(|sigma| sigma[(t, j)].is_finite())
        };
        let seen = DMatrix::from_fn(rows.len(), view.chainage.len, |i, j| known(rows[i], j));
        let free = DMatrix::from_fn(rows.len(), view.chainage.len, |i, j| {
            seen[(i, j)] && !held[rows[i]][j]
        });
        let places = Places::of(view);
        let mut out = Self {
            bands: Vec::new(),
            section: (blocks.iter())
                .map(|block| places.section_of(usize::midpoint(block.start, block.end)))
                .collect(),
            seen: seen_whole(&blocks, &seen),
            blocks,
            captures: rows.len(),
            variance: prior.tau.powi(2),
            temper: temper(view),
        };
        for (b, contrast) in contrasts.into_iter().enumerate() {
            let beside = &view.beside[b].select(ndarray::Axis(1), &rows);
            let covariance =
                out.covariances((&contrast, &free), (beside, view.noise[b]), &places)?;
            let mut band = Band {
                contrast,
                covariance,
                own: DMatrix::zeros(out.blocks.len(), out.captures),
            };
            let sigma = view.sigma[b].select_rows(&rows);
            for k in 0..out.blocks.len() {
                out.add_own(&mut band, k, &sigma);
            }
            out.bands.push(band);
        }
        Some(out)
    }

    /// The covariance of every section.
    fn covariances(
        &self,
        (contrast, free): (&DMatrix<f64>, &DMatrix<bool>),
        (beside, noise): (&Array3<f32>, f64),
        places: &Places,
    ) -> Option<Vec<DMatrix<f64>>> {
        let completed = Completed::new(contrast, free)?;
        (0..places.count)
            .map(|section| {
                let near = places.around(section);
                // A track of one section has no elsewhere.
                let elsewhere = completed
                    .covariance(|j| !near.contains(&j))
                    .or_else(|| completed.covariance(|_| true))?;
                let ground = of_ground(beside, &near);
                let mixed = PARTS.map(|parts| mixed(&elsewhere, &ground, parts, noise));
                let likelihood = |c: &DMatrix<f64>| self.likelihood(section, (contrast, free), c);
                (mixed.into_iter().map(|c| (likelihood(&c), c)))
                    .max_by(|a, b| a.0.total_cmp(&b.0))
                    .map(|(_, covariance)| covariance)
            })
            .collect()
    }

    /// Log likelihood of the free cells of a section by a multivariate t
    /// distribution (Lange, Little and Taylor 1989).
    fn likelihood(
        &self,
        section: usize,
        (contrast, free): (&DMatrix<f64>, &DMatrix<bool>),
        covariance: &DMatrix<f64>,
    ) -> f64 {
        let of_block = |k: usize| -> Option<f64> {
            let block = &self.blocks[k];
            let all = |t: &usize| block.clone().all(|j| free[(*t, j)]);
            let seen: Vec<usize> = self.seen[k].iter().copied().filter(all).collect();
            let factor = Cholesky::new(covariance.select_rows(&seen).select_columns(&seen))?;
            let contrast = contrast.columns(block.start, block.len());
            let contrast = contrast.select_rows(&seen);
            let solved = factor.solve(&contrast);
            let size = 0.5 * factor.determinant().ln();
            let of_cell = |(x, s): (DVectorView<'_, f64>, DVectorView<'_, f64>)| {
                -size - 0.5 * (FREEDOM + seen.len() as f64) * (x.dot(&s) / FREEDOM).ln_1p()
            };
            let cells = contrast.column_iter().zip(solved.column_iter());
            Some(cells.map(of_cell).sum())
        };
        let blocks = (0..self.blocks.len()).filter(|k| self.section[*k] == section);
        blocks.filter_map(of_block).sum()
    }

    /// Adds what a capture's noise on block `k` is beyond what the others leave
    /// of it.
    fn add_own(&self, band: &mut Band, k: usize, sigma: &DMatrix<f64>) {
        let seen = &self.seen[k];
        let covariance = &band.covariance[self.section[k]];
        let part = covariance.select_rows(seen).select_columns(seen);
        let Some(factor) = Cholesky::new(part) else {
            return;
        };
        let precision = factor.inverse();
        for (i, t) in seen.iter().enumerate() {
            let cells = self.blocks[k].clone();
            let sum: f64 = cells.clone().map(|j| sigma[(*t, j)].powi(2)).sum();
            let variance = sum / cells.len() as f64;
            band.own[(k, *t)] = (variance - 1.0 / precision[(i, i)]).max(0.0);
        }
    }

    /// Number of bands.
    pub(super) fn bands(&self) -> usize {
        self.bands.len()
    }

    /// Covariance of the captures that see block `k` in one cell, with these things
    /// on it.
    pub(super) fn covariance(
        &self,
        band: usize,
        k: usize,
        things: &[Range<usize>],
    ) -> DMatrix<f64> {
        self.with_own((band, k), things, 1.0)
    }

    /// The same where what the contrast of a thing has to itself in one capture
    /// weighs so many times as much.
    fn with_own(
        &self,
        (band, k): (usize, usize),
        things: &[Range<usize>],
        times: f64,
    ) -> DMatrix<f64> {
        let (seen, band) = (&self.seen[k], &self.bands[band]);
        let covariance = &band.covariance[self.section[k]];
        let mut out = covariance.select_rows(seen).select_columns(seen);
        for (i, t) in seen.iter().enumerate() {
            out[(i, i)] += band.own[(k, *t)];
        }
        for thing in things {
            let held: Vec<usize> = (0..seen.len())
                .filter(|i| thing.contains(&seen[*i]))
                .collect();
            for i in &held {
                for j in &held {
                    let own = if i == j { times * (1.0 - SAME) } else { 0.0 };
                    out[(*i, *j)] += (SAME + own) * self.variance;
                }
            }
        }
        out
    }

    /// Contrast of one band of block `k` in the captures that see it.
    pub(super) fn contrast(&self, band: usize, k: usize) -> DMatrix<f64> {
        let block = &self.blocks[k];
        let columns = (self.bands[band].contrast).columns(block.start, block.len());
        columns.select_rows(&self.seen[k])
    }

    /// Log likelihood of block `k` with these things on it.
    ///
    /// What a thing's contrast has to itself in one capture is the same in all
    /// cells: of `n` that are worth `m` independent ones it is in the mean,
    /// `m`-fold, and in nothing else.
    pub(super) fn log_likelihood(&self, k: usize, things: &[Range<usize>]) -> f64 {
        let of = |band: usize| -> Option<f64> {
            let contrast = self.contrast(band, k);
            let cells = contrast.ncols() as f64;
            let independent = (self.temper / BAND_SHARE * cells).max(1.0);
            let mean = contrast.column_mean();
            let rest = Cholesky::new(self.with_own((band, k), things, 0.0))?;
            let of_mean = Cholesky::new(self.with_own((band, k), things, independent))?;
            let about_mean =
                contrast.dot(&rest.solve(&contrast)) / cells - mean.dot(&rest.solve(&mean));
            let energy = independent * (about_mean + mean.dot(&of_mean.solve(&mean)));
            let size = (independent - 1.0) * rest.determinant().ln() + of_mean.determinant().ln();
            Some(-0.5 * (energy + size))
        };
        BAND_SHARE * (0..self.bands()).filter_map(of).sum::<f64>()
    }
}

/// Where the sections lie.
struct Places {
    count: usize,
    /// Chainage cells of the track.
    cells: usize,
    /// Cells beyond a section that belong to its surroundings.
    beyond: usize,
}

impl Places {
    fn of(view: &TrackView) -> Self {
        let cells = |length_m: f64| ((length_m / view.chainage.step_m) as usize).max(1);
        Self {
            count: (view.chainage.len / cells(SECTION_M)).max(1),
            cells: view.chainage.len,
            beyond: cells(BEYOND_M),
        }
    }

    fn section_of(&self, cell: usize) -> usize {
        (cell * self.count / self.cells).min(self.count - 1)
    }

    /// The cells of a section and its surroundings.
    fn around(&self, section: usize) -> Range<usize> {
        let starts = |section: usize| section * self.cells / self.count;
        let end = (starts(section + 1) + self.beyond).min(self.cells);
        starts(section).saturating_sub(self.beyond)..end
    }
}

/// Covariance of the captures over the pseudo-tracks `beside` (pseudo-track,
/// capture, cell) near some chainage cells. What a capture does not show takes no
/// part; correlations with what it shows are taken for smaller for it.
fn of_ground(beside: &Array3<f32>, near: &Range<usize>) -> DMatrix<f64> {
    let (_, captures, _) = beside.dim();
    let mut sum = DMatrix::zeros(captures, captures);
    let mut shown = vec![0.0f64; captures];
    for track in beside.outer_iter() {
        for j in near.clone().step_by(GROUND_STRIDE) {
            let values = track.column(j);
            for (n, v) in shown.iter_mut().zip(values) {
                *n += f64::from(u8::from(v.is_finite()));
            }
            let known = |v: &f32| if v.is_finite() { f64::from(*v) } else { 0.0 };
            let values = nalgebra::DVector::from_iterator(captures, values.iter().map(known));
            sum.ger(1.0, &values, &values, 1.0);
        }
    }
    DMatrix::from_fn(captures, captures, |i, j| {
        sum[(i, j)] / (shown[i] * shown[j]).sqrt().max(1.0)
    })
}

/// A covariance of some parts of two, the second brought to the variance of the
/// first in most captures, and white noise.
fn mixed(
    elsewhere: &DMatrix<f64>,
    ground: &DMatrix<f64>,
    (of_elsewhere, of_ground): (f64, f64),
    noise: f64,
) -> DMatrix<f64> {
    let ratios: Vec<f64> = (0..ground.nrows())
        .map(|i| (elsewhere[(i, i)], ground[(i, i)]))
        .filter(|(_, ground)| *ground > 0.0)
        .map(|(elsewhere, ground)| elsewhere / ground)
        .collect();
    let scale = median(&ratios).unwrap_or(1.0);
    let mut out = elsewhere * of_elsewhere + ground * (of_ground * scale);
    for i in 0..out.nrows() {
        out[(i, i)] += noise;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ground_is_averaged_over_what_is_shown() {
        // Two pseudo-tracks of four cells, every other taken: capture 0 shows 1
        // and 3, capture 1 shows 2 on the first only.
        let shown = [[1.0, 2.0], [3.0, f32::NAN]];
        let beside = Array3::from_shape_fn((2, 2, 4), |(p, t, _)| shown[p][t]);
        let got = of_ground(&beside, &(0..4));
        assert!((got[(0, 0)] - 5.0).abs() < 1e-12);
        assert!((got[(1, 1)] - 4.0).abs() < 1e-12);
        // Products 2 and 2 over the root of 4 and 2 cells shown.
        assert!((got[(0, 1)] - 4.0 / 8f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn the_ground_is_brought_to_the_variance_of_the_track() {
        let elsewhere = DMatrix::from_diagonal_element(3, 3, 4.0);
        let ground = DMatrix::from_diagonal(&nalgebra::DVector::from_vec(vec![1.0, 2.0, 100.0]));
        // Ratios 4, 2 and 0.04: the middle one counts.
        let got = mixed(&elsewhere, &ground, (0.5, 0.3), 0.1);
        for (i, expected) in [2.0 + 0.6 + 0.1, 2.0 + 1.2 + 0.1, 2.0 + 60.0 + 0.1]
            .into_iter()
            .enumerate()
        {
            assert!((got[(i, i)] - expected).abs() < 1e-12, "{got}");
        }
    }

    #[test]
    fn sections_cover_the_track() {
        let places = Places {
            count: 3,
            cells: 100,
            beyond: 10,
        };
        assert_eq!(
            [0, 1, 2].map(|s| places.around(s)),
            [0..43, 23..76, 56..100]
        );
        assert_eq!([0, 33, 34, 99].map(|c| places.section_of(c)), [0, 0, 1, 2]);
    }
}
