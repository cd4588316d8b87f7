//! What is peculiar to one capture: when, from where, how well placed, how
//! much of it, and what stands between the sensor and the land.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use crate::error::{Error, Result};

use super::random::stream;
use super::scenario::{Nuisance, Scenario, Sensor};
use super::sensor::{BANDS, SensorModel};

/// One capture before anything is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Circumstances {
    /// Number in the series, from 0.
    pub index: usize,
    /// When.
    pub acquired: Timestamp,
    /// How far the content lies east and north of its place, m.
    pub shift_m: (f64, f64),
    /// Change of that with the place, per metre: `[dx/dx, dx/dy, dy/dx, dy/dy]`.
    pub distortion: [f64; 4],
    /// How far each band lies beside the others, m.
    pub band_shift_m: [(f64, f64); BANDS],
    /// Metres east and north by which a thing moves for a metre of height.
    pub lean: (f64, f64),
    /// Gain of each band.
    pub gain: [f32; BANDS],
    /// Haze: reflectance added to blue, and its change per km east and north.
    pub haze: [f32; 3],
    /// Share of the sky under clouds, 0..1.
    pub cloud: f64,
    /// Opacity from which the provider's mask says cloud.
    pub mask_threshold: f32,
    /// Where the footprint ends: direction (unit vector) and distance from the
    /// middle of the window as a share of its half diagonal; beyond is nothing.
    pub edge: Option<(f64, f64, f64)>,
    /// Direction of flight for radar: 0 or 1, two orbits in turn.
    pub orbit: usize,
}

/// One capture in eight is placed three times worse than the rest.
const BADLY_PLACED: f64 = 0.12;

/// All captures of a series, in order of time.
///
/// # Errors
/// Dates beyond the calendar.
pub(super) fn of_series(scenario: &Scenario, model: &SensorModel) -> Result<Vec<Circumstances>> {
    let mut rng = stream(scenario.seed, "dates", 0);
    let mut date = scenario.from;
    let mut all = Vec::with_capacity(scenario.captures);
    for index in 0..scenario.captures {
        let acquired = time_of(scenario, date, index)?;
        all.push(Circumstances::draw(scenario, model, acquired, index));
        let days = rng.random_range(model.revisit_days.0..=model.revisit_days.1);
        date = date
            .checked_add(Span::new().days(i64::from(days)))
            .map_err(|e| Error::value("from", scenario.from, format!("a usable date ({e})")))?;
    }
    Ok(all)
}

/// Morning passes, between 2:00 and 2:40 UTC in the longitudes of the border
/// rivers; radar at dusk and dawn.
fn time_of(scenario: &Scenario, date: Date, index: usize) -> Result<Timestamp> {
    let mut rng = stream(scenario.seed, "time", index);
    let seconds = rng.random_range(0..2400);
    let hour = match (scenario.sensor, index % 2) {
        (Sensor::Sentinel1, 0) => 9,
        (Sensor::Sentinel1, _) => 21,
        _ => 2,
    };
    let time = Time::midnight() + Span::new().hours(hour).seconds(seconds);
    TimeZone::UTC
        .to_timestamp(date.to_datetime(time))
        .map_err(|e| Error::value("from", scenario.from, format!("a usable date ({e})")))
}

