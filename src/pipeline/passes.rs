//! The passes over the strips of one series: predict, look, leave out what was
//! found, and again.

use ndarray::Array3;
use rayon::prelude::*;

use super::alone::unexplained;
use super::few::{Doubt, say};
use super::found::{Found, look};
use super::lasts::Lasts;
use super::predictions::predictions;
use super::trials::Trials;
use super::windows::windows;
use crate::background::{Occupied, Panel, PanelSettings, Prediction};
use crate::detect::{Candidate, Detector, Overlap, ScoreTail};
use crate::error::{Error, Result};
use crate::measure::{Calibration, Fit, Motion, Polarity, fit, polarity};
use crate::strip::{Profile, Strip};

/// Passes end when the next would leave out the same trains, or after so many.
const MOST_PASSES: usize = 10;
/// Passes that may take back what was left out before. Later ones only add to it:
/// captures that predict each other could come and go by turns for ever.
const FREE_PASSES: usize = 7;
/// Passes that look for what stands there for long: the second knows the noise
/// better.
const LOOKS_AT_TRACK: usize = 2;
/// Passes that look for the lanes. Later ones keep them: lanes and trains could move
/// each other for ever. The noise is settled by then: they also keep the predictions that
/// new trains leave as they are, and after the first of them how rows vary; they tell a
/// track that looks otherwise from end to end from trains; and they do not look again for
/// trains that hide each other where those did not show themselves.
const LOOKS_FOR_LANES: usize = 3;

/// What is said of a capture with trains that no other one looks like.
const ONLY_ALONE: &str =
    "no other capture looks alike: only trains that show by themselves are found";

/// What is said of a capture that no other one looks like.
const UNLIKE: &str = "unsupported background: no other capture looks alike";

/// What is said of a capture whose track looks otherwise from end to end and holds no
/// train beyond that.
const WHOLE: &str = "unknown: the track looks otherwise from end to end than in all other \
    captures: wet, snowed on, or under one train";

/// What the passes need to know of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct PassSettings {
    /// Ground sample distance of the captures, m.
    pub gsd_m: f64,
    /// Offset of a road lane on the same deck, m, where known.
    pub road_lane_m: Option<f64>,
    /// Offsets of other tracks of the crossing, m.
    pub beside_m: Vec<f64>,
    /// How far to the right of trains their shadows lie in most captures, m, to the left
    /// where negative; zero where that is not known.
    pub shadow_m: f64,
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
    /// Probability that an empty track reaches its score in one observation.
    pub p_value: f64,
}

/// What the passes say of one capture.
#[derive(Debug, Clone, Default)]
pub struct StripOutcome {
    /// The contrast along the track; `None` where the capture shows too little.
    pub profile: Option<Profile>,
    /// Its trains by chainage.
    pub trains: Vec<MeasuredTrain>,
    /// Shortest train of ordinary contrast that would be found nine times of
    /// ten, m; `None` where none would.
    pub detection_limit_m: Option<f64>,
    /// Why nothing could be decided.
    pub reason: Option<String>,
    /// What else was seen and is no train.
    pub remarks: Vec<String>,
    /// What the capture would show without trains, (band, offset, chainage);
    /// `None` where it shows too little to be predicted.
    pub background: Option<Array3<f32>>,
}

/// All passes over the strips of one series, in the order of time.
///
/// A long series is looked through in windows of captures that overlap, each
/// for itself. Where it does not support a background, every capture says so as
/// its reason.
///
/// # Errors
/// The strips are not of one series: they differ in shape.
pub fn analyse(strips: &[Strip], settings: &PassSettings) -> Result<Vec<StripOutcome>> {
    let mut outcomes = Vec::with_capacity(strips.len());
    for window in windows(strips.len()) {
        let seen = passes(&strips[window.captures.clone()], settings)?;
        let before = window.own.start - window.captures.start;
        outcomes.extend(seen.into_iter().skip(before).take(window.own.len()));
    }
    Ok(outcomes)
}

