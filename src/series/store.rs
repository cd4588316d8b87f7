//! The store: a GeoPackage that holds the series, one writer at a time.

use std::path::{Path, PathBuf};

use super::columns::{
    META, OBSERVATIONS, RUNS, RowProblem, TRAINS, observation_from, observation_row, run_from,
    run_row, train_from, train_row,
};
use super::lock::StoreLock;
use super::model::{Observation, ObservationKey, Series, Train};
use super::run::Run;
use crate::error::{Error, Result};
use crate::source::{Access, Cell, Edit, Row, Table, TableFile};

/// Where the store is unless the user says otherwise.
pub const DEFAULT_STORE: &str = "railspan.gpkg";

/// Version of the tables; a change of names or meanings counts it up.
const SCHEMA_VERSION: u32 = 1;

const OTHER_STORE: &str = "name another --store, or move this file away";

/// A store open for writing. Nobody else writes to it as long as this lives.
pub struct Store {
    pub(super) path: PathBuf,
    // Before the lock: fields are dropped in order, and the file must be
    // closed when the lock is released.
    pub(super) file: TableFile,
    _lock: StoreLock,
}

impl Store {
    /// Opens the store for writing; makes an empty one where there is none.
    ///
    /// # Errors
    /// Where the path is no GeoPackage of railspan's, is written by a newer
    /// version, is damaged, or is being written by somebody else.
    pub fn open_or_create(path: &Path) -> Result<Self> {
        check_name(path)?;
        let lock = StoreLock::take(path)?;
        if !path.exists() {
            TableFile::create(path, &[OBSERVATIONS, TRAINS, RUNS, META])?;
        }
        let mut file = TableFile::open(path, Access::Update)?;
        if file.has(&META) && file.read(&META)?.is_empty() {
            let mut edit = file.edit()?;
            edit.insert(&META, &[meta_row("schema", &SCHEMA_VERSION.to_string())])?;
            edit.commit()?;
        }
        check_schema(path, &file)?;
        Ok(Self {
            path: path.to_path_buf(),
            file,
            _lock: lock,
        })
    }

    /// Writes captures, each with its trains, in one transaction: rows of the
    /// same crossing, track and capture are replaced. Either all are written
    /// or, after an error or a crash, none.
    ///
    /// # Errors
    /// Where a row breaks the contract or the file cannot be written to.
    pub fn write(&mut self, captures: &[(Observation, Vec<Train>)]) -> Result<()> {
        for (observation, trains) in captures {
            observation.check(trains)?;
        }
        let mut edit = self.file.edit()?;
        for (observation, trains) in captures {
            delete(&mut edit, &observation.key)?;
            edit.insert(&OBSERVATIONS, &[observation_row(observation)])?;
            let rows: Vec<Row> = trains.iter().map(train_row).collect();
            edit.insert(&TRAINS, &rows)?;
        }
        edit.commit()
    }

    /// Removes captures that are no more: merged into others, or superseded.
    ///
    /// # Errors
    /// Where the file cannot be written to.
    pub fn remove(&mut self, keys: &[ObservationKey]) -> Result<()> {
        let mut edit = self.file.edit()?;
        for key in keys {
            delete(&mut edit, key)?;
        }
        edit.commit()
    }

    /// Notes a run, or replaces what was noted of it.
    ///
    /// # Errors
    /// Where the file cannot be written to.
    pub fn record_run(&mut self, run: &Run) -> Result<()> {
        let mut edit = self.file.edit()?;
        edit.delete(&RUNS, &[("run_id", &run.stamp.run_id)])?;
        edit.insert(&RUNS, &[run_row(run)])?;
        edit.commit()
    }

    /// All rows, sorted.
    ///
    /// # Errors
    /// Where a row cannot be read.
    pub fn read(&self) -> Result<Series> {
        read_series(&self.path, &self.file)
    }

    /// All runs, by start and id.
    ///
    /// # Errors
    /// Where a row cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>> {
        let mut runs = read_table(&self.path, &self.file, &RUNS, run_from)?;
        runs.sort_by(|a, b| (a.started, &a.stamp).cmp(&(b.started, &b.stamp)));
        Ok(runs)
    }
}

/// Reads the series of a store without taking it from its writer.
///
/// # Errors
/// Where there is no store, or it is none of railspan's, written by a newer
/// version, or damaged.
pub fn load(path: &Path) -> Result<Series> {
    read_series(path, &open(path)?)
}

/// Opens a store for reading.
pub(super) fn open(path: &Path) -> Result<TableFile> {
    check_name(path)?;
    if !path.exists() {
        return Err(Error::content(
            path,
            "there is no such store",
            "check --store, or make one with `railspan run`",
        ));
    }
    let file = TableFile::open(path, Access::Read)?;
    check_schema(path, &file)?;
    Ok(file)
}

fn delete(edit: &mut Edit<'_>, key: &ObservationKey) -> Result<()> {
    let matching = [
        ("crossing", key.crossing.as_str()),
        ("track", key.track.as_str()),
        ("capture", key.capture.as_str()),
    ];
    edit.delete(&TRAINS, &matching)?;
    edit.delete(&OBSERVATIONS, &matching)
}

fn read_series(path: &Path, file: &TableFile) -> Result<Series> {
    let mut series = Series {
        observations: read_table(path, file, &OBSERVATIONS, observation_from)?,
        trains: read_table(path, file, &TRAINS, train_from)?,
    };
    series.sort();
    Ok(series)
}

pub(super) fn read_table<T>(
    path: &Path,
    file: &TableFile,
    table: &Table,
    from: fn(Row) -> std::result::Result<T, RowProblem>,
) -> Result<Vec<T>> {
    let rows = file.read(table)?.into_iter();
    rows.map(|row| {
        from(row).map_err(|problem| {
            let problem = format!("table {}: {problem}", table.name);
            Error::content(path, problem, "undo what was changed by hand, or run again")
        })
    })
    .collect()
}

fn meta_row(name: &str, value: &str) -> Row {
    Row {
        cells: vec![Cell::Text(name.to_owned()), Cell::Text(value.to_owned())],
        line: Vec::new(),
    }
}

fn check_name(path: &Path) -> Result<()> {
    let named = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("gpkg"));
    if named {
        return Ok(());
    }
    let expected = format!("a file name that ends in .gpkg, such as {DEFAULT_STORE}");
    Err(Error::value("--store", path.display(), expected))
}

fn check_schema(path: &Path, file: &TableFile) -> Result<()> {
    let foreign = || {
        Error::content(
            path,
            "is a GeoPackage, but no store of railspan's",
            OTHER_STORE,
        )
    };
    if !file.has(&META) {
        return Err(foreign());
    }
    let rows = file.read(&META)?;
    let version = rows.iter().find_map(|row| match row.cells.as_slice() {
        [Cell::Text(name), Cell::Text(value)] if name == "schema" => value.parse::<u32>().ok(),
        _ => None,
    });
    match version {
        Some(version) if version > SCHEMA_VERSION => {
            let problem = format!(
                "was written by a newer railspan (tables of version {version}; this one knows {SCHEMA_VERSION})"
            );
            Err(Error::content(path, problem, "install the newer railspan"))
        }
        Some(_) => Ok(()),
        None => Err(foreign()),
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
