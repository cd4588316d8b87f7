//! The summary on a terminal: per crossing a headline, a table and a chart.

use super::chart::lengths_chart;
use super::paint::{GLUE, Ink, Paint, printable, wrapped};
use super::summary::{CrossingSummary, Figures, Length, PeriodFigures, Summary};
use super::table::{Line, table_text};

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
                      limit: shortest train found nine times in ten, median · days are UTC\n";

const CHART_LEGEND: &str =
    "⠛ train · ▴ at least so long · ⠒ median · • usable capture · × unusable\n";

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
        text += &wrapped(&headline(crossing, summary.by.word()), width);
        text += "\n\n";
        let gap = if width < ROOMY { 1 } else { 2 };
        text += &table_text(&table_lines(crossing, summary.by.word()), gap, paint);
        text.push('\n');
        if let Some(chart) = lengths_chart(crossing, width, paint) {
            text += &paint.text("length of trains\n", Ink::Strong);
            text += &chart;
            text += &paint.text(CHART_LEGEND, Ink::Faint);
            text.push('\n');
        }
    }
    text += &paint.text(LEGEND, Ink::Faint);
    text
}

fn heading(crossing: &CrossingSummary, paint: Paint) -> String {
    let name = paint.text(&printable(&crossing.crossing), Ink::Strong);
    let span = format!("{} to {}", crossing.first, crossing.last);
    format!("{name}  {}\n", paint.text(&span, Ink::Faint))
}

fn headline(crossing: &CrossingSummary, period: &str) -> String {
    let total = &crossing.total;
    let mut sentences = vec![presence(total)];
    sentences.extend(trains(total));
    sentences.extend(unusable(total));
    let is_gap = |p: &&PeriodFigures| p.figures.usable == 0;
    let gaps = crossing.periods.iter().filter(is_gap).count();
    if gaps > 0 && total.usable > 0 {
        let have = if gaps == 1 { "has" } else { "have" };
        let periods = counted(gaps, period);
        sentences.push(format!("{periods} {have} no usable capture."));
    }
    sentences.join(" ")
}

fn presence(total: &Figures) -> String {
    let usable = counted(total.usable, "usable capture");
    match (total.with_train, total.share) {
        (Some(0), Some(_)) => format!("No train on {usable}, {}.", share_text(total)),
        (Some(n), Some(_)) => format!("Trains on {n} of {usable}, {}.", share_text(total)),
        _ => "No capture is usable.".to_owned(),
    }
}

fn trains(total: &Figures) -> Option<String> {
    let (median, longest) = (total.median?, total.longest?);
    let count = counted(total.trains?, "train");
    let stayed = match total.stayed {
        None | Some(0) => String::new(),
        Some(n) => format!(", {n} of them standing since the observation before"),
    };
    Some(format!(
        "{count}{stayed}: median length {}, longest {}.",
        metres(median),
        metres(longest)
    ))
}

fn metres(length: Length) -> String {
    let sign = if length.at_least { "≥" } else { "" };
    format!("{sign}{:.0}{GLUE}m", length.length_m)
}

fn unusable(total: &Figures) -> Option<String> {
    let kinds = [
        (total.obscured, "obscured"),
        (total.uncovered, "beside the track"),
        (total.failed, "failed"),
        (total.undecided, "undecided"),
    ];
    let count: usize = kinds.iter().map(|k| k.0).sum();
    let parts: Vec<String> = kinds
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, kind)| format!("{n} {kind}"))
        .collect();
    (count > 0).then(|| {
        let captures = counted(count, "capture");
        let tell = if count == 1 { "tells" } else { "tell" };
        format!("{captures} {tell} nothing: {}.", parts.join(", "))
    })
}

fn counted(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

fn share_text(figures: &Figures) -> String {
    figures.share.map_or_else(String::new, |s| {
        let (low, high) = (percent(s.interval.low), percent(s.interval.high));
        format!("{}{GLUE}%{GLUE}[{low},{GLUE}{high}]", percent(s.share))
    })
}

/// Whole percents, but never 0 for what is more and never 100 for what is less.
fn percent(share: f64) -> String {
    let whole = (100.0 * share).round();
    match share {
        s if s > 0.0 && whole == 0.0 => "<1".to_owned(),
        s if s < 1.0 && whole >= 100.0 => ">99".to_owned(),
        _ => format!("{whole:.0}"),
    }
}

fn table_lines(crossing: &CrossingSummary, period: &str) -> Vec<Line> {
    let heads = [
        ["", period],
        ["usable", "clear"],
        ["", "part"],
        ["", "cloud"],
        ["", "other"],
        ["with a train", "n    share [95 %]"],
        ["", "trains"],
        ["median", "m"],
        ["longest", "m"],
        ["limit", "m"],
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
    let captures = f.usable + f.obscured + f.uncovered + f.failed + f.undecided;
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
        count(f.obscured),
        count(f.uncovered + f.failed + f.undecided),
        with_train,
        f.trains.map_or_else(nothing, |n| n.to_string()),
        length(f.median),
        length(f.longest),
        f.detection_limit_m
            .map_or_else(nothing, |m| format!("{m:.0}")),
    ]
}
