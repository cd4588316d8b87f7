//! What a series says of change, and how sure that is; refusals included.
//!
//! What was not observed is a gap, never a zero: rates are per observation,
//! weighted by what each could see. A train counts once however long it
//! stands. Trains that were not seen to their end are lower bounds throughout.

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
pub(crate) use round::rounded;
pub use stay::stays;
pub(crate) use survival::{Bounded, kaplan_meier, median_length};
