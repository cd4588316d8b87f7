//! Registration of the captures of one tile, and their strips.
//!
//! Captures stream through: a worker holds the pixels of one corridor at a
//! time. What stays is the features of at most [`MOST_ANCHORS`] anchors, one
//! byte a pixel each, and the strips themselves: 4 bytes × bands × offsets ×
//! chainages a capture, and two bits of mask.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array3;
use rayon::prelude::*;

use super::group::Filed;
use super::working::{Working, load};
use crate::capture::Modality;
use crate::error::{Error, Result};
use crate::geo::Alignment;
use crate::register::{
    Consensus, Features, MOST_ANCHORS, Registration, anchors, centred, radar_features, register,
    register_radar, settled,
};
use crate::strip::{Bounds, PlanGrid, Prepared, Shift, Strip, StripSpec};

const _: () = assert!(
    MOST_ANCHORS <= 32,
    "features of the anchors are held in memory"
);

/// A corridor on its way to a strip.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    /// Where the capture lies; the reason where registration was refused.
    pub(super) registration: Result<Registration, String>,
    /// What is added to its coordinates; zero where registration was refused.
    pub(super) shift: Shift,
}

/// Where a corridor is sampled.
pub(super) struct Place<'a> {
    /// What is added to its coordinates.
    pub(super) shift: Shift,
    /// By how much its track lies to the right beyond that, m, per chainage cell; empty
    /// where it does not.
    pub(super) aside_m: &'a [f64],
}

/// One tile of a track and the captures that are registered on it together.
pub(super) struct Tile<'a> {
    /// The stretch's own alignment.
    pub(super) alignment: &'a Alignment,
    /// Its corridors, in the order of the series.
    pub(super) corridors: &'a [Filed],
    /// How their values become comparable.
    pub(super) working: &'a Working,
}

impl Tile<'_> {
    /// Registers every corridor against the consensus of all; an error for
    /// those that cannot be read.
    pub(super) fn place(&self) -> Result<Vec<Result<Placed>>> {
        let grid = self.grid()?;
        let anchors = self.anchors(grid);
        let consensus = consensus(&anchors);
        let found: Vec<Result<Result<Registration, String>>> = self
            .corridors
            .par_iter()
            .enumerate()
            .map(|(i, filed)| {
                let registered = |features: &Features| match &consensus {
                    Some(consensus) => refusal_as_text(self.against(features, consensus)),
                    None => Ok(Err(
                        "not registered: too few captures show enough".to_owned()
                    )),
                };
                match anchors.get(&i) {
                    Some(features) => registered(features),
                    None => match self.features(&filed.path, grid) {
                        Ok(features) => registered(&features),
                        Err(error) => refusal_as_text(Err(error)),
                    },
                }
            })
            .collect();
        Ok(about_their_median(found))
    }

    /// The strip of each corridor at its place.
    pub(super) fn straighten(
        &self,
        along: &Alignment,
        spec: &StripSpec,
        places: &[Option<Place<'_>>],
    ) -> Vec<Option<Strip>> {
        self.corridors
            .par_iter()
            .zip(places)
            .map(|(filed, place)| {
                let Place { shift, aside_m } = place.as_ref()?;
                let prepared = self.prepared(&filed.path).ok()?;
                let aside_m = |cell: usize| aside_m.get(cell).copied().unwrap_or_default();
                let mut strip = prepared.straighten_aside(along, spec, *shift, aside_m);
                if !strip.clear.iter().any(|clear| *clear) {
                    // Zeros that are never written take no memory.
                    strip.values = Array3::zeros(strip.values.dim());
                }
                Some(strip)
            })
            .collect()
    }

    fn prepared(&self, path: &Path) -> Result<Prepared> {
        Ok(Prepared::new(&load(path, self.working)?))
    }

    fn features(&self, path: &Path, grid: PlanGrid) -> Result<Features> {
        let view = self.prepared(path)?.plan_view(grid);
        match self.working.modality() {
            Modality::Optical => Features::of_optical(&view),
            Modality::Sar => radar_features(&view),
        }
    }

    fn against(&self, features: &Features, consensus: &Consensus) -> Result<Registration> {
        match self.working.modality() {
            Modality::Optical => register(features, consensus, Shift::default()),
            Modality::Sar => register_radar(features, consensus, Shift::default()),
        }
    }

    fn grid(&self) -> Result<PlanGrid> {
        let mut held = Bounds::around([]);
        for filed in self.corridors {
            let size = (filed.label.grid.width, filed.label.grid.height);
            held = held.with(&Bounds::of(&filed.label.to_pixel, size)?);
        }
        PlanGrid::around(self.alignment, self.working.pixel_m(), &held)
    }

    /// The features of the captures that make the consensus, by their place in the
    /// series; without those that cannot be read.
    fn anchors(&self, grid: PlanGrid) -> BTreeMap<usize, Features> {
        let shares: Vec<f64> = self
            .corridors
            .iter()
            .map(|filed| filed.label.origin.clear_share)
            .collect();
        anchors(&shares)
            .into_par_iter()
            .filter_map(|i| Some((i, self.features(&self.corridors[i].path, grid).ok()?)))
            .collect()
    }
}

/// `None` where too few captures show enough to be a reference.
fn consensus(anchors: &BTreeMap<usize, Features>) -> Option<Consensus> {
    if anchors.len() < 2 {
        return None;
    }
    let features: Vec<&Features> = anchors.values().collect();
    settled(&features).ok()
}

/// A refusal is a finding; everything else that goes wrong is a failure.
fn refusal_as_text(registered: Result<Registration>) -> Result<Result<Registration, String>> {
    match registered {
        Ok(found) => Ok(Ok(found)),
        Err(Error::Unsupported { reason }) => Ok(Err(reason)),
        Err(other) => Err(other),
    }
}

/// Shifts about the median of those that were accepted.
fn about_their_median(found: Vec<Result<Result<Registration, String>>>) -> Vec<Result<Placed>> {
    let accepted: Vec<Shift> = found
        .iter()
        .filter_map(|f| f.as_ref().ok()?.as_ref().ok().map(|r| r.shift))
        .collect();
    let mut centred = centred(&accepted).into_iter();
    found
        .into_iter()
        .map(|f| {
            let registration = f?;
            let shift = match &registration {
                Ok(_) => centred.next().unwrap_or_default(),
                Err(_) => Shift::default(),
            };
            Ok(Placed {
                registration,
                shift,
            })
        })
        .collect()
}
