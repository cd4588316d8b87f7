//! `QGIS` projects inside a `GeoPackage`.
//!
//! QGIS keeps them in a table of its own making (`QgsGeoPackageProjectStorage`,
//! version 3), into which it writes by position: it must have no other columns.

use gdal::Dataset;

use super::table::quoted;
use super::table_set::{execute, scalar};

/// A project as QGIS stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProject {
    /// What it is called.
    pub name: String,
    /// A JSON object that says who changed it last, and when.
    pub metadata: String,
    /// A `.qgz` archive, in hexadecimal digits.
    pub content: String,
}

const MAKE: &str = "CREATE TABLE IF NOT EXISTS qgis_projects\
                    (name TEXT PRIMARY KEY, metadata BLOB, content BLOB)";

pub(super) fn read(dataset: &Dataset, name: &str) -> gdal::errors::Result<Option<StoredProject>> {
    let there = "SELECT name FROM sqlite_master WHERE name = 'qgis_projects'";
    if scalar(dataset, there)?.is_none() {
        return Ok(None);
    }
    let part = |column: &str| {
        let name = quoted(name, '\'');
        let sql = format!("SELECT CAST({column} AS TEXT) FROM qgis_projects WHERE name = {name}");
        scalar(dataset, &sql)
    };
    let (metadata, content) = (part("metadata")?, part("content")?);
    Ok(metadata
        .zip(content)
        .map(|(metadata, content)| StoredProject {
            name: name.to_owned(),
            metadata,
            content,
        }))
}

pub(super) fn write(dataset: &Dataset, project: &StoredProject) -> gdal::errors::Result<()> {
    execute(dataset, MAKE)?;
    let values = [&project.name, &project.metadata, &project.content];
    let values = values.map(|text| quoted(text, '\'')).join(", ");
    execute(
        dataset,
        &format!("INSERT OR REPLACE INTO qgis_projects VALUES ({values})"),
    )
}
