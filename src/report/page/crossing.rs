//! The part of the page about one crossing.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::film::Films;
use super::rows::Listed;
use super::timeline::{Timeline, span};
use super::words::{Text, change, counted, metres, p_value, percent};
use super::{Page, calendar, presence, rows, sketch};
use crate::error::Result;
use crate::series::{Observation, ObservationKey, Status, Train, reviewed};
use crate::trend::{Estimate, Trend, Trends};

/// Years of a calendar that fits beside another chart.
const MOST_BESIDE: usize = 2;

/// What the crossing is called.
pub(super) fn name_of(page: &Page<'_>, id: &str) -> String {
    let known = page.crossings.iter().find(|c| c.id == id);
    let name = known
        .map(|c| c.name.clone())
        .filter(|name| !name.is_empty());
    name.unwrap_or_else(|| id.to_owned())
}

/// The section of crossing `id`, the `number`th of the page.
///
/// # Errors
/// Where memory runs out.
pub(super) fn section(
    page: &Page<'_>,
    trends: &Trends,
    films: &Films,
    (id, number): (&str, usize),
) -> Result<Markup> {
    let series = page.series;
    let mut observations: Vec<&Observation> = series
        .observations
        .iter()
        .filter(|o| o.key.crossing == id)
        .collect();
    observations.sort_by_key(|o| o.acquired);
    let mut trains: Vec<(usize, &Train)> = series
        .trains
        .iter()
        .enumerate()
        .filter(|(_, t)| t.key.crossing == id)
        .collect();
    trains.sort_by_key(|(_, t)| t.acquired);
    let listed = listed(page, &trains, &observations);
    let known = page.crossings.iter().find(|c| c.id == id);
    let all: Vec<&Train> = trains.iter().map(|(_, t)| *t).collect();
    let Some(trend) = trends.crossing(id) else {
        return Ok(html! {});
    };
    let timeline = Timeline {
        observations: &observations,
        trains: &trains,
        trend,
    };
    Ok(html! {
        section.crossing id={ "crossing-" (number) } aria-labelledby={ "name-" (number) } {
            h2 id={ "name-" (number) } { (Text(&name_of(page, id))) }
            @if let Some((first, last)) = span(&observations) { p.span { (first) " to " (last) " · " (Text(id)) } }
            div.overview {
                div { (headline(trend)) (figures(trend, &observations)) }
                @if let Some(crossing) = known { (sketch::sketch(crossing, &all)) }
                @else { p.note { "The line of this crossing is in no file that was given: no sketch. Give it with --crossings." } }
            }
            h3 { "Lengths of trains" }
            figure.chart { (timeline.draw()?) }
            (months_and_days(trend, &observations)?)
            h3 { "Trains" }
            @if listed.is_empty() { p { "None was found." } } @else { (rows::table(&listed, films, number)) }
        }
    })
}

