//! What a series says, per crossing and period.
//!
//! A capture counts once for a crossing, however many tracks it shows. What
//! was not observed is absent, never zero.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::paint::printable;
use crate::error::{Error, Result};
use crate::series::{Censored, Change, Observation, Series, Status, Train};
use crate::stats::{Interval, clopper_pearson, median};
use crate::trend::{By, date};

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
    /// Trains on all of them; one that stands through several counts in each.
    pub trains: Option<usize>,
    /// Those that stood there already on the previous usable observation.
    pub stayed: Option<usize>,
    /// Median length, `None` without trains.
    pub median: Option<Length>,
    /// Longest train, `None` without trains.
    pub longest: Option<Length>,
    /// Median of the shortest train that would have been found, m.
    pub detection_limit_m: Option<f64>,
}

/// A period and what it says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PeriodFigures {
    /// `2023-05`, `2023 Q2` or `2023`.
    pub period: String,
    /// Its first day, UTC.
    pub start: Date,
    /// The first day after it.
    pub end: Date,
    /// What it says.
    #[serde(flatten)]
    pub figures: Figures,
}

/// A capture for the chart: when, whether usable, and the lengths found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sighting {
    /// When.
    pub acquired: Timestamp,
    /// Whether trains were looked for.
    pub usable: bool,
    /// Lengths of its trains.
    pub lengths: Vec<Length>,
}

/// What is known of one crossing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrossingSummary {
    /// The crossing's id.
    pub crossing: String,
    /// Day of the first capture, UTC.
    pub first: Date,
    /// Day of the last capture, UTC.
    pub last: Date,
    /// The whole time.
    pub total: Figures,
    /// All periods from the first to the last capture, empty ones included.
    pub periods: Vec<PeriodFigures>,
    /// Captures in order of time.
    #[serde(skip)]
    pub sightings: Vec<Sighting>,
}

/// What a series says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// How it is divided.
    pub by: By,
    /// Crossings in order of their ids.
    pub crossings: Vec<CrossingSummary>,
}

/// All rows of one capture over one crossing.
struct Look<'a> {
    acquired: Timestamp,
    tracks: Vec<&'a Observation>,
    trains: Vec<&'a Train>,
}

/// Summarises all crossings of a series, or one.
///
/// # Errors
/// Where the series is empty or does not hold the crossing; the message says
/// which it holds.
pub fn summarise(series: &Series, crossing: Option<&str>, by: By) -> Result<Summary> {
    let crossings = looks(series);
    if crossings.is_empty() {
        return Err(Error::unsupported(
            "the store holds no observations yet; fill it with `railspan run`",
        ));
    }
    if let Some(id) = crossing.filter(|id| !crossings.contains_key(id)) {
        let known: Vec<String> = crossings.keys().map(|k| printable(k)).collect();
        let expected = format!("in the store, which holds {}", known.join(", "));
        return Err(Error::value("--crossing", printable(id), expected));
    }
    let chosen = crossings
        .into_iter()
        .filter(|(id, _)| crossing.is_none_or(|wanted| wanted == *id));
    Ok(Summary {
        by,
        crossings: chosen
            .filter_map(|(id, looks)| summarise_crossing(id, &looks, by))
            .collect(),
    })
}

/// The captures of each crossing in order of time and id.
fn looks(series: &Series) -> BTreeMap<&str, Vec<Look<'_>>> {
    let mut by_capture: BTreeMap<(&str, &str), Look<'_>> = BTreeMap::new();
    for observation in &series.observations {
        let key = &observation.key;
        let look = by_capture
            .entry((&key.crossing, &key.capture))
            .or_insert_with(|| Look {
                acquired: observation.acquired,
                tracks: Vec::new(),
                trains: Vec::new(),
            });
        look.acquired = look.acquired.min(observation.acquired);
        look.tracks.push(observation);
    }
    for train in &series.trains {
        let key = &train.key;
        if let Some(look) = by_capture.get_mut(&(key.crossing.as_str(), key.capture.as_str())) {
            look.trains.push(train);
        }
    }
    let mut crossings: BTreeMap<&str, Vec<Look<'_>>> = BTreeMap::new();
    for ((crossing, _), look) in by_capture {
        crossings.entry(crossing).or_default().push(look);
    }
    for looks in crossings.values_mut() {
        looks.sort_by_key(|look| look.acquired);
    }
    crossings
}

