//! Trains as runs of the hidden Markov model's train state.

use super::chain::Chain;
use super::emission::{BOTH, EMPTY, LORRY, Prior, TRAIN, log_likelihoods, log_sum};
use crate::strip::{Profile, sample_correlation};

/// How trains are told from nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detector {
    /// What a train's contrast may be.
    pub prior: Prior,
    /// Least score, natural log of a likelihood ratio.
    pub least_score: f64,
    /// Shortest train, and the least of it that must be visible, m.
    pub least_length_m: f64,
    /// Least visible length, m.
    pub least_visible_m: f64,
}

impl Detector {
    /// For reflectances.
    pub const OPTICAL: Self = Self {
        prior: Prior::OPTICAL,
        least_score: 20.0,
        least_length_m: 40.0,
        least_visible_m: 30.0,
    };
}

/// What may be a train.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Chainage where it begins, m.
    pub start_m: f64,
    /// Chainage where it ends, m.
    pub end_m: f64,
    /// Natural log of the likelihood ratio of train and no train over its
    /// visible samples, tempered for their correlation.
    pub score: f64,
    /// Share of it that is usable.
    pub visible: f64,
}

/// Mean distance between trains and their mean length, m.
const TRAIN_M: (f64, f64) = (2500.0, 350.0);
/// The same of lorries.
const LORRY_M: (f64, f64) = (150.0, 12.0);
/// Chance that the strip begins under a train, under a lorry.
const START: (f64, f64) = (0.15, 0.07);
/// A train is not followed through more hidden track than this, m.
const HIDDEN_M: f64 = 60.0;

/// The trains of a profile, by chainage.
#[must_use]
pub fn find_trains(profile: &Profile, detector: &Detector) -> Vec<Candidate> {
    let ratios = Ratios::of(profile, detector.prior);
    let mut found = Vec::new();
    let mut from = None;
    for j in 0..=profile.chainage.len {
        let inside = j < profile.chainage.len && ratios.train[j];
        match (inside, from) {
            (true, None) => from = Some(j),
            (false, Some(first)) => {
                found.extend(ratios.candidate(profile, detector, first, j));
                from = None;
            }
            _ => {}
        }
    }
    found
}

/// Per chainage: whether a train is likely, and the evidence for it.
struct Ratios {
    train: Vec<bool>,
    evidence: Vec<f64>,
}

impl Ratios {
    fn of(profile: &Profile, prior: Prior) -> Self {
        let step = profile.chainage.step_m;
        let temper = independent_share(step, profile.gsd_m);
        let mut log = log_likelihoods(profile, prior);
        for l in log.iter_mut().flatten() {
            *l *= temper;
        }
        let near = near_visible(&profile.usable.to_vec(), (HIDDEN_M / 2.0 / step) as usize);
        let train = chain(step)
            .posterior(&log)
            .iter()
            .zip(near)
            .map(|(p, near)| near && p[TRAIN] + p[BOTH] > 0.5)
            .collect();
        let evidence = log
            .iter()
            .map(|l| log_sum(l[TRAIN], l[BOTH]) - log_sum(l[EMPTY], l[LORRY]))
            .collect();
        Self { train, evidence }
    }

    fn candidate(
        &self,
        profile: &Profile,
        detector: &Detector,
        from: usize,
        to: usize,
    ) -> Option<Candidate> {
        let axis = profile.chainage;
        let visible: Vec<usize> = (from..to).filter(|j| profile.usable[*j]).collect();
        let score: f64 = visible.iter().map(|j| self.evidence[*j]).sum();
        let length = (to - from) as f64 * axis.step_m;
        let visible_m = visible.len() as f64 * axis.step_m;
        let accepted = score >= detector.least_score
            && length >= detector.least_length_m
            && visible_m >= detector.least_visible_m;
        accepted.then(|| Candidate {
            start_m: axis.at_m(from) - 0.5 * axis.step_m,
            end_m: axis.at_m(to - 1) + 0.5 * axis.step_m,
            score,
            visible: visible_m / length,
        })
    }
}

/// Share of independent information in one of many samples `step_m` apart:
/// `1 / (1 + 2 Σ r(k step))` with the correlation of interpolated samples.
pub(super) fn independent_share(step_m: f64, gsd_m: f64) -> f64 {
    let sum: f64 = (1..)
        .map(|k| sample_correlation(f64::from(k) * step_m, gsd_m))
        .take_while(|r| *r > 1e-3)
        .sum();
    1.0 / (1.0 + 2.0 * sum)
}

/// Cells that have a usable one within `reach` cells on both sides.
fn near_visible(usable: &[bool], reach: usize) -> Vec<bool> {
    let mut since = usize::MAX;
    let before: Vec<usize> = usable
        .iter()
        .map(|u| {
            since = if *u { 0 } else { since.saturating_add(1) };
            since
        })
        .collect();
    let mut until = usize::MAX;
    let mut out = vec![false; usable.len()];
    for (i, u) in usable.iter().enumerate().rev() {
        until = if *u { 0 } else { until.saturating_add(1) };
        out[i] = before[i].saturating_add(until) <= 2 * reach;
    }
    out
}

/// Track and road lane as independent two-state chains.
fn chain(step_m: f64) -> Chain<4> {
    let two = |(between, length): (f64, f64)| {
        let (on, off) = ((step_m / between).min(0.5), (step_m / length).min(0.5));
        [[1.0 - on, on], [off, 1.0 - off]]
    };
    let (train, lorry) = (two(TRAIN_M), two(LORRY_M));
    let first = |k: usize| {
        let of = |on: f64, state: usize| if state == 1 { on } else { 1.0 - on };
        of(START.1, k / 2) * of(START.0, k % 2)
    };
    Chain {
        start: std::array::from_fn(first),
        step: std::array::from_fn(|i| {
            std::array::from_fn(|j| lorry[i / 2][j / 2] * train[i % 2][j % 2])
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_pixel_samples_hold_a_third_of_the_information() {
        assert!((independent_share(1.5, 3.0) - 0.34).abs() < 0.01);
        assert!((independent_share(30.0, 3.0) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn hidden_gaps_end_a_train() {
        let mut usable = vec![true; 30];
        usable[5..8].fill(false);
        usable[15..25].fill(false);
        let near = near_visible(&usable, 2);
        assert!(near[6] && !near[20] && near[29]);
    }
}
