//! The passes over the strips of one series: predict, look, leave out what was
//! found, and again.

use rayon::prelude::*;

use crate::background::{Occupied, Panel, PanelSettings, Prediction, predict};
use crate::detect::{
    Across, Candidate, Contrast, Detector, Lanes, SeriesNoise, find_trains, profile,
};
use crate::error::Result;
use crate::measure::{Fit, Motion, Polarity, fit, polarity};
use crate::stats::median;
use crate::strip::{Profile, Strip};

/// Passes after which nothing changes any more.
const PASSES: usize = 3;
/// A capture whose residuals are this many times those of its series is not
/// explained by the others.
const UNEXPLAINED: f64 = 4.0;

/// What the passes need to know of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct PassSettings {
    /// Ground sample distance of the captures, m.
    pub gsd_m: f64,
    /// Offset of a road lane on the same deck, m, where known.
    pub road_lane_m: Option<f64>,
    /// How trains are told from nothing.
    pub detector: Detector,
    /// Delays between bands, where the sensor has them.
    pub motion: Option<Motion>,
}

/// A train: found, and measured where that was possible.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredTrain {
    /// As found.
    pub candidate: Candidate,
    /// As measured.
    pub fit: Fit,
    /// Bright, dark or mixed.
    pub polarity: Polarity,
}

/// What the passes say of one capture.
#[derive(Debug, Clone)]
pub struct StripOutcome {
    /// The contrast along the track; `None` where the capture shows too little.
    pub profile: Option<Profile>,
    /// Its trains by chainage.
    pub trains: Vec<MeasuredTrain>,
    /// Why nothing could be decided.
    pub reason: Option<String>,
}

/// What registration left: to be added to the capture's shift, m.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResidualShift {
    /// Along the track.
    pub along_m: f64,
    /// Across the track, positive to the right.
    pub across_m: f64,
}

/// First pass: where each capture lies against its prediction, for the caller
/// to sample the strips anew. `None` where a capture shows too little.
///
/// # Errors
/// The captures do not support a background.
pub fn residual_shifts(
    strips: &[Strip],
    settings: &PassSettings,
) -> Result<Vec<Option<ResidualShift>>> {
    let panel = Panel::new(strips, PanelSettings::for_gsd(settings.gsd_m), None, None)?;
    Ok(predictions(&panel, None)
        .iter()
        .map(|p| {
            let bands = &p.as_ref()?.displacement;
            let mean = |f: fn(&crate::background::Displacement) -> f64| {
                bands.iter().map(f).sum::<f64>() / bands.len() as f64
            };
            Some(ResidualShift {
                along_m: mean(|d| d.along_m),
                across_m: mean(|d| d.across_m),
            })
        })
        .collect())
}

/// All passes over the strips of one series, in their order.
///
/// # Errors
/// The captures do not support a background.
pub fn analyse(strips: &[Strip], settings: &PassSettings) -> Result<Vec<StripOutcome>> {
    let panel_settings = PanelSettings::for_gsd(settings.gsd_m);
    let mut occupied: Option<Occupied> = None;
    let mut previous: Option<Vec<Option<Prediction>>> = None;
    let mut last = None;
    for _ in 0..PASSES {
        let panel = Panel::new(
            strips,
            panel_settings,
            occupied.as_ref(),
            previous.as_deref(),
        )?;
        let predicted = predictions(&panel, previous.as_deref());
        let found = look(strips, &predicted, settings);
        occupied = Some(found.occupied(strips));
        previous = Some(predicted);
        last = Some(found);
    }
    let (Some(found), Some(predicted)) = (last, previous) else {
        return Ok(Vec::new());
    };
    Ok(measure(found, &predicted, settings))
}

fn predictions(panel: &Panel, warm: Option<&[Option<Prediction>]>) -> Vec<Option<Prediction>> {
    (0..panel.len())
        .into_par_iter()
        .map(|t| predict(panel, t, warm.and_then(|w| w.get(t)?.as_ref())))
        .collect()
}

/// What one pass saw.
struct Found {
    lanes: Lanes,
    profiles: Vec<Option<Profile>>,
    candidates: Vec<Vec<Candidate>>,
}

