//! From what the pipeline found to the rows of the series.

use super::model::{
    Cars, Censored, Change, Observation, ObservationKey, Polarity, Registration, RunStamp, Status,
    Train,
};
use crate::difference;
use crate::measure;
use crate::pipeline::{Finding, FoundTrain, LEAST_USABLE, Look, Subject, Verdict};
use crate::site::{Crossing, Stock, Track};

/// Share of the track that is usable in a clear observation.
const CLEAR: f64 = 0.9;

/// Car counts take the length two standard deviations shorter and longer.
const CAR_SIGMAS: f64 = 2.0;

/// The rows of one finding.
#[must_use]
pub fn rows(
    finding: &Finding,
    crossings: &[Crossing],
    stamp: &RunStamp,
) -> (Observation, Vec<Train>) {
    let subject = &finding.subject;
    let track = crossings
        .iter()
        .filter(|c| c.id == subject.crossing)
        .flat_map(|c| &c.tracks)
        .find(|t| t.id == subject.track);
    match &finding.verdict {
        Verdict::Failed(reason) => {
            let observation = Observation {
                reason: reason.clone(),
                ..blank(subject, Status::Failed, stamp)
            };
            (observation, Vec::new())
        }
        Verdict::Looked(look) => looked(subject, look, track, stamp),
    }
}

fn looked(
    subject: &Subject,
    look: &Look,
    track: Option<&Track>,
    stamp: &RunStamp,
) -> (Observation, Vec<Train>) {
    let status = status_of(look);
    let blank = blank(subject, status, stamp);
    let trains: Vec<Train> = match &look.trains {
        Ok(found) if status.usable() => found
            .iter()
            .zip(1..)
            .map(|(train, number)| train_row(&blank, number, train, track))
            .collect(),
        _ => Vec::new(),
    };
    let decided = status.usable() && look.trains.is_ok();
    let observation = Observation {
        reason: reason_of(look, status),
        covered_fraction: Some(look.covered),
        clear_fraction: Some(look.clear),
        shift: look.registered.map(|r| Registration {
            east_m: r.shift.east_m,
            north_m: r.shift.north_m,
            sigma_m: r.sigma_m,
        }),
        train_count: decided.then_some(trains.len() as u32),
        occupied_m: decided.then(|| trains.iter().map(|t| t.length_m).sum()),
        longest_train_m: trains.iter().map(|t| t.length_m).reduce(f64::max),
        detection_limit_m: look.detection_limit_m.filter(|_| decided),
        ..blank
    };
    (observation, trains)
}

fn status_of(look: &Look) -> Status {
    if look.covered < LEAST_USABLE {
        Status::Uncovered
    } else if look.clear < LEAST_USABLE {
        Status::Obscured
    } else if look.clear < CLEAR || look.trains.is_err() {
        Status::Partial
    } else {
        Status::Clear
    }
}

fn reason_of(look: &Look, status: Status) -> String {
    let mut reasons = Vec::new();
    match status {
        Status::Uncovered => reasons.push(format!(
            "{:.0} % of the track lies inside the valid data of the scene",
            100.0 * look.covered
        )),
        Status::Obscured | Status::Partial if look.clear < CLEAR => {
            let hidden = (look.covered - look.clear).max(0.0);
            let mut parts = Vec::new();
            if hidden > 0.005 {
                parts.push(format!(
                    "{:.0} % of the track under cloud or shadow",
                    100.0 * hidden
                ));
            }
            if look.covered < 0.995 {
                parts.push(format!(
                    "{:.0} % outside the scene",
                    100.0 * (1.0 - look.covered)
                ));
            }
            reasons.push(parts.join(", "));
        }
        _ => {}
    }
    if status.usable() {
        reasons.extend(look.trains.as_ref().err().cloned());
        reasons.extend(look.remarks.iter().cloned());
    }
    reasons.retain(|r| !r.is_empty());
    reasons.join("; ")
}

fn blank(subject: &Subject, status: Status, stamp: &RunStamp) -> Observation {
    Observation {
        key: ObservationKey {
            crossing: subject.crossing.clone(),
            track: subject.track.clone(),
            capture: subject.capture.clone(),
        },
        scenes: subject.scenes as u32,
        acquired: subject.acquired,
        sensor: subject.sensor.clone(),
        platform: subject.platform.clone(),
        modality: subject.modality,
        gsd_m: subject.gsd_m,
        status,
        reason: String::new(),
        covered_fraction: None,
        clear_fraction: None,
        shift: None,
        train_count: None,
        occupied_m: None,
        longest_train_m: None,
        detection_limit_m: None,
        run: stamp.clone(),
    }
}

fn train_row(of: &Observation, number: u32, train: &FoundTrain, track: Option<&Track>) -> Train {
    let stock = track.map_or(&[][..], |t| t.stock.as_slice());
    Train {
        key: of.key.clone(),
        acquired: of.acquired,
        train: number,
        start_m: train.start_m,
        end_m: train.end_m,
        length_m: train.end_m - train.start_m,
        length_sigma_m: train.length_sigma_m,
        censored: match train.censored {
            measure::Censored::None => Censored::None,
            measure::Censored::Start => Censored::Start,
            measure::Censored::End => Censored::End,
            measure::Censored::Both => Censored::Both,
        },
        snr: train.snr,
        p_value: train.p_value,
        polarity: match train.polarity {
            measure::Polarity::Bright => Polarity::Bright,
            measure::Polarity::Dark => Polarity::Dark,
            measure::Polarity::Mixed => Polarity::Mixed,
        },
        change: train.followed.map_or(Change::Unknown, |f| match f.change {
            difference::Change::Appeared => Change::Appeared,
            difference::Change::Stayed => Change::Stayed,
            difference::Change::Changed => Change::Changed,
            difference::Change::Unknown => Change::Unknown,
        }),
        first_seen: train.followed.map_or(of.acquired, |f| f.first_seen),
        speed: None,
        cars: counted(train).or_else(|| cars(train, stock)),
        geometry: train.line.clone(),
    }
}

/// How many cars were counted by the gaps between them.
fn counted(train: &FoundTrain) -> Option<Cars> {
    let cars = train.cars.as_ref()?;
    let whole = train.censored == measure::Censored::None;
    whole.then_some(Cars {
        min: cars.min,
        max: cars.max,
    })
}

/// How many cars of the track's stock make up a train's length; `None` where
/// the stock is not known, or the train runs out of view and has no upper bound.
fn cars(train: &FoundTrain, stock: &[Stock]) -> Option<Cars> {
    if train.censored != measure::Censored::None {
        return None;
    }
    let longest_m = stock.iter().map(|s| s.length_m).reduce(f64::max)?;
    let shortest_m = stock.iter().map(|s| s.length_m).reduce(f64::min)?;
    let length_m = train.end_m - train.start_m;
    let slack_m = CAR_SIGMAS * train.length_sigma_m;
    Some(Cars {
        min: ((length_m - slack_m) / longest_m).round().max(1.0) as u32,
        max: ((length_m + slack_m) / shortest_m).round().max(1.0) as u32,
    })
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
