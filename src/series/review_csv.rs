//! Decisions as a table that people fill in: one row a detection.

use std::path::Path;

use super::csv_table::{CsvRow, CsvTable};
use super::model::{ObservationKey, Series, Train};
use super::review::{Decision, Review, reviewed};
use crate::error::{Error, Result};

const COLUMNS: [&str; 14] = [
    "crossing",
    "track",
    "capture",
    "acquired",
    "train",
    "start_m",
    "end_m",
    "length_m",
    "length_sigma_m",
    "censored",
    "snr",
    "chip",
    "decision",
    "note",
];

/// Characters with which spreadsheets begin a formula (OWASP, "CSV injection"),
/// and the quote that keeps them from it.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// The table of all detections of a series with what is decided so far;
/// `chip` names the picture of a train.
///
/// # Errors
/// Where memory runs out.
pub fn review_csv(
    series: &Series,
    reviews: &[Review],
    chip: &dyn Fn(&Train) -> String,
) -> Result<Vec<u8>> {
    let wrong = |what: String| Error::value("the review table", what, "writable as CSV");
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut records = vec![COLUMNS.map(str::to_owned)];
    let reviewed = reviewed(&series.trains, reviews);
    for (train, review) in series.trains.iter().zip(reviewed) {
        records.push(record(train, review, chip(train)));
    }
    for record in records {
        writer
            .write_record(&record)
            .map_err(|e| wrong(e.to_string()))?;
    }
    writer.into_inner().map_err(|e| wrong(e.to_string()))
}

fn record(t: &Train, review: Option<&Review>, chip: String) -> [String; 14] {
    [
        guarded(&t.key.crossing),
        guarded(&t.key.track),
        guarded(&t.key.capture),
        t.acquired.to_string(),
        t.train.to_string(),
        format!("{:.2}", t.start_m),
        format!("{:.2}", t.end_m),
        format!("{:.1}", t.length_m),
        format!("{:.1}", t.length_sigma_m),
        t.censored.word().to_owned(),
        format!("{:.1}", t.snr),
        chip,
        review.map_or_else(String::new, |r| r.decision.word().to_owned()),
        review.map_or_else(String::new, |r| guarded(&r.note)),
    ]
}

fn guarded(text: &str) -> String {
    if text.starts_with(FORMULA) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn unguarded(text: &str) -> String {
    let bare = text
        .strip_prefix('\'')
        .filter(|rest| rest.starts_with(FORMULA));
    bare.unwrap_or(text).to_owned()
}

/// A decision as it stands in a table.
#[derive(Debug, Clone, PartialEq)]
pub struct FilledIn {
    /// Line of the file, from 1; the head is the first.
    pub line: usize,
    /// The decision.
    pub review: Review,
}

/// Reads the decisions of a table that was filled in. Rows without a decision
/// say nothing.
///
/// # Errors
/// A column is missing, or a row holds something that cannot be understood;
/// the message names it.
pub fn read_review_csv(path: &Path) -> Result<Vec<FilledIn>> {
    let table = CsvTable::read(path)?;
    let remedy = "take the table that `railspan review --out` wrote";
    let names = [
        "crossing", "track", "capture", "start_m", "end_m", "decision",
    ];
    let [crossing, track, capture, start, end, decision] = table.columns(names, remedy)?;
    let columns = Columns {
        key: [crossing, track, capture],
        span: [start, end],
        decision,
        note: table.column("note"),
    };
    let mut filled_in = Vec::new();
    for row in table.rows() {
        let line = row.line;
        let review = columns.review(row).map_err(|problem| {
            let remedy = "write accept, reject or unsure, or leave the decision empty";
            Error::content(path, format!("line {line}: {problem}"), remedy)
        })?;
        filled_in.extend(review.map(|review| FilledIn { line, review }));
    }
    Ok(filled_in)
}

/// Where the columns are.
struct Columns {
    key: [usize; 3],
    span: [usize; 2],
    decision: usize,
    note: Option<usize>,
}

impl Columns {
    fn review(&self, row: &CsvRow) -> std::result::Result<Option<Review>, String> {
        let text = |at: usize| row.text(at);
        let word = text(self.decision).trim().to_lowercase();
        if word.is_empty() {
            return Ok(None);
        }
        let Some(decision) = Decision::from_word(&word) else {
            return Err(format!("{word:?} is no decision"));
        };
        let number = |at: usize| {
            let text = text(at).trim();
            let number = text.replace(',', ".").parse::<f64>().ok();
            let finite = number.filter(|n| n.is_finite());
            finite.ok_or_else(|| format!("{text:?} is no chainage"))
        };
        let [crossing, track, capture] = self.key.map(|at| unguarded(text(at)));
        let (start_m, end_m) = (number(self.span[0])?, number(self.span[1])?);
        if start_m >= end_m {
            return Err(format!(
                "the train ends at {end_m} before it begins at {start_m}"
            ));
        }
        Ok(Some(Review {
            key: ObservationKey {
                crossing,
                track,
                capture,
            },
            start_m,
            end_m,
            decision,
            note: self.note.map_or_else(String::new, |at| unguarded(text(at))),
        }))
    }
}
