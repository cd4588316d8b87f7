//! Trains seen several times made one: who stands through several
//! observations is one train, with a first and a last time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::model::Stay;
use crate::series::{Censored, Change, Observation, Series, Status, Train};

/// Observations and trains of one track.
type Rows<'a> = (Vec<&'a Observation>, Vec<&'a Train>);

/// Every train once, in order of crossing, track, time and chainage. A series
/// is in the order of its contract.
#[must_use]
pub fn stays(series: &Series) -> Vec<Stay> {
    let mut tracks: BTreeMap<(&str, &str), Rows<'_>> = BTreeMap::new();
    for observation in &series.observations {
        let key = &observation.key;
        let track = tracks.entry((&key.crossing, &key.track)).or_default();
        track.0.push(observation);
    }
    for train in &series.trains {
        let key = &train.key;
        let track = tracks.entry((&key.crossing, &key.track)).or_default();
        track.1.push(train);
    }
    tracks
        .into_values()
        .flat_map(|(observations, trains)| of_track(&observations, &trains))
        .collect()
}

fn of_track(observations: &[&Observation], trains: &[&Train]) -> Vec<Stay> {
    let mut rows: Vec<Vec<&Train>> = Vec::new();
    for train in trains {
        match row_of(&rows, train) {
            Some(row) => rows[row].push(train),
            None => rows.push(vec![train]),
        }
    }
    let mut stays: Vec<Stay> = rows
        .iter()
        .filter_map(|row| stay(row, observations))
        .collect();
    stays.sort_by(|a, b| {
        let time = a.first_seen.cmp(&b.first_seen);
        time.then(a.start_m.total_cmp(&b.start_m))
    });
    stays
}

/// The row of sightings that a train which stayed goes on with: of those that
/// began when it was first seen, the one whose last sighting it covers most.
fn row_of(rows: &[Vec<&Train>], train: &Train) -> Option<usize> {
    if train.change != Change::Stayed {
        return None;
    }
    let covered = |row: &[&Train]| {
        let last = row.last()?;
        let same = last.first_seen == train.first_seen && last.acquired < train.acquired;
        let common_m = last.end_m.min(train.end_m) - last.start_m.max(train.start_m);
        (same && common_m > 0.0).then_some(common_m)
    };
    let candidates = rows.iter().enumerate();
    candidates
        .filter_map(|(i, row)| covered(row).map(|common_m| (i, common_m)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(i, _)| i)
}

fn stay(row: &[&Train], observations: &[&Observation]) -> Option<Stay> {
    let (first, last) = (row.first()?, row.last()?);
    let best = seen_best(row)?;
    let first_seen = first.first_seen.min(first.acquired);
    Some(Stay {
        crossing: first.key.crossing.clone(),
        track: first.key.track.clone(),
        first_seen,
        last_seen: last.acquired,
        absent_before: absences(observations).rfind(|t| *t < first_seen),
        absent_after: absences(observations).find(|t| *t > last.acquired),
        sightings: row.len(),
        captures: row
            .iter()
            .map(|t| (t.key.capture.clone(), t.train))
            .collect(),
        start_m: best.start_m,
        end_m: best.end_m,
        length_m: best.length_m,
        length_sigma_m: best.length_sigma_m,
        at_least: best.censored != Censored::None,
        cars: best.cars,
    })
}

/// Times at which a train would have been seen: elsewhere it may stand under a cloud.
fn absences<'a>(
    observations: &'a [&Observation],
) -> impl DoubleEndedIterator<Item = Timestamp> + 'a {
    observations
        .iter()
        .filter(|o| o.status == Status::Clear && o.train_count.is_some())
        .map(|o| o.acquired)
}

fn seen_best<'a>(row: &[&'a Train]) -> Option<&'a Train> {
    let whole = row.iter().filter(|t| t.censored == Censored::None);
    let surest = whole.min_by(|a, b| a.length_sigma_m.total_cmp(&b.length_sigma_m));
    let longest = || row.iter().max_by(|a, b| a.length_m.total_cmp(&b.length_m));
    surest.or_else(longest).copied()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::float_cmp)]
    use super::*;
    use crate::series::fixture::{observation, with_trains};

    /// Two trains of which one stays for three days, a new one in its place, none.
    fn four_days() -> Series {
        let mut series = Series::default();
        let days: [(&str, &[f64]); 4] = [
            ("2024-01-01T02:00:00Z", &[100.0, 200.0]),
            ("2024-01-02T02:00:00Z", &[104.0]),
            ("2024-01-03T02:00:00Z", &[103.0]),
            ("2024-01-04T02:00:00Z", &[]),
        ];
        for (day, lengths_m) in days {
            let (o, trains) = with_trains(observation("x", &day[..10], day), lengths_m);
            series.observations.push(o);
            series.trains.extend(trains);
        }
        let first_seen = series.observations[0].acquired;
        series.trains[2].change = Change::Stayed;
        series.trains[2].first_seen = first_seen;
        series.trains[2].length_sigma_m = 2.0;
        series
    }

    #[test]
    fn a_standing_train_is_one_and_a_changed_one_another() {
        let series = four_days();
        let found = stays(&series);
        let at = |day: usize| series.observations[day].acquired;
        let times: Vec<_> = found.iter().map(|s| (s.first_seen, s.last_seen)).collect();
        assert_eq!(times, [(at(0), at(1)), (at(0), at(0)), (at(2), at(2))]);
        assert_eq!(
            (found[0].sightings, found[0].length_m),
            (2, 104.0),
            "surest"
        );
        assert_eq!(found[0].absent_before, None);
        assert_eq!(
            found[0].absent_after,
            Some(at(2)),
            "another train stands there"
        );
        assert_eq!(found[2].absent_before, Some(at(1)));
        assert_eq!(found[2].absent_after, Some(at(3)));
    }

    #[test]
    fn the_length_is_of_the_sighting_to_both_ends() {
        let mut series = four_days();
        series.trains[0].censored = Censored::End;
        series.trains[0].length_m = 150.0;
        assert_eq!(stays(&series)[0].length_m, 104.0);
        series.trains[2].censored = Censored::Both;
        let found = stays(&series);
        assert_eq!((found[0].length_m, found[0].at_least), (150.0, true));
    }
}
