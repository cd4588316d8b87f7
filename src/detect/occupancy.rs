//! Which captures hold a train on a stretch of track, decided for the series
//! at once.
//!
//! A train in capture `k` shows in `k` itself and, with opposite sign, as a
//! ghost in every capture that was predicted from `k`; wagons that stand for
//! weeks predict themselves and are faint in all their captures. Hypotheses
//! are therefore *stays*: one and the same train in a run of consecutive
//! captures, on the stretches on which it was seen.
//!
//! Leave-one-out predictions of a Gaussian series with precision matrix `Λ`
//! have weights `β_tk = −Λ_tk / Λ_tt` and residuals `r_t = (Λ y)_t / Λ_tt` with
//! variance `1 / Λ_tt` (Rue and Held 2005, theorem 2.3). A stay `u` (1 in its
//! captures, else 0) of contrast `a` has then the sufficient statistic
//! `uᵀΛy = Σ_t∈stay r_t / σ_t²` with information `uᵀΛu`: ghosts hold no more of it.
//! Stays are chosen one after the other, each time the one with most evidence
//! (matching pursuit, Mallat and Zhang 1993); what it explains is taken out.

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
const LONGEST_STAY: usize = 1;
/// However much a stay predicts itself, so much of its information counts:
/// weights are not known better.
const LEAST_INFORMATION: f64 = 0.03;
/// Share of the variance of residuals that predictions do not correlate.
const INDEPENDENT: f64 = 0.35;

/// A stretch of track in all captures of a series: what is not explained yet.
#[derive(Debug, Clone)]
pub struct Stretch {
    bands: Vec<Band>,
    temper: f64,
    captures: usize,
}

/// The same thing on the track in consecutive captures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The captures that show it.
    pub captures: Range<usize>,
    /// The stretches it stands on.
    pub stretches: Range<usize>,
}

/// A train, or its ghost, as one capture shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The capture.
    pub capture: usize,
    /// The stretches on which it was seen.
    pub stretches: Range<usize>,
}

/// The stays of a series, most evident first.
///
/// Something must have been suspected in each; it is then taken to stand on the
/// stretches of the suspect.
#[must_use]
pub fn stays(mut stretches: Vec<Stretch>, suspects: &[Suspect], prior: Prior) -> Vec<Stay> {
    let captures = stretches.first().map_or(0, |s| s.captures);
    let mut suspected = vec![vec![false; captures]; stretches.len()];
    for s in suspects {
        for stretch in &mut suspected[s.stretches.clone()] {
            stretch[s.capture] = true;
        }
    }
    let mut held = vec![vec![false; captures]; stretches.len()];
    let mut out = Vec::new();
    loop {
        let best = suspects
            .iter()
            .flat_map(|s| runs(s.capture, captures).map(move |run| (run, &s.stretches)))
            .filter_map(|(run, at)| {
                let taken = |i: usize| held[i][run.clone()].contains(&true);
                let required = required_evidence(&suspected, &run, at);
                let gain = || evidence(&stretches[at.clone()], &run, prior) - required;
                let gain = (!at.clone().any(taken)).then(gain)?;
                (gain >= 0.0).then_some((run, at, gain))
            })
            .max_by(|a, b| a.2.total_cmp(&b.2));
        let Some((run, at, _)) = best else {
            return out;
        };
        for i in at.clone() {
            stretches[i].explain(&run, prior.tau.powi(2));
            held[i][run.clone()].fill(true);
        }
        out.push(Stay {
            captures: run,
            stretches: at.clone(),
        });
    }
}

/// The suspect's capture alone, and longer runs with it.
fn runs(capture: usize, captures: usize) -> impl Iterator<Item = Range<usize>> {
    let longer = (SHORTEST_HIDDEN_STAY..=LONGEST_STAY).flat_map(move |n| {
        let first = (capture + 1).saturating_sub(n);
        (first..=capture).map(move |from| from..from + n)
    });
    std::iter::once(capture..capture + 1).chain(longer.filter(move |run| run.end <= captures))
}

/// What a stay must bring: more for each capture in which nothing was suspected.
fn required_evidence(suspected: &[Vec<bool>], run: &Range<usize>, at: &Range<usize>) -> f64 {
    let cells = run.len() * at.len();
    let seen: usize = suspected[at.clone()]
        .iter()
        .map(|stretch| stretch[run.clone()].iter().filter(|s| **s).count())
        .sum();
    SUSPECT_EVIDENCE + HIDDEN_EACH * (cells - seen) as f64 / at.len() as f64
}

