//! What becomes of findings: rows of the store, one run a track, and the tally.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::lines::{LOOK_ANEW, is_along, refuse_left_behind, refuse_moved};
use crate::error::Result;
use crate::pipeline::{Filed, Finding, Keeper, METHOD, TrackInputs, Verdict};
use crate::report::{ChipFolder, counted};
use crate::series::{
    Claim, Line, Observation, Run, RunStamp, Status, Store, Train, lines, moved, rows,
};
use crate::site::Crossing;

/// Crossing, track and capture.
type Key = (String, String, String);

/// Writes what is found into a store, and knows what is in it.
pub(super) struct Keeping<'a> {
    store: Store,
    /// Its name.
    name: PathBuf,
    chips: ChipFolder,
    crossings: &'a [Crossing],
    folders: &'a [PathBuf],
    false_alarms: f64,
    /// Tracks whose line is new to the store, and is kept with their rows.
    new_lines: BTreeSet<(String, String)>,
    /// Observations in the store by crossing and track.
    known: BTreeMap<(String, String), Vec<Observation>>,
    /// Looked at now or held from before.
    settled: BTreeSet<Key>,
    tally: Tally,
    begun: Timestamp,
}

impl<'a> Keeping<'a> {
    /// What is claimed, with the chips beside it.
    pub(super) fn in_store(
        claim: Claim,
        crossings: &'a [Crossing],
        folders: &'a [PathBuf],
        false_alarms: f64,
    ) -> Result<Self> {
        let name = claim.name().to_path_buf();
        let store = claim.open()?;
        let mut known: BTreeMap<_, Vec<Observation>> = BTreeMap::new();
        for observation in store.observations()? {
            let key = &observation.key;
            let track = (key.crossing.clone(), key.track.clone());
            known.entry(track).or_default().push(observation);
        }
        Ok(Self {
            chips: ChipFolder::beside(&name),
            store,
            name,
            crossings,
            folders,
            false_alarms,
            known,
            new_lines: BTreeSet::new(),
            settled: BTreeSet::new(),
            tally: Tally::default(),
            begun: Timestamp::now(),
        })
    }

    /// Makes the lines of this run those of the store. One that replaces another
    /// is kept together with the rows of its track, all of which have to be
    /// looked at again.
    ///
    /// # Errors
    /// The store holds observations along another line that are not looked at
    /// again; the message says what to do.
    pub(super) fn take_lines(&mut self, corridors: &[Filed], anew: bool) -> Result<()> {
        let held = self.store.crossings()?;
        for m in moved(&held, self.crossings) {
            let place = (m.crossing.id.as_str(), m.given.id.as_str());
            let along: Vec<Observation> = self.held(place).to_vec();
            if anew {
                refuse_left_behind(&self.name, &m, &along, corridors)?;
            } else {
                refuse_moved(&self.name, &[m], &along, LOOK_ANEW)?;
            }
            if along.iter().any(|o| is_along(o, &m)) {
                let track = (m.crossing.id.clone(), m.given.id.clone());
                self.new_lines.insert(track);
            }
        }
        let fresh: Vec<Line<'_>> = lines(self.crossings)
            .filter(|line| !held.contains(line.crossing) && !self.replaces(line))
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        self.store.keep_lines(&fresh)
    }

    fn replaces(&self, line: &Line<'_>) -> bool {
        let track = (line.crossing.id.clone(), line.track.id.clone());
        self.new_lines.contains(&track)
    }

