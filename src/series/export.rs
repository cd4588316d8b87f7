//! The series as files that other programs read: CSV and GeoJSON with numbers
//! of fixed precision, and Parquet; all with the columns of the store.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::columns::{OBSERVATIONS, TRAINS, observation_row, train_row};
use super::model::Series;
use super::parquet::parquet_bytes;
use super::review::{Review, reviewed};
use super::whole_file::{make_folder, write_whole};
use crate::error::{Error, Result};
use crate::geo::LonLat;
use crate::source::{Cell, ColumnKind, Row, Table};

/// What files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// `observations.csv` and `trains.csv`; train lines as WKT.
    Csv,
    /// `observations.geojson`, without geometry, and `trains.geojson`.
    GeoJson,
    /// `observations.parquet`, and `trains.parquet` with geometry.
    Parquet,
}

/// Columns of trains, and what was decided of them.
const DECIDED_COLUMNS: [(&str, ColumnKind); TRAINS.columns.len() + 1] = {
    let mut columns = [("decision", ColumnKind::Text); TRAINS.columns.len() + 1];
    let mut i = 0;
    while i < TRAINS.columns.len() {
        columns[i] = TRAINS.columns[i];
        i += 1;
    }
    columns
};

/// Trains with what was decided of them.
const DECIDED_TRAINS: Table = Table {
    columns: &DECIDED_COLUMNS,
    ..TRAINS
};

/// Writes the series into a folder, which is made where it is missing, and
/// returns the files. Each appears under its name only when it is whole. Where
/// there are reviews, trains have a column `decision`: `accept`, `reject`,
/// `unsure`, or nothing.
///
/// # Errors
/// Where the folder cannot be made or written to.
pub fn export(
    series: &Series,
    reviews: &[Review],
    folder: &Path,
    format: ExportFormat,
) -> Result<Vec<PathBuf>> {
    make_folder(folder)?;
    let observations: Vec<Row> = series.observations.iter().map(observation_row).collect();
    let mut trains: Vec<Row> = series.trains.iter().map(train_row).collect();
    let of_trains = if reviews.is_empty() {
        &TRAINS
    } else {
        for (row, review) in trains.iter_mut().zip(reviewed(&series.trains, reviews)) {
            let decision = review.map(|r| Cell::Text(r.decision.word().to_owned()));
            row.cells.push(decision.unwrap_or(Cell::Empty));
        }
        &DECIDED_TRAINS
    };
    let mut written = Vec::new();
    for (table, rows) in [(&OBSERVATIONS, &observations), (of_trains, &trains)] {
        let (ending, content) = match format {
            ExportFormat::Csv => ("csv", csv_text(table, rows)),
            ExportFormat::GeoJson => ("geojson", Ok(geojson_text(table, rows))),
            ExportFormat::Parquet => (
                "parquet",
                parquet_bytes(table, rows).map_err(std::io::Error::other),
            ),
        };
        let path = folder.join(format!("{}.{ending}", table.name));
        let content = content.map_err(Error::io(&path))?;
        write_whole(&path, &content)?;
        written.push(path);
    }
    Ok(written)
}

fn csv_text(table: &Table, rows: &[Row]) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let geometry = table.lines.then_some("geometry");
    writer.write_record(table.columns.iter().map(|(name, _)| *name).chain(geometry))?;
    for row in rows {
        let mut record: Vec<String> = table
            .columns
            .iter()
            .zip(&row.cells)
            .map(|((name, _), cell)| cell_text(name, cell))
            .collect();
        if table.lines {
            record.push(wkt(&row.line));
        }
        writer.write_record(&record)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn cell_text(column: &str, cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => real_text(column, *number),
        Cell::Time(time) => time.to_string(),
    }
}

/// Precision by unit: metres to the centimetre, shares to a hundredth of a
/// percent, probabilities to four significant digits.
fn real_text(column: &str, number: f64) -> String {
    if !number.is_finite() {
        return String::new();
    }
    if column == "p_value" {
        return format!("{number:.3e}");
    }
    let decimals = if column.ends_with("_fraction") { 4 } else { 2 };
    let text = format!("{number:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|c| c == '0' || c == '.') => zero.to_owned(),
        _ => text,
    }
}

