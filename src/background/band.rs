//! The prediction of one band of some captures.
//!
//! They go side by side: what the others show is read once for all of them where
//! predictions are put together.

use std::collections::BTreeMap;
use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use ndarray::{Array2, Axis as Dim};

use super::combine::Weights;
use super::design::{Design, Fit};
use super::gradient;
use super::local::{LocalSums, Reduced};
use super::panel::Panel;
use super::predict::{Member, Prediction};

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

/// One band of a prediction, see [`super::Prediction`].
pub(super) struct OfBand {
    pub(super) values: Array2<f32>,
    pub(super) scale: f64,
    pub(super) rho: Vec<f32>,
    pub(super) beta: DVector<f64>,
    pub(super) weights: Array2<f32>,
}

/// Predicts one band of these captures; `None` where the equations of one have no solution.
pub(super) fn predict_band(panel: &Panel, band: usize, members: &[&Member]) -> Vec<Option<OfBand>> {
    let zones = members.iter().map(|m| m.zones.len()).max().unwrap_or(0);
    let mut out: Vec<Option<OfBand>> = Vec::new();
    for zone in 0..zones {
        let targets: Vec<Option<Target>> = (members.iter())
            .map(|member| Target::of(panel, (band, zone), member))
            .collect();
        let predicted = predict_zone(panel, band, &targets);
        // The zone of the track comes first, and all have it.
        if zone == 0 {
            out = predicted;
            continue;
        }
        let rows = panel.rows_of_zone(zone);
        for ((out, target), ground) in out.iter_mut().zip(&targets).zip(predicted) {
            if target.is_none() {
                continue;
            }
            match (&mut *out, ground) {
                (Some(out), Some(ground)) => {
                    for i in &rows {
                        out.values.row_mut(*i).assign(&ground.values.row(*i));
                    }
                }
                _ => *out = None,
            }
        }
    }
    out
}

