//! The steps joined, over captures in parallel. The only room that starts
//! threads.
//!
//! Two stages with files between them: *extract* (captures → corridor files in
//! the cache) and *detect* (corridor files → observations). Both are
//! idempotent; what one capture does wrong is its own outcome and never ends
//! the batch.

mod align;
mod alone;
mod beside;
mod cache;
mod cutout;
mod delays;
mod detect;
mod extract;
mod few;
mod finding;
mod fingerprint;
mod found;
mod group;
mod held;
mod inventory;
mod lasts;
mod look;
mod looks;
mod memo;
mod outcome;
mod passes;
mod plan;
mod predictions;
mod quiet;
mod radar_lasting;
mod radar_limit;
mod radar_model;
mod radar_passes;
mod refine;
mod seen;
mod select;
mod shadow;
mod trials;
mod windows;
mod workers;
mod working;

pub use cache::{Cache, DEFAULT_CACHE_BYTES};
pub use cutout::{Before, CutOut, Piece};
pub use detect::{Detection, Keeper, LEAST_USABLE, TrackInputs, detect};
pub use extract::{Extraction, Kept, extract};
pub use finding::{Finding, FoundTrain, Look, Registered, Subject, Verdict};
pub use fingerprint::{fingerprint, stretch_fingerprint};
pub use group::{Filed, FiledCapture, SeriesKey, group};
pub use inventory::{grids, inventory};
pub use memo::{METHOD, Memo};
pub use outcome::{Outcome, Quiet, Watch};
pub use passes::{MeasuredTrain, PassSettings, StripOutcome, analyse};
pub use plan::{Coverage, FINE_TILE_M, Failure, Job, Plan, TILE_M, plan, tiles};
pub use radar_model::{RadarOutcome, RadarSettings, RadarTrain};
pub use radar_passes::analyse_radar;
pub use refine::{Refinement, moves, refine};
pub use select::select;
pub use workers::{Workers, workers};
