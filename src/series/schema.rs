//! The version of a store's tables, and the way from an older one to this.

use std::path::{Path, PathBuf};

use super::columns::{META, OBSERVATIONS, REVIEWS, RUNS, TRAINS};
use super::lines::TRACKS;
use super::project::keep_project;
use super::style::{STYLES, add_style};
use super::whole_file::folder_of;
use crate::error::{Error, Result};
use crate::source::{Access, Cell, Home, Row, Table, TableSet};

/// All tables of a store; a file also says how they are to be drawn.
pub(super) fn tables_of(home: Home) -> Vec<Table> {
    let mut tables = vec![OBSERVATIONS, TRAINS, TRACKS, RUNS, REVIEWS, META];
    if home == Home::File {
        tables.push(STYLES);
    }
    tables
}

/// Version of the tables; a change of names or meanings counts it up. Tables
/// and columns that are new are added to older stores without further ado.
///
/// 1: the first; 2: runs are of one track each.
pub(super) const SCHEMA_VERSION: u32 = 2;

const OTHER_STORE: &str = "name another --store, or move this file away";

/// The version of the tables.
///
/// # Errors
/// Where this is no store, or one of a newer version.
pub(super) fn version(tables: &TableSet) -> Result<u32> {
    let name = tables.name();
    let foreign = match Home::of(name) {
        Home::File => Error::content(
            name,
            "is a GeoPackage, but no store of railspan's",
            OTHER_STORE,
        ),
        Home::Server => missing(name),
    };
    if !tables.has(&META) {
        return Err(foreign);
    }
    let rows = tables.read(&META)?;
    let version = rows.iter().find_map(|row| match row.cells.as_slice() {
        [Cell::Text(name), Cell::Text(value)] if name == "schema" => value.parse::<u32>().ok(),
        _ => None,
    });
    match version {
        Some(version) if version > SCHEMA_VERSION => {
            let problem = format!(
                "was written by a newer railspan (tables of version {version}; this one knows {SCHEMA_VERSION})"
            );
            Err(Error::content(name, problem, "install the newer railspan"))
        }
        Some(version) => Ok(version),
        None => Err(foreign),
    }
}

/// Whether there is a store among what tables there are.
pub(super) fn is_store(tables: &TableSet) -> bool {
    tables.has(&META)
}

/// There is no store of this name.
pub(super) fn missing(name: &Path) -> Error {
    Error::content(
        name,
        "there is no such store",
        "check --store, or make one with `railspan run`",
    )
}

/// Makes the tables those of this version: of an empty store at once, of an
/// older one with a copy kept beside it.
///
/// # Errors
/// As [`version`], or where the copy or the tables cannot be written.
pub(super) fn bring_up_to_date(name: &Path, mut tables: TableSet) -> Result<TableSet> {
    tables.keep_others_out(true)?;
    let home = Home::of(name);
    let all = tables_of(home);
    if home == Home::Server && !tables.has(&META) {
        tables.add_missing(&all)?;
    }
    if tables.has(&META) && tables.read(&META)?.is_empty() {
        set_version(&mut tables)?;
    }
    let found = version(&tables)?;
    if found < SCHEMA_VERSION {
        keep_copy(name, &tables, found)?;
    }
    if found < SCHEMA_VERSION || all.iter().any(|table| !tables.has(table)) {
        tables.add_missing(&all)?;
        if home == Home::File {
            // What was opened before does not know the new columns.
            drop(tables);
            tables = TableSet::open(name, Access::Update)?;
        }
        set_version(&mut tables)?;
    }
    if home == Home::File {
        add_style(&mut tables)?;
        let mut edit = tables.edit()?;
        keep_project(name, &mut edit)?;
        edit.commit()?;
    }
    tables.keep_others_out(false)?;
    Ok(tables)
}

fn keep_copy(name: &Path, tables: &TableSet, found: u32) -> Result<()> {
    let copy = match Home::of(name) {
        Home::File => copied(name, found)?.display().to_string(),
        Home::Server => {
            let suffix = format!("_v{found}");
            tables.copy_tables(&tables_of(Home::Server), &suffix)?;
            format!("tables that end in {suffix}")
        }
    };
    log::info!(
        "{}: brought from version {found} to {SCHEMA_VERSION}; what it was is kept in {copy}",
        tables.name().display()
    );
    Ok(())
}

/// Copies a file to `NAME.vN.gpkg`. A copy that is there is of the same
/// version and was made by a run that was cut off: it is the one to keep.
fn copied(path: &Path, version: u32) -> Result<PathBuf> {
    let copy = path.with_extension(format!("v{version}.gpkg"));
    if copy.exists() {
        return Ok(copy);
    }
    let folder = folder_of(path);
    let mut draft = tempfile::Builder::new()
        .prefix(".railspan-")
        .tempfile_in(folder)
        .map_err(Error::io(folder))?;
    let mut original = std::fs::File::open(path).map_err(Error::io(path))?;
    std::io::copy(&mut original, &mut draft).map_err(Error::io(&copy))?;
    let open_to = original.metadata().map_err(Error::io(path))?.permissions();
    draft
        .as_file()
        .set_permissions(open_to)
        .map_err(Error::io(&copy))?;
    draft.as_file().sync_all().map_err(Error::io(&copy))?;
    draft
        .persist_noclobber(&copy)
        .map_err(|e| Error::io(&copy)(e.error))?;
    Ok(copy)
}

fn set_version(tables: &mut TableSet) -> Result<()> {
    let mut edit = tables.edit()?;
    edit.delete(&META, &[("name", "schema")])?;
    edit.insert(&META, &[meta_row("schema", &SCHEMA_VERSION.to_string())])?;
    edit.commit()
}

pub(super) fn meta_row(name: &str, value: &str) -> Row {
    Row {
        cells: vec![Cell::Text(name.to_owned()), Cell::Text(value.to_owned())],
        line: Vec::new(),
    }
}
