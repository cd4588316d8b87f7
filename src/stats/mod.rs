//! Robust statistics and intervals that several rooms need, each in textbook form.

mod proportion;
mod robust;
mod shorth;

pub use proportion::{Interval, wilson};
pub use robust::{MAD_TO_SIGMA, mad_sigma, median, quantile};
pub use shorth::{ShortestHalf, shortest_half};
