//! What is in a store: captures by status, and what failed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::paint::{Ink, Paint, counted, printable, wrapped};
use super::screen::Screen;
use super::table::{Line, table_text};
use crate::series::{Observation, Series, Status};

/// Narrowest screen that the table fits, columns.
const WIDTH: usize = 80;

/// Longest name of a track and its sensor, columns.
const NAME_WIDTH: usize = 24;

/// Names shown of captures that failed for one reason.
const NAMES_SHOWN: usize = 3;

/// What a store holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Holdings {
    /// By id.
    pub crossings: Vec<CrossingHoldings>,
}

/// What a store holds of a crossing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrossingHoldings {
    /// Its id.
    pub crossing: String,
    /// When the first capture was acquired.
    pub first: Timestamp,
    /// When the last capture was acquired.
    pub last: Timestamp,
    /// By track and sensor.
    pub groups: Vec<GroupHoldings>,
    /// Captures that failed, in order of time.
    pub failures: Vec<FailedCapture>,
}

/// What a store holds of a track by one sensor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupHoldings {
    /// The track's id.
    pub track: String,
    /// The sensor.
    pub sensor: String,
    /// Captures; each is in one of the next six counts.
    pub captures: usize,
    /// At least 90 % of the track usable.
    pub clear: usize,
    /// Between 10 % and 90 % usable.
    pub partial: usize,
    /// The track is seen, but nothing could be decided.
    pub undecided: usize,
    /// Clouded.
    pub obscured: usize,
    /// Beside the track.
    pub uncovered: usize,
    /// Could not be processed.
    pub failed: usize,
    /// Trains found.
    pub trains: usize,
}

/// A capture that failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FailedCapture {
    /// Its id.
    pub capture: String,
    /// The track's id.
    pub track: String,
    /// When it was acquired.
    pub acquired: Timestamp,
    /// Why it failed.
    pub reason: String,
}

impl Holdings {
    /// Counts what a series holds.
    #[must_use]
    pub fn of(series: &Series) -> Self {
        let mut by_crossing: BTreeMap<&str, Vec<&Observation>> = BTreeMap::new();
        for observation in &series.observations {
            let own = by_crossing.entry(&observation.key.crossing).or_default();
            own.push(observation);
        }
        let crossings = by_crossing.into_iter();
        Self {
            crossings: crossings
                .filter_map(|(id, own)| crossing_holdings(id, own))
                .collect(),
        }
    }

