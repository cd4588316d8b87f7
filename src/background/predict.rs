//! The prediction of one capture from the others.

use std::collections::BTreeMap;
use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use ndarray::{Array2, Array3, Axis as Dim};

use super::blocks::Block;
use super::design::{Design, Fit};
use super::gradient;
use super::local::{LEAST_CELLS, LocalSums, Reduced};
use super::panel::{Occupied, Panel};

/// Reweighting rounds before the gradients are known, and with them.
const COLD_ROUNDS: (usize, usize) = (2, 3);
/// Reweighting rounds from the coefficients of the previous pass.
const WARM_ROUNDS: usize = 2;
/// Ridge of columns that are known without noise, as a share of the predictors': only
/// against singular equations.
const FREE: f64 = 1e-6;
/// Ground changes with the seasons patch by patch: coefficients are fitted
/// anew for stretches of this length, m, drawn to those of the whole strip.
const SECTION_M: f64 = 210.0;

/// What a capture would show if nothing stood on the track.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// (band, offset, chainage), in the units of the strip.
    pub values: Array3<f32>,
    /// Per band: robust scale of the residuals of the fit on the zone of the track.
    pub scale: Vec<f64>,
    /// Per chainage: by how much the residuals grow because captures that hide
    /// this stretch, or hold a train there, could not predict it; at least 1.
    pub rho: Vec<f32>,
    /// The captures predicted from.
    pub picks: Vec<usize>,
    /// Per band: their coefficients, then the constant.
    pub beta: Vec<DVector<f64>>,
    /// Stretches of chainage cells with their own sets of predictors.
    pub blocks: Vec<Range<usize>>,
    /// Per band: block × pick, the weight of a capture in that stretch; the
    /// last column is the constant.
    pub weights: Vec<Array2<f32>>,
}

/// Predicts capture `t` of the panel.
///
/// `warm`: the prediction of the same capture in the pass before, which saves
/// most of the reweighting. `None` where the capture is too little clear.
#[must_use]
pub fn predict(panel: &Panel, t: usize, warm: Option<&Prediction>) -> Option<Prediction> {
    let clear: Vec<bool> = panel.cells.iter().map(|c| panel.known[t][*c]).collect();
    if clear.iter().filter(|c| **c).count() < LEAST_CELLS {
        return None;
    }
    let picks = panel.alike(t);
    let blocks = panel.blocks(t, &picks);
    let (offset, chainage) = panel.axes();
    let bands = panel.full.len();
    let mut out = Prediction {
        values: Array3::zeros((bands, offset.len, chainage.len)),
        scale: Vec::with_capacity(bands),
        rho: vec![1.0; chainage.len],
        beta: Vec::with_capacity(bands),
        blocks: blocks.iter().map(|b| b.from..b.to).collect(),
        weights: vec![Array2::zeros((blocks.len(), picks.len() + 1)); bands],
        picks,
    };
    let zones = panel.zones();
    let parts = panel.by_zone(clear, &zones, LEAST_CELLS);
    for band in 0..bands {
        for (zone, clear) in parts.iter().enumerate() {
            let of_track = zone == 0;
            let warm = warm.filter(|_| of_track);
            let target = Target {
                panel,
                t,
                band,
                picks: &out.picks,
                clear,
            };
            let fitted = target.fit(warm.map(|w| warm_start(w, band, &out.picks)))?;
            let mut weights = Array2::zeros(out.weights[band].dim());
            let (values, rho) = target.available_cases(&fitted, &blocks, &mut weights);
            let rows = (0..offset.len).filter(|i| parts.len() == 1 || zones[*i] == zone);
            for i in rows {
                let mut to = out.values.index_axis_mut(Dim(0), band);
                to.row_mut(i).assign(&values.row(i));
            }
            if of_track {
                for (all, this) in out.rho.iter_mut().zip(rho) {
                    *all = all.max(this);
                }
                out.weights[band] = weights;
                out.scale.push(fitted.fit.scale);
                out.beta.push(fitted.beta());
            }
        }
    }
    Some(out)
}

/// Coefficients of the previous pass for the predictors of this one.
fn warm_start(warm: &Prediction, band: usize, picks: &[usize]) -> DVector<f64> {
    let beta = &warm.beta[band];
    let known: BTreeMap<usize, f64> = warm
        .picks
        .iter()
        .copied()
        .zip(beta.iter().copied())
        .collect();
    let constant = beta.iter().next_back().copied().unwrap_or(0.0);
    DVector::from_iterator(
        picks.len() + 1,
        picks
            .iter()
            .map(|k| known.get(k).copied().unwrap_or(0.0))
            .chain([constant]),
    )
}

