//! Trains followed from one usable observation of a track to the next.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::contrast::{Contrast, likeness};
use crate::strip::Axis;

/// What became of a train against the previous usable observation of its track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The place was seen before, and was empty.
    Appeared,
    /// The same train stood there.
    Stayed,
    /// A train stood there, of other length, place or look.
    Changed,
    /// The place was not seen before, or cannot be compared.
    Unknown,
}

/// A stretch of track with the uncertainty of its ends, m.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Chainage where it begins.
    pub start_m: f64,
    /// Chainage where it ends.
    pub end_m: f64,
    /// Standard deviation of each end.
    pub end_sigma_m: f64,
}

/// One usable observation of a track, as the comparison needs it.
#[derive(Debug, Clone)]
pub struct Sight<'a> {
    /// When.
    pub acquired: Timestamp,
    /// Trains found, in order of chainage.
    pub trains: Vec<Span>,
    /// Stretches that could be seen, start and end chainage, m.
    pub seen_m: Vec<(f64, f64)>,
    /// Ground sample distance, m.
    pub gsd_m: f64,
    /// Captures of one series have equal numbers; only their contrasts compare.
    pub series: usize,
    /// Contrast along the track, on `chainage`.
    pub contrast: Option<(Axis, Contrast<'a>)>,
}

/// What following found out about one train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// Against the previous usable observation.
    pub change: Change,
    /// When the unbroken row of observations began in which it stood.
    pub first_seen: Timestamp,
}

/// Share of the longer of two trains that both must cover to be one train moved
/// on by its uncertainty, not two.
const LEAST_OVERLAP: f64 = 0.5;

/// Ends closer than this many standard deviations are not different.
const END_SIGMAS: f64 = 3.0;

/// Ends closer than half a pixel are not different whatever the sigma says:
/// registration is no better.
const END_SLACK_PX: f64 = 0.5;

/// Two looks correlated at least as much as this are one train: noise is
/// allowed for already, so one train is near 1 under any light, and only
/// wagons of one colour throughout come near it by chance.
const LEAST_LIKENESS: f64 = 0.75;

/// Share of a train's place that must have been seen before to call it new.
const LEAST_SEEN: f64 = 0.9;

