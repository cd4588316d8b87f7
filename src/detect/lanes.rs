//! Where the tracks and road lanes of a series run, and how far to look beside them.

use super::template::{SHARP_M, WIDTH_M, overlap};

/// Blur of a strip (sensor and one cubic interpolation) in pixels, 1 sigma,
/// where the series has no train yet that shows it.
pub const DEFAULT_PSF_PX: f64 = 0.72;
/// Widest error of the centre line that is searched, m.
const TRACK_REACH_M: f64 = 5.0;
/// Templates of two lanes that overlap by more than this share are not told
/// apart: fitted together, the noise of both doubles, 1/√(1 − 0.85²). A lorry
/// beside a track that is not modelled costs more: at 10 m it is taken for a
/// piece of a train. A road lane on a deck lies 6 to 7 m from the track, which
/// this allows; tracks lie 4.5 m apart, which it does not.
const MOST_OVERLAP: f64 = 0.85;
/// With another track beside it, the line is searched over this share of the
/// distance: it shall not be taken for the other.
const OWN_SHARE: f64 = 0.45;
/// What lies so near to the end of the search is drawn there, m.
const RIM_M: f64 = 0.1;
/// Shadows that reach less far, m, are no more than the blur of a side of the train.
const LEAST_SHADOW_M: f64 = 0.5;
/// Ground beside a lane that takes part in a fit across, in blurs.
const BESIDE_PSF: f64 = 6.0;
/// Least half width of a fit across where the bed is not seen, m: a deck and
/// what lies beside it.
const LEAST_HALF_M: f64 = 18.0;
/// Reach of a fit to the side on which trains cast their shadows, m: half of a train,
/// less what its side is blurred and misplaced by.
const SHADED_REACH_M: f64 = 1.2;

/// The lanes of a series and the blur of its strips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lanes {
    /// Offset of the track's centre, m.
    pub track_m: f64,
    /// Offset of a road lane on the same deck, m.
    pub road_m: Option<f64>,
    /// Offset of the nearest other track to the left and to the right, m, as far
    /// as it is told apart from the track.
    pub beside_m: [Option<f64>; 2],
    /// How far to both sides of the given line the track is sought, m.
    pub reach_m: f64,
    /// Blur of the strips, 1 sigma of a Gaussian, m.
    pub psf_m: f64,
    /// Ground sample distance of the captures, m.
    pub gsd_m: f64,
    /// How far to the right of a train its shadow lies in most captures, m, to the left
    /// where negative; zero where that is not known.
    pub shadow_m: f64,
}

impl Lanes {
    /// The track on the given line, and a road lane if one is known.
    #[must_use]
    pub fn given(gsd_m: f64, road_m: Option<f64>) -> Self {
        Self {
            track_m: 0.0,
            road_m,
            beside_m: [None; 2],
            reach_m: TRACK_REACH_M,
            psf_m: DEFAULT_PSF_PX * gsd_m,
            gsd_m,
            shadow_m: 0.0,
        }
    }

    /// The same with trains that cast shadows so far to the right, m.
    #[must_use]
    pub fn shaded(self, shadow_m: f64) -> Self {
        Self { shadow_m, ..self }
    }

    /// Which side, left or right, a fit across leaves out: that of the shadow, where
    /// pixels show it apart from its train and no other lane casts its own on the ground
    /// to the other side.
    pub(super) fn left_out(&self) -> [bool; 2] {
        let shadow_m = self.shadow_m.abs();
        let sharp = self.psf_m <= SHARP_M && shadow_m >= LEAST_SHADOW_M;
        let shaded_m = 0.0..=self.half_width_m() + 0.5 * WIDTH_M + shadow_m;
        let in_the_sun_m = |m: f64| (self.track_m - m) * self.shadow_m.signum();
        let others = &self.centres()[1..];
        let lit = !others.iter().any(|m| shaded_m.contains(&in_the_sun_m(*m)));
        [-1.0, 1.0].map(|side| sharp && lit && side * self.shadow_m > 0.0)
    }

    /// How far to the left and to the right of a lane the fit across reaches, m: to a side
    /// that is left out, not past the train.
    pub(super) fn reach_across_m(&self) -> [f64; 2] {
        let half_m = self.half_width_m();
        self.left_out()
            .map(|out| if out { SHADED_REACH_M } else { half_m })
    }

    /// How far it reaches to a side whose ground is seen, m: past the blur of a train,
    /// and over enough of the ground to tell a lane from it. Sharp pixels show that on
    /// the bed itself; farther off lie other surfaces.
    pub(super) fn half_width_m(&self) -> f64 {
        if self.psf_m <= SHARP_M {
            0.5 * WIDTH_M + BESIDE_PSF * self.psf_m
        } else {
            (BESIDE_PSF * self.psf_m).max(LEAST_HALF_M)
        }
    }

