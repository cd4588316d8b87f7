//! The shortest string of wagons that a radar capture would find, from strings
//! put into its profile where nothing stands.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

use super::radar_model::{RadarSettings, RadarTrain};
use crate::detect::RadarProfile;
use crate::strip::Axis;

/// Contrast of the strings put in, dB: 5 to 15 dB are seen of standing freight
/// trains; here the middle of what the detector expects.
const REFERENCE_DB: f64 = 9.0;
/// How much the wagons of one string differ, dB, and over which length, m: one
/// wagon.
const TEXTURE_DB: f64 = 2.5;
const WAGON_M: f64 = 15.0;
/// Strings put in for every length …
const TRIALS: u64 = 40;
/// … and the share of them that must be found.
const FOUND: f64 = 0.9;
/// Lengths are told apart to this, m.
const STEP_M: f64 = 10.0;
/// 90 of 100 measured lengths are at most so many sigma short (standard normal).
const SHORT_SIGMA: f64 = 1.2816;
/// Strings are put so far from trains, in sigma of the response.
const MARGIN_SIGMA: f64 = 4.0;

/// A capture whose limit is asked for.
pub(super) struct Limits<'a> {
    pub settings: &'a RadarSettings,
    pub chainage: Axis,
    pub profile: &'a RadarProfile,
    pub trains: &'a [RadarTrain],
}

impl Limits<'_> {
    /// Length, m, of which nine strings of ten of reference contrast are found;
    /// `None` where not even those are that are longer than there is room for.
    ///
    /// `called`: stretches of a profile that are called a string, m; `measured`:
    /// trains with their ends, the longest first. Ends are fitted to a few
    /// strings only, for that costs most.
    pub(super) fn limit_m(
        &self,
        called: impl Fn(&RadarProfile) -> Vec<(f64, f64)>,
        measured: impl Fn(&RadarProfile) -> Option<RadarTrain>,
    ) -> Option<f64> {
        let rooms = self.rooms();
        let room = rooms
            .iter()
            .max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)))?;
        let longest_m = room.1 - room.0;
        let shortest_m = self.settings.shortest_m;
        let steps = ((longest_m - shortest_m) / STEP_M).floor().max(-1.0) as i64;
        let mut lengths = (0..=steps).map(|k| shortest_m + k as f64 * STEP_M);
        let called_m = lengths.find(|length_m| {
            let tried = (0..TRIALS).filter_map(|seed| {
                let at_m = place(&rooms, *length_m, seed)?;
                let meets = |s: &(f64, f64)| s.0 < at_m.1 && s.1 > at_m.0;
                Some(called(&self.with_string(at_m, seed)).iter().any(meets))
            });
            let (found, all) = tried.fold((0.0, 0.0), |(found, all), is| {
                (found + f64::from(u8::from(is)), all + 1.0)
            });
            all > 0.0 && found >= FOUND * all
        });
        // Nothing is called a train whose measured length is too short.
        let measured_m = called_m.and_then(|length_m| {
            let train = measured(&self.with_string(place(&rooms, length_m, 0)?, 0))?;
            Some(length_m.max(shortest_m + SHORT_SIGMA * train.length_sigma_m()))
        });
        let limit_m = measured_m.filter(|m| *m <= longest_m);
        limit_m.or_else(|| {
            let beyond = (room.0 - longest_m, room.1 + longest_m);
            let train = measured(&self.with_string(beyond, 0))?;
            (train.length_m() >= shortest_m).then_some(longest_m)
        })
    }

    /// Stretches of the track, m, that were seen and where nothing stands.
    fn rooms(&self) -> Vec<(f64, f64)> {
        let margin_m = MARGIN_SIGMA * self.settings.response.sigma_m;
        let (low_m, high_m) = self.settings.track_m;
        let free = |j: usize| {
            let at = self.chainage.at_m(j);
            let under = |t: &RadarTrain| at > t.start.at_m - margin_m && at < t.end.at_m + margin_m;
            self.profile.usable[j]
                && (low_m..=high_m).contains(&at)
                && !self.trains.iter().any(under)
        };
        let mut rooms: Vec<(f64, f64)> = Vec::new();
        for j in (0..self.profile.usable.len()).filter(|j| free(*j)) {
            let at = self.chainage.at_m(j);
            match rooms.last_mut() {
                Some(room) if at - room.1 < 1.5 * self.chainage.step_m => room.1 = at,
                _ => rooms.push((at, at)),
            }
        }
        rooms
    }

    /// The profile with a string from one chainage to another, m.
    fn with_string(&self, (start_m, end_m): (f64, f64), seed: u64) -> RadarProfile {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let wagons = ((end_m - start_m) / WAGON_M).ceil() as usize + 1;
        let texture = (0..wagons).map(|_| StandardNormal.sample(&mut rng));
        let levels: Vec<f64> = texture
            .map(|z: f64| REFERENCE_DB + TEXTURE_DB * z)
            .collect();
        let mut profile = self.profile.clone();
        let response = self.settings.response;
        for (j, contrast_db) in profile.contrast_db.iter_mut().enumerate() {
            let at = self.chainage.at_m(j);
            let wagon = ((at - start_m) / WAGON_M).clamp(0.0, (wagons - 1) as f64) as usize;
            let seen = response.edge(at - start_m) + response.edge(end_m - at) - 1.0;
            let excess = (power(levels[wagon]) - 1.0) * seen.max(0.0);
            *contrast_db = 10.0 * (power(*contrast_db) + excess).log10();
        }
        profile
    }
}

