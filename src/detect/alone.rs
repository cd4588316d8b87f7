//! Trains that a capture shows by itself, where no other one looks alike.
//!
//! A prediction that does not fit a capture (the only one with snow) leaves
//! stretches that look like trains, and loses trains where bed and prediction
//! change together. Pixels that show the bed apart from a train show the train
//! without any prediction, too: its colour begins and ends at once. A stretch is
//! taken for a train if both ends are ends of what the capture itself shows;
//! where only the prediction ends, the train is followed to its own end.

use ndarray::{Array2, Array3, Axis as Dim};

use super::lanes::Lanes;
use super::segment::Candidate;
use super::template::{SHARP_M, WIDTH_M};
use crate::stats::median;
use crate::strip::{Axis, Strip};

/// Share of a train's contrast by which its own colour must give way at an end,
/// and which must be seen before it: half way from one to the other.
const HALF: f64 = 0.5;
/// What lies to both sides of an end is averaged over this length, m: most of a car.
const SIDE_M: f64 = 10.0;
/// Colours are followed in steps of this length, m: gaps between cars are shorter.
const STEP_M: f64 = 3.0;

/// The middle of the track in one capture.
#[derive(Debug, Clone)]
pub struct Bare {
    chainage: Axis,
    /// What the capture shows, (band, chainage).
    own: Array2<f64>,
    /// What it shows beyond its prediction, (band, chainage).
    left: Array2<f64>,
}

impl Bare {
    /// From a strip and its prediction, (band, offset, chainage); `None` where
    /// pixels do not show a train apart from its bed.
    #[must_use]
    pub fn new(strip: &Strip, predicted: &Array3<f32>, lanes: &Lanes) -> Option<Self> {
        let half_m = 0.5 * (WIDTH_M - lanes.psf_m);
        let rows: Vec<usize> = (0..strip.offset.len)
            .filter(|i| (strip.offset.at_m(*i) - lanes.track_m).abs() <= half_m)
            .collect();
        if lanes.psf_m > SHARP_M || rows.is_empty() {
            return None;
        }
        let middle = |values: &Array3<f32>| {
            let rows = values.select(Dim(1), &rows).mapv(f64::from);
            rows.mean_axis(Dim(1))
        };
        let own = middle(&strip.values)?;
        let left = &own - &middle(predicted)?;
        Some(Self {
            chainage: strip.chainage,
            own,
            left,
        })
    }

    /// The train that a candidate is a part of, between its own ends; `None`
    /// where one of them is none.
    #[must_use]
    pub fn train(&self, candidate: Candidate) -> Option<Candidate> {
        let axis = self.chainage;
        let (first, last) = (
            axis.cell_at(candidate.start_m),
            axis.cell_at(candidate.end_m),
        );
        let contrast: Vec<f64> = (self.left.outer_iter())
            .map(|band| {
                let inside: Vec<f64> = (first..=last).map(|j| band[j]).collect();
                median(&inside).unwrap_or(0.0)
            })
            .collect();
        let start = self.end((first, -1), &contrast)?;
        let end = self.end((last, 1), &contrast)?;
        Some(Candidate {
            start_m: candidate.start_m + axis.at_m(start) - axis.at_m(first),
            end_m: candidate.end_m + axis.at_m(end) - axis.at_m(last),
            ..candidate
        })
    }

    /// The cell at which the colour inside of an end gives way by half of the
    /// contrast, going on from the cell where the train was seen to end.
    fn end(&self, (found, outwards): (usize, isize), contrast: &[f64]) -> Option<usize> {
        let cells = |length_m: f64| (length_m / self.chainage.step_m).round().max(1.0) as isize;
        let (side, step) = (cells(SIDE_M), cells(STEP_M));
        let inside = self.mean(&self.own, (found, -outwards), (step, side))?;
        let energy: f64 = contrast.iter().map(|c| c * c).sum();
        let share = |of: &[f64]| {
            let product: f64 = of.iter().zip(contrast).map(|(v, c)| v * c).sum();
            product / energy
        };
        for further in -step.. {
            let at = found.checked_add_signed(outwards * further)?;
            let beyond = self.mean(&self.own, (at, outwards), (1, step))?;
            let given: Vec<f64> = inside.iter().zip(&beyond).map(|(i, b)| i - b).collect();
            if share(&given) < HALF {
                continue;
            }
            let before = self.mean(&self.left, (at, -outwards), (1, side))?;
            return (share(&before) >= HALF).then_some(at);
        }
        None
    }

