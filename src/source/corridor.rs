//! A corridor: the native pixels of one capture under one track and the margin
//! that registration needs. The contract between the stages *extract* and
//! *detect*.

use jiff::Timestamp;
use ndarray::{Array2, Array3};
use serde::{Deserialize, Serialize};

use crate::capture::{BandRole, Modality, Unit};
use crate::geo::{Frame, FrameToPixel, Grid};

/// Where a corridor's numbers come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Fingerprint of the inputs and settings; also the file's name.
    pub fingerprint: String,
    /// Products read, as the user would name them.
    pub products: Vec<String>,
    /// Version of railspan that wrote it.
    pub version: String,
    /// Scale and offset of each band in the first scene: value = DN × scale + offset.
    pub calibration: Vec<(f64, f64)>,
    /// Native pixels along the side of the squares that were averaged; 1 where
    /// the pixels are native.
    pub mean_of: usize,
    /// Choices a person may want to check, such as a scene that was left out.
    pub notes: Vec<String>,
}

/// What a corridor is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorridorOrigin {
    /// The crossing's id.
    pub crossing: String,
    /// The track's id.
    pub track: String,
    /// Which stretch of the track, m: the tile that the corridor covers.
    pub start_m: f64,
    /// Which stretch of the track, m: the tile that the corridor covers.
    pub end_m: f64,
    /// The capture's id.
    pub capture: String,
    /// Scenes merged.
    pub scenes: usize,
    /// When it was acquired.
    pub acquired: Timestamp,
    /// The sensor.
    pub sensor: String,
    /// The satellite.
    pub platform: String,
    /// Optical or radar.
    pub modality: Modality,
    /// Relative orbit, where known.
    pub relative_orbit: Option<u16>,
    /// What the values are.
    pub unit: Unit,
    /// Ground sample distance of the pixels in the corridor, m.
    pub gsd_m: f64,
    /// What each band shows.
    pub bands: Vec<BandRole>,
    /// Names of the masks that were used; empty where the product has none.
    pub masks: Vec<String>,
    /// Share of the corridor's pixels that are clear, 0..1.
    pub clear_share: f64,
}

/// A corridor file without its pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorridorLabel {
    /// What it is of.
    pub origin: CorridorOrigin,
    /// From the track's frame to its pixels.
    pub to_pixel: FrameToPixel,
    /// The grid of its pixels.
    pub grid: Grid,
}

impl CorridorLabel {
    /// The label of a corridor.
    #[must_use]
    pub fn of(corridor: &Corridor) -> Self {
        Self {
            origin: corridor.origin.clone(),
            to_pixel: corridor.to_pixel.clone(),
            grid: corridor.grid.clone(),
        }
    }
}

/// The native pixels of one capture under one track.
#[derive(Debug, Clone, PartialEq)]
pub struct Corridor {
    /// What it is of.
    pub origin: CorridorOrigin,
    /// Where the numbers come from.
    pub provenance: Provenance,
    /// The frame in which the track is known.
    pub frame: Frame,
    /// From that frame to the pixels here.
    pub to_pixel: FrameToPixel,
    /// The grid of the pixels here, for those who look at the file on a map.
    pub grid: Grid,
    /// Values, (band, row, column), calibrated; NaN where not covered.
    pub values: Array3<f32>,
    /// Whether a pixel lies inside valid data, (row, column).
    pub covered: Array2<bool>,
    /// Whether a pixel is covered and no mask speaks against it, (row, column).
    pub clear: Array2<bool>,
}
