//! Tables in one GeoPackage file, written in transactions.
//!
//! Generic: which tables and columns there are is the caller's business. Time
//! is kept to the millisecond, which is what the format holds (OGC 12-128r19,
//! table 1); numbers that are not finite become empty cells.

use std::path::{Path, PathBuf};

use gdal::errors::GdalError;
use gdal::raster::RasterCreationOptions;
use gdal::spatial_ref::{AxisMappingStrategy, SpatialRef};
use gdal::vector::sql::Dialect;
use gdal::vector::{
    Feature, FieldDefn, Geometry, Layer, LayerAccess, LayerOptions, OGRFieldType,
    OGRwkbGeometryType, Transaction,
};
use gdal::{Dataset, DatasetOptions, DriverManager, GdalOpenFlags};
use jiff::Timestamp;

use super::settings::prepare;
use crate::error::{Error, Result};
use crate::geo::LonLat;

const NOT_A_STORE: &str = "name another file, or move this one away";

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

/// What is to be done with a table file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read only.
    Read,
    /// Read and write.
    Update,
}

/// An open GeoPackage.
pub struct TableFile {
    path: PathBuf,
    dataset: Dataset,
}

/// Changes that become visible together, at [`Edit::commit`]; dropped without
/// it, the file stays as it was.
pub struct Edit<'a> {
    path: &'a Path,
    transaction: Transaction<'a>,
    maps: Vec<&'static str>,
}

impl TableFile {
    /// Creates the file with empty tables. It appears under its name only
    /// when it is whole.
    ///
    /// # Errors
    /// Where the folder cannot be written to or the name is taken.
    pub fn create(path: &Path, tables: &[Table]) -> Result<()> {
        prepare();
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let workshop = tempfile::Builder::new()
            .prefix(".railspan-")
            .tempdir_in(folder)
            .map_err(Error::io(folder))?;
        let draft = workshop.path().join("new.gpkg");
        create_tables(&draft, tables).map_err(|e| explain(path, "could not be created", &e))?;
        tempfile::TempPath::try_from_path(&draft)
            .map_err(Error::io(&draft))?
            .persist_noclobber(path)
            .map_err(|e| Error::io(path)(e.error))
    }

    /// Opens an existing file and checks that it is sound.
    ///
    /// # Errors
    /// Where it is missing, no GeoPackage, damaged, or locked.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        prepare();
        // A path of its own, so that no prefix of the library's can be read into it.
        let name = std::path::absolute(path).map_err(Error::io(path))?;
        std::fs::File::open(&name).map_err(Error::io(path))?;
        let opened = match access {
            Access::Update => open_dataset(&name, GdalOpenFlags::GDAL_OF_UPDATE),
            Access::Read => open_for_reading(&name),
        };
        let dataset = opened.map_err(|e| explain(path, "is not a readable GeoPackage", &e))?;
        let file = Self {
            path: path.to_path_buf(),
            dataset,
        };
        file.check()?;
        Ok(file)
    }

    fn check(&self) -> Result<()> {
        let verdict = self
            .scalar("PRAGMA quick_check(1)")
            .map_err(|e| explain(&self.path, "cannot be checked", &e))?;
        if verdict.as_deref() == Some("ok") {
            return Ok(());
        }
        let problem = format!("is damaged: {}", verdict.unwrap_or_default());
        Err(Error::content(&self.path, problem, NOT_A_STORE))
    }

    fn scalar(&self, sql: &str) -> gdal::errors::Result<Option<String>> {
        let Some(mut rows) = self.dataset.execute_sql(sql, None, Dialect::DEFAULT)? else {
            return Ok(None);
        };
        match rows.features().next() {
            Some(feature) => feature.field_as_string(0),
            None => Ok(None),
        }
    }

    /// Whether there is a table of this name.
    #[must_use]
    pub fn has(&self, table: &Table) -> bool {
        self.dataset.layers().any(|l| l.name() == table.name)
    }

    /// Adds the tables that are not there.
    ///
    /// # Errors
    /// Where the file cannot be written to.
    pub fn add_missing(&mut self, tables: &[Table]) -> Result<()> {
        let missing: Vec<Table> = tables.iter().filter(|t| !self.has(t)).copied().collect();
        add_tables(&mut self.dataset, &missing)
            .map_err(|e| explain(&self.path, "a table could not be added", &e))
    }

    /// All rows of a table, in the order of the file.
    ///
    /// # Errors
    /// Where the table or one of its columns is missing or unreadable.
    pub fn read(&self, table: &Table) -> Result<Vec<Row>> {
        let wrong = |e: &GdalError| {
            let doing = format!("has no readable table {}", table.name);
            explain(&self.path, &doing, e)
        };
        let mut layer = self
            .dataset
            .layer_by_name(table.name)
            .map_err(|e| wrong(&e))?;
        let fields = field_indices(&layer, table).map_err(|e| wrong(&e))?;
        layer
            .features()
            .map(|feature| read_row(&feature, table, &fields))
            .collect::<gdal::errors::Result<_>>()
            .map_err(|e| wrong(&e))
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// Where the file cannot be written to.
    pub fn edit(&mut self) -> Result<Edit<'_>> {
        let transaction = self
            .dataset
            .start_transaction()
            .map_err(|e| explain(&self.path, "cannot be written to", &e))?;
        Ok(Edit {
            path: &self.path,
            transaction,
            maps: Vec::new(),
        })
    }
}

