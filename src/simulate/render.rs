//! One capture after the other, rendered.

use ndarray::{Array2, Array3, Axis};
use rand_distr::{Distribution, StandardNormal};

use crate::error::Result;
use crate::geo::Sun;
use crate::site::Track;

use super::canvas::Canvas;
use super::circumstances::{Circumstances, of_series};
use super::corridor::NearCells;
use super::decks::Decks;
use super::ground::Ground;
use super::land;
use super::line::LinePainter;
use super::masks::{Verdict, judge};
use super::optics::{Displacement, Psf, sample};
use super::radar::Scatter;
use super::random::{Lattice, stream};
use super::scenario::{Scenario, Sensor};
use super::season::{Day, Palette};
use super::sensor::{BANDS, SensorModel};
use super::traffic;
use super::trains::{self, Train};
use super::vehicles::Vehicle;
use super::weather::{Sky, haze};

/// A place and a sensor, ready to take pictures.
pub(super) struct Studio<'a> {
    pub track: &'a Track,
    pub scenario: &'a Scenario,
    pub canvas: Canvas,
    pub captures: Vec<Circumstances>,
    model: SensorModel,
    pub ground: Ground,
    near: NearCells,
    decks: Decks,
}

/// One capture as the sensor delivers it, before it is written.
pub(super) struct Picture {
    /// Reflectance of blue, green, red and near infrared, or power; (band, row, column).
    pub values: Array3<f32>,
    /// Inside the footprint.
    pub covered: Array2<bool>,
    /// What the provider's mask says; empty for sensors without one.
    pub verdicts: Option<Array2<Verdict>>,
    /// The true sky; none for radar.
    pub sky: Option<Sky>,
    /// Snow on land or ice on the river.
    pub wintry: bool,
    /// The trains in it.
    pub trains: Vec<Train>,
}

impl<'a> Studio<'a> {
    pub(super) fn open(track: &'a Track, scenario: &'a Scenario) -> Result<Self> {
        scenario.check()?;
        let model = SensorModel::of(scenario.sensor);
        let margin_m = scenario.margin_m.unwrap_or(model.margin_m);
        let canvas = Canvas::over(track, &model, margin_m)?;
        Ok(Self {
            track,
            scenario,
            captures: of_series(scenario, &model)?,
            ground: Ground::lay(&canvas, track, scenario.seed),
            near: NearCells::of(&canvas),
            decks: Decks::build(scenario, track),
            model,
            canvas,
        })
    }

    /// The capture as delivered.
    pub(super) fn take(&self, capture: &Circumstances) -> Picture {
        let origin = self.track.frame.origin();
        let sun = Sun::at(capture.acquired, origin);
        let date = jiff::tz::TimeZone::UTC.to_datetime(capture.acquired).date();
        let day = Day::of(self.scenario, date, sun, capture.index);
        let palette = Palette::of(self.scenario, &day);
        let painter = LinePainter {
            canvas: &self.canvas,
            near: &self.near,
            decks: &self.decks,
            day: &day,
            palette: &palette,
            capture,
            wear: Lattice::new(self.scenario.seed, "wear", 0),
        };
        let trains = trains::of_capture(self.scenario, capture, self.track.alignment.length_m());
        let vehicles = self.vehicles(capture, &trains);
        if self.scenario.sensor == Sensor::Sentinel1 {
            self.radar(&painter, trains, &vehicles)
        } else {
            self.optical(&painter, trains, &vehicles)
        }
    }

    fn vehicles(&self, capture: &Circumstances, trains: &[Train]) -> Vec<Vehicle> {
        let mut vehicles: Vec<Vehicle> = trains.iter().flat_map(|t| t.cars.clone()).collect();
        if let Some(lane_m) = self.decks.lane_m {
            let stretch = (-100.0, self.track.alignment.length_m() + 100.0);
            vehicles.extend(traffic::lorries(self.scenario, capture, lane_m, stretch));
        }
        vehicles
    }

