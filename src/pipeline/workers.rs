//! The threads of a run.

use crate::error::{Error, Result};

/// A pool of threads.
pub type Workers = rayon::ThreadPool;

/// A pool of `threads` threads; 0 for as many as there are cores.
///
/// # Errors
/// The operating system gives no threads.
pub fn workers(threads: usize) -> Result<Workers> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("worker-{i}"))
        .build()
        .map_err(|error| Error::value("number of threads", threads, format!("possible: {error}")))
}
