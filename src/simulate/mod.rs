//! Simulated series with full truth: to plan by, and to test with.
//!
//! A scene is drawn on a grid finer than the sensor's (rivers, fields by
//! season, buildings and trees with shadows, bridges, tracks, trains), blurred
//! by the point spread, displaced and sampled once, then seen through clouds
//! and haze, and written as the provider would deliver it. Light is
//! conserved: a thing smaller than a pixel adds to each pixel what falls into it.
//!
//! Equal seeds give equal files, whatever else the machine does; leaving one
//! nuisance out leaves the rest as it was.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::site::Track;

mod canvas;
mod circumstances;
mod corridor;
mod decks;
mod ground;
mod land;
mod line;
mod masks;
mod optics;
mod places;
mod products;
mod radar;
mod random;
mod render;
mod scenario;
mod season;
mod sensor;
mod spectra;
mod traffic;
mod trains;
mod truth;
mod vehicles;
mod weather;

#[cfg(test)]
mod tests;

pub use scenario::{Nuisance, Scenario, Sensor};
pub use truth::TruthRow;

use products::Product;
use render::Studio;

/// Where a series is to go and what it is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery<'a> {
    /// Id of the crossing, for names and the truth.
    pub crossing: &'a str,
    /// Folder for the products; made where it is not there.
    pub folder: &'a Path,
}

/// Renders a series of a track and writes its products, and the truth beside
/// their folder as `<folder>.truth.csv`; `each` is told of every capture done.
/// Returns the truth.
///
/// # Errors
/// The scenario makes no sense, the folder holds something already, or it
/// cannot be written.
pub fn simulate(
    track: &Track,
    scenario: &Scenario,
    delivery: &Delivery<'_>,
    mut each: impl FnMut(usize) -> Result<()>,
) -> Result<Vec<TruthRow>> {
    let folder = delivery.folder;
    let truth_file = truth_path(folder);
    if fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()) {
        return Err(Error::content(
            folder,
            "there is something in this folder already",
            "name a new one, so that simulated files do not mix with others",
        ));
    }
    let studio = Studio::open(track, scenario)?;
    fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let mut truth = Vec::new();
    for (done, capture) in studio.captures.iter().enumerate() {
        let picture = studio.take(capture);
        let product = Product {
            sensor: scenario.sensor,
            folder,
            place: delivery.crossing,
            grid: &studio.canvas.product,
            seed: scenario.seed,
            capture,
            picture: &picture,
        };
        let id = product.write()?;
        truth.extend(truth::rows(
            &studio,
            (delivery.crossing, &id),
            capture,
            &picture,
        ));
        each(done + 1)?;
    }
    truth::write(&truth, &truth_file)?;
    Ok(truth)
}

/// Where the truth of a folder goes: beside it, never into it.
#[must_use]
pub fn truth_path(folder: &Path) -> PathBuf {
    let mut name = folder
        .file_name()
        .map_or_else(|| "simulated".into(), ToOwned::to_owned);
    name.push(".truth.csv");
    folder.with_file_name(name)
}
