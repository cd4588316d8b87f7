//! Whether a train is brighter or darker than the empty track.

use serde::{Deserialize, Serialize};

use crate::strip::Profile;

/// What a train looks like against the empty track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Polarity {
    /// Brighter nearly everywhere.
    Bright,
    /// Darker nearly everywhere.
    Dark,
    /// Bright and dark cars.
    Mixed,
}

/// A train is of one sign if that holds this share of its contrast.
const ONE_SIGN: f64 = 0.85;

/// Polarity of what stands between two chainages, m: the signs of the mean
/// contrast over bands, weighted by its size in units of noise.
#[must_use]
pub fn polarity(profile: &Profile, start_m: f64, end_m: f64) -> Polarity {
    let (mut bright, mut whole) = (0.0, 0.0);
    for j in 0..profile.chainage.len {
        let at = profile.chainage.at_m(j);
        if !profile.usable[j] || at < start_m || at > end_m {
            continue;
        }
        let column = profile.track.column(j);
        let sigma = profile.track_sigma.column(j);
        let sum: f64 = column
            .iter()
            .zip(sigma)
            .map(|(v, s)| f64::from(*v) / f64::from(*s))
            .sum();
        whole += sum.abs();
        bright += sum.max(0.0);
    }
    if bright >= ONE_SIGN * whole && whole > 0.0 {
        Polarity::Bright
    } else if bright <= (1.0 - ONE_SIGN) * whole && whole > 0.0 {
        Polarity::Dark
    } else {
        Polarity::Mixed
    }
}
