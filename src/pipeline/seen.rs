//! What a capture shows of a track, in one form for optical and radar.

use ndarray::{Array2, Array3, ArrayView2, Axis as Dim};
use serde::{Deserialize, Serialize};

use super::align::Placed;
use super::finding::{FoundTrain, Look, Registered};
use super::{LEAST_USABLE, MeasuredTrain, RadarOutcome, RadarTrain, StripOutcome};
use crate::difference::{Contrast, Sight, Span};
use crate::measure::{Cars, Censored, Polarity, cars};
use crate::site::Track;
use crate::strip::{Axis, Strip};

/// Cells this close to the centreline say whether the track can be seen, m: a
/// train's half width and the uncertainty of line and registration.
const CORE_M: f64 = 6.0;

/// Ends nearer to the ends of the track than this run out of it, m.
const END_SLACK_M: f64 = 1e-6;

/// Trains on the strip, which reaches beyond the track, and the contrast that shows them.
pub(super) struct Outcome {
    trains: Result<Vec<TrainOnStrip>, String>,
    contrast: Option<ContrastRow>,
    detection_limit_m: Option<f64>,
    /// What else was seen and is no train.
    remarks: Vec<String>,
    /// What the capture would show without trains, (band, offset, chainage).
    pub(super) background: Option<Array3<f32>>,
}

/// Why no trains are looked for in a capture that does not show the track.
pub(super) const HIDDEN: &str = "too little of the track can be seen";

/// Why nothing is decided in a capture that shows no train and would show none:
/// its detection limit was asked for, and there is none.
const BLIND: &str = "not even a train as long as the track in view would be found";

/// Contrast along the track by band and cell, NaN where it cannot be used.
#[derive(Serialize, Deserialize)]
pub(super) struct ContrastRow {
    value: Array2<f32>,
    sigma: Array2<f32>,
}

struct TrainOnStrip {
    start_m: f64,
    end_m: f64,
    start_sigma_m: f64,
    end_sigma_m: f64,
    length_sigma_m: f64,
    censored: Censored,
    snr: f64,
    p_value: Option<f64>,
    polarity: Polarity,
    cars: Option<Cars>,
}

/// One capture on one track.
#[derive(Serialize, Deserialize)]
pub(super) struct Seen {
    /// What is reported.
    pub(super) look: Look,
    chainage: Axis,
    contrast: Option<ContrastRow>,
    seen_m: Vec<(f64, f64)>,
}

impl Seen {
    pub(super) fn of(
        track: &Track,
        placed: &[Placed],
        strip: &Strip,
        outcome: Result<Outcome, String>,
    ) -> Self {
        let length_m = track.alignment.length_m();
        let core = Core::of(strip, length_m);
        let outcome = outcome.unwrap_or_else(|reason| Outcome {
            trains: Err(reason),
            contrast: None,
            detection_limit_m: None,
            remarks: Vec::new(),
            background: None,
        });
        let trains = outcome.trains.map(|trains| {
            trains
                .into_iter()
                .filter_map(|train| train.on_track(track))
                .collect()
        });
        let refused: Vec<String> = placed
            .iter()
            .filter_map(|placed| placed.registration.as_ref().err().cloned())
            .collect();
        let registered = placed.first().and_then(|placed| {
            let found = placed.registration.as_ref().ok()?;
            Some(Registered {
                shift: placed.shift,
                sigma_m: found.sigma_east_m.max(found.sigma_north_m),
            })
        });
        Self {
            look: Look {
                covered: core.covered_share,
                clear: core.clear_share,
                registered,
                trains,
                remarks: [refused, outcome.remarks].concat(),
                detection_limit_m: outcome.detection_limit_m,
            },
            chainage: strip.chainage,
            contrast: outcome.contrast,
            seen_m: core.seen_m,
        }
    }

