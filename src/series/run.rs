//! A record of one run of the program over folders of imagery.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::model::RunStamp;

/// One run over the captures of a track: what rows refer to by their `run_id`,
/// which follows from all that went into it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id, with the version and the fingerprint of the settings.
    pub stamp: RunStamp,
    /// The crossing's id; empty where the run is not of one track.
    pub crossing: String,
    /// The track's id; empty where the run is not of one track.
    pub track: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` while it goes on or where it was cut off.
    pub finished: Option<Timestamp>,
    /// The settings in full.
    pub settings: serde_json::Value,
    /// The subcommand.
    pub command: String,
    /// The folders it looked at.
    pub folders: Vec<PathBuf>,
}
