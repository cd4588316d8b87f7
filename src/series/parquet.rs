//! A table as a Parquet file; one with lines is `GeoParquet` 1.1
//! (<https://geoparquet.org/releases/v1.1.0/>): WKB geometries in OGC:CRS84.
//!
//! Numbers are written in full, times as milliseconds UTC.

use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type as Kind};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use serde_json::json;

use crate::geo::LonLat;
use crate::source::{Cell, ColumnKind, Row, Table};

const GEOMETRY: &str = "geometry";

/// The file's bytes.
pub(super) fn parquet_bytes(table: &Table, rows: &[Row]) -> Result<Vec<u8>> {
    let mut properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    if table.lines {
        let about = KeyValue::new("geo".to_owned(), about_geometry(rows));
        properties = properties.set_key_value_metadata(Some(vec![about]));
    }
    let mut bytes = Vec::new();
    let properties = Arc::new(properties.build());
    let mut file = SerializedFileWriter::new(&mut bytes, schema(table)?, properties)?;
    let mut group = file.next_row_group()?;
    for (i, (_, kind)) in table.columns.iter().enumerate() {
        let cells = rows.iter().map(|row| &row.cells[i]);
        match kind {
            ColumnKind::Text => column::<ByteArrayType>(&mut group, cells.map(text))?,
            ColumnKind::Integer | ColumnKind::Time => {
                column::<Int64Type>(&mut group, cells.map(whole))?;
            }
            ColumnKind::Real => column::<DoubleType>(&mut group, cells.map(real))?,
        }
    }
    if table.lines {
        let lines = rows.iter().map(|row| wkb(&row.line));
        column::<ByteArrayType>(&mut group, lines)?;
    }
    group.close()?;
    file.close()?;
    Ok(bytes)
}

/// One optional field a column.
fn schema(table: &Table) -> Result<TypePtr> {
    let mut fields = Vec::new();
    for (name, kind) in table.columns {
        let (physical, logical) = match kind {
            ColumnKind::Text => (Kind::BYTE_ARRAY, Some(LogicalType::String)),
            ColumnKind::Integer => (Kind::INT64, None),
            ColumnKind::Real => (Kind::DOUBLE, None),
            ColumnKind::Time => (Kind::INT64, Some(milliseconds())),
        };
        fields.push(field(name, physical, logical)?);
    }
    if table.lines {
        fields.push(field(GEOMETRY, Kind::BYTE_ARRAY, None)?);
    }
    let group = Type::group_type_builder(table.name).with_fields(fields);
    Ok(Arc::new(group.build()?))
}

fn milliseconds() -> LogicalType {
    LogicalType::timestamp(true, TimeUnit::MILLIS)
}

fn field(name: &str, physical: Kind, logical: Option<LogicalType>) -> Result<TypePtr> {
    let field = Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_converted_type(ConvertedType::NONE)
        .with_logical_type(logical);
    Ok(Arc::new(field.build()?))
}

/// Writes the next column; `None` is null.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<()> {
    let mut values = Vec::new();
    let mut levels = Vec::new();
    for cell in cells {
        levels.push(i16::from(cell.is_some()));
        values.extend(cell);
    }
    let Some(mut column) = group.next_column()? else {
        return Ok(());
    };
    column
        .typed::<T>()
        .write_batch(&values, Some(&levels), None)?;
    column.close()
}

fn text(cell: &Cell) -> Option<ByteArray> {
    match cell {
        Cell::Text(text) => Some(text.as_bytes().to_vec().into()),
        _ => None,
    }
}

fn whole(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Integer(number) => Some(*number),
        Cell::Time(time) => Some(time.as_millisecond()),
        _ => None,
    }
}

fn real(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Real(number) => Some(*number).filter(|n| n.is_finite()),
        _ => None,
    }
}

/// Well-known binary (OGC 06-103r4) of a line, little-endian; nothing for none.
fn wkb(line: &[LonLat]) -> Option<ByteArray> {
    const LITTLE_ENDIAN: u8 = 1;
    const LINESTRING: u32 = 2;
    if line.is_empty() {
        return None;
    }
    let mut bytes = vec![LITTLE_ENDIAN];
    bytes.extend(LINESTRING.to_le_bytes());
    bytes.extend((line.len() as u32).to_le_bytes());
    for place in line {
        bytes.extend(place.lon_deg.to_le_bytes());
        bytes.extend(place.lat_deg.to_le_bytes());
    }
    Some(bytes.into())
}

