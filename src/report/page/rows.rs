//! The table of trains.

use maud::{Markup, html};

use super::film::Films;
use super::words::{Text, counted, day, length, minute};
use crate::series::{Change, Observation, Train};

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
    ("Strength", "strength", "Strength of the detection"),
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

/// The table; `trains` with their numbers on the page and their observations.
pub(super) fn table(
    trains: &[(usize, &Train, Option<&Observation>)],
    films: &Films,
    number: usize,
) -> Markup {
    let mut tracks: Vec<&str> = trains.iter().map(|t| t.1.key.track.as_str()).collect();
    tracks.sort_unstable();
    tracks.dedup();
    html! {
        form.filters data-table={ "trains-" (number) } {
            label { "Find" input type="search" name="words" placeholder="date, sensor, capture …" autocomplete="off"; }
            label { "At least" input type="number" name="least" min="0" step="10" inputmode="numeric" placeholder="m"; }
            label { "Change" select name="change" {
                option value="" { "any" }
                @for change in [Change::Appeared, Change::Stayed, Change::Changed, Change::Unknown] {
                    option value=(change.word()) { (change.word()) }
                }
            } }
            @if tracks.len() > 1 {
                label { "Track" select name="track" {
                    option value="" { "any" }
                    @for track in &tracks { option value=(super::super::printable(track)) { (super::super::printable(track)) } }
                } }
            }
            button type="reset" { "Show all" }
            output aria-live="polite" { (counted(trains.len(), "train")) }
        }
        table.trains id={ "trains-" (number) } {
            caption.unseen { "Trains; a click on the name of a column sorts by it" }
            thead { tr {
                th scope="col" { "Chip" }
                @for (name, key, meaning) in COLUMNS {
                    th scope="col" data-key=(key) aria-sort=[(key == "when").then_some("ascending")] { button type="button" title=(meaning) { (name) } }
                }
            } }
            tbody {
                @for (n, train, observation) in trains { (row(*n, train, *observation, films.has(*n), tracks.len() > 1)) }
            }
        }
        p.nothing hidden { "No train fits." }
    }
}

fn row(n: usize, t: &Train, o: Option<&Observation>, film: bool, tracks: bool) -> Markup {
    let when = minute(t.acquired);
    let track = super::super::printable(&t.key.track);
    html! {
        tr data-n=(n) data-when=(t.acquired.as_millisecond()) data-length=(format!("{:.1}", t.length_m)) data-start=(format!("{:.1}", t.start_m)) data-end=(format!("{:.1}", t.end_m)) data-strength=(format!("{:.2}", t.snr)) data-change=(t.change.word()) data-since=(t.first_seen.as_millisecond()) data-track=(track) {
            td.film {
                @if film { button.chip type="button" aria-label={ "Show the train of " (when) } { span.strip {} } }
                @else { span.note { "no chip" } }
            }
            td.when { time datetime=(t.acquired) { (when) } @if tracks { " " span.note { (Text(&t.key.track)) } } }
            td.number data-name="Length" { (length(t)) }
            td.number data-name="Chainage" { (format!("{:.0}–{:.0} m", t.start_m, t.end_m)) }
            td.number data-name="Strength" { (format!("{:.1}", t.snr)) }
            td data-name="Change" { span class={ "change " (t.change.word()) } { (t.change.word()) } }
            td data-name="First seen" { (day(t.first_seen)) }
            td data-name="Sensor" { @if let Some(o) = o { (Text(&o.sensor)) @if let Some(gsd_m) = o.gsd_m { " " span.note { (format!("{} m", (gsd_m * 10.0).round() / 10.0)) } } } }
            td.id data-name="Capture" { (Text(&t.key.capture)) }
        }
    }
}
