//! What people decided about detections. Decisions are kept apart from the
//! rows that runs replace, and find their detection again by where it is.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::columns::{REVIEWS, review_from, review_row};
use super::model::{Observation, ObservationKey, Series, Train};
use super::store::{Store, open, read_table};
use crate::error::Result;
use crate::source::Row;

/// Share of the longer of two stretches that both cover if they are one train.
const LEAST_OVERLAP: f64 = 0.5;

/// What a person says of a detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// It is a train.
    Accept,
    /// It is none.
    Reject,
    /// The person cannot tell.
    Unsure,
}

/// A decision and what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The observation.
    pub key: ObservationKey,
    /// Where the detection began when it was looked at, m of chainage.
    pub start_m: f64,
    /// Where it ended, m of chainage.
    pub end_m: f64,
    /// What was decided.
    pub decision: Decision,
    /// Why, in words; often empty.
    pub note: String,
}

/// Which detections count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decisions {
    /// All of them.
    #[default]
    All,
    /// Those that were accepted. An observation of whose detections none was
    /// accepted and not all were rejected counts as undecided.
    Accepted,
    /// All but those that were rejected.
    NotRejected,
}

impl Decision {
    const ALL: [Self; 3] = [Self::Accept, Self::Reject, Self::Unsure];

    /// The word in tables and files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Unsure => "unsure",
        }
    }

    /// The meaning of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.word() == word)
    }
}

impl Review {
    /// Share of the longer of the two stretches that both cover, 0..1.
    fn overlap(&self, start_m: f64, end_m: f64) -> f64 {
        let common_m = self.end_m.min(end_m) - self.start_m.max(start_m);
        let longer_m = (self.end_m - self.start_m).max(end_m - start_m);
        (common_m / longer_m).max(0.0)
    }

    fn is_of(&self, start_m: f64, end_m: f64) -> bool {
        self.overlap(start_m, end_m) >= LEAST_OVERLAP
    }
}

/// The review of each train, if there is one: a review counts for one train,
/// the one it overlaps most.
#[must_use]
pub fn reviewed<'t, 'r>(
    trains: impl IntoIterator<Item = &'t Train>,
    reviews: &'r [Review],
) -> Vec<Option<&'r Review>> {
    let mut by_key: BTreeMap<&ObservationKey, Vec<(usize, &Review)>> = BTreeMap::new();
    for (r, review) in reviews.iter().enumerate() {
        by_key.entry(&review.key).or_default().push((r, review));
    }
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    let mut count = 0;
    for (t, train) in trains.into_iter().enumerate() {
        count = t + 1;
        for (r, review) in by_key.get(&train.key).into_iter().flatten() {
            if review.is_of(train.start_m, train.end_m) {
                pairs.push((review.overlap(train.start_m, train.end_m), t, *r));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut found = vec![None; count];
    let mut used = vec![false; reviews.len()];
    for (_, t, r) in pairs {
        if found[t].is_none() && !used[r] {
            found[t] = Some(&reviews[r]);
            used[r] = true;
        }
    }
    found
}

/// The series as far as it counts. Trains keep their numbers; what their
/// observations say of them follows.
#[must_use]
pub fn decided(series: Series, reviews: &[Review], which: Decisions) -> Series {
    if which == Decisions::All {
        return series;
    }
    let decisions: Vec<Option<Decision>> = reviewed(&series.trains, reviews)
        .into_iter()
        .map(|review| review.map(|r| r.decision))
        .collect();
    let mut open: BTreeMap<ObservationKey, bool> = BTreeMap::new();
    let mut kept: BTreeMap<ObservationKey, Vec<f64>> = BTreeMap::new();
    let mut trains = Vec::new();
    for (train, decision) in series.trains.into_iter().zip(decisions) {
        let counts = match which {
            Decisions::Accepted => decision == Some(Decision::Accept),
            _ => decision != Some(Decision::Reject),
        };
        if counts {
            kept.entry(train.key.clone())
                .or_default()
                .push(train.length_m);
            trains.push(train);
        } else {
            *open.entry(train.key).or_default() |= decision != Some(Decision::Reject);
        }
    }
    let observations = series
        .observations
        .into_iter()
        .map(|o| match open.get(&o.key) {
            Some(open) => {
                let lengths = kept.get(&o.key).map_or(&[][..], Vec::as_slice);
                recounted(o, lengths, *open)
            }
            None => o,
        })
        .collect();
    Series {
        observations,
        trains,
    }
}

/// The observation with other trains; `open` where it may hold one more.
fn recounted(mut o: Observation, lengths_m: &[f64], open: bool) -> Observation {
    let none_known = open && lengths_m.is_empty();
    o.train_count = (!none_known).then_some(lengths_m.len() as u32);
    o.occupied_m = (!none_known).then(|| lengths_m.iter().sum());
    o.longest_train_m = lengths_m.iter().copied().reduce(f64::max);
    if none_known {
        o.detection_limit_m = None;
        let comma = if o.reason.is_empty() { "" } else { "; " };
        o.reason = format!("{}{comma}its detections are not decided on", o.reason);
    }
    o
}

/// Adds decisions to those there are; a later one about the same detection
/// takes the place of the earlier.
#[must_use]
pub fn merged(known: Vec<Review>, new: &[Review]) -> Vec<Review> {
    let mut all = known;
    for review in new {
        all.retain(|old| old.key != review.key || !old.is_of(review.start_m, review.end_m));
        all.push(review.clone());
    }
    sort(&mut all);
    all
}

fn sort(reviews: &mut [Review]) {
    reviews.sort_by(|a, b| a.key.cmp(&b.key).then(a.start_m.total_cmp(&b.start_m)));
}

impl Store {
    /// Keeps decisions, with those that are there.
    ///
    /// # Errors
    /// Where the store cannot be written to.
    pub fn keep_reviews(&mut self, new: &[Review]) -> Result<()> {
        self.tables.keep_others_out(true)?;
        let known = read_table(&self.tables, &REVIEWS, review_from)?;
        let all = merged(known, new);
        let mut edit = self.tables.edit()?;
        edit.delete(&REVIEWS, &[])?;
        let rows: Vec<Row> = all.iter().map(review_row).collect();
        edit.insert(&REVIEWS, &rows)?;
        edit.commit()?;
        self.tables.keep_others_out(false)
    }
}

/// The decisions in a store, by observation and chainage.
///
/// # Errors
/// As [`super::load`].
pub fn load_reviews(path: &Path) -> Result<Vec<Review>> {
    let tables = open(path)?;
    if !tables.has(&REVIEWS) {
        return Ok(Vec::new());
    }
    let mut reviews = read_table(&tables, &REVIEWS, review_from)?;
    sort(&mut reviews);
    Ok(reviews)
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;
