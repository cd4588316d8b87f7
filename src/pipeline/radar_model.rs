//! What the radar path is told, and what it says.

use ndarray::Array2;

use crate::background::RadarBackgroundSettings;
use crate::detect::RadarProfile;
use crate::measure::RadarEnd;
use crate::strip::PointResponse;

/// See [`RadarSettings::lateral_search_m`], px.
const SEARCH_PX: f64 = 4.0;

/// What the radar path is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RadarSettings {
    /// The point response of the strips.
    pub response: PointResponse,
    /// Where the track begins and ends, m of chainage; strips reach farther.
    pub track_m: (f64, f64),
    /// How far beside the track given its trains may appear, m: error of the
    /// line, of geocoding (some 5 m), and layover. A deck or an embankment that
    /// the terrain model lacks shifts by its height × cot of the incidence: 20 m
    /// at 29°, the near edge of Sentinel-1, by 36 m. Four pixels by default;
    /// finer products come with finer terrain models.
    pub lateral_search_m: f64,
    /// Strings shorter than this are not reported, m. By default eight sigma of
    /// the response, four resolution cells: below, a string cannot be told
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
            lateral_search_m: SEARCH_PX * gsd_m,
            shortest_m: 8.0 * response.sigma_m,
            least_contrast_db: 5.0,
            false_alarms: 0.01,
            background: RadarBackgroundSettings::default(),
        }
    }

    /// The same for strips of another response.
    pub(super) fn sharpened(self, response: PointResponse) -> Self {
        Self {
            response,
            shortest_m: self.shortest_m * response.sigma_m / self.response.sigma_m,
            ..self
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
    /// Shortest string of wagons that would be found nine times in ten, m; `None`
    /// where none as long as the track would, or nothing can be said.
    pub detection_limit_m: Option<f64>,
    /// Why nothing can be said, if so.
    pub unsupported: Option<String>,
    /// What it would show without trains, dB, (offset, chainage).
    pub background_db: Array2<f32>,
}
