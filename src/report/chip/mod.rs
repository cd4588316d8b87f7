//! Chips: pictures of every train found, for a person to judge.
//!
//! Two PNG files a train, in a folder beside the store: a *sheet* to look at,
//! enlarged and labelled, and a *film*, one pixel a cell and nothing drawn on
//! it, from which the page makes its own pictures. Names follow from crossing,
//! track, capture and number of the train alone.

mod film;
mod folder;
mod sheet;
mod tone;

pub(super) use film::Film;
pub use folder::ChipFolder;
pub(super) use sheet::round_step_m;

#[cfg(test)]
pub(super) mod tests;
