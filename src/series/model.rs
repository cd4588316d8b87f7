//! Observations and trains: the rows of the product's contract.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::capture::Modality;
use crate::error::{Error, Result};
use crate::geo::LonLat;

/// An enum whose variants are words of the contract.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$item_doc])* #[serde(rename = $word)] $item),+
        }

        impl $name {
            /// The word in the tables.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$item => $word),+ }
            }

            /// The meaning of a word from the tables.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$item),)+ _ => None }
            }
        }
    };
}

words!(
    /// How much of the track a capture lets one see.
    Status {
        /// At least 90 % of the track is usable.
        Clear = "clear",
        /// Between 10 % and 90 % is usable.
        Partial = "partial",
        /// Less than 10 % is usable: cloud or shadow.
        Obscured = "obscured",
        /// Less than 10 % lies inside the scene.
        Uncovered = "uncovered",
        /// The capture could not be processed.
        Failed = "failed",
    }
);

words!(
    /// Which ends of a train were not seen, because it runs out of the track or
    /// into masked pixels there; the length is a lower bound then.
    Censored {
        /// Both ends were seen.
        None = "none",
        /// The end at the lower chainage was not.
        Start = "start",
        /// The end at the higher chainage was not.
        End = "end",
        /// Neither end was.
        Both = "both",
    }
);

words!(
    /// Whether a train is brighter or darker than the empty track.
    Polarity {
        /// Brighter.
        Bright = "bright",
        /// Darker.
        Dark = "dark",
        /// Brighter in parts and darker in others.
        Mixed = "mixed",
    }
);

words!(
    /// What became of a train since the previous usable observation of the track.
    Change {
        /// It was not there.
        Appeared = "appeared",
        /// It stood there.
        Stayed = "stayed",
        /// Something else stood there.
        Changed = "changed",
        /// There is nothing to compare with.
        Unknown = "unknown",
    }
);

impl Status {
    /// Whether trains were looked for: only then is "none found" a finding.
    #[must_use]
    pub fn usable(self) -> bool {
        matches!(self, Self::Clear | Self::Partial)
    }
}

/// What was added to a capture's coordinates to match the reference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Registration {
    /// Metres towards east.
    pub east_m: f64,
    /// Metres towards north.
    pub north_m: f64,
    /// Its standard error, m.
    pub sigma_m: f64,
}

/// A speed along growing chainage, signed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// Metres a second.
    pub mps: f64,
    /// Its standard error, m/s.
    pub sigma_mps: f64,
}

/// An interval of car counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cars {
    /// At least so many.
    pub min: u32,
    /// At most so many.
    pub max: u32,
}

/// The program and settings a row comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct RunStamp {
    /// The run.
    pub run_id: String,
    /// Fingerprint of the settings.
    pub config_hash: String,
    /// Version of railspan.
    pub version: String,
}

/// What identifies an observation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObservationKey {
    /// The crossing's id.
    pub crossing: String,
    /// The track's id.
    pub track: String,
    /// The capture's id.
    pub capture: String,
}

/// One look at a track: one row a capture and track, unusable captures included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Crossing, track and capture.
    pub key: ObservationKey,
    /// Delivered scenes merged into the capture.
    pub scenes: u32,
    /// When, kept to the millisecond.
    pub acquired: Timestamp,
    /// `sentinel-2`, `planetscope`, …
    pub sensor: String,
    /// The satellite; empty where unknown.
    pub platform: String,
    /// Optical or radar.
    pub modality: Modality,
    /// Ground sample distance used, m; `None` where the capture could not be read.
    pub gsd_m: Option<f64>,
    /// How much can be seen.
    pub status: Status,
    /// Why it is not clear or why it failed; empty where it is clear.
    pub reason: String,
    /// Share of the track inside valid data, 0..1.
    pub covered_fraction: Option<f64>,
    /// Share of the track that is usable, 0..1.
    pub clear_fraction: Option<f64>,
    /// The registration; `None` where it was refused.
    pub shift: Option<Registration>,
    /// Trains found; `None`, not 0, where nothing could be seen or decided.
    pub train_count: Option<u32>,
    /// Metres of track under trains.
    pub occupied_m: Option<f64>,
    /// Length of the longest train, m.
    pub longest_train_m: Option<f64>,
    /// Shortest train of reference contrast that would be found with 90 % probability, m.
    pub detection_limit_m: Option<f64>,
    /// Where the row comes from.
    pub run: RunStamp,
}

