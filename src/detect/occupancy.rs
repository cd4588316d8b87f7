//! Which captures hold a train on a stretch of track, decided for the series
//! at once.
//!
//! A train in capture `k` shows in `k` itself and, with opposite sign, as a
//! ghost in every capture that was predicted from `k`. With the trains `a` and
//! the weights `β` of the background, the contrasts are
//!
//! ```text
//! A_t = a_t − Σₖ β_tk a_k + noise
//! ```
//!
//! Wagons that stand for weeks predict themselves: they are faint in the
//! captures that hold them and show as ghosts in those before and after. The
//! hypotheses are therefore *stays*: one train, unchanged in a run of
//! consecutive captures. Stays are chosen one after the other, each time the
//! one that explains most of what is left in all captures (matching pursuit,
//! Mallat and Zhang 1993, by Bayesian evidence).

use std::ops::Range;

use ndarray::{Array2, ArrayView1, Axis as Dim};

use super::emission::{Prior, STRENGTHS, log_sum};
use super::segment::independent_share;
use crate::strip::Profile;

/// Evidence that the train of suspects must bring, natural log: the hidden
/// Markov model saw them already.
const SUSPECT_EVIDENCE: f64 = 0.5;
/// Evidence that a stay over captures without a suspicion must bring: hundreds are tried …
const HIDDEN_EVIDENCE: f64 = 4.0;
/// … and for each such capture, for trains are rare.
const HIDDEN_EACH: f64 = 1.0;
/// Captures in which a stay must last to be believed in one without a suspicion.
const SHORTEST_HIDDEN_STAY: usize = 3;
/// Share of a band's information that other bands do not have already.
const BAND_SHARE: f64 = 0.6;
/// Longest stay, captures: longer ones are found piece by piece.
const LONGEST_STAY: usize = 16;

/// A stretch of track in all captures of a series, in the order of time.
#[derive(Debug, Clone)]
pub struct Stretch<'a> {
    /// Its chainage cells.
    pub cells: Range<usize>,
    /// The contrasts of the captures.
    pub profiles: &'a [Option<Profile>],
    /// The captures in which a train was seen there, or its ghost.
    pub suspects: Vec<bool>,
    /// Per band, (capture, predictor): weights in the predictions there.
    pub weights: Vec<Array2<f32>>,
}

/// The captures that hold a train on a stretch.
#[must_use]
pub fn occupied(stretch: &Stretch, prior: Prior) -> Vec<bool> {
    let mut found = vec![false; stretch.profiles.len()];
    if !stretch.suspects.contains(&true) {
        return found;
    }
    let mut bands: Vec<Band> = (0..stretch.weights.len())
        .map(|b| Band::new(stretch, b))
        .collect();
    let temper = stretch.profiles.iter().flatten().next().map_or(0.0, |p| {
        BAND_SHARE * independent_share(p.chainage.step_m, p.gsd_m)
    });
    for _ in 0..found.len() {
        let projections: Vec<Array2<f64>> = bands.iter().map(Band::projections).collect();
        let best = stays(&found)
            .filter_map(|stay| {
                let required = required_evidence(&stretch.suspects[stay.clone()])?;
                let gain = STRENGTHS.map(|s| {
                    let variance = (prior.tau * s).powi(2);
                    let of = |(b, p): (&Band, &Array2<f64>)| b.evidence(p, &stay, variance);
                    temper * bands.iter().zip(&projections).map(of).sum::<f64>()
                });
                let gain = gain.into_iter().fold(f64::NEG_INFINITY, log_sum);
                Some((stay, gain - (STRENGTHS.len() as f64).ln() - required))
            })
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((stay, _)) = best.filter(|(_, gain)| *gain >= 0.0) else {
            break;
        };
        for (band, p) in bands.iter_mut().zip(&projections) {
            band.explain(p, &stay, prior.tau.powi(2));
        }
        found[stay].fill(true);
    }
    found
}