/// The rows of the table.
fn listed<'a>(
    page: &Page<'a>,
    trains: &[(usize, &'a Train)],
    observations: &[&'a Observation],
) -> Vec<Listed<'a>> {
    let by_key: BTreeMap<&ObservationKey, &Observation> =
        observations.iter().map(|o| (&o.key, *o)).collect();
    let reviews = reviewed(trains.iter().map(|(_, t)| *t), page.reviews);
    trains
        .iter()
        .zip(reviews)
        .map(|((number, train), review)| Listed {
            number: *number,
            train,
            observation: by_key.get(&train.key).copied(),
            review,
        })
        .collect()
}

/// Presence by month and the calendar, beside each other where they fit.
fn months_and_days(trend: &Trend, observations: &[&Observation]) -> Result<Markup> {
    Ok(html! {
        div class=(if calendar::years(observations) > MOST_BESIDE { "pair long" } else { "pair" }) {
            div { h3 { "How often a train is there, by month" } figure.chart { (presence::presence(trend)?) } (months(trend)) }
            div { h3 { "Calendar of observations" } (calendar::calendar(observations)) }
        }
    })
}

/// What the figures say, in a sentence or three.
fn headline(trend: &Trend) -> Markup {
    let total = &trend.total;
    html! {
        p.headline {
            @match (total.with_train, total.share) {
                (Some(with), Some(share)) => {
                    "A train on " strong { (with) " of " (total.used) } " usable observations, "
                    (percent(share.value)) " % " span.interval { "[" (percent(share.interval.low)) ", " (percent(share.interval.high)) "]" } ". "
                }
                _ => "No observation can be used. ",
            }
            @if let Some(median) = trend.median_length.found() {
                "Median length " strong { (metres(median.length_m)) " m" }
                " " span.interval { "[" (bound(median.low_m)) ", " (bound(median.high_m)) "]" }
                @match trend.length.found() {
                    Some(length) => { ", " (slope(&length.slope_m_per_year)) ", " (p_value(length.p_value)) ". " }
                    None => ". ",
                }
            }
            @if let Some(rate) = trend.rate.found() {
                "Trains per observation change by a factor of " (format!("{:.2}", rate.factor_per_year.value))
                " a year " span.interval { (format!("[{:.2}, {:.2}]", rate.factor_per_year.interval.low, rate.factor_per_year.interval.high)) }
                ", " (p_value(rate.p_value)) "."
            }
        }
        @let missing = missing(trend);
        @if !missing.is_empty() { p.note { "Too little to say: " (missing.join("; ")) "." } }
        (changes(trend))
    }
}

fn bound(value: Option<f64>) -> String {
    value.map_or_else(|| "?".to_owned(), metres)
}

fn slope(slope: &Estimate) -> Markup {
    html! {
        strong { (change(slope.value)) " m a year" } " "
        span.interval { "[" (change(slope.interval.low)) ", " (change(slope.interval.high)) "]" }
    }
}

/// What is not answered, and what is missing for it.
fn missing(trend: &Trend) -> Vec<String> {
    let mut missing = Vec::new();
    if let Some(refusal) = trend.length.refused() {
        missing.push(format!("how lengths change ({refusal})"));
    }
    if let Some(refusal) = trend.rate.refused() {
        missing.push(format!("how the rate changes ({refusal})"));
    }
    missing
}

fn changes(trend: &Trend) -> Markup {
    let lengths = trend.length_change.found().map(|c| ("lengths", c, " m", 0));
    let rates = trend
        .rate_change
        .found()
        .map(|c| ("rate", c, " trains per observation", 2));
    let found: Vec<_> = [lengths, rates]
        .into_iter()
        .flatten()
        .filter(|(_, c, _, _)| c.p_value < 0.05)
        .collect();
    html! {
        @for (what, c, unit, decimals) in found {
            p.note {
                "A change of the " (what) " between " (super::words::day(c.earliest)) " and " (super::words::day(c.latest)) ": from "
                (format!("{:.decimals$}", c.level_before)) " to " (format!("{:.decimals$}", c.level_after)) (unit) ", " (p_value(c.p_value)) "."
            }
        }
    }
}

/// Counts of observations by what they showed.
fn figures(trend: &Trend, observations: &[&Observation]) -> Markup {
    let count = |status| observations.iter().filter(|o| o.status == status).count();
    let undecided = observations
        .iter()
        .filter(|o| o.status.usable() && o.train_count.is_none())
        .count();
    let counts = [
        ("clear", count(Status::Clear)),
        ("partial", count(Status::Partial)),
        ("cloud or shadow", count(Status::Obscured)),
        ("beside the track", count(Status::Uncovered)),
        ("failed", count(Status::Failed)),
        ("undecided", undecided),
    ];
    html! {
        dl.figures {
            @for (name, n) in counts { @if n > 0 { div { dt { (name) } dd { (n) } } } }
            @if trend.total.too_coarse > 0 { div { dt { "too coarse" } dd { (trend.total.too_coarse) } } }
        }
        p.note {
            @if trend.min_length_m >= 0.5 {
                "Figures are of trains of " (metres(trend.min_length_m)) " m and more"
                @if !trend.min_length_given { ", the common detection limit of the sensors" }
                ". "
            }
            "Intervals in brackets are of 95 %. "
            (counted(observations.len(), "observation")) " in all."
        }
    }
}

/// The months in numbers, for those who do not see the chart.
fn months(trend: &Trend) -> Markup {
    html! {
        details {
            summary { "Months in numbers" }
            table.months {
                thead { tr { th scope="col" { "Month" } th scope="col" { "Usable" } th scope="col" { "With a train" } th scope="col" { "Share, 95 % interval" } } }
                tbody {
                    @for p in &trend.periods {
                        tr {
                            th scope="row" { (p.period) }
                            td { (p.presence.used) }
                            td { @match p.presence.with_train { Some(n) => (n), None => "—" } }
                            td { @match p.presence.share {
                                Some(s) => { (percent(s.value)) " % [" (percent(s.interval.low)) ", " (percent(s.interval.high)) "]" }
                                None => "—",
                            } }
                        }
                    }
                }
            }
        }
    }
}
