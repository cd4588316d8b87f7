//! Whether trains stand on the track, and roughly where.
//!
//! From the residual of a capture against its predicted empty scene:
//! [`Lanes`] says where track and road lane lie and how sharp the strips are,
//! [`Across`] measures by least squares across the track what stands on them,
//! [`SeriesNoise`] and [`profile`] give that its noise, and [`find_trains`]
//! reads the profile with a hidden Markov model of trains and lorries;
//! [`find_trains_and_level`] tells trains from a track that looks otherwise from end to
//! end. What one capture's train does to the others is settled by [`trains_among`], what
//! stands in several captures by [`standing`], whether a candidate is the track that
//! changed for good by [`lasting`], what a capture shows that no other looks like by
//! [`Bare`], and which of a few captures holds what differs between them by
//! [`Continuity`]; [`ScoreTail`] says how often an empty track looks like a train,
//! [`detection_limit_m`] which train would have been missed.

mod alone;
mod apart;
mod blur;
mod chain;
mod continuity;
mod contrast;
mod covariance;
mod emission;
mod empty_track;
mod lane_search;
mod lanes;
mod lasting;
mod lateral;
mod level;
mod likeness;
mod limit;
mod noise;
mod occupancy;
mod overlap;
mod radar;
mod radar_across;
mod radar_lane;
mod radar_response;
mod rows;
mod sections;
mod segment;
mod standing;
mod tail;
mod template;
mod things;

pub use alone::Bare;
pub use apart::better_here;
pub use continuity::Continuity;
pub use contrast::{Across, Contrast};
pub use emission::Prior;
pub use empty_track::TrackView;
pub use lanes::{DEFAULT_PSF_PX, Lanes, told_apart};
pub use lasting::{Standout, lasting};
pub use level::{Level, find_trains_and_level};
pub use likeness::likeness;
pub use limit::detection_limit_m;
pub use noise::{SeriesNoise, profile, pseudo_profiles};
pub use occupancy::{Stretch, Suspect, trains_among};
pub use overlap::Overlap;
pub use radar::{RadarProfile, RadarSegment, Sampling, place_scatter, radar_segments};
pub use radar_across::Sources;
pub use radar_lane::{LaneContrast, LogRatio, lane_contrast};
pub use radar_response::{StringAcross, fitted_response};
pub use rows::RowNoise;
pub use segment::{Candidate, Detector, find_trains};
pub use standing::{Lasting, LastingChange, Standing, standing};
pub use tail::ScoreTail;
