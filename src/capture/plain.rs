//! What can be told of a raster that comes without metadata: whether it lies on
//! the map, and when it was acquired.

use std::path::Path;

use super::date::{self, Moment, Reading};
use super::decode::file_name;
use super::{Problem, RasterHeader};

/// Tags that mean the acquisition where they are there.
const ACQUISITION_TAGS: [&str; 5] = [
    "ACQUISITION_DATE",
    "ACQUISITION_DATETIME",
    "ACQUISITIONDATETIME",
    "ACQUISITION_START_UTC",
    "DATE_ACQUIRED",
];

/// The TIFF standard's tag for the time when the *file* was made; many
/// providers put the acquisition there.
const FILE_TAG: &str = "TIFFTAG_DATETIME";

/// A file's name without its last extension.
pub(super) fn stem(path: &Path) -> &str {
    let name = file_name(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The words of a name: runs of letters and digits, in lower case.
pub(super) fn words(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_ascii_lowercase)
        .collect()
}

/// Refuses rasters that do not lie on the map.
pub(super) fn check_on_the_map(path: &Path, header: &RasterHeader) -> Result<(), Problem> {
    if header.georeferenced {
        return Ok(());
    }
    let remedy = "make it lie on the map first, for example with gdalwarp -t_srs EPSG:<code> (with -rpc and a terrain model where it has RPCs)";
    let what = if header.control_points > 0 {
        format!(
            "only {} ground control points, no georeference: it is not orthorectified",
            header.control_points
        )
    } else {
        "no georeference (geotransform and coordinate system)".to_owned()
    };
    Err(Problem::new(path, what, remedy))
}

/// Where a raster lies, to the kilometre (or a hundredth of a degree): rasters
/// of one product with equal keys are copies, others are tiles or clips of
/// different places.
pub(super) fn extent_key(header: &RasterHeader) -> String {
    let grid = &header.grid;
    let [x, a, b, y, c, d] = grid.origin;
    let (cols, rows) = (grid.width as f64, grid.height as f64);
    let degrees = a.hypot(c) < 0.1;
    let step = if degrees { 0.01 } else { 1000.0 };
    let corners = [x, y, x + a * cols + b * rows, y + c * cols + d * rows];
    let rounded = corners.map(|v| format!("{:.0}", v / step));
    format!("{} {}", grid.crs, rounded.join(" "))
}

/// When a raster was acquired, by its name and tags.
///
/// The name and the acquisition tags must agree on the day; where only one of
/// them knows the time of day, that is taken. `TIFFTAG_DATETIME` often says
/// when the file was written: it adds a time of day to the same day, and counts
/// as a date only where nothing else does.
pub(super) fn acquired(path: &Path, header: &RasterHeader) -> Result<Moment, Problem> {
    let tags = ACQUISITION_TAGS
        .iter()
        .filter_map(|tag| header.tags.get(*tag).map(|text| (*tag, text.as_str())));
    let mut best: Option<(String, Moment)> = None;
    for (source, text) in [("its name", stem(path))].into_iter().chain(tags) {
        let Some(found) = one(path, source, text)? else {
            continue;
        };
        best = Some(match best {
            Some((first, moment)) if moment.day() != found.day() => {
                return Err(contradiction(path, (&first, moment), (source, found)));
            }
            Some((first, moment)) if moment.time_known || !found.time_known => (first, moment),
            _ => (source.to_owned(), found),
        });
    }
    let written = header.tags.get(FILE_TAG).map(String::as_str);
    let written = one(path, FILE_TAG, written.unwrap_or(""))?;
    match (best, written) {
        (Some((_, moment)), Some(tag)) if !moment.time_known && tag.day() == moment.day() => {
            Ok(tag)
        }
        (Some((_, moment)), _) | (None, Some(moment)) => Ok(moment),
        (None, None) => Err(Problem::new(
            path,
            "no date in its name or tags",
            "put the date into its name, such as 20230103 or 20230103T101530Z, or into the tag ACQUISITION_DATE",
        )),
    }
}

/// The one date of a text. A time of exactly midnight in a tag is the filler
/// of a date without time.
fn one(path: &Path, source: &str, text: &str) -> Result<Option<Moment>, Problem> {
    match date::read(text) {
        Reading::Absent => Ok(None),
        Reading::One(moment) => {
            let filler = source != "its name" && text.contains("00:00:00");
            let time_known = moment.time_known && !filler;
            Ok(Some(Moment {
                time_known,
                ..moment
            }))
        }
        Reading::Ambiguous { days } => {
            let days: Vec<String> = days.iter().map(ToString::to_string).collect();
            Err(Problem::new(
                path,
                format!("the date in {source} may be {}", days.join(" or ")),
                "rename the file so that it has one date, year first: 20230103",
            ))
        }
    }
}

fn contradiction(path: &Path, a: (&str, Moment), b: (&str, Moment)) -> Problem {
    Problem::new(
        path,
        format!("{} says {}, but {} says {}", a.0, a.1.day(), b.0, b.1.day()),
        "correct the one that is wrong",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::testing::raster;
    use super::*;

    fn at(name: &str, tags: &[(&str, &str)]) -> Result<(String, bool), String> {
        let mut header = raster("Byte", 3);
        for (tag, text) in tags {
            header.tags.insert((*tag).into(), (*text).into());
        }
        acquired(Path::new(name), &header)
            .map(|m| (m.at.to_string(), m.time_known))
            .map_err(|p| p.to_string())
    }

    #[test]
    fn names_and_tags_complete_each_other() {
        let known = |text: &str| Ok((text.to_owned(), true));
        let day = Ok(("2023-01-03T00:00:00Z".to_owned(), false));
        assert_eq!(at("S1_20230103.tif", &[]), day);
        assert_eq!(at("x.tif", &[("ACQUISITION_DATE", "2023-01-03")]), day);
        assert_eq!(at("x.tif", &[(FILE_TAG, "2023:01:03 00:00:00")]), day);
        assert_eq!(
            at("x_20230103.tif", &[(FILE_TAG, "2024:05:06 07:08:09")]),
            day,
            "the file was written later"
        );
        assert_eq!(
            at("x_20230103.tif", &[(FILE_TAG, "2023:01:03 10:15:30")]),
            known("2023-01-03T10:15:30Z")
        );
        assert_eq!(
            at(
                "x_20230103T101530.tif",
                &[("ACQUISITION_DATE", "2023-01-03")]
            ),
            known("2023-01-03T10:15:30Z")
        );
    }

    #[test]
    fn what_contradicts_itself_or_has_no_date_is_refused() {
        let refused = |name: &str, tags: &[(&str, &str)]| at(name, tags).unwrap_err();
        let text = refused("x_20230103.tif", &[("ACQUISITION_DATE", "2023-01-04")]);
        assert!(
            text.contains("2023-01-03") && text.contains("2023-01-04"),
            "{text}"
        );
        assert!(refused("01022020.tif", &[]).contains("2020-01-02 or 2020-02-01"));
        assert!(refused("ortho.tif", &[]).contains("no date"));
    }

    #[test]
    fn extents_tell_places_apart_and_not_pixel_sizes() {
        let fine = raster("Byte", 1);
        let mut coarse = fine.clone();
        coarse.grid.width /= 2;
        coarse.grid.height /= 2;
        (coarse.grid.origin[1], coarse.grid.origin[5]) = (20.0, -20.0);
        let mut elsewhere = fine.clone();
        elsewhere.grid.origin[0] += 5000.0;
        assert_eq!(extent_key(&fine), extent_key(&coarse));
        assert_ne!(extent_key(&fine), extent_key(&elsewhere));
    }

    #[test]
    fn rasters_off_the_map_are_refused_with_the_way_out() {
        let mut header = raster("UInt16", 1);
        assert!(check_on_the_map(Path::new("a.tif"), &header).is_ok());
        header.georeferenced = false;
        let plain = check_on_the_map(Path::new("a.tif"), &header).unwrap_err();
        assert!(plain.what.contains("no georeference"));
        header.control_points = 4;
        let points = check_on_the_map(Path::new("a.tif"), &header).unwrap_err();
        assert!(points.what.contains("4 ground control points"));
        assert!(points.remedy.contains("gdalwarp"));
    }
}
