//! Which captures hold a train on a stretch of track, decided for the series
//! at once.
//!
//! A train in capture `k` shows in `k` itself and, with opposite sign, as a
//! ghost in every capture that was predicted from `k`. Leave-one-out predictions
//! of a Gaussian series with precision matrix `Λ` have weights
//! `β_tk = −Λ_tk / Λ_tt` and residuals `r_t = (Λ y)_t / Λ_tt` with variance
//! `1 / Λ_tt` (Rue and Held 2005, theorem 2.3). A train of contrast `a` in
//! capture `k` adds `a Λ e_k` to the scores `Λ y = r_t / σ_t²`. Trains are chosen
//! one after the other, each time the one with most evidence (matching pursuit,
//! Mallat and Zhang 1993); what it explains is taken out of all captures.

use std::ops::Range;

use ndarray::{Array2, Axis as Dim};

use super::emission::{Prior, STRENGTHS, log_sum};
use super::overlap::{Overlap, overlaps};
use super::segment::independent_share;
use crate::strip::Profile;

/// Evidence that must be left for a suspect, natural log: the hidden Markov
/// model saw more in it, but did not know what others explain.
const SUSPECT_EVIDENCE: f64 = 5.0;
/// A suspect that keeps less than this share of its evidence when the trains of
/// others are known is their ghost: what is left is what the weights of the
/// predictions do not say exactly, and grows with the train that makes it.
const GHOST_SHARE: f64 = 0.25;
/// Share of a band's information that other bands do not have already.
const BAND_SHARE: f64 = 0.6;

/// A stretch of track in all captures of a series: what is not explained yet.
#[derive(Debug, Clone)]
pub struct Stretch {
    bands: Vec<Band>,
    temper: f64,
}

/// A train, or its ghost, as one capture shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The capture.
    pub capture: usize,
    /// The stretches on which it was seen.
    pub stretches: Range<usize>,
}

/// The suspects that are trains rather than ghosts of others, most evident first, and where
/// two of these may hide each other, but for what was `tested` before.
#[must_use]
pub fn trains_among(
    mut stretches: Vec<Stretch>,
    suspects: &[Suspect],
    tested: &[Overlap],
    prior: Prior,
) -> (Vec<Suspect>, Vec<Overlap>) {
    let of = |stretches: &[Stretch], s: &Suspect| {
        evidence(&stretches[s.stretches.clone()], s.capture, prior)
    };
    let mut left: Vec<(&Suspect, f64)> = (suspects.iter())
        .map(|s| (s, GHOST_SHARE * of(&stretches, s)))
        .collect();
    let mut out = Vec::new();
    loop {
        let best = (left.iter().enumerate())
            .map(|(i, (s, ghost))| (i, of(&stretches, s), *ghost))
            .filter(|(_, evidence, ghost)| *evidence >= ghost.max(SUSPECT_EVIDENCE))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((i, ..)) = best else {
            let hidden = overlaps(&stretches, &out, tested, prior);
            return (out, hidden);
        };
        let (train, _) = left.swap_remove(i);
        for stretch in &mut stretches[train.stretches.clone()] {
            stretch.explain(train.capture, prior.tau.powi(2));
        }
        out.push(train.clone());
    }
}

/// Log evidence of a train in a capture on some stretches, whatever its strength.
fn evidence(stretches: &[Stretch], capture: usize, prior: Prior) -> f64 {
    STRENGTHS
        .map(|s| {
            let variance = (prior.tau * s).powi(2);
            let of = |stretch: &Stretch| stretch.evidence(capture, variance);
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
        }
    }

    /// Log evidence of a train with contrasts of this variance in a capture.
    pub(super) fn evidence(&self, capture: usize, variance: f64) -> f64 {
        let of = |b: &Band| b.evidence(capture, variance);
        self.temper * self.bands.iter().map(of).sum::<f64>()
    }

    /// Log evidence of a train of its own in each of two captures.
    pub(super) fn evidence_of_both(&self, captures: (usize, usize), variance: f64) -> f64 {
        let of = |b: &Band| b.evidence_of_both(captures, variance);
        self.temper * self.bands.iter().map(of).sum::<f64>()
    }

    fn explain(&mut self, capture: usize, variance: f64) {
        for band in &mut self.bands {
            band.explain(capture, variance);
        }
    }
}

/// One band of a stretch.
#[derive(Debug, Clone)]
struct Band {
    /// The precision matrix `Λ`.
    precision: Array2<f64>,
    /// Capture × cell: residuals over their variances.
    score: Array2<f64>,
}

impl Band {
    fn new(
        profiles: &[Option<Profile>],
        cells: &Range<usize>,
        (b, weights): (usize, &Array2<f32>),
    ) -> Self {
        let n = profiles.len();
        let own = precision(profiles, cells, b);
        let score = Array2::from_shape_fn((n, cells.len()), |(t, i)| {
            let j = cells.start + i;
            let seen = profiles[t].as_ref().filter(|p| p.usable[j]);
            own[t] * seen.map_or(0.0, |p| f64::from(p.track[(b, j)]))
        });
        Self {
            precision: Array2::from_shape_fn((n, n), |(t, k)| {
                let unit = f64::from(u8::from(t == k));
                own[t] * (unit - f64::from(weights[(t, k)]))
            }),
            score,
        }
    }

