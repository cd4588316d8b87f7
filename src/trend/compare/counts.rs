//! The file of counts: one row a count, with a date, a site and a unit.

use std::path::Path;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::error::{Error, Result};
use crate::series::{CsvRow, CsvTable};

const REMEDY: &str = "its first line has to name the columns date, site, quantity, value and \
unit; see `railspan compare --help`";

/// One published count.
#[derive(Debug, Clone, PartialEq)]
pub struct Count {
    /// Line of the file, from 1.
    pub line: usize,
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

/// Reads counts from a CSV file with the columns `date`, `site`, `quantity`,
/// `value` and `unit`, in any order; a column `crossing` may give the
/// crossing's id, all others are passed over.
///
/// A date is a day, a month or a year, or two of them with a `/` between;
/// other text is kept, but the count then has no date.
///
/// # Errors
/// Where the file cannot be read, lacks columns or rows, or holds a value that
/// is no number; names the columns or the line.
pub fn read_counts(path: &Path) -> Result<Vec<Count>> {
    let table = CsvTable::read(path)?;
    let names = ["date", "site", "quantity", "value", "unit"];
    let [date, site, quantity, value, unit] = table.columns(names, REMEDY)?;
    let crossing = table.column("crossing");
    if table.rows().is_empty() {
        return Err(Error::content(path, "holds no counts", "add a row a count"));
    }
    let count = |row: &CsvRow| {
        let text = |column: usize| row.text(column).trim().to_owned();
        let number = table.number(row.text(value)).ok_or_else(|| {
            let problem = format!(
                "line {}: the value {:?} is no number",
                row.line,
                text(value)
            );
            Error::content(path, problem, "write a number, without its unit")
        })?;
        Ok(Count {
            line: row.line,
            days: days(&text(date)),
            date: text(date),
            site: text(site),
            crossing: crossing.map(text).filter(|id| !id.is_empty()),
            quantity: text(quantity),
            value: number,
            unit: text(unit),
        })
    };
    table.rows().iter().map(count).collect()
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
        for (text, expected) in [
            (
                "",
                "has no columns date, site, quantity, value, unit; its first line",
            ),
            (
                "date,site,value\n2024,x,1\n",
                "has no columns quantity, unit",
            ),
            ("date,site,quantity,value,unit\n", "holds no counts"),
            (
                "date,site,quantity,value,unit\n2024,x,train_length,about 5,m\n",
                "line 2: the value \"about 5\" is no number",
            ),
            (
                "date,site,quantity,value,unit\n2024,x\n",
                "line 2 has 2 cells",
            ),
        ] {
            let said = said(text);
            assert!(said.contains(expected), "{said}");
        }
        assert!(read_counts(Path::new("no such file.csv")).is_err());
    }

    #[test]
    fn semicolons_and_decimal_commas_are_understood() {
        let text = "date;site;quantity;value;unit\r\n2024;a, b;train_length;120,5;m\r\n";
        let counts = read(text).unwrap();
        assert_eq!((counts[0].line, counts[0].site.as_str()), (2, "a, b"));
        assert!((counts[0].value - 120.5).abs() < 1e-9);
    }
}
