//! Trains as runs of the hidden Markov model's train state.

use std::collections::VecDeque;
use std::ops::Range;

use super::chain::Chain;
use super::emission::{Prior, STATES, TRACK, log_likelihoods, log_sum};
use crate::strip::{Profile, sample_correlation};

/// Two trains nearer to each other than this are measured as one: a car as
/// bright as the track looks just like it.
const SHORTEST_GAP_M: f64 = 20.0;
/// The same in pixels, for the blur fills it.
const SHORTEST_GAP_PX: f64 = 3.0;

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

    /// The same for a rate of false alarms per observation of an empty track.
    ///
    /// Its own least score is that of one in a hundred; from there the score moves
    /// along an exponential tail (peaks over threshold, Pickands 1975).
    #[must_use]
    pub fn at_rate(self, false_alarms: f64) -> Self {
        let further = SCORE_PER_E * (USUAL_RATE / false_alarms).ln();
        Self {
            least_score: (self.least_score + further).max(LOWEST_SCORE),
            ..self
        }
    }
}

/// Rate of false alarms that the least score of a detector stands for.
const USUAL_RATE: f64 = 0.01;
/// Scores of empty tracks become rarer by a factor e for each so much more.
const SCORE_PER_E: f64 = 4.0;
/// No train is claimed on less evidence than this.
const LOWEST_SCORE: f64 = 5.0;

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

impl Candidate {
    /// This one and the next further up-chainage as one.
    #[must_use]
    pub fn joined(&self, next: &Self) -> Self {
        let seen_m = |c: &Self| c.visible * (c.end_m - c.start_m);
        Self {
            start_m: self.start_m,
            end_m: next.end_m,
            score: self.score + next.score,
            visible: (seen_m(self) + seen_m(next)) / (next.end_m - self.start_m),
        }
    }
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
    let gap = SHORTEST_GAP_M.max(SHORTEST_GAP_PX * profile.gsd_m) / profile.chainage.step_m;
    runs(&ratios.train, gap as usize)
        .into_iter()
        .map(|run| ratios.without_faint_ends(profile, run))
        .filter_map(|run| ratios.candidate(profile, detector, run))
        .collect()
}

/// Runs of `true`; those less than `gap` cells apart are one.
fn runs(flags: &[bool], gap: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (j, _) in flags.iter().enumerate().filter(|(_, f)| **f) {
        match found.last_mut() {
            Some(last) if j <= last.end + gap => last.end = j + 1,
            _ => found.push(j..j + 1),
        }
    }
    found
}

