//! The only room that names the raster library: headers, planned window reads,
//! coordinate transforms, corridor files and the table file.

mod corridor;

pub use corridor::{Corridor, CorridorOrigin, Provenance};
