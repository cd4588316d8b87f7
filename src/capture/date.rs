//! Dates in file names and tags.
//!
//! Understood: `20230103`, `20230103T101530Z`, `20230103_101530`,
//! `20230103101530`, `2023-01-03`, `2023_01_03T10-15-30`, `2023:01:03 10:15:30`,
//! `31-12-2020`, `03JAN2023`, and `23JAN03101530` (Maxar). All are read as UTC.
//! What allows two readings is refused, never guessed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// Years in which a satellite can have taken a picture; other numbers of four
/// digits are not years.
const YEARS: std::ops::RangeInclusive<i16> = 1972..=2100;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

/// A moment, and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// The moment; midnight UTC where only the day is known.
    pub(super) at: Timestamp,
    /// Whether the time of day is known.
    pub(super) time_known: bool,
}

impl Moment {
    /// The day, in UTC.
    #[must_use]
    pub(super) fn day(&self) -> Date {
        TimeZone::UTC.to_datetime(self.at).date()
    }
}

/// What a text says about a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// No date at all.
    Absent,
    /// One date; of several times on that day the first, because products are
    /// named by their start before their end or processing time.
    One(Moment),
    /// More than one date, or one that can be read in two ways.
    Ambiguous {
        /// Every date the text may mean, ascending.
        days: Vec<Date>,
    },
}

/// Reads the date in a text such as a file name without its extension.
#[must_use]
pub(super) fn read(text: &str) -> Reading {
    let found = find_all(text.as_bytes());
    let days: BTreeSet<Date> = found.iter().flat_map(|f| f.days.iter().copied()).collect();
    let mut days = days.into_iter();
    match (days.next(), days.next()) {
        (None, _) => Reading::Absent,
        (Some(day), None) => {
            let time = found.iter().filter_map(|f| f.time).min();
            moment(day, time).map_or(Reading::Absent, Reading::One)
        }
        (Some(first), Some(second)) => Reading::Ambiguous {
            days: [first, second].into_iter().chain(days).collect(),
        },
    }
}

fn moment(day: Date, time: Option<Time>) -> Option<Moment> {
    let at = day.to_datetime(time.unwrap_or_else(Time::midnight));
    Some(Moment {
        at: TimeZone::UTC.to_timestamp(at).ok()?,
        time_known: time.is_some(),
    })
}

/// One date found: its possible readings and the time that follows it.
struct Found {
    days: Vec<Date>,
    time: Option<Time>,
    /// Where the text after it begins.
    end: usize,
}

fn find_all(text: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if !starts_run(text, at) {
            at += 1;
        } else if let Some(one) = find_at(text, at) {
            at = one.end;
            found.push(one);
        } else {
            at += digits(text, at).len();
        }
    }
    found
}

fn starts_run(text: &[u8], at: usize) -> bool {
    let digit = |i: usize| text.get(i).is_some_and(u8::is_ascii_digit);
    digit(at) && (at == 0 || !digit(at - 1))
}

/// The digits from here to the next character that is none.
fn digits(text: &[u8], at: usize) -> &[u8] {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    rest.get(..length).unwrap_or_default()
}

fn number(digits: &[u8]) -> Option<i16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn find_at(text: &[u8], at: usize) -> Option<Found> {
    let run = digits(text, at);
    match run.len() {
        8 => compact(text, at),
        14..=17 => long(text, at),
        4 => separated_year_first(text, at),
        2 => with_month_name(text, at).or_else(|| separated_day_first(text, at)),
        _ => None,
    }
}

/// `20230103`, or `03012023` where only one reading is a date.
fn compact(text: &[u8], at: usize) -> Option<Found> {
    let run = digits(text, at);
    let (first, last) = run.split_at(4);
    let days = match day(number(first)?, number(&last[..2])?, number(&last[2..])?) {
        Some(day) => vec![day],
        None => day_first(number(&first[..2])?, number(&first[2..])?, number(last)?),
    };
    finish(text, at + 8, days)
}

