//! The lines below the table: rates, trends and changes, or what they lack.

use jiff::Timestamp;

use super::headline::{interval, of_at_least, p_text, signed, trend_text};
use super::paint::{GLUE, Ink, Paint, counted, printable, wrapped};
use super::summary::ScopeSummary;
use crate::trend::{Answer, ChangePoint, Estimate, RateTrend, Stay, Trend, date};

/// Columns before the text of a line.
const MARGIN: usize = 17;
/// Standing trains listed; the others are counted.
const LISTED: usize = 3;

/// From this p-value on a change is not worth a date.
const CHANCE: f64 = 0.05;

/// Which trains all figures are of.
pub(super) fn compared(trend: &Trend) -> String {
    let such = of_at_least(trend.min_length_m);
    if trend.min_length_given {
        format!("trains{such}, as asked for")
    } else if such.is_empty() {
        "trains of any length; what would have been missed is not known".to_owned()
    } else {
        format!("trains{such}, the common detection limit")
    }
}

/// What is said of rates, trends and changes, each under its name: of a scope,
/// then of its tracks.
pub(super) fn facts(scope: &ScopeSummary, tracks: &[&ScopeSummary]) -> Vec<(String, String)> {
    let trend = &scope.trend;
    let mut facts = vec![("rate", rate(trend))];
    facts.push(("rate, trend", told(&trend.rate, rate_trend)));
    facts.push(("length, trend", told(&trend.length, trend_text)));
    let season = told(&trend.seasonal_length, |s| {
        let slope = s.slope_m_per_year;
        let ends = interval(signed(slope.interval.low), signed(slope.interval.high));
        let p = p_text(s.p_value);
        format!("{}{GLUE}m a year {ends}, {p}", signed(slope.value))
    });
    if trend.length.found().is_some() {
        facts.push(("  month by month", season));
    }
    facts.push(("rate, change", told(&trend.rate_change, rate_change)));
    facts.push(("length, change", told(&trend.length_change, length_change)));
    facts.extend(standing(&scope.standing).map(|text| ("standing", text)));
    let own = facts
        .into_iter()
        .map(|(name, fact)| (name.to_owned(), fact));
    own.chain(tracks.iter().map(|track| of_track(track)))
        .collect()
}

fn of_track(track: &ScopeSummary) -> (String, String) {
    let name = printable(track.track.as_deref().unwrap_or_default());
    let length = told(&track.trend.length, trend_text);
    let fact = format!("track {name}: {}; length {length}", rate(&track.trend));
    (String::new(), fact)
}

/// The lines of a crossing and of its tracks.
pub(super) fn trend_lines(
    scope: &ScopeSummary,
    tracks: &[&ScopeSummary],
    width: usize,
    paint: Paint,
) -> String {
    let title = wrapped(&compared(&scope.trend), width);
    let mut text = format!("{}\n", paint.text(&title, Ink::Strong));
    for (name, fact) in facts(scope, tracks) {
        text += &named(&name, &fact, width, paint);
    }
    text
}

fn named(name: &str, line: &str, width: usize, paint: Paint) -> String {
    let room = width.saturating_sub(MARGIN);
    let text = wrapped(line, room).replace('\n', &format!("\n{}", " ".repeat(MARGIN)));
    format!(
        "{}{text}\n",
        paint.text(&format!("{name:<MARGIN$}"), Ink::Faint)
    )
}

fn told<T>(answer: &Answer<T>, text: impl Fn(&T) -> String) -> String {
    match answer {
        Answer::Found(found) => text(found),
        Answer::Refused(refusal) => format!("too little to tell: {refusal}"),
    }
}

fn rate(trend: &Trend) -> String {
    let total = &trend.total;
    let (Some(trains), Some(rate)) = (total.trains, total.rate) else {
        return "not observed".to_owned();
    };
    let missing = match total.would_miss {
        0 => String::new(),
        n => format!("; {n} more would miss such a train"),
    };
    format!(
        "{} a whole-track observation {} ({} on {:.1} of them){missing}",
        number(rate.value),
        numbers(&rate),
        counted(trains, "train"),
        total.exposure
    )
}

/// Two decimals, but never 0 for what is more.
fn number(value: f64) -> String {
    if value > 0.0 && value < 0.005 {
        "<0.01".to_owned()
    } else {
        format!("{value:.2}")
    }
}

fn numbers(estimate: &Estimate) -> String {
    let i = estimate.interval;
    interval(number(i.low), number(i.high))
}

fn rate_trend(trend: &RateTrend) -> String {
    let factor = trend.factor_per_year;
    let percent = |f: f64| {
        if f >= 10.0 {
            format!("×{f:.0}")
        } else {
            format!("{}{GLUE}%", signed(100.0 * (f - 1.0)))
        }
    };
    format!(
        "{} a year {}, {}",
        percent(factor.value),
        interval(percent(factor.interval.low), percent(factor.interval.high)),
        p_text(trend.p_value)
    )
}

fn rate_change(change: &ChangePoint) -> String {
    if change.p_value > CHANCE {
        return by_chance(change);
    }
    let (before, after) = (number(change.level_before), number(change.level_after));
    format!("{before} to {after}, {}", when(change))
}

fn length_change(change: &ChangePoint) -> String {
    if change.p_value > CHANCE {
        return by_chance(change);
    }
    let (before, after) = (change.level_before, change.level_after);
    format!("{before:.0} to {after:.0}{GLUE}m, {}", when(change))
}

fn by_chance(change: &ChangePoint) -> String {
    format!("none beyond chance, {}", p_text(change.p_value))
}

fn when(change: &ChangePoint) -> String {
    let [earliest, latest] = [change.earliest, change.latest].map(date);
    let p = p_text(change.p_value);
    format!("between {earliest} and {latest}, {p}")
}

fn standing(stays: &[Stay]) -> Option<String> {
    let mut longest: Vec<&Stay> = stays.iter().collect();
    let seconds = |s: &Stay| s.last_seen.duration_since(s.first_seen).as_secs();
    longest.sort_by_key(|s| (-seconds(s), s.first_seen));
    let listed: Vec<String> = longest.iter().take(LISTED).map(|s| stay(s)).collect();
    let rest = match longest.len().saturating_sub(LISTED) {
        0 => String::new(),
        n => format!("; {n} more"),
    };
    (!listed.is_empty()).then(|| format!("{}{rest}", listed.join("; ")))
}

fn stay(stay: &Stay) -> String {
    let day = |t: Timestamp| date(t).to_string();
    let [first, last] = [stay.first_seen, stay.last_seen].map(day);
    let sign = if stay.at_least { "≥" } else { "" };
    let captures = counted(stay.sightings, "capture");
    format!(
        "{sign}{:.0}{GLUE}m {first} to {last} ({captures})",
        stay.length_m
    )
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_rate_that_is_more_than_nothing_is_not_rounded_to_it() {
        assert_eq!([0.0, 0.001, 0.005].map(number), ["0.00", "<0.01", "0.01"]);
    }
}
