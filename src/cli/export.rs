//! `railspan export`: the series as files for other programs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Finish;
use crate::error::Result;
use crate::series::{DEFAULT_STORE, ExportFormat, export, load, load_reviews};

/// Write the series as CSV, GeoJSON or Parquet files
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan export --out tables
  railspan export --store 2024.gpkg --out web --format geojson
  railspan export --out lake --format parquet

Two files are written: one row an observation, one row a train. Existing ones
are replaced. Where detections were decided on (`railspan review`), trains have
a column decision.")]
pub(super) struct ExportArgs {
    /// The store to read.
    #[arg(long, value_name = "STORE", default_value = DEFAULT_STORE)]
    store: PathBuf,
    /// The folder to write to; made where it is missing.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What to write.
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// observations.csv and trains.csv, train lines as WKT.
    Csv,
    /// observations.geojson and trains.geojson.
    Geojson,
    /// observations.parquet and trains.parquet, which holds the lines too.
    Parquet,
}

impl ExportArgs {
    pub(super) fn run(&self) -> Result<Finish> {
        let format = match self.format {
            Format::Csv => ExportFormat::Csv,
            Format::Geojson => ExportFormat::GeoJson,
            Format::Parquet => ExportFormat::Parquet,
        };
        let series = load(&self.store)?;
        let reviews = load_reviews(&self.store)?;
        for file in export(&series, &reviews, &self.out, format)? {
            log::info!("{}", file.display());
        }
        Ok(Finish::Complete)
    }
}
