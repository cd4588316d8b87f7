//! What an observation is good for, as the page marks and tells it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::words::minute;
use crate::report::counted;
use crate::series::{Observation, Status};
use crate::trend::{Use, date, use_of};

/// How an observation is marked, where trains of `min_length_m` count: the
/// names are classes of the style.
pub(super) fn kind_of(o: &Observation, min_length_m: f64) -> &'static str {
    match (use_of(o, min_length_m), o.status) {
        (Use::Used, _) => "seen",
        (Use::WouldMiss, _) => "misses",
        (Use::Blind, Status::Obscured) => "blind",
        (Use::Blind, Status::Uncovered) => "beside",
        (Use::Blind, _) => "failed",
    }
}

/// What the observations of each day showed and when, in words.
pub(super) fn told_by_day(
    observations: &[&Observation],
    min_length_m: f64,
) -> BTreeMap<Date, String> {
    let mut days: BTreeMap<Date, String> = BTreeMap::new();
    for o in observations {
        let words = days.entry(date(o.acquired)).or_default();
        if !words.is_empty() {
            words.push_str("; ");
        }
        *words += &format!("{} {}", minute(o.acquired), shown(o, min_length_m));
    }
    days
}

/// What an observation showed, in words.
fn shown(o: &Observation, min_length_m: f64) -> String {
    let status = o.status.word();
    let trains = match o.train_count {
        None if o.status.usable() => return "undecided".to_owned(),
        None => return status.to_owned(),
        Some(0) => "no train".to_owned(),
        Some(n) => {
            let longest = o.longest_train_m.map(|m| match n {
                1 => format!(" of {m:.0} m"),
                _ => format!(", the longest {m:.0} m"),
            });
            counted(n as usize, "train") + &longest.unwrap_or_default()
        }
    };
    let misses = match use_of(o, min_length_m) {
        Use::WouldMiss => format!("; would miss one of {min_length_m:.0} m"),
        _ => String::new(),
    };
    format!("{status}, {trains}{misses}")
}
