//! The kernels between a corridor and a train, one by one, on synthetic data:
//! 600 m of track, 40 captures.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use nalgebra::DMatrix;
use ndarray::{Array2, Array3};
use railspan::background::{Panel, PanelSettings, Prediction, predict};
use railspan::detect::{
    Across, Contrast, Detector, Lanes, SeriesNoise, TrackView, find_trains, profile, standing,
};
use railspan::measure::{NoiseShape, Ruler, fit};
use railspan::register::{Features, register, settled};
use railspan::strip::{PlanGrid, PlanView, Profile, Shift, Strip};

mod fixture;

use fixture::strips::{BANDS, strips};

const CAPTURES: usize = 40;
const LENGTH_M: f64 = 600.0;
const SENSORS: [(&str, f64); 2] = [("10 m", 10.0), ("3 m", 3.0)];

/// A strip as the plan view of its own pixels: ground to register on.
fn ground(strip: &Strip) -> PlanView {
    let (_, height, width) = strip.values.dim();
    let grid = PlanGrid {
        west_m: 0.0,
        north_m: 0.0,
        pixel_m: strip.offset.step_m,
        width,
        height,
    };
    PlanView {
        grid,
        values: strip.values.clone(),
        covered: strip.covered.clone(),
        clear: strip.covered.clone(),
    }
}

fn registration(c: &mut Criterion) {
    for (name, gsd_m) in SENSORS {
        let views: Vec<PlanView> = strips(8, gsd_m, LENGTH_M).iter().map(ground).collect();
        let mut group = c.benchmark_group(format!("registration, {name}"));
        group.bench_function("features of a capture", |b| {
            b.iter(|| Features::of_optical(&views[0]));
        });
        let features: Vec<Features> = views
            .iter()
            .map(|v| Features::of_optical(v).expect("ground to register on"))
            .collect();
        let anchors: Vec<&Features> = features.iter().collect();
        group.bench_function("consensus of 8", |b| b.iter(|| settled(&anchors)));
        let consensus = settled(&anchors).expect("a consensus");
        group.bench_function("one capture", |b| {
            b.iter(|| register(&features[0], &consensus, Shift::default()));
        });
        group.finish();
    }
}

/// A series on its way through one pass.
struct Pass {
    strips: Vec<Strip>,
    gsd_m: f64,
}

impl Pass {
    fn new(gsd_m: f64) -> Self {
        Self {
            strips: strips(CAPTURES, gsd_m, LENGTH_M),
            gsd_m,
        }
    }

    fn panel(&self) -> Panel<'_> {
        let settings = PanelSettings::for_gsd(self.gsd_m);
        Panel::new(&self.strips, settings, None, None).expect("a panel")
    }

    fn residuals(&self, panel: &Panel) -> Vec<Option<Array3<f32>>> {
        let residual = |(t, s): (usize, &Strip)| -> Option<Array3<f32>> {
            Some(predict(panel, t, None)?.residual(&s.values))
        };
        self.strips.iter().enumerate().map(residual).collect()
    }
}

fn background(c: &mut Criterion) {
    for (name, gsd_m) in SENSORS {
        let mut group = c.benchmark_group(format!("background, {name}"));
        group.sample_size(10);
        let pass = Pass::new(gsd_m);
        group.bench_function("panel of 40", |b| b.iter(|| pass.panel()));
        let panel = pass.panel();
        let first: Prediction = predict(&panel, 1, None).expect("a prediction");
        group.bench_function("one capture, from nothing", |b| {
            b.iter(|| predict(&panel, 1, None));
        });
        group.bench_function("one capture, from the pass before", |b| {
            b.iter(|| predict(&panel, 1, Some(&first)));
        });
        // What cells hidden in the others add to that: sets of predictors of their own.
        let mut clear = Pass::new(gsd_m);
        for strip in &mut clear.strips {
            strip.clear.fill(true);
        }
        let panel = clear.panel();
        group.bench_function("one capture, all others clear", |b| {
            b.iter(|| predict(&panel, 1, Some(&first)));
        });
        group.finish();
    }
}

