//! Tables, their columns and rows, whatever holds them.
//!
//! Which tables and columns there are is the caller's business. Time is kept to
//! the millisecond, which is what a GeoPackage holds (OGC 12-128r19, table 1);
//! numbers that are not finite become empty cells.

use jiff::Timestamp;

use crate::geo::LonLat;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A floating point number.
    Real,
    /// A moment, UTC.
    Time,
}

/// A table: its columns in order, and what makes a row unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Names and kinds of its columns.
    pub columns: &'static [(&'static str, ColumnKind)],
    /// Columns whose values together occur once.
    pub key: &'static [&'static str],
    /// Whether a row has a line on the map, WGS 84.
    pub lines: bool,
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing is known.
    Empty,
    /// Text; NUL characters are kept as U+FFFD, which the format can hold.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// A moment.
    Time(Timestamp),
}

/// One row of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// One cell a column, in the table's order.
    pub cells: Vec<Cell>,
    /// The line of the row; empty where the table has none.
    pub line: Vec<LonLat>,
}

/// SQL text or identifier: the quote doubled, NUL replaced.
pub(super) fn quoted(text: &str, quote: char) -> String {
    let doubled = storable(text).replace(quote, &format!("{quote}{quote}"));
    format!("{quote}{doubled}{quote}")
}

/// Names as a list of SQL identifiers.
pub(super) fn name_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|n| quoted(n, '"')).collect();
    names.join(", ")
}

/// The index that keeps a table's key unique, as SQL.
pub(super) fn key_index(table: &Table) -> String {
    format!(
        "CREATE UNIQUE INDEX IF NOT EXISTS {} ON {} ({})",
        quoted(&format!("{}_key", table.name), '"'),
        quoted(table.name, '"'),
        name_list(table.key.iter().copied())
    )
}

/// Text without NUL, which no table can hold.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
