//! What else moves: lorries on the road lane of the deck, ships on the river.

use rand::RngExt;

use super::circumstances::Circumstances;
use super::random::stream;
use super::scenario::{Nuisance, Scenario};
use super::spectra::Spectrum;
use super::vehicles::Vehicle;

/// Roofs and loads of lorries: most are bright.
const LORRIES: &[Spectrum] = &[
    [0.420, 0.430, 0.430, 0.440],
    [0.300, 0.310, 0.310, 0.330],
    [0.210, 0.150, 0.090, 0.200],
    [0.080, 0.090, 0.220, 0.290],
    [0.060, 0.085, 0.075, 0.160],
    [0.260, 0.290, 0.120, 0.260],
];

/// Lorries on the lane at `offset_m`, between `from_m` and `to_m`: none on some
/// days, a queue on others.
pub(super) fn lorries(
    s: &Scenario,
    capture: &Circumstances,
    offset_m: f64,
    (from_m, to_m): (f64, f64),
) -> Vec<Vehicle> {
    let mut found = Vec::new();
    if !s.has(Nuisance::Lorries) {
        return found;
    }
    let mut rng = stream(s.seed, "lorries", capture.index);
    let closed = rng.random_bool(0.25);
    // Metres between lorries: loose traffic, or a queue before the customs.
    let headway_m = if rng.random_bool(0.2) {
        rng.random_range(22.0..60.0)
    } else {
        rng.random_range(150.0..700.0)
    };
    let speed_mps = if rng.random_bool(0.5) { 2.8 } else { -2.8 };
    let mut at_m = from_m + rng.random_range(0.0..headway_m);
    while at_m < to_m && !closed {
        let length_m = rng.random_range(7.0..16.5);
        found.push(Vehicle {
            start_m: at_m,
            end_m: at_m + length_m,
            offset_m: offset_m + rng.random_range(-0.4..0.4),
            half_width_m: 1.25,
            height_m: rng.random_range(2.8..4.0),
            colour: LORRIES[rng.random_range(0..LORRIES.len())],
            speed_mps: if headway_m < 60.0 { 0.0 } else { speed_mps },
        });
        at_m += length_m + rng.random_range(0.3..1.7) * headway_m;
    }
    found
}

/// A ship: a bright or dark lens on the water.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ship {
    /// Chainage and offset of its middle, m.
    pub at_m: (f64, f64),
    /// Direction in which it lies, from the line's, rad.
    pub turned: f64,
    /// Half length and half width, m.
    pub half_m: (f64, f64),
    /// Its deck.
    pub colour: Spectrum,
}

/// Ships on open water near the bridge between two chainages.
pub(super) fn ships(
    s: &Scenario,
    capture: &Circumstances,
    (from_m, to_m): (f64, f64),
) -> Vec<Ship> {
    if !s.has(Nuisance::Ships) {
        return Vec::new();
    }
    let mut rng = stream(s.seed, "ships", capture.index);
    let number = rng.random_range(0..4usize).saturating_sub(1);
    (0..number)
        .map(|_| {
            let half_m = rng.random_range(8.0..32.0);
            Ship {
                at_m: (
                    rng.random_range(from_m..to_m),
                    rng.random_range(-110.0..110.0),
                ),
                turned: std::f64::consts::FRAC_PI_2 + rng.random_range(-0.4..0.4),
                half_m: (half_m, 0.2 * half_m),
                colour: LORRIES[rng.random_range(0..LORRIES.len())],
            }
        })
        .collect()
}
