//! From values to colours: one pixel a cell of the strip.

use image::{Rgb, RgbImage};
use ndarray::{Array2, Array3, ArrayView2, Axis as Dim};

use crate::capture::{BandRole, Modality};
use crate::pipeline::{CutOut, Piece};
use crate::stats::{mad_sigma, quantile};

/// Panels of a chip, in this order from the top.
pub(super) const TITLES: [&str; 4] = ["before", "capture", "background", "difference"];

/// Percentiles that become black and white: a few specks may saturate, the
/// train may not.
const STRETCH: (f64, f64) = (0.01, 0.995);
/// Cells this close to the track set the contrast, m and pixels: what lies
/// beside it, snow or water, may saturate.
const NEAR: (f64, f64) = (12.0, 2.0);
/// What half of the cells near the track stay below, of white.
const MIDDLE: f64 = 0.42;
/// Bounds of the exponent that brings it there.
const GAMMAS: (f64, f64) = (0.45, 1.0);
/// A difference is shown to at least so many times its scatter, so that noise
/// stays dark.
const LEAST_RANGE: f64 = 8.0;
/// The same for radar, dB.
const LEAST_RANGE_DB: f64 = 9.0;
/// Where nothing is known.
const BLANK: Rgb<u8> = Rgb([38, 42, 49]);
/// Diverging and readable without red and green (after Crameri 2018): darker
/// than predicted, as predicted, brighter than predicted.
const DARKER: [[f64; 3]; 3] = [
    [26.0, 29.0, 34.0],
    [38.0, 113.0, 178.0],
    [190.0, 224.0, 255.0],
];
const BRIGHTER: [[f64; 3]; 3] = [
    [26.0, 29.0, 34.0],
    [217.0, 119.0, 6.0],
    [255.0, 232.0, 176.0],
];

/// The four panels of a cut-out; `None` where there is nothing to show.
pub(super) struct Panels {
    /// In the order of [`TITLES`].
    pub(super) images: [Option<RgbImage>; 4],
    /// The difference that is shown brightest, in words.
    pub(super) range: String,
}

/// Colours a cut-out.
///
/// Capture and background share one stretch, so that they compare; the earlier
/// capture has its own, for the light was another.
pub(super) fn panels(cutout: &CutOut) -> Panels {
    let shown = shown_bands(&cutout.bands);
    let near_m = NEAR.0.max(NEAR.1 * cutout.gsd_m);
    let near: Vec<usize> = (0..cutout.offset.len)
        .filter(|&row| cutout.offset.at_m(row).abs() <= near_m)
        .collect();
    let capture = &cutout.capture;
    let mut both = vec![(&capture.values, &capture.clear)];
    both.extend(cutout.background.as_ref().map(|b| (b, &capture.clear)));
    let common = Stretch::of(&both, shown, &near);
    let before = cutout.before.as_ref().map(|before| {
        let Piece { values, clear } = &before.piece;
        Stretch::of(&[(values, clear)], shown, &near).paint(values, clear)
    });
    let background = cutout.background.as_ref();
    let difference = background.map(|b| difference(cutout, b));
    let range = difference
        .as_ref()
        .map_or(String::new(), |d| d.range(cutout.modality));
    Panels {
        images: [
            before,
            Some(common.paint(&capture.values, &capture.clear)),
            background.map(|b| common.paint(b, &capture.clear)),
            difference.map(|d| d.paint(&capture.clear)),
        ],
        range,
    }
}

/// Indices of red, green and blue; three times the first band where one is missing.
fn shown_bands(bands: &[BandRole]) -> [usize; 3] {
    let at = |role| bands.iter().position(|b| *b == role);
    match (at(BandRole::Red), at(BandRole::Green), at(BandRole::Blue)) {
        (Some(red), Some(green), Some(blue)) => [red, green, blue],
        _ => [0; 3],
    }
}

/// What becomes black and what white, for each colour.
struct Stretch {
    bands: [usize; 3],
    limits: [(f64, f64); 3],
    gamma: f64,
}

impl Stretch {
    /// The stretch that shows best what lies near the track; `near` are rows.
    fn of(pieces: &[(&Array3<f32>, &Array2<bool>)], bands: [usize; 3], near: &[usize]) -> Self {
        let mut middles = 0.0;
        let limits = bands.map(|band| {
            let mut seen: Vec<f64> = Vec::new();
            for (values, clear) in pieces {
                let rows = values.index_axis(Dim(0), band).select(Dim(0), near);
                seen.extend(clear_values(rows.view(), &clear.select(Dim(0), near)));
            }
            let low = quantile(&seen, STRETCH.0).unwrap_or(0.0);
            let high = quantile(&seen, STRETCH.1).unwrap_or(1.0);
            let high = high.max(low + f64::EPSILON);
            middles += (quantile(&seen, 0.5).unwrap_or(low) - low) / (high - low);
            (low, high)
        });
        let gamma = MIDDLE.ln() / (middles / 3.0).clamp(0.001, 0.999).ln();
        Self {
            bands,
            limits,
            gamma: gamma.clamp(GAMMAS.0, GAMMAS.1),
        }
    }

