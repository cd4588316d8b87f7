//! `railspan summary`: what the series says, on one screen a crossing.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use console::Term;

use super::Finish;
use super::output::print;
use super::review::Counted;
use crate::error::Result;
use crate::report::{Screen, screen_text, summarise};
use crate::series::DEFAULT_STORE;
use crate::trend::By;

/// Columns where standard output is no terminal.
const DEFAULT_WIDTH: usize = 80;

/// Sum up what was seen: a headline, a table by period and a chart of lengths
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan summary
  railspan summary --store 2024.gpkg --crossing dandong --by quarter
  railspan summary --format csv > summary.csv

Periods without a usable capture are gaps, never zeros. Colours are shown on a
terminal only, and not where NO_COLOR is set.")]
pub(super) struct SummaryArgs {
    /// The store to read.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_STORE)]
    store: PathBuf,
    /// One crossing only.
    #[arg(long, value_name = "ID")]
    crossing: Option<String>,
    /// Length of a period.
    #[arg(long, value_enum, default_value = "month")]
    by: Period,
    /// A screen to read, or figures for programs.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    counted: Counted,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Period {
    Month,
    Quarter,
    Year,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
}

impl SummaryArgs {
    pub(super) fn run(&self) -> Result<Finish> {
        let by = match self.by {
            Period::Month => By::Month,
            Period::Quarter => By::Quarter,
            Period::Year => By::Year,
        };
        let summary = summarise(
            &self.counted.load(&self.store)?,
            self.crossing.as_deref(),
            by,
        )?;
        print(&match self.format {
            Format::Table => screen_text(&summary, screen()),
            Format::Json => summary.to_json(),
            Format::Csv => summary.to_csv()?,
        })?;
        Ok(Finish::Complete)
    }
}

fn screen() -> Screen {
    let width = Term::stdout().size_checked().map(|(_, columns)| columns);
    Screen {
        width: width.map_or(DEFAULT_WIDTH, usize::from),
        colour: console::colors_enabled(),
    }
}
