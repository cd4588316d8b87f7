//! What a group of captures says.
//!
//! A capture counts once for a crossing, however many tracks it shows, and a
//! train once however long it stands. What was not observed is absent, never zero.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::series::{Observation, Status};
use crate::stats::{Interval, clopper_pearson, median};
use crate::trend::{Bounded, Stay, kaplan_meier, median_length, rounded};

/// Standard deviations to each side of a 95 % interval.
pub(super) const WIDTH_95: f64 = 1.96;

/// Fewest trains for the interval of a median: of fewer it is all that was seen.
const LEAST_FOR_INTERVAL: usize = 6;

/// A share with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Share of usable captures, 0..1.
    pub share: f64,
    /// Its exact 95 % interval after Clopper and Pearson.
    pub interval: Interval,
}

/// A length that may be a lower bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Length {
    /// The length, m.
    pub length_m: f64,
    /// Whether the truth may be longer, because a train was not seen to its end.
    pub at_least: bool,
}

/// A median length with its 95 % interval as far as that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Median {
    /// The Kaplan–Meier median, or, where too few trains were seen to both
    /// ends, the median as seen, which is a lower bound.
    #[serde(flatten)]
    pub length: Length,
    /// Lower end, m.
    pub low_m: Option<f64>,
    /// Upper end, m; `None` where too few trains were seen to both ends to tell.
    pub high_m: Option<f64>,
}

/// What a group of captures says. All but the counts of captures are `None`
/// where no capture was usable.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Figures {
    /// Captures on which all tracks are clear.
    pub clear: usize,
    /// Captures on which trains were looked for, but not on all of the tracks.
    pub partial: usize,
    /// Captures that show too little for cloud or shadow.
    pub obscured: usize,
    /// Captures that end beside the tracks.
    pub uncovered: usize,
    /// Captures that could not be processed.
    pub failed: usize,
    /// Captures that show the track, but of which the others do not allow to
    /// say whether a train stands there.
    pub undecided: usize,
    /// Clear and partial captures.
    pub usable: usize,
    /// Usable captures with a train.
    pub with_train: Option<usize>,
    /// Their share of the usable ones.
    pub share: Option<Share>,
    /// Trains on all of them, each once however often it was seen.
    pub trains: Option<usize>,
    /// Those that were seen on more than one capture.
    pub standing: Option<usize>,
    /// Median length, `None` without trains.
    pub median: Option<Median>,
    /// Longest train, `None` without trains.
    pub longest: Option<Length>,
    /// Median of the shortest train that would have been found, m.
    pub detection_limit_m: Option<f64>,
}

/// All rows of one capture over one crossing.
pub(super) struct Look<'a> {
    /// When.
    pub acquired: Timestamp,
    /// One row a track.
    pub tracks: Vec<&'a Observation>,
    /// Its trains, by their number among all stays.
    pub trains: BTreeSet<usize>,
}

impl Look<'_> {
    /// Clear where all tracks are; partial where trains were looked for on any;
    /// `None` where a track was seen but nothing could be decided.
    pub(super) fn status(&self) -> Option<Status> {
        let has = |status| self.tracks.iter().any(|o| o.status == status);
        if self.tracks.iter().any(|o| o.train_count.is_some()) {
            let clear = self.tracks.iter().all(|o| o.status == Status::Clear);
            return Some(if clear {
                Status::Clear
            } else {
                Status::Partial
            });
        }
        if self.tracks.iter().any(|o| o.status.usable()) {
            return None;
        }
        let rest = [Status::Obscured, Status::Uncovered];
        let found = rest.into_iter().find(|status| has(*status));
        Some(found.unwrap_or(Status::Failed))
    }
}

impl From<&Stay> for Length {
    fn from(stay: &Stay) -> Self {
        Self {
            length_m: stay.length_m,
            at_least: stay.at_least,
        }
    }
}

/// The figures of some captures of `stays`.
pub(super) fn figures(looks: &[&Look<'_>], stays: &[Stay]) -> Figures {
    let count = |status| looks.iter().filter(|l| l.status() == Some(status)).count();
    let counts = Figures {
        clear: count(Status::Clear),
        partial: count(Status::Partial),
        obscured: count(Status::Obscured),
        uncovered: count(Status::Uncovered),
        failed: count(Status::Failed),
        undecided: looks.iter().filter(|l| l.status().is_none()).count(),
        ..Figures::default()
    };
    let usable = counts.clear + counts.partial;
    if usable == 0 {
        return counts;
    }
    let numbers: BTreeSet<usize> = looks
        .iter()
        .flat_map(|l| l.trains.iter().copied())
        .collect();
    let trains: Vec<&Stay> = numbers.iter().filter_map(|i| stays.get(*i)).collect();
    let lengths: Vec<Length> = trains.iter().map(|stay| Length::from(*stay)).collect();
    let with_train = looks.iter().filter(|l| !l.trains.is_empty()).count();
    let standing = trains.iter().filter(|stay| stay.sightings > 1);
    let limits: Vec<f64> = looks
        .iter()
        .flat_map(|l| &l.tracks)
        .filter(|o| o.status.usable())
        .filter_map(|o| o.detection_limit_m)
        .collect();
    Figures {
        usable,
        with_train: Some(with_train),
        share: share(with_train, usable),
        trains: Some(trains.len()),
        standing: Some(standing.count()),
        median: median_of(&lengths),
        longest: longest(&lengths),
        detection_limit_m: median(&limits).map(|m| rounded(m, 2)),
        ..counts
    }
}

fn share(with_train: usize, usable: usize) -> Option<Share> {
    clopper_pearson(with_train, usable).map(|interval| Share {
        share: rounded(with_train as f64 / usable as f64, 4),
        interval: Interval {
            low: rounded(interval.low, 4),
            high: rounded(interval.high, 4),
        },
    })
}

pub(super) fn median_of(lengths: &[Length]) -> Option<Median> {
    let bounded: Vec<Bounded> = lengths.iter().map(|l| (l.length_m, l.at_least)).collect();
    let (length_m, at_least) = median_length(&bounded)?;
    let found = kaplan_meier(&bounded);
    let end = |end: Option<f64>| {
        end.filter(|_| lengths.len() >= LEAST_FOR_INTERVAL)
            .map(|m| rounded(m, 2))
    };
    Some(Median {
        length: Length {
            length_m: rounded(length_m, 2),
            at_least,
        },
        low_m: end(found.low),
        high_m: end(found.high),
    })
}

/// The longest length; of equal ones that which is a lower bound.
pub(super) fn longest(lengths: &[Length]) -> Option<Length> {
    let order = |a: &&Length, b: &&Length| {
        a.length_m
            .total_cmp(&b.length_m)
            .then(a.at_least.cmp(&b.at_least))
    };
    lengths.iter().max_by(order).map(|l| Length {
        length_m: rounded(l.length_m, 2),
        at_least: l.at_least,
    })
}