    /// The line of a track, where it is new to the store.
    fn new_line(&self, inputs: &TrackInputs) -> Option<Line<'a>> {
        let own = |l: &Line<'_>| l.crossing.id == inputs.crossing && l.track.id == inputs.track;
        lines(self.crossings).find(|line| own(line) && self.replaces(line))
    }

    /// Keeps captures that failed before anything could be looked at, unless
    /// there are findings of them. Equal rows are not written again.
    pub(super) fn keep_failed(&mut self, failed: &[Finding]) -> Result<()> {
        let mut failed = failed.to_vec();
        failed.sort_by_key(key);
        failed.dedup_by_key(|finding| key(finding));
        failed.retain(|finding| !self.settled.contains(&key(finding)));
        if failed.is_empty() {
            return Ok(());
        }
        let run = self.run(("", ""), "extract");
        let mut rows = self.rows(&failed, &run.stamp);
        self.tally
            .count(rows.iter().map(|(observation, _)| observation));
        rows.retain(|(observation, _)| !self.holds_row(observation));
        if rows.is_empty() {
            return Ok(());
        }
        self.store.write_run(&run, None, &rows)
    }

    /// What there is of the run, in numbers; the store is closed.
    pub(super) fn finish(self) -> Tally {
        self.tally
    }

    fn rows(&self, findings: &[Finding], stamp: &RunStamp) -> Vec<(Observation, Vec<Train>)> {
        findings
            .iter()
            .map(|finding| rows(finding, self.crossings, stamp))
            .collect()
    }

    fn held(&self, (crossing, track): (&str, &str)) -> &[Observation] {
        let track = (crossing.to_owned(), track.to_owned());
        self.known.get(&track).map_or(&[], Vec::as_slice)
    }

    fn holds_row(&self, row: &Observation) -> bool {
        self.held((&row.key.crossing, &row.key.track)).contains(row)
    }

    /// What the results depend on beside the inputs.
    fn settings(&self) -> serde_json::Value {
        serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "method": METHOD,
            "false_alarms": self.false_alarms,
        })
    }

    /// The run over inputs of a digest. Its id follows from them, so that equal
    /// inputs give equal tables, whatever was known before.
    fn run(&self, (crossing, track): (&str, &str), digest: &str) -> Run {
        let settings = self.settings();
        let config_hash = short_hash(&settings.to_string());
        let command = if self.folders.is_empty() {
            "detect"
        } else {
            "run"
        };
        Run {
            stamp: RunStamp {
                run_id: short_hash(&format!("{config_hash} {digest}")),
                config_hash,
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            crossing: crossing.to_owned(),
            track: track.to_owned(),
            started: self.begun,
            finished: Some(Timestamp::now()),
            settings,
            command: command.to_owned(),
            folders: self.folders.to_vec(),
        }
    }

    /// Says which captures of a track took no part, since only their rows are left.
    fn tell_of_absent(&self, inputs: &TrackInputs) {
        let held = self.held((&inputs.crossing, &inputs.track));
        let absent = held
            .iter()
            .filter(|o| o.status != Status::Failed && !inputs.captures.contains(&o.key.capture))
            .count();
        if absent > 0 {
            let (were, they, rows) = if absent == 1 {
                ("was", "it is", "its row stays as it is")
            } else {
                ("were", "they are", "their rows stay as they are")
            };
            log::warn!(
                "{}/{}: {} of the store {were} not compared with, for {they} in none of the \
                 folders and not in the cache; {rows}",
                inputs.crossing,
                inputs.track,
                counted(absent, "capture")
            );
        }
    }
}

impl Keeper for Keeping<'_> {
    fn holds(&mut self, inputs: &TrackInputs) -> bool {
        let place = (inputs.crossing.as_str(), inputs.track.as_str());
        let run_id = self.run(place, &inputs.digest).stamp.run_id;
        // What failed is tried again: what was wrong may be put right.
        let held: Vec<Observation> = self
            .held(place)
            .iter()
            .filter(|o| o.run.run_id == run_id && o.status != Status::Failed)
            .cloned()
            .collect();
        let captures: BTreeSet<&String> = held.iter().map(|o| &o.key.capture).collect();
        if !captures.iter().copied().eq(&inputs.captures) {
            return false;
        }
        log::debug!("{}/{}: nothing is new", inputs.crossing, inputs.track);
        self.tally.count(&held);
        self.tally.known += held.len();
        let key = |o: &Observation| {
            let key = o.key.clone();
            (key.crossing, key.track, key.capture)
        };
        self.settled.extend(held.iter().map(key));
        true
    }

    fn keep(&mut self, inputs: &TrackInputs, findings: Vec<Finding>) -> Result<()> {
        self.tell_of_absent(inputs);
        let run = self.run((&inputs.crossing, &inputs.track), &inputs.digest);
        let rows = self.rows(&findings, &run.stamp);
        for (finding, (observation, trains)) in findings.iter().zip(&rows) {
            draw(&self.chips, finding, observation, trains);
        }
        self.tally
            .count(rows.iter().map(|(observation, _)| observation));
        self.settled.extend(findings.iter().map(key));
        let line = self.new_line(inputs);
        self.store.write_run(&run, line.as_ref(), &rows)
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

/// What a run found, in numbers.
#[derive(Debug, Default)]
pub(super) struct Tally {
    observations: usize,
    known: usize,
    undecided: usize,
    obscured: usize,
    uncovered: usize,
    pub(super) failed: usize,
    trains: usize,
}

impl Tally {
    fn count<'o>(&mut self, observations: impl IntoIterator<Item = &'o Observation>) {
        for observation in observations {
            self.observations += 1;
            match observation.status {
                Status::Failed => self.failed += 1,
                Status::Obscured => self.obscured += 1,
                Status::Uncovered => self.uncovered += 1,
                Status::Clear | Status::Partial => match observation.train_count {
                    Some(trains) => self.trains += trains as usize,
                    None => self.undecided += 1,
                },
            }
        }
    }

    pub(super) fn report(&self) {
        let found = format!(
            "{}, {}",
            counted(self.observations, "observation"),
            counted(self.trains, "train")
        );
        let nothing = [
            (self.undecided, "undecided"),
            (self.obscured, "obscured"),
            (self.uncovered, "beside the track"),
            (self.failed, "failed"),
        ];
        let rest = nothing.iter().filter(|(n, _)| *n > 0);
        let mut parts: Vec<String> = rest.map(|(n, what)| format!("{n} {what}")).collect();
        if self.known > 0 {
            parts.push(format!("{} known before and unchanged", self.known));
        }
        log::info!("{}", [vec![found], parts].concat().join("; "));
    }
}

/// Twelve hexadecimal digits: enough to tell the runs of a store apart.
fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest
        .iter()
        .take(6)
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn key(finding: &Finding) -> Key {
    let subject = &finding.subject;
    (
        subject.crossing.clone(),
        subject.track.clone(),
        subject.capture.clone(),
    )
}
