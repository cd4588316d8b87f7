//! Tables that people fill in, as spreadsheets save them: separated by commas,
//! semicolons or tabs, columns in any order, with or without a byte order mark.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A table that was read.
#[derive(Debug, Clone)]
pub struct CsvTable {
    path: PathBuf,
    separator: u8,
    heads: Vec<String>,
    rows: Vec<CsvRow>,
}

/// A row and where it stands.
#[derive(Debug, Clone)]
pub struct CsvRow {
    /// Line of the file, from 1; the head is the first.
    pub line: usize,
    cells: csv::StringRecord,
}

impl CsvRow {
    /// What stands in a column.
    #[must_use]
    pub fn text(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default()
    }
}

impl CsvTable {
    /// Reads a table whose first line names the columns.
    ///
    /// # Errors
    /// The file cannot be read, is no text, or a row is shorter or longer than
    /// the first line: the message names the line.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let wrong = |problem: String| Error::content(path, problem, "save it as CSV in UTF-8");
        let text = std::str::from_utf8(bytes)
            .ok()
            .filter(|t| !t.contains('\0'));
        let text = text.ok_or_else(|| wrong("is no text in UTF-8".to_owned()))?;
        let separator = separator(text);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .from_reader(text.as_bytes());
        let unreadable = |e: csv::Error| wrong(format!("is no table ({e})"));
        let heads = reader.headers().map_err(unreadable)?;
        let heads: Vec<String> = heads.iter().map(|h| h.trim().to_owned()).collect();
        let mut rows = Vec::new();
        let mut place = Lines::of(text);
        for cells in reader.records() {
            let cells = cells.map_err(unreadable)?;
            let line = place.line_at(cells.position().map_or(0, csv::Position::byte));
            if cells.len() != heads.len() {
                return Err(wrong(format!(
                    "line {line} has {} cells, the first line has {}",
                    cells.len(),
                    heads.len()
                )));
            }
            rows.push(CsvRow { line, cells });
        }
        Ok(Self {
            path: path.to_path_buf(),
            separator,
            heads,
            rows,
        })
    }

    /// Where a column is.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.heads.iter().position(|head| head == name)
    }

    /// Where some columns are.
    ///
    /// # Errors
    /// Names all that are missing, and what to do.
    pub fn columns<const N: usize>(&self, names: [&str; N], remedy: &str) -> Result<[usize; N]> {
        let places = names.map(|name| self.column(name));
        let missing: Vec<&str> = (names.iter().zip(places))
            .filter_map(|(name, place)| place.is_none().then_some(*name))
            .collect();
        if missing.is_empty() {
            return Ok(places.map(Option::unwrap_or_default));
        }
        let s = if missing.len() == 1 { "" } else { "s" };
        let problem = format!("has no column{s} {}", missing.join(", "));
        Err(Error::content(&self.path, problem, remedy))
    }

    /// The rows, in the order of the file.
    #[must_use]
    pub fn rows(&self) -> &[CsvRow] {
        &self.rows
    }

    /// A finite number; with a decimal comma where commas do not separate.
    #[must_use]
    pub fn number(&self, text: &str) -> Option<f64> {
        let text = text.trim();
        let number = if self.separator == b',' {
            text.parse::<f64>()
        } else {
            text.replace(',', ".").parse::<f64>()
        };
        number.ok().filter(|n| n.is_finite())
    }
}

/// The separator that the head of the table has.
fn separator(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    let known = [b',', b';', b'\t'];
    let found = known.into_iter().find(|c| head.as_bytes().contains(c));
    found.unwrap_or(b',')
}

/// Counts lines up to places that only grow.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    /// The line of the row that begins at a byte or behind the ends of lines
    /// there, which the reader leaves to the row that follows.
    fn line_at(&mut self, byte: u64) -> usize {
        let ends = |b: &&u8| matches!(b, b'\r' | b'\n');
        let begin = (byte as usize).min(self.text.len());
        let blank = self.text[begin..].iter().take_while(ends).count();
        let begin = (begin + blank).max(self.at);
        let passed = &self.text[self.at..begin];
        self.line += passed.split(|b| *b == b'\n').count() - 1;
        self.at = begin;
        self.line
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(content: impl AsRef<[u8]>) -> Result<CsvTable> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        CsvTable::read(file.path())
    }

    #[test]
    fn lines_are_those_that_an_editor_shows() {
        for end in ["\n", "\r\n"] {
            let text = ["a;b", "1;2", "", "\"3", "3\";4", "5;6", ""].join(end);
            let table = read(text).unwrap();
            let lines: Vec<usize> = table.rows().iter().map(|row| row.line).collect();
            assert_eq!(lines, [2, 4, 6], "{end:?}");
        }
    }

    #[test]
    fn separators_marks_and_decimal_commas_of_spreadsheets_are_understood() {
        let table = read("\u{feff} a ;b\n\"x;y\";1,5\n").unwrap();
        let [a, b] = table.columns(["a", "b"], "").unwrap();
        let row = &table.rows()[0];
        assert_eq!((row.text(a), table.number(row.text(b))), ("x;y", Some(1.5)));
        assert_eq!(read("a,b\n1,2\n").unwrap().number("1,500"), None);
    }

    #[test]
    fn what_is_no_table_is_said_with_its_line() {
        let said = |content: &[u8]| read(content).unwrap_err().to_string();
        assert!(said(b"a,b\r\n1,2\r\n1\r\n").contains("line 3 has 1 cells, the first line has 2"));
        assert!(said(b"PK\x03\x04\0\0").contains("is no text in UTF-8"));
        assert!(said(b"a,b\n\xe9,1\n").contains("is no text in UTF-8"));
        let missing = read("b\n").unwrap().columns(["a", "b", "c"], "add them");
        let missing = missing.unwrap_err().to_string();
        assert!(
            missing.contains("has no columns a, c; add them"),
            "{missing}"
        );
        assert!(read("").unwrap().rows().is_empty());
    }
}
