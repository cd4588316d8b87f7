//! The folder scan, with the decoding spread over threads.

use std::path::PathBuf;

use rayon::prelude::*;

use super::Workers;
use crate::capture::{Context, Hints, Inventory, decode, find, gather};
use crate::source::HeaderReader;

/// Finds the products in `folders`, decodes them in parallel and merges them
/// into captures. The result does not depend on the number of threads.
#[must_use]
pub fn scan(folders: &[PathBuf], hints: &Hints, workers: &Workers) -> Inventory {
    let (finds, problems) = find(folders);
    let context = Context {
        probe: &HeaderReader,
        hints,
    };
    let decoded = workers.install(|| finds.par_iter().map(|f| decode(f, &context)).collect());
    gather(decoded, problems)
}
