//! The straightened raster: the one thing every kernel takes and returns.

mod model;

pub use model::{Axis, Shift, Strip};
