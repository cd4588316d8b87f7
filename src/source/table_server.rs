//! A PostGIS database as the home of tables.
//!
//! Everything goes through the raster library's PostgreSQL driver, which finds
//! passwords where all programs of PostgreSQL do: `~/.pgpass`, `PGPASSWORD`.

use std::path::{Path, PathBuf};

use gdal::errors::GdalError;
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};

use super::settings::prepare;
use super::table::{Cell, ColumnKind, Row, Table, key_index, name_list, quoted};
use super::table_set::{Access, execute, explain, scalar};
use crate::error::{Error, Result};

const CONNECT: &str =
    "check the address, that the server runs, and the password (PGPASSWORD or ~/.pgpass)";

/// Rows in one statement.
const ROWS_AT_ONCE: usize = 200;

/// How every session talks: times in UTC, text in UTF-8, backslashes as they are.
const MANNERS: &str =
    "SET TIME ZONE 'UTC'; SET client_encoding = 'UTF8'; SET standard_conforming_strings = on";

/// Whether a store's name is that of a database.
pub(super) fn is_server(name: &Path) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("postgresql://") || name.starts_with("postgres://")
}

/// The name without user and password, to be shown.
pub(super) fn shown(name: &Path) -> PathBuf {
    let text = name.to_string_lossy();
    let Some((scheme, rest)) = text.split_once("://") else {
        return name.to_path_buf();
    };
    let (place, _) = rest.split_once('?').unwrap_or((rest, ""));
    let (before, database) = place.split_once('/').unwrap_or((place, ""));
    let host = before.rsplit_once('@').map_or(before, |(_, host)| host);
    PathBuf::from(format!("{scheme}://{host}/{database}"))
}

/// Connects to a database.
pub(super) fn connect(name: &Path, access: Access) -> Result<Dataset> {
    prepare();
    let shown = shown(name);
    let mode = match access {
        Access::Read => GdalOpenFlags::GDAL_OF_READONLY,
        Access::Update => GdalOpenFlags::GDAL_OF_UPDATE,
    };
    let options = DatasetOptions {
        open_flags: mode | GdalOpenFlags::GDAL_OF_VECTOR | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
        allowed_drivers: Some(&["PostgreSQL"]),
        // Of a database that others use too, its thousand tables are not listed.
        open_options: Some(&["LIST_ALL_TABLES=NO"]),
        ..DatasetOptions::default()
    };
    let dataset = Dataset::open_ex(name, options).map_err(|error| {
        let problem = format!("cannot be reached{}", reason(&error));
        Error::content(&shown, problem, CONNECT)
    })?;
    execute(&dataset, MANNERS).map_err(|e| explain(&shown, "cannot be used", &e))?;
    Ok(dataset)
}

/// The driver's reason for a failed connection; not where it repeats the
/// address, which may hold a password.
fn reason(error: &GdalError) -> String {
    let said = match error {
        GdalError::CplError { msg, .. } | GdalError::NullPointer { msg, .. } => msg.as_str(),
        _ => "",
    };
    match said.lines().find_map(|line| line.split_once("failed: ")) {
        Some((_, reason)) if !reason.contains("://") => format!(" ({})", reason.trim()),
        _ => String::new(),
    }
}

/// Adds the tables and columns that are not there.
pub(super) fn add_missing(dataset: &mut Dataset, tables: &[Table]) -> gdal::errors::Result<()> {
    let transaction = dataset.start_transaction()?;
    if tables.iter().any(|t| t.lines) {
        execute(&transaction, "CREATE EXTENSION IF NOT EXISTS postgis")?;
    }
    for table in tables {
        let name = quoted(table.name, '"');
        let sql = format!("CREATE TABLE IF NOT EXISTS {name} (fid bigserial PRIMARY KEY)");
        execute(&transaction, &sql)?;
        let mut columns: Vec<(&str, &str)> = Vec::new();
        columns.extend(table.columns.iter().map(|(n, kind)| (*n, sql_type(*kind))));
        if table.lines {
            columns.push(("geometry", "geometry(LineString, 4326)"));
        }
        for (column, kind) in columns {
            let column = quoted(column, '"');
            let sql = format!("ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {column} {kind}");
            execute(&transaction, &sql)?;
        }
        execute(&transaction, &key_index(table))?;
    }
    transaction.commit()
}