    /// The same with other tracks at these offsets, m.
    ///
    /// Those told apart become lanes of their own; beside others the track is
    /// where its line says, because the energy of both has one peak.
    #[must_use]
    pub fn beside(mut self, offsets_m: &[f64]) -> Self {
        for &offset_m in offsets_m {
            if !told_apart(offset_m, self.psf_m) {
                self.reach_m = 0.0;
                continue;
            }
            let side = &mut self.beside_m[usize::from(offset_m > 0.0)];
            if side.is_none_or(|m| offset_m.abs() < f64::abs(m)) {
                *side = Some(offset_m);
            }
            self.reach_m = self.reach_m.min(OWN_SHARE * offset_m.abs());
        }
        self
    }

    /// The other tracks' offsets if the track is at `track_m`, m.
    pub(super) fn neighbours(&self, track_m: f64) -> impl Iterator<Item = f64> {
        let moved_m = track_m - self.track_m;
        self.beside_m
            .into_iter()
            .flatten()
            .map(move |m| m + moved_m)
    }

    /// Without the lanes farther to the left and to the right of the track than this.
    pub(super) fn within(mut self, [left_m, right_m]: [f64; 2]) -> Self {
        let near = |m: &f64| (-left_m..=right_m).contains(&(m - self.track_m));
        self.road_m = self.road_m.filter(near);
        self.beside_m = self.beside_m.map(|m| m.filter(near));
        self
    }

    pub(super) fn centres(&self) -> Vec<f64> {
        [Some(self.track_m), self.road_m]
            .into_iter()
            .chain(self.beside_m)
            .flatten()
            .collect()
    }

    /// Whether a place lies within reach of the line, and not where the search ends.
    pub(super) fn reaches(&self, track_m: f64) -> bool {
        track_m.abs() < self.reach_m - RIM_M
    }
}

/// Whether a strip of this blur, m, tells a track `distance_m` to either side
/// of another apart from it.
///
/// ```
/// use railspan::detect::told_apart;
/// // Two tracks 4.5 m apart at 0.5, 3 and 10 m pixels.
/// assert_eq!([0.72, 2.2, 7.2].map(|psf| told_apart(4.5, psf)), [true, true, false]);
/// ```
#[must_use]
pub fn told_apart(distance_m: f64, psf_m: f64) -> bool {
    overlap(distance_m, psf_m) <= MOST_OVERLAP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_in_the_shadow_is_left_out() {
        let sharp = Lanes::given(0.5, None);
        // 1.6 m and six blurs of 0.36 m.
        let half_m = 3.76;
        let close = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).abs() + (a[1] - b[1]).abs() < 1e-9;
        assert!(close(sharp.reach_across_m(), [half_m, half_m]));
        assert!(close(sharp.shaded(3.0).reach_across_m(), [half_m, 1.2]));
        assert!(close(sharp.shaded(-3.0).reach_across_m(), [1.2, half_m]));
        // A shadow of less than a pixel, and pixels that mix it with the train.
        assert!(close(sharp.shaded(0.3).reach_across_m(), [half_m, half_m]));
        let coarse = Lanes::given(3.0, None).shaded(3.0);
        assert!(close(coarse.reach_across_m(), [18.0, 18.0]));
    }

    #[test]
    fn lanes_that_the_fit_does_not_reach_are_left_out_too() {
        let lanes = Lanes::given(1.0, Some(5.0)).shaded(3.0);
        let kept = lanes.within(lanes.reach_across_m());
        assert_eq!(kept.centres(), [0.0]);
        let kept = Lanes::given(1.0, Some(5.0)).within([5.92; 2]);
        assert_eq!(kept.centres(), [0.0, 5.0]);
    }

    #[test]
    fn ground_in_the_shadow_of_something_else_is_no_reference() {
        let lanes = |road_m: f64| Lanes::given(0.5, Some(road_m)).shaded(3.0);
        // What runs 8 m to the left casts its shadow up to 3.4 m from the track; at 9 m
        // it leaves the ground in the sun. To the right it casts it away.
        assert_eq!(lanes(-8.0).left_out(), [false, false]);
        assert_eq!(lanes(-9.0).left_out(), [false, true]);
        assert_eq!(lanes(6.0).left_out(), [false, true]);
        let track = Lanes::given(0.5, None).shaded(-3.0);
        assert_eq!(track.beside(&[4.5]).left_out(), [false, false]);
        assert_eq!(track.beside(&[-4.5]).left_out(), [true, false]);
    }
}