/// All passes over one window.
fn passes(strips: &[Strip], settings: &PassSettings) -> Result<Vec<StripOutcome>> {
    let panel_settings = PanelSettings::for_gsd(settings.gsd_m);
    let pixel_cells = pixel_cells(strips, settings);
    let prior = settings.detector.prior;
    let mut seen: Option<Pass> = None;
    let mut lasts = Lasts::default();
    let mut doubts: Vec<Doubt> = Vec::new();
    let mut tested: Vec<Overlap> = Vec::new();
    for pass in 0..MOST_PASSES {
        let left_out = seen.as_ref().and_then(|s| s.trains.as_ref());
        let previous = seen.as_ref().map(|s| s.predicted.as_slice());
        let panel = match Panel::new(strips, panel_settings, left_out, previous) {
            Ok(panel) => panel,
            Err(Error::Unsupported { reason }) => return Ok(undecided(strips.len(), &reason)),
            Err(error) => return Err(error),
        };
        let keeping = seen.as_ref().filter(|_| pass >= LOOKS_FOR_LANES);
        let still = keeping.map_or_else(|| vec![false; strips.len()], |p| p.still(pixel_cells));
        let predicted = predictions(&panel, previous, &still);
        let before = keeping.map(|before| (&before.found, still.as_slice()));
        let mut found = look(strips, &predicted, left_out, before, settings);
        doubts = found.judge_few(strips, &predicted);
        let (held, hidden) = found.train_cells(&predicted, &tested, prior).unzip();
        // What is asked for now is tested by the next pass. Once the noise is settled that is
        // done once: to ask by turns, whenever nothing has shown itself, would never end.
        if pass + 1 >= LOOKS_FOR_LANES {
            tested.extend(hidden.into_iter().flatten());
        }
        if let Some(held) = &held {
            let looks = pass < LOOKS_AT_TRACK;
            let view = looks.then(|| found.track_view(strips, &panel)).flatten();
            lasts.learn((&found, held), view, pass < FREE_PASSES, prior);
        }
        let lasting = lasts.all();
        let own = held.map(|held| found.occupied(&held, &lasting));
        found.drop_ghosts(own.as_ref());
        found.add_standing(&lasting.stays);
        let trains = match (own, left_out) {
            (Some(own), Some(before)) if pass >= FREE_PASSES => Some(own.and(before)),
            (own, _) => own,
        };
        let settled =
            pass >= least_passes(&found) && same_trains(trains.as_ref(), left_out, pixel_cells);
        seen = Some(Pass {
            known: left_out.cloned(),
            predicted,
            found,
            trains,
        });
        if settled {
            log::debug!("settled after {} passes", pass + 1);
            break;
        }
    }
    Ok(seen.map_or_else(Vec::new, |p| {
        p.conclude(strips, (&lasts, &doubts), settings)
    }))
}

fn changed_for_good((start_m, end_m): (f64, f64)) -> String {
    format!("changed for good, no train: {start_m:.0} to {end_m:.0} m")
}

/// The outcome of captures about which nothing can be said.
fn undecided(captures: usize, reason: &str) -> Vec<StripOutcome> {
    let outcome = StripOutcome {
        reason: Some(format!("unsupported: {reason}")),
        ..StripOutcome::default()
    };
    vec![outcome; captures]
}

/// One pass: predictions, what was seen in them, and where trains stand.
struct Pass {
    /// What this pass left out.
    known: Option<Occupied>,
    predicted: Vec<Option<Prediction>>,
    found: Found,
    /// What the next pass leaves out.
    trains: Option<Occupied>,
}

impl Pass {
    /// Whether the prediction of each capture is as good for the next pass.
    fn still(&self, pixel_cells: usize) -> Vec<bool> {
        let trains = self.known.as_ref().zip(self.trains.as_ref());
        let stands = |(t, prediction): (usize, &Option<Prediction>)| {
            let known = prediction.as_ref().zip(trains);
            known.is_some_and(|(p, trains)| p.stands(t, trains, pixel_cells))
        };
        self.predicted.iter().enumerate().map(stands).collect()
    }

    /// What the last pass says of each capture.
    fn conclude(
        mut self,
        strips: &[Strip],
        (lasts, doubts): (&Lasts, &[Doubt]),
        settings: &PassSettings,
    ) -> Vec<StripOutcome> {
        let changed = lasts.changed(&self.found);
        let unknown = self.found.settle(doubts);
        let unlike = unexplained(&self.predicted);
        let alone = (self.predicted.as_slice(), unlike.as_slice());
        self.found
            .keep_shown_alone(strips, alone, &settings.detector);
        let mut outcomes = measure(self, &unlike, settings);
        say(&mut outcomes, unknown);
        for (outcome, places) in outcomes.iter_mut().zip(changed) {
            outcome
                .remarks
                .extend(places.into_iter().map(changed_for_good));
        }
        let decided =
            (outcomes.iter_mut().zip(unlike)).filter(|(o, unlike)| *unlike && o.reason.is_none());
        decided.for_each(|(outcome, _)| outcome.remarks.push(ONLY_ALONE.to_owned()));
        outcomes
    }
}

/// Chainage cells of a pixel.
fn pixel_cells(strips: &[Strip], settings: &PassSettings) -> usize {
    let step_m = strips.first().map(|s| s.chainage.step_m);
    step_m.map_or(0, |step_m| (settings.gsd_m / step_m).round() as usize)
}

/// Whether the same trains and changes are left out: in no capture do more cells differ
/// than a pixel has, for ends are not known better than that.
fn same_trains(a: Option<&Occupied>, b: Option<&Occupied>, pixel_cells: usize) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return a.is_none() && b.is_none();
    };
    let same = |t: usize| a.differing(&b.cells[t], t) <= pixel_cells;
    a.changes == b.changes && (0..a.cells.len()).all(same)
}

/// Whether the gap from one train to the next is less than its uncertainty.
fn touch(before: &Fit, next: &Fit) -> bool {
    next.start_m - before.end_m < before.end_sigma_m.hypot(next.start_sigma_m)
}

