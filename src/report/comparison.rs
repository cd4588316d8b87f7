//! Published counts beside the series: for people, as JSON and as CSV.

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
        text += &wrapped(&self.rest(), screen.width.max(80));
        text + "\n"
    }

    fn of(&self, verdicts: &[Verdict]) -> Vec<&Compared> {
        let counts = self.counts.iter();
        counts.filter(|c| verdicts.contains(&c.verdict)).collect()
    }

    /// What could not be compared, and what to do about sites.
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
        let mut sites: Vec<String> = self
            .of(&[Verdict::NoPlace])
            .iter()
            .map(|c| printable(&c.site))
            .collect();
        sites.sort();
        sites.dedup();
        let places = if sites.is_empty() {
            String::new()
        } else {
            let sites = sites.join(", ");
            format!(" Say which crossing a site is with --place SITE=CROSSING: {sites}.")
        };
        format!("Not compared: {}.{places}", parts.join(", "))
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

const COLUMNS: &str = "line,date,site,crossing,quantity,kind,published,captures,found_low,\
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