    fn paint(&self, values: &Array3<f32>, clear: &Array2<bool>) -> RgbImage {
        painted(clear, |row, column| {
            let mut colour = [0; 3];
            for ((tone, band), (low, high)) in colour.iter_mut().zip(self.bands).zip(self.limits) {
                let value = f64::from(values[[band, row, column]]);
                let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
                *tone = (255.0 * share.powf(self.gamma)).round() as u8;
            }
            Rgb(colour)
        })
    }
}

fn clear_values(values: ArrayView2<f32>, clear: &Array2<bool>) -> Vec<f64> {
    let cells = values.iter().zip(clear);
    let clear = cells.filter(|(_, clear)| **clear);
    clear.map(|(value, _)| f64::from(*value)).collect()
}

/// A picture with one pixel a cell; what is not clear is dim and hatched.
fn painted(clear: &Array2<bool>, colour: impl Fn(usize, usize) -> Rgb<u8>) -> RgbImage {
    let (rows, columns) = clear.dim();
    RgbImage::from_fn(columns as u32, rows as u32, |x, y| {
        let (row, column) = (y as usize, x as usize);
        let colour = colour(row, column);
        if clear[[row, column]] {
            return colour;
        }
        let stripe = if (row + column) % 6 < 2 {
            120
        } else {
            BLANK.0[0]
        };
        Rgb(colour
            .0
            .map(|tone| ((u32::from(tone) + 2 * u32::from(stripe)) / 3) as u8))
    })
}

/// Capture less background, signed: in sigma of its scatter, or dB.
struct Difference {
    values: Array2<f64>,
    most: f64,
}

/// Over several bands it is the root mean square of their z scores, with the
/// sign of their sum: trains are a change of colour as often as of brightness.
fn difference(cutout: &CutOut, background: &Array3<f32>) -> Difference {
    let capture = &cutout.capture;
    let bands = capture.values.len_of(Dim(0));
    let shape = capture.clear.dim();
    let (mut sum, mut square) = (Array2::<f64>::zeros(shape), Array2::<f64>::zeros(shape));
    for band in 0..bands {
        let apart = &capture.values.index_axis(Dim(0), band) - &background.index_axis(Dim(0), band);
        let unit = match cutout.modality {
            Modality::Optical => {
                let seen = clear_values(apart.view(), &capture.clear);
                mad_sigma(&seen).filter(|sigma| *sigma > 0.0).unwrap_or(1.0)
            }
            Modality::Sar => 1.0,
        };
        for ((sum, square), apart) in sum.iter_mut().zip(&mut square).zip(&apart) {
            let z = f64::from(*apart) / unit;
            *sum += z;
            *square += z * z / bands as f64;
        }
    }
    let mut values = square.mapv(f64::sqrt);
    values.zip_mut_with(&sum, |value, sum| *value = value.copysign(*sum));
    let seen = values.iter().zip(&capture.clear).filter(|(_, c)| **c);
    let sizes: Vec<f64> = seen.map(|(v, _)| v.abs()).collect();
    let least = match cutout.modality {
        Modality::Optical => LEAST_RANGE,
        Modality::Sar => LEAST_RANGE_DB,
    };
    Difference {
        most: quantile(&sizes, STRETCH.1).unwrap_or(least).max(least),
        values,
    }
}

impl Difference {
    fn paint(&self, clear: &Array2<bool>) -> RgbImage {
        painted(clear, |row, column| {
            let share = self.values[[row, column]] / self.most;
            let ramp = if share < 0.0 { &DARKER } else { &BRIGHTER };
            along(ramp, share.abs().min(1.0))
        })
    }

    fn range(&self, modality: Modality) -> String {
        match modality {
            Modality::Optical => format!("{:.0} sigma", self.most),
            Modality::Sar => format!("{:.0} dB", self.most),
        }
    }
}

/// A colour between three, `share` of 0 the first and of 1 the last.
fn along(ramp: &[[f64; 3]; 3], share: f64) -> Rgb<u8> {
    let (from, to, part) = if share < 0.5 {
        (ramp[0], ramp[1], 2.0 * share)
    } else {
        (ramp[1], ramp[2], 2.0 * share - 1.0)
    };
    let tone = |k: usize| (from[k] + (to[k] - from[k]) * part).round() as u8;
    Rgb([tone(0), tone(1), tone(2)])
}
