//! Lengths over time: a dot a train with its interval, the trend with its
//! band, and below them what could be seen when.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use maud::{Markup, PreEscaped, html};

use super::observed::kind_of;
use super::plot::{Place, Plot, SIZES, Shape, Size, round_ticks};
use super::words::day;
use crate::error::Result;
use crate::report::ScopeSummary;
use crate::report::figures::WIDTH_95;
use crate::series::{Censored, Change, Observation, ObservationKey, Train};
use crate::trend::{By, Use, date, days_between, days_since, use_of};

/// Share of the height below zero, where captures are marked.
const LANE: f64 = 0.16;
/// Places along the trend's line: enough for a band that looks round.
const TREND_POINTS: usize = 24;

/// More trains than this have smaller dots.
const MANY: usize = 150;

/// What a timeline shows.
pub(super) struct Timeline<'a> {
    /// Observations of one crossing, in order of time.
    pub(super) observations: &'a [&'a Observation],
    /// Its trains, each with its number on the page.
    pub(super) trains: &'a [(usize, &'a Train)],
    /// What is said of them.
    pub(super) scope: &'a ScopeSummary,
}

impl Timeline<'_> {
    /// The chart in all sizes.
    ///
    /// # Errors
    /// Where memory runs out.
    pub(super) fn draw(&self) -> Result<Markup> {
        let charts = SIZES
            .iter()
            .map(|size| self.sized(*size))
            .collect::<Result<Vec<Markup>>>()?;
        Ok(html! {
            @for chart in &charts { (chart) }
            p.legend {
                span.key { (key_dot("", false)) "train, with 95 % interval" }
                span.key { (key_dot("again", false)) "the same train, still there" }
                span.key { svg viewBox="0 0 14 14" aria-hidden="true" { g.train { (triangle(7, 8)) } } "at least so long" }
                @if self.scope.trend.uncounted > 0 { span.key { (key_dot("", true)) "left out" } }
                span.key { (key_line()) "trend with 95 % band" }
                span.key { (key_seen("seen")) "usable capture" }
                @if self.scope.total.would_miss > 0 { span.key { (key_seen("misses")) "would miss a train of " (format!("{:.0} m", self.scope.trend.min_length_m)) } }
                span.key { (key_seen("blind")) "cloud or shadow" }
                span.key { (key_seen("beside")) "ends beside the track" }
                span.key { (key_seen("failed")) "failed or undecided" }
                span.key { svg viewBox="0 0 14 14" aria-hidden="true" { rect.gap x="0" y="0" width="14" height="14" {} } "no usable capture in that month" }
            }
        })
    }

    fn sized(&self, size: Size) -> Result<Markup> {
        let start = self.scope.first.first_of_month();
        let end = By::Month.next(self.scope.last.first_of_month());
        let longest = self
            .trains
            .iter()
            .map(|(_, t)| t.length_m + WIDTH_95 * t.length_sigma_m);
        let ticks = round_ticks(longest.fold(100.0, f64::max));
        let high = ticks.last().copied().unwrap_or(100.0);
        let plot = Plot {
            size,
            start,
            end,
            low: -LANE * high,
            high,
            ticks,
            label: &|value| format!("{value:.0} m"),
            alternative: "Lengths of trains over time; the table below holds the same",
        };
        plot.draw(&self.trend_shapes(start), |place| {
            self.marks((start, end), high, place)
        })
    }

    fn trend_shapes(&self, start: Date) -> Vec<Shape> {
        let told = &self.scope.trend;
        let (Some(trend), Some(first), Some(last)) = (
            told.length.found(),
            told.trains.first().map(|t| t.first_seen),
            told.trains.last().map(|t| t.first_seen),
        ) else {
            return Vec::new();
        };
        let step = last.duration_since(first) / TREND_POINTS as i32;
        let times = (0..=TREND_POINTS as i32).map(|k| first + step * k);
        let (mut line, mut upper, mut lower) = (Vec::new(), Vec::new(), Vec::new());
        for time in times {
            let (days, at) = (days_since(start, time), trend.at(time));
            line.push((days, at.value.max(0.0)));
            upper.push((days, at.interval.high.max(0.0)));
            lower.push((days, at.interval.low.max(0.0)));
        }
        upper.extend(lower.into_iter().rev());
        vec![Shape::Band(upper), Shape::Line(line)]
    }

    fn marks(&self, (start, end): (Date, Date), high: f64, place: &Place<'_>) -> Markup {
        let lane = |share: f64| -share * LANE * high;
        let least_m = self.scope.trend.min_length_m;
        let used: BTreeSet<&ObservationKey> = self
            .observations
            .iter()
            .filter(|o| use_of(o, least_m) == Use::Used)
            .map(|o| &o.key)
            .collect();
        let radius = if self.trains.len() > MANY { 3.0 } else { 4.5 };
        let mut captures: BTreeMap<&str, Vec<(i32, i32)>> = BTreeMap::new();
        for o in self.observations {
            let kind = kind_of(o, least_m);
            let share = if kind == "seen" { 0.36 } else { 0.76 };
            let at = place.at(days_since(start, o.acquired), lane(share));
            captures.entry(kind).or_default().push(at);
        }
        let days = days_between(start, end);
        let ((left, top), (right, bottom)) = (place.at(0.0, 0.0), place.at(days, -LANE * high));
        html! {
            @for period in self.scope.periods.iter().filter(|p| p.figures.usable == 0) {
                @let left = place.at(days_between(start, period.start), high);
                @let right = place.at(days_between(start, period.end), -LANE * high);
                rect.gap x=(left.0) y=(left.1) width=((right.0 - left.0).max(0)) height=((right.1 - left.1).max(0)) {
                    title { (period.period) ": no usable capture" }
                }
            }
            @for (kind, places) in captures { (seen_marks(kind, &places)) }
            rect.captures data-start=(start) data-days=(days) x=(left) y=(top) width=(right - left) height=(bottom - top) { title {} }
            @for (number, train) in self.trains {
                @let counts = train.length_m >= least_m && used.contains(&train.key);
                (dot((start, *number), train, place, (radius, counts)))
            }
        }
    }
}

