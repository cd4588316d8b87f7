//! The store: a GeoPackage or a PostGIS database that holds the series. A file
//! has one writer at a time; in a database several machines write, one at a
//! time to each track.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::columns::{
    OBSERVATIONS, RUNS, RowProblem, TRAINS, observation_from, observation_row, run_from, run_row,
    train_from, train_row,
};
use super::lines::{Line, keep_line};
use super::lock::{Patience, StoreLock};
use super::model::{Observation, ObservationKey, Series, Train};
use super::project::keep_project;
use super::run::Run;
use super::schema::{self, bring_up_to_date};
use crate::error::{Error, Result};
use crate::source::{Access, Edit, Home, Row, Table, TableSet};

/// Where the store is unless the user says otherwise.
pub const DEFAULT_STORE: &str = "railspan.gpkg";

/// The right to write to a store, before it is opened or even there.
pub struct Claim {
    name: PathBuf,
    lock: Option<StoreLock>,
}

/// A store open for writing. Nobody else writes to a file as long as this lives.
pub struct Store {
    name: PathBuf,
    // Before the lock: fields are dropped in order, and the file must be
    // closed when the lock is released.
    pub(super) tables: TableSet,
    _lock: Option<StoreLock>,
}

impl Claim {
    /// Claims a store: a path that ends in `.gpkg`, or `postgresql://…`.
    /// A database is claimed by nobody.
    ///
    /// # Errors
    /// Where the name is none of a store, or a file is being written by
    /// somebody else and patience ends.
    pub fn take(name: &Path, patience: Patience<'_>) -> Result<Self> {
        check_name(name)?;
        let lock = match Home::of(name) {
            Home::File => Some(StoreLock::take(name, patience)?),
            Home::Server => None,
        };
        Ok(Self {
            name: name.to_path_buf(),
            lock,
        })
    }

    /// The name as it was given.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Opens the store; makes an empty one where there is none, and brings an
    /// older one up to date, keeping a copy.
    ///
    /// # Errors
    /// Where the file is no GeoPackage of railspan's, is written by a newer
    /// version, or is damaged; where the database cannot be reached or written.
    pub fn open(self) -> Result<Store> {
        if Home::of(&self.name) == Home::File && !self.name.exists() {
            TableSet::create_file(&self.name, &schema::tables_of(Home::File))?;
        }
        let tables = TableSet::open(&self.name, Access::Update)?;
        Ok(Store {
            tables: bring_up_to_date(&self.name, tables)?,
            name: self.name,
            _lock: self.lock,
        })
    }
}

impl Store {
    /// Claims a store without patience and opens it.
    ///
    /// # Errors
    /// As [`Claim::take`] and [`Claim::open`].
    pub fn open_or_create(name: &Path) -> Result<Self> {
        Claim::take(name, Patience::None)?.open()
    }

    /// Writes captures, each with its trains, in one transaction: rows of the
    /// same crossing, track and capture are replaced. Either all are written
    /// or, after an error or a crash, none.
    ///
    /// # Errors
    /// Where a row breaks the contract or the file cannot be written to.
    pub fn write(&mut self, captures: &[(Observation, Vec<Train>)]) -> Result<()> {
        check(captures)?;
        let mut edit = self.tables.edit()?;
        replace(&mut edit, captures)?;
        keep_project(&self.name, &mut edit)?;
        edit.commit()
    }

    /// Writes captures, the run that they come from and, where it is another
    /// than the store's, the line that they were looked at along, in one
    /// transaction: a run that is noted is whole.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_run(
        &mut self,
        run: &Run,
        line: Option<&Line<'_>>,
        captures: &[(Observation, Vec<Train>)],
    ) -> Result<()> {
        check(captures)?;
        let mut edit = self.tables.edit()?;
        replace(&mut edit, captures)?;
        if let Some(line) = line {
            keep_line(&mut edit, line)?;
        }
        keep_project(&self.name, &mut edit)?;
        note(&mut edit, run)?;
        edit.commit()
    }

    /// Removes captures that are no more: merged into others, or superseded.
    ///
    /// # Errors
    /// Where the file cannot be written to.
    pub fn remove(&mut self, keys: &[ObservationKey]) -> Result<()> {
        let mut edit = self.tables.edit()?;
        lock_tracks(&mut edit, keys.iter())?;
        for key in keys {
            delete(&mut edit, key)?;
        }
        keep_project(&self.name, &mut edit)?;
        edit.commit()
    }

    /// Notes a run, or replaces what was noted of it.
    ///
    /// # Errors
    /// Where the file cannot be written to.
    pub fn record_run(&mut self, run: &Run) -> Result<()> {
        let mut edit = self.tables.edit()?;
        note(&mut edit, run)?;
        edit.commit()
    }

    /// All rows, sorted.
    ///
    /// # Errors
    /// Where a row cannot be read.
    pub fn read(&self) -> Result<Series> {
        read_series(&self.tables)
    }

    /// All observations, sorted.
    ///
    /// # Errors
    /// Where a row cannot be read.
    pub fn observations(&self) -> Result<Vec<Observation>> {
        let mut series = Series {
            observations: read_table(&self.tables, &OBSERVATIONS, observation_from)?,
            trains: Vec::new(),
        };
        series.sort();
        Ok(series.observations)
    }

    /// All runs, by start and id.
    ///
    /// # Errors
    /// Where a row cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>> {
        let mut runs = read_table(&self.tables, &RUNS, run_from)?;
        runs.sort_by(|a, b| (a.started, &a.stamp).cmp(&(b.started, &b.stamp)));
        Ok(runs)
    }
}

