//! Where the track lies, when its line is known to tens of metres only.
//!
//! From the strips of a series, taken along the line as given and wide enough
//! to hold the track somewhere: [`line_evidence`] says where a line runs that is
//! there in most captures (a deck, a track bed), [`train_evidence`] where trains
//! come and go. [`best_path`] finds the smooth line that collects most of it,
//! [`chance`] whether as much would be collected where nothing is continuous, and
//! [`locate`] joins them: it chooses between lines beside each other, fits the
//! offset along the chainage and says how well it is known.

mod activity;
mod blocks;
mod chance;
mod choice;
mod curve;
mod evidence;
mod lineness;
mod path;
mod search;

pub use activity::train_evidence;
pub use blocks::{BLOCK_M, Blocks, Cells};
pub use chance::{Chance, chance};
pub use curve::{Curve, smooth_curve};
pub use evidence::Evidence;
pub use lineness::line_evidence;
pub use path::{Path, Reach, best_path};
pub use search::{Basis, Candidate, Located, Scene, beside, locate};
