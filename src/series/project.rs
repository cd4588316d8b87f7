//! A QGIS project inside the store: trains in their look, with times for the
//! temporal controller, which QGIS leaves out of a layer's default style.
//!
//! QGIS lists it below the `GeoPackage` in its browser. It names the file that
//! it lies in, and the place to look at, and so is drawn up whenever the store
//! is written to, until somebody saves a project of their own under its name.

use std::io::{Cursor, Write as _};
use std::path::Path;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::columns::TRAINS;
use super::style::LOOK;
use crate::error::{Error, Result};
use crate::source::{Edit, Home, StoredProject};

const NAME: &str = "railspan";
/// QGIS writes its user and the time here when it saves a project. The time is
/// that of the look, so that equal stores hold equal projects.
const METADATA: &str =
    r#"{"last_modified_time": "2026-11-24T00:00:00", "last_modified_user": "railspan"}"#;
/// Room around the trains, degrees: some 200 m.
const ROOM_DEG: f64 = 0.002;
/// The reference system of all lines of a store; QGIS does not read it from the
/// authority alone.
const WGS_84: &str = "<spatialrefsys><srsid>3452</srsid><srid>4326</srid>\
                      <authid>EPSG:4326</authid></spatialrefsys>";

/// Makes the project of a file that of its name and of the trains in it, unless
/// a person changed it. A database has none.
///
/// # Errors
/// Where the file cannot be written to.
pub(super) fn keep_project(path: &Path, edit: &mut Edit<'_>) -> Result<()> {
    if Home::of(path) == Home::Server {
        return Ok(());
    }
    let there = edit.project(NAME)?;
    if there.as_ref().is_some_and(|p| p.metadata != METADATA) {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let xml = project_xml(&name, edit.extent_deg(&TRAINS)?);
    let project = StoredProject {
        name: NAME.to_owned(),
        metadata: METADATA.to_owned(),
        content: archived(&xml).map_err(Error::io(path))?,
    };
    if there.as_ref() == Some(&project) {
        return Ok(());
    }
    edit.set_project(&project)
}

/// The project as QGIS 3 reads it; what it does not say is as in a new project.
fn project_xml(file: &str, extent_deg: Option<[f64; 4]>) -> String {
    let source = escaped(&format!("./{file}|layername=trains"));
    let canvas = extent_deg.map_or_else(String::new, canvas);
    format!(
        r#"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22" projectname="">
<projectCrs>{WGS_84}</projectCrs>
<layer-tree-group>
  <layer-tree-layer id="trains" name="trains" source="{source}" providerKey="ogr" checked="Qt::Checked" expanded="1"/>
</layer-tree-group>
{canvas}<projectlayers>
<maplayer type="vector" geometry="Line" wkbType="LineString" labelsEnabled="1">
  <id>trains</id>
  <datasource>{source}</datasource>
  <layername>trains</layername>
  <srs>{WGS_84}</srs>
  <provider encoding="UTF-8">ogr</provider>
{LOOK}</maplayer>
</projectlayers>
<properties><SpatialRefSys><ProjectionsEnabled type="int">1</ProjectionsEnabled></SpatialRefSys></properties>
<ProjectTimeSettings timeStep="1" timeStepUnit="d" cumulativeTemporalRange="0" frameRate="2"/>
</qgis>
"#
    )
}

fn canvas([west, south, east, north]: [f64; 4]) -> String {
    format!(
        r#"<mapcanvas name="theMapCanvas">
  <units>degrees</units>
  <extent><xmin>{:.7}</xmin><ymin>{:.7}</ymin><xmax>{:.7}</xmax><ymax>{:.7}</ymax></extent>
  <destinationsrs>{WGS_84}</destinationsrs>
</mapcanvas>
"#,
        west - ROOM_DEG,
        south - ROOM_DEG,
        east + ROOM_DEG,
        north + ROOM_DEG
    )
}

/// Text of any file name as an XML attribute or element holds it. What XML
/// cannot hold at all leads nowhere in QGIS.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The project as QGIS stores it in a database: zipped, in hexadecimal digits.
fn archived(xml: &str) -> std::io::Result<String> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(format!("{NAME}.qgs"), SimpleFileOptions::default())?;
    archive.write_all(xml.as_bytes())?;
    let bytes = archive.finish()?.into_inner();
    let hex = |text: String, byte: &u8| text + &format!("{byte:02x}");
    Ok(bytes.iter().fold(String::new(), hex))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Read as _;

    use super::*;
    use crate::series::store::Store;
    use crate::series::{fixture, store};

    /// The project of a store: who changed it last, and its text.
    fn stored(path: &Path) -> (String, String) {
        let mut tables = store::open(path).unwrap();
        let edit = tables.edit().unwrap();
        let project = edit.project(NAME).unwrap().unwrap();
        let digits = project.content.as_bytes().chunks(2);
        let bytes: Vec<u8> = digits
            .map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap())
            .collect();
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut xml = String::new();
        let mut file = archive.by_name("railspan.qgs").unwrap();
        file.read_to_string(&mut xml).unwrap();
        (project.metadata, xml)
    }

    /// The text of the first element of a name.
    fn said(xml: &str, element: &str) -> Option<String> {
        let body = xml.split_once('\n').unwrap().1;
        let document = roxmltree::Document::parse(body).unwrap();
        let found = document.descendants().find(|n| n.has_tag_name(element))?;
        found.text().map(ToOwned::to_owned)
    }

    #[test]
    fn it_leads_to_the_trains_of_its_file_and_shows_where_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("<a> & \"b\".gpkg");
        drop(Store::open_or_create(&path).unwrap());
        let (_, xml) = stored(&path);
        let source = Some("./<a> & \"b\".gpkg|layername=trains".to_owned());
        assert_eq!(said(&xml, "datasource"), source);
        assert_eq!(said(&xml, "xmin"), None);
        assert!(xml.contains(r#"<temporal enabled="1""#));

        let seen = fixture::observation("dandong", "a", "2023-05-01T02:10:30Z");
        let mut store = Store::open_or_create(&path).unwrap();
        store
            .write(&[fixture::with_trains(seen, &[412.0])])
            .unwrap();
        drop(store);
        let (_, xml) = stored(&path);
        assert_eq!(said(&xml, "xmin").as_deref(), Some("124.3882000"));

        // A copy under another name shows its own trains, not those of the first.
        let copy = folder.path().join("copy.gpkg");
        std::fs::copy(&path, &copy).unwrap();
        drop(Store::open_or_create(&copy).unwrap());
        let source = Some("./copy.gpkg|layername=trains".to_owned());
        assert_eq!(said(&stored(&copy).1, "datasource"), source);
    }

    #[test]
    fn what_a_person_saved_under_its_name_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.gpkg");
        let mut store = Store::open_or_create(&path).unwrap();
        let own = StoredProject {
            name: NAME.to_owned(),
            metadata: r#"{"last_modified_user": "me"}"#.to_owned(),
            content: archived("<qgis/>").unwrap(),
        };
        let mut edit = store.tables.edit().unwrap();
        edit.set_project(&own).unwrap();
        edit.commit().unwrap();
        drop(store);
        drop(Store::open_or_create(&path).unwrap());
        assert_eq!(stored(&path), (own.metadata, "<qgis/>".to_owned()));
    }
}
