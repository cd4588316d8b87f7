//! The file of counts: one row a count, with a date, a site and a unit.

use std::path::Path;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use crate::error::{Error, Result};

const REMEDY: &str =
    "the columns date, site, quantity, value and unit are needed; see `railspan compare --help`";

/// One published count.
#[derive(Debug, Clone, PartialEq)]
pub struct Count {
    /// Line of the file, from 1.
    pub line: u64,
    /// When, as written.
    pub date: String,
    /// First day and the day after the last; `None` where that is not a date.
    pub days: Option<(Date, Date)>,
    /// Where, as written.
    pub site: String,
    /// The crossing's id, where the file has a column for it.
    pub crossing: Option<String>,
    /// What was counted or measured, as written.
    pub quantity: String,
    /// How much.
    pub value: f64,
    /// Of what, as written.
    pub unit: String,
}

#[derive(Deserialize)]
struct Row {
    date: String,
    site: String,
    quantity: String,
    value: String,
    unit: String,
    #[serde(default)]
    crossing: Option<String>,
}

/// Reads counts from a CSV file with the columns `date`, `site`, `quantity`,
/// `value` and `unit`, in any order; a column `crossing` may give the
/// crossing's id, all others are passed over.
///
/// A date is a day, a month or a year, or two of them with a `/` between;
/// other text is kept, but the count then has no date.
///
/// # Errors
/// Where the file cannot be read, lacks a column or holds a value that is no
/// number; names the line.
pub fn read_counts(path: &Path) -> Result<Vec<Count>> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|e| Error::content(path, e.to_string(), REMEDY))?
        .clone();
    let mut counts = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| Error::content(path, e.to_string(), REMEDY))?;
        let line = record.position().map_or(0, csv::Position::line);
        let wrong =
            |problem: String| Error::content(path, format!("line {line}: {problem}"), REMEDY);
        let row: Row = record
            .deserialize(Some(&headers))
            .map_err(|e| wrong(e.to_string()))?;
        let number = row.value.parse::<f64>().ok().filter(|v| v.is_finite());
        let value =
            number.ok_or_else(|| wrong(format!("the value {:?} is no number", row.value)))?;
        counts.push(Count {
            line,
            days: days(&row.date),
            date: row.date,
            site: row.site,
            crossing: row.crossing.filter(|id| !id.is_empty()),
            quantity: row.quantity,
            value,
            unit: row.unit,
        });
    }
    Ok(counts)
}

/// First day and the day after the last.
fn days(text: &str) -> Option<(Date, Date)> {
    let (first, last) = text.split_once('/').unwrap_or((text, text));
    let (start, end) = (one(first)?.0, one(last)?.1);
    (start < end).then_some((start, end))
}

fn one(text: &str) -> Option<(Date, Date)> {
    let numbers: Option<Vec<i16>> = text.trim().split('-').map(|n| n.parse().ok()).collect();
    let small = |n: i16| i8::try_from(n).ok();
    let (start, span) = match numbers?.as_slice() {
        [y] => (Date::new(*y, 1, 1).ok()?, 1.year()),
        [y, m] => (Date::new(*y, small(*m)?, 1).ok()?, 1.month()),
        [y, m, d] => (Date::new(*y, small(*m)?, small(*d)?).ok()?, 1.day()),
        _ => return None,
    };
    Some((start, start.checked_add(span).ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::civil::date;

    use super::*;

    fn read(text: &str) -> Result<Vec<Count>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_counts(file.path())
    }

    #[test]
    fn dates_are_days_months_years_or_between_two() {
        for (text, expected) in [
            ("2024-04-07", Some((date(2024, 4, 7), date(2024, 4, 8)))),
            ("2024-02", Some((date(2024, 2, 1), date(2024, 3, 1)))),
            ("2014", Some((date(2014, 1, 1), date(2015, 1, 1)))),
            (
                "2018-10/2023-09",
                Some((date(2018, 10, 1), date(2023, 10, 1))),
            ),
            ("2023-02-30", None),
            ("2023-05/2023-04", None),
            ("undated (2023?)", None),
            ("", None),
        ] {
            assert_eq!(days(text), expected, "{text}");
        }
    }

    #[test]
    fn columns_come_in_any_order_and_others_are_passed_over() {
        let text = "\u{feff}site,unit,value,date,quantity,quote\n\
                    \"a, b\",m, 120 ,2022-11-08,train_length,\"so\"\"so\"\n";
        let counts = read(text).unwrap();
        assert_eq!((counts[0].line, counts[0].value), (2, 120.0));
        assert_eq!(
            (counts[0].site.as_str(), &counts[0].crossing),
            ("a, b", &None)
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let said = |text: &str| read(text).unwrap_err().to_string();
        let lacking = said("date,site,value\n2024,x,1\n");
        assert!(
            lacking.contains("line 2") && lacking.contains("quantity"),
            "{lacking}"
        );
        let head = "date,site,quantity,value,unit\n";
        let number = said(&format!("{head}2024,x,train_length,about 5,m\n"));
        assert!(
            number.contains("line 2: the value \"about 5\" is no number"),
            "{number}"
        );
        let ragged = said(&format!("{head}2024,x\n"));
        assert!(ragged.contains("line"), "{ragged}");
        assert!(read_counts(Path::new("no such file.csv")).is_err());
    }
}
