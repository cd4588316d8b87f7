//! Strings of wagons in a radar profile: two states along the track.

use crate::stats::{median, shortest_half};

/// Contrast of a train over the bed: 5 to 15 dB in Sentinel-1, weaker where
/// wagons are low or stand beside the line given. Prior mean, dB.
const TRAIN_MEAN_DB: f64 = 9.0;
/// Prior spread of that contrast from sample to sample, dB.
const TRAIN_SPREAD_DB: f64 = 3.5;

/// Mean distance between trains, m, and mean length of one, m: broad priors,
/// whose logarithm moves the score by a few tenths only.
const GAP_M: f64 = 1500.0;
/// See [`GAP_M`].
const LENGTH_M: f64 = 300.0;

/// Share of empty samples that deviate three times as far as their scatter
/// says: flicker that the background does not know.
const OUTLIERS: f64 = 0.01;

/// Least scatter of a lane, dB: some 75 looks, more than the response holds.
const LEAST_SCATTER_DB: f64 = 0.5;

/// Weight of the typical scatter against that of one place, in captures.
const PRIOR_CAPTURES: f64 = 8.0;

/// A string is not carried over a hidden stretch longer than this, m.
const LONGEST_HIDDEN_M: f64 = 60.0;

/// Contrast along one lane and what an empty track would scatter.
#[derive(Debug, Clone, PartialEq)]
pub struct RadarProfile {
    /// Offset of the lane from the track, m, positive right.
    pub lane_m: f64,
    /// Power over that of the empty bed, dB, by chainage.
    pub contrast_db: Vec<f64>,
    /// Standard deviation of it on an empty track, dB.
    pub sigma_db: Vec<f64>,
    /// Where it was seen.
    pub usable: Vec<bool>,
}

/// A stretch that is bright as a train is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RadarSegment {
    /// First sample.
    pub first: usize,
    /// Last sample, included.
    pub last: usize,
    /// Log-likelihood ratio of train against empty, correlated samples counted once.
    pub score: f64,
    /// Mean contrast over its standard deviation on an empty track.
    pub snr: f64,
}

/// How samples of a profile hang together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Distance of samples, m.
    pub step_m: f64,
    /// Length over which samples count as one, m.
    pub correlation_m: f64,
}

impl Sampling {
    /// Share of an independent sample that one sample is worth.
    fn worth(&self) -> f64 {
        (self.step_m / self.correlation_m).min(1.0)
    }
}

/// Scatter of a lane on an empty track, per place, from the same lane in other captures.
///
/// `others`: contrast, dB, per capture and chainage; NaN where not usable or
/// known to hold a train. Per place the shortest half of the captures, so that
/// a place which flickers or is often occupied is trusted less; averaged over
/// `smooth` samples to either side and drawn towards the typical scatter as far
/// as few captures demand.
#[must_use]
pub fn place_scatter(others: &[&[f64]], samples: usize, smooth: usize) -> Vec<f64> {
    let mut variance = vec![f64::NAN; samples];
    let mut count = vec![0.0; samples];
    let mut values = Vec::with_capacity(others.len());
    for (at, (variance, count)) in variance.iter_mut().zip(&mut count).enumerate() {
        values.clear();
        values.extend(others.iter().map(|o| o[at]).filter(|v| v.is_finite()));
        values.sort_unstable_by(f64::total_cmp);
        if let (3.., Some(half)) = (values.len(), shortest_half(&values)) {
            *variance = half.sigma.powi(2);
            *count = values.len() as f64;
        }
    }
    let typical = median(&variance).unwrap_or(f64::NAN);
    (0..samples)
        .map(|at| {
            let near = at.saturating_sub(smooth)..(at + smooth + 1).min(samples);
            let known: Vec<f64> = variance[near]
                .iter()
                .copied()
                .filter(|v| v.is_finite())
                .collect();
            let own = known.iter().sum::<f64>() / known.len() as f64;
            let n = if own.is_finite() { count[at] } else { 0.0 };
            let own = if own.is_finite() { own } else { 0.0 };
            let steadied = (PRIOR_CAPTURES * typical + n * own) / (PRIOR_CAPTURES + n);
            steadied.sqrt().max(LEAST_SCATTER_DB)
        })
        .collect()
}

/// Stretches that are more likely under a train than empty, in order of chainage.
///
/// A hidden Markov model of two states with broad priors on contrast and
/// length; one-sided, as trains only brighten. Posterior by forward and
/// backward recursion (Rabiner 1989).
#[must_use]
pub fn radar_segments(profile: &RadarProfile, sampling: Sampling) -> Vec<RadarSegment> {
    let evidence: Vec<f64> = (0..profile.contrast_db.len())
        .map(|i| {
            let seen = profile.usable[i];
            let ratio = || log_ratio(profile.contrast_db[i], profile.sigma_db[i]);
            if seen {
                sampling.worth() * ratio()
            } else {
                0.0
            }
        })
        .collect();
    let train = train_probability(&evidence, sampling.step_m);
    let mut segments = Vec::new();
    let mut first = None;
    let hidden_most = (LONGEST_HIDDEN_M / sampling.step_m) as usize;
    let mut hidden = 0;
    for i in 0..=train.len() {
        hidden = if i < train.len() && !profile.usable[i] {
            hidden + 1
        } else {
            0
        };
        let on = i < train.len() && train[i] > 0.5 && hidden <= hidden_most;
        match (on, first) {
            (true, None) if profile.usable[i] => first = Some(i),
            (false, Some(from)) => {
                segments.extend(segment(profile, &evidence, sampling, (from, i - 1)));
                first = None;
            }
            _ => {}
        }
    }
    segments
}

