//! What all fits of a series share in one pass: cells, gaps filled, sums of products.

use std::ops::Range;

use nalgebra::DMatrix;
use ndarray::{Array2, Axis as Dim};

use super::design::products;
use super::impute::{fill_from_composite, median_of};
use super::predict::Prediction;
use super::zones::half_widths;
use crate::error::{Error, Result};
use crate::strip::{Axis, Strip};

/// Captures with less than this share of clear cells predict nothing.
const LEAST_CLEAR: f64 = 0.15;
/// Share of the track that a capture shows from which its trains hold most of it. The
/// longest trains are as long as the Yalu bridge, 940 m; with its approaches a track is
/// half as long again.
const MOST_HELD: f64 = 0.7;
/// Fewer captures to predict from than this decide nothing …
const LEAST_PREDICTORS: usize = 1;
/// … and where the bed is predicted by itself, which few captures leave to chance.
const LEAST_OF_BED: usize = 5;

/// What part of the strips takes part in the fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PanelSettings {
    /// Cells farther from the track than this take no part, m: what lies
    /// beyond has seasons of its own.
    pub half_width_m: f64,
    /// A predictor counts as available in a block if it is clear this far to
    /// both sides of the track, m.
    pub core_m: f64,
    /// Length of the blocks in which the set of predictors is fixed, m.
    pub block_m: f64,
    /// About so many cells are enough for a fit; more are thinned evenly.
    pub cells: usize,
    /// The most predictors of one capture: the captures most alike.
    pub predictors: usize,
    /// Half widths of the zones that are predicted each for itself, m, from
    /// the track outwards.
    pub zones_m: &'static [f64],
}

impl PanelSettings {
    /// What suits a ground sample distance.
    #[must_use]
    pub fn for_gsd(gsd_m: f64) -> Self {
        Self {
            half_width_m: 45.0,
            core_m: (6.0 * gsd_m).clamp(8.0, 20.0),
            block_m: 30.0,
            cells: 12_000,
            predictors: 36,
            zones_m: half_widths(gsd_m),
        }
    }

    /// Whether the bed of the track is predicted by itself.
    pub(super) fn bed_apart(&self) -> bool {
        self.zones_m.len() > 1
    }
}

/// Where trains were found in the previous pass: they take no part in fits,
/// and a capture does not predict the stretches where it holds one.
#[derive(Debug, Clone, PartialEq)]
pub struct Occupied {
    /// Offset of the track, m.
    pub centre_m: f64,
    /// How far to both sides of it a train is seen, m.
    pub half_width_m: f64,
    /// Per capture: the chainage cells with a train.
    pub cells: Vec<Vec<bool>>,
    /// Where the track changed for good.
    pub changes: Vec<Change>,
}

impl Occupied {
    /// Whether trains hold most of the track that a capture shows.
    fn hold_most(&self, capture: usize, strip: &Strip) -> bool {
        let shown = strip.clear.row(strip.offset.cell_at(self.centre_m));
        let held =
            (shown.iter().zip(&self.cells[capture])).filter(|(shown, held)| **shown && **held);
        held.count() as f64 > MOST_HELD * shown.iter().filter(|s| **s).count() as f64
    }

    /// Whether a capture holds a train on some of the chainage cells.
    pub(super) fn holds(&self, capture: usize, mut cells: Range<usize>) -> bool {
        cells.any(|j| self.cells[capture][j])
    }

    /// Chainage cells of a capture that hold a train here or among `others`, and not in both.
    #[must_use]
    pub fn differing(&self, others: &[bool], capture: usize) -> usize {
        let cells = self.cells[capture].iter().zip(others);
        cells.filter(|(a, b)| a != b).count()
    }

    /// The same with the trains of another pass.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for (own, other) in self.cells.iter_mut().zip(&other.cells) {
            for (own, other) in own.iter_mut().zip(other) {
                *own |= other;
            }
        }
        self
    }
}

/// From some capture on a stretch of track looks different: captures before and
/// after do not predict one another there.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The first capture after it.
    pub first: usize,
    /// The chainage cells that changed.
    pub cells: Range<usize>,
}

impl Change {
    /// Whether it comes between two captures.
    pub(super) fn parts(&self, a: usize, b: usize) -> bool {
        (a < self.first) != (b < self.first)
    }
}

/// A series of strips, ready for [`super::predict_together`].
pub struct Panel<'a> {
    pub(super) strips: &'a [Strip],
    pub(super) settings: PanelSettings,
    pub(super) occupied: Option<&'a Occupied>,
    /// Cells taking part in fits, flat (offset, chainage), by order of chainage.
    pub(super) cells: Vec<usize>,
    /// Per band: capture × cell of the strip, gaps filled, each capture less its level.
    pub(super) full: Vec<Array2<f32>>,
    /// Per band: capture × fit cell, and a last row of ones.
    pub(super) fit: Vec<Array2<f32>>,
    /// Per band: sums of products of the rows of `fit`.
    pub(super) gram: Vec<DMatrix<f64>>,
    /// Capture × band: the level that was taken off.
    pub(super) level: Array2<f32>,
    /// Capture × cell of the strip: clear and without a train.
    pub(super) known: Vec<Vec<bool>>,
    /// Captures that may predict others.
    pub(super) usable: Vec<bool>,
    /// Capture × block: whether a capture shows the track there, without a train.
    pub(super) shows: Vec<Vec<bool>>,
    /// Per band: the noise of one sample of a predictor.
    pub(super) noise: Vec<f64>,
}

