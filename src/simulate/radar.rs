//! Radar backscatter: power by cover, double bounces at walls and decks,
//! trains as bars, and speckle as coherent imaging makes it.
//!
//! Each cell scatters with a random phase; the field is blurred by the
//! coherent point response and detected; looks are averaged. Speckle then has
//! the right distribution and the right correlation between pixels without
//! being put there (Goodman 2007; Oliver and Quegan 2004, ch. 4).

use ndarray::Array2;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::canvas::Canvas;
use super::circumstances::Circumstances;
use super::decks::{BED_M, overlap};
use super::ground::{Cover, Ground};
use super::line::LinePainter;
use super::optics::{Displacement, Psf, sample};
use super::random::stream;
use super::season::Day;
use super::vehicles::Vehicle;

/// Looks and their weights: (Σw)²/Σw² = 4.4, the equivalent number of looks of
/// Sentinel-1 ground range products (ESA, product definition: 4.4 for IW GRDH).
const LOOKS: [f32; 5] = [1.0, 1.0, 1.0, 1.0, 0.2207];

/// Noise of the receiver: -22 dB, the specified noise-equivalent sigma zero.
const NOISE_POWER: f32 = 0.0063;

/// Share of the amplitude of built things that repeats from capture to
/// capture of an orbit; the rest of theirs, and all of what grows or flows, is new.
const PERSISTENT: f32 = 0.9;

/// Power of a train's cars: corner reflectors between wheels, rails and walls.
/// Blurred to 10 m pixels they stand 5 to 15 dB over the empty track, as strings
/// of wagons in Sentinel-1 captures of yards do.
const CAR_DB: (f32, f32) = (5.0, 15.0);

fn from_db(value: f32) -> f32 {
    10f32.powf(value / 10.0)
}

/// Power that every cell sends back, and whether its phase persists.
pub(super) struct Scatter {
    power: Vec<f32>,
    persistent: Vec<bool>,
}

impl Scatter {
    /// The land, wetter and rougher on some days.
    pub(super) fn of_land(ground: &Ground, day: &Day, wind: f32) -> Self {
        let wet_db = 2.0 * (day.wet - 0.3) - 2.0 * day.snow;
        let cells = ground.cover.len();
        let mut scatter = Self {
            power: Vec::with_capacity(cells),
            persistent: Vec::with_capacity(cells),
        };
        for i in 0..cells {
            let texture = ground.texture[1][i];
            let tone = (f32::from(ground.patch[i] % 64) - 32.0) / 16.0;
            let level_db = match ground.cover[i] {
                Cover::River if ground.bank_m[i] + day.flood_m > 0.0 => {
                    -21.0 + 5.0 * wind + 6.0 * day.ice
                }
                Cover::River | Cover::Bank => -13.0 + wet_db,
                Cover::Field => -11.5 + tone + wet_db,
                Cover::Grass => -12.0 + wet_db,
                Cover::Broadleaf | Cover::Conifer => -8.0,
                // Walls towards the sensor make a few lots very bright.
                Cover::Roof if ground.patch[i].is_multiple_of(5) => 9.0,
                Cover::Roof => -2.0,
                Cover::Yard => -6.0,
                Cover::Road => -14.0,
            };
            scatter.power.push(from_db(level_db + 0.8 * texture));
            scatter.persistent.push(ground.cover[i] == Cover::Roof);
        }
        scatter
    }

    /// The deck and the track: steel girders are bright, ballast is dull.
    pub(super) fn draw_line(&mut self, painter: &LinePainter<'_>) {
        let size_m = painter.canvas.cell_m;
        let others = painter.decks.standing(painter.day.date);
        for cell in painter.near.all() {
            for other in &others {
                let bridge = overlap(cell.along_m, size_m, (other.start_m, other.end_m))
                    * overlap(cell.across_m, size_m, other.sides_m());
                self.mix(cell.index, from_db(-5.0), bridge);
            }
            let bed = overlap(cell.across_m, size_m, (-BED_M, BED_M));
            let deck = overlap(cell.along_m, size_m, painter.decks.bridge_m)
                * overlap(cell.across_m, size_m, painter.decks.deck_m());
            let girder = 0.55 + 0.45 * painter.wear.at(cell.along_m / 9.0, 3.0);
            self.mix(cell.index, from_db(-12.0), bed * (1.0 - deck));
            self.mix(cell.index, from_db(-3.0) * girder.max(0.1), deck);
        }
    }

