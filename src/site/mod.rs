//! Crossings and their tracks: the built-in registry and the user's own file.

mod check;
mod file;
mod model;
mod moved;
mod registry;

pub use file::{parse_crossings, read_crossings, to_geojson, to_geojson_with};
pub use model::{Confuser, Crossing, Section, SectionKind, Stock, Track};
pub use moved::Move;
pub use registry::built_in;
