//! The report: one page that needs nothing but itself.
//!
//! All text from files goes through [`Text`], which escapes what a browser or a
//! reader could take for something else. The page carries a content security
//! policy under which only its own script and style are used, so that nothing
//! in a name could run even if it slipped through.

mod calendar;
mod crossing;
mod film;
mod method;
mod observed;
mod plot;
mod presence;
mod rows;
mod sketch;
mod timeline;
mod words;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use self::film::Films;
use self::words::Text;
use super::headline::decided_words;
use super::{ChipFolder, counted, printable, summarise};
use crate::error::Result;
use crate::series::{Decisions, Review, Series};
use crate::site::Crossing;
use crate::trend::{By, Question, date};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// More crossings than this are not named in the title.
const MOST_NAMED: usize = 3;

/// What a page is made of.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The name of the store.
    pub store: &'a str,
    /// The rows.
    pub series: &'a Series,
    /// What is known of the crossings: their lines and sections.
    pub crossings: &'a [Crossing],
    /// What was decided about detections.
    pub reviews: &'a [Review],
    /// Which of them are in the rows.
    pub decisions: Decisions,
    /// Where the chips are.
    pub chips: &'a ChipFolder,
    /// Shortest train that rates and trends count, as [`Question`] has it.
    pub min_length_m: Option<f64>,
}

/// The page, as HTML.
///
/// # Errors
/// Where the series is empty.
pub fn page_html(page: &Page<'_>) -> Result<String> {
    let question = Question {
        by: By::Month,
        min_length_m: page.min_length_m,
    };
    let summary = summarise(page.series, None, question)?;
    let films = Films::of(&page.series.trains, page.chips);
    let scopes = &summary.crossings;
    let ids: Vec<&str> = scopes
        .iter()
        .filter_map(|s| s.crossing.as_deref())
        .collect();
    let title = title(page, &ids);
    let sections = scopes
        .iter()
        .zip(1..)
        .map(|scope| crossing::section(page, &summary, &films, scope))
        .collect::<Result<Vec<Markup>>>()?;
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            (head(&title.join(", ")))
            body {
                a.skip href="#content" { "To the content" }
                (header(page, &title, &ids))
                main #content { @if let Some(all) = &summary.overall { (crossing::overall(all)) } @for section in &sections { (section) } (method::note()) }
                (footer(page, &ids))
                (lightbox())
                script type="application/json" id="films" { (PreEscaped(films.json())) }
                script type="application/json" id="days" { (PreEscaped(crossing::days_json(page.series, scopes))) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string())
}

/// What the page is about: the crossings, then from when to when.
fn title(page: &Page<'_>, ids: &[&str]) -> [String; 2] {
    let names: Vec<String> = ids.iter().map(|id| crossing::name_of(page, id)).collect();
    let place = match names.as_slice() {
        [one] => one.clone(),
        [first @ .., last] if names.len() <= MOST_NAMED => {
            format!("{} and {last}", first.join(", "))
        }
        several => counted(several.len(), "crossing"),
    };
    let days = page.series.observations.iter().map(|o| date(o.acquired));
    let days = match (days.clone().min(), days.max()) {
        (Some(first), Some(last)) if first < last => format!("{first} to {last}"),
        (Some(day), _) => day.to_string(),
        _ => String::new(),
    };
    [format!("Trains at {place}"), days]
}

fn head(title: &str) -> Markup {
    let policy = format!(
        "default-src 'none'; img-src data:; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        source_hash(STYLE),
        source_hash(SCRIPT)
    );
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="generator" content={ "railspan " (env!("CARGO_PKG_VERSION")) };
            link rel="icon" href="data:,";
            title { (printable(title)) " · railspan" }
            style { (PreEscaped(STYLE)) }
        }
    }
}

/// How a policy names a script or style that it allows (Content Security
/// Policy level 3, 2.3.1).
fn source_hash(source: &str) -> String {
    format!("sha256-{}", BASE64.encode(Sha256::digest(source)))
}

fn header(page: &Page<'_>, [place, days]: &[String; 2], ids: &[&str]) -> Markup {
    let series = page.series;
    html! {
        header.top {
            p.brand { "railspan" }
            h1 { (Text(place)) ", " span { (days) } }
            p.lead {
                (counted(series.observations.len(), "observation")) ", "
                (counted(series.trains.len(), "train")) ", "
                (counted(ids.len(), "crossing")) " in " (Text(page.store)) ". Times are UTC."
                @if let Some(words) = decided_words(page.decisions) { " " (words) }
            }
            @if ids.len() > 1 {
                nav aria-label="Crossings" {
                    @for (id, number) in ids.iter().zip(1..) {
                        a href={ "#crossing-" (number) } { (Text(&crossing::name_of(page, id))) }
                    }
                }
            }
        }
    }
}

fn footer(page: &Page<'_>, ids: &[&str]) -> Markup {
    let mut credits: Vec<&str> = Vec::new();
    for crossing in page
        .crossings
        .iter()
        .filter(|c| ids.contains(&c.id.as_str()))
    {
        let credit = crossing.attribution.as_str();
        if !credit.is_empty() && !credits.contains(&credit) {
            credits.push(credit);
        }
    }
    html! {
        footer {
            p { "Made by railspan " (env!("CARGO_PKG_VERSION")) "." }
            @for credit in credits { p { "Lines of the tracks: " (Text(credit)) } }
        }
    }
}

/// Filled by the script.
fn lightbox() -> Markup {
    html! {
        dialog #lightbox aria-labelledby="lightbox-title" {
            div.bar {
                h2 #lightbox-title tabindex="-1" {}
                div.buttons {
                    button type="button" #previous aria-keyshortcuts="ArrowLeft" { "← Previous" }
                    button type="button" #next aria-keyshortcuts="ArrowRight" { "Next →" }
                    button type="button" #close aria-keyshortcuts="Escape" { "Close" }
                }
            }
            p #lightbox-facts {}
            div #panels {}
        }
    }
}

#[cfg(test)]
mod browser_tests;
#[cfg(test)]
mod tests;
