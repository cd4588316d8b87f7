//! Calendar periods, UTC: months, quarters and years.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;

const SECONDS_A_DAY: f64 = 86_400.0;

/// How a series is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Calendar months.
    Month,
    /// Quarters of a year.
    Quarter,
    /// Calendar years.
    Year,
}

impl By {
    /// Its name, as one of them is called.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// Months in one.
    fn months(self) -> i8 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }

    /// First day of the period in which a day lies.
    pub(crate) fn start(self, day: Date) -> Date {
        let day = day.first_of_month();
        let behind = (day.month() - 1) % self.months();
        day.saturating_sub(i64::from(behind).months())
    }

    /// First day of the period after the one that begins at `start`.
    pub(crate) fn next(self, start: Date) -> Date {
        start.saturating_add(i64::from(self.months()).months())
    }

    /// Begin and end of all periods from that of `first` to that of `last`.
    pub(crate) fn periods(self, first: Date, last: Date) -> impl Iterator<Item = (Date, Date)> {
        let mut next = Some(self.start(first));
        std::iter::from_fn(move || {
            let start = next.filter(|start| *start <= last)?;
            let end = self.next(start);
            next = (end > start).then_some(end);
            Some((start, end))
        })
    }

    /// Name of the period that begins at `start`: `2023-05`, `2023 Q2`, `2023`.
    pub(crate) fn label(self, start: Date) -> String {
        match self {
            Self::Month => start.strftime("%Y-%m").to_string(),
            Self::Quarter => format!("{} Q{}", start.year(), (start.month() - 1) / 3 + 1),
            Self::Year => start.year().to_string(),
        }
    }
}

/// The day, UTC.
pub(crate) fn date(time: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(time).date()
}

/// Days from the beginning of `origin` to `time`.
pub(crate) fn days_since(origin: Date, time: Timestamp) -> f64 {
    let moment = TimeZone::UTC.to_datetime(time);
    let origin = origin.to_datetime(Time::midnight());
    origin.duration_until(moment).as_secs_f64() / SECONDS_A_DAY
}

/// Days from the beginning of one day to that of another.
pub(crate) fn days_between(from: Date, to: Date) -> f64 {
    from.duration_until(to).as_secs_f64() / SECONDS_A_DAY
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::float_cmp)]
    use jiff::civil::date as day;

    use super::*;

    #[test]
    fn periods_begin_and_follow() {
        let time: Timestamp = "2023-12-31T23:59:59Z".parse().unwrap();
        for (by, start, next, label) in [
            (By::Month, day(2023, 12, 1), day(2024, 1, 1), "2023-12"),
            (By::Quarter, day(2023, 10, 1), day(2024, 1, 1), "2023 Q4"),
            (By::Year, day(2023, 1, 1), day(2024, 1, 1), "2023"),
        ] {
            assert_eq!(by.start(date(time)), start);
            assert_eq!(by.next(start), next);
            assert_eq!(by.label(start), label);
        }
        assert_eq!(By::Quarter.start(day(2024, 5, 1)), day(2024, 4, 1));
        let quarters: Vec<Date> = By::Quarter
            .periods(day(2023, 11, 30), day(2024, 4, 1))
            .map(|p| p.0)
            .collect();
        assert_eq!(
            quarters,
            [day(2023, 10, 1), day(2024, 1, 1), day(2024, 4, 1)]
        );
    }

    #[test]
    fn days_count_leap_days_and_hours() {
        let noon: Timestamp = "2024-03-01T12:00:00Z".parse().unwrap();
        assert_eq!(days_since(day(2024, 2, 28), noon), 2.5);
    }
}
