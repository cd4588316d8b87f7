//! Rows to and from the features of a layer.

use gdal::Dataset;
use gdal::errors::GdalError;
use gdal::vector::{Feature, Geometry, LayerAccess, OGRwkbGeometryType};
use jiff::Timestamp;

use super::table::{Cell, ColumnKind, Row, Table, storable};
use crate::geo::LonLat;

/// Adds rows to a layer.
pub(super) fn insert_rows(
    dataset: &Dataset,
    table: &Table,
    rows: &[Row],
) -> gdal::errors::Result<()> {
    let layer = dataset.layer_by_name(table.name)?;
    let fields: Vec<usize> = table
        .columns
        .iter()
        .map(|(name, _)| layer.defn().field_index(name))
        .collect::<gdal::errors::Result<_>>()?;
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

/// All rows of a layer. A column that it does not have, since it was made by an
/// older version, holds nothing.
pub(super) fn read_rows(dataset: &Dataset, table: &Table) -> gdal::errors::Result<Vec<Row>> {
    let mut layer = dataset.layer_by_name(table.name)?;
    let fields: Vec<Option<usize>> = table
        .columns
        .iter()
        .map(|(name, _)| layer.defn().field_index(name).ok())
        .collect();
    layer
        .features()
        .map(|feature| read_row(&feature, table, &fields))
        .collect()
}

fn read_row(
    feature: &Feature<'_>,
    table: &Table,
    fields: &[Option<usize>],
) -> gdal::errors::Result<Row> {
    let columns = table.columns.iter().zip(fields);
    let cells = columns
        .map(|(&(_, kind), field)| match *field {
            Some(field) => read_cell(feature, field, kind),
            None => Ok(Cell::Empty),
        })
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