/// One band of one capture.
struct Target<'a> {
    panel: &'a Panel<'a>,
    t: usize,
    band: usize,
    picks: &'a [usize],
    clear: &'a [bool],
}

/// A fit with the field whose gradients it used.
struct Fitted {
    fit: Fit,
    ridge: Vec<f64>,
    predictors: usize,
    field: Array2<f32>,
}

impl Fitted {
    /// Coefficients of the predictors and the constant.
    fn beta(&self) -> DVector<f64> {
        self.fit.beta.rows(0, self.predictors + 1).into_owned()
    }

    /// The equations of the whole strip.
    fn equations(&self, clear: &[bool]) -> Reduced {
        let n = self.predictors + 1;
        let cells = clear.iter().filter(|c| **c).count() as f64;
        let gram = &self.fit.gram;
        let gamma = self.gradients();
        let g = gradient::COLUMNS;
        let cross = gram.view((1, 1 + n), (n, g));
        let right = gram.view((1, 0), (n, 1)).column(0) - cross * &gamma;
        let own = gram.view((1 + n, 0), (g, 1)).column(0).dot(&gamma);
        let total =
            gram[(0, 0)] - 2.0 * own + (gram.view((1 + n, 1 + n), (g, g)) * &gamma).dot(&gamma);
        let ridge = self.ridge[..n].iter().map(|r| r * cells).collect();
        let system = gram.view((1, 1), (n, n)).into_owned();
        Reduced::new(system, right, total, (ridge, cells))
    }

    fn gradients(&self) -> DVector<f64> {
        self.fit
            .beta
            .rows(self.predictors + 1, gradient::COLUMNS)
            .into_owned()
    }
}

impl Target<'_> {
    fn fit(&self, warm: Option<DVector<f64>>) -> Option<Fitted> {
        let design = self.design();
        let noise = self.panel.noise[self.band].powi(2);
        let mut ridge = vec![noise; self.picks.len()];
        ridge.push(noise * FREE);
        let (beta, rounds) = match warm {
            Some(beta) => (beta, WARM_ROUNDS),
            None => (
                design.fit(self.clear, &ridge, None, COLD_ROUNDS.0)?.beta,
                COLD_ROUNDS.1,
            ),
        };
        // The field of all blocks alike: between blocks with predictors of
        // their own a prediction has steps, which are no gradients.
        let field = self.whole(&beta);
        let (offset, chainage) = self.panel.axes();
        let gradients = gradient::columns(
            field.view(),
            offset,
            chainage,
            (&self.panel.cells, self.panel.deck_m()),
        );
        let design = design.append(&gradients);
        ridge.extend([noise * FREE; gradient::COLUMNS]);
        let start = DVector::from_iterator(
            ridge.len(),
            beta.iter().copied().chain([0.0; gradient::COLUMNS]),
        );
        let fit = design.fit(self.clear, &ridge, Some(start), rounds)?;
        Some(Fitted {
            fit,
            ridge,
            predictors: self.picks.len(),
            field,
        })
    }

    /// The prediction of one set of coefficients for the whole strip.
    fn whole(&self, beta: &DVector<f64>) -> Array2<f32> {
        let all = Block {
            from: 0,
            to: self.panel.axes().1.len,
            allowed: Vec::new(),
        };
        let beta = Array2::from_shape_fn((1, beta.len()), |(_, k)| beta[k] as f32);
        self.panel.combine(self.band, self.picks, &[all], &beta)
    }

    /// Columns: the target, its predictors, the constant; sums from the panel.
    fn design(&self) -> Design {
        let (fit, gram) = (&self.panel.fit[self.band], &self.panel.gram[self.band]);
        let mut order = vec![self.t];
        order.extend_from_slice(self.picks);
        order.push(fit.nrows() - 1);
        Design {
            columns: fit.select(Dim(0), &order),
            gram: DMatrix::from_fn(order.len(), order.len(), |i, j| gram[(order[i], order[j])]),
        }
    }

    /// The prediction block by block, and how much worse than the whole fit.
    fn available_cases(
        &self,
        fitted: &Fitted,
        blocks: &[Block],
        weights: &mut Array2<f32>,
    ) -> (Array2<f32>, Vec<f32>) {
        let mut rho = vec![1.0f32; self.panel.axes().1.len];
        let whole = fitted.equations(self.clear);
        let moved = self.gradient_part(fitted);
        let sums = LocalSums::new(
            self.panel,
            (self.band, self.t, self.picks),
            &fitted.fit.weights,
            &moved,
        );
        let mut solved_whole: BTreeMap<&[bool], Option<(Vec<f64>, f64)>> = BTreeMap::new();
        let section = (SECTION_M / self.panel.settings.block_m).round().max(1.0) as usize;
        for (blocks, mut weights) in blocks
            .chunks(section)
            .zip(weights.axis_chunks_iter_mut(Dim(0), section))
        {
            let Some((first, last)) = blocks.first().zip(blocks.last()) else {
                continue;
            };
            let local = sums.around(first.from..last.to, &whole);
            let mut solved: BTreeMap<&[bool], Option<(Vec<f64>, f64)>> = BTreeMap::new();
            for (mut weights, block) in weights.outer_iter_mut().zip(blocks) {
                let solution = solved.entry(&block.allowed).or_insert_with(|| {
                    let of_whole = solved_whole
                        .entry(&block.allowed)
                        .or_insert_with(|| whole.solve(&block.allowed, None));
                    let (towards, _) = of_whole.as_ref()?;
                    local.solve(&block.allowed, Some(towards))
                });
                let Some((beta, ratio)) = solution else {
                    rho[block.from..block.to].fill(f32::INFINITY);
                    continue;
                };
                rho[block.from..block.to].fill(*ratio as f32);
                let used = block.allowed.iter().chain([&true]);
                let used = (0..).zip(used).filter(|(_, u)| **u);
                for ((k, _), b) in used.zip(beta.iter()) {
                    weights[k] = *b as f32;
                }
            }
        }
        let linear = self.panel.combine(self.band, self.picks, blocks, weights);
        let values = linear + moved + self.panel.level[(self.t, self.band)];
        (values, rho)
    }

    fn gradient_part(&self, fitted: &Fitted) -> Array2<f32> {
        let gradients = fitted.gradients();
        let gamma = std::array::from_fn(|k| gradients[k] as f32);
        let deck_m = self.panel.deck_m();
        gradient::moved(fitted.field.view(), self.panel.axes(), gamma, deck_m)
    }
}

