//! `railspan run`, `extract` and `detect`: from folders of imagery to the series.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use indicatif::MultiProgress;

use super::Finish;
use super::batch::{Batch, Extracted};
use super::crossings::CrossingsFile;
use super::imagery::Imagery;
use super::lines::{LOOK_ANEW, lines_for};
use super::progress::Bars;
use crate::error::{Error, Result};
use crate::pipeline::{Cache, Memo, Workers, workers};
use crate::series::{Claim, DEFAULT_STORE, Patience};
use crate::site::Crossing;

/// Where results go and who works.
#[derive(Debug, Args)]
pub(super) struct Place {
    #[command(flatten)]
    crossings: CrossingsFile,
    /// The series: a GeoPackage, made where it is missing, or the address of
    /// a PostGIS database
    #[arg(long, value_name = "STORE", default_value = DEFAULT_STORE)]
    store: PathBuf,
    /// Wait where another run is writing to the store, instead of giving up
    #[arg(long)]
    wait: bool,
    /// Do everything again, known captures too; lines may change then
    #[arg(long)]
    recompute: bool,
    /// Folder for what was cut out of the imagery, so that a second run is
    /// fast; safe to delete. <STORE>.cache where not given
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Most that the cache may hold, GiB; what was used longest ago goes first
    #[arg(long, value_name = "GIB", default_value_t = 8.0)]
    cache_size: f64,
    /// False alarms per observation of an empty track to aim at: 0.01 is one
    /// in a hundred. Lower takes more evidence for a train, higher less
    #[arg(long, value_name = "RATE", default_value_t = 0.01, value_parser = rate)]
    false_alarms: f64,
    /// Threads; 0 for all cores
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    jobs: usize,
}

/// Find the trains in folders of imagery and add them to the series
///
/// Captures may come in any mixture of sensors and formats. Every capture that
/// touches a crossing becomes a row of the series, clouded and broken ones
/// included. Running a folder again does only what is new in it, and what that
/// changes for the other captures of the same track.
///
/// The store keeps the lines that it was made along. Without --crossings a run
/// goes on along those; a new store starts with the built-in crossings. Another
/// line for a track that the store has looked at is refused, unless
/// --recompute looks at all of it again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan run downloads
  railspan run planet sentinel-2 --store tumen.gpkg --jobs 4
  railspan run yard --crossings yard.geojson
  railspan run downloads --store postgresql://me@server/trains

Exit codes: 0 all captures processed; 1 could not start, or nothing could be
processed; 2 wrong usage; 3 finished, but some captures failed.")]
pub(super) struct RunArgs {
    #[command(flatten)]
    imagery: Imagery,
    #[command(flatten)]
    place: Place,
}

/// Cut the corridors out of folders of imagery, for a later `railspan detect`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan extract downloads/2023 --store tumen.gpkg
  railspan extract downloads/2024 --store tumen.gpkg
  railspan detect --store tumen.gpkg")]
pub(super) struct ExtractArgs {
    #[command(flatten)]
    imagery: Imagery,
    #[command(flatten)]
    place: Place,
}

/// Find the trains in the corridors that were extracted
#[derive(Debug, Args)]
#[command(after_help = "Example:
  railspan detect --store tumen.gpkg")]
pub(super) struct DetectArgs {
    #[command(flatten)]
    place: Place,
}

impl RunArgs {
    pub(super) fn run(&self, bars: &MultiProgress) -> Result<Finish> {
        let started = Started::of(&self.place)?;
        let claim = started.claim(&self.place)?;
        let bars = Bars::new(bars.clone());
        let batch = started.batch(&bars);
        let extracted = batch.extract(&self.imagery)?;
        if extracted.nothing_to_keep() {
            return Err(nothing(&self.imagery, &extracted));
        }
        let finish = batch.detect(claim, self.imagery.folders(), &extracted)?;
        if extracted.kept.is_empty() {
            return Err(nothing(&self.imagery, &extracted));
        }
        Ok(finish)
    }
}

impl ExtractArgs {
    pub(super) fn run(&self, bars: &MultiProgress) -> Result<Finish> {
        let started = Started::of(&self.place)?;
        let bars = Bars::new(bars.clone());
        let batch = started.batch(&bars);
        let extracted = batch.extract(&self.imagery)?;
        batch.remember();
        if extracted.kept.is_empty() {
            return Err(nothing(&self.imagery, &extracted));
        }
        Ok(extracted.finish())
    }
}

impl DetectArgs {
    pub(super) fn run(&self, bars: &MultiProgress) -> Result<Finish> {
        let started = Started::of(&self.place)?;
        let claim = started.claim(&self.place)?;
        let bars = Bars::new(bars.clone());
        started
            .batch(&bars)
            .detect(claim, &[], &Extracted::default())
    }
}

/// What a command works with once its arguments are checked.
struct Started {
    crossings: Vec<Crossing>,
    cache: Cache,
    memo: Memo,
    anew: bool,
    false_alarms: f64,
    workers: Workers,
    stop: Arc<AtomicBool>,
}

impl Started {
    fn of(place: &Place) -> Result<Self> {
        if !(place.cache_size.is_finite() && place.cache_size >= 0.0) {
            return Err(Error::Usage {
                problem: format!("--cache-size {} is no size", place.cache_size),
                remedy: "give a number of GiB".to_owned(),
            });
        }
        let folder = place
            .cache
            .clone()
            .unwrap_or_else(|| Cache::beside(&place.store).folder().to_path_buf());
        let stop = Arc::new(AtomicBool::new(false));
        stop_on_interrupt(&stop);
        Ok(Self {
            crossings: lines_for(&place.store, &place.crossings, place.recompute, LOOK_ANEW)?,
            memo: if place.recompute {
                Memo::forget(&folder)
            } else {
                Memo::open(&folder)
            },
            anew: place.recompute,
            false_alarms: place.false_alarms,
            cache: Cache::at(folder, (place.cache_size * f64::from(1 << 30)) as u64),
            workers: workers(place.jobs)?,
            stop,
        })
    }

    fn claim(&self, place: &Place) -> Result<Claim> {
        let patience = if place.wait {
            Patience::Until(&self.stop)
        } else {
            Patience::None
        };
        Claim::take(&place.store, patience)
    }

    fn batch<'a>(&'a self, bars: &'a Bars) -> Batch<'a> {
        Batch {
            crossings: &self.crossings,
            cache: &self.cache,
            memo: &self.memo,
            anew: self.anew,
            false_alarms: self.false_alarms,
            workers: &self.workers,
            watch: bars,
            stop: &self.stop,
        }
    }
}

/// A rate of false alarms: above 0 and at most 1.
fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if rate > 0.0 && rate <= 1.0 {
        Ok(rate)
    } else {
        Err("give a rate above 0 and at most 1, such as 0.01".to_owned())
    }
}

/// The first interrupt lets what is under way finish, the second ends the program.
fn stop_on_interrupt(stop: &Arc<AtomicBool>) {
    let flag = Arc::clone(stop);
    let set = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        log::warn!("stopping after what is under way; once more to stop at once");
    });
    if let Err(error) = set {
        log::debug!("interrupts end the program at once: {error}");
    }
}

fn nothing(imagery: &Imagery, extracted: &Extracted) -> Error {
    let why = if extracted.captures == 0 {
        "no captures found"
    } else if extracted.touching == 0 {
        "no capture touches a crossing"
    } else {
        "no capture could be read"
    };
    Error::content(
        imagery.names(),
        why,
        "`railspan captures` shows what a folder holds, `railspan crossings` which places are watched",
    )
}
