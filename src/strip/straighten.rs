//! From native pixels to a strip, each interpolated once.

use ndarray::{Array2, Array3, Axis};

use super::mask::flags_at;
use super::spec::DIRECTION_REACH_M;
use super::{Shift, Spline, Strip, StripSpec, eroded};
use crate::capture::Modality;
use crate::geo::{Alignment, Direction, FrameToPixel, PixelPoint, Point};
use crate::source::Corridor;

const COVERED: u8 = 1;
const CLEAR: u8 = 2;

/// What is taken off the edge of valid data, px. One pixel keeps the taps of the
/// spline on known pixels; optical products are resampled, which blends their
/// outermost pixels with what lies beyond.
const fn covered_margin_px(modality: Modality) -> usize {
    match modality {
        Modality::Optical => 2,
        Modality::Sar => 1,
    }
}

/// A corridor made ready to be sampled anywhere, as often as needed: spline
/// coefficients and masks, 17 bytes a pixel for up to four bands.
#[derive(Debug, Clone)]
pub struct Prepared {
    spline: Spline,
    flags: Array2<u8>,
    to_pixel: FrameToPixel,
}

/// Values and masks on some set of places.
pub(super) struct Sampled {
    pub(super) values: Array3<f32>,
    pub(super) covered: Array2<bool>,
    pub(super) clear: Array2<bool>,
}

impl Prepared {
    /// Prefilters the bands of a corridor.
    #[must_use]
    pub fn new(corridor: &Corridor) -> Self {
        let known = known_pixels(corridor);
        let inner = eroded(&known, covered_margin_px(corridor.origin.modality));
        let mut flags = inner.mapv(|m| if m { COVERED } else { 0 });
        flags.zip_mut_with(&corridor.clear, |flag, &clear| {
            if clear {
                *flag |= CLEAR;
            }
        });
        Self {
            spline: Spline::through(&corridor.values, &known),
            flags,
            to_pixel: corridor.to_pixel.clone(),
        }
    }

    /// The strip along an alignment, at a shift of this capture.
    ///
    /// A cell is covered where it lies well inside valid data (two pixels, one of
    /// radar), and clear where it is covered and no pixel beside it is masked.
    #[must_use]
    pub fn straighten(&self, alignment: &Alignment, spec: &StripSpec, shift: Shift) -> Strip {
        self.straighten_aside(alignment, spec, shift, |_| 0.0)
    }

    /// The same where the track of this capture lies beside its place: by so many
    /// metres to the right at each chainage cell.
    #[must_use]
    pub fn straighten_aside(
        &self,
        alignment: &Alignment,
        spec: &StripSpec,
        shift: Shift,
        aside_m: impl Fn(usize) -> f64,
    ) -> Strip {
        let stations: Vec<(Point, Direction)> = (0..spec.chainage.len)
            .map(|i| station(alignment, spec.chainage.at_m(i)))
            .collect();
        let shape = (spec.offset.len, spec.chainage.len);
        let sampled = self.sampled(shape, |row, col| {
            let (centre, right) = &stations[col];
            let offset_m = spec.offset.at_m(row) + aside_m(col);
            Point {
                east_m: centre.east_m + offset_m * right.east - shift.east_m,
                north_m: centre.north_m + offset_m * right.north - shift.north_m,
            }
        });
        Strip {
            chainage: spec.chainage,
            offset: spec.offset,
            values: sampled.values,
            covered: sampled.covered,
            clear: sampled.clear,
        }
    }

    /// Values and masks at the places, in the capture as delivered, that
    /// `place(row, column)` names.
    pub(super) fn sampled(
        &self,
        (rows, cols): (usize, usize),
        place: impl Fn(usize, usize) -> Point,
    ) -> Sampled {
        let bands = self.spline.bands();
        let mut out = Sampled {
            values: Array3::zeros((bands, rows, cols)),
            covered: Array2::from_elem((rows, cols), false),
            clear: Array2::from_elem((rows, cols), false),
        };
        let mut places = Vec::with_capacity(cols);
        for row in 0..rows {
            places.clear();
            places.extend((0..cols).map(|col| self.to_pixel.apply(place(row, col))));
            self.spline
                .sample_line(&places, out.values.index_axis_mut(Axis(1), row));
            let states = out
                .covered
                .row_mut(row)
                .into_iter()
                .zip(out.clear.row_mut(row));
            for ((covered, clear), at) in states.zip(&places) {
                (*covered, *clear) = state_at(&self.flags, *at);
            }
        }
        out
    }
}

/// Covered pixels whose values are numbers in every band.
fn known_pixels(corridor: &Corridor) -> Array2<bool> {
    let mut known = corridor.covered.clone();
    for band in corridor.values.outer_iter() {
        known.zip_mut_with(&band, |k, value| *k &= value.is_finite());
    }
    known
}

