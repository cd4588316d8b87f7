//! Where exactly a train begins and ends, how sure that is, and what it looks like.

mod cars;
mod colour;
mod ends;
mod fit;
mod likelihood;
mod polarity;
mod radar_ends;

pub use cars::{Cars, GAP_M, SHARP_M, cars};
pub use fit::{Censored, Fit, Motion, fit};
pub use polarity::{Polarity, polarity};
pub use radar_ends::{EndsInput, RadarEnd, RadarEnds, radar_ends};