    /// Cars of trains, and lorries, which are much weaker.
    pub(super) fn draw_vehicles(&mut self, painter: &LinePainter<'_>, vehicles: &[Vehicle]) {
        for (i, vehicle) in vehicles.iter().enumerate() {
            // Height, colour and place stand for the car's shape.
            let share = (vehicle.height_m * 37.3 + i as f64 * 0.618).fract() as f32;
            let level = from_db(CAR_DB.0 + (CAR_DB.1 - CAR_DB.0) * share * share);
            let lane = if vehicle.offset_m.abs() > 2.0 {
                0.25
            } else {
                1.0
            };
            painter.covered_by(vehicle, 0.0, |cell, share, _| {
                self.mix(cell, level * lane, share);
            });
        }
    }

    fn mix(&mut self, i: usize, power: f32, share: f32) {
        if share > 0.0 {
            self.power[i] += share * (power - self.power[i]);
            self.persistent[i] |= share > 0.5;
        }
    }

    /// Backscatter of the product's pixels, linear power.
    pub(super) fn image(
        &self,
        canvas: &Canvas,
        (seed, psf_px): (u64, f64),
        capture: &Circumstances,
    ) -> Array2<f32> {
        let psf = response(psf_px * canvas.oversampling as f64);
        let displacement = Displacement {
            east_m: capture.shift_m.0,
            north_m: capture.shift_m.1,
            slope: capture.distortion,
        };
        let shape = (canvas.product.height, canvas.product.width);
        let mut sum = Array2::zeros(shape);
        for (look, weight) in LOOKS.into_iter().enumerate() {
            for part in 0..2 {
                let number = 2 * look + part;
                let mut still = stream(seed, "still speckle", 16 * capture.orbit + number);
                let mut fresh = stream(seed, "speckle", 16 * capture.index + number);
                let field = self.field(&mut still, &mut fresh);
                let seen = sample(canvas, &field, &psf, &displacement);
                sum.zip_mut_with(&seen, |total, &s| *total += weight * s * s);
            }
        }
        let looks: f32 = LOOKS.iter().sum();
        let gain = 1.0 / (looks * psf.energy());
        sum.mapv_into(|total| total * gain)
    }

    /// One of the two quadratures of the field that all cells send back.
    fn field(&self, still: &mut ChaCha8Rng, fresh: &mut ChaCha8Rng) -> Vec<f32> {
        let renewed = (1.0 - PERSISTENT * PERSISTENT).sqrt();
        let cells = self.power.iter().zip(&self.persistent);
        cells
            .map(|(power, &persistent)| {
                let old: f32 = StandardNormal.sample(still);
                let new: f32 = StandardNormal.sample(fresh);
                let phase = if persistent {
                    PERSISTENT * old + renewed * new
                } else {
                    new
                };
                (0.5 * (power + NOISE_POWER)).sqrt() * phase
            })
            .collect()
    }
}

/// The coherent point response: a spectrum under a Hamming window of 0.75, as
/// Sentinel-1 is processed, whose power is half at `psf` sigmas of a Gaussian
/// of equal width; its first sidelobes are at about -21 dB.
fn response(psf: f64) -> Psf {
    const WINDOW: f64 = 0.75;
    // Full widths at half power: 2.355 sigma, and 1.11 of the response's own unit.
    let unit = psf * 2.355 / 1.11;
    let sinc = |x: f64| {
        let x = x * std::f64::consts::PI;
        if x.abs() < 1e-9 { 1.0 } else { x.sin() / x }
    };
    Psf::of(unit, 3.5 * unit, |d| {
        WINDOW * sinc(d) + 0.5 * (1.0 - WINDOW) * (sinc(d - 1.0) + sinc(d + 1.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_four_point_four() {
        let sum: f32 = LOOKS.iter().sum();
        let squares: f32 = LOOKS.iter().map(|w| w * w).sum();
        assert!((sum * sum / squares - 4.4).abs() < 0.01);
    }
}
