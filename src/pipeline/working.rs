//! Corridors in the units that kernels work in.

use std::path::Path;

use rayon::prelude::*;

use super::group::FiledCapture;
use crate::capture::{Modality, Unit};
use crate::error::Result;
use crate::normalize::{count_scale, scale_counts, to_decibels};
use crate::source::{Corridor, read_corridor_file};
use crate::strip::{coarsened, coarsening_factor};

/// Captures looked at for the brightness of a series of uncalibrated counts.
const BRIGHTNESS_SAMPLE: usize = 9;

/// How the corridors of one series become comparable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Working {
    modality: Modality,
    gsd_m: f64,
    /// What counts are multiplied with to look like reflectances.
    count_scale: Option<f64>,
}

impl Working {
    /// The units of a series; looks at a few of its captures where they are
    /// not calibrated.
    pub(super) fn of(captures: &[FiledCapture]) -> Result<Self> {
        let origin = captures[captures.len() / 2].origin();
        let count_scale = if origin.unit == Unit::Counts {
            Some(brightness(captures)?)
        } else {
            None
        };
        Ok(Self {
            modality: origin.modality,
            gsd_m: origin.gsd_m,
            count_scale,
        })
    }

    pub(super) fn modality(&self) -> Modality {
        self.modality
    }

    /// Ground sample distance as delivered, m.
    pub(super) fn gsd_m(&self) -> f64 {
        self.gsd_m
    }

    /// Side of a working pixel, m.
    pub(super) fn pixel_m(&self) -> f64 {
        self.gsd_m * coarsening_factor(self.gsd_m) as f64
    }
}

/// Reads a corridor in working units.
pub(super) fn load(path: &Path, working: &Working) -> Result<Corridor> {
    let mut corridor = read_corridor_file(path)?;
    let factor = coarsening_factor(working.gsd_m);
    match (working.modality, working.count_scale) {
        (Modality::Sar, _) => to_decibels(&mut corridor),
        (Modality::Optical, Some(scale)) => scale_counts(&mut corridor, scale),
        (Modality::Optical, None) => {}
    }
    Ok(if factor > 1 {
        coarsened(&corridor, factor)
    } else {
        corridor
    })
}

/// The scale of counts, from captures spread evenly over the series.
fn brightness(captures: &[FiledCapture]) -> Result<f64> {
    let count = captures.len().min(BRIGHTNESS_SAMPLE);
    let corridors: Vec<Corridor> = (0..count)
        .into_par_iter()
        .map(|k| read_corridor_file(&captures[k * captures.len() / count].tiles[0].path))
        .collect::<Result<_>>()?;
    count_scale(&corridors)
}