/// Well-known text (OGC 06-103r4) with seven decimals: about a centimetre.
fn wkt(line: &[LonLat]) -> String {
    if line.is_empty() {
        return "LINESTRING EMPTY".to_owned();
    }
    let mut text = String::from("LINESTRING (");
    for (i, place) in line.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{:.7} {:.7}", place.lon_deg, place.lat_deg);
    }
    text.push(')');
    text
}

/// RFC 7946: WGS 84, longitude first, no line is a null geometry.
fn geojson_text(table: &Table, rows: &[Row]) -> Vec<u8> {
    let mut text = format!(
        "{{\n\"type\": \"FeatureCollection\",\n\"name\": \"{}\",\n\"features\": [",
        table.name
    );
    for (i, row) in rows.iter().enumerate() {
        let comma = if i == 0 { "\n" } else { ",\n" };
        let _ = write!(text, "{comma}{}", feature(table, row));
    }
    text.push_str("\n]\n}\n");
    text.into_bytes()
}

/// One line of text, its properties in the order of the columns.
fn feature(table: &Table, row: &Row) -> String {
    let properties: Vec<String> = table
        .columns
        .iter()
        .zip(&row.cells)
        .map(|((name, _), cell)| format!("{}:{}", json!(name), cell_value(name, cell)))
        .collect();
    let places: Vec<[f64; 2]> = row
        .line
        .iter()
        .map(|p| [p.lon_deg, p.lat_deg].map(|d| (d * 1e7).round() / 1e7))
        .collect();
    let geometry = if places.is_empty() {
        Value::Null
    } else {
        json!({"type": "LineString", "coordinates": places})
    };
    format!(
        "{{\"type\":\"Feature\",\"geometry\":{geometry},\"properties\":{{{}}}}}",
        properties.join(",")
    )
}

