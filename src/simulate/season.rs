//! One day at the place: sun, growth, soil, water, snow and ice, and from
//! them what every cover looks like.

use jiff::civil::Date;
use rand::RngExt;

use super::ground::{Cover, PATCHES};
use super::random::{Lattice, lerp, smoothstep, stream};
use super::scenario::{Nuisance, Scenario};
use super::spectra::{self, Spectrum, mix, scaled};
use crate::geo::Sun;

/// One day's state of the land.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Day {
    /// Date, UTC.
    pub date: Date,
    /// Where the sun stands.
    pub sun: Sun,
    /// Share of the land under snow, 0..1.
    pub snow: f32,
    /// Share of the river under ice, 0..1.
    pub ice: f32,
    /// Snow still lies on track and deck.
    pub snow_on_track: f32,
    /// Metres by which the water line lies inland of its mean.
    pub flood_m: f32,
    /// Soil moisture, 0..1.
    pub wet: f32,
    /// Sediment in the water, 0..1.
    pub turbid: f32,
    /// Share of the second texture of the ground, 0..1.
    pub texture: f32,
}

/// Mean date of a series without seasons: everything is as in mid September.
const STILL_DAY: i16 = 258;

impl Day {
    pub(super) fn of(scenario: &Scenario, date: Date, sun: Sun, index: usize) -> Self {
        let mut rng = stream(scenario.seed, "day", index);
        let doy = f32::from(date.day_of_year());
        let from_midwinter = (doy - 15.0 + 182.5).rem_euclid(365.0) - 182.5;
        let cold = 1.0
            - smoothstep(
                35.0,
                62.0,
                from_midwinter.abs() + rng.random_range(-6.0..6.0),
            );
        let winter = scenario.has(Nuisance::Snow) && cold > 0.3;
        let snowy = winter && rng.random_bool(0.45);
        let snow = rng.random_range(0.55f32..1.0);
        let swept = rng.random_range(0.0f32..0.6);
        let frozen = winter && (cold > 0.8 || rng.random_bool(0.5));
        let ice = rng.random_range(0.8f32..1.0);
        let flood_m = rng.random_range(-9.0f32..5.0) + 8.0 * bump(doy, 215.0, 25.0);
        let wet = rng.random_range(0.0f32..0.8);
        let turbid = rng.random_range(0.0f32..0.5) + 0.5 * bump(doy, 205.0, 30.0);
        let texture = rng.random_range(0.0f32..0.6) + 0.4 * bump(doy, 190.0, 60.0);
        let changing = scenario.has(Nuisance::Seasons);
        let or = |value: f32, still: f32| if changing { value } else { still };
        Self {
            date,
            sun,
            snow: if snowy { snow } else { 0.0 },
            ice: if frozen { ice } else { 0.0 },
            snow_on_track: if snowy { snow * swept } else { 0.0 },
            flood_m: or(flood_m, 0.0),
            wet: or(wet, 0.3),
            turbid: or(turbid, 0.4),
            texture: or(texture, 0.3),
        }
    }
}

/// A bell of one around a day of the year.
fn bump(doy: f32, middle: f32, width: f32) -> f32 {
    (-0.5 * ((doy - middle) / width).powi(2)).exp()
}

/// What every cover looks like on a day, before texture and snow.
#[derive(Debug, Clone)]
pub(super) struct Palette {
    /// Parcels under crops, by patch.
    pub field: Vec<Spectrum>,
    /// Roofs, by patch.
    pub roof: Vec<Spectrum>,
    /// The rest.
    other: [Spectrum; 6],
    /// Open water.
    pub water: Spectrum,
}

impl Palette {
    pub(super) fn of(scenario: &Scenario, day: &Day) -> Self {
        let doy = if scenario.has(Nuisance::Seasons) {
            day.date.day_of_year()
        } else {
            STILL_DAY
        };
        let doy = f32::from(doy);
        let year = day.date.year();
        let green = smoothstep(105.0, 150.0, doy) * (1.0 - smoothstep(270.0, 305.0, doy));
        let soil = mix(spectra::DRY_SOIL, spectra::WET_SOIL, day.wet);
        let crops = Lattice::new(scenario.seed, "crops", 0);
        let field = (0..PATCHES)
            .map(|patch| field(crops, patch, (doy, i64::from(year)), soil))
            .collect();
        let roof = (0..PATCHES)
            .map(|patch| {
                let bits = crops.bits(patch, -5);
                let kind = (bits % spectra::ROOFS.len() as u64) as usize;
                let age = 0.75 + 0.5 * crops.unit(patch, -6);
                scaled(spectra::ROOFS[kind], age)
            })
            .collect();
        Self {
            field,
            roof,
            other: [
                scaled(spectra::SAND, 1.0 - 0.25 * day.wet),
                mix(spectra::DRY_GRASS, spectra::GREEN_GRASS, green),
                mix(spectra::BARE_TREES, spectra::LEAVES, green),
                spectra::CONIFERS,
                scaled(spectra::YARD, 1.0 - 0.2 * day.wet),
                scaled(spectra::ASPHALT, 1.0 - 0.25 * day.wet),
            ],
            water: mix(spectra::CLEAR_WATER, spectra::TURBID_WATER, day.turbid),
        }
    }

    /// The look of a cover.
    pub(super) fn of_cover(&self, cover: Cover, patch: u16) -> Spectrum {
        match cover {
            Cover::River => self.water,
            Cover::Field => self.field[usize::from(patch)],
            Cover::Roof => self.roof[usize::from(patch)],
            Cover::Bank => self.other[0],
            Cover::Grass => self.other[1],
            Cover::Broadleaf => self.other[2],
            Cover::Conifer => self.other[3],
            Cover::Yard => self.other[4],
            Cover::Road => self.other[5],
        }
    }
}

/// A parcel's year: bare soil, for some flooded, growth, harvest, stubble,
/// ploughed again. Dates and strength differ by parcel and by year.
fn field(crops: Lattice, patch: i64, (doy, year): (f32, i64), soil: Spectrum) -> Spectrum {
    let fixed = |k| crops.unit(patch, k);
    let yearly = |k| crops.unit(patch, 100 * year + k);
    let sown = 110.0 + 60.0 * fixed(1) + 16.0 * (yearly(1) - 0.5);
    let cut = sown + 90.0 + 40.0 * fixed(2) + 20.0 * (yearly(2) - 0.5);
    let ploughed = cut + 15.0 + 60.0 * fixed(3);
    let growth = smoothstep(sown, sown + 45.0, doy) * (1.0 - smoothstep(cut - 25.0, cut, doy));
    let vigour = 0.6 + 0.4 * yearly(3);
    let tone = 0.75 + 0.5 * fixed(4);
    let stubble = if doy > cut {
        1.0 - smoothstep(ploughed, ploughed + 8.0, doy)
    } else {
        0.0
    };
    let winter_stubble = if doy < sown - 20.0 {
        0.7 * fixed(5)
    } else {
        0.0
    };
    let bare = scaled(
        mix(soil, spectra::STUBBLE, stubble.max(winter_stubble)),
        tone,
    );
    let paddy = fixed(6) > 0.55 && (sown - 18.0..sown + 12.0).contains(&doy);
    let bare = if paddy {
        mix(bare, spectra::TURBID_WATER, 0.8)
    } else {
        bare
    };
    mix(bare, spectra::CROP, lerp(0.0, vigour, growth))
}
