//! What the series shows of a crossing about a published day.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::series::{Observation, Series, Status};
use crate::trend::model::Stay;
use crate::trend::period::{date, days_between};

/// What the series shows of a crossing on some days.
pub(super) struct View<'a> {
    /// Its usable captures, in order of time.
    pub captures: Vec<String>,
    /// Whether every day was seen clearly.
    pub whole: bool,
    /// Longest detection limit of the captures, m.
    pub limit_m: Option<f64>,
    /// Trains, each once, by length.
    pub trains: Vec<&'a Stay>,
}

impl<'a> View<'a> {
    /// `None` where no usable capture is near enough.
    pub(super) fn of(
        series: &Series,
        stays: &'a [Stay],
        crossing: &str,
        days: (Date, Date),
        reach_days: u32,
    ) -> Option<Self> {
        let usable: Vec<(&Observation, i64)> = series
            .observations
            .iter()
            .filter(|o| o.key.crossing == crossing && o.train_count.is_some())
            .map(|o| (o, days_apart(date(o.acquired), days)))
            .filter(|(_, apart)| *apart <= i64::from(reach_days))
            .collect();
        let nearest = usable.iter().map(|u| u.1).min()?;
        let near: Vec<&Observation> = usable
            .into_iter()
            .filter(|u| u.1 == nearest)
            .map(|u| u.0)
            .collect();
        let clear: BTreeSet<Date> = near
            .iter()
            .filter(|o| o.status == Status::Clear)
            .map(|o| date(o.acquired))
            .collect();
        let wanted = if nearest == 0 {
            days_between(days.0, days.1) as usize
        } else {
            1
        };
        let mut captures: Vec<(jiff::Timestamp, String)> = near
            .iter()
            .map(|o| (o.acquired, o.key.capture.clone()))
            .collect();
        captures.sort();
        captures.dedup();
        let captures: Vec<String> = captures.into_iter().map(|c| c.1).collect();
        let mut trains: Vec<&Stay> = stays
            .iter()
            .filter(|s| s.crossing == crossing)
            .filter(|s| s.captures.iter().any(|c| captures.contains(&c.0)))
            .collect();
        trains.sort_by(|a, b| a.length_m.total_cmp(&b.length_m));
        Some(Self {
            captures,
            whole: clear.len() >= wanted,
            limit_m: near
                .iter()
                .filter_map(|o| o.detection_limit_m)
                .reduce(f64::max),
            trains,
        })
    }
}

/// Days from a day to the nearest of some days.
fn days_apart(day: Date, (start, end): (Date, Date)) -> i64 {
    let before = days_between(day, start).max(0.0);
    let behind = days_between(end, day) + 1.0;
    before.max(behind.max(0.0)) as i64
}