/// `20230103101530`, with fractions of a second after it in some products.
fn long(text: &[u8], at: usize) -> Option<Found> {
    let run = digits(text, at);
    let day = day(number(&run[..4])?, number(&run[4..6])?, number(&run[6..8])?)?;
    Some(Found {
        days: vec![day],
        time: Some(clock(&run[8..14])?),
        end: at + run.len(),
    })
}

/// `2023-01-03`, with the same separator twice.
fn separated_year_first(text: &[u8], at: usize) -> Option<Found> {
    let separator = *text.get(at + 4)?;
    let (month, date) = (digits(text, at + 5), digits(text, at + 8));
    let fits = b"-_.:".contains(&separator)
        && text.get(at + 7) == Some(&separator)
        && month.len() == 2
        && date.len() == 2;
    let day = fits.then(|| day(number(digits(text, at))?, number(month)?, number(date)?))?;
    finish(text, at + 10, vec![day?])
}

/// `31-12-2020`; ambiguous where both numbers may be the month.
fn separated_day_first(text: &[u8], at: usize) -> Option<Found> {
    let separator = *text.get(at + 2)?;
    let (second, year) = (digits(text, at + 3), digits(text, at + 6));
    let fits = b"-_.".contains(&separator)
        && text.get(at + 5) == Some(&separator)
        && second.len() == 2
        && year.len() == 4;
    let days = fits.then(|| {
        Some(day_first(
            number(digits(text, at))?,
            number(second)?,
            number(year)?,
        ))
    })??;
    finish(text, at + 10, days)
}

/// `03JAN2023`, or Maxar's `23JAN03101530` (year, month, day, time).
fn with_month_name(text: &[u8], at: usize) -> Option<Found> {
    let name = text.get(at + 2..at + 5)?.to_ascii_uppercase();
    let month = MONTHS.iter().position(|m| m.as_bytes() == name)? as i8 + 1;
    let (head, tail) = (number(digits(text, at))?, digits(text, at + 5));
    let (day, time) = match tail.len() {
        4 => (day(number(tail)?, month.into(), head)?, None),
        8 => (
            day(2000 + head, month.into(), number(&tail[..2])?)?,
            Some(clock(&tail[2..])?),
        ),
        _ => return None,
    };
    let mut found = finish(text, at + 5 + tail.len(), vec![day])?;
    found.time = time.or(found.time);
    Some(found)
}

fn finish(text: &[u8], end: usize, days: Vec<Date>) -> Option<Found> {
    if days.is_empty() {
        return None;
    }
    let (time, end) = time_after(text, end).map_or((None, end), |(t, end)| (Some(t), end));
    Some(Found { days, time, end })
}

/// The time that follows a date: `T101530`, `_101530`, `T1015Z`, ` 10:15:30`,
/// `T10-15-30`.
fn time_after(text: &[u8], at: usize) -> Option<(Time, usize)> {
    let mark = *text.get(at)?;
    let run = digits(text, at + 1);
    let after = |length: usize| at + 1 + length;
    match run.len() {
        6 if b"Tt_- ".contains(&mark) => Some((clock(run)?, after(6))),
        // Fractions of a second. Eight digits would be another date.
        7 | 9 if mark.eq_ignore_ascii_case(&b'T') => Some((clock(&run[..6])?, after(run.len()))),
        4 if mark.eq_ignore_ascii_case(&b'T') => Some((clock(&[run, b"00"].concat())?, after(4))),
        2 if b"Tt_- ".contains(&mark) => {
            let separator = *text.get(after(2))?;
            let (minute, second) = (digits(text, after(3)), digits(text, after(6)));
            let fits = b":-_".contains(&separator)
                && text.get(after(5)) == Some(&separator)
                && minute.len() == 2
                && second.len() == 2;
            fits.then(|| Some((clock(&[run, minute, second].concat())?, after(8))))?
        }
        _ => None,
    }
}

