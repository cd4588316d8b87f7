//! All answers, scope by scope.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Question, Stay, Trend, Trends};
use super::period::date;
use super::presence::{by_period, presence};
use super::sample::{Sample, Scope};
use super::stay::stays;
use super::{lengths, rates};
use crate::series::Series;

/// Presence, lengths, trends and changes over all crossings, of each crossing
/// and of each track.
#[must_use]
pub fn trends(series: &Series, question: Question) -> Trends {
    let stays = stays(series);
    let scopes = scopes(series)
        .into_iter()
        .filter_map(|scope| trend(series, &stays, scope, question))
        .collect();
    Trends {
        by: question.by,
        scopes,
        stays,
    }
}

fn scopes(series: &Series) -> Vec<Scope<'_>> {
    let mut crossings: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for o in &series.observations {
        let tracks = crossings.entry(&o.key.crossing).or_default();
        tracks.insert(&o.key.track);
    }
    let mut scopes = Vec::new();
    let all = Scope {
        crossing: None,
        track: None,
    };
    scopes.extend((crossings.len() > 1).then_some(all));
    for (crossing, tracks) in crossings {
        let crossing = Scope {
            crossing: Some(crossing),
            track: None,
        };
        scopes.push(crossing);
        if tracks.len() > 1 {
            scopes.extend(tracks.into_iter().map(|track| Scope {
                track: Some(track),
                ..crossing
            }));
        }
    }
    scopes
}

fn trend(series: &Series, stays: &[Stay], scope: Scope<'_>, question: Question) -> Option<Trend> {
    let sample = Sample::of(series, stays, scope, question.min_length_m);
    let (first, last) = (sample.looks.first()?, sample.looks.last()?);
    Some(Trend {
        crossing: scope.crossing.map(str::to_owned),
        track: scope.track.map(str::to_owned),
        first: date(first.acquired),
        last: date(last.acquired),
        min_length_m: sample.min_length_m,
        min_length_given: question.min_length_m.is_some(),
        total: presence(sample.looks.iter()),
        periods: by_period(&sample, question.by),
        median_length: lengths::median_of(&sample.trains),
        length: lengths::trend_of(&sample.trains),
        seasonal_length: lengths::season_of(&sample.trains),
        rate: rates::trend_of(&sample),
        length_change: lengths::change_of(&sample.trains),
        rate_change: rates::change_of(&sample),
        trains: sample.trains.iter().map(|t| t.train).collect(),
        uncounted: sample.uncounted,
    })
}