impl Circumstances {
    fn draw(s: &Scenario, model: &SensorModel, acquired: Timestamp, index: usize) -> Self {
        let mut all = Self {
            index,
            acquired,
            shift_m: (0.0, 0.0),
            distortion: [0.0; 4],
            band_shift_m: [(0.0, 0.0); BANDS],
            lean: (0.0, 0.0),
            gain: [1.0; BANDS],
            haze: [0.0; 3],
            cloud: 0.0,
            mask_threshold: 0.5,
            edge: None,
            orbit: index % 2,
        };
        all.place(s, model);
        if s.has(Nuisance::Parallax) {
            all.lean = lean(s, model, index);
        }
        if s.sensor == Sensor::Sentinel1 {
            return all;
        }
        if s.has(Nuisance::Atmosphere) {
            all.air(s);
        }
        if s.has(Nuisance::Clouds) && s.sensor != Sensor::Vhr {
            let mut rng = stream(s.seed, "cloudiness", index);
            let share = rng.random_range(0.05f64..1.2).min(1.0);
            all.cloud = if rng.random_bool(0.42) { share } else { 0.0 };
            all.mask_threshold = rng.random_range(0.25..0.65);
        }
        if s.has(Nuisance::Coverage) {
            all.edge = edge(s, index);
        }
        all
    }

    fn place(&mut self, s: &Scenario, model: &SensorModel) {
        let mut rng = stream(s.seed, "registration", self.index);
        let worse = if rng.random_bool(BADLY_PLACED) {
            3.0
        } else {
            1.0
        };
        let mut normal = |sigma: f64| -> f64 {
            let z: f64 = StandardNormal.sample(&mut rng);
            z * sigma
        };
        let farthest_m = model.farthest_m();
        let mut far = || (normal(model.registration_m) * worse).clamp(-farthest_m, farthest_m);
        let shift_m = (far(), far());
        // A few parts in ten thousand: half a pixel of 3 m over 3 km.
        let distortion = std::array::from_fn(|_| normal(2.5e-4));
        if s.has(Nuisance::Registration) {
            self.shift_m = shift_m;
            self.distortion = distortion;
        }
        if s.has(Nuisance::Bands) {
            let band_m = model.band_misregistration_px * model.gsd_m;
            self.band_shift_m = std::array::from_fn(|_| (normal(band_m), normal(band_m)));
        }
    }

    fn air(&mut self, s: &Scenario) {
        let mut rng = stream(s.seed, "atmosphere", self.index);
        let common: f32 = rng.random_range(0.92..1.08);
        self.gain = std::array::from_fn(|_| common * rng.random_range(0.97f32..1.03));
        let thick: f32 = rng.random_range(0.0f32..1.0).powi(2) * 0.05;
        self.haze = [
            thick,
            thick * rng.random_range(-0.25f32..0.25),
            thick * rng.random_range(-0.25f32..0.25),
        ];
    }
}

fn lean(s: &Scenario, model: &SensorModel, index: usize) -> (f64, f64) {
    let mut rng = stream(s.seed, "view", index);
    if s.sensor == Sensor::Sentinel1 {
        // Radar foreshortens towards the sensor: height / tan(incidence), from
        // the west on one orbit and from the east on the other.
        let towards = if index.is_multiple_of(2) { -1.0 } else { 1.0 };
        let reach = 1.0 / model.view_deg.to_radians().tan();
        return (towards * reach * 0.98, -0.2 * reach);
    }
    if s.sensor == Sensor::Sentinel2 {
        // Two orbits in turn look from the same two sides every time.
        rng = stream(s.seed, "orbit", index % 2);
    }
    let angle_deg = rng.random_range(0.0..model.view_deg);
    let azimuth = rng.random_range(0.0..std::f64::consts::TAU);
    let reach = f64::tan(angle_deg.to_radians());
    (reach * azimuth.sin(), reach * azimuth.cos())
}

fn edge(s: &Scenario, index: usize) -> Option<(f64, f64, f64)> {
    let mut rng = stream(s.seed, "coverage", index);
    let partly = rng.random_bool(0.16);
    // Footprints are tilted by the orbit's heading, some 10 to 20 degrees.
    let tilt: f64 = rng.random_range(-0.35f64..-0.1);
    let quarter = f64::from(rng.random_range(0..4u8)) * std::f64::consts::FRAC_PI_2;
    let distance = rng.random_range(-0.35..0.5);
    let (sin, cos) = (tilt + quarter).sin_cos();
    partly.then_some((cos, sin, distance))
}
