//! What the lengths of a sample say: level, trend, season and change.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::answer::{Answer, Demands};
use super::autocorrelation::hamed_rao;
use super::kendall::{Kendall, Point, grouped};
use super::length_change::length_change;
use super::model::{
    ChangePoint, Estimate, LengthTrend, MedianLength, SeasonalTrend, YEAR_S, years_between,
};
use super::normal::Z_95;
use super::round::{METRES, SHARES, rounded, rounded_p};
use super::sample::GroupedTrain;
use super::slope::Slopes;
use super::survival::{Bounded, kaplan_meier, median_length};
use crate::stats::{Interval, median};

/// Fewest trains for a median: below six its interval is all that was seen.
const LEAST_FOR_MEDIAN: usize = 6;
/// Fewest trains for a trend or change, as the normal approximation to
/// Kendall's S needs them (Kendall 1970, ch. 4).
const LEAST_FOR_TREND: usize = 10;
/// Fewest of them seen to both ends.
const LEAST_WHOLE: usize = 5;
/// Fewest days from the first to the last train for a slope in metres a year:
/// from less than half of one, a year is an extrapolation.
const LEAST_DAYS: usize = 180;
/// Days of two full years, in which every season comes twice.
const TWO_YEARS_DAYS: usize = 730;
/// Fewest pairs of one month in different years.
const LEAST_SEASONAL_PAIRS: usize = 20;

pub(super) fn median_of(trains: &[GroupedTrain]) -> Answer<MedianLength> {
    let lengths = bounded(trains);
    Demands::default()
        .at_least(LEAST_FOR_MEDIAN, trains.len(), "trains")
        .answer("medians: too many trains are not seen to both ends", || {
            let found = kaplan_meier(&lengths);
            Some(MedianLength {
                length_m: rounded(found.median?, METRES),
                low_m: found.low.map(|m| rounded(m, METRES)),
                high_m: found.high.map(|m| rounded(m, METRES)),
                trains: trains.len(),
                censored: censored(trains),
            })
        })
}

pub(super) fn trend_of(trains: &[GroupedTrain]) -> Answer<LengthTrend> {
    demands(trains)
        .at_least(LEAST_DAYS, days(trains), "days")
        .answer("slopes that the data bound", || length_trend(trains))
}

pub(super) fn season_of(trains: &[GroupedTrain]) -> Answer<SeasonalTrend> {
    let points: Vec<Point> = trains.iter().map(seasonal_point).collect();
    let kendall = total(&grouped(&points), |_| 1.0);
    demands(trains)
        .at_least(TWO_YEARS_DAYS, days(trains), "days")
        .at_least(
            LEAST_SEASONAL_PAIRS,
            kendall.pairs,
            "pairs of one month in different years",
        )
        .answer("slopes that the data bound", || {
            Some(SeasonalTrend {
                slope_m_per_year: slope(&points, |_| 1.0)?,
                p_value: rounded_p(kendall.p_value()),
                pairs: kendall.pairs,
            })
        })
}

pub(super) fn change_of(trains: &[GroupedTrain]) -> Answer<ChangePoint> {
    let lengths: Vec<(Bounded, usize)> = bounded(trains)
        .into_iter()
        .zip(trains.iter().map(|t| t.group))
        .collect();
    demands(trains).answer("changes", || {
        let found = length_change(&lengths)?;
        let level = |side: &[GroupedTrain]| median_length(&bounded(side)).map(|m| m.0);
        let at = |i: usize| trains.get(i).map(|t| t.train.first_seen);
        let (before, after) = trains.split_at_checked(found.split)?;
        Some(ChangePoint {
            after: at(found.split - 1)?,
            before: at(found.split)?,
            earliest: at(found.fewest - 1)?,
            latest: at(found.most)?,
            level_before: rounded(level(before)?, METRES),
            level_after: rounded(level(after)?, METRES),
            p_value: found.p_value,
        })
    })
}

fn demands(trains: &[GroupedTrain]) -> Demands {
    let whole = trains.len() - censored(trains);
    Demands::default()
        .at_least(LEAST_FOR_TREND, trains.len(), "trains")
        .at_least(LEAST_WHOLE, whole, "trains seen to both ends")
}

fn bounded(trains: &[GroupedTrain]) -> Vec<Bounded> {
    trains
        .iter()
        .map(|t| (t.train.length_m, t.train.at_least))
        .collect()
}

