//! Which trains and which observations are compared: trains of a least length,
//! and the observations that would find one so long.

use std::collections::BTreeMap;

use super::model::Stay;
use crate::series::{Observation, ObservationKey};

/// Share of the observations that reach the longest common limit considered:
/// where trains are few, one capture under haze shall not set it.
const ABLE: f64 = 0.9;

/// What an observation is good for, where trains of a least length are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It would show a train of the least length, where it sees the track.
    Used,
    /// It would miss one more often than one time in ten, or nothing says how
    /// often: it has no detection limit.
    WouldMiss,
    /// It shows nothing, or nothing could be decided.
    Blind,
}

/// What an observation is good for, where trains of `min_length_m` and more
/// are compared.
#[must_use]
pub fn use_of(o: &Observation, min_length_m: f64) -> Use {
    if o.train_count.is_none() {
        Use::Blind
    } else if limit_m(o) > min_length_m {
        Use::WouldMiss
    } else {
        Use::Used
    }
}

/// Whether a train is long enough to count.
#[must_use]
pub fn is_counted(stay: &Stay, min_length_m: f64) -> bool {
    stay.length_m >= min_length_m
}

/// The shortest train that an observation would find, m. One without a limit
/// would miss even a train as long as the track in view, or its trains left no
/// room to try another. That it shows a train does not say that it would have
/// shown every other one so long: counting it would count only what was found.
fn limit_m(o: &Observation) -> f64 {
    o.detection_limit_m.unwrap_or(f64::INFINITY)
}

/// The common detection limit of some observations, in whole metres: of their
/// limits, up to that which [`ABLE`] of them reach, the one at which the product
/// of trains and observations that count is largest; of equals the shortest.
/// 0 where no limit is known.
pub(super) fn common_limit_m(observations: &[&Observation], stays: &[&Stay]) -> f64 {
    let mut limits: Vec<f64> = observations
        .iter()
        .filter(|o| o.train_count.is_some())
        .map(|o| limit_m(o).ceil())
        .collect();
    limits.sort_by(f64::total_cmp);
    let trains: Vec<(f64, f64)> = {
        let by_key: BTreeMap<&ObservationKey, f64> =
            observations.iter().map(|o| (&o.key, limit_m(o))).collect();
        let seen = |stay: &&Stay| (stay.length_m, least_limit_m(stay, &by_key));
        stays.iter().map(seen).collect()
    };
    let able = (ABLE * limits.len().saturating_sub(1) as f64) as usize;
    let longest_m = limits.get(able).copied().unwrap_or(0.0);
    let mut candidates = limits.clone();
    candidates.retain(|m| *m > 0.0 && m.is_finite() && *m <= longest_m);
    candidates.dedup();
    let mut best = (0, 0.0);
    for least_m in candidates {
        let observations = limits.partition_point(|m| *m <= least_m);
        let counted = |t: &&(f64, f64)| t.0 >= least_m && t.1 <= least_m;
        // One more than there are, so that without any the observations decide.
        let left = observations * (1 + trains.iter().filter(counted).count());
        if left > best.0 {
            best = (left, least_m);
        }
    }
    best.1
}

/// The limit of the best observation that shows a train, m.
fn least_limit_m(stay: &Stay, limits_m: &BTreeMap<&ObservationKey, f64>) -> f64 {
    let sightings = stay.captures.iter().map(|(capture, _)| ObservationKey {
        crossing: stay.crossing.clone(),
        track: stay.track.clone(),
        capture: capture.clone(),
    });
    sightings
        .filter_map(|key| limits_m.get(&key).copied())
        .fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::float_cmp)]
    use super::super::stays;
    use super::*;
    use crate::series::Series;
    use crate::series::fixture::{observation, series, with_trains};

    /// One capture a limit and the trains on it.
    fn seen(captures: &[(Option<f64>, &[f64])]) -> Series {
        let rows = captures.iter().zip(1..).map(|((limit_m, lengths_m), day)| {
            let time = format!("2024-{:02}-{:02}T02:00:00Z", 1 + day / 28, 1 + day % 28);
            let mut o = observation("x", &time[..10], &time);
            o.detection_limit_m = *limit_m;
            with_trains(o, lengths_m)
        });
        series(rows.collect())
    }

    fn common_m(series: &Series) -> f64 {
        let stays = stays(series);
        let observations: Vec<&Observation> = series.observations.iter().collect();
        common_limit_m(&observations, &stays.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_few_poor_captures_are_left_out() {
        let mut captures: Vec<(Option<f64>, &[f64])> = vec![(Some(42.9), &[150.0]); 30];
        captures.extend([(Some(168.9), &[][..]), (Some(228.9), &[]), (None, &[])]);
        assert_eq!(common_m(&seen(&captures)), 43.0);
        let series = seen(&captures);
        let uses: Vec<Use> = (series.observations.iter())
            .map(|o| use_of(o, 43.0))
            .collect();
        assert_eq!(
            uses[29..],
            [Use::Used, Use::WouldMiss, Use::WouldMiss, Use::WouldMiss]
        );
    }

    #[test]
    fn the_most_trains_and_captures_are_kept() {
        // At 100 m 3 trains on 4 captures: 4 × 4. At 200 m 2 trains on 5: 3 × 5.
        let captures: [(Option<f64>, &[f64]); 6] = [
            (Some(100.0), &[120.0]),
            (Some(100.0), &[300.0]),
            (Some(99.2), &[]),
            (Some(100.0), &[300.0]),
            (Some(200.0), &[]),
            (Some(900.0), &[]),
        ];
        assert_eq!(common_m(&seen(&captures)), 100.0);
        // One more of the coarser ones, and it is worth the short train.
        let more = [&captures[..], &[(Some(200.0), &[][..])]].concat();
        assert_eq!(common_m(&seen(&more)), 200.0);
        // Without trains, nine in ten of the captures shall count.
        let empty: Vec<(Option<f64>, &[f64])> = (1..=20)
            .map(|i| (Some(10.0 * f64::from(i)), &[][..]))
            .collect();
        assert_eq!(common_m(&seen(&empty)), 180.0);
    }

    #[test]
    fn a_train_shown_is_no_detection_limit() {
        let captures: [(Option<f64>, &[f64]); 4] = [
            (None, &[80.0]),
            (None, &[]),
            (Some(60.0), &[]),
            (Some(60.0), &[]),
        ];
        let series = seen(&captures);
        assert_eq!(common_m(&series), 60.0);
        for least_m in [18.0, 60.0, 80.0, 400.0] {
            let uses = [0, 1].map(|i| use_of(&series.observations[i], least_m));
            assert_eq!(uses, [Use::WouldMiss; 2], "{least_m}");
        }
        let without = seen(&captures[..2]);
        assert_eq!(common_m(&without), 0.0, "no limit is known");
        assert_eq!(use_of(&without.observations[0], 0.0), Use::WouldMiss);
    }
}
