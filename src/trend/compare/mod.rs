//! Counts that people published, beside what the series holds.

mod agreement;
mod counts;
mod matching;
mod place;
mod quantity;
mod verdict;
mod view;

pub use agreement::{Agreement, agreement};
pub use counts::{Count, read_counts};
pub use place::Places;
pub use quantity::{Bound, Kind};
pub use verdict::{Compared, Found, Verdict, compare};

#[cfg(test)]
mod tests;
