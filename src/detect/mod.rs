//! Whether trains stand on the track, and roughly where.

mod radar;
mod radar_lane;

pub use radar::{RadarProfile, RadarSegment, Sampling, place_scatter, radar_segments};
pub use radar_lane::{LaneContrast, LogRatio, lane_contrast};
