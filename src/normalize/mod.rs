//! Bringing captures to what can be compared.

mod counts;
mod decibel;
mod look_alike;

pub use counts::{count_scale, scale_counts};
pub use decibel::to_decibels;
pub use look_alike::look_alike_groups;
