//! The stages as the commands join them: extract, detect, keep, and report.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::Finish;
use super::imagery::Imagery;
use crate::capture::Capture;
use crate::error::{Error, Result};
use crate::pipeline::{
    Cache, Detection, Extraction, Filed, Finding, Outcome, Plan, Subject, Verdict, Watch, Workers,
    detect, extract, plan, select,
};
use crate::report::ChipFolder;
use crate::series::{Observation, Run, RunStamp, Store, Train, rows};
use crate::site::Crossing;

/// Names in a line of the log: a line or two on a terminal.
const NAMES_SHOWN: usize = 4;

/// What the stages run with.
pub(super) struct Batch<'a> {
    pub(super) crossings: &'a [Crossing],
    pub(super) cache: &'a Cache,
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
        log::info!(
            "{} captures found, {} on a crossing; {} corridors cut out, {} there from before",
            self.captures,
            self.touching,
            self.kept.len() - self.reused,
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
        let inventory = imagery.scan(self.workers)?;
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
        let plan = plan(captures, self.crossings, self.workers);
        let outcomes = extract(
            captures,
            &plan.jobs,
            &Extraction {
                cache: self.cache,
                workers: self.workers,
                watch: self.watch,
                stop: self.stop,
            },
        )?;
        let touching: BTreeSet<usize> = plan.coverage.iter().map(|c| c.capture).collect();
        let mut extracted = Extracted {
            captures: captures.len(),
            touching: touching.len(),
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
        store: &Path,
        folders: &[PathBuf],
        extracted: &Extracted,
    ) -> Result<Finish> {
        let corridors = self.corridors(extracted)?;
        let mut run = run_of(&corridors, folders);
        let chips = ChipFolder::beside(store);
        let mut store = Store::open_or_create(store)?;
        store.record_run(&run)?;
        let mut tally = Tally::default();
        let mut looked_at: BTreeSet<(String, String, String)> = BTreeSet::new();
        let mut keep = |findings: Vec<Finding>| {
            let rows: Vec<_> = findings
                .iter()
                .map(|finding| rows(finding, self.crossings, &run.stamp))
                .collect();
            for (finding, (observation, trains)) in findings.iter().zip(&rows) {
                draw(&chips, finding, observation, trains);
            }
            tally.count(&findings);
            looked_at.extend(findings.iter().map(key));
            store.write(&rows)
        };
        detect(
            corridors,
            &Detection {
                crossings: self.crossings,
                workers: self.workers,
                watch: self.watch,
                stop: self.stop,
            },
            &mut keep,
        )?;
        let mut failed = extracted.failed.clone();
        failed.sort_by_key(key);
        failed.dedup_by_key(|finding| key(finding));
        failed.retain(|finding| !looked_at.contains(&key(finding)));
        let failed_rows: Vec<_> = failed
            .iter()
            .map(|finding| rows(finding, self.crossings, &run.stamp))
            .collect();
        tally.count(&failed);
        store.write(&failed_rows)?;
        run.finished = Some(Timestamp::now());
        store.record_run(&run)?;
        tally.report();
        Ok(match extracted.finish() {
            Finish::Complete if tally.failed > 0 => Finish::SomeFailed,
            finish => finish,
        })
    }

    /// The corridors of the crossings in the cache.
    pub(super) fn corridors(&self, extracted: &Extracted) -> Result<Vec<Filed>> {
        let folder = self.cache.folder();
        let found = if folder.is_dir() {
            select(self.cache, self.crossings, &extracted.kept, self.workers)?
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

/// Draws the trains of a finding. The rows are what matters: a picture that
/// cannot be written is said to be missing, and the run goes on.
fn draw(chips: &ChipFolder, finding: &Finding, observation: &Observation, trains: &[Train]) {
    let Verdict::Looked(look) = &finding.verdict else {
        return;
    };
    let found = look.trains.iter().flatten();
    let shown = found.map(|train| train.cutout.as_ref());
    let pairs = trains.iter().zip(shown);
    let pairs: Vec<_> = pairs.filter_map(|(train, c)| Some((train, c?))).collect();
    if let Err(error) = chips.write(observation, &pairs) {
        log::warn!("no chips of {}: {error}", observation.key.capture);
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

/// The record of a run. Its id follows from what goes into it, so that equal
/// runs write equal tables.
fn run_of(corridors: &[Filed], folders: &[PathBuf]) -> Run {
    let settings = serde_json::json!({"version": env!("CARGO_PKG_VERSION")});
    let config_hash = short_hash(settings.to_string().as_bytes());
    let mut inputs = config_hash.clone();
    for corridor in corridors {
        let name = corridor.path.file_name().unwrap_or_default();
        inputs += &name.to_string_lossy();
    }
    Run {
        stamp: RunStamp {
            run_id: short_hash(inputs.as_bytes()),
            config_hash,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        started: Timestamp::now(),
        finished: None,
        settings,
        command: if folders.is_empty() { "detect" } else { "run" }.to_owned(),
        folders: folders.to_vec(),
    }
}

/// Twelve hexadecimal digits: enough to tell the runs of a store apart.
fn short_hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest
        .iter()
        .take(6)
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
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

fn key(finding: &Finding) -> (String, String, String) {
    let subject = &finding.subject;
    (
        subject.crossing.clone(),
        subject.track.clone(),
        subject.capture.clone(),
    )
}

/// What a run found, in numbers.
#[derive(Default)]
struct Tally {
    observations: usize,
    undecided: usize,
    failed: usize,
    trains: usize,
}

impl Tally {
    fn count(&mut self, findings: &[Finding]) {
        self.observations += findings.len();
        for finding in findings {
            match &finding.verdict {
                Verdict::Failed(_) => self.failed += 1,
                Verdict::Looked(look) => match &look.trains {
                    Ok(trains) => self.trains += trains.len(),
                    Err(_) => self.undecided += 1,
                },
            }
        }
    }

    fn report(&self) {
        log::info!(
            "{} observations with {} trains; {} undecided, {} failed",
            self.observations,
            self.trains,
            self.undecided,
            self.failed
        );
    }
}
