//! The crossings that come with the program.

use std::path::Path;

use super::file::parse_crossings;
use super::model::Crossing;
use crate::error::Result;

/// Vertices derived from OpenStreetMap, © OpenStreetMap contributors, ODbL 1.0;
/// each track says how well its line is known and from what.
const CROSSINGS: &str = include_str!("crossings.geojson");

/// The built-in crossings: `tumen`, `dandong`, `namyang` and `manpo`.
///
/// ```
/// let crossings = railspan::site::built_in()?;
/// let tumen = &crossings[0];
/// assert_eq!(tumen.id, "tumen");
/// assert!((tumen.tracks[0].alignment.length_m() - 623.0).abs() < 0.1);
/// # Ok::<(), railspan::error::Error>(())
/// ```
///
/// # Errors
/// None in a released program: the registry is part of it and tested.
pub fn built_in() -> Result<Vec<Crossing>> {
    parse_crossings(CROSSINGS, Path::new("built-in crossings"))
}