/// Passes that come before one that may be the last.
fn least_passes(found: &Found) -> usize {
    if found.is_empty() {
        LOOKS_AT_TRACK
    } else {
        LOOKS_FOR_LANES
    }
}

fn measure(pass: Pass, unlike: &[bool], settings: &PassSettings) -> Vec<StripOutcome> {
    let Pass {
        predicted,
        found,
        trains,
        ..
    } = pass;
    let tail = found.tail(&predicted, &settings.detector);
    let held = trains.as_ref().map(|t| t.cells.as_slice());
    let trials = Trials::new(&found.profiles, &found.candidates, held, settings);
    let bench = Bench {
        calibration: trials.calibration(),
        trials,
        tail,
    };
    let mut outcomes: Vec<StripOutcome> = found
        .profiles
        .par_iter()
        .zip(&found.candidates)
        .zip(&found.levels)
        .zip(unlike)
        .map(|(((profile, candidates), level), unlike)| {
            // Why nothing is decided in a capture without trains.
            let reason = match (unlike, level) {
                (true, _) => Some(UNLIKE),
                (false, Some(_)) => Some(WHOLE),
                (false, None) => None,
            };
            if let Some(reason) = reason.filter(|_| candidates.is_empty()) {
                let as_seen = |p| {
                    level
                        .as_ref()
                        .map_or_else(|| Profile::clone(p), |l| l.put_back(p))
                };
                return StripOutcome {
                    profile: profile.as_ref().map(as_seen),
                    reason: Some(reason.to_owned()),
                    ..StripOutcome::default()
                };
            }
            let Some(profile) = profile else {
                return StripOutcome::default();
            };
            StripOutcome {
                detection_limit_m: bench.trials.limit_m(profile, candidates),
                trains: bench.trains(profile, candidates),
                profile: Some(profile.clone()),
                reason: None,
                remarks: Vec::new(),
                background: None,
            }
        })
        .collect();
    for (outcome, predicted) in outcomes.iter_mut().zip(predicted) {
        outcome.background = predicted.map(|p| p.values);
    }
    outcomes
}

/// What trains are measured with.
struct Bench<'a> {
    trials: Trials<'a>,
    calibration: Calibration,
    tail: ScoreTail,
}

impl Bench<'_> {
    /// The trains of a capture. Two whose ends do not tell them apart are one, with
    /// cars between that look like the track.
    fn trains(&self, profile: &Profile, candidates: &[Candidate]) -> Vec<MeasuredTrain> {
        let mut trains: Vec<MeasuredTrain> = Vec::new();
        for candidate in candidates {
            let Some(train) = self.train(profile, *candidate) else {
                continue;
            };
            match trains.pop_if(|before| touch(&before.fit, &train.fit)) {
                Some(before) => {
                    let whole = before.candidate.joined(candidate);
                    trains.extend(self.train(profile, whole));
                }
                None => trains.push(train),
            }
        }
        trains
    }

    fn train(&self, profile: &Profile, candidate: Candidate) -> Option<MeasuredTrain> {
        let found = (candidate.start_m, candidate.end_m);
        let fit = self
            .trials
            .ruler(profile, |ruler| fit(profile, found, ruler))?;
        let fit = self.calibration.apply(fit);
        Some(MeasuredTrain {
            candidate,
            polarity: polarity(profile, fit.start_m, fit.end_m),
            p_value: self.tail.p_value(candidate.score),
            fit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Censored;

    fn train(start_m: f64, end_m: f64, sigma_m: f64) -> Fit {
        Fit {
            start_m,
            end_m,
            start_sigma_m: sigma_m,
            end_sigma_m: sigma_m,
            length_sigma_m: sigma_m,
            censored: Censored::None,
        }
    }

    #[test]
    fn trains_are_the_same_to_a_pixel() {
        let held = |cells: [std::ops::Range<usize>; 2]| Occupied {
            centre_m: 0.0,
            half_width_m: 5.0,
            cells: cells
                .map(|held| (0..20).map(|j| held.contains(&j)).collect())
                .to_vec(),
            changes: Vec::new(),
        };
        let (now, before) = (held([4..12, 0..0]), held([5..13, 0..0]));
        assert!(same_trains(Some(&now), Some(&before), 2));
        assert!(!same_trains(Some(&now), Some(&before), 1));
        let other = held([4..12, 8..11]);
        assert!(!same_trains(Some(&now), Some(&other), 2));
        assert!(!same_trains(Some(&now), None, 2) && same_trains(None, None, 2));
    }

    #[test]
    fn trains_touch_where_their_gap_is_not_known_to_be_one() {
        // Two ends of 3 m are known to 4.2 m together.
        assert!(touch(&train(0.0, 100.0, 3.0), &train(104.0, 200.0, 3.0)));
        assert!(!touch(&train(0.0, 100.0, 3.0), &train(104.5, 200.0, 3.0)));
        assert!(touch(&train(0.0, 110.0, 0.5), &train(104.0, 200.0, 0.5)));
    }
}
