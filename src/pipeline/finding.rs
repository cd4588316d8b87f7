//! What was found in one capture on one track: a row of the series in the making.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CutOut;
use crate::capture::{Capture, Modality};
use crate::difference::Followed;
use crate::geo::LonLat;
use crate::measure::{Cars, Censored, Polarity};
use crate::source::CorridorOrigin;
use crate::strip::Shift;

/// Which capture was looked at, on which track.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// The crossing's id.
    pub crossing: String,
    /// The track's id.
    pub track: String,
    /// The capture's id.
    pub capture: String,
    /// Scenes merged.
    pub scenes: usize,
    /// When it was acquired.
    pub acquired: Timestamp,
    /// The sensor.
    pub sensor: String,
    /// The satellite; empty where unknown.
    pub platform: String,
    /// Optical or radar.
    pub modality: Modality,
    /// Ground sample distance used, m; `None` where the capture could not be read.
    pub gsd_m: Option<f64>,
}

/// A registration that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// What was added to the capture's coordinates to match the reference.
    pub shift: Shift,
    /// Its standard error, m.
    pub sigma_m: f64,
}

/// What became of looking at one capture on one track.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The capture could not be processed, for the reason given.
    Failed(String),
    /// What could be seen of the track, and what was found.
    Looked(Look),
}

/// A capture that was processed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Share of the track inside valid data, 0..1.
    pub covered: f64,
    /// Share of the track usable, 0..1.
    pub clear: f64,
    /// `None` where registration was refused.
    pub registered: Option<Registered>,
    /// Trains in order of chainage; `None` where none could be looked for,
    /// for the reason given.
    pub trains: Result<Vec<FoundTrain>, String>,
    /// Remarks on a look that did work, such as a refused registration; often empty.
    pub remarks: Vec<String>,
    /// Shortest train of reference contrast found with 90 % probability, m.
    pub detection_limit_m: Option<f64>,
}

/// One train, as far as it stands on the track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundTrain {
    /// Chainage where it begins, m; at least 0.
    pub start_m: f64,
    /// Chainage where it ends, m; at most the length of the track.
    pub end_m: f64,
    /// 1 sigma of the start, m.
    pub start_sigma_m: f64,
    /// 1 sigma of the end, m.
    pub end_sigma_m: f64,
    /// 1 sigma of the length inside the track, m.
    pub length_sigma_m: f64,
    /// Ends that were not seen, or lie beyond the track.
    pub censored: Censored,
    /// Strength of the detection.
    pub snr: f64,
    /// Probability of so strong a detection on an empty track, where it is known.
    pub p_value: Option<f64>,
    /// Brighter or darker than the empty track.
    pub polarity: Polarity,
    /// How many cars it has, where the gaps between them can be seen.
    pub cars: Option<Cars>,
    /// What became of it since the observation before.
    pub followed: Option<Followed>,
    /// Its line on the alignment.
    pub line: Vec<LonLat>,
    /// What there is to see of it.
    pub cutout: Option<CutOut>,
}

/// One capture on one track and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What was looked at.
    pub subject: Subject,
    /// What became of it.
    pub verdict: Verdict,
}

impl Subject {
    /// The subject of a corridor.
    #[must_use]
    pub fn of_corridor(origin: &CorridorOrigin) -> Self {
        Self {
            crossing: origin.crossing.clone(),
            track: origin.track.clone(),
            capture: origin.capture.clone(),
            scenes: origin.scenes,
            acquired: origin.acquired,
            sensor: origin.sensor.clone(),
            platform: origin.platform.clone(),
            modality: origin.modality,
            gsd_m: Some(origin.gsd_m),
        }
    }

    /// The subject of a capture that could not be extracted.
    #[must_use]
    pub fn of_capture(capture: &Capture, crossing: &str, track: &str) -> Self {
        let first = capture.first();
        Self {
            crossing: crossing.to_owned(),
            track: track.to_owned(),
            capture: capture.id.clone(),
            scenes: capture.scenes.len(),
            acquired: capture.datetime,
            sensor: first.sensor.clone(),
            platform: first.platform.clone(),
            modality: first.modality,
            gsd_m: first.gsd_m,
        }
    }
}