/// Where in the rooms a string of so many metres stands, m; all places alike.
fn place(rooms: &[(f64, f64)], length_m: f64, seed: u64) -> Option<(f64, f64)> {
    let spare = |room: &(f64, f64)| room.1 - room.0 - length_m;
    let fitting = || rooms.iter().filter(|r| spare(r) >= 0.0);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut at_m = rng.random_range(0.0..1.0) * fitting().map(spare).sum::<f64>();
    for room in fitting() {
        if at_m <= spare(room) {
            return Some((room.0 + at_m, room.0 + at_m + length_m));
        }
        at_m -= spare(room);
    }
    None
}

fn power(db: f64) -> f64 {
    10_f64.powf(db / 10.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::measure::RadarEnd;

    const CHAINAGE: Axis = Axis {
        first_m: 0.0,
        step_m: 5.0,
        len: 161,
    };

    fn profile(usable: impl Fn(f64) -> bool) -> RadarProfile {
        RadarProfile {
            lane_m: 0.0,
            contrast_db: vec![0.0; CHAINAGE.len],
            sigma_db: vec![1.0; CHAINAGE.len],
            usable: (0..CHAINAGE.len)
                .map(|j| usable(CHAINAGE.at_m(j)))
                .collect(),
        }
    }

    fn limits(profile: &RadarProfile, least_m: f64) -> Option<f64> {
        let settings = RadarSettings::of(10.0, (0.0, 800.0));
        let limits = Limits {
            settings: &settings,
            chainage: CHAINAGE,
            profile,
            trains: &[],
        };
        // A detector that calls what is bright over so many metres.
        let bright = |p: &RadarProfile| {
            let of = |(j, db): (usize, &f64)| (*db > 4.0 && p.usable[j]).then(|| CHAINAGE.at_m(j));
            let at: Vec<f64> = p.contrast_db.iter().enumerate().filter_map(of).collect();
            let span = (at.first().copied(), at.last().copied());
            match span {
                (Some(a), Some(b)) if b - a >= least_m => vec![(a, b)],
                _ => vec![],
            }
        };
        let end = |at_m| RadarEnd {
            at_m,
            sigma_m: 10.0,
            hidden: false,
        };
        let measured = |p: &RadarProfile| {
            let (start_m, end_m) = bright(p).first().copied()?;
            Some(RadarTrain {
                start: end(start_m),
                end: end(end_m),
                lane_m: 0.0,
                contrast_db: 9.0,
                score: 50.0,
                snr: 10.0,
                p_value: 0.0,
            })
        };
        limits.limit_m(bright, measured)
    }

    #[test]
    fn the_limit_is_where_the_detector_begins_to_find() {
        let seen = profile(|_| true);
        let limit_m = limits(&seen, 250.0).unwrap();
        // Blooming shows a string a few metres longer than it is.
        assert!((215.0..=265.0).contains(&limit_m), "{limit_m}");
        assert!(limits(&seen, 100.0).unwrap() < limit_m);
    }

    #[test]
    fn without_room_there_is_no_limit() {
        assert_eq!(limits(&profile(|at| at < 200.0), 300.0), None);
        // A string that runs out of view on both sides fills it: samples 0 to 95 m.
        assert_eq!(limits(&profile(|at| at < 100.0), 95.0), Some(95.0));
        assert_eq!(limits(&profile(|_| false), 10.0), None);
        assert_eq!(limits(&profile(|_| true), 2000.0), None);
    }
}
