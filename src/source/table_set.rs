//! Tables in one GeoPackage or one PostGIS database, written in transactions.

use std::path::{Path, PathBuf};

use gdal::Dataset;
use gdal::errors::GdalError;
use gdal::vector::sql::Dialect;
use gdal::vector::{LayerAccess, Transaction};

use super::stored_project::{self, StoredProject};
use super::table::{Row, Table, quoted};
use super::table_rows::{insert_rows, read_rows};
use super::{table_file, table_server};
use crate::error::{Error, Result};

pub(super) const OTHER_STORE: &str = "name another file, or move this one away";

/// What is to be done with tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read only.
    Read,
    /// Read and write.
    Update,
}

/// What holds the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// A GeoPackage.
    File,
    /// A PostGIS database.
    Server,
}

impl Home {
    /// By the name: `postgresql://…` is a database.
    #[must_use]
    pub fn of(name: &Path) -> Self {
        if table_server::is_server(name) {
            Self::Server
        } else {
            Self::File
        }
    }

    /// Where something that belongs to a store is kept on this machine: beside
    /// a file, or in the working folder.
    ///
    /// ```
    /// use std::path::Path;
    /// use railspan::source::Home;
    /// let beside = |store| Home::beside(Path::new(store), "cache");
    /// assert_eq!(beside("results/tumen.gpkg"), Path::new("results/tumen.cache"));
    /// assert_eq!(beside("postgresql://host/trains"), Path::new("railspan.cache"));
    /// ```
    #[must_use]
    pub fn beside(name: &Path, ending: &str) -> PathBuf {
        match Self::of(name) {
            Self::File => name.with_extension(ending),
            Self::Server => Path::new("railspan").with_extension(ending),
        }
    }

    /// A store's name as it may be shown: without user and password.
    #[must_use]
    pub fn shown(name: &Path) -> PathBuf {
        table_server::shown(name)
    }
}

/// Open tables.
pub struct TableSet {
    home: Home,
    /// The name as it may be shown.
    name: PathBuf,
    dataset: Dataset,
}

/// Changes that become visible together, at [`Edit::commit`]; dropped without
/// it, the tables stay as they were.
pub struct Edit<'a> {
    home: Home,
    name: &'a Path,
    transaction: Transaction<'a>,
    maps: Vec<&'static str>,
}

impl TableSet {
    /// Creates a file with empty tables. It appears under its name only when
    /// it is whole.
    ///
    /// # Errors
    /// Where the folder cannot be written to or the name is taken.
    pub fn create_file(path: &Path, tables: &[Table]) -> Result<()> {
        table_file::create(path, tables)
    }

    /// Opens an existing file and checks that it is sound, or connects to a
    /// database.
    ///
    /// # Errors
    /// Where it is missing, no GeoPackage, damaged, locked, or cannot be reached.
    pub fn open(name: &Path, access: Access) -> Result<Self> {
        let home = Home::of(name);
        let dataset = match home {
            Home::File => table_file::open(name, access)?,
            Home::Server => table_server::connect(name, access)?,
        };
        Ok(Self {
            home,
            name: Home::shown(name),
            dataset,
        })
    }

    /// The name as it may be shown: without a password.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Keeps other machines from changing the tables of a database themselves,
    /// until it is given back; a file has one writer anyway.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub fn keep_others_out(&self, out: bool) -> Result<()> {
        match self.home {
            Home::File => Ok(()),
            Home::Server => table_server::lock_session(&self.dataset, out)
                .map_err(|e| explain(&self.name, "cannot be locked", &e)),
        }
    }

    /// Adds the tables and columns that are not there, empty.
    ///
    /// # Errors
    /// Where tables cannot be changed.
    pub fn add_missing(&mut self, tables: &[Table]) -> Result<()> {
        match self.home {
            Home::File => table_file::add_missing(&mut self.dataset, tables),
            Home::Server => table_server::add_missing(&mut self.dataset, tables),
        }
        .map_err(|e| explain(&self.name, "tables could not be added", &e))
    }

    /// Copies tables beside themselves, under names that end in `suffix`;
    /// copies that are there are left alone.
    ///
    /// # Errors
    /// Where the copies cannot be made.
    pub fn copy_tables(&self, tables: &[Table], suffix: &str) -> Result<()> {
        for table in tables.iter().filter(|table| self.has(table)) {
            let sql = format!(
                "CREATE TABLE IF NOT EXISTS {} AS SELECT * FROM {}",
                quoted(&format!("{}{suffix}", table.name), '"'),
                quoted(table.name, '"')
            );
            execute(&self.dataset, &sql)
                .map_err(|e| explain(&self.name, "could not be copied", &e))?;
        }
        Ok(())
    }

    /// Makes an empty database beside this one.
    ///
    /// # Errors
    /// Where it is there already, or the server does not allow it.
    #[cfg(test)]
    pub(crate) fn make_database(&self, name: &str) -> Result<()> {
        let sql = format!("CREATE DATABASE {}", quoted(name, '"'));
        execute(&self.dataset, &sql).map_err(|e| explain(&self.name, "makes no database", &e))
    }

    /// Whether there is a table of this name.
    #[must_use]
    pub fn has(&self, table: &Table) -> bool {
        match self.home {
            Home::File => self.dataset.layers().any(|l| l.name() == table.name),
            Home::Server => table_server::has(&self.dataset, table),
        }
    }

    /// All rows of a table, in no order. Columns that the table does not have
    /// are empty.
    ///
    /// # Errors
    /// Where the table is missing or unreadable.
    pub fn read(&self, table: &Table) -> Result<Vec<Row>> {
        read_rows(&self.dataset, table).map_err(|e| {
            let doing = format!("has no readable table {}", table.name);
            explain(&self.name, &doing, &e)
        })
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// Where nothing can be written.
    pub fn edit(&mut self) -> Result<Edit<'_>> {
        let transaction = self
            .dataset
            .start_transaction()
            .map_err(|e| explain(&self.name, "cannot be written to", &e))?;
        Ok(Edit {
            home: self.home,
            name: &self.name,
            transaction,
            maps: Vec::new(),
        })
    }
}

