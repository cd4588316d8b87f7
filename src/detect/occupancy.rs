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
//! consecutive captures, on the whole stretch on which it was seen. Stays are
//! chosen one after the other, each time the one that explains most of what is
//! left in all captures (matching pursuit, Mallat and Zhang 1993, by Bayesian
//! evidence). A ghost of what was chosen has then nothing left to explain.

use std::ops::Range;

use ndarray::{Array2, Axis as Dim};

use super::emission::{Prior, STRENGTHS, log_sum};
use super::segment::independent_share;
use crate::strip::Profile;

/// Evidence that must be left for a suspect, natural log: the hidden Markov
/// model saw more in it, but did not know what others explain.
const SUSPECT_EVIDENCE: f64 = 5.0;
/// Further evidence for each capture of a stay in which nothing was suspected.
const HIDDEN_EACH: f64 = 2.0;
/// Captures in which a stay must last to be believed in one without a suspicion.
const SHORTEST_HIDDEN_STAY: usize = 3;
/// Share of a band's information that other bands do not have already.
const BAND_SHARE: f64 = 0.6;
/// Longest stay, captures: longer ones are found piece by piece.
const LONGEST_STAY: usize = 16;

/// A stretch of track in all captures of a series: what is not explained yet.
#[derive(Debug, Clone)]
pub struct Stretch {
    bands: Vec<Band>,
    temper: f64,
    captures: usize,
}

/// A train, or its ghost, as one capture shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The capture.
    pub capture: usize,
    /// The stretches on which it was seen.
    pub stretches: Range<usize>,
}

/// The captures that hold a train, for every stretch.
#[must_use]
pub fn occupied(mut stretches: Vec<Stretch>, suspects: &[Suspect], prior: Prior) -> Vec<Vec<bool>> {
    let captures = stretches.first().map_or(0, |s| s.captures);
    let mut held = vec![vec![false; captures]; stretches.len()];
    let mut suspected = held.clone();
    for s in suspects {
        for stretch in &mut suspected[s.stretches.clone()] {
            stretch[s.capture] = true;
        }
    }
    loop {
        let best = suspects
            .iter()
            .flat_map(|s| stays(s, captures))
            .filter(|(stay, at)| !at.clone().any(|i| stay.clone().any(|t| held[i][t])))
            .filter_map(|(stay, at)| {
                let required = required_evidence(&suspected, &stay, &at)?;
                let gain = evidence(&stretches[at.clone()], &stay, prior) - required;
                (gain >= 0.0).then_some((stay, at, gain))
            })
            .max_by(|a, b| a.2.total_cmp(&b.2));
        let Some((stay, at, _)) = best else {
            return held;
        };
        for i in at {
            stretches[i].explain(&stay, prior.tau.powi(2));
            held[i][stay.clone()].fill(true);
        }
    }
}

/// The suspect alone, and longer stays with it, on its stretches.
fn stays(
    suspect: &Suspect,
    captures: usize,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + '_ {
    let k = suspect.capture;
    let runs = (SHORTEST_HIDDEN_STAY..=LONGEST_STAY).flat_map(move |n| {
        let first = (k + 1).saturating_sub(n);
        (first..=k).map(move |from| from..from + n)
    });
    let runs = runs.filter(move |run| run.end <= captures);
    std::iter::once(k..k + 1)
        .chain(runs)
        .map(|run| (run, suspect.stretches.clone()))
}

/// What a stay must bring; `None` where nothing was suspected in most of it.
fn required_evidence(
    suspected: &[Vec<bool>],
    stay: &Range<usize>,
    at: &Range<usize>,
) -> Option<f64> {
    let cells = stay.len() * at.len();
    let seen: usize = suspected[at.clone()]
        .iter()
        .map(|stretch| stretch[stay.clone()].iter().filter(|s| **s).count())
        .sum();
    let hidden = (cells - seen) as f64 / at.len() as f64;
    (seen > 0).then_some(SUSPECT_EVIDENCE + HIDDEN_EACH * hidden)
}

/// Log evidence of a stay on some stretches, whatever the strength of the train.
fn evidence(stretches: &[Stretch], stay: &Range<usize>, prior: Prior) -> f64 {
    STRENGTHS
        .map(|s| {
            let variance = (prior.tau * s).powi(2);
            let of = |stretch: &Stretch| stretch.evidence(stay, variance);
            stretches.iter().map(of).sum::<f64>()
        })
        .into_iter()
        .fold(f64::NEG_INFINITY, log_sum)
        - (STRENGTHS.len() as f64).ln()
}

