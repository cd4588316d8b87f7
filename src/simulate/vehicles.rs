//! Things that stand or run along the line: cars of trains, lorries.

use super::spectra::Spectrum;

/// A box above the line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vehicle {
    /// Chainage of its body's rear, m, at mid-exposure.
    pub start_m: f64,
    /// Chainage of its body's front, m, at mid-exposure.
    pub end_m: f64,
    /// Lateral place of its middle, m, positive to the right.
    pub offset_m: f64,
    /// Half its width, m.
    pub half_width_m: f64,
    /// Its height above the rails, m.
    pub height_m: f64,
    /// Its top.
    pub colour: Spectrum,
    /// Along growing chainage, m/s.
    pub speed_mps: f64,
}

/// A kind of railway vehicle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stock {
    /// Its name in the truth.
    pub name: &'static str,
    /// Length over couplers, m.
    pub length_m: f64,
    /// Height above the rails, m.
    pub height_m: f64,
    /// Tops that occur.
    pub colours: &'static [Spectrum],
}

/// Gap between the bodies of coupled cars, m: half of it belongs to each.
pub(super) const COUPLING_M: f64 = 1.0;

/// Half the width of a car: 3.15 m overall.
pub(super) const HALF_WIDTH_M: f64 = 1.575;

pub(super) const LOCO: Stock = Stock {
    name: "loco",
    length_m: 17.55,
    height_m: 4.5,
    colours: &[[0.050, 0.080, 0.055, 0.140], [0.060, 0.060, 0.160, 0.200]],
};
pub(super) const BOXCAR: Stock = Stock {
    name: "boxcar",
    length_m: 17.07,
    height_m: 4.7,
    colours: &[
        [0.070, 0.085, 0.110, 0.180],
        [0.130, 0.150, 0.160, 0.200],
        [0.060, 0.090, 0.080, 0.170],
    ],
};
pub(super) const COAL: Stock = Stock {
    name: "coal",
    length_m: 13.92,
    height_m: 3.5,
    colours: &[[0.030, 0.032, 0.034, 0.040], [0.040, 0.042, 0.045, 0.052]],
};
pub(super) const GONDOLA: Stock = Stock {
    name: "gondola",
    length_m: 13.92,
    height_m: 3.5,
    colours: &[
        [0.060, 0.075, 0.105, 0.150],
        [0.150, 0.185, 0.230, 0.290],
        [0.090, 0.095, 0.100, 0.120],
    ],
};
pub(super) const TANK_BLACK: Stock = Stock {
    name: "tank_black",
    length_m: 12.02,
    height_m: 4.6,
    colours: &[[0.035, 0.036, 0.038, 0.045]],
};
pub(super) const TANK_WHITE: Stock = Stock {
    name: "tank_white",
    length_m: 12.02,
    height_m: 4.6,
    colours: &[[0.330, 0.350, 0.350, 0.360], [0.240, 0.255, 0.260, 0.270]],
};
pub(super) const CONTAINER: Stock = Stock {
    name: "container",
    length_m: 13.97,
    height_m: 3.9,
    colours: &[
        [0.080, 0.095, 0.230, 0.310],
        [0.230, 0.170, 0.100, 0.190],
        [0.380, 0.400, 0.400, 0.410],
        [0.070, 0.130, 0.090, 0.220],
    ],
};
pub(super) const TARP: Stock = Stock {
    name: "tarp",
    length_m: 13.97,
    height_m: 3.7,
    colours: &[
        [0.190, 0.140, 0.080, 0.230],
        [0.070, 0.110, 0.075, 0.260],
        [0.280, 0.300, 0.300, 0.330],
    ],
};
