//! What is answered: presence, lengths, trends, changes and stays.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::answer::Answer;
use super::period::By;
use crate::series::Cars;
use crate::stats::Interval;

/// A year, s: the mean of the Julian calendar, 365.25 days.
pub(super) const YEAR_S: f64 = 365.25 * 86_400.0;

/// What is asked of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// How presence is divided.
    pub by: By,
    /// Shorter trains are left out, and observations that would miss one so
    /// long; `None` takes the common detection limit: the one at which most
    /// trains and observations are left.
    pub min_length_m: Option<f64>,
}

/// Everything that is answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trends {
    /// How presence is divided.
    pub by: By,
    /// Over all crossings where there are several; then for each crossing, the
    /// crossing, followed by its tracks where there are several.
    pub scopes: Vec<Trend>,
    /// Every train once, in order of crossing, track and time.
    pub stays: Vec<Stay>,
}

/// What one scope says of trains of `min_length_m` and more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// The crossing; `None` for all of them.
    pub crossing: Option<String>,
    /// The track; `None` for all of them.
    pub track: Option<String>,
    /// Day of the first observation, UTC.
    pub first: Date,
    /// Day of the last observation, UTC.
    pub last: Date,
    /// Shorter trains are left out everywhere here, m.
    pub min_length_m: f64,
    /// Whether that was asked for; else it is the common detection limit.
    pub min_length_given: bool,
    /// Presence over the whole time.
    pub total: Presence,
    /// Presence by period, from the first to the last observation, gaps included.
    pub periods: Vec<PeriodPresence>,
    /// Median length.
    pub median_length: Answer<MedianLength>,
    /// How lengths change.
    pub length: Answer<LengthTrend>,
    /// The same from trains of equal months only.
    pub seasonal_length: Answer<SeasonalTrend>,
    /// How the rate changes.
    pub rate: Answer<RateTrend>,
    /// Where the lengths changed most.
    pub length_change: Answer<ChangePoint>,
    /// Where the rate changed most.
    pub rate_change: Answer<ChangePoint>,
    /// The trains the lengths are from, each once, in order of time.
    pub trains: Vec<TrainLength>,
    /// Trains that do not count here, each once: they are shorter, or only on
    /// observations that would miss one of the least length.
    pub uncounted: usize,
}

/// A number with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: Interval,
}

/// How often trains were there. All but the counts are `None` where no
/// observation could be used: that is a gap, not a zero.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Presence {
    /// Observations of any status.
    pub observations: usize,
    /// Those that show the track and allow to decide, and would find a train
    /// of the least length.
    pub used: usize,
    /// Those that would miss one, and so are left out.
    pub would_miss: usize,
    /// What the used ones saw, in observations of the whole track: the sum of
    /// their clear fractions.
    pub exposure: f64,
    /// Used observations with a train.
    pub with_train: Option<usize>,
    /// Their share of the used ones, with its exact interval after Clopper and Pearson.
    pub share: Option<Estimate>,
    /// Trains first seen, each once however long it stood.
    pub trains: Option<usize>,
    /// Those per observation of the whole track, with its exact interval after Garwood.
    pub rate: Option<Estimate>,
}

/// A period and how often trains were there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PeriodPresence {
    /// `2023-05`, `2023 Q2` or `2023`.
    pub period: String,
    /// Its first day, UTC.
    pub start: Date,
    /// The first day after it.
    pub end: Date,
    /// How often.
    #[serde(flatten)]
    pub presence: Presence,
}

/// A length of which the half of all trains are longer, trains that were not
/// seen to their end taken as at least so long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MedianLength {
    /// The Kaplan–Meier median, m.
    pub length_m: f64,
    /// Lower end of its 95 % interval, m; `None` where that is not reached.
    pub low_m: Option<f64>,
    /// Upper end; `None` where too few trains were seen to their end to tell.
    pub high_m: Option<f64>,
    /// Trains.
    pub trains: usize,
    /// Those of them that are lower bounds.
    pub censored: usize,
}

/// A monotone trend of length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LengthTrend {
    /// Akritas–Theil–Sen slope, m a year; Theil–Sen where no train is censored.
    pub slope_m_per_year: Estimate,
    /// Mann–Kendall, two-sided, ties and autocorrelation corrected for.
    pub p_value: f64,
    /// Kendall's tau-a, in −1..1.
    pub tau: f64,
    /// What autocorrelation multiplies the variance by (Hamed and Rao), never under 1.
    pub variance_factor: f64,
    /// Trains.
    pub trains: usize,
    /// Those of them that are lower bounds.
    pub censored: usize,
    /// Where the line pivots: the median time.
    pub centre: Timestamp,
    /// The line at the centre, m, with the interval of that level.
    pub level_m: Estimate,
}

