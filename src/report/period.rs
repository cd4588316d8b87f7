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

    /// First day of the period in which `time` lies, UTC.
    pub(super) fn start(self, time: Timestamp) -> Date {
        let day = date(time).first_of_month();
        let behind = (day.month() - 1) % self.months();
        day.saturating_sub(i64::from(behind).months())
    }

    /// First day of the period after the one that begins at `start`.
    pub(super) fn next(self, start: Date) -> Date {
        start.saturating_add(i64::from(self.months()).months())
    }

    /// Name of the period that begins at `start`: `2023-05`, `2023 Q2`, `2023`.
    pub(super) fn label(self, start: Date) -> String {
        match self {
            Self::Month => start.strftime("%Y-%m").to_string(),
            Self::Quarter => format!("{} Q{}", start.year(), (start.month() - 1) / 3 + 1),
            Self::Year => start.year().to_string(),
        }
    }
}

/// The day, UTC.
pub(super) fn date(time: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(time).date()
}

/// Days from the beginning of `origin` to `time`.
pub(super) fn days_since(origin: Date, time: Timestamp) -> f64 {
    let moment = TimeZone::UTC.to_datetime(time);
    let origin = origin.to_datetime(Time::midnight());
    origin.duration_until(moment).as_secs_f64() / SECONDS_A_DAY
}

/// Days from the beginning of one day to that of another.
pub(super) fn days_between(from: Date, to: Date) -> f64 {
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
            assert_eq!(by.start(time), start);
            assert_eq!(by.next(start), next);
            assert_eq!(by.label(start), label);
        }
        let may: Timestamp = "2024-05-01T00:00:00Z".parse().unwrap();
        assert_eq!(By::Quarter.start(may), day(2024, 4, 1));
    }

    #[test]
    fn days_count_leap_days_and_hours() {
        let noon: Timestamp = "2024-03-01T12:00:00Z".parse().unwrap();
        assert_eq!(days_since(day(2024, 2, 28), noon), 2.5);
    }
}
