//! On which line a string stands: the sources across the track.
//!
//! Strings on lines 20 m apart blend into one bar, whose flank alone would pass
//! for a train on the line between. The power over the bed across a stretch is
//! therefore unfolded into non-negative sources on a fine grid of offsets, and
//! only what the sources near the track send is the track's.

use crate::stats::quantile;
use crate::strip::{Axis, PointResponse};

/// Distance of the sources tried, in sigma of the response: half of it, beyond
/// which nothing is gained.
const SOURCE_STEP_SIGMA: f64 = 0.5;

/// Sources outside the strip whose flanks reach into it, in sigma.
const BEYOND_SIGMA: f64 = 3.0;

/// Rounds of the multiplicative update. More sharpen the sources below the
/// speckle: at 200 a string of 14 dB is placed to within a pixel.
const ROUNDS: usize = 200;

/// Share of the power of the bed below which nothing is followed: −10 dB.
const DARKEST: f64 = 0.1;

/// Share of the offsets that show no more than what is as broad as the strip.
const BROAD: f64 = 0.25;

/// Sources across the track that explain a stretch of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sources {
    /// Offset of each source from the track, m.
    at_m: Vec<f64>,
    /// Its power on its own line, in that of the bed.
    power: Vec<f64>,
}

impl Sources {
    /// Unfolds the power at every offset of a strip, in units of the bed's;
    /// `NaN` where not seen.
    ///
    /// Power is modelled as `b + Σ aₖ h(o − cₖ)` with the response `h`, where `b`
    /// is what a quarter of the offsets do not exceed, at least the bed: ice or
    /// wind on a river brighten all offsets, and are no string. The amplitudes
    /// maximise the likelihood of gamma-distributed, that is
    /// multilooked, power (Itakura–Saito non-negative factorisation with given
    /// bases; Févotte, Bertin and Durrieu 2009, eq. 2.9).
    #[must_use]
    pub fn unfold(power: &[f64], offset: &Axis, response: &PointResponse) -> Self {
        let at_m = source_offsets(offset, response);
        let seen: Vec<(f64, f64)> = (power.iter().zip(offset.centres_m()))
            .filter(|(p, _)| p.is_finite())
            .map(|(p, o)| (p.max(DARKEST), o))
            .collect();
        let shares: Vec<Vec<f64>> = (seen.iter())
            .map(|(_, o)| at_m.iter().map(|c| response.across(o - c)).collect())
            .collect();
        let levels: Vec<f64> = seen.iter().map(|(p, _)| *p).collect();
        let bed = quantile(&levels, BROAD).unwrap_or(1.0).max(1.0);
        let mut amplitude = vec![bed; at_m.len()];
        for _ in 0..ROUNDS {
            update(&mut amplitude, bed, &seen, &shares);
        }
        Self {
            at_m,
            power: amplitude,
        }
    }

    /// Contrast of all sources within `reach_m` of the track over the bed, dB.
    #[must_use]
    pub fn contrast_db(&self, reach_m: f64) -> f64 {
        let own: f64 = self.within(reach_m).map(|(_, a)| a).sum();
        10.0 * (1.0 + own).log10()
    }

    /// Mean offset of the sources within `reach_m` of the track, m; the track
    /// itself where there is none.
    #[must_use]
    pub fn offset_m(&self, reach_m: f64) -> f64 {
        let (sum, weight) = self
            .within(reach_m)
            .fold((0.0, 0.0), |(s, w), (c, a)| (s + c * a, w + a));
        if weight > 0.0 { sum / weight } else { 0.0 }
    }

    fn within(&self, reach_m: f64) -> impl Iterator<Item = (f64, f64)> {
        // Rounding must not cut off a source on the rim.
        let reach_m = reach_m + 1e-6;
        (self.at_m.iter().zip(&self.power))
            .filter(move |(c, _)| c.abs() <= reach_m)
            .map(|(c, a)| (*c, *a))
    }
}