/// A trend of length that a season cannot feign.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SeasonalTrend {
    /// Slope from pairs of one calendar month in different years, m a year.
    pub slope_m_per_year: Estimate,
    /// Seasonal Kendall test (Hirsch and Slack), two-sided.
    pub p_value: f64,
    /// Pairs compared.
    pub pairs: usize,
}

/// A trend of the rate of trains per observation of the whole track.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RateTrend {
    /// Factor by which the rate changes in a year: 1.2 is 20 % more.
    pub factor_per_year: Estimate,
    /// Wald test of no change, two-sided.
    pub p_value: f64,
    /// What overdispersion multiplies the variance by, never under 1.
    pub variance_factor: f64,
    /// Trains, each once.
    pub trains: usize,
    /// Observations used.
    pub observations: usize,
    /// Mean time of the trains.
    pub centre: Timestamp,
    /// Fitted rate at the centre, trains per observation of the whole track.
    pub rate_at_centre: f64,
}

/// The most likely place of one lasting change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChangePoint {
    /// The last observation or train before it.
    pub after: Timestamp,
    /// The first one behind it.
    pub before: Timestamp,
    /// Begin of the 95 % interval of the change.
    pub earliest: Timestamp,
    /// End of that interval.
    pub latest: Timestamp,
    /// Level before: m, or trains per observation of the whole track.
    pub level_before: f64,
    /// Level after, in the same unit.
    pub level_after: f64,
    /// How often so strong a change is found where there is none, by
    /// permutation; a steady trend makes it small, too.
    pub p_value: f64,
}

/// A train with its length, for plots and trends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TrainLength {
    /// First seen.
    pub first_seen: Timestamp,
    /// Its length, m.
    pub length_m: f64,
    /// Its standard error, m.
    pub length_sigma_m: f64,
    /// Whether it may be longer, because it was never seen to both ends.
    pub at_least: bool,
}

/// A train that is one train however often it was seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stay {
    /// The crossing.
    pub crossing: String,
    /// The track.
    pub track: String,
    /// First observation that shows it.
    pub first_seen: Timestamp,
    /// Last observation that shows it.
    pub last_seen: Timestamp,
    /// Last usable observation before, without it; `None` where there is none.
    pub absent_before: Option<Timestamp>,
    /// First usable observation after, without it; `None` where there is none.
    pub absent_after: Option<Timestamp>,
    /// Observations that show it.
    pub sightings: usize,
    /// Captures that show it, in order of time, with the number of the train there.
    pub captures: Vec<(String, u32)>,
    /// Chainage of its ends where it was seen best, m.
    pub start_m: f64,
    /// The upper end, m.
    pub end_m: f64,
    /// Its length as it was seen best: to both ends if ever, and there with
    /// the least error; else the longest that was seen of it.
    pub length_m: f64,
    /// Standard error of that, m.
    pub length_sigma_m: f64,
    /// Whether it was never seen to both ends.
    pub at_least: bool,
    /// Its cars as counted there.
    pub cars: Option<Cars>,
}

impl LengthTrend {
    /// The line at a time with its band, m: the interval of the level and that
    /// of the slope, each side in quadrature.
    #[must_use]
    pub fn at(&self, time: Timestamp) -> Estimate {
        let years = years_between(self.centre, time);
        let slope = self.slope_m_per_year;
        let value = self.level_m.value + slope.value * years;
        let (down, up) = if years < 0.0 {
            (
                slope.interval.high - slope.value,
                slope.value - slope.interval.low,
            )
        } else {
            (
                slope.value - slope.interval.low,
                slope.interval.high - slope.value,
            )
        };
        let level = self.level_m;
        Estimate {
            value,
            interval: Interval {
                low: value - (level.value - level.interval.low).hypot(down * years),
                high: value + (level.interval.high - level.value).hypot(up * years),
            },
        }
    }
}

impl RateTrend {
    /// The fitted rate at a time, trains per observation of the whole track.
    #[must_use]
    pub fn at(&self, time: Timestamp) -> f64 {
        let years = years_between(self.centre, time);
        self.rate_at_centre * self.factor_per_year.value.powf(years)
    }
}

/// Years from one moment to another, negative where that is earlier.
pub(super) fn years_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / YEAR_S
}
