//! The difference to the previous usable observation of a track: what
//! appeared, stayed and changed, and since when it stands there.
//!
//! Two comparisons are made. The *ends* of the trains found are compared within
//! their uncertainty; and where both observations are of one kind of capture,
//! their *contrasts* along the track are compared directly, so that a train
//! replaced by another of the same length is seen as a change.

mod contrast;
mod follow;

pub use contrast::{Contrast, likeness};
pub use follow::{Change, Followed, Sight, Span, follow};