/// What a stay over these captures must bring; `None` where it is not considered.
fn required_evidence(suspects: &[bool]) -> Option<f64> {
    let hidden = suspects.iter().filter(|s| !**s).count();
    match hidden {
        0 => Some(SUSPECT_EVIDENCE),
        _ if hidden == suspects.len() || suspects.len() < SHORTEST_HIDDEN_STAY => None,
        _ => Some(HIDDEN_EVIDENCE + HIDDEN_EACH * hidden as f64),
    }
}

/// Runs of captures in which nothing was found yet.
fn stays(found: &[bool]) -> impl Iterator<Item = Range<usize>> {
    (0..found.len()).flat_map(|from| {
        (from + 1..=(from + LONGEST_STAY).min(found.len()))
            .take_while(|to| !found[*to - 1])
            .map(move |to| from..to)
    })
}

/// One band: what is not explained yet.
struct Band {
    /// Capture × cell.
    left: Array2<f64>,
    /// Per capture: one over the variance of its noise; 0 where it shows too little.
    precision: Vec<f64>,
    /// Capture × stay end: how trains of unit contrast in all captures before
    /// the end show in each capture. A stay is the difference of two columns.
    shown: Array2<f64>,
}

impl Band {
    fn new(stretch: &Stretch, b: usize) -> Self {
        let (cells, weights) = (&stretch.cells, &stretch.weights[b]);
        let n = stretch.profiles.len();
        let mut left = Array2::zeros((n, cells.len()));
        let mut precision = vec![0.0; n];
        for (t, profile) in stretch.profiles.iter().enumerate() {
            let Some(profile) = profile else { continue };
            let usable: Vec<usize> = cells.clone().filter(|j| profile.usable[*j]).collect();
            if 2 * usable.len() <= cells.len() {
                continue;
            }
            for j in &usable {
                left[(t, j - cells.start)] = f64::from(profile.track[(b, *j)]);
            }
            let variance: f64 = (usable.iter())
                .map(|j| f64::from(profile.track_sigma[(b, *j)]).powi(2))
                .sum();
            precision[t] = usable.len() as f64 / variance;
        }
        let mut shown = Array2::zeros((n, n + 1));
        for t in 0..n {
            for k in 0..n {
                let own = f64::from(u8::from(t == k));
                shown[(t, k + 1)] = shown[(t, k)] + own - f64::from(weights[(t, k)]);
            }
        }
        Self {
            left,
            precision,
            shown,
        }
    }

    /// Stay end × cell: the contrasts projected on what the stays show.
    fn projections(&self) -> Array2<f64> {
        let mut weighted = self.left.clone();
        for (mut row, p) in weighted.outer_iter_mut().zip(&self.precision) {
            row *= *p;
        }
        self.shown.t().dot(&weighted)
    }

    /// How a train that stays shows in each capture.
    fn stay(&self, stay: &Range<usize>) -> Vec<f64> {
        let column = |k: usize| -> ArrayView1<f64> { self.shown.index_axis(Dim(1), k) };
        (column(stay.end).iter())
            .zip(column(stay.start))
            .map(|(to, from)| to - from)
            .collect()
    }

    fn norm(&self, stay: &Range<usize>) -> f64 {
        let squares = self.stay(stay).into_iter().map(|m| m * m);
        squares.zip(&self.precision).map(|(m, p)| m * p).sum()
    }

    fn evidence(&self, projections: &Array2<f64>, stay: &Range<usize>, variance: f64) -> f64 {
        let spread = 1.0 + variance * self.norm(stay);
        let energy: f64 = (projections.row(stay.end).iter())
            .zip(projections.row(stay.start))
            .map(|(to, from)| (to - from).powi(2))
            .sum();
        0.5 * (energy * variance / spread - self.left.ncols() as f64 * spread.ln())
    }