fn censored(trains: &[GroupedTrain]) -> usize {
    trains.iter().filter(|t| t.train.at_least).count()
}

fn days(trains: &[GroupedTrain]) -> usize {
    let (Some(first), Some(last)) = (trains.first(), trains.last()) else {
        return 0;
    };
    let span = last.train.first_seen.duration_since(first.train.first_seen);
    (span.as_secs_f64() / 86_400.0).max(0.0) as usize
}

/// Of each month a group, in which years are compared.
fn seasonal_point(t: &GroupedTrain) -> Point {
    let day = TimeZone::UTC.to_datetime(t.train.first_seen).date();
    Point {
        time: f64::from(day.year()),
        value: t.train.length_m,
        at_least: t.train.at_least,
        group: t.group * 12 + day.month() as usize - 1,
    }
}

fn length_trend(trains: &[GroupedTrain]) -> Option<LengthTrend> {
    let centre = centre(trains)?;
    let points: Vec<Point> = trains
        .iter()
        .map(|t| Point {
            time: years_between(centre, t.train.first_seen),
            value: t.train.length_m,
            at_least: t.train.at_least,
            group: t.group,
        })
        .collect();
    let steepness = Slopes::of(&points).estimate()?;
    // Chance alternation is no extra knowledge: the factor never narrows.
    let factor = |group: &[Point]| {
        let residuals: Vec<f64> = group.iter().map(|p| p.without(steepness).value).collect();
        hamed_rao(&residuals).max(1.0)
    };
    let groups = grouped(&points);
    let kendall = total(&groups, factor);
    let plain = total(&groups, |_| 1.0);
    Some(LengthTrend {
        slope_m_per_year: slope(&points, factor)?,
        p_value: rounded_p(kendall.p_value()),
        tau: rounded(kendall.tau(), SHARES),
        variance_factor: rounded(kendall.variance / plain.variance, SHARES),
        trains: trains.len(),
        censored: censored(trains),
        centre,
        level_m: level(&points, steepness)?,
    })
}

/// The median of the times.
fn centre(trains: &[GroupedTrain]) -> Option<Timestamp> {
    let first = trains.first()?.train.first_seen;
    let years: Vec<f64> = trains
        .iter()
        .map(|t| years_between(first, t.train.first_seen))
        .collect();
    let span = jiff::SignedDuration::from_secs_f64((median(&years)? * YEAR_S).round());
    first.checked_add(span).ok()
}

/// Kendall's S over all groups, the variance of each multiplied by its factor.
fn total(groups: &[Vec<Point>], factor: impl Fn(&[Point]) -> f64) -> Kendall {
    groups
        .iter()
        .map(|group| {
            let kendall = Kendall::of(group);
            Kendall {
                variance: kendall.variance * factor(group),
                ..kendall
            }
        })
        .fold(Kendall::default(), Kendall::plus)
}

/// The slope with the interval of what the test of its residuals does not reject.
fn slope(points: &[Point], factor: impl Fn(&[Point]) -> f64) -> Option<Estimate> {
    let slopes = Slopes::of(points);
    let value = slopes.estimate()?;
    let residuals: Vec<Point> = points.iter().map(|p| p.without(value)).collect();
    let groups = grouped(points);
    let variance: f64 = grouped(&residuals)
        .iter()
        .zip(&groups)
        .map(|(left, group)| Kendall::of(left).variance * factor(group))
        .sum();
    let interval = slopes.interval(Z_95 * variance.sqrt())?;
    Some(Estimate::rounded(value, interval, METRES))
}

/// Level of the line at time 0: the median of the residuals. Where lower bounds
/// leave an end of its interval open, the outermost residual stands for it.
fn level(points: &[Point], slope: f64) -> Option<Estimate> {
    let residuals: Vec<Bounded> = points
        .iter()
        .map(|p| (p.without(slope).value, p.at_least))
        .collect();
    let found = kaplan_meier(&residuals);
    let all = || residuals.iter().map(|r| r.0);
    let interval = Interval {
        low: found.low.or_else(|| all().reduce(f64::min))?,
        high: found.high.or_else(|| all().reduce(f64::max))?,
    };
    let value = median_length(&residuals)?.0;
    Some(Estimate::rounded(value, interval, METRES))
}
