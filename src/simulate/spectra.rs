//! Reflectances of the things in a scene: blue, green, red, near infrared.
//!
//! Rounded means of what spectral libraries (ECOSTRESS, USGS) list for these
//! materials under sunlight, as surface reflectance 0..1.

use super::random::lerp;
use super::sensor::BANDS;

/// Reflectance in each band.
pub(super) type Spectrum = [f32; BANDS];

pub(super) const CLEAR_WATER: Spectrum = [0.045, 0.050, 0.035, 0.018];
pub(super) const TURBID_WATER: Spectrum = [0.070, 0.095, 0.105, 0.055];
pub(super) const ICE: Spectrum = [0.34, 0.36, 0.35, 0.30];
pub(super) const SNOW: Spectrum = [0.78, 0.80, 0.80, 0.72];
pub(super) const SAND: Spectrum = [0.13, 0.17, 0.20, 0.25];
pub(super) const DRY_SOIL: Spectrum = [0.095, 0.125, 0.165, 0.225];
pub(super) const WET_SOIL: Spectrum = [0.050, 0.070, 0.095, 0.140];
pub(super) const CROP: Spectrum = [0.028, 0.065, 0.035, 0.420];
pub(super) const STUBBLE: Spectrum = [0.100, 0.145, 0.195, 0.280];
pub(super) const GREEN_GRASS: Spectrum = [0.035, 0.070, 0.050, 0.330];
pub(super) const DRY_GRASS: Spectrum = [0.075, 0.105, 0.145, 0.230];
pub(super) const LEAVES: Spectrum = [0.022, 0.048, 0.028, 0.380];
pub(super) const BARE_TREES: Spectrum = [0.060, 0.072, 0.088, 0.165];
pub(super) const CONIFERS: Spectrum = [0.020, 0.034, 0.025, 0.220];
pub(super) const YARD: Spectrum = [0.125, 0.150, 0.180, 0.225];
pub(super) const ASPHALT: Spectrum = [0.085, 0.095, 0.105, 0.130];
pub(super) const CONCRETE: Spectrum = [0.200, 0.230, 0.250, 0.290];
pub(super) const OLD_BALLAST: Spectrum = [0.085, 0.098, 0.108, 0.128];
pub(super) const NEW_BALLAST: Spectrum = [0.165, 0.180, 0.190, 0.210];
pub(super) const PAINTED_STEEL: Spectrum = [0.085, 0.090, 0.090, 0.110];

/// Roofs that occur in the towns of the border: grey tiles, blue and red
/// sheet metal, white, concrete, dark felt.
pub(super) const ROOFS: [Spectrum; 6] = [
    [0.140, 0.150, 0.155, 0.180],
    [0.260, 0.215, 0.150, 0.210],
    [0.090, 0.105, 0.230, 0.300],
    [0.470, 0.480, 0.480, 0.480],
    [0.210, 0.235, 0.255, 0.290],
    [0.065, 0.068, 0.070, 0.085],
];

/// Part of the way from one spectrum to another.
pub(super) fn mix(a: Spectrum, b: Spectrum, t: f32) -> Spectrum {
    std::array::from_fn(|i| lerp(a[i], b[i], t))
}

/// A spectrum under more or less light.
pub(super) fn scaled(a: Spectrum, factor: f32) -> Spectrum {
    a.map(|v| v * factor)
}
