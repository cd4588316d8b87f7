//! The radar path over one series: looks, background, lanes, trains, in passes.

use ndarray::{Array2, Axis as Dim};
use rayon::prelude::*;

use super::radar_lasting::came_to_stay;
use super::radar_limit::Limits;
use super::radar_model::{RadarOutcome, RadarSettings, RadarTrain};
use crate::background::{RadarResidual, radar_residuals};
use crate::detect::{
    LaneContrast, LogRatio, RadarProfile, RadarSegment, Sampling, Sources, StringAcross,
    fitted_response, lane_contrast, place_scatter, radar_segments,
};
use crate::error::{Error, Result};
use crate::measure::{EndsInput, RadarEnd, RadarEnds, radar_ends};
use crate::normalize::look_alike_groups;
use crate::strip::{Axis, PointResponse, Strip};

/// Rounds of background and detection: what is found bright in one, train or
/// not, is kept out of the background of the next. The third changes little.
const PASSES: usize = 3;

/// Half length of the stretch over which the scatter of a place is averaged,
/// in sigma of the response.
const PLACE_SIGMA: f64 = 2.5;

/// Strings tell how sharp a series is from this length on, in lengths over
/// which speckle is correlated, …
const TELLING_M: f64 = 4.0;
/// … and from this contrast on, dB: the bed is a fifth of what is seen.
const TELLING_DB: f64 = 7.0;
/// A string stands beside the line from so many sigma of the response on: the
/// line's own error and that of its place, a pixel and a half.
const BESIDE_SIGMA: f64 = 1.5;
/// How many times longer than on the line it must be there: five resolution
/// cells instead of four, which two strong scatterers and the bloom of both cover.
const BESIDE: f64 = 1.25;

/// Looks of one resolution cell: 4.4 in Sentinel-1 IW GRDH (ESA, Sentinel-1
/// Product Definition, table 5-1); finer products have about one, and longer strings.
const LOOKS: f64 = 4.4;

/// Captures whose darker side deviates this many times more than usual have
/// another scene in them (snow, a flooded yard, another look): no verdict there.
const MOST_DISPERSION: f64 = 4.0;

/// Trains in every capture of a radar series.
///
/// `strips`: one band in dB, all on one grid, in order of time. `looks`: the
/// relative orbit of every capture where known; else captures are grouped by
/// what they look like. The outcome is in the order of `strips`.
///
/// # Errors
/// Strips that are not on one grid, or not one look for every strip.
pub fn analyse_radar(
    strips: &[&Strip],
    looks: Option<&[usize]>,
    settings: &RadarSettings,
) -> Result<Vec<RadarOutcome>> {
    let alike = |s: &&&Strip| s.chainage == strips[0].chainage && s.offset == strips[0].offset;
    if strips.iter().filter(alike).count() < strips.len() {
        return Err(Error::unsupported(
            "radar strips of a series are not on one grid",
        ));
    }
    if looks.is_some_and(|l| l.len() != strips.len()) {
        return Err(Error::unsupported(
            "relative orbits are not known for every capture",
        ));
    }
    let looks = looks.map_or_else(|| look_alike_groups(strips), <[usize]>::to_vec);
    let mut numbers = looks.clone();
    numbers.sort_unstable();
    numbers.dedup();
    let mut outcomes: Vec<(usize, RadarOutcome)> = Vec::with_capacity(strips.len());
    for look in numbers {
        let members: Vec<usize> = (0..strips.len()).filter(|&i| looks[i] == look).collect();
        let own: Vec<&Strip> = members.iter().map(|&i| strips[i]).collect();
        let series = LookSeries {
            strips: &own,
            look,
            settings: *settings,
        };
        outcomes.extend(members.into_iter().zip(series.analyse()));
    }
    outcomes.sort_by_key(|(i, _)| *i);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

/// The captures of one look.
struct LookSeries<'a> {
    strips: &'a [&'a Strip],
    look: usize,
    settings: RadarSettings,
}

