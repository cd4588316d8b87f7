//! The calendar of observations: a block a year, a row a month, a cell a day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use maud::{Markup, html};

use crate::report::figures::Kind;
use crate::report::headline::of_at_least;
use crate::report::summary::{ScopeSummary, Sighting};
use crate::trend::date;

/// A day's cell and the distance to the next, px.
const CELL: (i32, i32) = (8, 9);
/// Room for the names of the months, px.
const NAMES: i32 = 26;

/// What a day is coloured by, the most telling first, in words for the legend.
const CLASSES: [(&str, &str); 6] = [
    ("found", "such a train"),
    ("none", "no such train"),
    ("misses", "would miss such a train"),
    ("failed", "failed or undecided"),
    ("blind", "cloud or shadow"),
    ("beside", "ends beside the track"),
];

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Years that the calendar has.
pub(super) fn years(scope: &ScopeSummary) -> usize {
    let seen = scope.sightings.iter();
    let mut years: Vec<i16> = seen.map(|s| date(s.acquired).year()).collect();
    years.dedup();
    years.len()
}

/// The calendar with its legend: of the trains and captures that the figures
/// beside it count.
pub(super) fn calendar(scope: &ScopeSummary) -> Markup {
    let mut days: BTreeMap<Date, Vec<&Sighting>> = BTreeMap::new();
    for sighting in &scope.sightings {
        let day = days.entry(date(sighting.acquired)).or_default();
        day.push(sighting);
    }
    let mut years: Vec<i16> = days.keys().map(|d| d.year()).collect();
    years.dedup();
    html! {
        div.years {
            @for year in years { (block(year, &days)) }
        }
        p.legend {
            span { "Trains" (of_at_least(scope.trend.min_length_m)) ":" }
            @for (class, words) in CLASSES {
                span.key { svg viewBox="0 0 14 14" aria-hidden="true" { (cells(class, &[(3, 3)])) } (words) }
            }
        }
    }
}

fn block(year: i16, days: &BTreeMap<Date, Vec<&Sighting>>) -> Markup {
    let width = NAMES + 31 * CELL.1;
    let mut by_class: BTreeMap<&str, Vec<(i32, i32)>> = BTreeMap::new();
    for (day, seen) in days.iter().filter(|(day, _)| day.year() == year) {
        let x = NAMES + (i32::from(day.day()) - 1) * CELL.1;
        let corners = by_class.entry(best(seen)).or_default();
        corners.push((x, top(day.month())));
    }
    html! {
        figure.year {
            figcaption { (year) }
            svg data-year=(year) viewBox={ "0 0 " (width) " " (12 * CELL.1 + 2) } role="img" aria-label={ "Observations of " (year) } {
                @for (month, name) in (1..).zip(MONTHS) {
                    text x="0" y=(top(month) + 7) { (name) }
                    @if let Ok(first) = Date::new(year, month, 1) {
                        rect.days data-month=(month) x=(NAMES) y=(top(month)) width=(i32::from(first.days_in_month()) * CELL.1 - 1) height=(CELL.0) { title {} }
                    }
                }
                @for (class, corners) in by_class { (cells(class, &corners)) }
            }
        }
    }
}

/// Top of a month's row, px.
fn top(month: i8) -> i32 {
    (i32::from(month) - 1) * CELL.1 + 1
}

/// The class of the capture that says most.
fn best(seen: &[&Sighting]) -> &'static str {
    let class = |s: &&Sighting| match s.kind {
        _ if !s.lengths.is_empty() => "found",
        Kind::Clear | Kind::Partial => "none",
        Kind::WouldMiss => "misses",
        Kind::Obscured => "blind",
        Kind::Uncovered => "beside",
        Kind::Undecided | Kind::Failed => "failed",
    };
    let rank = |class: &&str| CLASSES.iter().position(|(name, _)| name == class);
    seen.iter().map(class).min_by_key(rank).unwrap_or("failed")
}

/// All days of a class at once, by their upper left corners: thousands of
/// elements would be slow to open. Classes differ in form too, for those who do
/// not tell the colours apart.
fn cells(class: &str, corners: &[(i32, i32)]) -> Markup {
    let (side, _) = CELL;
    let drawn = |form: &dyn Fn(i32, i32) -> String| -> String {
        corners.iter().map(|(x, y)| form(*x, *y)).collect()
    };
    let mark: Option<fn(i32, i32) -> String> = match class {
        "none" => Some(|x, y| format!("M{} {}h0", x + 4, y + 4)),
        "misses" => Some(|x, y| format!("M{} {}h4", x + 2, y + 4)),
        "beside" => Some(|x, y| format!("M{} {}v6", x + 4, y + 1)),
        "failed" => Some(|x, y| format!("M{} {}l4 4m0-4l-4 4", x + 2, y + 2)),
        _ => None,
    };
    html! {
        g class={ "day " (class) } {
            path.cell d=(drawn(&|x, y| format!("M{x} {y}h{side}v{side}h-{side}z"))) {}
            @if let Some(mark) = mark { path.mark d=(drawn(&mark)) {} }
        }
    }
}
