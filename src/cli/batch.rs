//! The stages as the commands join them: extract, detect, keep, and report.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use super::Finish;
use super::imagery::Imagery;
use super::keeping::Keeping;
use crate::capture::Capture;
use crate::error::{Error, Result};
use crate::pipeline::{
    Cache, Detection, Extraction, Filed, Finding, Memo, Outcome, Plan, Subject, Verdict, Watch,
    Workers, detect, extract, plan, select,
};
use crate::report::counted;
use crate::series::Claim;
use crate::site::Crossing;

/// Names in a line of the log: a line or two on a terminal.
const NAMES_SHOWN: usize = 4;

/// What the stages run with.
pub(super) struct Batch<'a> {
    pub(super) crossings: &'a [Crossing],
    pub(super) cache: &'a Cache,
    pub(super) memo: &'a Memo,
    /// Whether everything is done again.
    pub(super) anew: bool,
    /// Most trains that one observation of an empty track may show, in the mean.
    pub(super) false_alarms: f64,
    pub(super) workers: &'a Workers,
    pub(super) watch: &'a dyn Watch,
    pub(super) stop: &'a AtomicBool,
}

/// What an extraction did.
#[derive(Default)]
pub(super) struct Extracted {
    /// Captures found in the folders.
    pub(super) captures: usize,
    /// Captures that touch a crossing.
    pub(super) touching: usize,
    /// Captures whose place is not known: nothing of them can be read.
    unplaced: usize,
    /// Corridors that are there now.
    pub(super) kept: BTreeSet<PathBuf>,
    /// Of these, those that were there before.
    pub(super) reused: usize,
    /// Captures that failed, as findings.
    pub(super) failed: Vec<Finding>,
    /// Files that are no usable product.
    pub(super) problems: usize,
}

impl Extracted {
    /// Whether there is nothing to write into the series.
    pub(super) fn nothing_to_keep(&self) -> bool {
        self.kept.is_empty() && self.failed.is_empty()
    }

    pub(super) fn finish(&self) -> Finish {
        if self.problems > 0 || !self.failed.is_empty() {
            Finish::SomeFailed
        } else {
            Finish::Complete
        }
    }

    fn report(&self, elsewhere: &[&str]) {
        let unplaced = match self.unplaced {
            0 => String::new(),
            n => format!(", {n} of unknown place (failed)"),
        };
        log::info!(
            "{} found, {} on a crossing{unplaced}; {} cut out, {} there from before",
            counted(self.captures, "capture"),
            self.touching,
            counted(self.kept.len() - self.reused, "corridor"),
            self.reused
        );
        if !elsewhere.is_empty() {
            log::info!("on no crossing: {}", first_few(elsewhere));
        }
    }
}

