//! `railspan report`: the series as a page to read, send and print.

use std::path::PathBuf;

use clap::Args;

use super::Finish;
use super::crossings::CrossingsFile;
use super::lines::{SHOW_ONLY, lines_for};
use super::review::Counted;
use super::summary::metres;
use crate::error::Result;
use crate::report::{ChipFolder, Page, only_crossing, page_html};
use crate::series::{DEFAULT_STORE, load_reviews, write_whole};
use crate::source::Home;

/// Write the series as one page: charts, trends, and every train with its chips
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan report
  railspan report --store tumen.gpkg --crossing tumen --out tumen.html

The page is one file that needs no network. The lines drawn are those that the
store was made along. Chips are taken from the folder beside the store into
which `railspan run` draws them.")]
pub(super) struct ReportArgs {
    /// The store to read.
    #[arg(long, value_name = "STORE", default_value = DEFAULT_STORE)]
    store: PathBuf,
    /// The file to write.
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    out: PathBuf,
    /// One crossing only.
    #[arg(long, value_name = "ID")]
    crossing: Option<String>,
    /// Shortest train that counts; captures that would miss one so long are
    /// left out. Without it, the limit at which most trains and captures count.
    #[arg(long, value_name = "METRES", value_parser = metres, allow_negative_numbers = true)]
    min_length: Option<f64>,
    #[command(flatten)]
    crossings: CrossingsFile,
    #[command(flatten)]
    counted: Counted,
}

impl ReportArgs {
    pub(super) fn run(&self) -> Result<Finish> {
        let mut series = self.counted.load(&self.store)?;
        if let Some(id) = &self.crossing {
            series = only_crossing(&series, id)?;
        }
        let name = Home::shown(&self.store);
        let name = name.file_name().unwrap_or_default();
        let page = page_html(&Page {
            store: &name.to_string_lossy(),
            series: &series,
            crossings: &lines_for(&self.store, &self.crossings, false, SHOW_ONLY)?,
            reviews: &load_reviews(&self.store)?,
            decisions: self.counted.which(),
            chips: &ChipFolder::beside(&self.store),
            min_length_m: self.min_length,
        })?;
        write_whole(&self.out, page.as_bytes())?;
        log::info!("{}", self.out.display());
        Ok(Finish::Complete)
    }
}