fn look(strips: &[Strip], predicted: &[Option<Prediction>], settings: &PassSettings) -> Found {
    let residuals: Vec<_> = predicted
        .par_iter()
        .zip(strips)
        .map(|(p, s)| Some(p.as_ref()?.residual(&s.values)))
        .collect();
    let given = Lanes::given(settings.gsd_m, settings.road_lane_m);
    let lanes = Lanes::find(given, strips, &residuals);
    let nothing = || Found {
        lanes,
        profiles: vec![None; strips.len()],
        candidates: vec![Vec::new(); strips.len()],
    };
    let Some(across) = strips.first().and_then(|s| Across::new(s.offset, lanes)) else {
        return nothing();
    };
    let contrasts: Vec<Option<Contrast>> = residuals
        .par_iter()
        .zip(strips)
        .map(|(r, s)| Some(across.contrast(r.as_ref()?, s)))
        .collect();
    let Some(noise) = SeriesNoise::of(&across, &contrasts) else {
        return nothing();
    };
    let profiles: Vec<Option<Profile>> = (0..strips.len())
        .into_par_iter()
        .map(|t| {
            let (c, p) = (contrasts[t].as_ref()?, predicted[t].as_ref()?);
            Some(profile(&across, &noise, c, &strips[t], &p.rho))
        })
        .collect();
    let candidates = profiles
        .par_iter()
        .map(|p| {
            p.as_ref()
                .map_or(Vec::new(), |p| find_trains(p, &settings.detector))
        })
        .collect();
    Found {
        lanes,
        profiles,
        candidates,
    }
}

impl Found {
    /// What the next pass leaves out: the trains, and a pixel before and behind.
    fn occupied(&self, strips: &[Strip]) -> Occupied {
        let score = self
            .candidates
            .iter()
            .zip(strips)
            .map(|(trains, strip)| {
                let mut score = vec![0.0f32; strip.chainage.len];
                for (j, s) in score.iter_mut().enumerate() {
                    let at = strip.chainage.at_m(j);
                    for train in trains {
                        let pad = self.lanes.gsd_m;
                        if at > train.start_m - pad && at < train.end_m + pad {
                            *s = s.max(train.score as f32);
                        }
                    }
                }
                score
            })
            .collect();
        Occupied {
            centre_m: self.lanes.track_m,
            half_width_m: 2.2 * self.lanes.psf_m + 1.6,
            score,
        }
    }
}

fn measure(
    found: Found,
    predicted: &[Option<Prediction>],
    settings: &PassSettings,
) -> Vec<StripOutcome> {
    let scale = |p: &Prediction| p.scale.iter().sum::<f64>() / p.scale.len() as f64;
    let scales: Vec<f64> = predicted.iter().flatten().map(scale).collect();
    let typical = median(&scales).unwrap_or(f64::INFINITY);
    found
        .profiles
        .into_par_iter()
        .zip(found.candidates)
        .zip(predicted)
        .map(|((profile, candidates), predicted)| {
            let unexplained = predicted
                .as_ref()
                .is_some_and(|p| scale(p) > UNEXPLAINED * typical);
            if unexplained {
                return StripOutcome {
                    profile,
                    trains: Vec::new(),
                    reason: Some("unsupported background: no other capture looks alike".to_owned()),
                };
            }
            let trains = profile.as_ref().map_or(Vec::new(), |p| {
                let measured = candidates.into_iter().filter_map(|c| train(p, c, settings));
                measured.collect()
            });
            StripOutcome {
                profile,
                trains,
                reason: None,
            }
        })
        .collect()
}

fn train(
    profile: &Profile,
    candidate: Candidate,
    settings: &PassSettings,
) -> Option<MeasuredTrain> {
    let found = (candidate.start_m, candidate.end_m);
    let fit = fit(
        profile,
        found,
        settings.detector.prior.tau,
        settings.motion.as_ref(),
    )?;
    Some(MeasuredTrain {
        candidate,
        polarity: polarity(profile, fit.start_m, fit.end_m),
        fit,
    })
}
