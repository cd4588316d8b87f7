//! Which of two shows the train, where a capture and its prediction differ.
//!
//! A difference says that something stands in the one or in the other: a train
//! in the capture, or the ghost of one in those it was predicted from. The track
//! goes on under a train as it does before and behind it. Whichever of the two
//! steps at both ends of the difference, while the other goes on, holds it.

use ndarray::Array2;

use super::segment::Candidate;
use crate::stats::MAD_TO_SIGMA;
use crate::strip::Axis;

/// What lies to both sides of an end is averaged over this length, m: most of a
/// car …
const SIDE_M: f64 = 10.0;
/// … or over so many pixels, where they are coarser.
const SIDE_PX: f64 = 2.5;
/// Pixels left out about an end: the blur mixes both sides there.
const GAP_PX: f64 = 0.75;
/// Most evidence of one end, natural log: decks have ends of their own.
const MOST_OF_END: f64 = 4.0;
/// Steps of a lane are not taken for smaller than this share of a contrast.
const LEAST_SPREAD: f64 = 0.1;
/// Fewer places than this tell no spread.
const LEAST_PLACES: usize = 10;

/// The track in one capture, and in what the others predict for it.
#[derive(Debug, Clone)]
pub struct Continuity {
    chainage: Axis,
    /// Contrast against what lies beside the track, (band, chainage).
    own: Array2<f32>,
    predicted: Array2<f32>,
    usable: Vec<bool>,
    /// Cells left out on either side of an end, and averaged beyond those.
    gap: usize,
    side: usize,
}

impl Continuity {
    /// From the contrasts of the track against its surroundings in a capture and
    /// in its prediction, (band, chainage) each, where both can be used.
    #[must_use]
    pub fn new(
        (chainage, gsd_m): (Axis, f64),
        own: Array2<f32>,
        predicted: Array2<f32>,
        usable: Vec<bool>,
    ) -> Self {
        let cells = |length_m: f64| ((length_m / chainage.step_m).round() as usize).max(1);
        Self {
            gap: cells(GAP_PX * gsd_m),
            side: cells(SIDE_M.max(SIDE_PX * gsd_m)),
            chainage,
            own,
            predicted,
            usable,
        }
    }

    /// Natural log of the odds, from the ends alone, that the capture holds the
    /// train rather than those that predict it; 0 where neither end tells.
    #[must_use]
    pub fn evidence(&self, candidate: &Candidate) -> f64 {
        let cell = |at_m: f64| self.chainage.cell_at(at_m);
        let cells = (cell(candidate.start_m), cell(candidate.end_m));
        self.of_end((cells.0, false), cells) + self.of_end((cells.1, true), cells)
    }

    /// With the contrast `d = own − predicted` of the steps at an end, the capture
    /// takes the share `s = own·d / d·d` of it and the prediction `1 − s`. A lane
    /// without an end steps as it does elsewhere, `N(0, σ²)`.
    fn of_end(&self, (at, up): (usize, bool), train: (usize, usize)) -> f64 {
        let steps = (self.step(&self.own, at, up)).zip(self.step(&self.predicted, at, up));
        let Some((own, predicted)) = steps else {
            return 0.0;
        };
        let contrast: Vec<f64> = own.iter().zip(&predicted).map(|(o, p)| o - p).collect();
        let energy = dot(&contrast, &contrast);
        if energy <= 0.0 {
            return 0.0;
        }
        let unit: Vec<f64> = contrast.iter().map(|c| c / energy).collect();
        let spreads =
            (self.spread(&self.own, &unit, train)).zip(self.spread(&self.predicted, &unit, train));
        let Some((of_own, of_predicted)) = spreads else {
            return 0.0;
        };
        let share = dot(&own, &unit);
        let (own, predicted) = (share / of_own, (1.0 - share) / of_predicted);
        let odds = 0.5 * (own * own - predicted * predicted) + (of_own / of_predicted).ln();
        odds.clamp(-MOST_OF_END, MOST_OF_END)
    }