impl Edit<'_> {
    /// Deletes the rows whose named columns hold exactly these texts; all rows
    /// where none is named.
    ///
    /// # Errors
    /// Where the file cannot be written to.
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
            .map_err(|e| explain(self.path, "a row could not be deleted", &e))
    }

    /// Adds rows.
    ///
    /// # Errors
    /// Where a row repeats a key, or the file cannot be written to.
    pub fn insert(&mut self, table: &Table, rows: &[Row]) -> Result<()> {
        self.touch(table);
        insert_rows(&self.transaction, table, rows).map_err(|e| {
            let doing = format!("a row could not be added to table {}", table.name);
            explain(self.path, &doing, &e)
        })
    }

    /// Makes the changes visible and durable.
    ///
    /// # Errors
    /// Where the file cannot be written to; it then is as before the edit.
    pub fn commit(self) -> Result<()> {
        let failed = |e: &GdalError| explain(self.path, "changes could not be saved", e);
        // Left to itself the library saves extents on closing only, and never shrinks them.
        for name in &self.maps {
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

fn open_dataset(path: &Path, mode: GdalOpenFlags) -> gdal::errors::Result<Dataset> {
    let options = DatasetOptions {
        open_flags: mode | GdalOpenFlags::GDAL_OF_VECTOR | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
        allowed_drivers: Some(&["GPKG"]),
        ..DatasetOptions::default()
    };
    Dataset::open_ex(path, options)
}

/// A writer that was killed leaves a journal, from which its half-done
/// transaction must be undone before anything can be read; only who may write
/// can do that (<https://www.sqlite.org/lockingv3.html#hot_journals>).
fn open_for_reading(path: &Path) -> gdal::errors::Result<Dataset> {
    let read = || open_dataset(path, GdalOpenFlags::GDAL_OF_READONLY);
    let mut journal = path.as_os_str().to_owned();
    journal.push("-journal");
    match read() {
        Err(_) if Path::new(&journal).exists() => {
            open_dataset(path, GdalOpenFlags::GDAL_OF_UPDATE)?.close()?;
            read()
        }
        opened => opened,
    }
}

fn create_tables(path: &Path, tables: &[Table]) -> gdal::errors::Result<()> {
    // The library's own row counts would be saved only on closing, and so be
    // wrong after a crash; without them rows are counted when asked for.
    let options = RasterCreationOptions::from_iter(["ADD_GPKG_OGR_CONTENTS=NO"]);
    let driver = DriverManager::get_driver_by_name("GPKG")?;
    let mut dataset =
        driver.create_with_band_type_with_options::<u8, _>(path, 0, 0, 0, &options)?;
    add_tables(&mut dataset, tables)?;
    dataset.close()
}

fn add_tables(dataset: &mut Dataset, tables: &[Table]) -> gdal::errors::Result<()> {
    let mut wgs84 = SpatialRef::from_epsg(4326)?;
    wgs84.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    for table in tables {
        let layer = dataset.create_layer(LayerOptions {
            name: table.name,
            srs: table.lines.then_some(&wgs84),
            ty: if table.lines {
                OGRwkbGeometryType::wkbLineString
            } else {
                OGRwkbGeometryType::wkbNone
            },
            options: Some(&["GEOMETRY_NAME=geometry", "SPATIAL_INDEX=YES"]),
        })?;
        for (name, kind) in table.columns {
            FieldDefn::new(name, field_type(*kind))?.add_to_layer(&layer)?;
        }
    }
    for table in tables {
        let columns: Vec<String> = table.key.iter().map(|c| quoted(c, '"')).collect();
        let sql = format!(
            "CREATE UNIQUE INDEX {} ON {} ({})",
            quoted(&format!("{}_key", table.name), '"'),
            quoted(table.name, '"'),
            columns.join(", ")
        );
        execute(dataset, &sql)?;
    }
    Ok(())
}

fn field_type(kind: ColumnKind) -> OGRFieldType::Type {
    match kind {
        ColumnKind::Text => OGRFieldType::OFTString,
        ColumnKind::Integer => OGRFieldType::OFTInteger64,
        ColumnKind::Real => OGRFieldType::OFTReal,
        ColumnKind::Time => OGRFieldType::OFTDateTime,
    }
}

fn execute(dataset: &Dataset, sql: &str) -> gdal::errors::Result<()> {
    dataset.execute_sql(sql, None, Dialect::DEFAULT).map(drop)
}

/// SQL text or identifier: the quote doubled, NUL replaced.
fn quoted(text: &str, quote: char) -> String {
    let doubled = storable(text).replace(quote, &format!("{quote}{quote}"));
    format!("{quote}{doubled}{quote}")
}

fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn field_indices(layer: &Layer<'_>, table: &Table) -> gdal::errors::Result<Vec<usize>> {
    let columns = table.columns.iter();
    columns
        .map(|(name, _)| layer.defn().field_index(name))
        .collect()
}

fn insert_rows(dataset: &Dataset, table: &Table, rows: &[Row]) -> gdal::errors::Result<()> {
    let layer = dataset.layer_by_name(table.name)?;
    let fields = field_indices(&layer, table)?;
    for row in rows {
        let mut feature = Feature::new(layer.defn())?;
        for (&field, cell) in fields.iter().zip(&row.cells) {
            set_cell(&mut feature, field, cell)?;
        }
        if table.lines {
            let mut line = Geometry::empty(OGRwkbGeometryType::wkbLineString)?;
            for place in &row.line {
                line.add_point_2d((place.lon_deg, place.lat_deg));
            }
            feature.set_geometry(line)?;
        }
        feature.create(&layer)?;
    }
    Ok(())
}

fn set_cell(feature: &mut Feature<'_>, field: usize, cell: &Cell) -> gdal::errors::Result<()> {
    match cell {
        Cell::Text(text) => feature.set_field_string(field, &storable(text)),
        Cell::Integer(number) => feature.set_field_integer64(field, *number),
        Cell::Real(number) if number.is_finite() => feature.set_field_double(field, *number),
        Cell::Time(time) => {
            let text = time.strftime("%Y/%m/%d %H:%M:%S.%3f+00").to_string();
            feature.set_field_string(field, &text)
        }
        Cell::Empty | Cell::Real(_) => feature.set_field_null(field),
    }
}

fn read_row(feature: &Feature<'_>, table: &Table, fields: &[usize]) -> gdal::errors::Result<Row> {
    let columns = table.columns.iter().zip(fields);
    let cells = columns
        .map(|(&(_, kind), &field)| read_cell(feature, field, kind))
        .collect::<gdal::errors::Result<_>>()?;
    let mut line = Vec::new();
    if let Some(geometry) = feature.geometry().filter(|_| table.lines) {
        let mut points = Vec::new();
        geometry.get_points(&mut points);
        line.extend(
            points
                .iter()
                .map(|&(lon_deg, lat_deg, _)| LonLat { lon_deg, lat_deg }),
        );
    }
    Ok(Row { cells, line })
}

fn read_cell(feature: &Feature<'_>, field: usize, kind: ColumnKind) -> gdal::errors::Result<Cell> {
    let cell = match kind {
        ColumnKind::Text => feature.field_as_string(field)?.map(Cell::Text),
        ColumnKind::Integer => feature.field_as_integer64(field)?.map(Cell::Integer),
        ColumnKind::Real => feature.field_as_double(field)?.map(Cell::Real),
        ColumnKind::Time => match feature.field_as_string(field)? {
            Some(text) => Some(Cell::Time(parse_time(&text)?)),
            None => None,
        },
    };
    Ok(cell.unwrap_or(Cell::Empty))
}

/// The library writes times as `2023/05/27 05:11:22.123+00`.
fn parse_time(text: &str) -> gdal::errors::Result<Timestamp> {
    let mut iso = text.replace('/', "-").replace(' ', "T");
    if !iso.contains('+') {
        iso.push('Z');
    }
    iso.parse()
        .map_err(|_| GdalError::DateError(format!("{text:?} is no time")))
}

fn explain(path: &Path, doing: &str, error: &GdalError) -> Error {
    let said = match error {
        GdalError::CplError { msg, .. } | GdalError::NullPointer { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    if said.contains("database is locked") {
        return Error::content(
            path,
            "another program is writing to it",
            "wait until it is done, or save and close the file there",
        );
    }
    Error::content(path, format!("{doing} ({said})"), NOT_A_STORE)
}
