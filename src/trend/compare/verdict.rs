//! What the series says to each published count.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use super::counts::Count;
use super::matching::assign;
use super::place::Places;
use super::quantity::{Bound, Kind};
use super::view::View;
use crate::series::Series;
use crate::trend::model::Stay;
use crate::trend::round::rounded;
use crate::trend::stay::stays;

/// Error of a published length, 1 sigma, m: two pixels of 3 m at each end,
/// where such lengths are read, and rounding to tens.
const PUBLISHED_SIGMA_M: f64 = 10.0;

/// Lengths further apart than so many sigmas differ.
const SIGMAS: f64 = 2.0;

/// Length of the longest car in use, a P70 boxcar, m: so many cars are no
/// longer than so many of these.
const LONGEST_CAR_M: f64 = 17.07;

/// What became of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The series says the same, within what both can tell.
    Agrees,
    /// It says something else.
    Differs,
    /// The track could be seen, and no such train was found.
    NotFound,
    /// Less was found than published, but not all could be seen.
    SeenInPart,
    /// It was not found, and is too short for the captures to show it for sure.
    TooShort,
    /// Trains were found, but nothing is known of their cars.
    CarsUnknown,
    /// No usable capture is near enough in time.
    NotObserved,
    /// The site is a crossing that the series does not hold.
    OtherCrossing,
    /// It is not known which crossing the site is.
    NoPlace,
    /// The date is none.
    NoDate,
    /// The series has no such quantity.
    OtherQuantity,
}

impl Verdict {
    /// What people read.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs => "differs",
            Self::NotFound => "not found",
            Self::SeenInPart => "seen in part",
            Self::TooShort => "too short to see",
            Self::CarsUnknown => "cars unknown",
            Self::NotObserved => "not observed",
            Self::OtherCrossing => "of another crossing",
            Self::NoPlace => "of an unknown place",
            Self::NoDate => "no date",
            Self::OtherQuantity => "not comparable",
        }
    }
}

/// What the series has for a count.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// The captures, in order of time.
    pub captures: Vec<String>,
    /// Least value that the series allows: of a length two sigmas below.
    pub low: f64,
    /// Largest; `None` where the train was not seen to its end.
    pub high: Option<f64>,
    /// Found less published, from the middle of a range; `None` where an end is open.
    pub difference: Option<f64>,
}

/// A count and what the series says to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Line in the file.
    pub line: usize,
    /// When, as published.
    pub date: String,
    /// Where, as published.
    pub site: String,
    /// The crossing it is.
    pub crossing: Option<String>,
    /// What, as published.
    pub quantity: String,
    /// Of what, as published.
    pub unit: String,
    /// What that is compared with.
    pub kind: Option<Kind>,
    /// How it bounds the truth.
    pub bound: Bound,
    /// The published value.
    pub published: f64,
    /// What the series has.
    pub found: Option<Found>,
    /// What became of it.
    pub verdict: Verdict,
}

/// Counts that are answered together, so that no train is named twice: those
/// of one crossing, kind, time and site.
type Group = (String, Kind, (Date, Date), String);

/// Every count beside the series, in the order of the file. A count belongs to
/// the usable captures of its days, or to the nearest within `reach_days`.
#[must_use]
pub fn compare(
    series: &Series,
    counts: &[Count],
    places: &Places,
    reach_days: u32,
) -> Vec<Compared> {
    let ids: BTreeSet<&str> = series
        .observations
        .iter()
        .map(|o| o.key.crossing.as_str())
        .collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let stays = stays(series);
    let mut compared: Vec<Compared> = counts.iter().map(|c| place(c, places, &ids)).collect();
    for ((crossing, kind, days, _), members) in groups(counts, &compared) {
        let view = View::of(series, &stays, &crossing, days, reach_days);
        let answers = match view {
            None => vec![(None, Verdict::NotObserved); members.len()],
            Some(view) => {
                let rows: Vec<&Compared> = members.iter().map(|i| &compared[*i]).collect();
                view.answer(kind, &rows)
            }
        };
        for (i, (found, verdict)) in members.into_iter().zip(answers) {
            compared[i].found = found;
            compared[i].verdict = verdict;
        }
    }
    compared
}

fn place(count: &Count, places: &Places, ids: &[&str]) -> Compared {
    let kind = Kind::of(&count.quantity, &count.unit);
    let named = || places.crossing(&count.site, ids);
    let crossing = count.crossing.clone().or_else(named);
    let held = crossing.as_deref().map(|id| ids.contains(&id));
    let verdict = match () {
        () if kind.is_none() => Verdict::OtherQuantity,
        () if count.days.is_none() => Verdict::NoDate,
        () if held.is_none() => Verdict::NoPlace,
        () if held == Some(false) => Verdict::OtherCrossing,
        () => Verdict::NotObserved,
    };
    Compared {
        line: count.line,
        date: count.date.clone(),
        site: count.site.clone(),
        crossing,
        quantity: count.quantity.clone(),
        unit: count.unit.clone(),
        kind: kind.map(|k| k.0),
        bound: kind.map_or(Bound::Exact, |k| k.1),
        published: count.value,
        found: None,
        verdict,
    }
}