    /// As the comparison with other observations needs it.
    pub(super) fn sight(&self, acquired: jiff::Timestamp, gsd_m: f64, series: usize) -> Sight<'_> {
        let trains = self.look.trains.as_deref().unwrap_or_default();
        Sight {
            acquired,
            trains: trains
                .iter()
                .map(|t| Span {
                    start_m: t.start_m,
                    end_m: t.end_m,
                    end_sigma_m: t.start_sigma_m.max(t.end_sigma_m),
                })
                .collect(),
            seen_m: self.seen_m.clone(),
            gsd_m,
            series,
            contrast: self.contrast.as_ref().map(|row| {
                let contrast = Contrast {
                    value: row.value.view(),
                    sigma: row.sigma.view(),
                };
                (self.chainage, contrast)
            }),
        }
    }
}

/// Whether a strip shows enough of a track of this length, m, to look for trains.
pub(super) fn shows_track(strip: &Strip, length_m: f64) -> bool {
    Core::of(strip, length_m).clear_share >= LEAST_USABLE
}

/// What can be seen of the track itself.
struct Core {
    covered_share: f64,
    clear_share: f64,
    seen_m: Vec<(f64, f64)>,
}

impl Core {
    fn of(strip: &Strip, length_m: f64) -> Self {
        let rows: Vec<usize> = (0..strip.offset.len)
            .filter(|&i| strip.offset.at_m(i).abs() <= CORE_M)
            .collect();
        let cells: Vec<usize> = (0..strip.chainage.len)
            .filter(|&j| (0.0..=length_m).contains(&strip.chainage.at_m(j)))
            .collect();
        let whole = |mask: ArrayView2<bool>, j: usize| rows.iter().all(|&i| mask[[i, j]]);
        let share = |mask: ArrayView2<bool>| {
            let held = cells.iter().filter(|&&j| whole(mask, j)).count();
            held as f64 / cells.len().max(1) as f64
        };
        let half_m = 0.5 * strip.chainage.step_m;
        let mut seen_m: Vec<(f64, f64)> = Vec::new();
        for &j in cells.iter().filter(|&&j| whole(strip.clear.view(), j)) {
            let at_m = strip.chainage.at_m(j);
            match seen_m.last_mut() {
                Some(last) if last.1 > at_m - 3.0 * half_m => last.1 = at_m + half_m,
                _ => seen_m.push((at_m - half_m, at_m + half_m)),
            }
        }
        Self {
            covered_share: share(strip.covered.view()),
            clear_share: share(strip.clear.view()),
            seen_m,
        }
    }
}

impl TrainOnStrip {
    /// The part of the train inside the track; `None` where nothing is, or where
    /// its inner end is not known well enough to say so.
    fn on_track(self, track: &Track) -> Option<FoundTrain> {
        let length_m = track.alignment.length_m();
        let (start_m, end_m) = (self.start_m.max(0.0), self.end_m.min(length_m));
        let (out_before, out_behind) = (
            self.start_m < -END_SLACK_M,
            self.end_m > length_m + END_SLACK_M,
        );
        let sigma = |out: bool, sigma_m: f64| if out { 0.0 } else { sigma_m };
        let length_sigma_m = match (out_before, out_behind) {
            (false, false) => self.length_sigma_m,
            _ => sigma(out_before, self.start_sigma_m).hypot(sigma(out_behind, self.end_sigma_m)),
        };
        // What reaches in from outside ends where its inner end does.
        let doubt_m = if out_before || out_behind {
            2.0 * length_sigma_m
        } else {
            0.0
        };
        if end_m - start_m <= doubt_m.max(END_SLACK_M) {
            return None;
        }
        let part = track.alignment.between(start_m, end_m).ok()?;
        let hidden_start = matches!(self.censored, Censored::Start | Censored::Both);
        let hidden_end = matches!(self.censored, Censored::End | Censored::Both);
        Some(FoundTrain {
            start_m,
            end_m,
            start_sigma_m: self.start_sigma_m,
            end_sigma_m: self.end_sigma_m,
            length_sigma_m,
            censored: match (out_before || hidden_start, out_behind || hidden_end) {
                (false, false) => Censored::None,
                (true, false) => Censored::Start,
                (false, true) => Censored::End,
                (true, true) => Censored::Both,
            },
            snr: self.snr,
            p_value: self.p_value,
            polarity: self.polarity,
            cars: self.cars,
            followed: None,
            line: part
                .vertices()
                .iter()
                .map(|p| track.frame.to_lon_lat(*p))
                .collect(),
            cutout: None,
        })
    }
}