    fn evidence(&self, capture: usize, variance: f64) -> f64 {
        let information = self.precision[(capture, capture)];
        if information <= 0.0 {
            return 0.0;
        }
        let spread = 1.0 + variance * information;
        let score = self.score.row(capture);
        let energy = score.dot(&score) / information;
        0.5 * (energy * (1.0 - 1.0 / spread) - self.score.ncols() as f64 * spread.ln())
    }

    /// Contrasts `a ~ N(0, v I)` of two captures have the scores `s` with the
    /// information `Λ` of both: evidence `½ (sᵀ (Λ + I / v)⁻¹ s − ln |I + v Λ|)`.
    fn evidence_of_both(&self, (t, k): (usize, usize), variance: f64) -> f64 {
        let at = |i, j| self.precision[(i, j)];
        if at(t, t) <= 0.0 || at(k, k) <= 0.0 {
            return 0.0;
        }
        let shared = 0.5 * (at(t, k) + at(k, t));
        let (own, other) = (at(t, t) + 1.0 / variance, at(k, k) + 1.0 / variance);
        let determinant = own * other - shared * shared;
        if determinant <= 0.0 {
            return 0.0;
        }
        let (a, b) = (self.score.row(t), self.score.row(k));
        let energy = (other * a.dot(&a) - 2.0 * shared * a.dot(&b) + own * b.dot(&b)) / determinant;
        let spread = determinant * variance * variance;
        0.5 * (energy - self.score.ncols() as f64 * spread.ln())
    }

    /// Takes the most likely contrast of a train out of all captures.
    fn explain(&mut self, capture: usize, variance: f64) {
        let information = self.precision[(capture, capture)];
        if information <= 0.0 {
            return;
        }
        let factor = variance / (1.0 + variance * information);
        let contrast = &self.score.row(capture) * factor;
        let shown = self.precision.column(capture).to_owned();
        for (mut row, share) in self.score.axis_iter_mut(Dim(0)).zip(shown) {
            row.scaled_add(-share, &contrast);
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
    use std::slice;

    use super::*;
    use crate::strip::Axis;

    const CELLS: usize = 12;

    /// A profile of one band: a constant contrast with noise of 0.01.
    fn profile(contrast: f32) -> Profile {
        Profile::seen_whole(
            Axis {
                first_m: 0.0,
                step_m: 5.0,
                len: CELLS,
            },
            (
                Array2::from_elem((1, CELLS), contrast),
                Array2::from_elem((1, CELLS), 0.01),
            ),
            (7.2, 10.0),
        )
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
    ) -> Vec<usize> {
        let (profiles, weights) = series(trains, weight);
        let stretch = Stretch::new(&profiles, &(0..CELLS), &weights);
        let suspects: Vec<Suspect> = suspects
            .map(|capture| Suspect {
                capture,
                stretches: 0..1,
            })
            .collect();
        let (found, _) = trains_among(vec![stretch], &suspects, &[], Prior::OPTICAL);
        found.into_iter().map(|s| s.capture).collect()
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
        assert_eq!(found, vec![0]);
    }

    #[test]
    fn what_two_trains_hide_of_each_other_is_found() {
        // Two captures predict each other and little else: the stretch on
        // which both hold a train leaves a fifth of its contrast to both.
        let weight = |t: usize, k: usize| match (t, k) {
            (0, 1) | (1, 0) => 0.8,
            _ => 0.0,
        };
        let stretch = |trains: &[f32]| {
            let (profiles, weights) = series(trains, weight);
            Stretch::new(&profiles, &(0..CELLS), &weights)
        };
        let (first, second) = (stretch(&[0.15, 0.0]), stretch(&[0.0, 0.15]));
        let suspects =
            [(0, 0..1), (1, 2..3)].map(|(capture, stretches)| Suspect { capture, stretches });
        let hidden = |between: &[f32], tested: &[Overlap]| {
            let all = vec![first.clone(), stretch(between), second.clone()];
            let (trains, hidden) = trains_among(all, &suspects, tested, Prior::OPTICAL);
            assert_eq!(trains.len(), 2);
            hidden
        };
        assert_eq!(hidden(&[0.0, 0.0], &[]), []);
        let both = Overlap {
            captures: [0, 1],
            stretches: 1..2,
        };
        assert_eq!(hidden(&[0.15, 0.15], &[]), slice::from_ref(&both));
        // What was looked for in vain is not looked for again, elsewhere it is.
        let tested = |captures: [usize; 2], stretches: Range<usize>| {
            hidden(
                &[0.15, 0.15],
                &[Overlap {
                    captures,
                    stretches,
                }],
            )
        };
        assert_eq!(tested([1, 0], 1..3), []);
        assert_eq!(tested([0, 1], 2..3), slice::from_ref(&both));
        assert_eq!(tested([0, 2], 1..2), slice::from_ref(&both));
    }

    #[test]
    fn nothing_is_found_where_nothing_was_suspected() {
        assert!(decide(&[0.2, 0.0, 0.0, 0.0], 0..0, |_, _| 0.3).is_empty());
    }
}
