//! Strips of ground along the track that are predicted each for itself.
//!
//! Pixels of a metre show the track bed as a surface of its own. Ice, snow and
//! water beside it change in other ways from capture to capture; one set of
//! coefficients for all of them follows whatever covers most of the strip, and
//! leaves the bed, where trains are looked for, with its errors. With coarser
//! pixels the bed is mixed with what lies beside it, and all is one zone.

use super::gradient::DECK_M;
use super::panel::Panel;

/// Pixels up to this size show the bed apart from the ground, m: a train of
/// 3.2 m covers two of them and its bed of twice that width four.
const SHOWS_BED_M: f64 = 1.6;
/// Half width of the bed, m: half a train, and 2.2 standard deviations of the
/// point spread of a working pixel of 1 m.
const BED_M: f64 = 3.2;

/// Half widths of the zones for pixels of this size, m, from the track
/// outwards; the last zone has no end.
pub(super) fn half_widths(gsd_m: f64) -> &'static [f64] {
    if gsd_m <= SHOWS_BED_M {
        &[BED_M, DECK_M, f64::INFINITY]
    } else {
        &[f64::INFINITY]
    }
}

impl Panel<'_> {
    /// Zone of each row of the strip: 0 for the track itself.
    pub(super) fn zones(&self) -> Vec<usize> {
        let (offset, _) = self.axes();
        let centre_m = self.occupied.map_or(0.0, |o| o.centre_m);
        let half_widths = self.settings.zones_m;
        let zone = |i: usize| {
            let away_m = (offset.at_m(i) - centre_m).abs();
            let inside = half_widths.iter().position(|half_m| away_m <= *half_m);
            inside.unwrap_or(half_widths.len())
        };
        (0..offset.len).map(zone).collect()
    }

    /// The rows of the strip in a zone.
    pub(super) fn rows_of_zone(&self, zone: usize) -> Vec<usize> {
        let zones = self.zones();
        (0..zones.len()).filter(|i| zones[*i] == zone).collect()
    }

    /// How far what moves with the track reaches, m. Zones move each for itself,
    /// and nothing does so besides: less than 0.
    pub(super) fn deck_m(&self) -> f64 {
        if self.settings.bed_apart() {
            -1.0
        } else {
            DECK_M
        }
    }

    /// Of the fit cells that are `clear` those of each zone, the track's zone
    /// first; all of them as one zone where one has fewer than `least`.
    pub(super) fn by_zone(
        &self,
        clear: Vec<bool>,
        zones: &[usize],
        least: usize,
    ) -> Vec<Vec<bool>> {
        let cells = self.axes().1.len;
        let count = zones.iter().max().map_or(1, |last| last + 1);
        let of_zone = |zone: usize| -> Vec<bool> {
            let held = self.cells.iter().map(|c| zones[c / cells] == zone);
            held.zip(&clear)
                .map(|(held, clear)| held && *clear)
                .collect()
        };
        let parts: Vec<Vec<bool>> = (0..count).map(of_zone).collect();
        let enough = |part: &Vec<bool>| part.iter().filter(|c| **c).count() >= least;
        if parts.iter().all(enough) {
            parts
        } else {
            vec![clear]
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ndarray::{Array2, Array3, Axis as Dim};

    use super::*;
    use crate::background::{PanelSettings, predict};
    use crate::strip::{Axis, Strip};

    const OFFSET: Axis = Axis {
        first_m: -15.0,
        step_m: 0.5,
        len: 61,
    };
    const CHAINAGE: Axis = Axis {
        first_m: 0.0,
        step_m: 1.0,
        len: 240,
    };

    #[test]
    fn only_sharp_pixels_show_a_bed() {
        assert_eq!([0.3, 1.0].map(|gsd_m| half_widths(gsd_m).len()), [3, 3]);
        assert_eq!([3.0, 10.0].map(|gsd_m| half_widths(gsd_m).len()), [1, 1]);
    }

    /// A bed whose brightness alone changes, on ground that is new in every capture.
    fn series() -> Vec<Strip> {
        let texture = |seed: usize| ((seed * 2_654_435_761) % 1009) as f32 / 1009.0;
        let bed = |j: usize| 0.1 + 0.05 * (j as f32 * 0.11).sin();
        let capture = |t: usize| {
            let clear = Array2::from_elem((OFFSET.len, CHAINAGE.len), true);
            Strip {
                offset: OFFSET,
                chainage: CHAINAGE,
                values: Array3::from_shape_fn((1, OFFSET.len, CHAINAGE.len), |(_, i, j)| {
                    if OFFSET.at_m(i).abs() <= BED_M {
                        (0.8 + 0.1 * t as f32) * bed(j)
                    } else {
                        0.3 * texture(1 + t + 7 * i + 431 * j)
                    }
                }),
                covered: clear.clone(),
                clear,
            }
        };
        (0..6).map(capture).collect()
    }

    #[test]
    fn a_bed_is_predicted_whatever_the_ground_does() {
        let strips = series();
        let wrong = {
            let settings = PanelSettings {
                zones_m: half_widths(1.0),
                ..PanelSettings::for_gsd(1.0)
            };
            // The noise of the bed is known from the second pass on.
            let panel = Panel::new(&strips, settings, None, None).unwrap();
            let first: Vec<_> = (0..6).map(|t| predict(&panel, t, None)).collect();
            let panel = Panel::new(&strips, settings, None, Some(&first)).unwrap();
            let left = predict(&panel, 2, first[2].as_ref()).unwrap();
            let left = left.residual(&strips[2].values);
            let track = left
                .index_axis(Dim(0), 0)
                .row(OFFSET.cell_at(0.0))
                .to_owned();
            track.iter().map(|v| v.abs()).sum::<f32>() / track.len() as f32
        };
        assert!(wrong < 0.004, "{wrong}");
    }
}
