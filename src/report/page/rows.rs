//! The table of trains.

use maud::{Markup, html};

use super::film::Films;
use super::words::{Text, day, length, minute};
use crate::report::{counted, printable};
use crate::series::{Change, Decision, Observation, Review, Train};

/// Columns: name, key to sort by, what it holds.
const COLUMNS: [(&str, &str, &str); 8] = [
    ("When", "when", "Acquired, UTC"),
    (
        "Length",
        "length",
        "With its 95 % interval; ≥ where the train runs out of view",
    ),
    (
        "Chainage",
        "start",
        "Where it stands on the track, metres from its beginning",
    ),
    (
        "Strength",
        "strength",
        "Strength of the detection, in standard deviations of what an empty track shows",
    ),
    (
        "Change",
        "change",
        "Against the previous usable observation",
    ),
    (
        "First seen",
        "since",
        "First observation in the unbroken row of them in which it stood",
    ),
    ("Sensor", "sensor", "Sensor and pixel size"),
    ("Capture", "capture", "The capture's id"),
];

/// A train with all that its row says.
pub(super) struct Listed<'a> {
    /// Its number on the page.
    pub(super) number: usize,
    pub(super) train: &'a Train,
    pub(super) observation: Option<&'a Observation>,
    pub(super) review: Option<&'a Review>,
}

/// The `number`th table of the page.
pub(super) fn table(trains: &[Listed<'_>], films: &Films, number: usize) -> Markup {
    let mut tracks: Vec<String> = trains
        .iter()
        .map(|t| printable(&t.train.key.track))
        .collect();
    tracks.sort_unstable();
    tracks.dedup();
    let shown = Shown {
        tracks: tracks.len() > 1,
        reviews: trains.iter().any(|t| t.review.is_some()),
    };
    html! {
        (filters(trains.len(), &tracks, shown, number))
        div.later {
            table.trains id={ "trains-" (number) } {
                caption.unseen { "Trains; a click on the name of a column sorts by it" }
                thead { tr {
                    th scope="col" { "Chip" }
                    @for (name, key, meaning) in COLUMNS {
                        th scope="col" data-key=(key) data-name=(name) aria-sort=[(key == "when").then_some("ascending")] { button type="button" title=(meaning) { (name) } }
                    }
                    @if shown.reviews { th scope="col" data-key="decision" data-name="Review" { button type="button" title="What was decided about it" { "Review" } } }
                } }
                tbody {
                    @for train in trains { (row(train, films.has(train.number), shown)) }
                }
            }
        }
        p.nothing hidden { "No train fits." }
    }
}

/// What rows show only where there is more than one of it.
#[derive(Clone, Copy)]
struct Shown {
    tracks: bool,
    reviews: bool,
}

fn filters(count: usize, tracks: &[String], shown: Shown, number: usize) -> Markup {
    let changes = [
        Change::Appeared,
        Change::Stayed,
        Change::Changed,
        Change::Unknown,
    ]
    .map(Change::word);
    let decisions = [Decision::Accept, Decision::Reject, Decision::Unsure].map(Decision::word);
    html! {
        form.filters data-table={ "trains-" (number) } {
            label { "Find" input type="search" name="words" placeholder="date, sensor, capture …" autocomplete="off"; }
            label { "At least" input type="number" name="least" min="0" step="10" inputmode="numeric" placeholder="m"; }
            (choice("Change", "change", &changes))
            @if shown.tracks { (choice("Track", "track", &tracks.iter().map(String::as_str).collect::<Vec<_>>())) }
            @if shown.reviews { (choice("Review", "decision", &decisions)) }
            button type="reset" { "Show all" }
            output aria-live="polite" { (counted(count, "train")) }
        }
    }
}

fn choice(name: &str, key: &str, values: &[&str]) -> Markup {
    html! {
        label { (name) select name=(key) {
            option value="" { "any" }
            @for value in values { option value=(value) { (value) } }
        } }
    }
}

fn row(listed: &Listed<'_>, film: bool, shown: Shown) -> Markup {
    let t = listed.train;
    let when = minute(t.acquired);
    let decision = listed.review.map_or("", |r| r.decision.word());
    let metre = |value: f64| format!("{value:.1}");
    html! {
        tr data-n=(listed.number) data-when=(t.acquired.as_millisecond()) data-length=(metre(t.length_m))
            data-start=(metre(t.start_m)) data-end=(metre(t.end_m)) data-strength=(metre(t.snr))
            data-change=(t.change.word()) data-since=(t.first_seen.as_millisecond())
            data-track=(printable(&t.key.track)) data-decision=(decision) {
            td.film {
                @if film { button.chip type="button" aria-label={ "Show the train of " (when) } { span.strip {} } }
                @else { span.note { "no chip" } }
            }
            td.when { time datetime=(t.acquired) { (when) } @if shown.tracks { " " span.note { (Text(&t.key.track)) } } }
            td.number data-name="Length" { (length(t)) }
            td.number data-name="Chainage" { (format!("{:.0}–{:.0} m", t.start_m, t.end_m)) }
            td.number data-name="Strength" { (metre(t.snr)) " σ" }
            td data-name="Change" { span class={ "change " (t.change.word()) } { (t.change.word()) } }
            td.since data-name="First seen" { (day(t.first_seen)) }
            td.sensor data-name="Sensor" { (sensor(listed.observation)) }
            td.id data-name="Capture" { (Text(&t.key.capture)) }
            @if shown.reviews { td data-name="Review" { (decision) @if let Some(review) = listed.review { @if !review.note.is_empty() { " " span.note { (Text(&review.note)) } } } } }
        }
    }
}

fn sensor(observation: Option<&Observation>) -> Markup {
    html! {
        @if let Some(o) = observation {
            (Text(&o.sensor))
            @if let Some(gsd_m) = o.gsd_m { " " span.note { (format!("{} m", (gsd_m * 10.0).round() / 10.0)) } }
        }
    }
}
