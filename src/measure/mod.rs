//! Where a train begins and ends, and how sure that is.

mod radar_ends;

pub use radar_ends::{EndsInput, RadarEnd, RadarEnds, radar_ends};
