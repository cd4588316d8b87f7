//! The stage *extract*: planned jobs → corridor files in the cache.
//!
//! Each worker holds one corridor at a time, so memory is that of one corridor
//! (see [`read_corridor`]) times the number of workers, and 64 MB of the raster
//! library's cache.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::memo::Memo;
use super::{Cache, Job, Outcome, Watch, Workers};
use crate::capture::Capture;
use crate::error::{Error, Result};
use crate::source::{
    CorridorLabel, check_corridor_file, read_corridor, read_corridor_label, write_corridor,
};

/// What an extraction runs with.
#[derive(Clone, Copy)]
pub struct Extraction<'a> {
    /// Where corridors are kept.
    pub cache: &'a Cache,
    /// What is known of the files in it.
    pub memo: &'a Memo,
    /// Whether corridors are cut out anew that are there already.
    pub anew: bool,
    /// Who works.
    pub workers: &'a Workers,
    /// Who follows.
    pub watch: &'a dyn Watch,
    /// Set when the user asks to stop: no new job is begun.
    pub stop: &'a AtomicBool,
}

/// A corridor file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The file.
    pub path: PathBuf,
    /// Whether it was there before this run.
    pub reused: bool,
}

/// Extracts the corridors of `jobs` from `captures`, in parallel; those that
/// are in the cache already are only checked. One outcome a job, in their order.
///
/// # Errors
/// [`Error::Interrupted`] when stopped (finished corridors stay), or the cache
/// folder cannot be made. What goes wrong with one job is its outcome.
pub fn extract(captures: &[Capture], jobs: &[Job], run: &Extraction) -> Result<Vec<Outcome<Kept>>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    run.cache.prepare()?;
    let roomy = run.cache.is_roomy()?;
    run.watch.begins("extract", jobs.len());
    let outcomes: Option<Vec<Outcome<Kept>>> = run.workers.install(|| {
        jobs.par_iter()
            .map(|job| {
                if run.stop.load(Ordering::Relaxed) {
                    return None;
                }
                let outcome = settle(captures, job, run, roomy);
                run.watch.advanced();
                Some(outcome)
            })
            .collect()
    });
    let outcomes = outcomes.ok_or(Error::Interrupted)?;
    let wrote = |outcome: &Outcome<Kept>| matches!(outcome, Outcome::Done(k) if !k.reused);
    if !roomy || outcomes.iter().any(wrote) {
        sweep(&outcomes, run.cache)?;
    }
    Ok(outcomes)
}

fn sweep(outcomes: &[Outcome<Kept>], cache: &Cache) -> Result<()> {
    let used: BTreeSet<PathBuf> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Done(kept) => Some(kept.path.clone()),
            Outcome::Skipped(_) | Outcome::Failed(_) => None,
        })
        .collect();
    let deleted = cache.sweep(&used)?;
    if deleted > 0 {
        log::debug!("{deleted} corridors deleted to keep the cache within its bound");
    }
    Ok(())
}

/// `roomy`: nothing is going to be deleted from the cache soon.
fn settle(captures: &[Capture], job: &Job, run: &Extraction, roomy: bool) -> Outcome<Kept> {
    let Some(capture) = captures.get(job.capture) else {
        return Outcome::Skipped("its capture is not in the list".into());
    };
    let path = run.cache.corridor(&job.fingerprint);
    if !run.anew && is_there(&path, run.memo) {
        if !roomy {
            Cache::touch(&path);
        }
        return Outcome::Done(Kept { path, reused: true });
    }
    let written = read_corridor(capture, &job.target, &job.fingerprint).and_then(|corridor| {
        for note in &corridor.provenance.notes {
            log::debug!("{}: {note}", capture.id);
        }
        write_corridor(&corridor, &path)?;
        run.memo.learn_label(&path, &CorridorLabel::of(&corridor));
        Ok(())
    });
    match written {
        Ok(()) => Outcome::Done(Kept {
            path,
            reused: false,
        }),
        Err(error) => Outcome::Failed(error),
    }
}

/// Whether a usable corridor file is there; one that is not is warned of and
/// written again.
fn is_there(path: &Path, memo: &Memo) -> bool {
    if memo.label(path).is_some() {
        return true;
    }
    if !path.exists() {
        return false;
    }
    match check_corridor_file(path).and_then(|()| read_corridor_label(path)) {
        Ok(label) => {
            memo.learn_label(path, &label);
            true
        }
        Err(error) => {
            log::warn!("{error}");
            false
        }
    }
}
