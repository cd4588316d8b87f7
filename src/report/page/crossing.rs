//! The part of the page about one crossing.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::film::Films;
use super::observed::told_by_day;
use super::rows::Listed;
use super::timeline::{Timeline, span};
use super::words::{Text, script_json};
use super::{Page, calendar, presence, rows, sketch};
use crate::error::Result;
use crate::report::headline::{headline, metres as length_text, share_text};
use crate::report::trend_lines::{compared, facts};
use crate::report::{Figures, Length, ScopeSummary, Summary, counted};
use crate::series::{Observation, ObservationKey, Series, Train, reviewed};
use crate::trend::By;

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

/// The section of a crossing, the `number`th of the page.
///
/// # Errors
/// Where memory runs out.
pub(super) fn section(
    page: &Page<'_>,
    summary: &Summary,
    films: &Films,
    (scope, number): (&ScopeSummary, usize),
) -> Result<Markup> {
    let series = page.series;
    let id = scope.crossing.as_deref().unwrap_or_default();
    let observations = observations_of(series, scope);
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
    let of_crossing = |track: &&ScopeSummary| track.crossing == scope.crossing;
    let tracks: Vec<&ScopeSummary> = summary.tracks.iter().filter(of_crossing).collect();
    let timeline = Timeline {
        observations: &observations,
        trains: &trains,
        scope,
    };
    Ok(html! {
        section.crossing id={ "crossing-" (number) } aria-labelledby={ "name-" (number) } {
            h2 id={ "name-" (number) } { (Text(&name_of(page, id))) }
            @if let Some((first, last)) = span(&observations) { p.span { (first) " to " (last) " · " (Text(id)) } }
            div.overview {
                div { (said(scope)) (figures(&scope.total)) }
                @if let Some(crossing) = known { (sketch::sketch(crossing, &all)) }
                @else { p.note { "The line of this crossing is not in the store: no sketch. Give it with --crossings." } }
            }
            h3 { "Lengths of trains" }
            figure.chart { (timeline.draw()?) }
            h3 { "Rates and trends" }
            (rates_and_trends(scope, &tracks))
            (months_and_days(scope)?)
            h3 { "Trains" }
            @if listed.is_empty() { p { "None was found." } } @else { (rows::table(&listed, films, number)) }
        }
    })
}

/// The observations of a crossing, in order of time.
fn observations_of<'a>(series: &'a Series, scope: &ScopeSummary) -> Vec<&'a Observation> {
    let id = scope.crossing.as_deref().unwrap_or_default();
    let own = series.observations.iter().filter(|o| o.key.crossing == id);
    let mut own: Vec<&Observation> = own.collect();
    own.sort_by_key(|o| o.acquired);
    own
}

/// What was seen on each day at each crossing, as JSON that can stand inside a
/// script element.
pub(super) fn days_json(series: &Series, scopes: &[ScopeSummary]) -> String {
    let told = |scope: &ScopeSummary| {
        let least_m = scope.trend.min_length_m;
        told_by_day(&observations_of(series, scope), least_m)
    };
    script_json(&scopes.iter().map(told).collect::<Vec<_>>())
}

/// What all crossings say together.
pub(super) fn overall(scope: &ScopeSummary) -> Markup {
    html! {
        section.crossing aria-labelledby="overall" {
            h2 #overall { "All crossings" }
            p.span { (scope.first) " to " (scope.last) }
            (said(scope))
            (figures(&scope.total))
            h3 { "Rates and trends" }
            (rates_and_trends(scope, &[]))
        }
    }
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
fn months_and_days(scope: &ScopeSummary) -> Result<Markup> {
    Ok(html! {
        div.later.pair.long[calendar::years(scope) > MOST_BESIDE] {
            div { h3 { "How often a train is there, by month" } figure.chart { (presence::presence(&scope.periods)?) } (months(scope)) }
            div { h3 { "Calendar of observations" } (calendar::calendar(scope)) }
        }
    })
}

/// The sentences that `railspan summary` opens with.
fn said(scope: &ScopeSummary) -> Markup {
    let sentences = headline(scope, By::Month.word());
    html! {
        @if let Some((first, rest)) = sentences.split_first() {
            p.headline { (first) }
            @if !rest.is_empty() { p { (rest.join(" ")) } }
        }
    }
}

/// Captures by what they showed.
fn figures(total: &Figures) -> Markup {
    let counts = [
        ("clear", total.clear),
        ("partial", total.partial),
        ("would miss such a train", total.would_miss),
        ("cloud or shadow", total.obscured),
        ("beside the track", total.uncovered),
        ("failed", total.failed),
        ("undecided", total.undecided),
    ];
    html! {
        dl.figures {
            @for (name, n) in counts { @if n > 0 { div { dt { (name) } dd { (n) } } } }
        }
        p.note { (counted(counts.iter().map(|c| c.1).sum(), "capture")) " in all. Intervals in brackets are of 95 %." }
    }
}

/// What `railspan summary` says below its table.
fn rates_and_trends(scope: &ScopeSummary, tracks: &[&ScopeSummary]) -> Markup {
    html! {
        p.note { "Of " (compared(&scope.trend)) "." }
        dl.facts {
            @for (name, fact) in facts(scope, tracks) { div { dt { (name.trim()) } dd { (fact) } } }
        }
    }
}

/// The months in numbers, for those who do not see the chart.
fn months(scope: &ScopeSummary) -> Markup {
    let count = |n: Option<usize>| n.map_or_else(|| "—".to_owned(), |n| n.to_string());
    let metres = |length: Option<Length>| length.map_or_else(|| "—".to_owned(), length_text);
    html! {
        details {
            summary { "Months in numbers" }
            table.months {
                thead { tr { @for name in ["Month", "Usable", "With a train", "Share, 95 % interval", "Trains", "Median"] { th scope="col" { (name) } } } }
                tbody {
                    @for period in &scope.periods {
                        @let f = &period.figures;
                        tr {
                            th scope="row" { (period.period) }
                            td { (f.usable) }
                            td { (count(f.with_train)) }
                            td { @if f.share.is_some() { (share_text(f)) } @else { "—" } }
                            td { (count(f.trains)) }
                            td { (metres(f.median.map(|m| m.length))) }
                        }
                    }
                }
            }
        }
    }
}
