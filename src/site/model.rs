//! What a crossing is.

use serde::{Deserialize, Serialize};

use crate::geo::{Alignment, Frame, LonLat};

/// What part of a crossing a stretch of track is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// The bridge itself.
    Bridge,
    /// Track before or behind the bridge.
    Approach,
    /// Where the approach opens into a yard.
    YardThroat,
    /// Anything else.
    Track,
}

/// A stretch of a track by chainage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// What it is.
    pub kind: SectionKind,
    /// Where it begins, m.
    pub start_m: f64,
    /// Where it ends, m.
    pub end_m: f64,
    /// How well the line is known across it here, 1 sigma, m, where that
    /// differs from the track's own figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty_across_m: Option<f64>,
}

/// A kind of rolling stock that runs on a track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stock {
    /// Its type, e.g. `P70 boxcar`.
    pub name: String,
    /// Length over couplers, m.
    pub length_m: f64,
    /// Where the length is from.
    #[serde(default)]
    pub source: String,
}

/// Something near a track that can look like a train or a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confuser {
    /// What it is.
    pub name: String,
    /// Lateral distance of its centre from the track, m, positive to the right
    /// looking up-chainage, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_m: Option<f64>,
    /// Since when it is there, as written by the source, e.g. `2024-12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Where this is known from.
    #[serde(default)]
    pub source: String,
}

/// One alignment that is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// The alignment's id, unique in a file.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The vertices as given.
    pub vertices: Vec<LonLat>,
    /// The local frame, about the middle of the line.
    pub frame: Frame,
    /// The centreline in that frame.
    pub alignment: Alignment,
    /// Its sections in order of chainage.
    pub sections: Vec<Section>,
    /// How well the line is known across, 1 sigma, m.
    pub uncertainty_across_m: f64,
    /// How well the line is known along, 1 sigma, m.
    pub uncertainty_along_m: f64,
    /// Where the geometry is from.
    pub source: String,
    /// What runs here, for car counts from lengths.
    pub stock: Vec<Stock>,
    /// What to beware of.
    pub confusers: Vec<Confuser>,
    /// Offset of a road lane on the same deck, m, positive to the right, where known.
    pub road_lane_offset_m: Option<f64>,
}

/// A monitored place.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// Its id: `tumen`, `dandong`, …
    pub id: String,
    /// What people call it.
    pub name: String,
    /// IANA time zone for dates shown to people; results stay in UTC.
    pub time_zone: String,
    /// Who is to be credited for its vertices.
    pub attribution: String,
    /// Its tracks, in the order of the file.
    pub tracks: Vec<Track>,
}