/// Reads the series of a store without taking it from its writer.
///
/// # Errors
/// Where there is no store, or it is none of railspan's, written by a newer
/// version, or damaged.
pub fn load(name: &Path) -> Result<Series> {
    read_series(&open(name)?)
}

/// Opens a store for reading.
pub(super) fn open(name: &Path) -> Result<TableSet> {
    check_name(name)?;
    if Home::of(name) == Home::File && !name.exists() {
        return Err(schema::missing(name));
    }
    let tables = TableSet::open(name, Access::Read)?;
    schema::version(&tables)?;
    Ok(tables)
}

fn check(captures: &[(Observation, Vec<Train>)]) -> Result<()> {
    let mut captures = captures.iter();
    captures.try_for_each(|(observation, trains)| observation.check(trains))
}

fn replace(edit: &mut Edit<'_>, captures: &[(Observation, Vec<Train>)]) -> Result<()> {
    lock_tracks(edit, captures.iter().map(|(o, _)| &o.key))?;
    for (observation, _) in captures {
        delete(edit, &observation.key)?;
    }
    let rows: Vec<Row> = captures.iter().map(|(o, _)| observation_row(o)).collect();
    edit.insert(&OBSERVATIONS, &rows)?;
    let trains = captures.iter().flat_map(|(_, trains)| trains);
    let rows: Vec<Row> = trains.map(train_row).collect();
    edit.insert(&TRAINS, &rows)
}

fn note(edit: &mut Edit<'_>, run: &Run) -> Result<()> {
    edit.delete(&RUNS, &[("run_id", &run.stamp.run_id)])?;
    edit.insert(&RUNS, &[run_row(run)])
}

/// Locks the tracks of some observations, all in one order, so that two
/// machines never wait for each other.
fn lock_tracks<'a>(
    edit: &mut Edit<'_>,
    keys: impl Iterator<Item = &'a ObservationKey>,
) -> Result<()> {
    let tracks: BTreeSet<(&str, &str)> = keys
        .map(|key| (key.crossing.as_str(), key.track.as_str()))
        .collect();
    let mut tracks = tracks.into_iter();
    tracks.try_for_each(|(crossing, track)| edit.lock(&format!("{crossing}/{track}")))
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

fn read_series(tables: &TableSet) -> Result<Series> {
    let mut series = Series {
        observations: read_table(tables, &OBSERVATIONS, observation_from)?,
        trains: read_table(tables, &TRAINS, train_from)?,
    };
    series.sort();
    Ok(series)
}

pub(super) fn read_table<T>(
    tables: &TableSet,
    table: &Table,
    from: fn(Row) -> std::result::Result<T, RowProblem>,
) -> Result<Vec<T>> {
    let rows = tables.read(table)?.into_iter();
    rows.map(|row| {
        from(row).map_err(|problem| {
            let problem = format!("table {}: {problem}", table.name);
            let remedy = "undo what was changed by hand, or run again";
            Error::content(tables.name(), problem, remedy)
        })
    })
    .collect()
}

pub(super) fn check_name(name: &Path) -> Result<()> {
    let file = name
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("gpkg"));
    if file || Home::of(name) == Home::Server {
        return Ok(());
    }
    let expected = format!(
        "a file name that ends in .gpkg, such as {DEFAULT_STORE}, or postgresql://HOST/DATABASE"
    );
    Err(Error::value("--store", name.display(), expected))
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
