//! What folders hold, found and decoded in parallel.

use std::path::PathBuf;

use rayon::prelude::*;

use super::Workers;
use crate::capture::{Capture, Context, Inventory, decode, find, gather};
use crate::error::Result;
use crate::geo::Grid;
use crate::source::scene_grid;

/// Scans folders: one walk, then each product's metadata in parallel, then the
/// merging of scenes into captures.
#[must_use]
pub fn inventory(folders: &[PathBuf], context: &Context<'_>, workers: &Workers) -> Inventory {
    let (finds, problems) = find(folders);
    let decoded = workers.install(|| finds.par_iter().map(|f| decode(f, context)).collect());
    gather(decoded, problems, context.probe)
}

/// The grid of each capture's first scene, from the raster's header.
#[must_use]
pub fn grids(captures: &[Capture], workers: &Workers) -> Vec<Result<Grid>> {
    workers.install(|| {
        captures
            .par_iter()
            .map(|capture| scene_grid(capture.first()))
            .collect()
    })
}
