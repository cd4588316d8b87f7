//! The steps joined, over captures in parallel. The only room that starts
//! threads.
//!
//! Two stages with files between them: *extract* (captures → corridor files in
//! the cache) and *detect* (corridor files → observations). Both are
//! idempotent; what one capture does wrong is its own outcome and never ends
//! the batch.

mod cache;
mod extract;
mod fingerprint;
mod found;
mod outcome;
mod passes;
mod plan;
mod workers;

pub use cache::{Cache, DEFAULT_CACHE_BYTES};
pub use extract::{Extraction, Kept, extract};
pub use fingerprint::fingerprint;
pub use outcome::{Outcome, Quiet, Watch};
pub use passes::{
    MeasuredTrain, PassSettings, ResidualShift, StripOutcome, analyse, residual_shifts,
};
pub use plan::{Coverage, FINE_TILE_M, Failure, Job, Plan, TILE_M, plan, tiles};
pub use workers::{Workers, workers};
