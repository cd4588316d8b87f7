//! Radar backscatter in decibels.

use crate::capture::Unit;
use crate::source::Corridor;

/// Least power, −50 dB: below the noise floor of every imaging radar, so that
/// zeros and what noise subtraction made negative stay finite.
const LEAST_POWER: f32 = 1e-5;

/// Turns the values of a radar corridor into decibels of power, whatever of
/// power, amplitude and decibels they were.
pub fn to_decibels(corridor: &mut Corridor) {
    let unit = corridor.origin.unit;
    corridor.values.mapv_inplace(|v| in_decibels(v, unit));
    corridor.origin.unit = Unit::Decibel;
}

fn in_decibels(value: f32, unit: Unit) -> f32 {
    let power = match unit {
        Unit::Decibel => return value,
        Unit::Amplitude => value * value,
        Unit::Power | Unit::Reflectance | Unit::Counts => value,
    };
    if power.is_nan() {
        power
    } else {
        10.0 * power.max(LEAST_POWER).log10()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_amplitude_and_decibels_agree() {
        assert!((in_decibels(0.01, Unit::Power) + 20.0).abs() < 1e-5);
        assert!((in_decibels(0.1, Unit::Amplitude) + 20.0).abs() < 1e-5);
        assert!((in_decibels(-20.0, Unit::Decibel) + 20.0).abs() < 1e-5);
    }

    #[test]
    fn zeros_stay_finite_and_gaps_stay_gaps() {
        assert!((in_decibels(0.0, Unit::Power) + 50.0).abs() < 1e-5);
        assert!((in_decibels(-1.0, Unit::Power) + 50.0).abs() < 1e-5);
        assert!(in_decibels(f32::NAN, Unit::Power).is_nan());
    }
}