/// Whether a place is covered, and whether it is clear.
fn state_at(flags: &Array2<u8>, at: PixelPoint) -> (bool, bool) {
    let common = flags_at(flags, at);
    (common & COVERED != 0, common == common | COVERED | CLEAR)
}

/// The centre of the track at a chainage, and the unit vector to its right,
/// from the chord over [`DIRECTION_REACH_M`] to both sides.
fn station(alignment: &Alignment, chainage_m: f64) -> (Point, Direction) {
    let before = alignment.point_at(chainage_m - DIRECTION_REACH_M, 0.0);
    let after = alignment.point_at(chainage_m + DIRECTION_REACH_M, 0.0);
    let (east, north) = (after.east_m - before.east_m, after.north_m - before.north_m);
    let chord_m = east.hypot(north);
    let along = if chord_m > DIRECTION_REACH_M * 1e-3 {
        Direction {
            east: east / chord_m,
            north: north / chord_m,
        }
    } else {
        // A hairpin: the chord says nothing.
        alignment.direction_at(chainage_m)
    };
    (alignment.point_at(chainage_m, 0.0), along.right())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::strip::fixture::corridor;
    use proptest::prelude::*;

    fn point(east_m: f64, north_m: f64) -> Point {
        Point { east_m, north_m }
    }

    fn wavy(_: usize, p: Point) -> f32 {
        let wave = |x_m: f64, long_m: f64| (x_m * std::f64::consts::TAU / long_m).sin();
        (wave(p.east_m, 41.0) * wave(p.north_m, 53.0) + wave(p.east_m + p.north_m, 29.0)) as f32
    }

    fn line(vertices: &[(f64, f64)]) -> Alignment {
        let vertices: Vec<Point> = vertices.iter().map(|&(e, n)| point(e, n)).collect();
        Alignment::through(&vertices).unwrap()
    }

    #[test]
    fn chainage_and_offset_lie_where_they_should() {
        // A plane tells where each cell was sampled: east + 1000 north.
        let scene = corridor(1, 120, 3.0, |_, p| (p.east_m + 1000.0 * p.north_m) as f32);
        let track = line(&[(-30.0, 6.0), (30.0, 6.0)]);
        let spec = StripSpec::for_track(track.length_m(), 3.0).unwrap();
        let strip = Prepared::new(&scene).straighten(&track, &spec, Shift::default());
        // Looking east, right is south: chainage 40 is at east 10.
        let (i, j) = (spec.offset.cell_at(9.0), spec.chainage.cell_at(40.0));
        let expected = spec.chainage.at_m(j) - 30.0 + 1000.0 * (6.0 - spec.offset.at_m(i));
        assert!((f64::from(strip.values[[0, i, j]]) - expected).abs() < 0.5);
        // A positive shift brings content from the west and the south.
        let shift = Shift {
            east_m: 4.0,
            north_m: 2.0,
        };
        let moved = Prepared::new(&scene).straighten(&track, &spec, shift);
        let change = moved.values[[0, i, j]] - strip.values[[0, i, j]];
        assert!((change + 2004.0).abs() < 0.5, "{change}");
        // A track 5 m to the right lies 5 m farther south, from the middle on.
        let aside = |cell: usize| if cell >= j { 5.0 } else { 0.0 };
        let aside = Prepared::new(&scene).straighten_aside(&track, &spec, Shift::default(), aside);
        let change = |j: usize| aside.values[[0, i, j]] - strip.values[[0, i, j]];
        assert!((change(j) + 5000.0).abs() < 0.5 && change(j - 1).abs() < 1e-3);
    }

    #[test]
    fn a_strip_in_pieces_is_the_strip() {
        // A cell knows nothing of the piece that it is sampled in: only the last
        // digits of its chainage round differently.
        let scene = corridor(2, 120, 3.0, |b, p| wavy(b, p) + b as f32);
        let track = line(&[(-90.0, 6.0), (10.0, -14.0), (90.0, 30.0)]);
        let spec = StripSpec::for_track(track.length_m(), 3.0).unwrap();
        let scene = Prepared::new(&scene);
        let whole = scene.straighten(&track, &spec, Shift::default());
        for border in [1, 40, spec.chainage.len - 1] {
            for cells in [0..border, border..spec.chainage.len] {
                let piece = StripSpec {
                    chainage: crate::strip::Axis {
                        first_m: spec.chainage.at_m(cells.start),
                        len: cells.len(),
                        ..spec.chainage
                    },
                    ..spec
                };
                let piece = scene.straighten(&track, &piece, Shift::default());
                let of_whole = ndarray::Slice::from(cells);
                let values = whole.values.slice_axis(ndarray::Axis(2), of_whole);
                for (a, b) in piece.values.iter().zip(values) {
                    assert!((a - b).abs() < 1e-5, "{a} {b}");
                }
                let clear = whole.clear.slice_axis(ndarray::Axis(1), of_whole);
                assert_eq!(piece.clear, clear);
            }
        }
    }

    #[test]
    fn masks_keep_away_from_edges_and_clouds() {
        let mut scene = corridor(1, 60, 3.0, |_, _| 0.2);
        scene.clear[[30, 30]] = false;
        for row in 0..60 {
            scene.covered[[row, 40]] = false;
            scene.clear[[row, 40]] = false;
            scene.values[[0, row, 40]] = f32::NAN;
        }
        let track = line(&[(-60.0, -1.5), (60.0, -1.5)]);
        let spec = StripSpec {
            chainage: crate::strip::Axis {
                first_m: 1.5,
                step_m: 3.0,
                len: 40,
            },
            offset: crate::strip::Axis {
                first_m: 0.0,
                step_m: 3.0,
                len: 1,
            },
        };
        let strip = Prepared::new(&scene).straighten(&track, &spec, Shift::default());
        // Chainage cell k lies on the centre of column 10 + k, row 30.
        let covered: Vec<usize> = (0..40).filter(|&k| strip.covered[[0, k]]).collect();
        let expected: Vec<usize> = (0..28).chain(33..40).collect();
        assert_eq!(covered, expected);
        let dark: Vec<usize> = (0..40)
            .filter(|&k| strip.covered[[0, k]] && !strip.clear[[0, k]])
            .collect();
        assert_eq!(dark, [20]);
        assert!(strip.values.iter().all(|v| (v - 0.2).abs() < 1e-5));
        scene.origin.modality = Modality::Sar;
        let radar = Prepared::new(&scene).straighten(&track, &spec, Shift::default());
        let covered: Vec<usize> = (0..40).filter(|&k| radar.covered[[0, k]]).collect();
        let expected: Vec<usize> = (0..29).chain(32..40).collect();
        assert_eq!(covered, expected);
    }

    #[test]
    fn normals_turn_steadily_at_a_bend() {
        let track = line(&[(0.0, 0.0), (200.0, 0.0), (380.0, 80.0)]);
        let turn = |s: f64| {
            let (a, b) = (station(&track, s).1, station(&track, s + 1.0).1);
            (a.east * b.north - a.north * b.east).abs().asin()
        };
        let most = (0..379).map(|s| turn(f64::from(s))).fold(0.0, f64::max);
        // 24° over 40 m, and half as much again where it is fastest.
        assert!(most < 0.418 / 40.0 * 1.6, "{most}");
    }

    #[test]
    fn reversing_the_track_mirrors_the_strip() {
        let scene = corridor(2, 120, 3.0, wavy);
        let vertices = [(-60.0, -20.0), (0.0, 0.0), (50.0, 30.0)];
        let forth = line(&vertices);
        let back: Vec<(f64, f64)> = vertices.iter().rev().copied().collect();
        let back = line(&back);
        let spec = StripSpec::for_track(forth.length_m(), 3.0).unwrap();
        let prepared = Prepared::new(&scene);
        let shift = Shift {
            east_m: 1.3,
            north_m: -0.4,
        };
        let forth = prepared.straighten(&forth, &spec, shift);
        let mut back = prepared.straighten(&back, &spec, shift);
        back.values.invert_axis(Axis(1));
        back.values.invert_axis(Axis(2));
        back.clear.invert_axis(Axis(0));
        back.clear.invert_axis(Axis(1));
        assert_eq!(forth.clear, back.clear);
        for (a, b) in forth.values.iter().zip(&back.values) {
            assert!((a - b).abs() < 1e-5);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn shifting_by_whole_pixels_is_exact(rows in -4_i32..=4, cols in -4_i32..=4) {
            // The same content drawn some pixels off, and shifted back.
            let here = corridor(1, 120, 3.0, wavy);
            let (de, dn) = (3.0 * f64::from(cols), -3.0 * f64::from(rows));
            let there = corridor(1, 120, 3.0, |b, p| {
                wavy(b, point(p.east_m - de, p.north_m - dn))
            });
            let track = line(&[(-45.0, -20.0), (40.0, 30.0)]);
            let spec = StripSpec::for_track(track.length_m(), 3.0).unwrap();
            let still = Prepared::new(&here).straighten(&track, &spec, Shift::default());
            let moved = Prepared::new(&there).straighten(
                &track,
                &spec,
                Shift { east_m: -de, north_m: -dn },
            );
            for (cell, covered) in still.covered.indexed_iter() {
                if *covered && moved.covered[cell] {
                    let (a, b) = (still.values[[0, cell.0, cell.1]], moved.values[[0, cell.0, cell.1]]);
                    prop_assert!((a - b).abs() < 1e-3, "{a} {b}");
                }
            }
        }
    }
}