/// One train on a track in one capture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Train {
    /// The observation it belongs to.
    pub key: ObservationKey,
    /// When, kept to the millisecond.
    pub acquired: Timestamp,
    /// 1, 2, … by chainage.
    pub train: u32,
    /// Chainage of the lower end, m.
    pub start_m: f64,
    /// Chainage of the upper end, m.
    pub end_m: f64,
    /// Length inside the track, m.
    pub length_m: f64,
    /// Its standard error, m.
    pub length_sigma_m: f64,
    /// Which ends were not seen.
    pub censored: Censored,
    /// Detection strength.
    pub snr: f64,
    /// Probability of so strong a score on an empty track; `None` where it is not known.
    pub p_value: Option<f64>,
    /// Brighter or darker than the track.
    pub polarity: Polarity,
    /// Against the previous usable observation.
    pub change: Change,
    /// When it was first seen in the unbroken row of observations it stood in.
    pub first_seen: Timestamp,
    /// Speed; `None` where the sensor cannot tell.
    pub speed: Option<Speed>,
    /// Car count; `None` where nothing is known of the stock.
    pub cars: Option<Cars>,
    /// The train on the alignment, at least two places.
    pub geometry: Vec<LonLat>,
}

/// All that is known, in order of crossing, track, time, capture and train.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Series {
    /// One row a track and capture.
    pub observations: Vec<Observation>,
    /// One row a train.
    pub trains: Vec<Train>,
}

impl Observation {
    /// Checks what the types cannot say, and that `trains` are its own.
    ///
    /// # Errors
    /// Names the observation and the value that breaks the contract.
    pub fn check(&self, trains: &[Train]) -> Result<()> {
        let key = &self.key;
        let wrong = |what: &str, value: String, expected: &str| {
            let name = format!("{what} of {}/{}/{}", key.crossing, key.track, key.capture);
            Err(Error::value(name, value, expected))
        };
        let named = !(key.crossing.is_empty() || key.track.is_empty() || key.capture.is_empty());
        if !named {
            return wrong("key", "an empty id".into(), "complete");
        }
        for fraction in [self.covered_fraction, self.clear_fraction]
            .into_iter()
            .flatten()
        {
            if !(0.0..=1.0).contains(&fraction) {
                return wrong("fraction", fraction.to_string(), "between 0 and 1");
            }
        }
        let counted = self.train_count.map(|n| n as usize);
        let right = match counted {
            Some(n) => self.status.usable() && n == trains.len(),
            // Seen, but undecided: then the reason says why.
            None => trains.is_empty() && !(self.status.usable() && self.reason.is_empty()),
        };
        if !right {
            let expected = "the number of its trains, or empty where nothing could be decided";
            return wrong("train_count", format!("{counted:?}"), expected);
        }
        for (i, train) in trains.iter().enumerate() {
            if train.key != *key || train.acquired != self.acquired {
                return wrong("train", format!("{:?}", train.key), "of this observation");
            }
            if train.train as usize != i + 1 {
                return wrong(
                    "train",
                    train.train.to_string(),
                    "numbered from 1 by chainage",
                );
            }
            if !(train.start_m < train.end_m && train.length_m > 0.0) {
                let ends = format!("{}..{}", train.start_m, train.end_m);
                return wrong("train", ends, "a stretch of growing chainage");
            }
            if train.geometry.len() < 2 {
                return wrong(
                    "geometry",
                    train.geometry.len().to_string(),
                    "2 places or more",
                );
            }
        }
        Ok(())
    }
}

impl Series {
    /// Puts the rows into the order of the contract.
    pub fn sort(&mut self) {
        self.observations
            .sort_by(|a, b| observation_order(a).cmp(&observation_order(b)));
        self.trains
            .sort_by(|a, b| train_order(a).cmp(&train_order(b)));
    }
}

fn observation_order(o: &Observation) -> (&str, &str, Timestamp, &str) {
    let key = &o.key;
    (&key.crossing, &key.track, o.acquired, &key.capture)
}

fn train_order(t: &Train) -> (&str, &str, Timestamp, &str, u32) {
    let key = &t.key;
    (&key.crossing, &key.track, t.acquired, &key.capture, t.train)
}