/// Contrasts and profiles of a series.
fn profiles(pass: &Pass, panel: &Panel, across: &Across) -> Vec<Profile> {
    let residuals = pass.residuals(panel);
    let contrasts: Vec<Option<Contrast>> = (residuals.iter().zip(&pass.strips))
        .map(|(r, s)| Some(across.contrast(r.as_ref()?, s)))
        .collect();
    let noise = SeriesNoise::of(&contrasts, &[]).expect("contrasts");
    let rho = vec![1.0; pass.strips[0].chainage.len];
    (contrasts.iter().zip(&pass.strips).enumerate())
        .filter_map(|(t, (c, s))| Some(profile(across, &noise, (t, c.as_ref()?), s, &rho)))
        .collect()
}

/// What the search for standing wagons looks at.
fn track_view(pass: &Pass, panel: &Panel, across: &Across, profiles: &[Profile]) -> TrackView {
    let tracks: Vec<(Array2<f32>, Vec<bool>)> = (pass.strips.iter())
        .map(|s| across.track(&s.values, s.clear.view()))
        .collect();
    let chainage = pass.strips[0].chainage;
    let shape = (CAPTURES, chainage.len);
    let of_band =
        |b: usize| DMatrix::from_fn(shape.0, shape.1, |t, j| f64::from(tracks[t].0[(b, j)]));
    let sigma_of = |b: usize| {
        DMatrix::from_fn(shape.0, shape.1, |t, j| {
            f64::from(profiles[t].track_sigma[(b, j)])
        })
    };
    let pseudo: Vec<Vec<Array2<f32>>> = (pass.strips.iter())
        .map(|s| across.beside(&s.values, s.clear.view()))
        .collect();
    let beside = |b: usize| {
        Array3::from_shape_fn((pseudo[0].len(), shape.0, shape.1), |(p, t, j)| {
            pseudo[t][p][(b, j)]
        })
    };
    let unit = across.track_variance(pass.strips[0].offset);
    TrackView {
        contrast: (0..BANDS).map(of_band).collect(),
        sigma: (0..BANDS).map(sigma_of).collect(),
        beside: (0..BANDS).map(beside).collect(),
        seen: DMatrix::from_fn(shape.0, shape.1, |t, j| tracks[t].1[j]),
        ground: (0..BANDS).map(|b| panel.covariance(b)).collect(),
        noise: (0..BANDS).map(|b| unit * panel.noise(b).powi(2)).collect(),
        chainage,
        gsd_m: pass.gsd_m,
    }
}

fn detection(c: &mut Criterion) {
    for (name, gsd_m) in SENSORS {
        let mut group = c.benchmark_group(format!("detection, {name}"));
        group.sample_size(10);
        let pass = Pass::new(gsd_m);
        let panel = pass.panel();
        let residuals = pass.residuals(&panel);
        let given = Lanes::given(gsd_m, None);
        group.bench_function("lanes of 40", |b| {
            b.iter(|| Lanes::find(given, &pass.strips, &residuals, &[]));
        });
        let lanes = Lanes::find(given, &pass.strips, &residuals, &[]);
        let across = Across::new(pass.strips[0].offset, lanes).expect("a strip wide enough");
        group.bench_function("noise of the rows, 40 in one band", |b| {
            b.iter(|| across.row_noise(0, &residuals, &pass.strips, &[]));
        });
        let rows = (0..BANDS).map(|b| across.row_noise(b, &residuals, &pass.strips, &[]));
        let rows = rows.collect();
        let across = across.with_row_noise(rows);
        let residual = residuals[1].as_ref().expect("a residual");
        group.bench_function("lanes fitted in one capture", |b| {
            b.iter(|| across.contrast(residual, &pass.strips[1]));
        });
        let profiles = profiles(&pass, &panel, &across);
        group.bench_function("trains of one capture", |b| {
            b.iter(|| find_trains(&profiles[0], &Detector::OPTICAL));
        });
        let train = find_trains(&profiles[0], &Detector::OPTICAL)[0];
        let noise = NoiseShape::given(&profiles[0]);
        let ruler = Ruler {
            contrast_scale: Detector::OPTICAL.prior.tau,
            motion: None,
            noise: &noise,
        };
        group.bench_function("ends of one train", |b| {
            b.iter(|| fit(&profiles[0], (train.start_m, train.end_m), &ruler));
        });
        let view = track_view(&pass, &panel, &across, &profiles);
        let held = vec![vec![false; view.chainage.len]; CAPTURES];
        group.bench_function("standing wagons of 40", |b| {
            b.iter(|| standing(&view, &held, Detector::OPTICAL.prior));
        });
        group.finish();
    }
}

criterion_group!(benches, registration, background, detection);
criterion_main!(benches);
