//! The truth of a series: one row for each train, one for each empty capture.

use std::path::Path;

use serde::Serialize;

use crate::error::{Error, Result};

use super::circumstances::Circumstances;
use super::render::{Picture, Studio};
use super::trains::Train;

/// One row of the truth table; empty where there is no train.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TruthRow {
    /// Id of the capture.
    pub capture: String,
    /// When, UTC.
    pub acquired: String,
    /// Id of the crossing.
    pub crossing: String,
    /// Share of the track that can be seen, 0..1.
    pub clear: f64,
    /// 1 where snow or ice lies.
    pub snow: u8,
    /// How far the content was moved east, m.
    pub shift_x: f64,
    /// How far the content was moved north, m.
    pub shift_y: f64,
    /// Length of the track, m.
    pub total: f64,
    /// Trains in this capture.
    pub n: usize,
    /// Chainage of the train's rear at mid-exposure, m.
    pub start: Option<f64>,
    /// Chainage of the train's front at mid-exposure, m.
    pub end: Option<f64>,
    /// Length of its bodies from end to end, m: what can be seen of it. Over
    /// couplers it is half a metre more at each end.
    pub length: Option<f64>,
    /// Metres of it on the track.
    pub inside: Option<f64>,
    /// Along growing chainage, m/s.
    pub speed: Option<f64>,
    /// Share of what is on the track that can be seen, 0..1.
    pub train_clear: Option<f64>,
    /// Kinds of cars.
    pub kind: String,
    /// How many cars it has, locomotives included.
    pub cars: Option<usize>,
}

/// Cloud or shadow of this opacity and more hides the track. Thinner rims are
/// there and disturb, but do not hide.
const HIDDEN: (f32, f32) = (0.3, 0.5);

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

/// Rows of one capture.
pub(super) fn rows(
    studio: &Studio<'_>,
    (crossing, id): (&str, &str),
    capture: &Circumstances,
    picture: &Picture,
) -> Vec<TruthRow> {
    let total_m = studio.track.alignment.length_m();
    let empty = TruthRow {
        capture: id.to_owned(),
        acquired: capture.acquired.to_string(),
        crossing: crossing.to_owned(),
        clear: rounded(seen(studio, capture, picture, (0.0, total_m)), 4),
        snow: u8::from(picture.wintry),
        shift_x: rounded(capture.shift_m.0, 3),
        shift_y: rounded(capture.shift_m.1, 3),
        total: rounded(total_m, 2),
        n: 0,
        start: None,
        end: None,
        length: None,
        inside: None,
        speed: None,
        train_clear: None,
        kind: String::new(),
        cars: None,
    };
    let inside = |t: &Train| (t.start_m.max(0.0), t.end_m.min(total_m));
    let on_track: Vec<&Train> = picture
        .trains
        .iter()
        .filter(|t| inside(t).1 > inside(t).0)
        .collect();
    if on_track.is_empty() {
        return vec![empty];
    }
    on_track
        .iter()
        .map(|train| {
            let (from_m, to_m) = inside(train);
            TruthRow {
                n: on_track.len(),
                start: Some(rounded(train.start_m, 2)),
                end: Some(rounded(train.end_m, 2)),
                length: Some(rounded(train.end_m - train.start_m, 2)),
                inside: Some(rounded(to_m - from_m, 2)),
                speed: Some(rounded(train.speed_mps, 2)),
                train_clear: Some(rounded(seen(studio, capture, picture, (from_m, to_m)), 3)),
                kind: train.kind.clone(),
                cars: Some(train.cars.len()),
                ..empty.clone()
            }
        })
        .collect()
}

/// Share of a stretch of track that is covered and not hidden.
fn seen(
    studio: &Studio<'_>,
    capture: &Circumstances,
    picture: &Picture,
    (from_m, to_m): (f64, f64),
) -> f64 {
    let steps = (to_m - from_m).ceil().max(1.0) as usize;
    let visible = (0..steps).filter(|&i| {
        let at_m = from_m + (to_m - from_m) * (i as f64 + 0.5) / steps as f64;
        let mut place = studio.canvas.line.point_at(at_m, 0.0);
        place.east_m += capture.shift_m.0;
        place.north_m += capture.shift_m.1;
        studio.canvas.pixel_of(place).is_some_and(|(col, row)| {
            let hidden = picture.sky.as_ref().is_some_and(|sky| {
                sky.cloud[[row, col]] > HIDDEN.0 || sky.shadow[[row, col]] > HIDDEN.1
            });
            picture.covered[[row, col]] && !hidden
        })
    });
    visible.count() as f64 / steps as f64
}

/// Writes the table.
///
/// # Errors
/// The file cannot be written.
pub(super) fn write(rows: &[TruthRow], path: &Path) -> Result<()> {
    let failed = |e: csv::Error| Error::io(path)(std::io::Error::other(e));
    let mut table = csv::Writer::from_path(path).map_err(failed)?;
    for row in rows {
        table.serialize(row).map_err(failed)?;
    }
    table.flush().map_err(Error::io(path))
}
