//! The calendar of observations: a block a year, a row a month, a cell a day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use maud::{Markup, html};

use super::observed::{kind_of, shown};
use crate::series::Observation;
use crate::trend::date;

/// A day's cell and the distance to the next, px.
const CELL: (i32, i32) = (8, 9);
/// Room for the names of the months, px.
const NAMES: i32 = 26;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Years that the calendar has.
pub(super) fn years(observations: &[&Observation]) -> usize {
    let mut years: Vec<i16> = observations
        .iter()
        .map(|o| date(o.acquired).year())
        .collect();
    years.dedup();
    years.len()
}

/// The calendar with its legend.
pub(super) fn calendar(observations: &[&Observation], min_length_m: f64) -> Markup {
    let mut days: BTreeMap<Date, Vec<&Observation>> = BTreeMap::new();
    for o in observations {
        days.entry(date(o.acquired)).or_default().push(o);
    }
    let mut years: Vec<i16> = days.keys().map(|d| d.year()).collect();
    years.dedup();
    html! {
        div.years {
            @for year in years { (block(year, &days, min_length_m)) }
        }
        p.legend {
            @for (class, words) in [("found", "a train"), ("none", "no train"), ("misses", "would miss such a train"), ("blind", "cloud or shadow"), ("beside", "ends beside the track"), ("failed", "failed or undecided")] {
                span.key { svg viewBox="0 0 14 14" aria-hidden="true" { (cell(class, 3, 3)) } (words) }
            }
        }
    }
}

fn block(year: i16, days: &BTreeMap<Date, Vec<&Observation>>, min_length_m: f64) -> Markup {
    let width = NAMES + 31 * CELL.1;
    html! {
        figure.year {
            figcaption { (year) }
            svg viewBox={ "0 0 " (width) " " (12 * CELL.1 + 2) } role="img" aria-label={ "Observations of " (year) } {
                @for (month, name) in (1..).zip(MONTHS) {
                    @let y = (i32::from(month) - 1) * CELL.1 + 1;
                    text x="0" y=(y + 7) { (name) }
                    @if let Ok(first) = Date::new(year, month, 1) {
                        rect.days x=(NAMES) y=(y) width=(i32::from(first.days_in_month()) * CELL.1 - 1) height=(CELL.0) {}
                    }
                }
                @for (day, seen) in days.iter().filter(|(d, _)| d.year() == year) {
                    @let x = NAMES + (i32::from(day.day()) - 1) * CELL.1;
                    @let y = (i32::from(day.month()) - 1) * CELL.1 + 1;
                    g { title { (day) ": " (words(seen, min_length_m)) } (cell(best(seen, min_length_m), x, y)) }
                }
            }
        }
    }
}

fn words(seen: &[&Observation], min_length_m: f64) -> String {
    let all: Vec<String> = seen.iter().map(|o| shown(o, min_length_m)).collect();
    all.join("; ")
}

/// What a day is coloured by: the observation that says most.
fn best(seen: &[&Observation], min_length_m: f64) -> &'static str {
    let class = |o: &&Observation| match (kind_of(o, min_length_m), o.train_count) {
        ("seen" | "misses", Some(n)) if n > 0 => "found",
        ("seen", _) => "none",
        (other, _) => other,
    };
    let rank = |class: &&str| {
        let order = ["found", "none", "misses", "failed", "blind", "beside"];
        order.iter().position(|o| o == class)
    };
    seen.iter().map(class).min_by_key(rank).unwrap_or("failed")
}

/// Classes differ in form too, for those who do not tell the colours apart.
fn cell(class: &str, x: i32, y: i32) -> Markup {
    let (width, _) = CELL;
    html! {
        g class={ "day " (class) } {
            rect x=(x) y=(y) width=(width) height=(width) rx="1.5" {}
            @match class {
                "none" => circle cx=(x + 4) cy=(y + 4) r="1.5" {},
                "misses" => path d={ "M" (x + 2) " " (y + 4) "h4" } {},
                "beside" => path d={ "M" (x + 4) " " (y + 1) "v6" } {},
                "failed" => path d={ "M" (x + 2) " " (y + 2) "l4 4m0-4l-4 4" } {},
                _ => {}
            }
        }
    }
}