    fn radar(
        &self,
        painter: &LinePainter<'_>,
        trains: Vec<Train>,
        vehicles: &[Vehicle],
    ) -> Picture {
        let capture = painter.capture;
        let seed = self.scenario.seed;
        let wind = Lattice::new(seed, "wind", capture.index).unit(0, 0);
        let mut scatter = Scatter::of_land(&self.ground, painter.day, wind);
        scatter.draw_line(painter);
        scatter.draw_vehicles(painter, vehicles);
        let power = scatter.image(&self.canvas, (seed, self.model.psf_px), capture);
        Picture {
            covered: Array2::from_elem(power.dim(), true),
            values: power.insert_axis(Axis(0)),
            verdicts: None,
            sky: None,
            wintry: painter.day.snow > 0.0 || painter.day.ice > 0.0,
            trains,
        }
    }

    fn optical(
        &self,
        painter: &LinePainter<'_>,
        trains: Vec<Train>,
        vehicles: &[Vehicle],
    ) -> Picture {
        let capture = painter.capture;
        let (canvas, seed, day) = (&self.canvas, self.scenario.seed, painter.day);
        let mut planes = land::paint(
            canvas,
            &self.ground,
            (painter.palette, day),
            (seed, capture.index),
        );
        let ships = if day.ice > 0.0 {
            Vec::new()
        } else {
            traffic::ships(self.scenario, capture, self.decks.bridge_m)
        };
        painter.draw_decks(&mut planes, &ships);
        painter.draw_vehicles(&mut planes, vehicles, &self.model.delay_s);
        let sky = Sky::over(canvas, seed, capture, day.sun);
        let psf = Psf::gaussian(self.model.psf_px * canvas.oversampling as f64);
        let bands: Vec<Array2<f32>> = (0..BANDS)
            .map(|band| {
                let displacement = displacement(capture, band);
                let mut pixels = sample(canvas, &planes[band], &psf, &displacement);
                sky.dim(band, &mut pixels);
                haze(canvas, capture, band, &mut pixels);
                self.expose(capture, band, &mut pixels);
                pixels
            })
            .collect();
        let verdicts = judge(seed, capture, &sky, &bands);
        Picture {
            covered: footprint(canvas, capture),
            values: stacked(&bands),
            verdicts: (self.scenario.sensor != Sensor::Vhr).then_some(verdicts),
            sky: Some(sky),
            wintry: day.snow > 0.0 || day.ice > 0.0,
            trains,
        }
    }

    /// Gain and noise of the detector.
    fn expose(&self, capture: &Circumstances, band: usize, pixels: &mut Array2<f32>) {
        let mut rng = stream(self.scenario.seed, "noise", capture.index * BANDS + band);
        let gain = capture.gain[band];
        for value in pixels {
            let sigma = self.model.noise + self.model.shot * value.max(0.0).sqrt();
            let z: f32 = StandardNormal.sample(&mut rng);
            *value = (*value + sigma * z) * gain;
        }
    }
}

fn displacement(capture: &Circumstances, band: usize) -> Displacement {
    let (east_m, north_m) = capture.band_shift_m[band];
    Displacement {
        east_m: capture.shift_m.0 + east_m,
        north_m: capture.shift_m.1 + north_m,
        slope: capture.distortion,
    }
}

fn stacked(bands: &[Array2<f32>]) -> Array3<f32> {
    let (height, width) = bands.first().map_or((0, 0), Array2::dim);
    Array3::from_shape_fn((bands.len(), height, width), |(b, r, c)| bands[b][[r, c]])
}

fn footprint(canvas: &Canvas, capture: &Circumstances) -> Array2<bool> {
    let (width, height) = (canvas.product.width, canvas.product.height);
    let half_m = 0.5 * (width as f64).hypot(height as f64) * canvas.gsd_m();
    Array2::from_shape_fn((height, width), |(row, col)| {
        capture.edge.is_none_or(|(east, north, share)| {
            let p = canvas.pixel(col, row);
            let x = p.east_m - canvas.middle.east_m;
            let y = p.north_m - canvas.middle.north_m;
            east * x + north * y < share * half_m
        })
    })
}