fn clock(digits: &[u8]) -> Option<Time> {
    let part = |i: usize| number(digits.get(i..i + 2)?)?.try_into().ok();
    Time::new(part(0)?, part(2)?, part(4)?, 0).ok()
}

fn day(year: i16, month: i16, day: i16) -> Option<Date> {
    if !YEARS.contains(&year) {
        return None;
    }
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

/// Both readings of two numbers before a year; one where they agree.
fn day_first(first: i16, second: i16, year: i16) -> Vec<Date> {
    let readings: BTreeSet<Date> = [day(year, second, first), day(year, first, second)]
        .into_iter()
        .flatten()
        .collect();
    readings.into_iter().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn one(text: &str) -> (String, bool) {
        match read(text) {
            Reading::One(m) => (m.at.to_string(), m.time_known),
            other => (format!("{other:?}"), false),
        }
    }

    #[test]
    fn days_are_read_in_every_usual_spelling() {
        for text in [
            "S1_kiel_20230103",
            "x-2023-01-03",
            "2023_01_03_ortho",
            "2023.01.03",
            "03JAN2023",
            "2023:01:03",
            "20230103-20230103",
        ] {
            assert_eq!(one(text), ("2023-01-03T00:00:00Z".into(), false), "{text}");
        }
        assert_eq!(one("31122020").0, "2020-12-31T00:00:00Z");
        assert_eq!(one("12-31-2020").0, "2020-12-31T00:00:00Z");
        assert_eq!(one("05-05-2020").0, "2020-05-05T00:00:00Z");
    }

    #[test]
    fn times_are_read_where_they_follow_a_date() {
        for text in [
            "20230103T101530",
            "20230103T101530Z_ortho",
            "20230103_101530_42_24d6",
            "20230103101530",
            "202301031015304",
            "2023-01-03-10-15-30_UMBRA-04",
            "2023:01:03 10:15:30",
            "23JAN03101530-M2AS",
            "S1A_20230103T101530_20230103T101555",
        ] {
            assert_eq!(one(text), ("2023-01-03T10:15:30Z".into(), true), "{text}");
        }
        assert_eq!(one("20230103T1015Z"), ("2023-01-03T10:15:00Z".into(), true));
    }

    #[test]
    fn what_is_no_date_is_not_read_as_one() {
        for text in [
            "",
            "ortho",
            "T33UUU",
            "20231350",
            "99999999",
            "2023-13-01",
            "230103",
            "123456789",
            "0c74",
            "20230",
            "1234-56-78",
            "2023-01",
        ] {
            assert_eq!(read(text), Reading::Absent, "{text}");
        }
    }

    #[test]
    fn two_readings_are_refused_with_both_named() {
        let ambiguous = |text: &str| match read(text) {
            Reading::Ambiguous { days } => days.iter().map(ToString::to_string).collect(),
            other => vec![format!("{other:?}")],
        };
        assert_eq!(ambiguous("01022020"), ["2020-01-02", "2020-02-01"]);
        assert_eq!(ambiguous("scene_03-04-2021"), ["2021-03-04", "2021-04-03"]);
        assert_eq!(
            ambiguous("20230103_vs_20230115"),
            ["2023-01-03", "2023-01-15"]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,40}") {
            let _ = read(&text);
        }

        #[test]
        fn digits_and_separators_do_no_harm(text in "[0-9TZ_:. -]{0,40}") {
            let _ = read(&text);
        }

        #[test]
        fn a_moment_written_compactly_is_read_back(second in 100_000_000_i64..4_000_000_000) {
            let at = Timestamp::from_second(second).unwrap();
            let text = at.strftime("a_%Y%m%dT%H%M%SZ.b").to_string();
            prop_assert_eq!(read(&text), Reading::One(Moment { at, time_known: true }));
        }
    }
}
