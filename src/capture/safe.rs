//! Sentinel-2 SAFE.

use super::{Context, Find, Listing, Problem, Scene};

pub(super) fn claim(_listing: &mut Listing) -> Vec<Find> {
    Vec::new()
}

pub(super) fn decode(find: &Find, _context: &Context<'_>) -> Result<Scene, Problem> {
    Err(find.problem("no decoder yet", "leave it out"))
}
