//! A GeoPackage as the home of tables.

use std::path::Path;

use gdal::raster::RasterCreationOptions;
use gdal::spatial_ref::{AxisMappingStrategy, SpatialRef};
use gdal::vector::{FieldDefn, LayerAccess, LayerOptions, OGRFieldType, OGRwkbGeometryType};
use gdal::{Dataset, DatasetOptions, DriverManager, GdalOpenFlags};

use super::settings::prepare;
use super::table::{ColumnKind, Table, key_index, quoted};
use super::table_set::{Access, OTHER_STORE, execute, explain, scalar};
use crate::error::{Error, Result};

/// Creates the file with empty tables. It appears under its name only when it
/// is whole.
pub(super) fn create(path: &Path, tables: &[Table]) -> Result<()> {
    prepare();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let workshop = tempfile::Builder::new()
        .prefix(".railspan-")
        .tempdir_in(folder)
        .map_err(Error::io(folder))?;
    let draft = workshop.path().join("new.gpkg");
    draw_up(&draft, tables).map_err(|e| explain(path, "could not be created", &e))?;
    tempfile::TempPath::try_from_path(&draft)
        .map_err(Error::io(&draft))?
        .persist_noclobber(path)
        .map_err(|e| Error::io(path)(e.error))
}

/// Opens an existing file and checks that it is sound.
pub(super) fn open(path: &Path, access: Access) -> Result<Dataset> {
    prepare();
    // A path of its own, so that no prefix of the library's can be read into it.
    let name = std::path::absolute(path).map_err(Error::io(path))?;
    std::fs::File::open(&name).map_err(Error::io(path))?;
    let opened = match access {
        Access::Update => open_dataset(&name, GdalOpenFlags::GDAL_OF_UPDATE),
        Access::Read => open_for_reading(&name),
    };
    let dataset = opened.map_err(|e| explain(path, "is not a readable GeoPackage", &e))?;
    let verdict = scalar(&dataset, "PRAGMA quick_check(1)")
        .map_err(|e| explain(path, "cannot be checked", &e))?;
    if verdict.as_deref() == Some("ok") {
        return Ok(dataset);
    }
    let problem = format!("is damaged: {}", verdict.unwrap_or_default());
    Err(Error::content(path, problem, OTHER_STORE))
}

/// Adds the tables and columns that an older version did not have.
pub(super) fn add_missing(dataset: &mut Dataset, tables: &[Table]) -> gdal::errors::Result<()> {
    for table in tables {
        if let Ok(layer) = dataset.layer_by_name(table.name) {
            for (name, kind) in table.columns {
                if layer.defn().field_index(name).is_err() {
                    FieldDefn::new(name, field_type(*kind))?.add_to_layer(&layer)?;
                }
            }
        } else {
            add_table(dataset, table)?;
            execute(dataset, &key_index(table))?;
        }
    }
    Ok(())
}

/// What the lines of a table cover, by its geometries: the metadata follow at
/// the end of an edit only.
pub(super) fn extent_deg(
    dataset: &Dataset,
    table: &Table,
) -> gdal::errors::Result<Option<[f64; 4]>> {
    let mut sides = Vec::new();
    for side in ["min(ST_MinX", "min(ST_MinY", "max(ST_MaxX", "max(ST_MaxY"] {
        let sql = format!("SELECT {side}(geometry)) FROM {}", quoted(table.name, '"'));
        sides.extend(scalar(dataset, &sql)?.and_then(|text| text.parse::<f64>().ok()));
    }
    Ok(sides.try_into().ok())
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

fn draw_up(path: &Path, tables: &[Table]) -> gdal::errors::Result<()> {
    // The library's own row counts would be saved only on closing, and so be
    // wrong after a crash; without them rows are counted when asked for.
    let options = RasterCreationOptions::from_iter(["ADD_GPKG_OGR_CONTENTS=NO"]);
    let driver = DriverManager::get_driver_by_name("GPKG")?;
    let mut dataset =
        driver.create_with_band_type_with_options::<u8, _>(path, 0, 0, 0, &options)?;
    for table in tables {
        add_table(&mut dataset, table)?;
    }
    for table in tables {
        execute(&dataset, &key_index(table))?;
    }
    dataset.close()
}

fn add_table(dataset: &mut Dataset, table: &Table) -> gdal::errors::Result<()> {
    let mut wgs84 = SpatialRef::from_epsg(4326)?;
    wgs84.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
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
