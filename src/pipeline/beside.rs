//! Other tracks of a crossing that run beside one.

use crate::site::{Crossing, Track};

/// Tracks farther off than this are no neighbours, m: their trains do not
/// reach into the lateral fit.
const FARTHEST_M: f64 = 25.0;
/// Offsets of a parallel track stay within this, m: about half a train's width.
const SPREAD_M: f64 = 1.5;
/// A track beside another for less than this share of it is none of its neighbours.
const LEAST_SHARE: f64 = 0.5;
/// Distance of the places at which tracks are compared, m.
const STEP_M: f64 = 10.0;

/// Offsets of the tracks that run parallel to `track`, m, positive to the
/// right, in order of the crossing's tracks.
///
/// Tracks that diverge, as in a yard's throat, are left out: their trains are
/// no lane of constant offset.
pub(super) fn beside(track: &Track, crossing: &Crossing) -> Vec<f64> {
    crossing
        .tracks
        .iter()
        .filter(|other| other.id != track.id)
        .filter_map(|other| offset_m(track, other))
        .collect()
}

/// Mean offset of `other` along `track`, m, if it is parallel to it.
fn offset_m(track: &Track, other: &Track) -> Option<f64> {
    let length_m = track.alignment.length_m();
    let steps = (other.alignment.length_m() / STEP_M).ceil() as usize;
    let offsets: Vec<f64> = (0..=steps)
        .map(|i| other.alignment.length_m() * i as f64 / steps.max(1) as f64)
        .map(|at_m| other.frame.to_lon_lat(other.alignment.point_at(at_m, 0.0)))
        .map(|place| track.alignment.project(track.frame.to_point(place)))
        .filter(|(at_m, _)| (0.0..=length_m).contains(at_m))
        .map(|(_, offset_m)| offset_m)
        .collect();
    let (least, most) = offsets
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), m| {
            (a.min(*m), b.max(*m))
        });
    let long = offsets.len() as f64 * STEP_M >= LEAST_SHARE * length_m;
    let parallel = most - least <= SPREAD_M && least * most > 0.0;
    let mean_m = offsets.iter().sum::<f64>() / offsets.len().max(1) as f64;
    (long && parallel && mean_m.abs() <= FARTHEST_M).then_some(mean_m)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::geo::{Alignment, Point};
    use crate::site::built_in;

    /// The track moved `by_m(chainage)` to its right.
    fn moved(track: &Track, id: &str, by_m: impl Fn(f64) -> f64) -> Track {
        let steps = 40;
        let vertices: Vec<Point> = (0..=steps)
            .map(|i| track.alignment.length_m() * f64::from(i) / f64::from(steps))
            .map(|at_m| track.alignment.point_at(at_m, by_m(at_m)))
            .collect();
        Track {
            id: id.into(),
            alignment: Alignment::through(&vertices).unwrap(),
            ..track.clone()
        }
    }

    #[test]
    fn parallel_tracks_are_beside_each_other_and_others_are_not() {
        let mut crossing = built_in().unwrap().remove(0);
        let track = crossing.tracks.remove(0);
        let near = moved(&track, "near", |_| 4.5);
        let diverging = moved(&track, "diverging", |at_m| 5.0 + 0.02 * at_m);
        let far = moved(&track, "far", |_| -60.0);
        crossing.tracks = vec![track.clone(), near.clone(), diverging, far];
        let found = beside(&track, &crossing);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!((found[0] - 4.5).abs() < 0.3, "{found:?}");
        let back = beside(&near, &crossing);
        assert!((back[0] + 4.5).abs() < 0.3, "{back:?}");
    }
}
