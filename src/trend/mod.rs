//! What a series says of change, and how sure that is; refusals included.
//!
//! What was not observed is a gap, never a zero: rates are per observation,
//! weighted by what each could see. A train counts once however long it
//! stands. Trains that were not seen to their end are lower bounds throughout.
//!
//! All figures of a scope are of one population: trains of a least length, on
//! the observations that would find one so long. Shorter trains are found on
//! some observations and missed on others, so that counting them would compare
//! the observations instead of the traffic. Unless it is given, the least
//! length is the *common detection limit*: of the limits of the observations,
//! but none that is not reached by nine in ten, the one at which most is left,
//! as the product of trains and observations counted. A longer one loses short
//! trains, a shorter one the observations that would miss them; a few poor
//! captures are left out rather than that they drag the limit up.

mod answer;
mod assess;
mod autocorrelation;
mod change;
pub mod compare;
mod kendall;
mod length_change;
mod lengths;
mod model;
mod normal;
mod period;
mod poisson;
mod population;
mod presence;
mod rate_change;
mod rates;
#[cfg(test)]
mod recovery_tests;
#[cfg(test)]
mod reference_tests;
mod round;
mod sample;
mod slope;
mod stay;
mod survival;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Refusal, Shortfall};
pub use assess::trends;
pub use model::{
    ChangePoint, Estimate, LengthTrend, MedianLength, PeriodPresence, Presence, Question,
    RateTrend, SeasonalTrend, Stay, TrainLength, Trend, Trends,
};
pub use period::By;
pub(crate) use period::{date, days_between, days_since};
pub use population::{Use, is_counted, use_of};
pub(crate) use round::rounded;
pub use stay::stays;
pub(crate) use survival::{Bounded, kaplan_meier, median_length};
