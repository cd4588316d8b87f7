//! The sheet of a train: its panels enlarged, with the train outlined,
//! chainage and scale, for a person to look at.

use std::convert::Infallible;
use std::io::Cursor;

use embedded_graphics::mono_font::iso_8859_1::{FONT_8X13, FONT_8X13_BOLD};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};
use image::{Rgb, RgbImage};
use jiff::tz::TimeZone;

use super::tone::{Panels, TITLES};
use crate::error::{Error, Result};
use crate::pipeline::CutOut;
use crate::report::figures::WIDTH_95;
use crate::report::printable;
use crate::series::{Censored, Observation, Train};

/// Width that sheets aim at, px: a window of a small screen.
const WIDTH_PX: f64 = 1000.0;
/// A cell is never enlarged more, px.
const LARGEST_CELL_PX: f64 = 8.0;
/// Narrowest sheet, px: room for the labels.
const NARROWEST_PX: i32 = 620;
/// Blank about everything, px.
const MARGIN_PX: i32 = 16;
/// Width of a letter, px.
const LETTER_PX: i32 = 8;
/// Where the notes beside the titles of panels begin, px.
const NOTES_PX: i32 = MARGIN_PX + 12 * LETTER_PX;
/// A line of text with its blank, px.
const LINE_PX: i32 = 20;
/// Half width of the outline: the train's own and the blur of a pixel, m.
const OUTLINE_M: (f64, f64) = (4.0, 1.3);

const PAPER: Rgb888 = Rgb888::new(20, 23, 28);
const TEXT: Rgb888 = Rgb888::new(222, 226, 232);
const FAINT: Rgb888 = Rgb888::new(142, 150, 162);
const MARK: Rgb888 = Rgb888::new(255, 214, 10);
const EMPTY: Rgb888 = Rgb888::new(32, 36, 43);

/// What the sheet is of.
pub(super) struct Caption<'a> {
    pub(super) observation: &'a Observation,
    pub(super) train: &'a Train,
}

/// Draws the sheet, as PNG.
///
/// # Errors
/// Where memory runs out.
pub(super) fn sheet_png(
    caption: &Caption<'_>,
    cutout: &CutOut,
    panels: &Panels,
) -> Result<Vec<u8>> {
    let sheet = Sheet::of(cutout);
    let (lines, notes) = (caption.lines(), caption.notes(cutout, panels));
    let mut canvas = sheet.blank(longest_px(&lines, &notes));
    let mut top = MARGIN_PX;
    for (line, font) in lines.iter().zip([&FONT_8X13_BOLD, &FONT_8X13]) {
        canvas.text(line, (MARGIN_PX, top), font, TEXT);
        top += LINE_PX;
    }
    for ((image, title), note) in panels.images.iter().zip(TITLES).zip(&notes) {
        top += LINE_PX / 2;
        canvas.text(title, (MARGIN_PX, top), &FONT_8X13_BOLD, TEXT);
        canvas.text(note, (NOTES_PX, top), &FONT_8X13, FAINT);
        top += LINE_PX - 3;
        sheet.panel(&mut canvas, image.as_ref(), top);
        let whole = title != TITLES[0] && title != TITLES[2];
        sheet.outline(
            &mut canvas,
            (caption.train.start_m, caption.train.end_m),
            top,
            whole,
        );
        top += sheet.height_px;
    }
    sheet.chainages(&mut canvas, top);
    sheet.scale_bar(&mut canvas, top + 2 * LINE_PX - 4);
    let mut file = Vec::new();
    canvas
        .0
        .write_to(&mut Cursor::new(&mut file), image::ImageFormat::Png)
        .map_err(|e| Error::value("chip", e, "writable as PNG"))?;
    Ok(file)
}

impl Caption<'_> {
    fn lines(&self) -> [String; 2] {
        let (o, t) = (self.observation, self.train);
        let more = if t.censored == Censored::None {
            ""
        } else {
            "at least "
        };
        let place = format!("{} / {}", o.key.crossing, o.key.track);
        [
            printable(&format!(
                "{place}   {}   train {}",
                minute(o.acquired),
                t.train
            )),
            printable(&format!(
                "{more}{:.0} m ± {:.0} m (95 %), chainage {:.0} to {:.0} m, strength {:.1} sigma, {}, {}",
                t.length_m,
                WIDTH_95 * t.length_sigma_m,
                t.start_m,
                t.end_m,
                t.snr,
                t.polarity.word(),
                t.change.word()
            )),
        ]
    }

    fn notes(&self, cutout: &CutOut, panels: &Panels) -> [String; 4] {
        let o = self.observation;
        let before = cutout.before.as_ref().map_or_else(
            || "no earlier capture shows this place".to_owned(),
            |b| format!("{}  {}", minute(b.acquired), b.capture),
        );
        let capture = format!("{}  {}", minute(o.acquired), o.key.capture);
        let (background, difference) = if cutout.background.is_some() {
            let range = &panels.range;
            (
                "what the other captures predict for this moment".to_owned(),
                format!("orange brighter, blue darker than predicted, full at {range}"),
            )
        } else {
            ("not predicted".to_owned(), String::new())
        };
        [before, capture, background, difference].map(|note| printable(&note))
    }
}

