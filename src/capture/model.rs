//! Scenes and captures: what every later step may ask of a product.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// How the sensor sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Modality {
    /// Reflected sunlight.
    Optical,
    /// Radar backscatter.
    Sar,
}

/// What a band shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BandRole {
    /// About 490 nm.
    Blue,
    /// About 560 nm.
    Green,
    /// About 665 nm.
    Red,
    /// About 840 nm.
    Nir,
    /// Panchromatic, or the one band of a grey image.
    Pan,
    /// Backscatter, sent and received vertically.
    Vv,
    /// Backscatter, sent vertically and received horizontally.
    Vh,
    /// Backscatter, sent and received horizontally.
    Hh,
    /// Backscatter, sent horizontally and received vertically.
    Hv,
    /// Backscatter of unknown polarisation.
    Backscatter,
}

/// What a sample is after scale and offset were applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Surface or top-of-atmosphere reflectance, 0..1.
    Reflectance,
    /// Uncalibrated counts; only ratios within a capture mean anything.
    Counts,
    /// Backscatter as linear power.
    Power,
    /// Backscatter as amplitude, the root of power.
    Amplitude,
    /// Backscatter in decibels of power.
    Decibel,
}

/// One band of a scene: where it is and how its numbers become values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandSource {
    /// What the band shows.
    pub role: BandRole,
    /// What the raster library opens (a path, or `/vsizip/…` inside an archive).
    pub path: String,
    /// Band number in that raster, from 1.
    pub index: usize,
    /// value = DN × scale + offset.
    pub scale: f64,
    /// value = DN × scale + offset.
    pub offset: f64,
    /// The DN that means "no data", tested before scale and offset.
    pub nodata: Option<f64>,
}

/// Which values of a mask layer leave a pixel usable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskRule {
    /// Usable unless the value is one of these.
    NotIn(Vec<u16>),
    /// Usable only if the value is one of these.
    OnlyIn(Vec<u16>),
    /// Usable if none of these bits is set.
    NoBitOf(u16),
}

impl MaskRule {
    /// Whether a pixel of this value is usable.
    #[must_use]
    pub fn usable(&self, value: u16) -> bool {
        match self {
            Self::NotIn(values) => !values.contains(&value),
            Self::OnlyIn(values) => values.contains(&value),
            Self::NoBitOf(bits) => value & bits == 0,
        }
    }
}

/// A provider's mask of clouds and the like, perhaps coarser than the bands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskLayer {
    /// The provider's name for it: `SCL`, `UDM2`, `QA_PIXEL`.
    pub name: String,
    /// What the raster library opens.
    pub path: String,
    /// Band number in that raster, from 1.
    pub index: usize,
    /// Which values leave a pixel usable.
    pub rule: MaskRule,
}

/// One delivered frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// The product's own id, without suffixes of processing and packaging.
    pub id: String,
    /// The file or folder a person would call this product.
    pub product: PathBuf,
    /// When it was acquired.
    pub datetime: Timestamp,
    /// `sentinel-2`, `planetscope`, `skysat`, `landsat`, `sentinel-1`, `generic`, …
    pub sensor: String,
    /// The satellite, e.g. `sentinel-2b`; empty where unknown.
    pub platform: String,
    /// Optical or radar.
    pub modality: Modality,
    /// Nominal ground sample distance, m; `None` where only the raster knows.
    pub gsd_m: Option<f64>,
    /// What the values are.
    pub unit: Unit,
    /// Bands of one grid, in the order of [`BandRole`].
    pub bands: Vec<BandSource>,
    /// Masks; a pixel is usable if all of them say so.
    pub masks: Vec<MaskLayer>,
    /// Relative orbit, where the product tells.
    pub relative_orbit: Option<u16>,
    /// Order of preference among copies of one scene: greater is better
    /// (processing baseline, processing time; by sort order of the text).
    pub version: String,
    /// Scenes with equal pass keys come from one pass of one satellite:
    /// they are merged where they complement each other and de-duplicated
    /// where they repeat each other. Empty: the scene stands alone.
    pub pass: String,
    /// Scenes of one pass with equal tile keys are copies of one another.
    pub tile: String,
}

/// All scenes of one pass over the crossing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// Id of the first scene in time.
    pub id: String,
    /// When its first scene was acquired.
    pub datetime: Timestamp,
    /// Its scenes, never empty: in order of time and then id, but where two of
    /// them show the same place the better one first.
    pub scenes: Vec<Scene>,
}

/// A file or product that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong.
    pub what: String,
    /// What the user can do.
    pub remedy: String,
}

impl Problem {
    /// What went wrong with a product, from an error that may name one of its files.
    #[must_use]
    pub fn from_error(product: &Path, error: &Error) -> Self {
        match error {
            Error::Content {
                path,
                problem,
                remedy,
            } => Self::new(path, problem, remedy),
            Error::Io { path, source } => Self::new(
                path,
                format!("cannot be read: {source}"),
                "check that it is there and that you may read it",
            ),
            other => Self::new(
                product,
                other.to_string(),
                "download it again, or take it out of the folder",
            ),
        }
    }

    /// A problem with a file or product, in words for the user.
    pub fn new(
        path: impl Into<PathBuf>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {}", self.path.display(), self.what, self.remedy)
    }
}

/// What a folder holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// Captures in order of time and then id.
    pub captures: Vec<Capture>,
    /// What could not be used.
    pub problems: Vec<Problem>,
    /// Choices a person may want to check, such as which of two copies was taken.
    pub notes: Vec<String>,
}

impl Capture {
    /// The scene that names the capture.
    #[must_use]
    pub fn first(&self) -> &Scene {
        &self.scenes[0]
    }
}