impl Stretch {
    /// The chainage cells `cells` of a series in the order of time.
    ///
    /// `weights[b][(t, k)]`: the weight of capture `k` in the prediction of
    /// band `b` of capture `t` there.
    #[must_use]
    pub fn new(
        profiles: &[Option<Profile>],
        cells: &Range<usize>,
        weights: &[Array2<f32>],
    ) -> Self {
        let first = profiles.iter().flatten().next();
        let band = |(b, w): (usize, &Array2<f32>)| Band::new(profiles, cells, (b, w));
        Self {
            bands: weights.iter().enumerate().map(band).collect(),
            temper: first.map_or(0.0, |p| {
                BAND_SHARE * independent_share(p.chainage.step_m, p.gsd_m)
            }),
            captures: profiles.len(),
        }
    }

    fn evidence(&self, stay: &Range<usize>, variance: f64) -> f64 {
        let of = |b: &Band| b.evidence(stay, variance);
        self.temper * self.bands.iter().map(of).sum::<f64>()
    }

    fn explain(&mut self, stay: &Range<usize>, variance: f64) {
        for band in &mut self.bands {
            band.explain(stay, variance);
        }
    }
}

/// One band of a stretch. A train of unit contrast in all captures before `k`
/// shows in the captures as column `k`; a stay is the difference of two columns.
#[derive(Debug, Clone)]
struct Band {
    /// Column × column: products weighted with the precision of the captures.
    products: Array2<f64>,
    /// Column × cell: the same with what is left of the contrasts.
    left: Array2<f64>,
}

impl Band {
    fn new(
        profiles: &[Option<Profile>],
        cells: &Range<usize>,
        (b, weights): (usize, &Array2<f32>),
    ) -> Self {
        let n = profiles.len();
        let precision = precision(profiles, cells, b);
        let mut shown = Array2::<f64>::zeros((n, n + 1));
        let mut seen = Array2::zeros((n, cells.len()));
        for t in (0..n).filter(|t| precision[*t] > 0.0) {
            for k in 0..n {
                let own = f64::from(u8::from(t == k));
                shown[(t, k + 1)] = shown[(t, k)] + own - f64::from(weights[(t, k)]);
            }
            let Some(profile) = &profiles[t] else {
                continue;
            };
            for (i, j) in cells.clone().enumerate() {
                if profile.usable[j] {
                    seen[(t, i)] = f64::from(profile.track[(b, j)]);
                }
            }
        }
        let mut weighted = shown.clone();
        for (mut row, p) in weighted.axis_iter_mut(Dim(0)).zip(&precision) {
            row *= *p;
        }
        Self {
            products: weighted.t().dot(&shown),
            left: weighted.t().dot(&seen),
        }
    }

    /// Weighted square of what a stay shows.
    fn norm(&self, stay: &Range<usize>) -> f64 {
        let of = |i: usize, j: usize| self.products[(i, j)];
        of(stay.end, stay.end) - 2.0 * of(stay.start, stay.end) + of(stay.start, stay.start)
    }

    fn evidence(&self, stay: &Range<usize>, variance: f64) -> f64 {
        let spread = 1.0 + variance * self.norm(stay).max(0.0);
        let energy: f64 = (self.left.row(stay.end).iter())
            .zip(self.left.row(stay.start))
            .map(|(to, from)| (to - from).powi(2))
            .sum();
        0.5 * (energy * variance / spread - self.left.ncols() as f64 * spread.ln())
    }

    /// Takes the most likely train of a stay out of all captures.
    fn explain(&mut self, stay: &Range<usize>, variance: f64) {
        let factor = variance / (1.0 + variance * self.norm(stay).max(0.0));
        let train = (&self.left.row(stay.end) - &self.left.row(stay.start)) * factor;
        let shown = &self.products.column(stay.end) - &self.products.column(stay.start);
        for (mut row, m) in self.left.outer_iter_mut().zip(shown) {
            row.scaled_add(-m, &train);
        }
    }
}

/// Per capture: one over the variance of its noise; 0 where it shows less than
/// half of the stretch.
fn precision(profiles: &[Option<Profile>], cells: &Range<usize>, b: usize) -> Vec<f64> {
    profiles
        .iter()
        .map(|profile| {
            let Some(profile) = profile else { return 0.0 };
            let usable = cells.clone().filter(|j| profile.usable[*j]);
            let (n, variance) = usable.fold((0usize, 0.0), |(n, sum), j| {
                (n + 1, sum + f64::from(profile.track_sigma[(b, j)]).powi(2))
            });
            if 2 * n > cells.len() {
                n as f64 / variance
            } else {
                0.0
            }
        })
        .collect()
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
        let stretch = Stretch::new(&profiles, &(0..CELLS), &weights);
        let suspects: Vec<Suspect> = (0..trains.len())
            .filter(|t| suspects[*t])
            .map(|capture| Suspect {
                capture,
                stretches: 0..1,
            })
            .collect();
        occupied(vec![stretch], &suspects, Prior::OPTICAL).concat()
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