/// Per chainage: whether a train is likely, and the evidence for it.
struct Ratios {
    train: Vec<bool>,
    /// Log likelihood ratio of a train of each strength against none.
    evidence: Vec<[f64; TRACK - 1]>,
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
            .map(|(p, near)| near && p[0] + p[TRACK] < 0.5)
            .collect();
        let evidence = log.iter().map(against_none).collect();
        Self { train, evidence }
    }

    /// A run of pieces that a gap parts, less those at its ends that make a train of
    /// one strength less likely: something faint beside a strong train.
    fn without_faint_ends(&self, profile: &Profile, run: Range<usize>) -> Range<usize> {
        let mut pieces: VecDeque<Range<usize>> = runs(&self.train[run.clone()], 0)
            .into_iter()
            .map(|piece| piece.start + run.start..piece.end + run.start)
            .collect();
        let from_to = |first: &Range<usize>, last: &Range<usize>| first.start..last.end;
        while let (Some(first), Some(last)) = (pieces.front(), pieces.back()) {
            let whole = from_to(first, last);
            if pieces.len() < 2 {
                return whole;
            }
            let without_first = from_to(&pieces[1], last);
            let without_last = from_to(first, &pieces[pieces.len() - 2]);
            let score = |run: &Range<usize>| self.score(profile, run);
            let (of_whole, of_end, of_start) =
                (score(&whole), score(&without_first), score(&without_last));
            if of_whole >= of_end.max(of_start) {
                return whole;
            }
            if of_end > of_start {
                pieces.pop_front();
            } else {
                pieces.pop_back();
            }
        }
        run
    }

    /// Evidence for a train of one strength on the usable cells of a run.
    fn score(&self, profile: &Profile, run: &Range<usize>) -> f64 {
        let of = |k: usize| -> f64 {
            let usable = run.clone().filter(|j| profile.usable[*j]);
            usable.map(|j| self.evidence[j][k]).sum()
        };
        let sum = (0..TRACK - 1).map(of).fold(f64::NEG_INFINITY, log_sum);
        sum - ((TRACK - 1) as f64).ln()
    }

    fn candidate(
        &self,
        profile: &Profile,
        detector: &Detector,
        Range {
            start: from,
            end: to,
        }: Range<usize>,
    ) -> Option<Candidate> {
        let axis = profile.chainage;
        let score = self.score(profile, &(from..to));
        let length = (to - from) as f64 * axis.step_m;
        let visible = profile.usable.iter().skip(from).take(to - from);
        let visible_m = visible.filter(|u| **u).count() as f64 * axis.step_m;
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

/// Log likelihood ratio of a train of each strength against none.
fn against_none(log: &[f64; STATES]) -> [f64; TRACK - 1] {
    let either = |k: usize| log_sum(log[k], log[k + TRACK]);
    std::array::from_fn(|k| either(k + 1) - either(0))
}

/// The same of one sample, tempered for the correlation with its neighbours.
pub(super) fn strengths_against_none(log: &[f64; STATES], profile: &Profile) -> [f64; TRACK - 1] {
    let temper = independent_share(profile.chainage.step_m, profile.gsd_m);
    against_none(&log.map(|l| l * temper))
}

/// Share of independent information in one of many samples `step_m` apart:
/// `1 / (1 + 2 Σ r(k step))` with the correlation of interpolated samples.
pub(super) fn independent_share(step_m: f64, gsd_m: f64) -> f64 {
    let sum: f64 = (1..1000)
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

/// Track and road lane as independent chains; a train keeps its strength.
fn chain(step_m: f64) -> Chain<STATES> {
    let leave = |length: f64| (step_m / length).min(0.5);
    let strengths = (TRACK - 1) as f64;
    let track = |from: usize, to: usize| match (from, to) {
        (0, 0) => 1.0 - leave(TRAIN_M.0),
        (0, _) => leave(TRAIN_M.0) / strengths,
        (_, 0) => leave(TRAIN_M.1),
        _ if from == to => 1.0 - leave(TRAIN_M.1),
        _ => 0.0,
    };
    let road = |from: usize, to: usize| match (from, to) {
        (0, 1) => leave(LORRY_M.0),
        (0, _) => 1.0 - leave(LORRY_M.0),
        (_, 0) => leave(LORRY_M.1),
        _ => 1.0 - leave(LORRY_M.1),
    };
    let on_track = |k: usize| {
        if k == 0 {
            1.0 - START.0
        } else {
            START.0 / strengths
        }
    };
    let on_road = |k: usize| if k == 0 { 1.0 - START.1 } else { START.1 };
    Chain {
        start: std::array::from_fn(|i| on_road(i / TRACK) * on_track(i % TRACK)),
        step: std::array::from_fn(|i| {
            std::array::from_fn(|j| road(i / TRACK, j / TRACK) * track(i % TRACK, j % TRACK))
        }),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::strip::Axis;

    #[test]
    fn half_pixel_samples_hold_a_third_of_the_information() {
        assert!((independent_share(1.5, 3.0) - 0.34).abs() < 0.01);
        assert!((independent_share(30.0, 3.0) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn rarer_alarms_take_more_evidence() {
        let score = |rate: f64| Detector::OPTICAL.at_rate(rate).least_score;
        assert!((score(0.01) - 20.0).abs() < 1e-12);
        assert!((score(0.001) - 20.0 - 4.0 * 10f64.ln()).abs() < 1e-9);
        assert!((score(1.0) - LOWEST_SCORE).abs() < 1e-12);
    }

    #[test]
    fn something_faint_beside_a_strong_train_is_none_of_it() {
        let profile = Profile::seen_whole(
            Axis {
                first_m: 0.0,
                step_m: 5.0,
                len: 60,
            },
            (Array2::zeros((1, 60)), Array2::from_elem((1, 60), 0.01)),
            (7.2, 10.0),
        );
        // By strength: a strong train on 10..30, and on 32..50 what a faint one only
        // would explain; on 32..50 in the second case another strong piece.
        let with = |beside: [f64; 3]| {
            let of = |j: usize| match j {
                10..30 => [2.0, 3.0, 4.0],
                32..50 => beside,
                _ => [0.0; 3],
            };
            Ratios {
                train: (0..60).map(|j| of(j)[0] > 0.0).collect(),
                evidence: (0..60).map(of).collect(),
            }
        };
        let ends = |ratios: Ratios| ratios.without_faint_ends(&profile, 10..50);
        assert_eq!(ends(with([0.5, 0.1, -0.5])), 10..30);
        assert_eq!(ends(with([0.5, 1.0, 2.0])), 10..50);
    }

    #[test]
    fn joined_candidates_by_hand() {
        let of = |start_m, end_m, score, visible| Candidate {
            start_m,
            end_m,
            score,
            visible,
        };
        // 80 of 100 m and 50 of 50 m are visible, 130 of 200 m together.
        let whole = of(0.0, 100.0, 30.0, 0.8).joined(&of(150.0, 200.0, 20.0, 1.0));
        assert_eq!(whole, of(0.0, 200.0, 50.0, 0.65));
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
