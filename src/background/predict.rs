//! The prediction of captures from each other.

use std::ops::Range;

use nalgebra::DVector;
use ndarray::{Array2, Array3, Axis as Dim, stack};

use super::band::{OfBand, predict_band};
use super::blocks::Block;
use super::local::LEAST_CELLS;
use super::panel::{Occupied, Panel};

/// Coefficient of a predictor that says little: of a train in it, whose contrast is some
/// ten times the noise, a twentieth stays below that.
const LITTLE: f64 = 0.05;

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
    /// The chainage cells whose track took no part, since a train stood there; none where
    /// no trains were known.
    pub left_out: Vec<bool>,
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

/// Predicts capture `t` of the panel, see [`predict_together`].
#[must_use]
pub fn predict(panel: &Panel, t: usize, warm: Option<&Prediction>) -> Option<Prediction> {
    predict_together(panel, &[(t, warm)]).pop().flatten()
}

/// Predicts captures of the panel, each with its prediction of the pass before, if there
/// was one: that saves most of the reweighting. Some captures together take less time than
/// one after the other, for what the others show is read once for all of them; each is
/// predicted to the bit as it would be alone.
///
/// `None` where a capture is too little clear, or its equations have no solution.
#[must_use]
pub fn predict_together(
    panel: &Panel,
    wanted: &[(usize, Option<&Prediction>)],
) -> Vec<Option<Prediction>> {
    let members: Vec<Option<Member>> = (wanted.iter())
        .map(|(t, warm)| Member::new(panel, *t, *warm))
        .collect();
    let shown: Vec<&Member> = members.iter().flatten().collect();
    let bands: Vec<Vec<Option<OfBand>>> = (0..panel.full.len())
        .map(|band| predict_band(panel, band, &shown))
        .collect();
    let mut numbers = 0..;
    (members.iter())
        .map(|member| {
            let member = member.as_ref()?;
            let n: usize = numbers.next()?;
            let own: Option<Vec<&OfBand>> = bands.iter().map(|band| band[n].as_ref()).collect();
            member.prediction(panel, &own?)
        })
        .collect()
}

/// A capture that is to be predicted.
pub(super) struct Member<'a> {
    pub(super) t: usize,
    pub(super) warm: Option<&'a Prediction>,
    /// The captures it is predicted from.
    pub(super) picks: Vec<usize>,
    pub(super) blocks: Vec<Block>,
    /// Per zone: the fit cells that it shows.
    pub(super) zones: Vec<Vec<bool>>,
}

impl<'a> Member<'a> {
    /// `None` where the capture is too little clear.
    fn new(panel: &Panel, t: usize, warm: Option<&'a Prediction>) -> Option<Self> {
        let clear: Vec<bool> = panel.cells.iter().map(|c| panel.known[t][*c]).collect();
        if clear.iter().filter(|c| **c).count() < LEAST_CELLS {
            return None;
        }
        let picks = panel.alike(t);
        Some(Self {
            t,
            warm,
            blocks: panel.blocks(t, &picks),
            zones: panel.by_zone(clear, &panel.zones(), LEAST_CELLS),
            picks,
        })
    }

    /// From its bands.
    fn prediction(&self, panel: &Panel, bands: &[&OfBand]) -> Option<Prediction> {
        let first = bands.first()?;
        let views: Vec<_> = bands.iter().map(|b| b.values.view()).collect();
        let mut rho = first.rho.clone();
        for band in &bands[1..] {
            for (all, this) in rho.iter_mut().zip(&band.rho) {
                *all = all.max(*this);
            }
        }
        Some(Prediction {
            values: stack(Dim(0), &views).ok()?,
            scale: bands.iter().map(|b| b.scale).collect(),
            rho,
            left_out: (panel.occupied).map_or_else(Vec::new, |o| o.cells[self.t].clone()),
            picks: self.picks.clone(),
            beta: bands.iter().map(|b| b.beta.clone()).collect(),
            blocks: self.blocks.iter().map(|b| b.from..b.to).collect(),
            weights: bands.iter().map(|b| b.weights.clone()).collect(),
        })
    }
}

