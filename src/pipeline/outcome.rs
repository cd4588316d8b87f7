//! What became of one piece of work, and who is told.

use crate::error::Error;

/// How one piece of work ended.
#[derive(Debug)]
pub enum Outcome<T> {
    /// It was done.
    Done(T),
    /// There was nothing to do, for the reason given.
    Skipped(String),
    /// It went wrong; the rest goes on.
    Failed(Error),
}

/// Somebody who follows a batch, such as a progress bar. Called from several
/// threads, in the order in which work ends.
pub trait Watch: Sync {
    /// A stage of `total` pieces begins.
    fn begins(&self, _stage: &str, _total: usize) {}
    /// One piece is settled.
    fn advanced(&self) {}
}

/// Follows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Watch for Quiet {}
