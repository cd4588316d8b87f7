//! The stage *detect*: corridor files → findings, track by track.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::finding::{Finding, Subject, Verdict};
use super::group::{Filed, FiledCapture, SeriesKey, group};
use super::look::SeriesLook;
use super::seen::Seen;
use super::{Watch, Workers};
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
    /// Who works.
    pub workers: &'a Workers,
    /// Who follows.
    pub watch: &'a dyn Watch,
    /// Set when the user asks to stop: no new series is begun.
    pub stop: &'a AtomicBool,
}

/// Looks through the corridors, track by track; `keep` takes the findings of
/// each track as soon as it is done, in order of time and capture.
///
/// # Errors
/// [`Error::Interrupted`] when stopped, or what `keep` says. What goes wrong
/// with one capture is its finding.
pub fn detect(
    corridors: Vec<Filed>,
    run: &Detection<'_>,
    keep: &mut dyn FnMut(Vec<Finding>) -> Result<()>,
) -> Result<()> {
    let series = group(corridors);
    run.watch.begins("detect", series.len());
    for crossing in run.crossings {
        for track in &crossing.tracks {
            let own: Vec<(&SeriesKey, &Vec<FiledCapture>)> = series
                .iter()
                .filter(|(key, _)| key.crossing == crossing.id && key.track == track.id)
                .collect();
            if !own.is_empty() {
                keep(look_at(track, &own, run)?)?;
            }
        }
    }
    Ok(())
}

/// All series of one track, followed together.
fn look_at(
    track: &Track,
    series: &[(&SeriesKey, &Vec<FiledCapture>)],
    run: &Detection<'_>,
) -> Result<Vec<Finding>> {
    let mut looked: Vec<Looked> = Vec::new();
    for (number, (key, captures)) in series.iter().enumerate() {
        if run.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        log::debug!(
            "{}: {} captures by {} at {:.2} m",
            track.id,
            captures.len(),
            key.sensor,
            captures[0].origin().gsd_m
        );
        let seen = run
            .workers
            .install(|| SeriesLook::new(track, captures).and_then(|look| look.look()));
        let results = match seen {
            Ok(results) => results,
            Err(error) => captures
                .iter()
                .map(|_| Err(Error::unsupported(error.to_string())))
                .collect(),
        };
        looked.extend(
            captures
                .iter()
                .zip(results)
                .map(|(capture, result)| Looked {
                    subject: Subject::of_corridor(capture.origin()),
                    series: number,
                    result,
                }),
        );
        run.watch.advanced();
    }
    looked.sort_by(|a, b| {
        let order = |l: &Looked| (l.subject.acquired, l.subject.capture.clone(), l.series);
        order(a).cmp(&order(b))
    });
    follow_through(&mut looked);
    Ok(looked.into_iter().map(Looked::finding).collect())
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
