//! What an observation is good for, as the page marks and tells it.

use super::words::minute;
use crate::report::counted;
use crate::series::{Observation, Status};
use crate::trend::{Use, use_of};

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

/// What an observation showed and when, in words.
pub(super) fn told(o: &Observation, min_length_m: f64) -> String {
    format!("{} {}", minute(o.acquired), shown(o, min_length_m))
}

/// What an observation showed, in words.
pub(super) fn shown(o: &Observation, min_length_m: f64) -> String {
    let status = o.status.word();
    let trains = match o.train_count {
        None if o.status.usable() => return "undecided".to_owned(),
        None => return status.to_owned(),
        Some(0) => "no train".to_owned(),
        Some(n) => counted(n as usize, "train"),
    };
    let misses = match use_of(o, min_length_m) {
        Use::WouldMiss => format!("; would miss one of {min_length_m:.0} m"),
        _ => String::new(),
    };
    format!("{status}, {trains}{misses}")
}
