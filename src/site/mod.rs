//! Crossings and their tracks: the built-in registry and the user's own file.

mod model;

pub use model::{Confuser, Crossing, Section, SectionKind, Stock, Track};
