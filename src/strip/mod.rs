//! The straightened raster: the one thing every kernel takes and returns.
//!
//! Corridors come in here with the pixels of their product. They leave as a
//! [`Strip`] along the track, or as a [`PlanView`] with east to the right and
//! north up in which captures of any grid can be laid over each other. Both
//! are sampled from the same prefiltered pixels, [`Prepared`], so that nothing
//! is interpolated twice.

mod coarsen;
#[cfg(test)]
pub(crate) mod fixture;
mod mask;
mod model;
mod nearest;
mod plan_view;
mod point_response;
mod profile;
mod spec;
mod spline;
mod straighten;

pub use coarsen::coarsened;
pub use mask::eroded;
pub use model::{Axis, Shift, Strip};
pub use plan_view::{Bounds, PlanGrid, PlanView};
pub use point_response::PointResponse;
pub use profile::{Profile, sample_correlation};
pub use spec::{StripSpec, coarsening_factor};
pub use spline::Spline;
pub use straighten::Prepared;