/// Follows trains through the usable observations of one track, given in order
/// of time; returns, for every sight, one entry a train.
#[must_use]
pub fn follow(sights: &[Sight<'_>]) -> Vec<Vec<Followed>> {
    let mut all: Vec<Vec<Followed>> = Vec::with_capacity(sights.len());
    for (i, sight) in sights.iter().enumerate() {
        let previous = i.checked_sub(1).map(|p| (&sights[p], &all[p]));
        let row = sight
            .trains
            .iter()
            .map(|train| followed(sight, *train, previous))
            .collect();
        all.push(row);
    }
    all
}

fn followed(
    sight: &Sight<'_>,
    train: Span,
    previous: Option<(&Sight<'_>, &Vec<Followed>)>,
) -> Followed {
    let fresh = |change| Followed {
        change,
        first_seen: sight.acquired,
    };
    let Some((before, history)) = previous else {
        return fresh(Change::Unknown);
    };
    let partner = before
        .trains
        .iter()
        .enumerate()
        .map(|(i, other)| (i, *other, overlap_m(train, *other)))
        .filter(|(_, _, m)| *m > 0.0)
        .max_by(|a, b| a.2.total_cmp(&b.2));
    let Some((i, other, overlap)) = partner else {
        return fresh(if seen_share(train, &before.seen_m) >= LEAST_SEEN {
            Change::Appeared
        } else {
            Change::Unknown
        });
    };
    let longer_m = (train.end_m - train.start_m).max(other.end_m - other.start_m);
    let same_place = overlap >= LEAST_OVERLAP * longer_m && ends_agree(sight, train, before, other);
    let alike = same_look(sight, before, train);
    match (same_place, alike) {
        (true, Some(false)) | (false, _) => fresh(Change::Changed),
        (true, _) => Followed {
            change: Change::Stayed,
            first_seen: history.get(i).map_or(before.acquired, |h| h.first_seen),
        },
    }
}

fn overlap_m(a: Span, b: Span) -> f64 {
    a.end_m.min(b.end_m) - a.start_m.max(b.start_m)
}

fn ends_agree(now: &Sight<'_>, train: Span, before: &Sight<'_>, other: Span) -> bool {
    let slack_m = END_SLACK_PX * now.gsd_m.max(before.gsd_m);
    let bound_m = (END_SIGMAS * train.end_sigma_m.hypot(other.end_sigma_m)).max(slack_m);
    (train.start_m - other.start_m).abs() <= bound_m && (train.end_m - other.end_m).abs() <= bound_m
}

/// Whether the two observations show one and the same train; `None` where they
/// cannot be compared.
fn same_look(now: &Sight<'_>, before: &Sight<'_>, train: Span) -> Option<bool> {
    let (axis, a) = now.contrast?;
    let (other_axis, b) = before.contrast?;
    if now.series != before.series || axis != other_axis {
        return None;
    }
    let cells = axis.cell_at(train.start_m)..axis.cell_at(train.end_m) + 1;
    likeness(a, b, cells).map(|r| r >= LEAST_LIKENESS)
}

fn seen_share(train: Span, seen_m: &[(f64, f64)]) -> f64 {
    let covered_m: f64 = seen_m
        .iter()
        .map(|&(start, end)| (end.min(train.end_m) - start.max(train.start_m)).max(0.0))
        .sum();
    covered_m / (train.end_m - train.start_m).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(day: i64, trains: &[(f64, f64)], seen_m: &[(f64, f64)]) -> Sight<'static> {
        Sight {
            acquired: Timestamp::from_second(86_400 * day).unwrap(),
            trains: trains
                .iter()
                .map(|&(start_m, end_m)| Span {
                    start_m,
                    end_m,
                    end_sigma_m: 2.0,
                })
                .collect(),
            seen_m: seen_m.to_vec(),
            gsd_m: 3.0,
            series: 0,
            contrast: None,
        }
    }

    const ALL: &[(f64, f64)] = &[(0.0, 1000.0)];

    fn changes(sights: &[Sight<'_>]) -> Vec<Vec<Change>> {
        follow(sights)
            .iter()
            .map(|row| row.iter().map(|f| f.change).collect())
            .collect()
    }

    #[test]
    fn a_standing_train_keeps_its_first_day() {
        let sights = [
            sight(0, &[], ALL),
            sight(1, &[(100.0, 400.0)], ALL),
            sight(2, &[(102.0, 399.0)], ALL),
            sight(3, &[(101.0, 401.0)], ALL),
        ];
        let rows = follow(&sights);
        assert_eq!(rows[1][0].change, Change::Appeared);
        assert_eq!(rows[3][0].change, Change::Stayed);
        assert_eq!(rows[3][0].first_seen, sights[1].acquired);
    }

    #[test]
    fn longer_is_changed_and_unseen_is_unknown() {
        let sights = [
            sight(0, &[(100.0, 400.0)], ALL),
            sight(1, &[(100.0, 520.0)], ALL),
            sight(2, &[], &[(0.0, 200.0)]),
            sight(3, &[(600.0, 700.0), (50.0, 180.0)], ALL),
        ];
        assert_eq!(
            changes(&sights),
            [
                vec![Change::Unknown],
                vec![Change::Changed],
                vec![],
                vec![Change::Unknown, Change::Appeared],
            ]
        );
    }

    #[test]
    fn another_train_of_the_same_length_is_seen() {
        let axis = Axis {
            first_m: 0.5,
            step_m: 1.0,
            len: 1000,
        };
        let sigma = ndarray::Array2::from_elem((1, 1000), 0.01_f32);
        let wagons = |phase: usize| {
            ndarray::Array2::from_shape_fn((1, 1000), |(_, s)| {
                if (s / 20 + phase).is_multiple_of(2) {
                    0.1
                } else {
                    -0.1
                }
            })
        };
        let (first, second) = (wagons(0), wagons(1));
        let with =
            |day, value: &'static ndarray::Array2<f32>, sigma: &'static ndarray::Array2<f32>| {
                let mut s = sight(day, &[(100.0, 400.0)], ALL);
                s.contrast = Some((
                    axis,
                    Contrast {
                        value: value.view(),
                        sigma: sigma.view(),
                    },
                ));
                s
            };
        let sigma: &'static _ = Box::leak(Box::new(sigma));
        let (first, second): (&'static _, &'static _) =
            (Box::leak(Box::new(first)), Box::leak(Box::new(second)));
        let sights = [
            with(0, first, sigma),
            with(1, first, sigma),
            with(2, second, sigma),
        ];
        assert_eq!(
            changes(&sights),
            [
                vec![Change::Unknown],
                vec![Change::Stayed],
                vec![Change::Changed]
            ]
        );
    }
}