impl LookSeries<'_> {
    fn analyse(mut self) -> Vec<RadarOutcome> {
        let mut occupied: Vec<Array2<bool>> = self
            .strips
            .iter()
            .map(|s| Array2::from_elem(s.clear.dim(), false))
            .collect();
        let mut outcomes = Vec::new();
        for pass in 0..PASSES {
            let residuals = radar_residuals(self.strips, &occupied, &self.settings.background);
            let strings = self.detect(&residuals, &occupied);
            if pass == 0 {
                self.settings = self.settings.sharpened(self.response(&residuals, &strings));
            }
            occupied = strings
                .iter()
                .zip(self.strips)
                .map(|(outcome, strip)| self.cells_under(&outcome.trains, strip))
                .collect();
            outcomes = strings;
        }
        for outcome in &mut outcomes {
            outcome.trains.retain(|train| self.is_train(train));
        }
        let limits: Vec<Option<f64>> = outcomes.par_iter().map(|o| self.limit_m(o)).collect();
        for (outcome, limit_m) in outcomes.iter_mut().zip(limits) {
            outcome.detection_limit_m = limit_m;
        }
        outcomes
    }

    /// The response, as far as the long and bright strings found tell.
    fn response(&self, residuals: &[RadarResidual], found: &[RadarOutcome]) -> PointResponse {
        let nominal = self.settings.response;
        let Some(strip) = self.strips.first() else {
            return nominal;
        };
        let tells = |t: &&RadarTrain| {
            t.length_m() >= TELLING_M * nominal.correlation_m() && t.contrast_db >= TELLING_DB
        };
        let strings: Vec<StringAcross> = (residuals.iter().zip(found))
            .flat_map(|(residual, outcome)| {
                (outcome.trains.iter().filter(tells)).map(|train| StringAcross {
                    power: power_across(residual, &strip.chainage, train),
                    looks: LOOKS * train.length_m() / nominal.correlation_m(),
                })
            })
            .collect();
        fitted_response(&strings, &strip.offset, nominal)
    }

    /// Shortest string that a capture would find, m.
    fn limit_m(&self, outcome: &RadarOutcome) -> Option<f64> {
        if outcome.unsupported.is_some() {
            return None;
        }
        let chainage = self.strips.first()?.chainage;
        let limits = Limits {
            settings: &self.settings,
            chainage,
            profile: &outcome.profile,
            trains: &outcome.trains,
        };
        let segments = |profile: &RadarProfile| radar_segments(profile, self.sampling(&chainage));
        let called = |profile: &RadarProfile| {
            let significant =
                |s: &RadarSegment| self.p_value(s.score) <= self.settings.false_alarms;
            (segments(profile).into_iter().filter(significant))
                .map(|s| (chainage.at_m(s.first), chainage.at_m(s.last)))
                .collect()
        };
        limits.limit_m(called, |profile| {
            (segments(profile).iter())
                .filter_map(|segment| self.string(profile, segment, &chainage))
                .max_by(|a, b| a.length_m().total_cmp(&b.length_m()))
        })
    }

    /// Whether a bright string is long and bright enough to be called a train.
    fn is_train(&self, string: &RadarTrain) -> bool {
        let longer = if self.is_beside(string) { BESIDE } else { 1.0 };
        string.length_m() >= longer * self.settings.shortest_m
            && string.contrast_db >= self.settings.least_contrast_db
    }

    /// One round of detection on given residuals.
    fn detect(&self, residuals: &[RadarResidual], occupied: &[Array2<bool>]) -> Vec<RadarOutcome> {
        let lanes: Vec<LaneSeries> = self
            .lanes_m()
            .into_iter()
            .map(|lane_m| self.lane_series(lane_m, residuals, occupied))
            .collect();
        (0..self.strips.len())
            .map(|capture| self.outcome(capture, &residuals[capture], &lanes))
            .collect()
    }

    /// Lanes on which the track's trains may appear, the track itself first.
    fn lanes_m(&self) -> Vec<f64> {
        let step_m = self.settings.response.sigma_m;
        let each_side = (self.settings.lateral_search_m / step_m).floor() as i32;
        let mut lanes: Vec<i32> = (-each_side..=each_side).collect();
        lanes.sort_by_key(|k| (k.abs(), *k));
        let scale_m = self.settings.lateral_search_m / f64::from(each_side.max(1));
        lanes.iter().map(|&k| f64::from(k) * scale_m).collect()
    }

    fn lane_series(
        &self,
        lane_m: f64,
        residuals: &[RadarResidual],
        occupied: &[Array2<bool>],
    ) -> LaneSeries {
        let contrasts: Vec<LaneContrast> = residuals
            .iter()
            .zip(self.strips)
            .map(|(residual, strip)| {
                let ratio = LogRatio {
                    residual_db: &residual.residual_db,
                    usable: &residual.usable,
                    offset: strip.offset,
                };
                lane_contrast(&ratio, lane_m, &self.settings.response)
            })
            .collect();
        let empty = contrasts
            .iter()
            .zip(occupied)
            .zip(self.strips)
            .map(|((contrast, occupied), strip)| {
                let row = strip.offset.cell_at(lane_m);
                (0..contrast.usable.len())
                    .map(|i| {
                        let speaks = contrast.usable[i] && !occupied[[row, i]];
                        if speaks {
                            contrast.contrast_db[i]
                        } else {
                            f64::NAN
                        }
                    })
                    .collect()
            })
            .collect();
        LaneSeries {
            lane_m,
            contrasts,
            empty,
        }
    }

    fn outcome(
        &self,
        capture: usize,
        residual: &RadarResidual,
        lanes: &[LaneSeries],
    ) -> RadarOutcome {
        let strip = self.strips[capture];
        let chainage = strip.chainage;
        let profiles: Vec<RadarProfile> = lanes
            .iter()
            .map(|lane| self.profile(lane, capture, residual.dispersion, &chainage))
            .collect();
        let unsupported = verdict_impossible(residual);
        let mut trains: Vec<(usize, RadarTrain)> = Vec::new();
        if unsupported.is_none() {
            for (lane, profile) in profiles.iter().enumerate() {
                for segment in radar_segments(profile, self.sampling(&chainage)) {
                    trains.extend(
                        self.string(profile, &segment, &chainage)
                            .filter(|string| !self.is_structure(string, capture, lanes))
                            .and_then(|string| self.on_this_track(string, residual, strip))
                            .map(|train| (lane, train)),
                    );
                }
            }
        }
        let trains = strongest(trains);
        let lane = trains
            .iter()
            .max_by(|a, b| a.1.score.total_cmp(&b.1.score))
            .map_or(0, |(lane, _)| *lane);
        RadarOutcome {
            look: self.look,
            predictors: residual.predictors,
            profile: profiles[lane].clone(),
            trains: trains.into_iter().map(|(_, train)| train).collect(),
            detection_limit_m: None,
            unsupported,
            background_db: background_db(self.strips[capture], residual),
        }
    }

    /// Whether a string stands off the line, where other things are bright, too.
    fn is_beside(&self, string: &RadarTrain) -> bool {
        string.lane_m.abs() > BESIDE_SIGMA * self.settings.response.sigma_m
    }

    /// Whether what looks like a string beside the line was built there.
    fn is_structure(&self, string: &RadarTrain, capture: usize, lanes: &[LaneSeries]) -> bool {
        let distance_m = |lane: &LaneSeries| (lane.lane_m - string.lane_m).abs();
        let nearest = lanes
            .iter()
            .min_by(|a, b| distance_m(a).total_cmp(&distance_m(b)));
        let (Some(lane), true) = (nearest, self.is_beside(string)) else {
            return false;
        };
        let under = string.start.at_m..=string.end.at_m;
        let chainage = self.strips[capture].chainage;
        let levels_db: Vec<f64> = (lane.contrasts.iter())
            .map(|contrast| contrast.mean_db(|j| under.contains(&chainage.at_m(j))))
            .collect();
        came_to_stay(&levels_db, capture)
    }

    fn sampling(&self, chainage: &Axis) -> Sampling {
        Sampling {
            step_m: chainage.step_m,
            correlation_m: self.settings.response.correlation_m(),
        }
    }

    fn profile(
        &self,
        lane: &LaneSeries,
        capture: usize,
        dispersion: f64,
        chainage: &Axis,
    ) -> RadarProfile {
        let contrast = &lane.contrasts[capture];
        let others: Vec<&[f64]> = (0..lane.empty.len())
            .filter(|&i| i != capture)
            .map(|i| lane.empty[i].as_slice())
            .collect();
        let smooth = PLACE_SIGMA * self.settings.response.sigma_m / chainage.step_m;
        let scatter = place_scatter(&others, chainage.len, smooth.round() as usize);
        RadarProfile {
            lane_m: lane.lane_m,
            contrast_db: contrast.contrast_db.clone(),
            sigma_db: scatter.iter().map(|s| s * dispersion).collect(),
            usable: contrast.usable.clone(),
        }
    }

    /// A segment as a string of wagons, if it is unlikely on an empty track.
    fn string(
        &self,
        profile: &RadarProfile,
        segment: &RadarSegment,
        chainage: &Axis,
    ) -> Option<RadarTrain> {
        let input = EndsInput {
            contrast_db: &profile.contrast_db,
            sigma_db: &profile.sigma_db,
            usable: &profile.usable,
            first_m: chainage.first_m,
            step_m: chainage.step_m,
            response: self.settings.response,
        };
        let ends = radar_ends(&input, segment.first, segment.last);
        let train = self.inside_track(&ends, segment, profile)?;
        (train.p_value <= self.settings.false_alarms).then_some(train)
    }

    /// A string as a train of this track, unless what stands beside explains it.
    fn on_this_track(
        &self,
        string: RadarTrain,
        residual: &RadarResidual,
        strip: &Strip,
    ) -> Option<RadarTrain> {
        let reach_m = self.settings.lateral_search_m;
        let power = power_across(residual, &strip.chainage, &string);
        let sources = Sources::unfold(&power, &strip.offset, &self.settings.response);
        let own = sources.contrast_db(reach_m) >= self.settings.least_contrast_db;
        own.then(|| RadarTrain {
            lane_m: sources.offset_m(reach_m),
            ..string
        })
    }

    fn inside_track(
        &self,
        ends: &RadarEnds,
        segment: &RadarSegment,
        profile: &RadarProfile,
    ) -> Option<RadarTrain> {
        let (low_m, high_m) = self.settings.track_m;
        let clamped = |end: RadarEnd| RadarEnd {
            at_m: end.at_m.clamp(low_m, high_m),
            hidden: end.hidden || end.at_m < low_m || end.at_m > high_m,
            ..end
        };
        let train = RadarTrain {
            start: clamped(ends.start),
            end: clamped(ends.end),
            lane_m: profile.lane_m,
            contrast_db: ends.contrast_db,
            score: segment.score,
            snr: segment.snr,
            p_value: self.p_value(segment.score),
        };
        (train.length_m() > 0.0).then_some(train)
    }

    /// Probability of such a score anywhere on an empty track.
    fn p_value(&self, score: f64) -> f64 {
        (self.trials() * (-score).exp()).min(1.0)
    }

    /// Places where an empty track has an independent chance to look occupied.
    ///
    /// A log-likelihood ratio exceeds `s` after any one of them with
    /// probability at most e⁻ˢ (Wald 1945; Siegmund 1985, ch. 2).
    fn trials(&self) -> f64 {
        let correlation_m = self.settings.response.correlation_m();
        let (low_m, high_m) = self.settings.track_m;
        let along = (high_m - low_m) / correlation_m;
        let across = 2.0 * self.settings.lateral_search_m / correlation_m;
        along.max(1.0) * (1.0 + across)
    }

    /// Cells that trains cover, bloom included.
    fn cells_under(&self, trains: &[RadarTrain], strip: &Strip) -> Array2<bool> {
        let margin_m = 3.0 * self.settings.response.sigma_m;
        Array2::from_shape_fn(strip.clear.dim(), |(row, column)| {
            let offset_m = strip.offset.at_m(row);
            let at_m = strip.chainage.at_m(column);
            trains.iter().any(|t| {
                (offset_m - t.lane_m).abs() <= margin_m
                    && at_m >= t.start.at_m - margin_m
                    && at_m <= t.end.at_m + margin_m
            })
        })
    }
}

