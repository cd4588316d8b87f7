//! To which side of a track the shadows of trains fall.

use jiff::Timestamp;

use crate::geo::Sun;
use crate::site::Track;
use crate::stats::median;

/// Height of a train, m: roofs and coal stand 3 to 4.6 m above the rails.
const HEIGHT_M: f64 = 4.0;
/// The track's direction is taken so far apart, m.
const STEP_M: f64 = 50.0;
/// Share of places and pictures that must have their shadow on one side.
const ALIKE: f64 = 0.9;

/// How far to the right of trains their shadows lie, m, to the left where negative: the
/// median over the track and pictures taken at these times; zero where they lie on both
/// sides, here on the one and there on the other.
pub(super) fn shadow_m(track: &Track, times: impl Iterator<Item = Timestamp>) -> f64 {
    let line = &track.alignment;
    let places = (line.length_m() / STEP_M).ceil().max(1.0) as usize;
    let rights: Vec<_> = (0..places)
        .map(|k| line.direction_at((k as f64 + 0.5) / places as f64 * line.length_m()))
        .map(|along| along.right())
        .collect();
    let across_m: Vec<f64> = times
        .flat_map(|time| {
            let (east_m, north_m) = Sun::of_picture(time, track.frame.origin()).throws(HEIGHT_M);
            rights
                .iter()
                .map(move |r| r.east * east_m + r.north * north_m)
        })
        .collect();
    let middle_m = median(&across_m).unwrap_or_default();
    let same = across_m.iter().filter(|m| **m * middle_m > 0.0).count();
    if (same as f64) < ALIKE * across_m.len() as f64 {
        return 0.0;
    }
    middle_m
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::geo::{Alignment, Point};
    use crate::site::built_in;

    /// Tumen's track laid through these points, metres east and north.
    fn track(points: &[(f64, f64)]) -> Track {
        let points: Vec<_> = (points.iter())
            .map(|&(east_m, north_m)| Point { east_m, north_m })
            .collect();
        let mut track = built_in().unwrap().remove(0).tracks.remove(0);
        track.alignment = Alignment::through(&points).unwrap();
        track
    }

    fn shadow(points: &[(f64, f64)], times: &[&str]) -> f64 {
        let times = times.iter().map(|t| t.parse().unwrap());
        shadow_m(&track(points), times)
    }

    const NORTH: &[(f64, f64)] = &[(0.0, 0.0), (0.0, 300.0)];
    const SOUTH: &[(f64, f64)] = &[(0.0, 300.0), (0.0, 0.0)];
    /// 10:30 and 16:42 of local solar time.
    const MORNING: &str = "2022-03-21T01:47:00Z";
    const AFTERNOON: &str = "2022-03-21T08:00:00Z";

    #[test]
    fn in_the_morning_shadows_fall_to_the_west() {
        // At the equinox the sun stands on the celestial equator, 22.5° before noon: its
        // east component is sin 22.5°, its height cos 22.5° cos 42.4° at that latitude.
        let expected_m = -4.0 * 0.3827 / (0.9239 * 0.7385);
        let found_m = shadow(NORTH, &[MORNING]);
        assert!((found_m - expected_m).abs() < 0.1, "{found_m} {expected_m}");
        assert!((shadow(SOUTH, &[MORNING]) + found_m).abs() < 1e-9);
        assert!(shadow(NORTH, &[AFTERNOON]) > 3.0);
    }

    #[test]
    fn shadows_on_both_sides_are_on_none() {
        assert!(shadow(NORTH, &[MORNING, AFTERNOON]).abs() < 1e-9);
        let there_and_back = [(0.0, 0.0), (0.0, 300.0), (50.0, 300.0), (50.0, 0.0)];
        assert!(shadow(&there_and_back, &[MORNING]).abs() < 1e-9);
        assert!(shadow(NORTH, &[]).abs() < 1e-9);
    }
}
