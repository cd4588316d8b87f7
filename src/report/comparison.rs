//! Published counts beside the series: for people, as JSON and as CSV.

use std::collections::BTreeMap;

use console::{Alignment, measure_text_width, pad_str};
use serde::Serialize;

use super::headline::interval;
use super::paint::{GLUE, Ink, Paint, counted, printable, wrapped};
use super::screen::Screen;
use super::table::{Line, table_text};
use crate::error::{Error, Result};
use crate::trend::compare::{Agreement, Bound, Compared, Found, Kind, Verdict, agreement};

/// Counts and how they agree with the series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// How counts of each kind agree.
    pub agreement: Vec<Agreement>,
    /// Every count, in the order of the file.
    pub counts: Vec<Compared>,
}

/// Verdicts that say something is wrong on one side.
const DISAGREE: [Verdict; 2] = [Verdict::Differs, Verdict::NotFound];

/// The other verdicts on counts that could be held against the series.
const OTHERS: [Verdict; 3] = [Verdict::Agrees, Verdict::SeenInPart, Verdict::TooShort];

/// Verdicts on counts that could not, in order of how far they got.
const NOT_COMPARED: [Verdict; 6] = [
    Verdict::CarsUnknown,
    Verdict::NotObserved,
    Verdict::OtherCrossing,
    Verdict::NoPlace,
    Verdict::NoDate,
    Verdict::OtherQuantity,
];

/// Texts that were not understood, and lines of each, that are named; the
/// others are counted.
const NAMED: usize = 8;

/// A verdict, what to do about it, and what of a count it is about.
type Remedy = (Verdict, &'static str, fn(&Compared) -> String);

impl Comparison {
    /// The comparison of counts that were held against a series.
    #[must_use]
    pub fn new(counts: Vec<Compared>) -> Self {
        Self {
            agreement: agreement(&counts),
            counts,
        }
    }

    /// The comparison as text for a terminal.
    #[must_use]
    pub fn screen_text(&self, screen: Screen) -> String {
        let paint = Paint {
            colour: screen.colour,
        };
        let mut text = String::new();
        for agreement in &self.agreement {
            let line = agreement_text(agreement);
            text += &format!("{}\n", wrapped(&line, screen.width.max(80)));
        }
        for (title, rows) in [
            ("disagreements", self.of(&DISAGREE)),
            ("other counts compared", self.of(&OTHERS)),
        ] {
            text += &paint.text(&format!("\n{title}\n"), Ink::Strong);
            text += &table(&rows, paint);
        }
        text.push('\n');
        for line in std::iter::once(self.rest()).chain(self.remedies()) {
            text += &format!("{}\n", wrapped(&line, screen.width.max(80)));
        }
        text
    }

    fn of(&self, verdicts: &[Verdict]) -> Vec<&Compared> {
        let counts = self.counts.iter();
        counts.filter(|c| verdicts.contains(&c.verdict)).collect()
    }

    /// What could not be compared.
    fn rest(&self) -> String {
        let parts: Vec<String> = NOT_COMPARED
            .iter()
            .map(|verdict| (self.of(&[*verdict]).len(), verdict.words()))
            .filter(|(n, _)| *n > 0)
            .map(|(n, words)| format!("{n} {words}"))
            .collect();
        if parts.is_empty() {
            return "All counts could be compared.".to_owned();
        }
        format!("Not compared: {}.", parts.join(", "))
    }

    /// What would be understood in place of what was not, and on which lines.
    fn remedies(&self) -> Vec<String> {
        let asked: [Remedy; 3] = [
            (
                Verdict::NoPlace,
                "Say which crossing a site is with --place SITE=CROSSING",
                |c| c.site.clone(),
            ),
            (
                Verdict::NoDate,
                "A date is 2024-05-01, 2024-05 or 2024, or two of them with a / between; not read",
                |c| c.date.clone(),
            ),
            (
                Verdict::OtherQuantity,
                "`railspan compare --help` lists quantities and units; not among them",
                |c| format!("{} in {}", or_none(&c.quantity), or_none(&c.unit)),
            ),
        ];
        let told = asked.into_iter().map(|(verdict, remedy, text)| {
            let mut lines: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for c in self.of(&[verdict]) {
                lines.entry(printable(&text(c))).or_default().push(c.line);
            }
            (remedy, lines)
        });
        told.filter(|(_, lines)| !lines.is_empty())
            .map(|(remedy, lines)| format!("{remedy}: {}.", named(&lines)))
            .collect()
    }

    /// The comparison for programs, as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Numbers, texts and string keys: this cannot fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The counts for programs, as CSV: one row a count.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn to_csv(&self) -> Result<String> {
        let wrong = |what: String| Error::value("the comparison", what, "writable as CSV");
        let mut writer = csv::Writer::from_writer(Vec::new());
        let head = COLUMNS.split(',').map(str::to_owned).collect();
        for record in std::iter::once(head).chain(self.counts.iter().map(record)) {
            let record: Vec<String> = record;
            let written = writer.write_record(&record);
            written.map_err(|e| wrong(e.to_string()))?;
        }
        let bytes = writer.into_inner().map_err(|e| wrong(e.to_string()))?;
        String::from_utf8(bytes).map_err(|e| wrong(e.to_string()))
    }
}