/// What `GeoParquet` says of its geometry column. No CRS means OGC:CRS84.
fn about_geometry(rows: &[Row]) -> String {
    let mut column = json!({
        "encoding": "WKB",
        "geometry_types": ["LineString"],
        "edges": "planar",
    });
    let places: Vec<&LonLat> = rows.iter().flat_map(|row| &row.line).collect();
    if !places.is_empty() {
        let least = |of: fn(&LonLat) -> f64| places.iter().map(|p| of(p)).fold(f64::MAX, f64::min);
        let most = |of: fn(&LonLat) -> f64| places.iter().map(|p| of(p)).fold(f64::MIN, f64::max);
        column["bbox"] = json!([
            least(|p| p.lon_deg),
            least(|p| p.lat_deg),
            most(|p| p.lon_deg),
            most(|p| p.lat_deg),
        ]);
    }
    json!({
        "version": "1.1.0",
        "primary_column": GEOMETRY,
        "columns": {GEOMETRY: column},
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;
    use crate::series::columns::{
        OBSERVATIONS, TRAINS, observation_from, observation_row, train_from, train_row,
    };
    use crate::series::fixture;

    /// The rows of a file, read by the library's own reader.
    fn read(table: &Table, bytes: &[u8]) -> Vec<Row> {
        let reader = SerializedFileReader::new(bytes::Bytes::copy_from_slice(bytes)).unwrap();
        let rows = reader.get_row_iter(None).unwrap();
        rows.map(|record| {
            let mut row = Row::default();
            for ((name, field), (column, kind)) in record
                .unwrap()
                .get_column_iter()
                .zip(table.columns.iter().chain(&[(GEOMETRY, ColumnKind::Text)]))
            {
                assert_eq!(name, column);
                if name == GEOMETRY {
                    row.line = line(field);
                } else {
                    row.cells.push(cell(field, *kind));
                }
            }
            row
        })
        .collect()
    }

    fn cell(field: &Field, kind: ColumnKind) -> Cell {
        match (field, kind) {
            (Field::Null, _) => Cell::Empty,
            (Field::Str(text), ColumnKind::Text) => Cell::Text(text.clone()),
            (Field::Long(number), ColumnKind::Integer) => Cell::Integer(*number),
            (Field::Double(number), ColumnKind::Real) => Cell::Real(*number),
            (Field::TimestampMillis(ms), ColumnKind::Time) => {
                Cell::Time(jiff::Timestamp::from_millisecond(*ms).unwrap())
            }
            other => unreachable!("{other:?}"),
        }
    }

    fn line(field: &Field) -> Vec<LonLat> {
        let Field::Bytes(bytes) = field else {
            unreachable!("{field:?}");
        };
        let bytes = bytes.data();
        assert_eq!(bytes[..5], [1, 2, 0, 0, 0]);
        let places = bytes[9..].chunks_exact(16).map(|place| LonLat {
            lon_deg: f64::from_le_bytes(place[..8].try_into().unwrap()),
            lat_deg: f64::from_le_bytes(place[8..].try_into().unwrap()),
        });
        let places: Vec<LonLat> = places.collect();
        assert_eq!(bytes[5..9], (places.len() as u32).to_le_bytes());
        places
    }

    #[test]
    fn what_is_read_back_is_what_was_written_to_the_bit() {
        let mut all = fixture::hostile();
        all.extend(fixture::dandong());
        let observations: Vec<Row> = all.iter().map(|(o, _)| observation_row(o)).collect();
        let bytes = parquet_bytes(&OBSERVATIONS, &observations).unwrap();
        let back = read(&OBSERVATIONS, &bytes);
        let back: Vec<_> = back
            .into_iter()
            .map(|r| observation_from(r).unwrap())
            .collect();
        assert!(back.iter().eq(all.iter().map(|(o, _)| o)));

        let trains = all.iter().flat_map(|(_, trains)| trains);
        let rows: Vec<Row> = trains.clone().map(train_row).collect();
        let bytes = parquet_bytes(&TRAINS, &rows).unwrap();
        let back = read(&TRAINS, &bytes);
        let back: Vec<_> = back.into_iter().map(|r| train_from(r).unwrap()).collect();
        assert!(back.iter().eq(trains));
    }

    #[test]
    fn the_geometry_is_described() {
        let (_, trains) = fixture::with_trains(
            fixture::observation("x", "a", "2024-01-01T00:00:00Z"),
            &[100.0],
        );
        let rows: Vec<Row> = trains.iter().map(train_row).collect();
        for rows in [&rows[..], &[]] {
            let bytes = parquet_bytes(&TRAINS, rows).unwrap();
            let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
            let metadata = reader
                .metadata()
                .file_metadata()
                .key_value_metadata()
                .unwrap();
            let geo: serde_json::Value =
                serde_json::from_str(metadata[0].value.as_ref().unwrap()).unwrap();
            assert_eq!(metadata[0].key, "geo");
            assert_eq!(geo["columns"][GEOMETRY]["encoding"], "WKB");
            let bbox = &geo["columns"][GEOMETRY]["bbox"];
            assert_eq!(bbox.is_null(), rows.is_empty());
            if !rows.is_empty() {
                assert_eq!(bbox[0], trains[0].geometry[0].lon_deg);
            }
        }
    }
}