    /// How much a lane steps where no train ends, along `unit`; robust.
    fn spread(&self, lane: &Array2<f32>, unit: &[f64], train: (usize, usize)) -> Option<f64> {
        let reach = self.gap + self.side;
        let away = |j: &usize| j + reach < train.0 || *j > train.1 + reach;
        let sizes: Vec<f64> = (0..self.chainage.len)
            .filter(away)
            .filter_map(|j| Some(dot(&self.step(lane, j, true)?, unit).abs()))
            .collect();
        let middle = crate::stats::median(&sizes).filter(|_| sizes.len() >= LEAST_PLACES)?;
        Some((middle * MAD_TO_SIGMA).max(LEAST_SPREAD))
    }

    /// Inside less outside of an end at a cell, by band; `up` where the train
    /// lies down-chainage of it.
    fn step(&self, lane: &Array2<f32>, at: usize, up: bool) -> Option<Vec<f64>> {
        let before = at.checked_sub(self.gap + self.side)?..at + 1 - self.gap.min(at);
        let behind = at + self.gap..at + self.gap + self.side + 1;
        if behind.end > self.chainage.len
            || !before.clone().chain(behind.clone()).all(|j| self.usable[j])
        {
            return None;
        }
        let (inside, outside) = if up {
            (before, behind)
        } else {
            (behind, before)
        };
        let mean = |band: ndarray::ArrayView1<f32>, cells: &std::ops::Range<usize>| {
            cells.clone().map(|j| f64::from(band[j])).sum::<f64>() / cells.len() as f64
        };
        let of_band = |band| mean(band, &inside) - mean(band, &outside);
        Some(lane.outer_iter().map(of_band).collect())
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELLS: usize = 400;
    const AXIS: Axis = Axis {
        first_m: 0.0,
        step_m: 1.5,
        len: CELLS,
    };

    /// A deck with a texture of its own and a train of −0.06 from 150 to 300 m.
    fn lane(train: bool) -> Array2<f32> {
        Array2::from_shape_fn((2, CELLS), |(b, j)| {
            let at_m = AXIS.at_m(j);
            let deck = 0.01 * ((j * 31 + b * 7) as f32).sin();
            let dark = train && (150.0..300.0).contains(&at_m);
            deck - if dark { 0.06 } else { 0.0 }
        })
    }

    fn evidence(own: Array2<f32>, predicted: Array2<f32>, usable: Vec<bool>) -> f64 {
        let candidate = Candidate {
            start_m: 150.0,
            end_m: 300.0,
            score: 100.0,
            visible: 1.0,
        };
        Continuity::new((AXIS, 3.0), own, predicted, usable).evidence(&candidate)
    }

    #[test]
    fn the_one_that_steps_holds_the_train() {
        let seen = vec![true; CELLS];
        let (with, without) = (lane(true), lane(false));
        let here = evidence(with.clone(), without.clone(), seen.clone());
        let there = evidence(without, with, seen);
        assert!((here - 2.0 * MOST_OF_END).abs() < 1e-9, "{here}");
        assert!((here + there).abs() < 1e-9, "{there}");
    }

    #[test]
    fn where_both_step_alike_nothing_is_decided() {
        // Half of the difference each, as −0.03 in one and +0.03 in the other,
        // on decks that are even otherwise.
        let train = lane(true) - lane(false);
        let own = train.clone() * 0.5;
        let other = train * -0.5;
        let got = evidence(own, other, vec![true; CELLS]);
        assert!(got.abs() < 1.0, "{got}");
    }

    #[test]
    fn hidden_ends_say_nothing() {
        let mut seen = vec![true; CELLS];
        seen[195..205].fill(false);
        let one = evidence(lane(true), lane(false), seen.clone());
        assert!((one - MOST_OF_END).abs() < 1e-9, "{one}");
        seen[95..105].fill(false);
        assert!(evidence(lane(true), lane(false), seen).abs() < 1e-9);
    }
}
