//! Robust statistics and intervals that several rooms need, each in textbook form.

mod exact;
mod robust;
mod shorth;

pub use exact::{Interval, clopper_pearson, garwood};
pub use robust::{MAD_TO_SIGMA, mad_sigma, median, median_in_place, quantile};
pub use shorth::{ShortestHalf, shortest_half};