/// A run of train states, without the hidden samples at its end.
fn segment(
    profile: &RadarProfile,
    evidence: &[f64],
    sampling: Sampling,
    (first, last): (usize, usize),
) -> Option<RadarSegment> {
    let last = (first..=last).rev().find(|&i| profile.usable[i])?;
    let seen: Vec<usize> = (first..=last).filter(|&i| profile.usable[i]).collect();
    let standard: f64 = seen
        .iter()
        .map(|&i| profile.contrast_db[i] / profile.sigma_db[i])
        .sum();
    let mean = standard / seen.len() as f64;
    Some(RadarSegment {
        first,
        last,
        score: evidence[first..=last].iter().sum(),
        snr: mean * (seen.len() as f64 * sampling.worth()).sqrt().max(1.0),
    })
}

/// log p(contrast | train) − log p(contrast | empty).
fn log_ratio(contrast_db: f64, sigma_db: f64) -> f64 {
    let spread_db = sigma_db.hypot(TRAIN_SPREAD_DB);
    let train = log_normal(contrast_db - TRAIN_MEAN_DB, spread_db);
    let empty = log_sum(
        (1.0 - OUTLIERS).ln() + log_normal(contrast_db, sigma_db),
        OUTLIERS.ln() + log_normal(contrast_db, 3.0 * sigma_db),
    );
    train - empty
}

/// Log density of a centred normal, without the constant.
fn log_normal(x: f64, sigma: f64) -> f64 {
    -0.5 * (x / sigma).powi(2) - sigma.ln()
}

/// ln(eᵃ + eᵇ).
fn log_sum(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    high + (low - high).exp().ln_1p()
}

/// Posterior probability of a train at every sample.
fn train_probability(evidence: &[f64], step_m: f64) -> Vec<f64> {
    let n = evidence.len();
    let (enter, leave) = (step_m / GAP_M, step_m / LENGTH_M);
    let stay_empty = (1.0 - enter).ln();
    let stay_train = (1.0 - leave).ln();
    let (enter, leave) = (enter.ln(), leave.ln());
    // At the start of the strip as often occupied as anywhere.
    let occupied: f64 = LENGTH_M / (LENGTH_M + GAP_M);
    let mut forward = vec![(0.0, 0.0); n];
    let mut before = ((1.0 - occupied).ln(), occupied.ln());
    for i in 0..n {
        forward[i] = (before.0, before.1 + evidence[i]);
        let (empty, train) = forward[i];
        before = (
            log_sum(empty + stay_empty, train + leave),
            log_sum(empty + enter, train + stay_train),
        );
    }
    let mut after = (0.0, 0.0);
    let mut probability = vec![0.0; n];
    for i in (0..n).rev() {
        let odds = forward[i].1 + after.1 - forward[i].0 - after.0;
        probability[i] = 1.0 / (1.0 + (-odds).exp());
        let train = evidence[i] + after.1;
        after = (
            log_sum(stay_empty + after.0, enter + train),
            log_sum(leave + after.0, stay_train + train),
        );
    }
    probability
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLING: Sampling = Sampling {
        step_m: 5.0,
        correlation_m: 27.5,
    };

    fn profile(contrast_db: Vec<f64>) -> RadarProfile {
        let n = contrast_db.len();
        RadarProfile {
            lane_m: 0.0,
            contrast_db,
            sigma_db: vec![1.0; n],
            usable: vec![true; n],
        }
    }

    fn bar(n: usize, from: usize, to: usize, db: f64) -> Vec<f64> {
        (0..n)
            .map(|i| if i >= from && i < to { db } else { 0.0 })
            .collect()
    }

    #[test]
    fn a_bar_is_one_segment() {
        let found = radar_segments(&profile(bar(200, 80, 120, 8.0)), SAMPLING);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].first, found[0].last), (80, 119));
        // 8 sigma over 40 samples that are worth 7.3.
        assert!((found[0].snr - 8.0 * (40.0_f64 * 5.0 / 27.5).sqrt()).abs() < 1e-9);
    }

    #[test]
    fn empty_dark_and_faint_stretches_are_no_trains() {
        for db in [0.0, -8.0, 2.0] {
            assert!(radar_segments(&profile(bar(200, 80, 120, db)), SAMPLING).is_empty());
        }
    }

    #[test]
    fn a_long_hidden_stretch_parts_a_string() {
        let mut seen = profile(bar(200, 60, 140, 8.0));
        for i in 90..110 {
            seen.usable[i] = false;
            seen.contrast_db[i] = 0.0;
        }
        let found = radar_segments(&seen, SAMPLING);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].last, found[1].first), (89, 110));
    }

    #[test]
    fn scatter_is_of_the_majority_of_captures() {
        // Ten captures: seven near zero, three with a train.
        let rows: Vec<Vec<f64>> = (0..10)
            .map(|k| vec![if k < 7 { f64::from(k) * 0.2 } else { 12.0 }; 20])
            .collect();
        let others: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        let sigma = place_scatter(&others, 20, 5);
        assert!(sigma.iter().all(|s| *s < 1.0), "{sigma:?}");
    }
}