/// A grid of offsets with a source on the track itself.
fn source_offsets(offset: &Axis, response: &PointResponse) -> Vec<f64> {
    let step_m = SOURCE_STEP_SIGMA * response.sigma_m;
    let beyond_m = BEYOND_SIGMA * response.sigma_m;
    let last_m = offset.at_m(offset.len.saturating_sub(1));
    let first = ((offset.first_m - beyond_m) / step_m).floor() as i32;
    let last = ((last_m + beyond_m) / step_m).ceil() as i32;
    (first..=last).map(|k| f64::from(k) * step_m).collect()
}

/// One multiplicative update; the square root makes it monotone.
fn update(amplitude: &mut [f64], bed: f64, seen: &[(f64, f64)], shares: &[Vec<f64>]) {
    let mut gain = vec![0.0; amplitude.len()];
    let mut cost = vec![f64::MIN_POSITIVE; amplitude.len()];
    for ((power, _), shares) in seen.iter().zip(shares) {
        let excess: f64 = shares.iter().zip(&*amplitude).map(|(h, a)| h * a).sum();
        let model = bed + excess;
        for (k, h) in shares.iter().enumerate() {
            gain[k] += h * power / (model * model);
            cost[k] += h / model;
        }
    }
    for ((a, gain), cost) in amplitude.iter_mut().zip(gain).zip(cost) {
        *a *= (gain / cost).sqrt();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSET: Axis = Axis {
        first_m: -65.0,
        step_m: 5.0,
        len: 27,
    };
    const RESPONSE: PointResponse = PointResponse {
        sigma_m: 11.0,
        skirt: 0.17,
    };

    /// Power of strings of the given (offset m, dB).
    fn strings(of: &[(f64, f64)]) -> Vec<f64> {
        let excess = |o: f64| -> f64 {
            of.iter()
                .map(|(at, db)| (10_f64.powf(db / 10.0) - 1.0) * RESPONSE.across(o - at))
                .sum()
        };
        (0..OFFSET.len)
            .map(|r| 1.0 + excess(OFFSET.at_m(r)))
            .collect()
    }

    fn unfolded(of: &[(f64, f64)]) -> Sources {
        Sources::unfold(&strings(of), &OFFSET, &RESPONSE)
    }

    #[test]
    fn an_empty_track_sends_nothing() {
        assert!(unfolded(&[]).contrast_db(30.0) < 0.3);
    }

    #[test]
    fn a_string_beside_the_line_is_the_tracks_within_reach_only() {
        for at in [-28.0, -11.0, 0.0, 17.0] {
            let sources = unfolded(&[(at, 12.0)]);
            assert!(
                (sources.contrast_db(35.0) - 12.0).abs() < 0.6,
                "{at} {}",
                sources.contrast_db(35.0)
            );
            assert!((sources.offset_m(35.0) - at).abs() < 3.0, "{at}");
        }
        for at in [-60.0, -45.0, 45.0, 60.0, 80.0] {
            assert!(unfolded(&[(at, 14.0)]).contrast_db(30.0) < 3.0, "{at}");
        }
    }

    #[test]
    fn two_strings_that_blend_are_told_apart() {
        let both = unfolded(&[(-25.0, 12.0), (-50.0, 15.0)]);
        assert!(
            (both.contrast_db(30.0) - 12.0).abs() < 2.0,
            "{}",
            both.contrast_db(30.0)
        );
    }

    #[test]
    fn what_is_as_broad_as_the_strip_is_no_string() {
        let frozen = vec![4.0; OFFSET.len];
        let sources = Sources::unfold(&frozen, &OFFSET, &RESPONSE);
        assert!(sources.contrast_db(40.0) < 1.0);
    }

    #[test]
    fn sides_are_alike_and_hidden_offsets_are_left_out() {
        let (left, right) = (unfolded(&[(-20.0, 10.0)]), unfolded(&[(20.0, 10.0)]));
        assert!((left.contrast_db(30.0) - right.contrast_db(30.0)).abs() < 1e-9);
        assert!((left.offset_m(30.0) + right.offset_m(30.0)).abs() < 1e-9);
        let mut power = strings(&[(0.0, 10.0)]);
        power[..8].fill(f64::NAN);
        let seen = Sources::unfold(&power, &OFFSET, &RESPONSE);
        assert!(
            (seen.contrast_db(30.0) - 10.0).abs() < 0.6,
            "{}",
            seen.contrast_db(30.0)
        );
    }
}
