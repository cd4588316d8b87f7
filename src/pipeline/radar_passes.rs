//! The radar path over one series: looks, background, lanes, trains, in passes.

use ndarray::Array2;

use crate::background::{RadarBackgroundSettings, RadarResidual, radar_residuals};
use crate::detect::{
    LaneContrast, LogRatio, RadarProfile, RadarSegment, Sampling, lane_contrast, place_scatter,
    radar_segments,
};
use crate::measure::{EndsInput, RadarEnd, RadarEnds, radar_ends};
use crate::normalize::look_alike_groups;
use crate::strip::{Axis, PointResponse, Strip};

/// Rounds of background and detection: trains found in one are kept out of the
/// background of the next. The third changes nothing any more but rare ends.
const PASSES: usize = 3;

/// Half length of the stretch over which the scatter of a place is averaged,
/// in sigma of the response.
const PLACE_SIGMA: f64 = 2.5;

/// Captures whose darker side deviates this many times more than usual have
/// another scene in them (snow, a flooded yard, another look): no verdict there.
const MOST_DISPERSION: f64 = 4.0;

/// What the radar path is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RadarSettings {
    /// The point response of the strips.
    pub response: PointResponse,
    /// Where the track begins and ends, m of chainage; strips reach farther.
    pub track_m: (f64, f64),
    /// How far beside the track given its trains may appear, m: error of the
    /// line, of geocoding (some 5 m) and layover of the wagons (height × cot of
    /// the incidence, 5 m). One and a half pixels by default.
    pub lateral_search_m: f64,
    /// Strings shorter than this are not reported, m. By default seven sigma of
    /// the response, some four resolution cells: below, a string cannot be told
    /// from a single strong scatterer.
    pub shortest_m: f64,
    /// Mean contrast that a train has at least, dB. Standing trains raise the
    /// bed by 5 to 15 dB; moisture, frost and parked cars stay below 4.
    pub least_contrast_db: f64,
    /// Alarms per empty observation that are put up with.
    pub false_alarms: f64,
    /// How backgrounds are made.
    pub background: RadarBackgroundSettings,
}

impl RadarSettings {
    /// Usual settings for strips of a product of `gsd_m` along a track.
    #[must_use]
    pub fn of(gsd_m: f64, track_m: (f64, f64)) -> Self {
        let response = PointResponse::of_gsd(gsd_m);
        Self {
            response,
            track_m,
            lateral_search_m: 1.5 * gsd_m,
            shortest_m: 7.0 * response.sigma_m,
            least_contrast_db: 5.0,
            false_alarms: 0.01,
            background: RadarBackgroundSettings::default(),
        }
    }
}

/// A train that a radar capture shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RadarTrain {
    /// Lower end, m of chainage, inside the track.
    pub start: RadarEnd,
    /// Upper end, m of chainage, inside the track.
    pub end: RadarEnd,
    /// Offset at which it appears, m, positive right.
    pub lane_m: f64,
    /// Mean contrast over the empty bed, dB.
    pub contrast_db: f64,
    /// Log-likelihood ratio against an empty track.
    pub score: f64,
    /// Mean contrast over its scatter on an empty track.
    pub snr: f64,
    /// Probability of a score as high anywhere on an empty track.
    pub p_value: f64,
}

impl RadarTrain {
    /// Length inside the track, m.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        self.end.at_m - self.start.at_m
    }

    /// Its standard deviation, m.
    #[must_use]
    pub fn length_sigma_m(&self) -> f64 {
        self.start.sigma_m.hypot(self.end.sigma_m)
    }
}

/// What one capture of a radar series shows.
#[derive(Debug, Clone, PartialEq)]
pub struct RadarOutcome {
    /// The group of look-alike captures it belongs to.
    pub look: usize,
    /// Captures its background was made from.
    pub predictors: usize,
    /// Profile along the lane of its best train; along the track where it has none.
    pub profile: RadarProfile,
    /// Trains in order of chainage.
    pub trains: Vec<RadarTrain>,
    /// Why nothing can be said, if so.
    pub unsupported: Option<String>,
}

/// Trains in every capture of a radar series.
///
/// `strips`: one band in dB, all on one grid, in order of time. `looks`: the
/// relative orbit of every capture where known; else captures are grouped by
/// what they look like. The outcome is in the order of `strips`.
#[must_use]
pub fn analyse_radar(
    strips: &[&Strip],
    looks: Option<&[usize]>,
    settings: &RadarSettings,
) -> Vec<RadarOutcome> {
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
            settings,
        };
        outcomes.extend(members.into_iter().zip(series.analyse()));
    }
    outcomes.sort_by_key(|(i, _)| *i);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// The captures of one look.
struct LookSeries<'a> {
    strips: &'a [&'a Strip],
    look: usize,
    settings: &'a RadarSettings,
}

impl LookSeries<'_> {
    fn analyse(&self) -> Vec<RadarOutcome> {
        let mut occupied: Vec<Array2<bool>> = self
            .strips
            .iter()
            .map(|s| Array2::from_elem(s.clear.dim(), false))
            .collect();
        let mut outcomes = Vec::new();
        for _ in 0..PASSES {
            let residuals = radar_residuals(self.strips, &occupied, &self.settings.background);
            outcomes = self.detect(&residuals, &occupied);
            occupied = outcomes
                .iter()
                .zip(self.strips)
                .map(|(outcome, strip)| self.cells_under(&outcome.trains, strip))
                .collect();
        }
        outcomes
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
        let step_m = 0.5 * self.settings.response.sigma_m;
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
        let chainage = self.strips[capture].chainage;
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
                        self.train(profile, &segment, &chainage)
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
            unsupported,
        }
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

    /// A segment as a train of this track, if it is one.
    fn train(
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
        let accepted = train.length_m() >= self.settings.shortest_m
            && train.contrast_db >= self.settings.least_contrast_db
            && train.p_value <= self.settings.false_alarms;
        accepted.then_some(train)
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
            p_value: (self.trials() * (-segment.score).exp()).min(1.0),
        };
        (train.length_m() > 0.0).then_some(train)
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
