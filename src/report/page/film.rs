//! Films of the trains as the page carries them: as they are where there are
//! few, smaller where there are many.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, resize};
use image::{ImageFormat, RgbImage};
use serde::Serialize;

use super::words::script_json;
use crate::report::ChipFolder;
use crate::report::chip::Film;
use crate::series::Train;

/// What all films of a page may take together, bytes: with a third more for
/// being written as text, well below 20 MB with 1,000 trains.
const ALL_BYTES: usize = 12_500_000;
/// What one film may take at most, bytes.
const MOST_BYTES: usize = 120_000;
/// JPEG qualities, and by how much the picture is made smaller, tried in order
/// until the film fits.
const STEPS: [(u8, u32); 5] = [(90, 1), (80, 1), (80, 2), (70, 3), (60, 4)];

/// A film on the page.
#[derive(Debug, Serialize)]
struct Shown {
    from: f64,
    to: f64,
    across: f64,
    shown: [bool; 4],
    range: String,
    before: String,
    src: String,
}

/// The films of all trains that have one, by the number of the train on the page.
pub(super) struct Films {
    films: Vec<Option<Shown>>,
}

impl Films {
    /// Reads the films of a series' trains; a train without one is shown without.
    pub(super) fn of(trains: &[Train], chips: &ChipFolder) -> Self {
        let most = (ALL_BYTES / trains.len().max(1)).min(MOST_BYTES);
        let read = |train: &Train| {
            let path = chips.film(train);
            if !path.exists() {
                return None;
            }
            match Film::read(&path) {
                Ok(film) => shown(film, most),
                Err(error) => {
                    log::warn!("{error}");
                    None
                }
            }
        };
        Self {
            films: trains.iter().map(read).collect(),
        }
    }

    /// Whether train `number` has a film.
    pub(super) fn has(&self, number: usize) -> bool {
        self.films.get(number).is_some_and(Option::is_some)
    }

    /// All of them, as JSON that can stand inside a script element.
    pub(super) fn json(&self) -> String {
        script_json(&self.films)
    }
}

fn shown(film: Film, most: usize) -> Option<Shown> {
    let (kind, bytes) = fitting(&film.image, most)?;
    let frame = film.frame;
    Some(Shown {
        from: frame.from_m,
        to: frame.to_m,
        across: frame.across_m,
        shown: frame.shown,
        range: frame.range,
        before: frame.before,
        src: format!("data:image/{kind};base64,{}", BASE64.encode(bytes)),
    })
}

/// The best picture of at most so many bytes; the smallest where none fits.
fn fitting(image: &RgbImage, most: usize) -> Option<(&'static str, Vec<u8>)> {
    let mut png = Vec::new();
    image
        .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
        .ok()?;
    if png.len() <= most {
        return Some(("png", png));
    }
    let mut last = None;
    for (quality, smaller) in STEPS {
        let (width, height) = (image.width() / smaller, image.height() / smaller);
        let picture = resize(image, width.max(1), height.max(1), FilterType::Triangle);
        let mut jpeg = Vec::new();
        picture
            .write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, quality))
            .ok()?;
        let fits = jpeg.len() <= most;
        last = Some(("jpeg", jpeg));
        if fits {
            break;
        }
    }
    last
}
