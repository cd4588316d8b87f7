//! Decks, embankments and what lies on them: the watched track, a road lane
//! beside it, other bridges.

use jiff::Span;
use jiff::civil::Date;
use rand::RngExt;

use crate::site::Track;

use super::ground::bridge_of;
use super::random::stream;
use super::scenario::{Nuisance, Scenario};
use super::spectra::{self, Spectrum};

/// A bridge beside the watched one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OtherBridge {
    /// Lateral place of its middle, m.
    pub offset_m: f64,
    /// Half its width, m.
    pub half_width_m: f64,
    /// Chainage, m.
    pub start_m: f64,
    /// Chainage, m.
    pub end_m: f64,
    /// Height above the ground, m.
    pub height_m: f64,
    /// Its deck.
    pub colour: Spectrum,
    /// The day it was there, if it was not always.
    pub since: Option<Date>,
}

impl OtherBridge {
    /// Lateral extent, m.
    pub(super) fn sides_m(&self) -> (f64, f64) {
        (
            self.offset_m - self.half_width_m,
            self.offset_m + self.half_width_m,
        )
    }
}

/// The line and its bridges.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decks {
    /// Chainage of the bridge, m.
    pub bridge_m: (f64, f64),
    /// Its height above the ground, m.
    pub height_m: f64,
    /// Lateral place of the road lane on it, if there is one, m.
    pub lane_m: Option<f64>,
    /// A truss over the deck: distance of its posts, m.
    pub truss_m: Option<f64>,
    /// Bridges beside it.
    pub others: Vec<OtherBridge>,
    /// Stretch of the track with new ballast and the day it was laid.
    pub new_ballast: Option<((f64, f64), Date)>,
}

/// Half the width of the track bed, m.
pub(super) const BED_M: f64 = 2.0;

/// Half the width of the embankment's top and of its foot, m.
pub(super) const EMBANKMENT_M: (f64, f64) = (3.2, 7.0);

/// Half the width of the road lane, m.
pub(super) const LANE_M: f64 = 2.2;

/// The deck reaches so far beyond what it carries, m.
const WALKWAY_M: f64 = 1.2;

/// Height of the line over the ground away from the bridge, m.
const EMBANKMENT_HEIGHT_M: f64 = 2.5;

/// Stretch over which the line comes down from the bridge, m.
const RAMP_M: f64 = 200.0;

impl Decks {
    pub(super) fn build(s: &Scenario, track: &Track) -> Self {
        let mut rng = stream(s.seed, "decks", 0);
        let bridge_m = bridge_of(track);
        let height_m = rng.random_range(9.0..14.0);
        let side = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
        let lane_m = track
            .road_lane_offset_m
            .unwrap_or(side * rng.random_range(6.0..9.5));
        let has_lane = track.road_lane_offset_m.is_some() || s.has(Nuisance::Lorries);
        let old = OtherBridge {
            offset_m: -side * rng.random_range(48.0..80.0),
            half_width_m: rng.random_range(3.0..4.5),
            start_m: bridge_m.0,
            end_m: bridge_m.0 + rng.random_range(0.4..0.7) * (bridge_m.1 - bridge_m.0),
            height_m: 0.8 * height_m,
            colour: spectra::mix(spectra::PAINTED_STEEL, spectra::CONCRETE, 0.4),
            since: None,
        };
        let mut decks = Self {
            bridge_m,
            height_m,
            lane_m: has_lane.then_some(lane_m),
            truss_m: rng.random_bool(0.7).then_some(8.0),
            others: vec![old],
            new_ballast: None,
        };
        if s.has(Nuisance::Construction) {
            decks.construct(s, track, side);
        }
        decks
    }

    /// A bridge and new ballast that come within a series of a year.
    fn construct(&mut self, s: &Scenario, track: &Track, side: f64) {
        let mut rng = stream(s.seed, "construction", 0);
        let mut after = |days: std::ops::Range<i64>| {
            let days = rng.random_range(days);
            s.from.checked_add(Span::new().days(days)).unwrap_or(s.from)
        };
        let (opened, laid) = (after(60..200), after(60..200));
        self.others.push(OtherBridge {
            offset_m: side * rng.random_range(38.0..60.0),
            half_width_m: 5.0,
            start_m: self.bridge_m.0 - 60.0,
            end_m: self.bridge_m.1 + 60.0,
            height_m: self.height_m,
            colour: spectra::CONCRETE,
            since: Some(opened),
        });
        let length_m = track.alignment.length_m();
        let from_m = rng.random_range(0.0..0.6) * length_m;
        let stretch = (from_m, from_m + rng.random_range(0.2..0.4) * length_m);
        self.new_ballast = Some((stretch, laid));
    }

    /// The other bridges that are there on a day.
    pub(super) fn standing(&self, date: Date) -> Vec<&OtherBridge> {
        let there = |other: &&OtherBridge| other.since.is_none_or(|since| since <= date);
        self.others.iter().filter(there).collect()
    }

    /// Height of the line above the ground at a chainage, m.
    pub(super) fn height_at(&self, chainage_m: f64) -> f64 {
        let (start_m, end_m) = self.bridge_m;
        let away_m = (start_m - chainage_m).max(chainage_m - end_m).max(0.0);
        let down = (away_m / RAMP_M).min(1.0);
        self.height_m + (EMBANKMENT_HEIGHT_M - self.height_m) * down
    }

    /// Lateral extent of the deck, m.
    pub(super) fn deck_m(&self) -> (f64, f64) {
        let bed = (-BED_M - WALKWAY_M, BED_M + WALKWAY_M);
        match self.lane_m {
            Some(lane_m) => (
                bed.0.min(lane_m - LANE_M - WALKWAY_M),
                bed.1.max(lane_m + LANE_M + WALKWAY_M),
            ),
            None => bed,
        }
    }
}

/// How much of a cell of size `cell_m` about `at_m` lies between two bounds,
/// 0..1: exact for a cell that is not turned, and summing over cells to the
/// true width for any place of the bounds between them.
pub(super) fn overlap(at_m: f64, cell_m: f64, (from_m, to_m): (f64, f64)) -> f32 {
    let low = (at_m - 0.5 * cell_m).max(from_m);
    let high = (at_m + 0.5 * cell_m).min(to_m);
    ((high - low) / cell_m).max(0.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_sum_to_the_width_wherever_it_lies() {
        for shift in [0.0, 0.3, 1.1, 2.4] {
            let total: f64 = (0..20)
                .map(|i| {
                    f64::from(overlap(
                        f64::from(i) * 2.5,
                        2.5,
                        (10.0 + shift, 13.15 + shift),
                    ))
                })
                .sum();
            assert!((total * 2.5 - 3.15).abs() < 1e-5, "{shift}: {total}");
        }
        assert!(overlap(0.0, 1.0, (5.0, 9.0)) == 0.0);
    }
}