/// What a cell holds; `nothing` where it is empty.
fn or_none(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

/// Texts of a file with their lines: `spring (line 3); 5/2024 (lines 4, 7)`.
fn named(lines: &BTreeMap<String, Vec<usize>>) -> String {
    let some = lines.iter().take(NAMED).map(|(text, lines)| {
        let s = if lines.len() == 1 { "" } else { "s" };
        let shown: Vec<String> = (lines.iter().take(NAMED))
            .map(|line| format!("{line}"))
            .collect();
        let more = if lines.len() > NAMED { ", …" } else { "" };
        format!("{text} (line{s}{GLUE}{}{more})", shown.join(", "))
    });
    let mut some: Vec<String> = some.collect();
    if lines.len() > NAMED {
        some.push(format!("{} more", lines.len() - NAMED));
    }
    some.join("; ")
}

const COLUMNS: &str = "line,date,site,crossing,quantity,unit,kind,published,captures,found_low,\
found_high,difference,verdict";

fn record(c: &Compared) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
    let found = c.found.as_ref();
    vec![
        c.line.to_string(),
        c.date.clone(),
        c.site.clone(),
        c.crossing.clone().unwrap_or_default(),
        c.quantity.clone(),
        c.unit.clone(),
        c.kind.map_or_else(String::new, |k| k.word().to_owned()),
        c.published.to_string(),
        found.map_or_else(String::new, |f| f.captures.join(" ")),
        number(found.map(|f| f.low)),
        number(found.and_then(|f| f.high)),
        number(found.and_then(|f| f.difference)),
        c.verdict.words().to_owned(),
    ]
}

/// `length: 3 of 4 agree, 75 % [19, 99]; found − published −12 m …`.
fn agreement_text(a: &Agreement) -> String {
    let unit = if a.kind == Kind::Length {
        format!("{GLUE}m")
    } else {
        String::new()
    };
    let kind = a.kind.word();
    let Some(share) = a.share else {
        return format!("{kind}: none could be compared");
    };
    let percent = |share: f64| format!("{:.0}", 100.0 * share);
    let ends = interval(percent(share.interval.low), percent(share.interval.high));
    let mut text = format!(
        "{kind}: {} of {} agree, {}{GLUE}% {ends}",
        a.agree,
        a.compared,
        percent(share.value)
    );
    if let (Some(bias), Some(rmse), Some(median)) = (a.bias, a.rmse, a.median_absolute) {
        text += &format!(
            "; found less published: mean {bias:+.1}{unit}, median absolute {median:.1}{unit}, \
             RMS {rmse:.1}{unit}, {}",
            counted(a.pairs, "pair")
        );
    }
    if let Some(limits) = a.limits {
        let [low, high] = [limits.low, limits.high].map(|l| format!("{l:+.0}"));
        text += &format!(", limits of agreement {}{unit}", interval(low, high));
    }
    text.replace('-', "−")
}

fn table(rows: &[&Compared], paint: Paint) -> String {
    if rows.is_empty() {
        return "none\n".to_owned();
    }
    let names: Vec<[String; 3]> = std::iter::once(["date", "crossing", "what"].map(str::to_owned))
        .chain(rows.iter().map(|row| name(row)))
        .collect();
    let widths: [usize; 3] = std::array::from_fn(|c| {
        let widths = names.iter().map(|name| measure_text_width(&name[c]));
        widths.max().unwrap_or(0)
    });
    let line = |name: &[String; 3], rest: [String; 3], ink| {
        let parts: Vec<String> = (0..3)
            .map(|c| pad_str(&name[c], widths[c], Alignment::Left, None).into_owned())
            .collect();
        let mut cells = vec![parts.join("  ")];
        cells.extend(rest);
        Line { cells, ink }
    };
    let heads = ["published", "found", "verdict"].map(str::to_owned);
    let mut lines = vec![line(&names[0], heads, Ink::Faint)];
    for (row, name) in rows.iter().zip(&names[1..]) {
        let ink = if DISAGREE.contains(&row.verdict) {
            Ink::Cut
        } else {
            Ink::Plain
        };
        let sign = match row.bound {
            Bound::Exact => "",
            Bound::AtLeast => "≥",
            Bound::AtMost => "≤",
        };
        let rest = [
            format!("{sign}{:.0}", row.published),
            row.found.as_ref().map_or("—".to_owned(), found_text),
            row.verdict.words().to_owned(),
        ];
        lines.push(line(name, rest, ink));
    }
    table_text(&lines, 2, paint)
}

fn name(row: &Compared) -> [String; 3] {
    [
        printable(&row.date),
        printable(row.crossing.as_deref().unwrap_or_default()),
        row.kind.map_or("", Kind::word).to_owned(),
    ]
}

fn found_text(found: &Found) -> String {
    match found.high {
        None => format!("≥{:.0}", found.low),
        Some(high) => match (format!("{:.0}", found.low), format!("{high:.0}")) {
            (low, high) if low == high => high,
            (low, high) => format!("{low}–{high}"),
        },
    }
}