    /// Mean by band of the cells from one distance to another in a direction;
    /// `None` beyond the strip.
    fn mean(
        &self,
        of: &Array2<f64>,
        (at, direction): (usize, isize),
        (from, to): (isize, isize),
    ) -> Option<Vec<f64>> {
        let cells: Vec<usize> = (from..=to)
            .map(|away| {
                let j = at.checked_add_signed(direction * away)?;
                (j < self.chainage.len).then_some(j)
            })
            .collect::<Option<_>>()?;
        let mean = |band: ndarray::ArrayView1<f64>| {
            cells.iter().map(|j| band[*j]).sum::<f64>() / cells.len() as f64
        };
        Some(of.outer_iter().map(mean).collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Snow of 0.5 up to 140 m and from 440 m on, a bare bridge of 0.09 between,
    /// as `shown` makes of it; the prediction takes the bridge for what it shows.
    fn scene(shown: impl Fn(f64, f64) -> f64) -> Bare {
        let chainage = Axis {
            first_m: 0.0,
            step_m: 1.0,
            len: 600,
        };
        let bed = |at_m: f64| {
            if (140.0..440.0).contains(&at_m) {
                0.09
            } else {
                0.5
            }
        };
        let own = Array2::from_shape_fn((2, 600), |(_, j)| {
            let at_m = chainage.at_m(j);
            shown(at_m, bed(at_m))
        });
        let left = Array2::from_shape_fn((2, 600), |(b, j)| {
            let at_m = chainage.at_m(j);
            if bed(at_m) < 0.1 {
                0.0
            } else {
                own[(b, j)] - bed(at_m)
            }
        });
        Bare {
            chainage,
            own,
            left,
        }
    }

    fn candidate(start_m: f64, end_m: f64) -> Candidate {
        Candidate {
            start_m,
            end_m,
            score: 100.0,
            visible: 1.0,
        }
    }

    #[test]
    fn a_train_is_followed_over_what_the_prediction_takes_for_empty() {
        let bare = scene(|at, bed| {
            if (72.0..459.0).contains(&at) {
                0.055
            } else {
                bed
            }
        });
        let train = bare.train(candidate(72.0, 139.0)).unwrap();
        assert!((train.start_m - 72.0).abs() <= 3.0, "{train:?}");
        assert!((train.end_m - 459.0).abs() <= 3.0, "{train:?}");
    }

    #[test]
    fn a_train_with_ends_of_its_own_stays_as_it_was_found() {
        let bare = scene(|at, bed| {
            if (40.0..100.0).contains(&at) {
                0.055
            } else {
                bed
            }
        });
        let train = bare.train(candidate(40.0, 99.0)).unwrap();
        assert!((train.start_m - 40.0).abs() <= 3.0 && (train.end_m - 99.0).abs() <= 3.0);
    }

    #[test]
    fn what_only_the_prediction_ends_is_no_train() {
        // The train ends somewhere on the bridge, which is as dark as itself.
        let bare = scene(|at, bed| {
            if (72.0..300.0).contains(&at) {
                0.055
            } else {
                bed
            }
        });
        assert!(bare.train(candidate(72.0, 139.0)).is_none());
        // Nothing changes by itself, and the strip ends.
        let level = scene(|_, _| 0.3);
        assert!(level.train(candidate(20.0, 120.0)).is_none());
    }
}
