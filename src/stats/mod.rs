//! Robust statistics and intervals that several rooms need, each in textbook form.

mod robust;

pub use robust::{MAD_TO_SIGMA, mad_sigma, median, quantile};
