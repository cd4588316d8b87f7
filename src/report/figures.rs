//! What a group of captures says.
//!
//! A capture counts once for a crossing, however many tracks it shows, and a
//! train once however long it stands. What was not observed is absent, never zero.
//! Trains of a least length count, and captures that would find one so long.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::series::{Observation, Status};
use crate::stats::{Interval, clopper_pearson, median};
use crate::trend::{Bounded, Stay, Use, kaplan_meier, median_length, rounded};

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

/// What a group of captures says of trains of a least length. All but the
/// counts of captures are `None` where no capture was usable. Every capture is
/// in one of the first seven counts.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Figures {
    /// Captures on which all tracks are clear.
    pub clear: usize,
    /// Captures on which trains were looked for, but not on all of the tracks.
    pub partial: usize,
    /// Captures on which trains were looked for, but that would miss one of the
    /// least length.
    pub would_miss: usize,
    /// Captures that show too little for cloud or shadow.
    pub obscured: usize,
    /// Captures that end beside the tracks.
    pub uncovered: usize,
    /// Captures that could not be processed.
    pub failed: usize,
    /// Captures that show the track, but of which the others do not allow to
    /// say whether a train stands there.
    pub undecided: usize,
    /// Clear and partial captures: those that count.
    pub usable: usize,
    /// Usable captures with a train of the least length or more.
    pub with_train: Option<usize>,
    /// Their share of the usable ones.
    pub share: Option<Share>,
    /// Such trains on all of them, each once however often it was seen.
    pub trains: Option<usize>,
    /// Those that were seen on more than one capture.
    pub standing: Option<usize>,
    /// Median length, `None` without trains.
    pub median: Option<Median>,
    /// Longest train, `None` without trains.
    pub longest: Option<Length>,
    /// Median of the shortest train that would have been found, m, over all
    /// captures on which trains were looked for.
    pub detection_limit_m: Option<f64>,
}

/// All rows of one capture over one crossing.
pub(super) struct Look<'a> {
    /// When.
    pub acquired: Timestamp,
    /// One row a track, and what it is good for.
    pub tracks: Vec<(&'a Observation, Use)>,
    /// Its trains that count, by their number among all stays.
    pub trains: BTreeSet<usize>,
}

/// What a capture is, all of its tracks taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// It would show a train wherever it stood.
    Clear,
    /// It would show a train on part of the tracks.
    Partial,
    /// It would miss a train of the least length.
    WouldMiss,
    /// A track is seen, but nothing could be decided.
    Undecided,
    /// Cloud or shadow.
    Obscured,
    /// It ends beside the tracks.
    Uncovered,
    /// It could not be processed.
    Failed,
}

impl Look<'_> {
    /// What the capture is: that of its tracks which says most.
    pub(super) fn kind(&self) -> Kind {
        let good_for = |wanted| self.tracks.iter().any(|(_, use_)| *use_ == wanted);
        let has = |status| self.tracks.iter().any(|(o, _)| o.status == status);
        let clear =
            |(o, use_): &(&Observation, Use)| o.status == Status::Clear && *use_ == Use::Used;
        if good_for(Use::Used) {
            if self.tracks.iter().all(clear) {
                Kind::Clear
            } else {
                Kind::Partial
            }
        } else if good_for(Use::WouldMiss) {
            Kind::WouldMiss
        } else if self.tracks.iter().any(|(o, _)| o.status.usable()) {
            Kind::Undecided
        } else if has(Status::Obscured) {
            Kind::Obscured
        } else if has(Status::Uncovered) {
            Kind::Uncovered
        } else {
            Kind::Failed
        }
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
    let counts = counts(looks);
    if counts.usable == 0 {
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
    Figures {
        with_train: Some(with_train),
        share: share(with_train, counts.usable),
        trains: Some(trains.len()),
        standing: Some(standing.count()),
        median: median_of(&lengths),
        longest: longest(&lengths),
        ..counts
    }
}

/// What is known whether a capture is usable or not.
fn counts(looks: &[&Look<'_>]) -> Figures {
    let count = |kind| looks.iter().filter(|l| l.kind() == kind).count();
    let limits: Vec<f64> = looks
        .iter()
        .flat_map(|l| &l.tracks)
        .filter(|(_, use_)| *use_ != Use::Blind)
        .filter_map(|(o, _)| o.detection_limit_m)
        .collect();
    let (clear, partial) = (count(Kind::Clear), count(Kind::Partial));
    Figures {
        clear,
        partial,
        would_miss: count(Kind::WouldMiss),
        obscured: count(Kind::Obscured),
        uncovered: count(Kind::Uncovered),
        failed: count(Kind::Failed),
        undecided: count(Kind::Undecided),
        usable: clear + partial,
        detection_limit_m: median(&limits).map(|m| rounded(m, 2)),
        ..Figures::default()
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
