//! What a scope holds of trains of a least length: the observations that
//! would have shown them, what each could see, and the trains, each once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::model::{Stay, TrainLength};
use super::population::{Use, common_limit_m, is_counted, use_of};
use crate::series::{Observation, ObservationKey, Series};

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
    /// Trains that are shorter, or that no used observation shows.
    pub uncounted: usize,
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
        let own: Vec<&Stay> = stays
            .iter()
            .filter(|s| scope.holds(&s.crossing, &s.track))
            .collect();
        let min_length_m = min_length_m.unwrap_or_else(|| common_limit_m(&observations, &own));
        let groups = groups(&observations);
        let mut looks: BTreeMap<&ObservationKey, Look> = observations
            .iter()
            .map(|o| (&o.key, look(o, &groups, min_length_m)))
            .collect();
        let long = own.iter().filter(|stay| is_counted(stay, min_length_m));
        let mut trains: Vec<GroupedTrain> =
            long.filter_map(|stay| count(stay, &mut looks)).collect();
        trains.sort_by_key(|t| t.train.first_seen);
        let mut looks: Vec<Look> = looks.into_values().collect();
        looks.sort_by_key(|look| (look.acquired, look.group));
        Self {
            min_length_m,
            uncounted: own.len() - trains.len(),
            looks,
            trains,
        }
    }

    /// The observations that count.
    pub(super) fn used(&self) -> impl Iterator<Item = &Look> {
        self.looks.iter().filter(|look| look.use_ == Use::Used)
    }
}

fn groups<'a>(observations: &[&'a Observation]) -> BTreeMap<(&'a str, &'a str), usize> {
    let tracks: BTreeSet<(&str, &str)> = observations
        .iter()
        .map(|o| (o.key.crossing.as_str(), o.key.track.as_str()))
        .collect();
    tracks.into_iter().zip(0..).collect()
}

fn look(o: &Observation, groups: &BTreeMap<(&str, &str), usize>, min_length_m: f64) -> Look {
    let use_ = use_of(o, min_length_m);
    let exposure = match use_ {
        Use::Used => o.clear_fraction.unwrap_or(1.0),
        Use::WouldMiss | Use::Blind => 0.0,
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
