//! The straightened raster: the one thing every kernel takes and returns.

mod model;
mod point_response;

pub use model::{Axis, Shift, Strip};
pub use point_response::PointResponse;