fn cell_value(column: &str, cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Integer(number) => json!(number),
        Cell::Real(number) => real_text(column, *number)
            .parse::<f64>()
            .map_or(Value::Null, |rounded| json!(rounded)),
        Cell::Text(_) | Cell::Time(_) => json!(cell_text(column, cell)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::series::fixture::{self, series};
    use crate::series::model::Status;
    use crate::series::review::Decision;

    fn exported(series: &Series, format: ExportFormat) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("new/folder");
        let files = export(series, &[], &out, format).unwrap();
        assert_eq!(std::fs::read_dir(&out).unwrap().count(), 2);
        let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
        (read(&files[0]), read(&files[1]))
    }

    #[test]
    fn csv_as_the_contract_has_it() {
        let seen = fixture::observation("dandong", "a", "2023-05-01T02:10:30.250Z");
        let (seen, mut trains) = fixture::with_trains(seen, &[412.345]);
        trains[0].start_m = -0.001;
        let hidden = fixture::observation("dandong", "b", "2023-05-02T02:10:30Z");
        let hidden = fixture::unusable(hidden, Status::Obscured, "cloud, \"thick\"");
        let (observations, trains) =
            exported(&series(vec![(seen, trains), hidden]), ExportFormat::Csv);
        assert_eq!(
            observations,
            "crossing,track,capture,scenes,acquired,sensor,platform,modality,gsd_m,status,reason,\
             covered_fraction,clear_fraction,shift_east_m,shift_north_m,shift_sigma_m,train_count,\
             occupied_m,longest_train_m,detection_limit_m,run_id,config_hash,version\n\
             dandong,main,a,1,2023-05-01T02:10:30.25Z,planetscope,2473,optical,3.00,clear,,\
             1.0000,0.9800,1.25,-0.50,0.40,1,412.35,412.35,62.00,r1,c0ffee,0.1.0\n\
             dandong,main,b,1,2023-05-02T02:10:30Z,planetscope,2473,optical,3.00,obscured,\
             \"cloud, \"\"thick\"\"\",1.0000,0.0300,,,,,,,,r1,c0ffee,0.1.0\n"
        );
        assert_eq!(
            trains,
            "crossing,track,capture,acquired,train,start_m,end_m,length_m,length_sigma_m,censored,\
             snr,p_value,polarity,change,first_seen,speed_mps,speed_sigma_mps,cars_min,cars_max,\
             geometry\n\
             dandong,main,a,2023-05-01T02:10:30.25Z,1,0.00,432.35,412.35,6.50,none,9.25,1.500e-7,\
             bright,appeared,2023-05-01T02:10:30.25Z,,,20,29,\
             \"LINESTRING (124.3902000 40.1100000, 124.3943235 40.1100000)\"\n"
        );
    }

    #[test]
    fn csv_and_geojson_keep_hostile_names() {
        let series = series(fixture::hostile());
        let (observations, _) = exported(&series, ExportFormat::Csv);
        let mut reader = csv::Reader::from_reader(observations.as_bytes());
        for (record, observation) in reader.records().zip(&series.observations) {
            let record = record.unwrap();
            assert_eq!(record.len(), OBSERVATIONS.columns.len());
            assert_eq!(record[1], observation.key.track);
            assert_eq!(record[10], observation.reason);
        }
        let (observations, trains) = exported(&series, ExportFormat::GeoJson);
        let observations: Value = serde_json::from_str(&observations).unwrap();
        let trains: Value = serde_json::from_str(&trains).unwrap();
        let first = &observations["features"][0];
        assert_eq!(first["geometry"], Value::Null);
        assert_eq!(
            first["properties"]["capture"],
            json!(series.observations[0].key.capture)
        );
        let first = &trains["features"][0];
        assert_eq!(
            first["geometry"]["coordinates"][0],
            json!([124.3902, 40.11])
        );
        assert_eq!(first["properties"]["speed_mps"], json!(-4.25));
        assert_eq!(trains["features"][1]["properties"]["cars_max"], Value::Null);
        assert_eq!(
            trains["features"].as_array().unwrap().len(),
            series.trains.len()
        );
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        std::fs::write(&file, "x").unwrap();
        let message = export(
            &Series::default(),
            &[],
            &file.join("out"),
            ExportFormat::Csv,
        )
        .unwrap_err()
        .to_string();
        assert!(message.contains("a file"), "{message}");
        let message = export(&Series::default(), &[], &file, ExportFormat::Csv)
            .unwrap_err()
            .to_string();
        assert!(message.contains("is a file, not a folder"), "{message}");
    }

    #[test]
    fn decisions_come_with_the_trains_where_there_are_any() {
        let seen = fixture::observation("dandong", "a", "2023-05-01T02:10:30Z");
        let series = series(vec![fixture::with_trains(seen, &[400.0, 200.0])]);
        let train = &series.trains[1];
        let review = Review {
            key: train.key.clone(),
            start_m: train.start_m,
            end_m: train.end_m,
            decision: Decision::Reject,
            note: String::new(),
        };
        let folder = tempfile::tempdir().unwrap();
        let trains = |format| {
            let files = export(
                &series,
                std::slice::from_ref(&review),
                folder.path(),
                format,
            );
            std::fs::read(&files.unwrap()[1]).unwrap()
        };
        let csv = trains(ExportFormat::Csv);
        let mut reader = csv::Reader::from_reader(csv.as_slice());
        let heads = reader.headers().unwrap().clone();
        let at = heads.iter().position(|h| h == "decision").unwrap();
        assert_eq!(heads.get(at + 1), Some("geometry"));
        let decisions: Vec<String> = (reader.records())
            .map(|r| r.unwrap()[at].to_owned())
            .collect();
        assert_eq!(decisions, ["", "reject"]);
        let json: Value = serde_json::from_slice(&trains(ExportFormat::GeoJson)).unwrap();
        let told = |i: usize| json["features"][i]["properties"]["decision"].clone();
        assert_eq!([told(0), told(1)], [Value::Null, json!("reject")]);
        let parquet = trains(ExportFormat::Parquet);
        let word = b"reject".as_slice();
        assert!(parquet.windows(word.len()).any(|w| w == word));
    }
}
