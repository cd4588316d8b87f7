//! What a series says, per crossing, track and period.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::figures::{Figures, Kind, Length, Look, figures};
use super::paint::printable;
use crate::error::{Error, Result};
use crate::series::{Decisions, Observation, Series};
use crate::trend::{By, Question, Stay, Trend, Use, date, is_counted, trends, use_of};

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

/// A capture for the chart: when, what it is good for, and the lengths found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sighting {
    /// When.
    pub acquired: Timestamp,
    /// What it is good for.
    pub kind: Kind,
    /// Lengths of its trains that count.
    pub lengths: Vec<Length>,
}

/// What is known of a crossing, of one of its tracks, or over all crossings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScopeSummary {
    /// The crossing's id; `None` over all crossings.
    pub crossing: Option<String>,
    /// The track's id; `None` over all tracks.
    pub track: Option<String>,
    /// Day of the first capture, UTC.
    pub first: Date,
    /// Day of the last capture, UTC.
    pub last: Date,
    /// The whole time.
    pub total: Figures,
    /// All periods from the first to the last capture, empty ones included.
    pub periods: Vec<PeriodFigures>,
    /// Rates and trends, of the same trains and captures as all other figures:
    /// those of its least length, and those that would find one so long.
    pub trend: Trend,
    /// Trains that count and were seen on more than one capture.
    pub standing: Vec<Stay>,
    /// Captures in order of time.
    #[serde(skip)]
    pub sightings: Vec<Sighting>,
}

/// What a series says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// How it is divided.
    pub by: By,
    /// Which detections the series holds that it is of.
    pub decisions: Decisions,
    /// Crossings in order of their ids, each over all of its tracks.
    pub crossings: Vec<ScopeSummary>,
    /// The tracks of crossings that have several.
    pub tracks: Vec<ScopeSummary>,
    /// Over all crossings, where there are several.
    pub overall: Option<ScopeSummary>,
}

/// Summarises all crossings of a series, or one. Where the series holds decided
/// detections only, say so in [`Summary::decisions`].
///
/// # Errors
/// Where the series is empty or does not hold the crossing; the message says
/// which it holds.
pub fn summarise(series: &Series, crossing: Option<&str>, question: Question) -> Result<Summary> {
    if series.observations.is_empty() {
        return Err(Error::unsupported(
            "the store holds no observations yet; fill it with `railspan run`",
        ));
    }
    let trends = match crossing {
        Some(id) => trends(&only_crossing(series, id)?, question),
        None => trends(series, question),
    };
    let mut summary = Summary {
        by: question.by,
        decisions: Decisions::All,
        crossings: Vec::new(),
        tracks: Vec::new(),
        overall: None,
    };
    for trend in trends.scopes {
        let looks = looks(series, &trends.stays, &trend);
        let Some(scope) = summarise_scope(trend, &looks, &trends.stays, question.by) else {
            continue;
        };
        match (&scope.crossing, &scope.track) {
            (None, _) => summary.overall = Some(scope),
            (Some(_), None) => summary.crossings.push(scope),
            (Some(_), Some(_)) => summary.tracks.push(scope),
        }
    }
    Ok(summary)
}

/// The part of a series that is about one crossing.
///
/// # Errors
/// Where it holds nothing about it; the message says which crossings it holds.
pub fn only_crossing(series: &Series, id: &str) -> Result<Series> {
    let crossings = series.observations.iter().map(|o| o.key.crossing.as_str());
    let known: BTreeSet<&str> = crossings.collect();
    if !known.contains(id) {
        let known: Vec<String> = known.into_iter().map(printable).collect();
        let expected = format!("in the store, which holds {}", known.join(", "));
        return Err(Error::value("--crossing", printable(id), expected));
    }
    let mut part = series.clone();
    part.observations.retain(|o| o.key.crossing == id);
    part.trains.retain(|t| t.key.crossing == id);
    Ok(part)
}

/// Whether a scope holds a track.
fn holds(scope: &Trend, crossing: &str, track: &str) -> bool {
    scope.crossing.as_ref().is_none_or(|id| id == crossing)
        && scope.track.as_ref().is_none_or(|id| id == track)
}

/// The captures of a scope in order of time and id.
fn looks<'a>(series: &'a Series, stays: &'a [Stay], scope: &Trend) -> Vec<Look<'a>> {
    let mut by_capture: BTreeMap<(&str, &str), Look<'_>> = BTreeMap::new();
    for observation in &series.observations {
        let key = &observation.key;
        if !holds(scope, &key.crossing, &key.track) {
            continue;
        }
        let look = by_capture
            .entry((&key.crossing, &key.capture))
            .or_insert_with(|| Look {
                acquired: observation.acquired,
                tracks: Vec::new(),
                trains: BTreeSet::new(),
            });
        look.acquired = look.acquired.min(observation.acquired);
        let use_ = use_of(observation, scope.min_length_m);
        look.tracks.push((observation, use_));
    }
    let counted = |stay: &Stay| {
        is_counted(stay, scope.min_length_m) && holds(scope, &stay.crossing, &stay.track)
    };
    for (number, stay) in stays.iter().enumerate().filter(|(_, stay)| counted(stay)) {
        for (capture, _) in &stay.captures {
            let look = by_capture.get_mut(&(stay.crossing.as_str(), capture.as_str()));
            let used =
                |(o, use_): &(&Observation, Use)| o.key.track == stay.track && *use_ == Use::Used;
            if let Some(look) = look.filter(|look| look.tracks.iter().any(used)) {
                look.trains.insert(number);
            }
        }
    }
    let mut looks: Vec<Look<'_>> = by_capture.into_values().collect();
    looks.sort_by_key(|look| look.acquired);
    looks
}

fn summarise_scope(
    trend: Trend,
    looks: &[Look<'_>],
    stays: &[Stay],
    by: By,
) -> Option<ScopeSummary> {
    let (first, last) = (date(looks.first()?.acquired), date(looks.last()?.acquired));
    let periods = by.periods(first, last).map(|(start, end)| {
        let inside: Vec<&Look<'_>> = looks
            .iter()
            .filter(|look| (start..end).contains(&date(look.acquired)))
            .collect();
        PeriodFigures {
            period: by.label(start),
            start,
            end,
            figures: figures(&inside, stays),
        }
    });
    let counted: BTreeSet<usize> = looks.iter().flat_map(|l| &l.trains).copied().collect();
    let counted = counted.iter().filter_map(|i| stays.get(*i));
    Some(ScopeSummary {
        crossing: trend.crossing.clone(),
        track: trend.track.clone(),
        first,
        last,
        total: figures(&looks.iter().collect::<Vec<_>>(), stays),
        periods: periods.collect(),
        standing: counted.filter(|s| s.sightings > 1).cloned().collect(),
        trend,
        sightings: looks.iter().map(|look| sighting(look, stays)).collect(),
    })
}

fn sighting(look: &Look<'_>, stays: &[Stay]) -> Sighting {
    let trains = look.trains.iter().filter_map(|i| stays.get(*i));
    Sighting {
        acquired: look.acquired,
        kind: look.kind(),
        lengths: trains.map(Length::from).collect(),
    }
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
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
