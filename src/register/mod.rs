//! Registration: the translation of every capture against the consensus of
//! its series.
//!
//! No capture is the reference by itself. A bounded number of captures, the
//! *anchors*, are registered in rounds against the per-pixel median of their
//! own feature images; every capture is then registered once against the
//! final [`Consensus`]. Memory holds the features of the anchors, one byte a
//! pixel each, however long the series is.
//!
//! ```text
//! anchors: features ─┬→ Consensus::of ─→ register each ─→ centred ─┐
//!                    └──────────────── 3 rounds ←──────────────────┘
//! every capture: features → register against the final consensus
//! ```
//!
//! A deck above the ground is not where a translation puts both: [`sideways`] says how
//! far it lies beside that of the other captures, section by section of the track.
//!
//! The steps are functions without loops over captures inside, so that the
//! caller decides about threads; [`settled`] and [`sideways`] do their rounds on one
//! thread.

mod anchors;
mod consensus;
mod correlate;
mod features;
mod gradient;
mod neighbourhood;
mod peak;
mod radar;
mod search;
mod sideways;
#[cfg(test)]
mod tests;
mod translation;

pub use anchors::{MOST_ANCHORS, anchors, centred, settled};
pub use consensus::Consensus;
pub use features::Features;
pub use radar::{radar_features, register_radar};
pub use sideways::sideways;
pub use translation::{Registration, register};
