//! The straightened raster: the one thing every kernel takes and returns.

mod model;
mod profile;

pub use model::{Axis, Shift, Strip};
pub use profile::{Profile, sample_correlation};
