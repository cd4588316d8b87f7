//! `railspan simulate`: series with full truth, to plan by and to test with.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use super::Finish;
use super::crossings::{CrossingsFile, find};
use crate::error::{Error, Result};
use crate::report::counted;
use crate::simulate::{Delivery, Nuisance, Scenario, Sensor, simulate, truth_path};
use crate::site::{Crossing, Track};

/// Render a series of a crossing with known trains, in a provider's layout
///
/// The folder holds what a download would; the truth goes beside it, as
/// <OUT>.truth.csv. The land is invented: only the line is the crossing's.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan simulate --crossing tumen --sensor sentinel-2 --captures 40 --out sim
  railspan simulate --crossing dandong --sensor planetscope --captures 12 \\
      --from 2022-01-05 --seed 7 --without clouds,snow --out sim
  railspan simulate --crossing tumen --sensor sentinel-2 --captures 30 \\
      --train-length 150 --occupied 0.5 --out would-150-m-be-seen
  railspan run sim --store sim.gpkg")]
pub(super) struct SimulateArgs {
    /// The crossing's id
    #[arg(long, value_name = "ID")]
    crossing: String,
    /// One track of it; the first where not given
    #[arg(long, value_name = "ID")]
    track: Option<String>,
    #[command(flatten)]
    crossings: CrossingsFile,
    /// What takes the pictures: sentinel-2, planetscope, vhr or sentinel-1
    #[arg(long)]
    sensor: Sensor,
    /// How many
    #[arg(long, default_value_t = 20)]
    captures: usize,
    /// Date of the first
    #[arg(long, default_value = "2022-01-05", value_name = "DATE")]
    from: Date,
    /// Equal seeds give equal files
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// New folder for the products
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Nothing goes wrong: one season, no clouds, all in place
    #[arg(long, conflicts_with = "without")]
    plain: bool,
    /// Leave out: seasons, snow, clouds, coverage, registration, bands,
    /// parallax, atmosphere, lorries, moving, parked, construction, ships
    #[arg(long, value_delimiter = ',', value_name = "WHAT")]
    without: Vec<Nuisance>,
    /// Nothing else goes wrong than these
    #[arg(long, value_delimiter = ',', value_name = "WHAT", conflicts_with_all = ["plain", "without"])]
    only: Vec<Nuisance>,
    /// Share of captures with a train of its own, 0 to 1
    #[arg(long, default_value_t = 0.45, value_name = "SHARE")]
    occupied: f64,
    /// All trains this long, metres
    #[arg(long, value_name = "METRES")]
    train_length: Option<f64>,
    /// Ground around the track, metres; by the sensor where not given
    #[arg(long, value_name = "METRES")]
    margin: Option<f64>,
}

impl SimulateArgs {
    pub(super) fn run(&self, bars: &indicatif::MultiProgress) -> Result<Finish> {
        let crossings = self.crossings.read()?;
        let crossing = find(&crossings, &self.crossing)?;
        let track = self.track_of(crossing)?;
        let bar = bars.add(indicatif::ProgressBar::new(self.captures as u64));
        let delivery = Delivery {
            crossing: &crossing.id,
            folder: &self.out,
        };
        let truth = simulate(track, &self.scenario(), &delivery, |done| {
            bar.set_position(done as u64);
            Ok(())
        })?;
        bar.finish_and_clear();
        let trains = truth.iter().filter(|row| row.start.is_some()).count();
        println!(
            "{} with {} in {}, truth in {}",
            counted(self.captures, "capture"),
            counted(trains, "train"),
            self.out.display(),
            truth_path(&self.out).display()
        );
        Ok(Finish::Complete)
    }

    fn track_of<'a>(&self, crossing: &'a Crossing) -> Result<&'a Track> {
        let wanted = |t: &&Track| self.track.as_ref().is_none_or(|id| *id == t.id);
        crossing.tracks.iter().find(wanted).ok_or_else(|| {
            let known: Vec<&str> = crossing.tracks.iter().map(|t| t.id.as_str()).collect();
            Error::Usage {
                problem: format!(
                    "{} has no track {:?}",
                    crossing.id,
                    self.track.as_deref().unwrap_or_default()
                ),
                remedy: format!("take one of {}", known.join(", ")),
            }
        })
    }

    fn scenario(&self) -> Scenario {
        let wanted = |n: &Nuisance| {
            !self.plain
                && !self.without.contains(n)
                && (self.only.is_empty() || self.only.contains(n))
        };
        let nuisances = Nuisance::ALL.into_iter().filter(wanted);
        Scenario {
            nuisances: nuisances.collect(),
            from: self.from,
            occupied: self.occupied,
            train_length_m: self.train_length,
            margin_m: self.margin,
            ..Scenario::new(self.sensor, self.captures, self.seed)
        }
    }
}