impl<'a> Panel<'a> {
    /// Prepares a pass.
    ///
    /// `previous` holds the predictions of the pass before: they fill the gaps
    /// of the captures and give the noise. Without them gaps are filled from
    /// the median composite, fitted to each capture.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where strips differ in shape or fewer than two
    /// captures are clear enough, six where the bed is predicted by itself.
    pub fn new(
        strips: &'a [Strip],
        settings: PanelSettings,
        occupied: Option<&'a Occupied>,
        previous: Option<&[Option<Prediction>]>,
    ) -> Result<Self> {
        let first = strips.first().ok_or_else(|| too_few(LEAST_PREDICTORS))?;
        if strips.iter().any(|s| {
            s.values.dim() != first.values.dim()
                || s.covered.dim() != s.clear.dim()
                || s.clear.dim() != (first.offset.len, first.chainage.len)
        }) {
            return Err(Error::unsupported("strips of one series differ in shape"));
        }
        let least = if settings.bed_apart() {
            LEAST_OF_BED
        } else {
            LEAST_PREDICTORS
        };
        let cells = fit_cells(first.offset, first.chainage, settings);
        let known: Vec<Vec<bool>> = (0..strips.len())
            .map(|t| known_cells(&strips[t], occupied, t))
            .collect();
        let usable: Vec<bool> = known
            .iter()
            .map(|k| {
                let clear = cells.iter().filter(|c| k[**c]).count();
                clear as f64 > LEAST_CLEAR * cells.len() as f64
            })
            .collect();
        if usable.iter().filter(|u| **u).count() <= least {
            return Err(too_few(least));
        }
        let mut panel = Self {
            strips,
            settings,
            occupied,
            cells,
            full: Vec::new(),
            fit: Vec::new(),
            gram: Vec::new(),
            level: Array2::zeros((strips.len(), first.values.dim().0)),
            known,
            usable,
            shows: Vec::new(),
            noise: Vec::new(),
        };
        panel.shows = (0..strips.len()).map(|k| panel.shown_blocks(k)).collect();
        for band in 0..first.values.dim().0 {
            panel.add_band(band, previous);
        }
        Ok(panel)
    }

