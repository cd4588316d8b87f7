//! What the counts of a sample say: trend and change of the rate.

use jiff::{SignedDuration, Timestamp};

use super::answer::{Answer, Demands};
use super::model::{ChangePoint, Estimate, RateTrend, YEAR_S, years_between};
use super::normal::{Z_95, two_sided};
use super::poisson::{Count, log_slope};
use super::rate_change::rate_change;
use super::round::{SHARES, rounded, rounded_p};
use super::sample::{Look, Sample};
use crate::stats::Interval;

/// Fewest trains: from fewer, the interval of a rate spans a factor of ten.
const LEAST_TRAINS: usize = 5;
/// Fewest observations, seen or not.
const LEAST_OBSERVATIONS: usize = 20;
/// Fewest days from the first to the last of them, for a trend a year.
const LEAST_DAYS: usize = 180;

/// The observations that saw something, in order of time.
fn looks(sample: &Sample) -> Vec<Look> {
    sample
        .used()
        .filter(|l| l.exposure > 0.0)
        .copied()
        .collect()
}

fn demands(looks: &[Look]) -> Demands {
    let trains = looks.iter().map(|l| l.arrivals).sum();
    Demands::default()
        .at_least(LEAST_TRAINS, trains, "trains")
        .at_least(LEAST_OBSERVATIONS, looks.len(), "observations")
}

fn counts(looks: &[Look], origin: Timestamp) -> Vec<Count> {
    looks
        .iter()
        .map(|l| Count {
            time: years_between(origin, l.acquired),
            events: l.arrivals,
            exposure: l.exposure,
            group: l.group,
        })
        .collect()
}

pub(super) fn trend_of(sample: &Sample) -> Answer<RateTrend> {
    let looks = looks(sample);
    let days = match (looks.first(), looks.last()) {
        (Some(a), Some(b)) => b.acquired.duration_since(a.acquired).as_hours() / 24,
        _ => 0,
    };
    demands(&looks)
        .at_least(LEAST_DAYS, days.max(0) as usize, "days")
        .answer("slopes that the data bound", || rate_trend(&looks))
}

fn rate_trend(looks: &[Look]) -> Option<RateTrend> {
    let origin = looks.first()?.acquired;
    let counts = counts(looks, origin);
    let fit = log_slope(&counts)?;
    let variance_factor = fit.dispersion.max(1.0);
    let sigma = fit.sigma * variance_factor.sqrt();
    let trains: usize = counts.iter().map(|c| c.events).sum();
    let mean = counts.iter().map(|c| c.time * c.events as f64).sum::<f64>() / trains as f64;
    let exposure: f64 = counts
        .iter()
        .map(|c| c.exposure * (fit.slope * (c.time - mean)).exp())
        .sum();
    let interval = Interval {
        low: (fit.slope - Z_95 * sigma).exp(),
        high: (fit.slope + Z_95 * sigma).exp(),
    };
    let to_centre = SignedDuration::from_secs_f64((mean * YEAR_S).round());
    Some(RateTrend {
        factor_per_year: Estimate::rounded(fit.slope.exp(), interval, SHARES),
        p_value: rounded_p(two_sided(fit.slope / sigma)),
        variance_factor: rounded(variance_factor, SHARES),
        trains,
        observations: counts.len(),
        centre: origin.checked_add(to_centre).ok()?,
        rate_at_centre: rounded(trains as f64 / exposure, SHARES),
    })
}

pub(super) fn change_of(sample: &Sample) -> Answer<ChangePoint> {
    let looks = looks(sample);
    demands(&looks).answer("changes", || {
        let origin = looks.first()?.acquired;
        let found = rate_change(&counts(&looks, origin))?;
        let (before, after) = looks.split_at_checked(found.split)?;
        let at = |i: usize| looks.get(i).map(|l| l.acquired);
        Some(ChangePoint {
            after: at(found.split - 1)?,
            before: at(found.split)?,
            earliest: at(found.fewest - 1)?,
            latest: at(found.most)?,
            level_before: rate(before),
            level_after: rate(after),
            p_value: found.p_value,
        })
    })
}

fn rate(looks: &[Look]) -> f64 {
    let trains: usize = looks.iter().map(|l| l.arrivals).sum();
    let exposure: f64 = looks.iter().map(|l| l.exposure).sum();
    rounded(trains as f64 / exposure, SHARES)
}
