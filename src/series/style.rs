//! The look of trains in QGIS, kept in the `GeoPackage` itself: coloured by
//! length, labelled with date and length, and with times for the temporal
//! controller.
//!
//! QGIS reads the table `layer_styles` of a `GeoPackage` when a layer is
//! added, and takes the style that is marked as default. Of that, it takes
//! everything but the times.

use crate::error::Result;
use crate::source::ColumnKind::{Integer, Text, Time};
use crate::source::{Cell, Row, Table, TableSet};

/// Columns as QGIS makes and reads them (`QgsOgrProviderUtils`, version 3).
pub(super) const STYLES: Table = Table {
    name: "layer_styles",
    columns: &[
        ("f_table_catalog", Text),
        ("f_table_schema", Text),
        ("f_table_name", Text),
        ("f_geometry_column", Text),
        ("styleName", Text),
        ("styleQML", Text),
        ("styleSLD", Text),
        ("useAsDefault", Integer),
        ("description", Text),
        ("owner", Text),
        ("ui", Text),
        ("update_time", Time),
    ],
    key: &["f_table_name", "styleName"],
    lines: false,
};

const NAME: &str = "trains by length and date";
/// What a style and a layer of a project say in the same words: times, colours
/// and labels.
pub(super) const LOOK: &str = include_str!("trains.xml");
/// When the style was last changed; QGIS prefers the newest default.
const CHANGED: &str = "2026-11-23T00:00:00Z";

/// Adds the style where there is none for trains: one that the user saved is
/// left alone.
///
/// # Errors
/// Where the file cannot be written to.
pub(super) fn add_style(tables: &mut TableSet) -> Result<()> {
    let of_trains = |row: &Row| row.cells.get(2) == Some(&Cell::Text("trains".to_owned()));
    if tables.read(&STYLES)?.iter().any(of_trains) {
        return Ok(());
    }
    let mut edit = tables.edit()?;
    edit.insert(&STYLES, &[style()])?;
    edit.commit()
}

fn qml() -> String {
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n\
         <qgis version=\"3.22\" styleCategories=\"Symbology|Labeling|Temporal\" labelsEnabled=\"1\">\n\
         {LOOK}</qgis>\n"
    )
}

fn style() -> Row {
    let text = |text: &str| Cell::Text(text.to_owned());
    Row {
        cells: vec![
            text(""),
            text(""),
            text("trains"),
            text("geometry"),
            text(NAME),
            Cell::Text(qml()),
            text(""),
            Cell::Integer(1),
            text("Trains by length, labelled with their date; for the temporal controller"),
            text("railspan"),
            Cell::Empty,
            CHANGED.parse().map_or(Cell::Empty, Cell::Time),
        ],
        line: Vec::new(),
    }
}