/// Whether a table is there.
pub(super) fn has(dataset: &Dataset, table: &Table) -> bool {
    let name = quoted(&quoted(table.name, '"'), '\'');
    let sql = format!("SELECT to_regclass({name})::text");
    matches!(scalar(dataset, &sql), Ok(Some(name)) if !name.is_empty())
}

/// Takes a lock that lasts until it is given back or the connection ends.
pub(super) fn lock_session(dataset: &Dataset, take: bool) -> gdal::errors::Result<()> {
    let verb = if take { "lock" } else { "unlock" };
    let sql = format!("SELECT pg_advisory_{verb}(hashtextextended('railspan store', 0))::text");
    scalar(dataset, &sql).map(drop)
}

/// Takes a lock that lasts until the end of the transaction.
pub(super) fn lock(dataset: &Dataset, what: &str) -> gdal::errors::Result<()> {
    let key = quoted(&format!("railspan {what}"), '\'');
    let sql = format!("SELECT pg_advisory_xact_lock(hashtextextended({key}, 0))::text");
    scalar(dataset, &sql).map(drop)
}

/// Adds rows; those whose key is there already are replaced.
pub(super) fn upsert(dataset: &Dataset, table: &Table, rows: &[Row]) -> gdal::errors::Result<()> {
    let mut names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    if table.lines {
        names.push("geometry");
    }
    let change = |name: &&str| format!("{0} = EXCLUDED.{0}", quoted(name, '"'));
    let changes: Vec<String> = names.iter().map(change).collect();
    for some in rows.chunks(ROWS_AT_ONCE) {
        let values: Vec<String> = some.iter().map(|row| tuple(table, row)).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES {} ON CONFLICT ({}) DO UPDATE SET {}",
            quoted(table.name, '"'),
            name_list(names.iter().copied()),
            values.join(", "),
            name_list(table.key.iter().copied()),
            changes.join(", ")
        );
        execute(dataset, &sql)?;
    }
    Ok(())
}

fn sql_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "text",
        ColumnKind::Integer => "bigint",
        ColumnKind::Real => "double precision",
        ColumnKind::Time => "timestamptz(3)",
    }
}

fn tuple(table: &Table, row: &Row) -> String {
    let columns = table.columns.iter().zip(&row.cells);
    let mut values: Vec<String> = columns.map(|((_, kind), c)| literal(*kind, c)).collect();
    if table.lines {
        let place = |p: &crate::geo::LonLat| format!("{:?} {:?}", p.lon_deg, p.lat_deg);
        let places: Vec<String> = row.line.iter().map(place).collect();
        values.push(match places.as_slice() {
            [] => "NULL".to_owned(),
            _ => format!("ST_GeomFromText('LINESTRING({})', 4326)", places.join(", ")),
        });
    }
    format!("({})", values.join(", "))
}

/// Numbers in as many digits as give them back to the bit.
fn literal(kind: ColumnKind, cell: &Cell) -> String {
    let value = match cell {
        Cell::Text(text) => quoted(text, '\''),
        Cell::Integer(number) => format!("'{number}'"),
        Cell::Real(number) if number.is_finite() => format!("'{number:?}'"),
        Cell::Time(time) => format!("'{}'", time.strftime("%Y-%m-%d %H:%M:%S.%3f+00")),
        Cell::Empty | Cell::Real(_) => "NULL".to_owned(),
    };
    format!("{value}::{}", sql_type(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (name, without) in [
            (
                "postgresql://me:se@cret@host:5432/db",
                "postgresql://host:5432/db",
            ),
            (
                "postgresql://me@host/db?password=secret",
                "postgresql://host/db",
            ),
            ("postgres://host", "postgres://host/"),
        ] {
            assert!(is_server(Path::new(name)));
            assert_eq!(shown(Path::new(name)), Path::new(without));
        }
        assert!(!is_server(Path::new("postgresql.gpkg")));
    }

    #[test]
    fn values_cannot_leave_their_quotes() {
        let text = Cell::Text("'); DROP TABLE \"x\"; --\\\0".into());
        let literal = literal(ColumnKind::Text, &text);
        assert_eq!(literal, "'''); DROP TABLE \"x\"; --\\\u{fffd}'::text");
    }
}
