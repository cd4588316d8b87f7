//! The sentence above the table: what was seen, and how it changes.

use super::figures::{Figures, Length, Median};
use super::paint::{GLUE, counted};
use super::summary::{PeriodFigures, ScopeSummary};
use crate::series::Decisions;
use crate::trend::LengthTrend;

/// Which detections are in the figures, where not all of them are.
pub(super) fn decided_words(decisions: Decisions) -> Option<&'static str> {
    match decisions {
        Decisions::All => None,
        Decisions::Accepted => Some("Only detections that a person accepted."),
        Decisions::NotRejected => Some("Without detections that a person rejected."),
    }
}

/// The headline of a scope, sentence by sentence; the first is what most ask for.
pub(super) fn headline(scope: &ScopeSummary, period: &str) -> Vec<String> {
    let total = &scope.total;
    let mut sentences = vec![presence(scope)];
    sentences.extend(trains(total));
    sentences.extend(left_out(scope));
    sentences.extend(unusable(total));
    let is_gap = |p: &&PeriodFigures| p.figures.usable == 0;
    let gaps = scope.periods.iter().filter(is_gap).count();
    if gaps > 0 && total.usable > 0 {
        let have = if gaps == 1 { "has" } else { "have" };
        let periods = counted(gaps, period);
        sentences.push(format!("{periods} {have} no usable capture."));
    }
    sentences
}

fn presence(scope: &ScopeSummary) -> String {
    let total = &scope.total;
    let such = of_at_least(scope.trend.min_length_m);
    let usable = counted(total.usable, "usable capture");
    let seen = match (total.with_train, total.share) {
        (Some(0), Some(_)) => format!("No train{such} on {usable}"),
        (Some(n), Some(_)) => format!("Trains{such} on {n} of {usable}"),
        _ if total.would_miss > 0 && such.is_empty() => {
            return "No capture is known to show every train: none has a detection limit.".into();
        }
        _ if total.would_miss > 0 => return format!("No capture would show a train{such}."),
        _ => return "No capture is usable.".to_owned(),
    };
    let first = scope.first;
    let length = total.median.map_or_else(String::new, |median| {
        let trend = scope.trend.length.found().map(trend_text);
        let trend = trend.map_or_else(String::new, |t| format!(", {t}"));
        format!("; median length {}{trend}", median_text(&median))
    });
    format!("{seen} since {first}, {}{length}.", share_text(total))
}

/// ` of at least 150 m`; nothing where trains of any length are meant.
pub(super) fn of_at_least(min_length_m: f64) -> String {
    if min_length_m > 0.0 {
        format!(" of at least {min_length_m:.0}{GLUE}m")
    } else {
        String::new()
    }
}

/// `412 m [380, 455]`, without the interval where there is none.
fn median_text(median: &Median) -> String {
    let end = |end: Option<f64>| end.map_or("…".to_owned(), |m| format!("{m:.0}"));
    let length = metres(median.length);
    match (median.low_m, median.high_m) {
        (None, None) => length,
        (low, high) => format!("{length}{GLUE}[{},{GLUE}{}]", end(low), end(high)),
    }
}

/// `+38 m a year [−5, +80], p = 0.08`.
pub(super) fn trend_text(trend: &LengthTrend) -> String {
    let slope = trend.slope_m_per_year;
    format!(
        "{}{GLUE}m a year {}, {}",
        signed(slope.value),
        interval(signed(slope.interval.low), signed(slope.interval.high)),
        p_text(trend.p_value)
    )
}

/// `[low, high]`, on one line.
pub(super) fn interval(low: impl std::fmt::Display, high: impl std::fmt::Display) -> String {
    format!("[{low},{GLUE}{high}]")
}

/// A whole number with its sign, which is a true minus.
pub(super) fn signed(value: f64) -> String {
    match value.round() {
        0.0 => "0".to_owned(),
        v if v < 0.0 => format!("−{:.0}", -v),
        v => format!("+{v:.0}"),
    }
}

/// `p = 0.08`.
pub(super) fn p_text(p: f64) -> String {
    match p {
        p if p < 0.001 => format!("p{GLUE}<{GLUE}0.001"),
        p if p < 0.1 => format!("p{GLUE}={GLUE}{p:.3}"),
        p => format!("p{GLUE}={GLUE}{p:.2}"),
    }
}

fn trains(total: &Figures) -> Option<String> {
    let longest = total.longest?;
    let count = counted(total.trains?, "train");
    let standing = match total.standing {
        None | Some(0) => String::new(),
        Some(n) => format!(", {n} of them seen standing on several captures"),
    };
    let longest = metres(longest);
    Some(format!("{count}{standing}; the longest {longest}."))
}

/// A length in whole metres, with a sign where it is a lower bound.
pub(super) fn metres(length: Length) -> String {
    let sign = if length.at_least { "≥" } else { "" };
    format!("{sign}{:.0}{GLUE}m", length.length_m)
}

/// The captures and trains that are no part of all this.
fn left_out(scope: &ScopeSummary) -> Option<String> {
    let (captures, trains) = (scope.total.would_miss, scope.trend.uncounted);
    let mut parts = Vec::new();
    if captures > 0 && scope.total.usable > 0 {
        let captures = counted(captures, "capture");
        parts.push(format!("{captures} that would miss such a train"));
    }
    if trains > 0 {
        let verb = if trains == 1 { "is" } else { "are" };
        let or_there = match (captures, parts.is_empty()) {
            (0, _) => "",
            (_, true) => " or only seen where one would be missed",
            (_, false) => " or only seen there",
        };
        let trains = counted(trains, "train");
        parts.push(format!("{trains} that {verb} shorter{or_there}"));
    }
    (!parts.is_empty()).then(|| format!("Not counted: {}.", parts.join("; ")))
}

fn unusable(total: &Figures) -> Option<String> {
    let kinds = [
        (total.obscured, "obscured"),
        (total.uncovered, "beside the track"),
        (total.failed, "failed"),
        (total.undecided, "undecided"),
    ];
    let count: usize = kinds.iter().map(|k| k.0).sum();
    let some: Vec<_> = kinds.iter().filter(|(n, _)| *n > 0).collect();
    let parts: Vec<String> = match some.as_slice() {
        [(_, kind)] => vec![(*kind).to_owned()],
        several => several
            .iter()
            .map(|(n, kind)| format!("{n}{GLUE}{kind}"))
            .collect(),
    };
    (count > 0).then(|| {
        let captures = counted(count, "capture");
        let tell = if count == 1 { "tells" } else { "tell" };
        format!("{captures} {tell} nothing: {}.", parts.join(", "))
    })
}

/// `41 % [28, 56]`; nothing where nothing was observed.
pub(super) fn share_text(figures: &Figures) -> String {
    figures.share.map_or_else(String::new, |s| {
        let (low, high) = (percent(s.interval.low), percent(s.interval.high));
        format!("{}{GLUE}%{GLUE}[{low},{GLUE}{high}]", percent(s.share))
    })
}

/// Whole percents, but never 0 for what is more and never 100 for what is less.
fn percent(share: f64) -> String {
    let whole = (100.0 * share).round();
    match share {
        s if s > 0.0 && whole == 0.0 => "<1".to_owned(),
        s if s < 1.0 && whole >= 100.0 => ">99".to_owned(),
        _ => format!("{whole:.0}"),
    }
}