impl Edit<'_> {
    /// Keeps others from editing the same thing until this edit ends. A file
    /// has one writer anyway.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub fn lock(&mut self, what: &str) -> Result<()> {
        match self.home {
            Home::File => Ok(()),
            Home::Server => table_server::lock(&self.transaction, what)
                .map_err(|e| explain(self.name, "cannot be locked", &e)),
        }
    }

    /// Deletes the rows whose named columns hold exactly these texts; all rows
    /// where none is named.
    ///
    /// # Errors
    /// Where nothing can be written.
    pub fn delete(&mut self, table: &Table, matching: &[(&str, &str)]) -> Result<()> {
        self.touch(table);
        let conditions: Vec<String> = matching
            .iter()
            .map(|(column, text)| format!("{} = {}", quoted(column, '"'), quoted(text, '\'')))
            .collect();
        let mut sql = format!("DELETE FROM {}", quoted(table.name, '"'));
        if !conditions.is_empty() {
            sql += &format!(" WHERE {}", conditions.join(" AND "));
        }
        execute(&self.transaction, &sql)
            .map_err(|e| explain(self.name, "a row could not be deleted", &e))
    }

    /// Adds rows. In a database, rows whose key is there already are replaced.
    ///
    /// # Errors
    /// Where a row repeats a key of a file, or nothing can be written.
    pub fn insert(&mut self, table: &Table, rows: &[Row]) -> Result<()> {
        self.touch(table);
        match self.home {
            Home::File => insert_rows(&self.transaction, table, rows),
            Home::Server => table_server::upsert(&self.transaction, table, rows),
        }
        .map_err(|e| {
            let doing = format!("a row could not be added to table {}", table.name);
            explain(self.name, &doing, &e)
        })
    }

    /// What the lines of a file's table cover, as west, south, east and north
    /// in degrees; `None` where there are none.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn extent_deg(&self, table: &Table) -> Result<Option<[f64; 4]>> {
        table_file::extent_deg(&self.transaction, table)
            .map_err(|e| explain(self.name, "has no readable extent", &e))
    }

    /// The QGIS project of this name in a file.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn project(&self, name: &str) -> Result<Option<StoredProject>> {
        stored_project::read(&self.transaction, name)
            .map_err(|e| explain(self.name, "has no readable QGIS project", &e))
    }

    /// Puts a QGIS project into a file, in place of one of its name.
    ///
    /// # Errors
    /// Where nothing can be written.
    pub fn set_project(&mut self, project: &StoredProject) -> Result<()> {
        stored_project::write(&self.transaction, project)
            .map_err(|e| explain(self.name, "the QGIS project could not be saved", &e))
    }

    /// Makes the changes visible and durable.
    ///
    /// # Errors
    /// Where nothing can be written; everything then is as before the edit.
    pub fn commit(self) -> Result<()> {
        let failed = |e: &GdalError| explain(self.name, "changes could not be saved", e);
        // Left to itself the library saves extents on closing only, and never shrinks them.
        for name in self.maps.iter().filter(|_| self.home == Home::File) {
            let sql = format!("RECOMPUTE EXTENT ON {name}");
            execute(&self.transaction, &sql).map_err(|e| failed(&e))?;
        }
        self.transaction.commit().map_err(|e| failed(&e))
    }

    fn touch(&mut self, table: &Table) {
        if table.lines && !self.maps.contains(&table.name) {
            self.maps.push(table.name);
        }
    }
}

pub(super) fn execute(dataset: &Dataset, sql: &str) -> gdal::errors::Result<()> {
    dataset.execute_sql(sql, None, Dialect::DEFAULT).map(drop)
}

/// The first column of the first row.
pub(super) fn scalar(dataset: &Dataset, sql: &str) -> gdal::errors::Result<Option<String>> {
    let Some(mut rows) = dataset.execute_sql(sql, None, Dialect::DEFAULT)? else {
        return Ok(None);
    };
    match rows.features().next() {
        Some(feature) => feature.field_as_string(0),
        None => Ok(None),
    }
}

pub(super) fn explain(name: &Path, doing: &str, error: &GdalError) -> Error {
    let said = match error {
        GdalError::CplError { msg, .. } | GdalError::NullPointer { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    let said = said.trim_end();
    let remedy = if said.contains("database is locked") {
        return Error::content(
            name,
            "another program is writing to it",
            "wait until it is done, or save and close the file there",
        );
    } else if said.contains("disk is full") || said.contains("disk I/O error") {
        "make room on the disk and run again; what was saved before is whole"
    } else {
        OTHER_STORE
    };
    Error::content(name, format!("{doing} ({said})"), remedy)
}