fn groups(counts: &[Count], compared: &[Compared]) -> BTreeMap<Group, Vec<usize>> {
    let mut groups: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
    for (i, (count, row)) in counts.iter().zip(compared).enumerate() {
        if row.verdict != Verdict::NotObserved {
            continue;
        }
        if let (Some(crossing), Some(kind), Some(days)) = (&row.crossing, row.kind, count.days) {
            let site = count.site.clone();
            let key = (crossing.clone(), kind, days, site);
            groups.entry(key).or_default().push(i);
        }
    }
    groups
}

impl View<'_> {
    fn answer(&self, kind: Kind, rows: &[&Compared]) -> Vec<(Option<Found>, Verdict)> {
        match kind {
            Kind::Length => self.one_by_one(rows, &self.trains, |stay| {
                let reach_m = SIGMAS * stay.length_sigma_m.hypot(PUBLISHED_SIGMA_M);
                let high = (!stay.at_least).then_some(stay.length_m + reach_m);
                (stay.length_m - reach_m, high, stay.length_m)
            }),
            Kind::TrainCars => {
                let counted: Vec<&Stay> = self
                    .trains
                    .iter()
                    .filter(|s| s.cars.is_some())
                    .copied()
                    .collect();
                self.one_by_one(rows, &counted, |stay| {
                    let cars = stay
                        .cars
                        .map_or((0.0, 0.0), |c| (f64::from(c.min), f64::from(c.max)));
                    let high = (!stay.at_least).then_some(cars.1);
                    (cars.0, high, f64::midpoint(cars.0, cars.1))
                })
            }
            Kind::AllCars => {
                let cars = self.trains.iter().filter_map(|s| s.cars);
                let (low, high) = cars.fold((0.0, 0.0), |sum, c| {
                    (sum.0 + f64::from(c.min), sum.1 + f64::from(c.max))
                });
                if self.trains.iter().any(|s| s.cars.is_none()) {
                    return vec![(None, Verdict::CarsUnknown); rows.len()];
                }
                let known = self.trains.iter().all(|s| !s.at_least);
                rows.iter()
                    .map(|row| {
                        self.judge(row, (low, known.then_some(high), f64::midpoint(low, high)))
                    })
                    .collect()
            }
            Kind::Trains => {
                let n = self.trains.len() as f64;
                let judge = |row: &&Compared| self.judge(row, (n, Some(n), n));
                rows.iter().map(judge).collect()
            }
        }
    }

    /// Each published train beside one of its own.
    fn one_by_one(
        &self,
        rows: &[&Compared],
        trains: &[&Stay],
        size: impl Fn(&Stay) -> (f64, Option<f64>, f64),
    ) -> Vec<(Option<Found>, Verdict)> {
        let mut sizes: Vec<_> = trains.iter().map(|s| size(s)).collect();
        sizes.sort_by(|a, b| a.2.total_cmp(&b.2));
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|a, b| rows[*a].published.total_cmp(&rows[*b].published));
        let wanted: Vec<f64> = order.iter().map(|i| rows[*i].published).collect();
        let offered: Vec<f64> = sizes.iter().map(|s| s.2).collect();
        let lacking = |row: &&Compared| (None, self.lacking(row));
        let mut answers: Vec<_> = rows.iter().map(lacking).collect();
        for (i, partner) in order.into_iter().zip(assign(&wanted, &offered)) {
            if let Some(size) = partner.and_then(|p| sizes.get(p)) {
                answers[i] = self.judge(rows[i], *size);
            }
        }
        answers
    }

    /// What it means that a train has no partner among those found.
    fn lacking(&self, row: &Compared) -> Verdict {
        let (per_unit_m, of_cars) = match row.kind {
            Some(Kind::TrainCars) => (LONGEST_CAR_M, true),
            _ => (1.0, false),
        };
        let short = self
            .limit_m
            .is_some_and(|limit_m| row.published * per_unit_m < limit_m);
        match () {
            () if of_cars && self.trains.iter().any(|s| s.cars.is_none()) => Verdict::CarsUnknown,
            () if short => Verdict::TooShort,
            () if self.whole => Verdict::NotFound,
            () => Verdict::SeenInPart,
        }
    }

    /// The least, largest and middle value of the series beside a published one.
    fn judge(
        &self,
        row: &Compared,
        (low, high, middle): (f64, Option<f64>, f64),
    ) -> (Option<Found>, Verdict) {
        let (too_little, too_much) = match row.bound {
            Bound::Exact => (
                high.is_some_and(|high| high < row.published),
                low > row.published,
            ),
            Bound::AtLeast => (high.is_some_and(|high| high < row.published), false),
            Bound::AtMost => (false, low > row.published),
        };
        let verdict = match () {
            () if too_much => Verdict::Differs,
            () if too_little && !self.whole => Verdict::SeenInPart,
            () if too_little => Verdict::Differs,
            () => Verdict::Agrees,
        };
        let exact = row.bound == Bound::Exact && high.is_some();
        let found = Found {
            captures: self.captures.clone(),
            low: rounded(low.max(0.0), 2),
            high: high.map(|h| rounded(h, 2)),
            difference: exact.then(|| rounded(middle - row.published, 2)),
        };
        (Some(found), verdict)
    }
}