fn summarise_crossing(id: &str, looks: &[Look<'_>], by: By) -> Option<CrossingSummary> {
    let (first, last) = (looks.first()?, looks.last()?);
    let mut periods = Vec::new();
    for (start, end) in by.periods(date(first.acquired), date(last.acquired)) {
        let inside: Vec<&Look<'_>> = looks
            .iter()
            .filter(|look| (start..end).contains(&date(look.acquired)))
            .collect();
        periods.push(PeriodFigures {
            period: by.label(start),
            start,
            end,
            figures: figures(&inside),
        });
    }
    Some(CrossingSummary {
        crossing: id.to_owned(),
        first: date(first.acquired),
        last: date(last.acquired),
        total: figures(&looks.iter().collect::<Vec<_>>()),
        periods,
        sightings: looks.iter().map(Look::sighting).collect(),
    })
}

impl Look<'_> {
    /// Clear where all tracks are; partial where trains were looked for on any;
    /// `None` where a track was seen but nothing could be decided.
    fn status(&self) -> Option<Status> {
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

    fn sighting(&self) -> Sighting {
        Sighting {
            acquired: self.acquired,
            usable: self.status().is_some_and(Status::usable),
            lengths: self.trains.iter().map(|t| length(t)).collect(),
        }
    }
}

fn length(train: &Train) -> Length {
    Length {
        length_m: train.length_m,
        at_least: train.censored != Censored::None,
    }
}

fn figures(looks: &[&Look<'_>]) -> Figures {
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
    let trains: Vec<&Train> = looks
        .iter()
        .flat_map(|l| l.trains.iter().copied())
        .collect();
    let lengths: Vec<Length> = trains.iter().map(|t| length(t)).collect();
    let with_train = looks.iter().filter(|l| !l.trains.is_empty()).count();
    let stayed = trains.iter().filter(|t| t.change == Change::Stayed);
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
        stayed: Some(stayed.count()),
        median: median_length(&lengths),
        longest: longest(&lengths),
        detection_limit_m: median(&limits).map(|m| rounded(m, 2)),
        ..counts
    }
}

/// The figures are rounded here, once, so that all forms carry the same.
fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
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

/// Lengths that are lower bounds make the median one, unless it would be the
/// same if those trains were endless.
fn median_length(lengths: &[Length]) -> Option<Length> {
    let seen: Vec<f64> = lengths.iter().map(|l| l.length_m).collect();
    let shortest_truth = median(&seen)?;
    let endless: Vec<f64> = lengths
        .iter()
        .map(|l| if l.at_least { f64::MAX } else { l.length_m })
        .collect();
    let longest_truth = median(&endless)?;
    Some(Length {
        length_m: rounded(shortest_truth, 2),
        at_least: longest_truth > shortest_truth,
    })
}

/// The longest length; of equal ones that which is a lower bound.
fn longest(lengths: &[Length]) -> Option<Length> {
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

impl Summary {
    /// The summary for programs, as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Numbers, texts and string keys: this cannot fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The summary for programs, as CSV: a row a crossing and period, and one
    /// of the whole time, named `all`. Empty is not observed.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn to_csv(&self) -> Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut records = vec![CSV_COLUMNS.map(str::to_owned)];
        for crossing in &self.crossings {
            for period in &crossing.periods {
                let ends = [period.start.to_string(), period.end.to_string()];
                let names = (crossing.crossing.clone(), period.period.clone());
                records.push(record(names, ends, &period.figures));
            }
            let end = crossing.last.tomorrow().unwrap_or(crossing.last);
            let ends = [crossing.first.to_string(), end.to_string()];
            let names = (crossing.crossing.clone(), "all".to_owned());
            records.push(record(names, ends, &crossing.total));
        }
        let wrong = |what: String| Error::value("the summary", what, "writable as CSV");
        for record in records {
            writer
                .write_record(&record)
                .map_err(|e| wrong(e.to_string()))?;
        }
        let bytes = writer.into_inner().map_err(|e| wrong(e.to_string()))?;
        String::from_utf8(bytes).map_err(|e| wrong(e.to_string()))
    }
}

const CSV_COLUMNS: [&str; 22] = [
    "crossing",
    "period",
    "start",
    "end",
    "clear",
    "partial",
    "obscured",
    "uncovered",
    "failed",
    "undecided",
    "usable",
    "with_train",
    "share",
    "share_low",
    "share_high",
    "trains",
    "stayed",
    "median_length_m",
    "median_at_least",
    "longest_m",
    "longest_at_least",
    "detection_limit_m",
];

fn record(names: (String, String), ends: [String; 2], f: &Figures) -> [String; 22] {
    fn text<T: ToString>(value: Option<T>) -> String {
        value.map_or_else(String::new, |v| v.to_string())
    }
    let [start, end] = ends;
    [
        names.0,
        names.1,
        start,
        end,
        f.clear.to_string(),
        f.partial.to_string(),
        f.obscured.to_string(),
        f.uncovered.to_string(),
        f.failed.to_string(),
        f.undecided.to_string(),
        f.usable.to_string(),
        text(f.with_train),
        text(f.share.map(|s| s.share)),
        text(f.share.map(|s| s.interval.low)),
        text(f.share.map(|s| s.interval.high)),
        text(f.trains),
        text(f.stayed),
        text(f.median.map(|l| l.length_m)),
        text(f.median.map(|l| l.at_least)),
        text(f.longest.map(|l| l.length_m)),
        text(f.longest.map(|l| l.at_least)),
        text(f.detection_limit_m),
    ]
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