    /// Number of captures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.strips.len()
    }

    /// Whether the series has no captures; a panel always has some.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.strips.is_empty()
    }

    fn add_band(&mut self, band: usize, previous: Option<&[Option<Prediction>]>) {
        let (captures, size) = (self.strips.len(), self.known[0].len());
        let mut full = Array2::zeros((captures, size));
        for (t, strip) in self.strips.iter().enumerate() {
            let values = strip.values.index_axis(Dim(0), band);
            let level = median_of(self.cells.iter().filter_map(|c| {
                let at = (c / strip.chainage.len, c % strip.chainage.len);
                self.known[t][*c].then(|| values[at])
            }));
            self.level[(t, band)] = level;
            let mut row = full.row_mut(t);
            for (to, v) in row.iter_mut().zip(values) {
                *to = v - level;
            }
        }
        match previous {
            None => fill_from_composite(&mut full, &self.known, &self.cells, &self.usable),
            Some(previous) => {
                for (t, prediction) in previous.iter().enumerate() {
                    let Some(prediction) = prediction else {
                        continue;
                    };
                    let level = self.level[(t, band)];
                    let values = prediction.values.index_axis(Dim(0), band);
                    for ((to, p), known) in
                        full.row_mut(t).iter_mut().zip(values).zip(&self.known[t])
                    {
                        if !known {
                            *to = p - level;
                        }
                    }
                }
            }
        }
        let mut fit = Array2::ones((captures + 1, self.cells.len()));
        for (mut to, from) in fit.outer_iter_mut().zip(full.outer_iter()) {
            for (to, cell) in to.iter_mut().zip(&self.cells) {
                *to = from[*cell];
            }
        }
        let gram = products(fit.view(), fit.view());
        let noise = match previous.and_then(|p| typical_scale(p, band)) {
            Some(noise) => noise,
            None => self.pairwise_noise(&gram),
        };
        self.noise.push(noise);
        self.full.push(full);
        self.fit.push(fit);
        self.gram.push(gram);
    }

    /// Noise from the closest pairs of captures: half the variance that the
    /// best single partner leaves, the median over captures. The first pass
    /// needs a value before anything was fitted.
    fn pairwise_noise(&self, gram: &DMatrix<f64>) -> f64 {
        let n = self.cells.len() as f64;
        let captures = self.strips.len();
        let left: Vec<f64> = (0..captures)
            .filter(|t| self.usable[*t])
            .filter_map(|t| {
                let best = (0..captures)
                    .filter(|k| *k != t && self.usable[*k])
                    .map(|k| correlation(gram, t, k).powi(2))
                    .fold(None, |a: Option<f64>, b| Some(a.map_or(b, |a| a.max(b))))?;
                let last = captures;
                let variance = (gram[(t, t)] - gram[(t, last)].powi(2) / n) / n;
                Some((0.5 * (1.0 - best) * variance).sqrt())
            })
            .collect();
        crate::stats::median(&left)
            .unwrap_or(1.0)
            .max(f64::MIN_POSITIVE)
    }

    /// Up to so many captures as the settings allow that look most like
    /// capture `t`, by correlation over the fit cells, in order of time.
    pub(super) fn alike(&self, t: usize) -> Vec<usize> {
        let mut others: Vec<(f64, usize)> = (0..self.strips.len())
            .filter(|k| *k != t && self.usable[*k])
            .map(|k| {
                let sum: f64 = self.gram.iter().map(|g| correlation(g, t, k).abs()).sum();
                (sum, k)
            })
            .collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        others.truncate(self.settings.predictors);
        let mut picks: Vec<usize> = others.into_iter().map(|(_, k)| k).collect();
        picks.sort_unstable();
        picks
    }

    /// Covariance of the captures over the ground near the track, (capture, capture).
    #[must_use]
    pub fn covariance(&self, band: usize) -> DMatrix<f64> {
        let (gram, captures) = (&self.gram[band], self.strips.len());
        let n = gram[(captures, captures)];
        let mean = |t: usize| gram[(t, captures)] / n;
        DMatrix::from_fn(captures, captures, |i, j| {
            gram[(i, j)] / n - mean(i) * mean(j)
        })
    }

    /// Noise of one sample of a band, 1 sigma, in the units of the strip.
    #[must_use]
    pub fn noise(&self, band: usize) -> f64 {
        self.noise[band]
    }

    /// Per row of the strips: whether a train would show there. None where the
    /// bed is predicted by itself: nothing else of a stretch says how it varies.
    pub(super) fn track_rows(&self) -> Vec<bool> {
        let (offset, _) = self.axes();
        if self.settings.bed_apart() {
            return vec![false; offset.len];
        }
        let (centre_m, half_width_m) = (self.occupied).map_or((0.0, self.settings.core_m), |o| {
            (o.centre_m, o.half_width_m)
        });
        (0..offset.len)
            .map(|i| (offset.at_m(i) - centre_m).abs() <= half_width_m)
            .collect()
    }

    pub(super) fn axes(&self) -> (Axis, Axis) {
        (self.strips[0].offset, self.strips[0].chainage)
    }
}

/// Correlation of captures `i` and `j`; the last column of `gram` is of ones.
fn correlation(gram: &DMatrix<f64>, i: usize, j: usize) -> f64 {
    let last = gram.nrows() - 1;
    let n = gram[(last, last)];
    let cov = |a: usize, b: usize| gram[(a, b)] - gram[(a, last)] * gram[(b, last)] / n;
    let spread = cov(i, i) * cov(j, j);
    if spread > 0.0 {
        cov(i, j) / spread.sqrt()
    } else {
        0.0
    }
}

fn typical_scale(previous: &[Option<Prediction>], band: usize) -> Option<f64> {
    let scales: Vec<f64> = previous.iter().flatten().map(|p| p.scale[band]).collect();
    crate::stats::median(&scales).filter(|s| *s > 0.0)
}

/// Cells near the track, thinned evenly in both directions, by order of chainage.
fn fit_cells(offset: Axis, chainage: Axis, settings: PanelSettings) -> Vec<usize> {
    let near: Vec<usize> = (0..offset.len)
        .filter(|i| offset.at_m(*i).abs() <= settings.half_width_m)
        .collect();
    let stride = (near.len() * chainage.len)
        .div_ceil(settings.cells.max(1))
        .max(1);
    let skip = stride / 2 + 1;
    (0..chainage.len)
        .flat_map(|j| near.iter().map(move |i| (*i, j)))
        .filter(|(i, j)| (j + i * skip).is_multiple_of(stride))
        .map(|(i, j)| i * chainage.len + j)
        .collect()
}

/// Clear cells of capture `t`, without those under its trains. With them where trains
/// hold most of its track: nothing else would say how bright its track is, and a whole
/// track that looks otherwise than predicted would be a train because it was one before.
fn known_cells(strip: &Strip, occupied: Option<&Occupied>, t: usize) -> Vec<bool> {
    let mut known = strip.clear.clone();
    if let Some(occupied) = occupied.filter(|o| !o.hold_most(t, strip)) {
        for i in 0..strip.offset.len {
            if (strip.offset.at_m(i) - occupied.centre_m).abs() > occupied.half_width_m {
                continue;
            }
            for (cell, train) in known.row_mut(i).iter_mut().zip(&occupied.cells[t]) {
                *cell &= !train;
            }
        }
    }
    known.into_iter().collect()
}

fn too_few(least: usize) -> Error {
    Error::unsupported(format!(
        "the background needs at least {} captures that are clear near the track",
        least + 1
    ))
}
