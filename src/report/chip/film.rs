//! The film of a train: its four panels one below the other, one pixel a
//! cell, with what they show written into the file.

use std::io::Cursor;
use std::path::Path;

use image::{GenericImage, RgbImage};
use serde::{Deserialize, Serialize};

use super::tone::Panels;
use crate::error::{Error, Result};
use crate::pipeline::CutOut;

/// Keyword of the text in the file (PNG specification, 11.3.3).
const KEYWORD: &str = "railspan";

/// What a film shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::report) struct Frame {
    /// Chainage of its left edge, m.
    pub(in crate::report) from_m: f64,
    /// Chainage of its right edge, m.
    pub(in crate::report) to_m: f64,
    /// Height of one panel on the ground, m.
    pub(in crate::report) across_m: f64,
    /// Which panels show something, in order.
    pub(in crate::report) shown: [bool; 4],
    /// The difference shown brightest, in words.
    pub(in crate::report) range: String,
    /// Day and time of the earlier capture, RFC 3339; empty where there is none.
    pub(in crate::report) before: String,
}

/// A film: pixels and what they show.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Film {
    /// What it shows.
    pub(in crate::report) frame: Frame,
    /// The panels, from the top.
    pub(in crate::report) image: RgbImage,
}

impl Film {
    /// The film of a cut-out.
    pub(super) fn of(cutout: &CutOut, panels: &Panels) -> Self {
        let (columns, rows) = (cutout.chainage.len as u32, cutout.offset.len as u32);
        let mut image = RgbImage::new(columns, rows * panels.images.len() as u32);
        for (panel, k) in panels.images.iter().zip(0..) {
            if let Some(panel) = panel {
                // It fits: all panels are on the same cells.
                let _ = image.copy_from(panel, 0, k * rows);
            }
        }
        let half_m = 0.5 * cutout.chainage.step_m;
        Self {
            frame: Frame {
                from_m: cutout.chainage.first_m - half_m,
                to_m: cutout.chainage.at_m(cutout.chainage.len.saturating_sub(1)) + half_m,
                across_m: cutout.offset.step_m * f64::from(rows),
                shown: [0, 1, 2, 3].map(|k: usize| panels.images[k].is_some()),
                range: panels.range.clone(),
                before: cutout
                    .before
                    .as_ref()
                    .map_or_else(String::new, |b| b.acquired.to_string()),
            },
            image,
        }
    }

    /// The file, as PNG.
    ///
    /// # Errors
    /// Where memory runs out.
    pub(super) fn to_png(&self) -> Result<Vec<u8>> {
        let wrong = |e: png::EncodingError| Error::value("film", e, "writable as PNG");
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.image.width(), self.image.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // Numbers and texts: this cannot fail.
        let text = serde_json::to_string(&self.frame).unwrap_or_default();
        encoder
            .add_itxt_chunk(KEYWORD.to_owned(), text)
            .map_err(wrong)?;
        let mut writer = encoder.write_header().map_err(wrong)?;
        writer
            .write_image_data(self.image.as_raw())
            .map_err(wrong)?;
        writer.finish().map_err(wrong)?;
        Ok(file)
    }

    /// Reads a film back.
    ///
    /// # Errors
    /// Where the file is none of railspan's films.
    pub(in crate::report) fn read(path: &Path) -> Result<Self> {
        let file = std::fs::read(path).map_err(Error::io(path))?;
        Self::from_png(file).ok_or_else(|| {
            Error::content(
                path,
                "is no film of a train",
                "run railspan again to make it anew",
            )
        })
    }

    fn from_png(file: Vec<u8>) -> Option<Self> {
        let mut reader = png::Decoder::new(Cursor::new(file)).read_info().ok()?;
        let texts = &reader.info().utf8_text;
        let text = texts
            .iter()
            .find(|t| t.keyword == KEYWORD)?
            .get_text()
            .ok()?;
        let frame = serde_json::from_str(&text).ok()?;
        let (width, height) = (reader.info().width, reader.info().height);
        let mut pixels = vec![0; reader.output_buffer_size()?];
        let read = reader.next_frame(&mut pixels).ok()?;
        if (read.color_type, read.bit_depth) != (png::ColorType::Rgb, png::BitDepth::Eight) {
            return None;
        }
        pixels.truncate(read.buffer_size());
        let image = RgbImage::from_raw(width, height, pixels)?;
        Some(Self { frame, image })
    }
}
