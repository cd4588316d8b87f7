//! The sensors as instruments: sampling, blur, noise, band delays.

use super::scenario::Sensor;

/// Bands of the optical sensors, in order: blue, green, red, near infrared.
pub(super) const BANDS: usize = 4;

/// What a sensor does to the light.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SensorModel {
    /// Ground sample distance, m.
    pub gsd_m: f64,
    /// Cells of the finer scene along one pixel.
    pub oversampling: usize,
    /// Standard deviation of optics, detector and motion together, px. A
    /// Gaussian of 0.65 px passes 12 % at Nyquist: the lower end of what is
    /// measured of Sentinel-2 (0.15 to 0.30 required) and usual for resampled
    /// `PlanetScope` scenes of 3.7 m native sampling on the 3 m grid.
    pub psf_px: f64,
    /// Ground kept around the track, m.
    pub margin_m: f64,
    /// Registration error of most captures, 1 sigma an axis, m. Sentinel-2: 12 m
    /// at 95 % before the global reference image, less than 5 m after;
    /// `PlanetScope` and high-resolution imagery several metres before refinement.
    pub registration_m: f64,
    /// Displacement of the bands against each other, 1 sigma an axis, px.
    pub band_misregistration_px: f64,
    /// Noise of a sample: `noise + shot * sqrt(reflectance)`, 1 sigma, reflectance.
    pub noise: f32,
    /// Noise that grows with the signal.
    pub shot: f32,
    /// Seconds from mid-exposure to each band.
    pub delay_s: [f64; BANDS],
    /// Largest angle from the vertical at which it looks, degrees.
    pub view_deg: f64,
    /// Days between captures, at least and at most.
    pub revisit_days: (u16, u16),
}

/// Sentinel-2 bands B02, B03, B04, B08: seconds after B02 on odd detectors,
/// 0, 0.527, 1.005, 0.264 (ESA; CNES `S2Shores`), about their mean.
const SENTINEL2_DELAY_S: [f64; BANDS] = [-0.449, 0.078, 0.556, -0.185];

/// Frames of a `SuperDove` are mosaics of stripes, one filter each, exposed
/// within a second (Planet, Imagery Product Specification); the order is one
/// of those that occur.
const PLANETSCOPE_DELAY_S: [f64; BANDS] = [0.3, 0.05, -0.1, -0.25];

/// A scanner with one line a band in one focal plane: a tenth of a second.
const VHR_DELAY_S: [f64; BANDS] = [-0.05, -0.02, 0.02, 0.05];

impl SensorModel {
    pub(super) fn of(sensor: Sensor) -> Self {
        match sensor {
            Sensor::Sentinel2 => Self::sentinel2(),
            Sensor::PlanetScope => Self::planetscope(),
            Sensor::Vhr => Self::vhr(),
            Sensor::Sentinel1 => Self::sentinel1(),
        }
    }

    fn sentinel2() -> Self {
        Self {
            gsd_m: 10.0,
            oversampling: 4,
            psf_px: 0.65,
            margin_m: 600.0,
            registration_m: 3.5,
            band_misregistration_px: 0.1,
            noise: 0.0008,
            shot: 0.002,
            delay_s: SENTINEL2_DELAY_S,
            view_deg: 10.0,
            revisit_days: (3, 10),
        }
    }

    fn planetscope() -> Self {
        Self {
            gsd_m: 3.0,
            oversampling: 3,
            psf_px: 0.72,
            margin_m: 600.0,
            registration_m: 3.5,
            band_misregistration_px: 0.12,
            noise: 0.0015,
            shot: 0.006,
            delay_s: PLANETSCOPE_DELAY_S,
            view_deg: 6.0,
            revisit_days: (2, 9),
        }
    }

    fn vhr() -> Self {
        Self {
            gsd_m: 0.5,
            oversampling: 2,
            psf_px: 0.65,
            margin_m: 100.0,
            registration_m: 1.2,
            band_misregistration_px: 0.1,
            noise: 0.0015,
            shot: 0.005,
            delay_s: VHR_DELAY_S,
            view_deg: 22.0,
            revisit_days: (3, 25),
        }
    }

    /// Interferometric wide swath, ground range: about 20 m by 22 m resolved
    /// and sampled at 10 m (ESA, Sentinel-1 product definition): the power
    /// response has a full width at half maximum of two pixels.
    fn sentinel1() -> Self {
        Self {
            gsd_m: 10.0,
            oversampling: 4,
            psf_px: 0.85,
            margin_m: 600.0,
            registration_m: 0.8,
            band_misregistration_px: 0.0,
            noise: 0.0,
            shot: 0.0,
            delay_s: [0.0; BANDS],
            view_deg: 39.0,
            revisit_days: (6, 6),
        }
    }

    /// Farthest that content of a capture lies from its place, m: what lies
    /// beyond three pixels is no registration error but a wrong product.
    pub(super) fn farthest_m(&self) -> f64 {
        3.0 * self.gsd_m.max(3.0)
    }

    /// How far the scene goes on beyond the window, px: the farthest shift,
    /// and the blur with it.
    pub(super) fn reach_px(&self) -> usize {
        (self.farthest_m() / self.gsd_m).ceil() as usize + 5
    }
}
