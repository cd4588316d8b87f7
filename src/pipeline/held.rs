//! Where trains stand, decided for a series at once: what the next pass leaves out.

use std::ops::Range;

use ndarray::Array2;
use rayon::prelude::*;

use super::found::{Found, cells_of};
use crate::background::Prediction;
use crate::detect::{Candidate, Overlap, Prior, Stretch, Suspect, trains_among};
use crate::strip::Profile;

/// A capture predicts a block into which its train reaches less than so many point
/// spreads, unless that is the greater part: the ghost costs less than the predictor.
const END_PSF: f64 = 4.0;

impl Found {
    /// Per capture the chainage cells with a train, decided for the series at once,
    /// block by block, and where trains may hide each other, but for what was `tested`
    /// before.
    pub(super) fn train_cells(
        &self,
        predicted: &[Option<Prediction>],
        tested: &[Overlap],
        prior: Prior,
    ) -> Option<(Vec<Vec<bool>>, Vec<Overlap>)> {
        let first = predicted.iter().flatten().next()?;
        let stretches: Vec<Stretch> = (first.blocks.par_iter().enumerate())
            .map(|(i, block)| Stretch::new(&self.profiles, block, &weights(predicted, i)))
            .collect();
        let (suspects, filled): (Vec<Suspect>, Vec<Range<usize>>) =
            self.suspects(&first.blocks).into_iter().unzip();
        let mut cells = vec![vec![false; first.rho.len()]; predicted.len()];
        let (trains, hidden) = trains_among(stretches, &suspects, tested, prior);
        for train in trains {
            let held = &mut cells[train.capture];
            let its = suspects.iter().zip(&filled).filter(|(s, _)| **s == train);
            its.for_each(|(_, cells)| held[cells.clone()].fill(true));
            for block in &first.blocks[train.stretches] {
                held[block.clone()].fill(true);
            }
        }
        for overlap in &hidden {
            for capture in overlap.captures {
                for block in &first.blocks[overlap.stretches.clone()] {
                    cells[capture][block.clone()].fill(true);
                }
            }
        }
        Some((cells, hidden))
    }

    /// The candidates, each on the blocks of which it takes the greater part, and
    /// the chainage cells that it fills beyond the blur of its ends.
    fn suspects(&self, blocks: &[Range<usize>]) -> Vec<(Suspect, Range<usize>)> {
        let mut suspects = Vec::new();
        for (capture, (profile, trains)) in self.profiles.iter().zip(&self.candidates).enumerate() {
            let Some(profile) = profile else { continue };
            for train in trains {
                let inside = |block: &Range<usize>| {
                    let middle = profile.chainage.at_m(block.start + block.len() / 2);
                    middle > train.start_m && middle < train.end_m
                };
                let first = blocks.iter().position(inside);
                let last = blocks.iter().rposition(inside);
                if let (Some(first), Some(last)) = (first, last) {
                    let stretches = first..last + 1;
                    let suspect = Suspect { capture, stretches };
                    suspects.push((suspect, filled(train, profile)));
                }
            }
        }
        suspects
    }
}

/// The chainage cells of a candidate that are farther than the blur from its ends.
fn filled(candidate: &Candidate, profile: &Profile) -> Range<usize> {
    let blur = (END_PSF * profile.psf_m / profile.chainage.step_m).round() as usize;
    let cells = cells_of(candidate, profile.chainage);
    if cells.len() > 2 * blur {
        cells.start + blur..cells.end - blur
    } else {
        cells.start..cells.start
    }
}

/// Per band, (capture, predictor): the weights of the predictions on block `i`.
fn weights(predicted: &[Option<Prediction>], i: usize) -> Vec<Array2<f32>> {
    let captures = predicted.len();
    let bands = predicted
        .iter()
        .flatten()
        .next()
        .map_or(0, |p| p.weights.len());
    let mut weights = vec![Array2::zeros((captures, captures)); bands];
    for (t, p) in predicted.iter().enumerate() {
        let Some(p) = p else { continue };
        for (to, from) in weights.iter_mut().zip(&p.weights) {
            for (k, w) in p.picks.iter().zip(from.row(i)) {
                to[(t, *k)] = *w;
            }
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Lanes;
    use crate::strip::Axis;

    /// A profile of 60 cells of 5 m, blurred by `psf_m`.
    fn profile(psf_m: f64) -> Profile {
        let axis = Axis {
            first_m: 0.0,
            step_m: 5.0,
            len: 60,
        };
        let noise = Array2::from_elem((1, 60), 0.01);
        Profile::seen_whole(axis, (Array2::zeros((1, 60)), noise), (psf_m, 10.0))
    }

    fn candidate(start_m: f64, end_m: f64) -> Candidate {
        Candidate {
            start_m,
            end_m,
            score: 50.0,
            visible: 1.0,
        }
    }

    #[test]
    fn a_train_fills_its_cells_but_for_the_blur_of_its_ends() {
        // From cell 20 to cell 40; four point spreads are 28.8 m, six cells.
        assert_eq!(filled(&candidate(100.0, 200.0), &profile(7.2)), 26..35);
    }

    #[test]
    fn a_train_that_is_all_blur_fills_none() {
        assert!(filled(&candidate(100.0, 120.0), &profile(7.2)).is_empty());
        assert!(filled(&candidate(280.0, 295.0), &profile(7.2)).is_empty());
    }

    #[test]
    fn a_train_is_held_where_it_fills_the_lesser_part_of_a_block() {
        let mut found = Found::nothing(Lanes::given(10.0, None), 1);
        found.profiles = vec![Some(profile(0.72))];
        found.candidates = vec![vec![candidate(78.0, 205.0)]];
        let blocks: Vec<Range<usize>> = (0..10).map(|k| 6 * k..6 * k + 6).collect();
        // It stands on the last two cells of the third block.
        let suspects = found.suspects(&blocks);
        assert_eq!(suspects[0].0.stretches, 3..7);
        assert_eq!(suspects[0].1, 17..41);
    }
}
