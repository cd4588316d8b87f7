//! What stands between land and sensor: clouds, their shadows, haze.

use ndarray::Array2;
use rand::RngExt;

use super::canvas::Canvas;
use super::circumstances::Circumstances;
use super::random::{Lattice, smoothstep, stream};
use super::spectra::Spectrum;
use crate::geo::Sun;

/// Brightness of a thick cloud.
const CLOUD: Spectrum = [0.62, 0.60, 0.60, 0.62];

/// Sunlight left under a thick cloud, all bands.
const UNDER_CLOUD: f32 = 0.42;

/// Haze by band where it adds one to blue: Rayleigh and aerosol scattering
/// fall with the wavelength, roughly as its inverse square.
const HAZE: Spectrum = [1.0, 0.72, 0.50, 0.28];

/// Under an overcast sky even the thinnest place is over its rim by this.
const OVERCAST: f32 = 1.0;

/// The clouds of one capture.
#[derive(Debug, Clone)]
pub(super) struct Sky {
    /// Opacity of the cloud seen in each pixel, 0..1.
    pub cloud: Array2<f32>,
    /// How high the cloud rises over its rim, 0..1.
    depth: Array2<f32>,
    /// Opacity of the cloud between each pixel and the sun, 0..1.
    pub shadow: Array2<f32>,
}

/// Clouds as noise cut at a level.
struct Clouds {
    noise: Lattice,
    /// Level above which there is cloud.
    level: f32,
    /// From the level to full opacity: large for thin, ragged clouds.
    rim: f32,
    /// Size of the largest features, m.
    size_m: f64,
}

impl Clouds {
    fn of(seed: u64, capture: &Circumstances, canvas: &Canvas) -> Self {
        let mut rng = stream(seed, "clouds", capture.index);
        let mut clouds = Self {
            noise: Lattice::new(seed, "cloud shapes", capture.index),
            level: 0.0,
            rim: rng.random_range(0.25..0.9),
            size_m: rng.random_range(280.0..900.0),
        };
        clouds.level = clouds.level_for(capture.cloud, canvas);
        clouds
    }

    fn density(&self, x_m: f64, y_m: f64) -> f32 {
        self.noise.fractal(x_m / self.size_m, y_m / self.size_m, 5)
    }

    /// The level that leaves the wanted share of the window under cloud.
    fn level_for(&self, share: f64, canvas: &Canvas) -> f32 {
        const SIDE: usize = 40;
        let (width, height) = (canvas.product.width, canvas.product.height);
        let mut densities: Vec<f32> = (0..SIDE * SIDE)
            .map(|i| {
                let p = canvas.pixel(i % SIDE * width / SIDE, i / SIDE * height / SIDE);
                let (x, y) = (
                    p.east_m - canvas.middle.east_m,
                    p.north_m - canvas.middle.north_m,
                );
                self.density(x, y)
            })
            .collect();
        densities.sort_by(f32::total_cmp);
        let at = ((1.0 - share) * (densities.len() - 1) as f64).round() as usize;
        densities[at.min(densities.len() - 1)] - if share >= 1.0 { OVERCAST } else { 0.0 }
    }
}

impl Sky {
    pub(super) fn over(canvas: &Canvas, seed: u64, capture: &Circumstances, sun: Sun) -> Self {
        let shape = (canvas.product.height, canvas.product.width);
        if capture.cloud <= 0.0 {
            return Self {
                cloud: Array2::zeros(shape),
                depth: Array2::zeros(shape),
                shadow: Array2::zeros(shape),
            };
        }
        let clouds = Clouds::of(seed, capture, canvas);
        let base_m = stream(seed, "cloud base", capture.index).random_range(500.0..1800.0);
        let (east_m, north_m) = (
            sun.towards.0 * base_m * sun.shadow_per_height,
            sun.towards.1 * base_m * sun.shadow_per_height,
        );
        let over = |dx: f64, dy: f64| {
            Array2::from_shape_fn(shape, |(row, col)| {
                let p = canvas.pixel(col, row);
                let x = p.east_m - canvas.middle.east_m;
                let y = p.north_m - canvas.middle.north_m;
                clouds.density(x + dx, y + dy) - clouds.level
            })
        };
        let density = over(0.0, 0.0);
        Self {
            cloud: density.mapv(|d| smoothstep(0.0, clouds.rim, d)),
            depth: density.mapv_into(|d| smoothstep(0.0, 3.5, d)),
            shadow: over(east_m, north_m).mapv_into(|d| smoothstep(0.0, clouds.rim, d)),
        }
    }

    /// The ground of one band as seen through the sky.
    pub(super) fn dim(&self, band: usize, pixels: &mut Array2<f32>) {
        ndarray::Zip::from(&mut *pixels)
            .and(&self.cloud)
            .and(&self.shadow)
            .for_each(|value, &cloud, &shadow| {
                let lit = *value * (1.0 - (1.0 - UNDER_CLOUD) * shadow);
                *value = lit * (1.0 - cloud) + CLOUD[band] * cloud;
            });
        // Towers are brighter than what lies between them.
        ndarray::Zip::from(pixels)
            .and(&self.cloud)
            .and(&self.depth)
            .for_each(|value, &cloud, &depth| *value *= 1.0 + 0.35 * cloud * (depth - 0.4));
    }
}

/// Adds haze to one band, denser to one side.
pub(super) fn haze(
    canvas: &Canvas,
    capture: &Circumstances,
    band: usize,
    pixels: &mut Array2<f32>,
) {
    let [here, by_east, by_north] = capture.haze;
    for ((row, col), value) in pixels.indexed_iter_mut() {
        let p = canvas.pixel(col, row);
        let x_km = ((p.east_m - canvas.middle.east_m) / 1000.0) as f32;
        let y_km = ((p.north_m - canvas.middle.north_m) / 1000.0) as f32;
        let thick = (here + by_east * x_km + by_north * y_km).max(0.0);
        // Haze hides a little of what it is before.
        *value = *value * (1.0 - 2.0 * thick) + HAZE[band] * thick;
    }
}
