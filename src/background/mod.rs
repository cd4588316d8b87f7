//! What a capture would show without trains.

mod radar;

pub use radar::{RadarBackgroundSettings, RadarResidual, radar_residuals};
