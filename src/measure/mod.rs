//! Where exactly a train begins and ends, how sure that is, and what it looks like.

mod calibration;
mod calm;
mod cars;
mod colour;
mod ends;
mod fit;
mod likelihood;
mod noise;
mod planted;
mod polarity;
mod radar_ends;

pub use calibration::{Calibration, Trial};
pub use cars::{Cars, GAP_M, SHARP_M, cars};
pub use fit::{Censored, Fit, Motion, Ruler, fit};
pub use noise::NoiseShape;
pub use planted::{Planted, Stock};
pub use polarity::{Polarity, polarity};
pub use radar_ends::{EndsInput, RadarEnd, RadarEnds, radar_ends};