impl Batch<'_> {
    /// Scans the folders and extracts the corridors of what touches a crossing.
    pub(super) fn extract(&self, imagery: &Imagery) -> Result<Extracted> {
        let inventory = imagery.scan(self.workers, self.memo)?;
        for problem in &inventory.problems {
            log::warn!(
                "{}: {}; {}",
                problem.path.display(),
                problem.what,
                problem.remedy
            );
        }
        for note in &inventory.notes {
            log::debug!("{note}");
        }
        let captures = &inventory.captures;
        let plan = plan(captures, self.crossings, self.workers, self.memo);
        let outcomes = extract(
            captures,
            &plan.jobs,
            &Extraction {
                cache: self.cache,
                memo: self.memo,
                anew: self.anew,
                workers: self.workers,
                watch: self.watch,
                stop: self.stop,
            },
        )?;
        let touching: BTreeSet<usize> = plan.coverage.iter().map(|c| c.capture).collect();
        let mut extracted = Extracted {
            captures: captures.len(),
            touching: touching.len(),
            unplaced: plan.failures.len(),
            problems: inventory.problems.len(),
            ..Extracted::default()
        };
        for (job, outcome) in plan.jobs.iter().zip(outcomes) {
            let capture = &captures[job.capture];
            match outcome {
                Outcome::Done(kept) => {
                    extracted.reused += usize::from(kept.reused);
                    extracted.kept.insert(kept.path);
                }
                Outcome::Skipped(reason) => log::debug!("{}: {reason}", capture.id),
                Outcome::Failed(error) => extracted.failed.push(failed(
                    capture,
                    (&job.target.crossing, &job.target.track),
                    &error.to_string(),
                )),
            }
        }
        extracted.failed.extend(unplaced(captures, &plan));
        for finding in &extracted.failed {
            if let Verdict::Failed(reason) = &finding.verdict {
                log::warn!("{}: failed: {reason}", finding.subject.capture);
            }
        }
        extracted.report(&elsewhere(captures, &plan));
        Ok(extracted)
    }

    /// Looks through all corridors of the crossings and keeps what is found.
    pub(super) fn detect(
        &self,
        claim: Claim,
        folders: &[PathBuf],
        extracted: &Extracted,
    ) -> Result<Finish> {
        let corridors = self.corridors(extracted)?;
        self.remember();
        let mut keeping = Keeping::in_store(claim, self.crossings, folders, self.false_alarms)?;
        keeping.take_lines(&corridors, self.anew)?;
        detect(
            corridors,
            &Detection {
                crossings: self.crossings,
                cache: self.cache,
                anew: self.anew,
                false_alarms: self.false_alarms,
                workers: self.workers,
                watch: self.watch,
                stop: self.stop,
            },
            &mut keeping,
        )?;
        keeping.keep_failed(&extracted.failed)?;
        let tally = keeping.finish();
        tally.report();
        Ok(match extracted.finish() {
            Finish::Complete if tally.failed > 0 => Finish::SomeFailed,
            finish => finish,
        })
    }

    /// Saves what is known of files; only time is lost where that fails.
    pub(super) fn remember(&self) {
        if let Err(error) = self.memo.save() {
            log::debug!("{error}");
        }
    }

    /// The corridors of the crossings in the cache.
    pub(super) fn corridors(&self, extracted: &Extracted) -> Result<Vec<Filed>> {
        let folder = self.cache.folder();
        let found = if folder.is_dir() {
            select(
                self.cache,
                self.crossings,
                &extracted.kept,
                self.workers,
                self.memo,
            )?
        } else {
            Vec::new()
        };
        if found.is_empty() && extracted.failed.is_empty() {
            return Err(Error::content(
                folder,
                "nothing was extracted for these crossings",
                "run `railspan extract FOLDER` with the same --store, --cache and --crossings first",
            ));
        }
        Ok(found)
    }
}

/// Captures whose place is not known, since their header cannot be read:
/// failed on every track that the others touch, for that is where the user who
/// collected them looks.
fn unplaced(captures: &[Capture], plan: &Plan) -> Vec<Finding> {
    let touched: BTreeSet<(&str, &str)> = plan
        .coverage
        .iter()
        .map(|c| (c.crossing.as_str(), c.track.as_str()))
        .collect();
    plan.failures
        .iter()
        .flat_map(|failure| {
            let reason = failure.error.to_string();
            let capture = &captures[failure.capture];
            touched
                .iter()
                .map(move |place| failed(capture, *place, &reason))
        })
        .collect()
}

/// Captures that lie on no crossing, by id.
fn elsewhere<'a>(captures: &'a [Capture], plan: &Plan) -> Vec<&'a str> {
    let placed = plan.coverage.iter().map(|c| c.capture);
    let known: BTreeSet<usize> = placed
        .chain(plan.failures.iter().map(|f| f.capture))
        .collect();
    let others = captures.iter().enumerate();
    others
        .filter(|(index, _)| !known.contains(index))
        .map(|(_, capture)| capture.id.as_str())
        .collect()
}

/// At most [`NAMES_SHOWN`] names.
fn first_few(names: &[&str]) -> String {
    let shown = names[..names.len().min(NAMES_SHOWN)].join(", ");
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more (`railspan captures` lists all)"),
    }
}

fn failed(capture: &Capture, (crossing, track): (&str, &str), reason: &str) -> Finding {
    Finding {
        subject: Subject::of_capture(capture, crossing, track),
        verdict: Verdict::Failed(reason.to_owned()),
    }
}
