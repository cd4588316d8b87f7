//! The summary on a terminal: per crossing a headline, a table and a chart.

use super::chart::lengths_chart;
use super::figures::{Figures, Length};
use super::headline::{decided_words, headline, share_text};
use super::paint::{GLUE, Ink, Paint, printable, wrapped};
use super::summary::{ScopeSummary, Summary};
use super::table::{Line, table_text};
use super::trend_lines::trend_lines;

/// Where the summary is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// Whether colours are welcome.
    pub colour: bool,
}

/// Columns that the table needs.
const NARROWEST: usize = 80;
/// Widest text that is still easy to read; a wider terminal is not filled.
const WIDEST: usize = 120;

/// Stands for what was not observed.
const NOTHING: &str = "—";

/// From this width on, columns of the table stand two blanks apart.
const ROOMY: usize = 90;

const LEGEND: &str = "— not observed · ≥ at least: the train runs out of view · [ ] 95 % interval\n\
                      miss: would miss a train of the length compared · days are UTC\n";

const CHART_LEGEND: &str =
    "⠛ train · ▴ at least so long · ⠂ trend · • usable · ◦ would miss · × no use\n";

/// The summary as text for a terminal.
#[must_use]
pub fn screen_text(summary: &Summary, screen: Screen) -> String {
    let paint = Paint {
        colour: screen.colour,
    };
    let width = screen.width.clamp(NARROWEST, WIDEST);
    let mut text = String::new();
    for crossing in &summary.crossings {
        text += &heading(crossing, paint);
        text += &wrapped(&said(crossing, summary), width);
        text += "\n\n";
        let gap = if width < ROOMY { 1 } else { 2 };
        text += &table_text(&table_lines(crossing, summary.by.word()), gap, paint);
        text.push('\n');
        let tracks: Vec<&ScopeSummary> = summary
            .tracks
            .iter()
            .filter(|t| t.crossing == crossing.crossing)
            .collect();
        text += &trend_lines(crossing, &tracks, width, paint);
        text.push('\n');
        if let Some(chart) = lengths_chart(crossing, width, paint) {
            text += &paint.text("length of trains\n", Ink::Strong);
            text += &chart;
            text += &paint.text(CHART_LEGEND, Ink::Faint);
            text.push('\n');
        }
    }
    if let Some(all) = &summary.overall {
        text += &heading(all, paint);
        text += &wrapped(&said(all, summary), width);
        text += "\n\n";
        text += &trend_lines(all, &[], width, paint);
        text.push('\n');
    }
    text += &paint.text(LEGEND, Ink::Faint);
    text
}

/// The headline, and which detections it is of.
fn said(scope: &ScopeSummary, summary: &Summary) -> String {
    let mut sentences = headline(scope, summary.by.word());
    sentences.extend(decided_words(summary.decisions).map(str::to_owned));
    sentences.join(" ")
}

fn heading(crossing: &ScopeSummary, paint: Paint) -> String {
    let id = crossing.crossing.as_deref().unwrap_or("all crossings");
    let name = paint.text(&printable(id), Ink::Strong);
    let span = format!("{} to {}", crossing.first, crossing.last);
    format!("{name}  {}\n", paint.text(&span, Ink::Faint))
}

fn table_lines(crossing: &ScopeSummary, period: &str) -> Vec<Line> {
    let heads = [
        ["", period],
        ["usable", "clear"],
        ["", "part"],
        ["not", "miss"],
        ["", "cloud"],
        ["", "other"],
        ["with a train", "n    share [95 %]"],
        ["", "trains"],
        ["median", "m"],
        ["longest", "m"],
    ];
    let mut lines: Vec<Line> = (0..2)
        .map(|row| Line {
            cells: heads.iter().map(|head| head[row].to_owned()).collect(),
            ink: Ink::Strong,
        })
        .collect();
    for p in &crossing.periods {
        let ink = if p.figures.usable == 0 {
            Ink::Faint
        } else {
            Ink::Plain
        };
        lines.push(Line {
            cells: cells(&p.period, &p.figures),
            ink,
        });
    }
    lines.push(Line {
        cells: cells("all", &crossing.total),
        ink: Ink::Strong,
    });
    lines
}

fn cells(period: &str, f: &Figures) -> Vec<String> {
    let nothing = || NOTHING.to_owned();
    let captures = f.usable + f.would_miss + f.obscured + f.uncovered + f.failed + f.undecided;
    let count = |n: usize| {
        if captures == 0 {
            nothing()
        } else {
            n.to_string()
        }
    };
    let with_train = f.with_train.map_or_else(nothing, |n| {
        format!("{n} {:>15}", share_text(f).replace(GLUE, " "))
    });
    let length = |length: Option<Length>| match length {
        Some(l) => format!("{}{:.0}", if l.at_least { "≥" } else { "" }, l.length_m),
        None if f.usable > 0 => String::new(),
        None => nothing(),
    };
    vec![
        period.to_owned(),
        count(f.clear),
        count(f.partial),
        count(f.would_miss),
        count(f.obscured),
        count(f.uncovered + f.failed + f.undecided),
        with_train,
        f.trains.map_or_else(nothing, |n| n.to_string()),
        length(f.median.map(|m| m.length)),
        length(f.longest),
    ]
}
