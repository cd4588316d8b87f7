//! The passes over the strips of one series: predict, look, leave out what was
//! found, and again.

use std::ops::Range;

use ndarray::Array2;
use rayon::prelude::*;

use crate::background::{Occupied, Panel, PanelSettings, Prediction, predict};
use crate::detect::{
    Across, Candidate, Contrast, Detector, Lanes, Prior, SeriesNoise, Stretch, find_trains,
    occupied, profile,
};
use crate::error::{Error, Result};
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

/// All passes over the strips of one series, in the order of time.
///
/// Where the series does not support a background, every capture says so as
/// its reason.
///
/// # Errors
/// The strips are not of one series: they differ in shape.
pub fn analyse(strips: &[Strip], settings: &PassSettings) -> Result<Vec<StripOutcome>> {
    let panel_settings = PanelSettings::for_gsd(settings.gsd_m);
    let mut seen: Option<Pass> = None;
    for _ in 0..PASSES {
        let trains = seen.as_ref().and_then(|s| s.trains.as_ref());
        let previous = seen.as_ref().map(|s| s.predicted.as_slice());
        let panel = match Panel::new(strips, panel_settings, trains, previous) {
            Ok(panel) => panel,
            Err(Error::Unsupported { reason }) => return Ok(undecided(strips.len(), &reason)),
            Err(error) => return Err(error),
        };
        let predicted = predictions(&panel, previous);
        let mut found = look(strips, &predicted, settings);
        let trains = found.occupied(&predicted, settings.detector.prior);
        found.drop_ghosts(trains.as_ref());
        seen = Some(Pass {
            predicted,
            found,
            trains,
        });
    }
    Ok(seen.map_or(Vec::new(), |pass| measure(pass, settings)))
}

/// The outcome of captures about which nothing can be said.
fn undecided(captures: usize, reason: &str) -> Vec<StripOutcome> {
    let outcome = StripOutcome {
        profile: None,
        trains: Vec::new(),
        reason: Some(format!("unsupported: {reason}")),
    };
    vec![outcome; captures]
}

/// One pass: predictions, what was seen in them, and where trains stand.
struct Pass {
    predicted: Vec<Option<Prediction>>,
    found: Found,
    trains: Option<Occupied>,
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
    /// What the next pass leaves out: the trains of the series, block by block.
    fn occupied(&self, predicted: &[Option<Prediction>], prior: Prior) -> Option<Occupied> {
        let blocks = &predicted.iter().flatten().next()?.blocks;
        let by_block: Vec<Vec<bool>> = blocks
            .par_iter()
            .enumerate()
            .map(|(i, block)| occupied(&self.stretch(predicted, (i, block)), prior))
            .collect();
        let of_capture = |t: usize| {
            let pairs = by_block.iter().zip(blocks);
            pairs.flat_map(move |(b, cells)| vec![b[t]; cells.len()])
        };
        Some(Occupied {
            centre_m: self.lanes.track_m,
            half_width_m: 2.2 * self.lanes.psf_m + 1.6,
            cells: (0..predicted.len())
                .map(|t| of_capture(t).collect())
                .collect(),
        })
    }

    /// A block, and half of it to both sides for more evidence.
    fn stretch(
        &self,
        predicted: &[Option<Prediction>],
        (i, block): (usize, &Range<usize>),
    ) -> Stretch<'_> {
        let captures = predicted.len();
        let bands = predicted
            .iter()
            .flatten()
            .next()
            .map_or(0, |p| p.weights.len());
        let mut weights = vec![Array2::zeros((captures, captures)); bands];
        for (t, p) in predicted.iter().enumerate() {
            let Some(p) = p else { continue };
            for (to, from) in weights.iter_mut().zip(&p.weights) {
                for (k, w) in p.picks.iter().zip(from.row(i)) {
                    to[(t, *k)] = *w;
                }
            }
        }
        let suspect = |(p, trains): (&Option<Profile>, &Vec<Candidate>)| {
            p.as_ref().is_some_and(|p| {
                let (from, to) = (p.chainage.at_m(block.start), p.chainage.at_m(block.end - 1));
                trains.iter().any(|c| c.start_m < to && c.end_m > from)
            })
        };
        let margin = block.len() / 2;
        let last = self
            .profiles
            .iter()
            .flatten()
            .next()
            .map_or(block.end, |p| p.chainage.len);
        Stretch {
            cells: block.start.saturating_sub(margin)..(block.end + margin).min(last),
            profiles: &self.profiles,
            suspects: self
                .profiles
                .iter()
                .zip(&self.candidates)
                .map(suspect)
                .collect(),
            weights,
        }
    }

    /// Drops what stands, for the greater part, where the series says that
    /// another capture's train shows.
    fn drop_ghosts(&mut self, trains: Option<&Occupied>) {
        let Some(trains) = trains else { return };
        for ((candidates, profile), cells) in self
            .candidates
            .iter_mut()
            .zip(&self.profiles)
            .zip(&trains.cells)
        {
            let Some(profile) = profile else { continue };
            candidates.retain(|c| {
                let axis = profile.chainage;
                let (from, to) = (axis.cell_at(c.start_m), axis.cell_at(c.end_m));
                let held = cells[from..=to].iter().filter(|h| **h).count();
                2 * held > to - from
            });
        }
    }
}

fn measure(pass: Pass, settings: &PassSettings) -> Vec<StripOutcome> {
    let Pass {
        predicted, found, ..
    } = pass;
    let scale = |p: &Prediction| p.scale.iter().sum::<f64>() / p.scale.len() as f64;
    let scales: Vec<f64> = predicted.iter().flatten().map(scale).collect();
    let typical = median(&scales).unwrap_or(f64::INFINITY);
    found
        .profiles
        .into_par_iter()
        .zip(found.candidates)
        .zip(&predicted)
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
