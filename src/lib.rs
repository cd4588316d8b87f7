#![doc = include_str!("../README.md")]
//!
//! # The house
//!
//! Data flows one way, left to right; a room may `use crate::` only what
//! stands on a floor to its left, and rooms of one floor do not import each other:
//!
//! ```text
//! error → geo, stats → site, capture → source → strip
//!   → register, normalize, background, difference, detect, measure, locate
//!   → pipeline → series → trend → report → cli
//! ```
//!
//! Kernels (from `register` to `locate`) are pure: no path, no raster library
//! and no threads inside. `source` is the only room that names the raster
//! library, `pipeline` the only one that starts threads.

pub mod background;
pub mod capture;
pub mod cli;
pub mod detect;
pub mod difference;
pub mod error;
pub mod geo;
pub mod locate;
pub mod measure;
pub mod normalize;
pub mod pipeline;
pub mod register;
pub mod report;
pub mod series;
pub mod simulate;
pub mod site;
pub mod source;
pub mod stats;
pub mod strip;
pub mod trend;