    /// Takes the most likely train of that stay out of all captures.
    fn explain(&mut self, projections: &Array2<f64>, stay: &Range<usize>, variance: f64) {
        let factor = variance / (1.0 + variance * self.norm(stay));
        let train: Vec<f64> = (projections.row(stay.end).iter())
            .zip(projections.row(stay.start))
            .map(|(to, from)| factor * (to - from))
            .collect();
        let shown = self.stay(stay);
        for (mut row, m) in self.left.outer_iter_mut().zip(shown) {
            for (v, a) in row.iter_mut().zip(&train) {
                *v -= m * a;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strip::Axis;

    const CELLS: usize = 12;

    /// A profile of one band: a constant contrast with noise of 0.01.
    fn profile(contrast: f32) -> Profile {
        let flags = || ndarray::Array1::from_elem(CELLS, true);
        Profile {
            chainage: Axis {
                first_m: 0.0,
                step_m: 5.0,
                len: CELLS,
            },
            track: Array2::from_elem((1, CELLS), contrast),
            track_sigma: Array2::from_elem((1, CELLS), 0.01),
            road: Array2::zeros((1, CELLS)),
            road_sigma: Array2::from_elem((1, CELLS), f32::INFINITY),
            usable: flags(),
            covered: flags(),
            clear: flags(),
            band_correlation: Array2::eye(1),
            lane_correlation: 0.0,
            psf_m: 7.2,
            gsd_m: 10.0,
        }
    }

    /// Contrasts as the trains `a` make them, each capture predicted by the
    /// mean of the others but for those to which `weights` says otherwise.
    fn series(
        trains: &[f32],
        weight: impl Fn(usize, usize) -> f32,
    ) -> (Vec<Option<Profile>>, Vec<Array2<f32>>) {
        let n = trains.len();
        let weights =
            Array2::from_shape_fn((n, n), |(t, k)| if t == k { 0.0 } else { weight(t, k) });
        let profiles = (0..n)
            .map(|t| {
                let ghosts: f32 = (0..n).map(|k| weights[(t, k)] * trains[k]).sum();
                Some(profile(trains[t] - ghosts))
            })
            .collect();
        (profiles, vec![weights])
    }

    fn decide(
        trains: &[f32],
        suspects: Vec<bool>,
        weight: impl Fn(usize, usize) -> f32,
    ) -> Vec<bool> {
        let (profiles, weights) = series(trains, weight);
        let stretch = Stretch {
            cells: 0..CELLS,
            profiles: &profiles,
            suspects,
            weights,
        };
        occupied(&stretch, Prior::OPTICAL)
    }

    #[test]
    fn a_train_is_told_from_its_ghost() {
        // Capture 1 is predicted from capture 0 almost alone: its ghost is as
        // strong as the train, but capture 0 is predicted from all.
        let trains = [0.15, 0.0, 0.0, 0.0, 0.0, 0.0];
        let weight = |t: usize, k: usize| match (t, k) {
            (1, 0) => 0.9,
            (1, _) => 0.02,
            _ => 0.2,
        };
        let mut suspects = vec![false; 6];
        suspects[0] = true;
        suspects[1] = true;
        let found = decide(&trains, suspects, weight);
        assert_eq!(found, [true, false, false, false, false, false]);
    }

    #[test]
    fn wagons_that_stand_for_weeks_are_found_in_all_their_captures() {
        let trains: Vec<f32> = (0..12)
            .map(|t| if (4..9).contains(&t) { 0.12 } else { 0.0 })
            .collect();
        let near = |t: usize, k: usize| if t.abs_diff(k) <= 3 { 1.0 / 6.0 } else { 0.0 };
        let suspects = (0..12).map(|t| (3..10).contains(&t)).collect();
        let found = decide(&trains, suspects, near);
        let expected: Vec<bool> = (0..12).map(|t| (4..9).contains(&t)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn nothing_is_found_where_nothing_was_suspected() {
        assert!(!decide(&[0.2, 0.0, 0.0, 0.0], vec![false; 4], |_, _| 0.3).contains(&true));
    }
}