/// Log evidence of a stay on some stretches, whatever the strength of the train.
fn evidence(stretches: &[Stretch], run: &Range<usize>, prior: Prior) -> f64 {
    STRENGTHS
        .map(|s| {
            let variance = (prior.tau * s).powi(2);
            let of = |stretch: &Stretch| stretch.evidence(run, variance);
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

    fn evidence(&self, run: &Range<usize>, variance: f64) -> f64 {
        let of = |b: &Band| b.evidence(run, variance);
        self.temper * self.bands.iter().map(of).sum::<f64>()
    }

    fn explain(&mut self, run: &Range<usize>, variance: f64) {
        for band in &mut self.bands {
            band.explain(run, variance);
        }
    }
}

/// One band of a stretch, as sums over the captures before the one of a row
/// (and of a column), so that runs are differences.
#[derive(Debug, Clone)]
struct Band {
    /// Sums of the precision matrix `Λ`.
    information: Array2<f64>,
    /// Sums of its diagonal.
    alone: Vec<f64>,
    /// Per cell: sums of residuals over their variances.
    score: Array2<f64>,
}

impl Band {
    fn new(
        profiles: &[Option<Profile>],
        cells: &Range<usize>,
        (b, weights): (usize, &Array2<f32>),
    ) -> Self {
        let n = profiles.len();
        let precision = precision(profiles, cells, b);
        let mut information = Array2::<f64>::zeros((n + 1, n + 1));
        let mut score = Array2::zeros((n + 1, cells.len()));
        for t in 0..n {
            let mut row = 0.0;
            for k in 0..n {
                let own = f64::from(u8::from(t == k));
                row += precision[t] * (own - f64::from(weights[(t, k)]));
                information[(t + 1, k + 1)] = information[(t, k + 1)] + row;
            }
            for (i, j) in cells.clone().enumerate() {
                let seen = profiles[t].as_ref().filter(|p| p.usable[j]);
                let contrast = seen.map_or(0.0, |p| f64::from(p.track[(b, j)]));
                score[(t + 1, i)] = score[(t, i)] + precision[t] * contrast;
            }
        }
        let sums = precision.iter().scan(0.0, |sum, p| {
            *sum += p;
            Some(*sum)
        });
        Self {
            information,
            alone: std::iter::once(0.0).chain(sums).collect(),
            score,
        }
    }

    /// Information on the contrast of a stay, and the variance of its score:
    /// the same in the model, but residuals have independent parts as well.
    fn information(&self, run: &Range<usize>) -> (f64, f64) {
        let of = |i: usize, j: usize| self.information[(i, j)];
        let joint = of(run.end, run.end) - of(run.start, run.end) - of(run.end, run.start)
            + of(run.start, run.start);
        let alone = self.alone[run.end] - self.alone[run.start];
        let joint = joint.clamp(LEAST_INFORMATION * alone, alone);
        (joint, (1.0 - INDEPENDENT) * joint + INDEPENDENT * alone)
    }

    fn evidence(&self, run: &Range<usize>, variance: f64) -> f64 {
        let (information, noise) = self.information(run);
        if noise <= 0.0 {
            return 0.0;
        }
        let spread = 1.0 + variance * information.powi(2) / noise;
        let energy: f64 = (self.score.row(run.end).iter())
            .zip(self.score.row(run.start))
            .map(|(to, from)| (to - from).powi(2))
            .sum();
        let gain = (1.0 - 1.0 / spread) / noise;
        0.5 * (energy * gain - self.score.ncols() as f64 * spread.ln())
    }

    /// Takes the most likely contrast of a stay out of all captures.
    fn explain(&mut self, run: &Range<usize>, variance: f64) {
        let (information, noise) = self.information(run);
        if noise <= 0.0 {
            return;
        }
        let factor = variance * information / (noise + variance * information.powi(2));
        let contrast = (&self.score.row(run.end) - &self.score.row(run.start)) * factor;
        let shown = &self.information.column(run.end) - &self.information.column(run.start);
        for (mut row, m) in self.score.axis_iter_mut(Dim(0)).zip(shown) {
            row.scaled_add(-m, &contrast);
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
        suspects: Range<usize>,
        weight: impl Fn(usize, usize) -> f32,
    ) -> Vec<Range<usize>> {
        let (profiles, weights) = series(trains, weight);
        let stretch = Stretch::new(&profiles, &(0..CELLS), &weights);
        let suspects: Vec<Suspect> = suspects
            .map(|capture| Suspect {
                capture,
                stretches: 0..1,
            })
            .collect();
        let found = stays(vec![stretch], &suspects, Prior::OPTICAL);
        found.into_iter().map(|s| s.captures).collect()
    }

    #[test]
    fn a_train_is_told_from_its_ghost() {
        // Capture 1 is predicted from capture 0 almost alone: its ghost is as
        // strong as the train, but capture 0 is predicted from all.
        let weight = |t: usize, k: usize| match (t, k) {
            (1, 0) => 0.9,
            (1, _) => 0.02,
            _ => 0.2,
        };
        let found = decide(&[0.15, 0.0, 0.0, 0.0, 0.0, 0.0], 0..2, weight);
        assert_eq!(found, vec![0..1]);
    }

    #[test]
    fn nothing_is_found_where_nothing_was_suspected() {
        assert!(decide(&[0.2, 0.0, 0.0, 0.0], 0..0, |_, _| 0.3).is_empty());
    }
}