impl Prediction {
    /// Whether capture `t` would be predicted alike if the trains of `now` were left out
    /// and not those `known` in the pass before: from the same of its own cells, but for up
    /// to as many as a pixel has, and from the same captures, but for some that say little
    /// of a stretch.
    #[must_use]
    pub fn stands(
        &self,
        t: usize,
        (known, now): (&Occupied, &Occupied),
        pixel_cells: usize,
    ) -> bool {
        let alike = |(n, k): (usize, &usize)| {
            let mut blocks = self.blocks.iter().enumerate();
            blocks.all(|(i, b)| {
                known.holds(*k, b.clone()) == now.holds(*k, b.clone()) || self.share(n, i) < LITTLE
            })
        };
        // Not those of the pass before: ends that creep would never be noticed.
        !self.left_out.is_empty()
            && now.differing(&self.left_out, t) <= pixel_cells
            && (known.centre_m, known.half_width_m) == (now.centre_m, now.half_width_m)
            && known.changes == now.changes
            && self.picks.iter().enumerate().all(alike)
    }

    /// How much the `n`th predictor says, or would if it were allowed, of a block: its
    /// largest coefficient.
    fn share(&self, n: usize, block: usize) -> f64 {
        let bands = self.beta.iter().zip(&self.weights);
        let sizes =
            bands.map(|(whole, here)| whole[n].abs().max(f64::from(here[(block, n)].abs())));
        sizes.fold(0.0, f64::max)
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
    fn captures_are_predicted_side_by_side_as_alone() {
        // In two bands; one is hidden, one in part.
        let mut strips: Vec<Strip> = series(0.1).into_iter().take(CAPTURES - 3).collect();
        for strip in &mut strips {
            let band = strip.values.clone();
            let other = band.mapv(|v| 0.5 * v + 0.1);
            strip.values = ndarray::concatenate![Dim(0), band, other];
        }
        strips[2].clear.fill(false);
        for j in 60..120 {
            strips[7].clear.column_mut(j).fill(false);
        }
        let panel = Panel::new(&strips, PanelSettings::for_gsd(10.0), None, None).unwrap();
        let all: Vec<_> = (0..strips.len()).map(|t| (t, None)).collect();
        let together = predict_together(&panel, &all);
        for (t, of_all) in together.iter().enumerate() {
            let alone = predict(&panel, t, None);
            assert_eq!((of_all.is_none(), alone.is_none()), (t == 2, t == 2));
            let Some((of_all, alone)) = of_all.as_ref().zip(alone) else {
                continue;
            };
            // To the bit: what runs on how many threads is no matter.
            assert_eq!(of_all.picks, alone.picks);
            assert_eq!(of_all.values, alone.values);
            assert_eq!(of_all.rho, alone.rho);
        }
    }

    #[test]
    fn a_prediction_stands_until_a_train_matters_to_it() {
        let strips = series(0.0);
        let panel = Panel::new(&strips, PanelSettings::for_gsd(10.0), None, None).unwrap();
        let mut predicted = predict(&panel, 5, None).unwrap();
        predicted.left_out = vec![false; CHAINAGE.len];
        // Of the first two predictors one says half, one next to nothing.
        for (n, share) in [0.5, 0.01].into_iter().enumerate() {
            predicted.beta[0][n] = share;
            predicted.weights[0].column_mut(n).fill(share as f32);
        }
        let nothing = occupied(vec![vec![false; CHAINAGE.len]; CAPTURES], Vec::new());
        let with_train = |capture: usize, cells: Range<usize>| {
            let mut now = nothing.clone();
            now.cells[capture][cells].fill(true);
            now
        };
        let stands = |now: &Occupied| predicted.stands(5, (&nothing, now), 2);
        assert!(stands(&nothing));
        let (much, little) = (predicted.picks[0], predicted.picks[1]);
        assert!(stands(&with_train(little, 20..60)));
        assert!(!stands(&with_train(much, 20..60)));
        assert!(!predicted.stands(5, (&with_train(much, 20..60), &nothing), 2));
        // Of its own cells a pixel may change.
        assert!(stands(&with_train(5, 20..22)) && !stands(&with_train(5, 20..23)));
        let elsewhere = Occupied {
            centre_m: 1.0,
            ..nothing.clone()
        };
        assert!(!stands(&elsewhere));
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