/// One lane in all captures of a look.
struct LaneSeries {
    lane_m: f64,
    contrasts: Vec<LaneContrast>,
    /// Contrast where the lane is not known to be occupied, NaN elsewhere.
    empty: Vec<Vec<f64>>,
}

/// Mean power over that of the bed by offset, over the length of a string; `NaN`
/// where nothing was seen.
fn power_across(residual: &RadarResidual, chainage: &Axis, string: &RadarTrain) -> Vec<f64> {
    let under: Vec<usize> = (0..chainage.len)
        .filter(|&j| (string.start.at_m..=string.end.at_m).contains(&chainage.at_m(j)))
        .collect();
    (0..residual.usable.nrows())
        .map(|row| {
            let seen = under.iter().filter(|&&j| residual.usable[[row, j]]);
            let (sum, count) = seen.fold((0.0, 0.0), |(sum, count), &j| {
                let db = f64::from(residual.residual_db[[row, j]]);
                (sum + 10_f64.powf(db / 10.0), count + 1.0)
            });
            sum / count
        })
        .collect()
}

/// What the capture would show of an empty track, dB; as it is where that is not known.
fn background_db(strip: &Strip, residual: &RadarResidual) -> Array2<f32> {
    strip.values.index_axis(Dim(0), 0).to_owned() - &residual.residual_db
}

/// Why a residual allows no verdict, if so.
fn verdict_impossible(residual: &RadarResidual) -> Option<String> {
    if residual.predictors == 0 {
        return Some("no other capture of the same look to compare with".to_owned());
    }
    (residual.dispersion > MOST_DISPERSION).then(|| {
        format!(
            "the scene deviates {:.1} times more than usual from the other captures",
            residual.dispersion
        )
    })
}

/// Trains that do not overlap, the higher score first served; in order of chainage.
fn strongest(mut trains: Vec<(usize, RadarTrain)>) -> Vec<(usize, RadarTrain)> {
    trains.sort_by(|a, b| b.1.score.total_cmp(&a.1.score));
    let mut kept: Vec<(usize, RadarTrain)> = Vec::new();
    for (lane, train) in trains {
        let apart = |k: &(usize, RadarTrain)| {
            train.end.at_m < k.1.start.at_m || train.start.at_m > k.1.end.at_m
        };
        if kept.iter().all(apart) {
            kept.push((lane, train));
        }
    }
    kept.sort_by(|a, b| a.1.start.at_m.total_cmp(&b.1.start.at_m));
    kept
}