impl Prediction {
    /// Whether capture `t`, predicted with some trains `known`, would be predicted from
    /// the same captures and cells if those of `now` were.
    #[must_use]
    pub fn stands(&self, t: usize, known: &Occupied, now: &Occupied) -> bool {
        let alike = |k: &usize| {
            let mut blocks = self.blocks.iter();
            blocks.all(|b| known.holds(*k, b.clone()) == now.holds(*k, b.clone()))
        };
        known.cells[t] == now.cells[t]
            && (known.centre_m, known.half_width_m) == (now.centre_m, now.half_width_m)
            && known.changes == now.changes
            && self.picks.iter().all(alike)
    }

    /// What the values of the strip show beyond the prediction, (band, offset, chainage).
    #[must_use]
    pub fn residual(&self, values: &Array3<f32>) -> Array3<f32> {
        values - &self.values
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ndarray::{Array1, Array2, Array3};

    use super::*;
    use crate::background::{Change, PanelSettings};
    use crate::strip::{Axis, Strip};

    const OFFSET: Axis = Axis {
        first_m: -45.0,
        step_m: 5.0,
        len: 19,
    };
    const CHAINAGE: Axis = Axis {
        first_m: 0.0,
        step_m: 5.0,
        len: 240,
    };
    const CAPTURES: usize = 24;

    /// Even in −1 to 1, another for every seed.
    fn random(seed: usize) -> f32 {
        let mixed = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed >> 40) as f32 / (1u64 << 23) as f32) - 1.0
    }

    /// A track that is by another amount darker than the ground in every
    /// capture, with noise of its own; `train` is added to the track of capture
    /// 5 from 450 to 750 m.
    fn series(train: f32) -> Vec<Strip> {
        let capture = |t: usize| {
            let clear = Array2::from_elem((OFFSET.len, CHAINAGE.len), true);
            let values = Array3::from_shape_fn((1, OFFSET.len, CHAINAGE.len), |(_, i, j)| {
                let ground = (1.0 + 0.3 * random(t)) * 0.1 * random(1000 + 7 * i + 331 * j);
                let on_track = OFFSET.at_m(i).abs() <= 10.0;
                let deck = if on_track {
                    -0.1 + 0.06 * random(100 + t)
                } else {
                    0.0
                };
                let here = (450.0..750.0).contains(&CHAINAGE.at_m(j));
                let own = if t == 5 && on_track && here {
                    train
                } else {
                    0.0
                };
                let noise = 0.01 * random(10_000 + t * 100_000 + i * 1000 + j);
                0.3 + ground + deck + own + noise
            });
            Strip {
                offset: OFFSET,
                chainage: CHAINAGE,
                values,
                covered: clear.clone(),
                clear,
            }
        };
        (0..CAPTURES).map(capture).collect()
    }

    /// Trains on these cells of a capture each, and changes.
    fn occupied(cells: Vec<Vec<bool>>, changes: Vec<Change>) -> Occupied {
        Occupied {
            centre_m: 0.0,
            half_width_m: 10.0,
            cells,
            changes,
        }
    }

    /// What capture 5 shows beyond its prediction along the track.
    fn left_on_track(panel: &Panel, strips: &[Strip]) -> Array1<f32> {
        let residual = predict(panel, 5, None).unwrap().residual(&strips[5].values);
        let band = residual.index_axis(Dim(0), 0);
        band.row(OFFSET.cell_at(0.0)).to_owned()
    }

    /// The same on the middle of the train.
    fn left(train: f32) -> f32 {
        let strips = series(train);
        let panel = Panel::new(&strips, PanelSettings::for_gsd(10.0), None, None).unwrap();
        let row = left_on_track(&panel, &strips);
        let cells = CHAINAGE.cell_at(480.0)..CHAINAGE.cell_at(720.0);
        cells.clone().map(|j| row[j]).sum::<f32>() / cells.len() as f32
    }

    #[test]
    fn a_faint_train_that_is_not_known_does_not_explain_itself() {
        let shown = left(0.02) - left(0.0);
        assert!((0.014..0.021).contains(&shown), "{shown}");
    }

    #[test]
    fn trains_that_hold_the_whole_track_do_not_make_themselves() {
        let mut strips = series(0.0);
        // Wet, all of it.
        for (i, mut row) in strips[5].values.axis_iter_mut(Dim(1)).enumerate() {
            if OFFSET.at_m(i).abs() <= 10.0 {
                row -= 0.02;
            }
        }
        let settings = PanelSettings::for_gsd(10.0);
        let left_with = |held: usize| {
            let mut cells = vec![vec![false; CHAINAGE.len]; CAPTURES];
            cells[5][..held].fill(true);
            let occupied = occupied(cells, Vec::new());
            let panel = Panel::new(&strips, settings, Some(&occupied), None).unwrap();
            let left = left_on_track(&panel, &strips);
            left.mean().unwrap().abs()
        };
        let (none, all) = (left_with(0), left_with(CHAINAGE.len));
        assert!((none - all).abs() < 1e-6, "{none} {all}");
        // Half of it may be a train, and takes no part.
        assert!((none - left_with(CHAINAGE.len / 2)).abs() > 1e-6);
    }

    #[test]
    fn captures_before_and_after_a_change_do_not_predict_one_another_there() {
        let strips = series(0.0);
        let settings = PanelSettings::for_gsd(10.0);
        let allowed = |first: usize, t: usize| {
            let change = Change {
                first,
                cells: 60..66,
            };
            let occupied = occupied(vec![vec![false; CHAINAGE.len]; CAPTURES], vec![change]);
            let panel = Panel::new(&strips, settings, Some(&occupied), None).unwrap();
            let picks: Vec<usize> = (0..CAPTURES).filter(|k| *k != t).collect();
            let blocks = panel.blocks(t, &picks);
            let of_block = |cell: usize| -> Vec<usize> {
                let block = blocks.iter().find(|b| (b.from..b.to).contains(&cell));
                let allowed = picks.iter().zip(&block.unwrap().allowed);
                allowed.filter(|(_, a)| **a).map(|(k, _)| *k).collect()
            };
            (of_block(62), of_block(100).len())
        };
        let (here, elsewhere) = allowed(10, 4);
        assert_eq!(here, [0, 1, 2, 3, 5, 6, 7, 8, 9]);
        assert_eq!(elsewhere, CAPTURES - 1);
        assert_eq!(allowed(10, 20).0.len(), 13);
        // Two captures before it predict nothing alone.
        assert_eq!(allowed(2, 1).0.len(), CAPTURES - 1);
    }
}