impl Outcome {
    /// `stock_m`: lengths over couplers of what runs on the track, m.
    pub(super) fn of_strip(outcome: StripOutcome, stock_m: &[f64]) -> Self {
        let counts: Vec<Option<Cars>> = outcome
            .trains
            .iter()
            .map(|train| cars(outcome.profile.as_ref()?, &train.fit, stock_m))
            .collect();
        let contrast = outcome.profile.map(|profile| {
            let mut value = profile.track;
            for (mut cell, usable) in value.columns_mut().into_iter().zip(&profile.usable) {
                if !usable {
                    cell.fill(f32::NAN);
                }
            }
            ContrastRow {
                value,
                sigma: profile.track_sigma,
            }
        });
        let trains = match outcome.reason {
            Some(reason) => Err(reason),
            None if contrast.is_none() => Err(HIDDEN.to_owned()),
            None if outcome.trains.is_empty() && outcome.detection_limit_m.is_none() => {
                Err(BLIND.to_owned())
            }
            None => Ok(outcome
                .trains
                .into_iter()
                .zip(counts)
                .map(|(train, cars)| TrainOnStrip {
                    cars,
                    ..TrainOnStrip::from(train)
                })
                .collect()),
        };
        Self {
            trains,
            contrast,
            detection_limit_m: outcome.detection_limit_m,
            remarks: outcome.remarks,
            background: outcome.background,
        }
    }
}

impl From<MeasuredTrain> for TrainOnStrip {
    fn from(train: MeasuredTrain) -> Self {
        Self {
            start_m: train.fit.start_m,
            end_m: train.fit.end_m,
            start_sigma_m: train.fit.start_sigma_m,
            end_sigma_m: train.fit.end_sigma_m,
            length_sigma_m: train.fit.length_sigma_m,
            censored: train.fit.censored,
            // Wilks (1938): twice the log likelihood ratio is the square of
            // the significance of one parameter.
            snr: (2.0 * train.candidate.score.max(0.0)).sqrt(),
            p_value: Some(train.p_value),
            polarity: train.polarity,
            cars: None,
        }
    }
}

impl From<RadarOutcome> for Outcome {
    fn from(outcome: RadarOutcome) -> Self {
        let row = |values: &[f64]| {
            let cells = values.iter().zip(&outcome.profile.usable);
            let row: Vec<f32> = cells
                .map(|(&v, &usable)| if usable { v as f32 } else { f32::NAN })
                .collect();
            Array2::from_shape_fn((1, row.len()), |(_, j)| row[j])
        };
        let contrast = ContrastRow {
            value: row(&outcome.profile.contrast_db),
            sigma: row(&outcome.profile.sigma_db),
        };
        let trains = match outcome.unsupported {
            Some(reason) => Err(reason),
            None if outcome.trains.is_empty() && outcome.detection_limit_m.is_none() => {
                Err(BLIND.to_owned())
            }
            None => Ok(outcome.trains.into_iter().map(TrainOnStrip::from).collect()),
        };
        Self {
            trains,
            contrast: Some(contrast),
            detection_limit_m: outcome.detection_limit_m,
            remarks: Vec::new(),
            background: Some(outcome.background_db.insert_axis(Dim(0))),
        }
    }
}

impl From<RadarTrain> for TrainOnStrip {
    fn from(train: RadarTrain) -> Self {
        Self {
            start_m: train.start.at_m,
            end_m: train.end.at_m,
            start_sigma_m: train.start.sigma_m,
            end_sigma_m: train.end.sigma_m,
            length_sigma_m: train.length_sigma_m(),
            censored: match (train.start.hidden, train.end.hidden) {
                (false, false) => Censored::None,
                (true, false) => Censored::Start,
                (false, true) => Censored::End,
                (true, true) => Censored::Both,
            },
            snr: train.snr,
            p_value: Some(train.p_value),
            polarity: Polarity::Bright,
            cars: None,
        }
    }
}

#[cfg(test)]
#[path = "seen_tests.rs"]
mod tests;