/// A train, faint where the figures leave it out.
fn dot(
    (start, number): (Date, usize),
    train: &Train,
    place: &Place<'_>,
    (radius, counts): (f64, bool),
) -> Markup {
    let days = days_since(start, train.acquired);
    let about = WIDTH_95 * train.length_sigma_m;
    let (x, y) = place.at(days, train.length_m);
    let low = place.at(days, (train.length_m - about).max(0.0)).1;
    let top = place.at(days, train.length_m + about).1;
    let cut = train.censored != Censored::None;
    let again = train.change == Change::Stayed;
    html! {
        g.train.out[!counts] data-number=(number) {
            @if !cut { line x1=(x) y1=(low) x2=(x) y2=(top) {} }
            @if cut { (triangle(x, y)) } @else if again { circle.again cx=(x) cy=(y) r=(radius) {} } @else { circle cx=(x) cy=(y) r=(radius) {} }
        }
    }
}

fn triangle(x: i32, y: i32) -> Markup {
    html! { path.cut d={ "M" (x - 5) " " (y + 4) "h10l-5-9z" } {} }
}

/// All captures of a kind at once: thousands of elements would be slow to open.
fn seen_marks(kind: &str, places: &[(i32, i32)]) -> Markup {
    let mark = |(x, y): &(i32, i32)| match kind {
        "seen" => format!("M{x} {y}h0"),
        "misses" => format!("M{x} {}a2 2 0 1 0 .01 0z", y - 2),
        "blind" => format!("M{x} {y}h1"),
        "beside" => format!("M{x} {}v7", y - 3),
        _ => format!("M{} {}l6 6m0-6l-6 6", x - 3, y - 3),
    };
    html! { path class={ "capture " (kind) } d=(places.iter().map(mark).collect::<String>()) {} }
}

fn key_dot(class: &str, out: bool) -> Markup {
    html! { svg viewBox="0 0 14 14" aria-hidden="true" { g.train.out[out] { circle class=(class) cx="7" cy="7" r="4.5" {} } } }
}

fn key_line() -> Markup {
    PreEscaped(
        "<svg viewBox=\"0 0 22 14\" class=\"long\" aria-hidden=\"true\"><polygon opacity=\"1\" fill=\"#040404\" points=\"0,4 22,0 22,10 0,12\"/><polyline fill=\"none\" stroke=\"#050505\" stroke-width=\"2\" points=\"0,8 22,5\"/></svg>"
            .to_owned(),
    )
}

fn key_seen(kind: &str) -> Markup {
    html! { svg viewBox="0 0 14 14" aria-hidden="true" { (seen_marks(kind, &[(7, 7)])) } }
}

/// First and last day of observations, for those who read.
pub(super) fn span(observations: &[&Observation]) -> Option<(String, String)> {
    let (first, last) = (observations.first()?, observations.last()?);
    debug_assert!(date(first.acquired) <= date(last.acquired));
    Some((day(first.acquired), day(last.acquired)))
}
