//! What a scope holds of trains of a least length: the observations that
//! would have shown them, what each could see, and the trains, each once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::model::{Stay, TrainLength};
use crate::series::{Observation, ObservationKey, Series};
use crate::stats::quantile;

/// Share of a sensor's observations that have to be able to find the shortest
/// train compared: one capture under haze shall not blind the comparison, and
/// no more than a tenth of what was seen shall be lost to it.
const ABLE: f64 = 0.9;

/// A crossing, a track of it, or everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scope<'a> {
    /// The crossing; `None` for all.
    pub crossing: Option<&'a str>,
    /// The track; `None` for all.
    pub track: Option<&'a str>,
}

impl Scope<'_> {
    fn holds(&self, crossing: &str, track: &str) -> bool {
        self.crossing.is_none_or(|c| c == crossing) && self.track.is_none_or(|t| t == track)
    }
}

/// One observation of one track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    /// When.
    pub acquired: Timestamp,
    /// Number of the track; tracks are compared with themselves only.
    pub group: usize,
    /// What became of it.
    pub use_: Use,
    /// Share of the track it could see, 0..1; 0 where it is not used.
    pub exposure: f64,
    /// Whether it shows a train.
    pub with_train: bool,
    /// Trains it is the first used observation of.
    pub arrivals: usize,
}

/// What an observation is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It would show a train of the least length, where it sees the track.
    Used,
    /// It may miss one.
    TooCoarse,
    /// It shows nothing, or nothing could be decided.
    Blind,
}

/// A train and the track it stands on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct GroupedTrain {
    /// Number of the track.
    pub group: usize,
    /// When and how long.
    pub train: TrainLength,
}

/// Observations and trains of a scope, both in order of time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    /// Least length, m.
    pub min_length_m: f64,
    /// One a track and capture.
    pub looks: Vec<Look>,
    /// Trains that a used observation shows.
    pub trains: Vec<GroupedTrain>,
}

impl Sample {
    /// The sample of a scope.
    pub(super) fn of(
        series: &Series,
        stays: &[Stay],
        scope: Scope<'_>,
        min_length_m: Option<f64>,
    ) -> Self {
        let observations: Vec<&Observation> = series
            .observations
            .iter()
            .filter(|o| scope.holds(&o.key.crossing, &o.key.track))
            .collect();
        let min_length_m = min_length_m.unwrap_or_else(|| common_limit_m(&observations));
        let groups = groups(&observations);
        let mut looks: BTreeMap<&ObservationKey, Look> = observations
            .iter()
            .map(|o| (&o.key, look(o, &groups, min_length_m)))
            .collect();
        let long = stays
            .iter()
            .filter(|s| s.length_m >= min_length_m && scope.holds(&s.crossing, &s.track));
        let mut trains: Vec<GroupedTrain> =
            long.filter_map(|stay| count(stay, &mut looks)).collect();
        trains.sort_by_key(|t| t.train.first_seen);
        let mut looks: Vec<Look> = looks.into_values().collect();
        looks.sort_by_key(|look| (look.acquired, look.group));
        Self {
            min_length_m,
            looks,
            trains,
        }
    }

    /// The observations that count.
    pub(super) fn used(&self) -> impl Iterator<Item = &Look> {
        self.looks.iter().filter(|look| look.use_ == Use::Used)
    }
}

/// The least length that all sensors would find: of each sensor the detection
/// limit that [`ABLE`] of its observations reach, of those the longest, rounded
/// up to whole metres; 0 where no limit is known.
fn common_limit_m(observations: &[&Observation]) -> f64 {
    let mut limits: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for o in observations.iter().filter(|o| o.train_count.is_some()) {
        limits
            .entry(&o.sensor)
            .or_default()
            .extend(o.detection_limit_m);
    }
    let reached = limits.values().filter_map(|limits| quantile(limits, ABLE));
    reached.fold(0.0, f64::max).ceil()
}

fn groups<'a>(observations: &[&'a Observation]) -> BTreeMap<(&'a str, &'a str), usize> {
    let tracks: BTreeSet<(&str, &str)> = observations
        .iter()
        .map(|o| (o.key.crossing.as_str(), o.key.track.as_str()))
        .collect();
    tracks.into_iter().zip(0..).collect()
}

fn look(o: &Observation, groups: &BTreeMap<(&str, &str), usize>, min_length_m: f64) -> Look {
    let coarse = |limit_m: f64| limit_m > min_length_m;
    let use_ = if o.train_count.is_none() {
        Use::Blind
    } else if o.detection_limit_m.is_some_and(coarse) {
        Use::TooCoarse
    } else {
        Use::Used
    };
    let exposure = match use_ {
        Use::Used => o.clear_fraction.unwrap_or(1.0),
        Use::TooCoarse | Use::Blind => 0.0,
    };
    let track = (o.key.crossing.as_str(), o.key.track.as_str());
    Look {
        acquired: o.acquired,
        group: groups.get(&track).copied().unwrap_or(0),
        use_,
        exposure,
        with_train: false,
        arrivals: 0,
    }
}

/// Counts a train where it was seen; the train, if any used observation shows it.
fn count(stay: &Stay, looks: &mut BTreeMap<&ObservationKey, Look>) -> Option<GroupedTrain> {
    let mut first: Option<Look> = None;
    for (capture, _) in &stay.captures {
        let key = ObservationKey {
            crossing: stay.crossing.clone(),
            track: stay.track.clone(),
            capture: capture.clone(),
        };
        let Some(look) = looks.get_mut(&key).filter(|look| look.use_ == Use::Used) else {
            continue;
        };
        look.with_train = true;
        if first.is_none() {
            look.arrivals += 1;
            first = Some(*look);
        }
    }
    first.map(|look| GroupedTrain {
        group: look.group,
        train: TrainLength {
            first_seen: look.acquired,
            length_m: stay.length_m,
            length_sigma_m: stay.length_sigma_m,
            at_least: stay.at_least,
        },
    })
}