/// What one zone says of its whole strip.
fn predict_zone(panel: &Panel, band: usize, targets: &[Option<Target>]) -> Vec<Option<OfBand>> {
    let begun: Vec<Option<DVector<f64>>> = (targets.iter())
        .map(|target| target.as_ref()?.begin())
        .collect();
    let fields = panel.combine(
        band,
        (targets.iter().zip(&begun))
            .map(|(target, beta)| Some(target.as_ref()?.everywhere(beta.as_ref()?))),
    );
    let mut solved: Vec<Option<OfBand>> = (targets.iter().zip(begun).zip(fields))
        .map(|((target, beta), field)| target.as_ref()?.solve(&beta?, field?))
        .collect();
    let linear = panel.combine(
        band,
        (targets.iter().zip(&solved)).map(|(target, solved)| {
            Some(Weights {
                picks: &target.as_ref()?.member.picks,
                beta: solved.as_ref()?.weights.clone(),
            })
        }),
    );
    for (solved, linear) in solved.iter_mut().zip(linear) {
        if let (Some(solved), Some(linear)) = (solved, linear) {
            solved.values += &linear;
        }
    }
    solved
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

/// One zone of one band of one capture.
struct Target<'a> {
    panel: &'a Panel<'a>,
    band: usize,
    member: &'a Member<'a>,
    clear: &'a [bool],
    warm: Option<DVector<f64>>,
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

impl<'a> Target<'a> {
    /// `None` where the capture has no such zone.
    fn of(
        panel: &'a Panel<'a>,
        (band, zone): (usize, usize),
        member: &'a Member<'a>,
    ) -> Option<Self> {
        // What the pass before knew of the ground is not kept.
        let warm = member.warm.filter(|_| zone == 0);
        Some(Self {
            panel,
            band,
            member,
            clear: member.zones.get(zone)?,
            warm: warm.map(|w| warm_start(w, band, &member.picks)),
        })
    }

    fn ridge(&self) -> Vec<f64> {
        let noise = self.panel.noise[self.band].powi(2);
        let mut ridge = vec![noise; self.member.picks.len()];
        ridge.push(noise * FREE);
        ridge
    }

    /// Coefficients without gradients.
    fn begin(&self) -> Option<DVector<f64>> {
        if let Some(beta) = &self.warm {
            return Some(beta.clone());
        }
        let fit = (self.design()).fit(self.clear, &self.ridge(), None, COLD_ROUNDS.0)?;
        Some(fit.beta)
    }

    /// These coefficients in all blocks, for the field that gradients are taken of: between
    /// blocks with predictors of their own a prediction has steps, which are no gradients.
    fn everywhere(&self, beta: &DVector<f64>) -> Weights<'_> {
        let blocks = self.member.blocks.len();
        Weights {
            picks: &self.member.picks,
            beta: Array2::from_shape_fn((blocks, beta.len()), |(_, k)| beta[k] as f32),
        }
    }

    /// Fits with gradients, then block by block, from coefficients without and the field
    /// that they make. The values are only what gradients and level add to what the
    /// predictors say.
    fn solve(&self, beta: &DVector<f64>, field: Array2<f32>) -> Option<OfBand> {
        let fitted = self.fit(beta, field)?;
        let moved = self.gradient_part(&fitted);
        let (weights, rho) = self.available_cases(&fitted, &moved);
        Some(OfBand {
            values: moved + self.panel.level[(self.member.t, self.band)],
            scale: fitted.fit.scale,
            rho,
            beta: fitted.beta(),
            weights,
        })
    }

    fn fit(&self, beta: &DVector<f64>, field: Array2<f32>) -> Option<Fitted> {
        let rounds = match self.warm {
            Some(_) => WARM_ROUNDS,
            None => COLD_ROUNDS.1,
        };
        let (offset, chainage) = self.panel.axes();
        let gradients = gradient::columns(
            field.view(),
            offset,
            chainage,
            (&self.panel.cells, self.panel.deck_m()),
        );
        let design = self.design().append(&gradients);
        let mut ridge = self.ridge();
        ridge.extend([self.panel.noise[self.band].powi(2) * FREE; gradient::COLUMNS]);
        let start = DVector::from_iterator(
            ridge.len(),
            beta.iter().copied().chain([0.0; gradient::COLUMNS]),
        );
        let fit = design.fit(self.clear, &ridge, Some(start), rounds)?;
        Some(Fitted {
            fit,
            ridge,
            predictors: self.member.picks.len(),
            field,
        })
    }

    /// Columns: the target, its predictors, the constant; sums from the panel.
    fn design(&self) -> Design {
        let (fit, gram) = (&self.panel.fit[self.band], &self.panel.gram[self.band]);
        let mut order = vec![self.member.t];
        order.extend_from_slice(&self.member.picks);
        order.push(fit.nrows() - 1);
        Design {
            columns: fit.select(Dim(0), &order),
            gram: DMatrix::from_fn(order.len(), order.len(), |i, j| gram[(order[i], order[j])]),
        }
    }

    /// The coefficients block by block, and along the track how much worse they do than
    /// those of the whole fit.
    fn available_cases(&self, fitted: &Fitted, moved: &Array2<f32>) -> (Array2<f32>, Vec<f32>) {
        let Member {
            t, picks, blocks, ..
        } = self.member;
        let mut all_weights = Array2::zeros((blocks.len(), picks.len() + 1));
        let mut rho = vec![1.0f32; self.panel.axes().1.len];
        let whole = fitted.equations(self.clear);
        let section = (SECTION_M / self.panel.settings.block_m).round().max(1.0) as usize;
        let stretches: Vec<Range<usize>> = (blocks.chunks(section))
            .map(|blocks| blocks[0].from..blocks[blocks.len() - 1].to)
            .collect();
        let sums = LocalSums::new(
            self.panel,
            (self.band, *t, picks),
            (&fitted.fit.weights, moved),
            &stretches,
        );
        let mut solved_whole: BTreeMap<&[bool], Option<Vec<f64>>> = BTreeMap::new();
        let sections = blocks.chunks(section).zip(&stretches);
        for ((blocks, stretch), mut weights) in
            sections.zip(all_weights.axis_chunks_iter_mut(Dim(0), section))
        {
            let local = sums.around(stretch, &whole);
            let mut solved: BTreeMap<&[bool], Option<(Vec<f64>, f64)>> = BTreeMap::new();
            for (mut weights, block) in weights.outer_iter_mut().zip(blocks) {
                let solution = solved.entry(&block.allowed).or_insert_with(|| {
                    let of_whole = solved_whole
                        .entry(&block.allowed)
                        .or_insert_with(|| whole.solve(&block.allowed));
                    local.solve_towards(&block.allowed, of_whole.as_ref()?)
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
        (all_weights, rho)
    }

    fn gradient_part(&self, fitted: &Fitted) -> Array2<f32> {
        let gradients = fitted.gradients();
        let gamma = std::array::from_fn(|k| gradients[k] as f32);
        let deck_m = self.panel.deck_m();
        gradient::moved(fitted.field.view(), self.panel.axes(), gamma, deck_m)
    }
}
