//! The stage *detect*: corridor files → findings, track by track.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use super::beside::beside;
use super::finding::{Finding, Subject, Verdict};
use super::fingerprint::digest;
use super::group::{Filed, FiledCapture, SeriesKey, group};
use super::look::SeriesLook;
use super::looks::{keep, kept, series_digest};
use super::seen::Seen;
use super::{Cache, Watch, Workers};
use crate::difference::follow;
use crate::error::{Error, Result};
use crate::site::{Crossing, Track};

/// Share of the track that must be covered and clear to look for trains.
pub const LEAST_USABLE: f64 = 0.1;

/// What a detection runs with.
#[derive(Clone, Copy)]
pub struct Detection<'a> {
    /// The crossings whose tracks are looked at.
    pub crossings: &'a [Crossing],
    /// Where the looks at each series are kept.
    pub cache: &'a Cache,
    /// Whether series are looked through anew that were looked through already.
    pub anew: bool,
    /// Most trains that one observation of an empty track may show, in the mean.
    pub false_alarms: f64,
    /// Who works.
    pub workers: &'a Workers,
    /// Who follows.
    pub watch: &'a dyn Watch,
    /// Set when the user asks to stop: no new series is begun.
    pub stop: &'a AtomicBool,
}

/// All that is looked at on one track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackInputs {
    /// The crossing's id.
    pub crossing: String,
    /// The track's id.
    pub track: String,
    /// The captures' ids.
    pub captures: BTreeSet<String>,
    /// Of all that the findings follow from: equal digests, equal findings.
    pub digest: String,
}

/// Who keeps what is found.
pub trait Keeper {
    /// Whether the findings of exactly these inputs are kept already, so that
    /// the track need not be looked at.
    fn holds(&mut self, inputs: &TrackInputs) -> bool;

    /// Takes the findings of a track, in order of time and capture.
    ///
    /// # Errors
    /// They cannot be kept; this ends the detection.
    fn keep(&mut self, inputs: &TrackInputs, findings: Vec<Finding>) -> Result<()>;
}

/// A track and what runs beside it.
struct Line<'a> {
    track: &'a Track,
    /// Offsets of the crossing's other tracks, m.
    beside_m: Vec<f64>,
}

impl<'a> Line<'a> {
    fn of(track: &'a Track, crossing: &Crossing) -> Self {
        Self {
            track,
            beside_m: beside(track, crossing),
        }
    }
}

/// The captures of one series of a track.
struct Group<'a> {
    captures: &'a [FiledCapture],
    digest: String,
}

/// Looks through the corridors, track by track; `keeper` takes the findings of
/// each track as soon as it is done.
///
/// # Errors
/// [`Error::Interrupted`] when stopped, or what the keeper says. What goes
/// wrong with one capture is its finding.
pub fn detect(corridors: Vec<Filed>, run: &Detection<'_>, keeper: &mut dyn Keeper) -> Result<()> {
    let series = group(corridors);
    run.watch.begins("detect", series.len());
    for crossing in run.crossings {
        for track in &crossing.tracks {
            let line = Line::of(track, crossing);
            let own = groups(&series, &crossing.id, &line, run.false_alarms)?;
            if own.is_empty() {
                continue;
            }
            let inputs = inputs(&crossing.id, track, &own)?;
            if !run.anew && keeper.holds(&inputs) {
                for _ in &own {
                    run.watch.advanced();
                }
            } else {
                keeper.keep(&inputs, look_at(&line, &own, run)?)?;
            }
        }
    }
    Ok(())
}

fn groups<'a>(
    series: &'a BTreeMap<SeriesKey, Vec<FiledCapture>>,
    crossing: &str,
    line: &Line<'_>,
    false_alarms: f64,
) -> Result<Vec<Group<'a>>> {
    series
        .iter()
        .filter(|(key, _)| key.crossing == crossing && key.track == line.track.id)
        .map(|(key, captures)| {
            let settings = (false_alarms, line.beside_m.as_slice());
            Ok(Group {
                captures,
                digest: series_digest(line.track, (key, captures), settings)?,
            })
        })
        .collect()
}