    /// All of it as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// `None` where there is no observation.
fn crossing_holdings(id: &str, mut own: Vec<&Observation>) -> Option<CrossingHoldings> {
    own.sort_by_key(|o| (o.acquired, &o.key));
    let mut groups: BTreeMap<(&str, &str), GroupHoldings> = BTreeMap::new();
    for observation in &own {
        let (track, sensor) = (&observation.key.track, &observation.sensor);
        groups
            .entry((track, sensor))
            .or_insert_with(|| GroupHoldings {
                track: track.clone(),
                sensor: sensor.clone(),
                captures: 0,
                clear: 0,
                partial: 0,
                undecided: 0,
                obscured: 0,
                uncovered: 0,
                failed: 0,
                trains: 0,
            })
            .count(observation);
    }
    let failed = own.iter().filter(|o| o.status == Status::Failed);
    Some(CrossingHoldings {
        crossing: id.to_owned(),
        first: own.first()?.acquired,
        last: own.last()?.acquired,
        groups: groups.into_values().collect(),
        failures: failed
            .map(|o| FailedCapture {
                capture: o.key.capture.clone(),
                track: o.key.track.clone(),
                acquired: o.acquired,
                reason: o.reason.clone(),
            })
            .collect(),
    })
}

impl GroupHoldings {
    fn count(&mut self, observation: &Observation) {
        self.captures += 1;
        let status = observation.status;
        let counted = match (status, observation.train_count) {
            (Status::Clear | Status::Partial, None) => &mut self.undecided,
            (Status::Clear, _) => &mut self.clear,
            (Status::Partial, _) => &mut self.partial,
            (Status::Obscured, _) => &mut self.obscured,
            (Status::Uncovered, _) => &mut self.uncovered,
            (Status::Failed, _) => &mut self.failed,
        };
        *counted += 1;
        self.trains += observation.train_count.unwrap_or(0) as usize;
    }
}

/// What a store holds, for a terminal.
#[must_use]
pub fn holdings_text(holdings: &Holdings, screen: Screen) -> String {
    let paint = Paint {
        colour: screen.colour,
    };
    if holdings.crossings.is_empty() {
        return "nothing is in this store yet\n".to_owned();
    }
    let mut text = String::new();
    for (i, crossing) in holdings.crossings.iter().enumerate() {
        if i > 0 {
            text.push('\n');
        }
        let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
        let captures: usize = crossing.groups.iter().map(|g| g.captures).sum();
        text += &paint.text(&printable(&crossing.crossing), Ink::Strong);
        let span = format!("{} to {}", day(crossing.first), day(crossing.last));
        let captures = counted(captures, "capture");
        text += &format!("  {captures}, {}\n", paint.text(&span, Ink::Faint));
        text += &table_text(&lines(crossing), 1, paint);
        text += &failures(crossing, screen.width.max(WIDTH));
    }
    text
}

fn lines(crossing: &CrossingHoldings) -> Vec<Line> {
    let head = [
        "track, sensor",
        "all",
        "clear",
        "partial",
        "undec.",
        "obscured",
        "beside",
        "failed",
        "trains",
    ];
    let mut lines = vec![Line {
        cells: head.map(str::to_owned).to_vec(),
        ink: Ink::Faint,
    }];
    lines.extend(crossing.groups.iter().map(|g| {
        let counts = [
            g.captures,
            g.clear,
            g.partial,
            g.undecided,
            g.obscured,
            g.uncovered,
            g.failed,
            g.trains,
        ];
        let mut cells = vec![name(&g.track, &g.sensor)];
        cells.extend(counts.map(|n| n.to_string()));
        Line {
            cells,
            ink: Ink::Plain,
        }
    }));
    lines
}

/// Track and sensor; where both do not fit, the track is cut short first.
fn name(track: &str, sensor: &str) -> String {
    let sensor = clipped(&printable(sensor), NAME_WIDTH / 2);
    let room = NAME_WIDTH - console::measure_text_width(&sensor) - ", ".len();
    format!("{}, {sensor}", clipped(&printable(track), room))
}

fn clipped(text: &str, width: usize) -> String {
    console::truncate_str(text, width, "…").into_owned()
}

/// Every reason once, with the captures it is of.
fn failures(crossing: &CrossingHoldings, width: usize) -> String {
    let mut by_reason: Vec<(&str, Vec<&FailedCapture>)> = Vec::new();
    for failure in &crossing.failures {
        match by_reason.iter_mut().find(|(r, _)| *r == failure.reason) {
            Some((_, captures)) => captures.push(failure),
            None => by_reason.push((&failure.reason, vec![failure])),
        }
    }
    let mut text = String::new();
    for (reason, captures) in by_reason {
        let mut names: Vec<&str> = captures.iter().map(|c| c.capture.as_str()).collect();
        names.dedup();
        let more = names.len().saturating_sub(NAMES_SHOWN);
        let mut shown = names[..names.len() - more].join(", ");
        if more > 0 {
            shown += &format!(" and {more} more");
        }
        let line = printable(&format!("failed: {shown}: {reason}"));
        text += &wrapped(&line, width - 2).replace('\n', "\n  ");
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::series::fixture;

    const SCREEN: Screen = Screen {
        width: 80,
        colour: false,
    };

    fn holdings(rows: Vec<fixture::Row>) -> Holdings {
        let mut series = Series::default();
        for (observation, trains) in rows {
            series.observations.push(observation);
            series.trains.extend(trains);
        }
        Holdings::of(&series)
    }

    #[test]
    fn counts_by_status_and_failures_with_reasons() {
        let at = |id: &str, day: u8| {
            fixture::observation("dandong", id, &format!("2024-01-{day:02}T02:00:00Z"))
        };
        let failed =
            |id, day| fixture::unusable(at(id, day), Status::Failed, "the file is cut off");
        let mut undecided = fixture::unusable(at("u", 3), Status::Partial, "too few").0;
        undecided.sensor = "sentinel-2".into();
        let holdings = holdings(vec![
            fixture::with_trains(at("b", 2), &[300.0, 80.0]),
            fixture::with_trains(at("a", 1), &[]),
            fixture::unusable(at("c", 4), Status::Obscured, "cloud"),
            fixture::unusable(at("d", 5), Status::Uncovered, "beside"),
            (undecided, Vec::new()),
            failed("f", 6),
            failed("g", 7),
        ]);
        assert_eq!(
            holdings_text(&holdings, SCREEN),
            "dandong  7 captures, 2024-01-01 to 2024-01-07\n\
             track, sensor     all clear partial undec. obscured beside failed trains\n\
             main, planetscope   6     2       0      0        1      1      2      2\n\
             main, sentinel-2    1     0       0      1        0      0      0      0\n\
             failed: f, g: the file is cut off\n"
        );
        let json: serde_json::Value = serde_json::from_str(&holdings.to_json()).unwrap();
        let crossing = &json["crossings"][0];
        assert_eq!(crossing["groups"][0]["obscured"], 1);
        assert_eq!(crossing["failures"][1]["capture"], "g");
        assert_eq!(crossing["last"], "2024-01-07T02:00:00Z");
    }

    #[test]
    fn of_a_long_name_the_sensor_stays() {
        assert_eq!(
            name("nuernberg-south", "sentinel-1"),
            "nuernberg-s…, sentinel-1"
        );
        assert_eq!(name("main", "planetscope"), "main, planetscope");
    }

    #[test]
    fn hostile_names_and_long_reasons_stay_within_the_screen() {
        let mut rows = fixture::hostile();
        let long = "word ".repeat(60);
        for (observation, _) in fixture::hostile() {
            let mut observation = observation;
            observation.key.capture += &long;
            let reason = format!("{}{long}", observation.reason);
            rows.push(fixture::unusable(observation, Status::Failed, &reason));
        }
        let text = holdings_text(&holdings(rows), SCREEN);
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\n'),
            "{text:?}"
        );
        for line in text.lines() {
            assert!(console::measure_text_width(line) <= 80, "{line:?}");
        }
        assert!(holdings_text(&holdings(Vec::new()), SCREEN).contains("nothing"));
    }
}