fn minute(time: jiff::Timestamp) -> String {
    let time = TimeZone::UTC.to_datetime(time);
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// How metres become pixels of the sheet.
struct Sheet {
    /// Pixels a cell, along and across.
    cell_px: (i32, i32),
    width_px: i32,
    height_px: i32,
    from_m: f64,
    to_m: f64,
    across_m: f64,
    gsd_m: f64,
}

impl Sheet {
    fn of(cutout: &CutOut) -> Self {
        let (along, across) = (cutout.chainage, cutout.offset);
        let finest_m = along.step_m.min(across.step_m);
        let fitting = WIDTH_PX * finest_m / (along.step_m * along.len as f64);
        let finest_px = fitting.round().clamp(1.0, LARGEST_CELL_PX);
        let cell = |step_m: f64| (finest_px * step_m / finest_m).round() as i32;
        let cell_px = (cell(along.step_m), cell(across.step_m));
        let first_m = along.first_m - 0.5 * along.step_m;
        Self {
            cell_px,
            width_px: cell_px.0 * along.len as i32,
            height_px: cell_px.1 * across.len as i32,
            from_m: first_m,
            to_m: first_m + along.step_m * along.len as f64,
            across_m: across.step_m * across.len as f64,
            gsd_m: cutout.gsd_m,
        }
    }

    /// Room for the panels and for texts that reach to `text_px`, as far as
    /// that is no wider than a screen.
    fn blank(&self, text_px: i32) -> Canvas {
        let most_px = WIDTH_PX as i32 + 2 * MARGIN_PX;
        let width = (self.width_px + 2 * MARGIN_PX)
            .max(NARROWEST_PX)
            .max((text_px + MARGIN_PX).min(most_px));
        let lines = 2 * MARGIN_PX + 2 * LINE_PX + 4 * (LINE_PX / 2 + LINE_PX - 3) + 3 * LINE_PX;
        let height = lines + 4 * self.height_px;
        let paper = Rgb([PAPER.r(), PAPER.g(), PAPER.b()]);
        Canvas(RgbImage::from_pixel(width as u32, height as u32, paper))
    }

    fn x(&self, at_m: f64) -> i32 {
        let share = (at_m - self.from_m) / (self.to_m - self.from_m);
        MARGIN_PX + (share * f64::from(self.width_px)).round() as i32
    }

    fn panel(&self, canvas: &mut Canvas, image: Option<&RgbImage>, top: i32) {
        let Some(image) = image else {
            canvas.fill((MARGIN_PX, top), (self.width_px, self.height_px), EMPTY);
            return;
        };
        for (x, y, colour) in image.enumerate_pixels() {
            let [r, g, b] = colour.0;
            let corner = (
                MARGIN_PX + x as i32 * self.cell_px.0,
                top + y as i32 * self.cell_px.1,
            );
            canvas.fill(corner, self.cell_px, Rgb888::new(r, g, b));
        }
    }

    /// The train, as a frame or as marks at its ends only.
    fn outline(&self, canvas: &mut Canvas, (start_m, end_m): (f64, f64), top: i32, whole: bool) {
        let half_m = OUTLINE_M.0 + OUTLINE_M.1 * self.gsd_m;
        let px_per_m = f64::from(self.height_px) / self.across_m;
        let half_px = ((half_m * px_per_m) as i32).min(self.height_px / 2);
        let middle = top + self.height_px / 2;
        let (left, right) = (self.x(start_m), self.x(end_m));
        let arm = 6.min((right - left) / 2);
        for y in [middle - half_px, middle + half_px] {
            if whole {
                canvas.fill((left, y), (right - left, 1), MARK);
            } else {
                canvas.fill((left, y), (arm, 1), MARK);
                canvas.fill((right - arm, y), (arm, 1), MARK);
            }
        }
        for x in [left, right] {
            if whole {
                canvas.fill((x, middle - half_px), (1, 2 * half_px + 1), MARK);
            } else {
                canvas.fill((x, middle - half_px), (1, arm), MARK);
                canvas.fill((x, middle + half_px - arm + 1), (1, arm), MARK);
            }
        }
    }

    /// Chainages below the last panel.
    fn chainages(&self, canvas: &mut Canvas, top: i32) {
        let px_per_m = f64::from(self.width_px) / (self.to_m - self.from_m);
        let step_m = round_step_m(90.0 / px_per_m);
        let mut at_m = (self.from_m / step_m).ceil() * step_m;
        while at_m <= self.to_m {
            let x = self.x(at_m);
            canvas.fill((x, top + 2), (1, 6), FAINT);
            let label = chainage(at_m);
            let half = LETTER_PX / 2 * label.len() as i32;
            let room = half..=canvas.0.width() as i32 - half;
            if room.contains(&x) {
                canvas.centred(&label, (x, top + 10), FAINT);
            }
            at_m += step_m;
        }
    }

    fn scale_bar(&self, canvas: &mut Canvas, top: i32) {
        let px_per_m = f64::from(self.width_px) / (self.to_m - self.from_m);
        let length_m = round_step_m(100.0 / px_per_m);
        let length_px = (length_m * px_per_m).round() as i32;
        canvas.fill((MARGIN_PX, top + 5), (length_px, 3), TEXT);
        for x in [MARGIN_PX, MARGIN_PX + length_px - 1] {
            canvas.fill((x, top + 2), (1, 9), TEXT);
        }
        let words = format!(
            "{length_m:.0} m; chainage in metres, pixels of {} m",
            rounded(self.gsd_m)
        );
        canvas.text(&words, (MARGIN_PX + length_px + 10, top), &FONT_8X13, FAINT);
    }
}

/// A chainage in whole metres; zero has no sign.
fn chainage(at_m: f64) -> String {
    format!("{:.0}", at_m.round() + 0.0)
}

/// How far the longest line above the panels or note beside a title reaches, px.
fn longest_px(lines: &[String], notes: &[String]) -> i32 {
    let reach = |from: i32, texts: &[String]| {
        let longest = texts.iter().map(|text| text.chars().count()).max();
        from + LETTER_PX * longest.unwrap_or(0) as i32
    };
    reach(MARGIN_PX, lines).max(reach(NOTES_PX, notes))
}

/// Text cut to the letters that there is room for, with a sign that it goes on.
fn fitted(words: &str, room: usize) -> String {
    if words.chars().count() <= room {
        return words.to_owned();
    }
    let kept: String = words.chars().take(room.saturating_sub(3)).collect();
    format!("{kept}...")
}

fn rounded(gsd_m: f64) -> f64 {
    (gsd_m * 10.0).round() / 10.0
}

/// The smallest of 1, 2 and 5 times a power of ten, metres, that is not smaller.
pub(in crate::report) fn round_step_m(least_m: f64) -> f64 {
    let decade = 10_f64.powf(least_m.max(1.0).log10().floor());
    let round = [1.0, 2.0, 5.0].map(|m| m * decade);
    round
        .into_iter()
        .find(|s| *s >= least_m)
        .unwrap_or(10.0 * decade)
}

/// A picture that letters can be drawn on.
struct Canvas(RgbImage);

impl Canvas {
    fn fill(&mut self, corner: (i32, i32), size: (i32, i32), colour: Rgb888) {
        let size = Size::new(size.0.max(0) as u32, size.1.max(0) as u32);
        let area = Rectangle::new(Point::new(corner.0, corner.1), size);
        let Ok(()) = area
            .into_styled(PrimitiveStyle::with_fill(colour))
            .draw(self);
    }

    fn text(&mut self, words: &str, at: (i32, i32), font: &MonoFont<'_>, colour: Rgb888) {
        let style = MonoTextStyle::new(font, colour);
        let room = (self.0.width() as i32 - MARGIN_PX - at.0) / LETTER_PX;
        let words = &fitted(words, room.max(0) as usize);
        let at = Point::new(at.0, at.1);
        let Ok(_) = Text::with_baseline(words, at, style, Baseline::Top).draw(self);
    }

    fn centred(&mut self, words: &str, at: (i32, i32), colour: Rgb888) {
        let style = MonoTextStyle::new(&FONT_8X13, colour);
        let place = TextStyleBuilder::new()
            .alignment(Alignment::Center)
            .baseline(Baseline::Top)
            .build();
        let at = Point::new(at.0, at.1);
        let Ok(_) = Text::with_text_style(words, at, style, place).draw(self);
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            let (Ok(x), Ok(y)) = (u32::try_from(at.x), u32::try_from(at.y)) else {
                continue;
            };
            if let Some(pixel) = self.0.get_pixel_mut_checked(x, y) {
                *pixel = Rgb([colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::cutout;
    use super::super::tone::panels;
    use super::*;
    use crate::series::fixture;

    #[test]
    fn nothing_of_the_caption_is_cut_off() {
        let o = fixture::observation("dandong", "a", "2023-05-01T02:10:30Z");
        let (observation, mut trains) = fixture::with_trains(o, &[45.0]);
        trains[0].censored = Censored::End;
        let caption = Caption {
            observation: &observation,
            train: &trains[0],
        };
        let cutout = cutout(&trains[0]);
        let png = sheet_png(&caption, &cutout, &panels(&cutout)).unwrap();
        let width = image::load_from_memory(&png).unwrap().width() as usize;
        let letters = caption.lines().map(|line| line.chars().count());
        let longest = letters.into_iter().max().unwrap();
        assert!(8 * longest + 32 <= width, "{longest} letters on {width} px");
        assert!(width <= 1032);
    }

    #[test]
    fn names_that_are_too_long_say_so_and_zero_has_no_sign() {
        assert_eq!(fitted("a long name", 8), "a lon...");
        assert_eq!(fitted("a name", 8), "a name");
        assert_eq!([-0.2, 0.0, -12.0].map(chainage), ["0", "0", "-12"]);
    }
}