fn inputs(crossing: &str, track: &Track, groups: &[Group<'_>]) -> Result<TrackInputs> {
    let digests: Vec<&str> = groups.iter().map(|g| g.digest.as_str()).collect();
    let captures = groups.iter().flat_map(|g| g.captures);
    Ok(TrackInputs {
        crossing: crossing.to_owned(),
        track: track.id.clone(),
        captures: captures.map(|c| c.origin().capture.clone()).collect(),
        digest: digest(&(crossing, digests))?,
    })
}

/// All series of one track, followed together.
fn look_at(line: &Line<'_>, groups: &[Group<'_>], run: &Detection<'_>) -> Result<Vec<Finding>> {
    let mut looked: Vec<Looked> = Vec::new();
    for (series, group) in groups.iter().enumerate() {
        if run.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let results = looks(line, group, run);
        // A track of one series is known or new as a whole.
        if groups.len() > 1 {
            keep(run.cache, &group.digest, &results);
        }
        let captures = group.captures.iter().zip(results);
        looked.extend(captures.map(|(capture, result)| Looked {
            subject: Subject::of_corridor(capture.origin()),
            series,
            result,
        }));
        run.watch.advanced();
    }
    looked.sort_by(|a, b| {
        let order = |l: &Looked| (l.subject.acquired, l.subject.capture.clone(), l.series);
        order(a).cmp(&order(b))
    });
    follow_through(&mut looked);
    Ok(looked.into_iter().map(Looked::finding).collect())
}

/// The looks at one series, one a capture: those that were kept, or new ones.
fn looks(line: &Line<'_>, group: &Group<'_>, run: &Detection<'_>) -> Vec<Result<Seen>> {
    let captures = group.captures;
    if !run.anew
        && let Some(kept) = kept(run.cache, &group.digest, captures.len())
    {
        return kept.into_iter().map(Ok).collect();
    }
    let origin = captures[0].origin();
    log::debug!(
        "{}: {} captures by {} at {:.2} m",
        line.track.id,
        captures.len(),
        origin.sensor,
        origin.gsd_m
    );
    let seen = run.workers.install(|| {
        let look = SeriesLook::new(line.track, captures)?;
        look.beside(line.beside_m.clone()).look(run.false_alarms)
    });
    match seen {
        Ok(results) => results,
        Err(error) => captures
            .iter()
            .map(|_| Err(Error::unsupported(error.to_string())))
            .collect(),
    }
}

struct Looked {
    subject: Subject,
    series: usize,
    result: Result<Seen>,
}

impl Looked {
    /// The look, if trains could be looked for.
    fn usable(&self) -> Option<&Seen> {
        let seen = self.result.as_ref().ok()?;
        let looked = seen.look.trains.is_ok() && seen.look.clear >= LEAST_USABLE;
        looked.then_some(seen)
    }

    fn finding(self) -> Finding {
        Finding {
            subject: self.subject,
            verdict: match self.result {
                Ok(seen) => Verdict::Looked(seen.look),
                Err(error) => Verdict::Failed(error.to_string()),
            },
        }
    }
}

/// Compares every usable look with the one before it.
fn follow_through(looked: &mut [Looked]) {
    let usable: Vec<usize> = (0..looked.len())
        .filter(|&i| looked[i].usable().is_some())
        .collect();
    let sights: Vec<_> = usable
        .iter()
        .filter_map(|&i| {
            let subject = &looked[i].subject;
            let gsd_m = subject.gsd_m.unwrap_or_default();
            let sight = looked[i]
                .usable()?
                .sight(subject.acquired, gsd_m, looked[i].series);
            Some(sight)
        })
        .collect();
    let followed: BTreeMap<usize, _> = usable.iter().copied().zip(follow(&sights)).collect();
    drop(sights);
    for (i, row) in followed {
        let Ok(seen) = &mut looked[i].result else {
            continue;
        };
        if let Ok(trains) = &mut seen.look.trains {
            for (train, followed) in trains.iter_mut().zip(row) {
                train.followed = Some(followed);
            }
        }
    }
}
