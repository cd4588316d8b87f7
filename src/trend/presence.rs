//! How often trains are there, with what could be seen taken into account.

use super::model::{Estimate, PeriodPresence, Presence};
use super::period::{By, date};
use super::population::Use;
use super::round::{SHARES, rounded};
use super::sample::{Look, Sample};
use crate::stats::{clopper_pearson, garwood};

/// Presence over some observations.
pub(super) fn presence<'a>(looks: impl Iterator<Item = &'a Look>) -> Presence {
    let mut found = Presence::default();
    let (mut with_train, mut trains) = (0, 0);
    for look in looks {
        found.observations += 1;
        found.used += usize::from(look.use_ == Use::Used);
        found.would_miss += usize::from(look.use_ == Use::WouldMiss);
        found.exposure += look.exposure;
        with_train += usize::from(look.with_train);
        trains += look.arrivals;
    }
    if found.used == 0 {
        return found;
    }
    found.with_train = Some(with_train);
    found.trains = Some(trains);
    found.share = clopper_pearson(with_train, found.used).map(|interval| {
        let share = with_train as f64 / found.used as f64;
        Estimate::rounded(share, interval, SHARES)
    });
    found.rate = garwood(trains, found.exposure)
        .map(|interval| Estimate::rounded(trains as f64 / found.exposure, interval, SHARES));
    found.exposure = rounded(found.exposure, SHARES);
    found
}

/// Presence by period from the first to the last observation.
pub(super) fn by_period(sample: &Sample, by: By) -> Vec<PeriodPresence> {
    let (Some(first), Some(last)) = (sample.looks.first(), sample.looks.last()) else {
        return Vec::new();
    };
    by.periods(date(first.acquired), date(last.acquired))
        .map(|(start, end)| PeriodPresence {
            period: by.label(start),
            start,
            end,
            presence: presence(
                sample
                    .looks
                    .iter()
                    .filter(|look| (start..end).contains(&date(look.acquired))),
            ),
        })
        .collect()
}
