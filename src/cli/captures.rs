//! `railspan captures`: what folders hold, before anything is measured.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Finish;
use super::captures_table::table;
use super::crossings::CrossingsFile;
use super::imagery::Imagery;
use crate::capture::{Capture, Problem};
use crate::error::{Error, Result};
use crate::geo::Grid;
use crate::pipeline::{Coverage, Memo, grids, plan, workers};
use crate::report::printable;
use crate::site::Crossing;

/// List the captures in folders: when, by what, which crossings they cover
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan captures downloads
  railspan captures downloads --crossings mine.geojson --format json")]
pub(super) struct CapturesArgs {
    #[command(flatten)]
    imagery: Imagery,
    #[command(flatten)]
    crossings: CrossingsFile,
    /// How to write the list.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, 80 columns wide.
    Table,
    /// For programs.
    Json,
}

/// All that is said about the folders.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Listed {
    pub(super) captures: Vec<Row>,
    pub(super) problems: Vec<Problem>,
    /// Which of several copies was taken, and the like.
    pub(super) notes: Vec<String>,
}

/// One capture.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) acquired: jiff::Timestamp,
    pub(super) sensor: String,
    pub(super) platform: String,
    pub(super) gsd_m: Option<f64>,
    pub(super) crs: Option<String>,
    /// Names of the masks, each once.
    pub(super) masks: Vec<String>,
    /// The delivered scenes, as a person would name them.
    pub(super) scenes: Vec<std::path::PathBuf>,
    pub(super) covers: Vec<Covered>,
}

/// How much of a track a capture covers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Covered {
    pub(super) crossing: String,
    pub(super) track: String,
    /// Share of the track inside the frame of the scenes, 0..1.
    #[serde(rename = "covered_fraction")]
    pub(super) share: f64,
    /// Length of the track, m.
    pub(super) length_m: f64,
}

impl CapturesArgs {
    pub(super) fn run(&self) -> Result<Finish> {
        let crossings = self.crossings.read()?;
        let listed = self.list(&crossings)?;
        print!("{}", self.format.write(&listed));
        if listed.captures.is_empty() {
            return Err(Error::unsupported(format!(
                "no imagery that can be used in {}",
                self.imagery.names()
            )));
        }
        let covered = |row: &Row| row.covers.iter().any(|c| c.share > 0.0);
        if !listed.captures.iter().any(covered) {
            log::warn!("{}", elsewhere(&crossings));
        }
        Ok(if listed.problems.is_empty() {
            Finish::Complete
        } else {
            Finish::SomeFailed
        })
    }

    fn list(&self, crossings: &[Crossing]) -> Result<Listed> {
        let workers = workers(0)?;
        let memo = Memo::default();
        let inventory = self.imagery.scan(&workers, &memo)?;
        let plan = plan(&inventory.captures, crossings, &workers, &memo);
        let grids = grids(&inventory.captures, &workers);
        let mut problems = inventory.problems;
        let mut captures = Vec::new();
        for (index, capture) in inventory.captures.iter().enumerate() {
            if let Some(failure) = plan.failures.iter().find(|f| f.capture == index) {
                let product = &capture.first().product;
                problems.push(Problem::from_error(product, &failure.error));
            }
            let touched = || plan.coverage.iter().filter(|c| c.capture == index);
            let covers = touched().map(|c| covered(c, crossings)).collect();
            let seen_m = touched().map(|c| c.gsd_m).next();
            let grid = grids.get(index).and_then(|g| g.as_ref().ok());
            captures.push(Row {
                gsd_m: seen_m.or(capture.first().gsd_m),
                covers,
                ..row_of(capture, grid)
            });
        }
        Ok(Listed {
            captures,
            problems,
            notes: inventory.notes,
        })
    }
}

/// What to do where no capture lies on a crossing.
fn elsewhere(crossings: &[Crossing]) -> String {
    let ids: Vec<&str> = crossings.iter().map(|c| c.id.as_str()).collect();
    format!(
        "no capture lies on a crossing (looked for {}); give lines of your own with --crossings \
         FILE, or imagery of these places: `railspan crossings show` says where they are",
        printable(&ids.join(", "))
    )
}

impl Format {
    fn write(self, listed: &Listed) -> String {
        match self {
            Self::Table => table(listed),
            Self::Json => {
                let text = serde_json::to_string_pretty(listed);
                text.unwrap_or_default() + "\n"
            }
        }
    }
}

fn row_of(capture: &Capture, grid: Option<&Grid>) -> Row {
    let first = capture.first();
    let mut masks: Vec<String> = capture
        .scenes
        .iter()
        .flat_map(|s| s.masks.iter().map(|m| m.name.clone()))
        .collect();
    masks.sort();
    masks.dedup();
    Row {
        id: capture.id.clone(),
        acquired: capture.datetime,
        sensor: first.sensor.clone(),
        platform: first.platform.clone(),
        crs: grid.map(|g| g.crs.clone()),
        masks,
        scenes: capture.scenes.iter().map(|s| s.product.clone()).collect(),
        ..Row::default()
    }
}

fn covered(coverage: &Coverage, crossings: &[Crossing]) -> Covered {
    let track = crossings
        .iter()
        .filter(|c| c.id == coverage.crossing)
        .flat_map(|c| &c.tracks)
        .find(|t| t.id == coverage.track);
    Covered {
        crossing: coverage.crossing.clone(),
        track: coverage.track.clone(),
        share: coverage.covered,
        length_m: track.map_or(0.0, |t| t.alignment.length_m()),
    }
}
