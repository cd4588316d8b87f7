//! `railspan summary`: what the series says, on one screen a crossing.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Finish;
use super::output::{print, screen};
use super::review::Counted;
use crate::error::Result;
use crate::report::{screen_text, summarise};
use crate::series::DEFAULT_STORE;
use crate::trend::{By, Question};

/// Sum up what was seen: a headline, a table by period and a chart of lengths
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan summary
  railspan summary --store 2024.gpkg --crossing dandong --by quarter
  railspan summary --format csv > summary.csv

All figures are of trains of one least length and of the captures that would
find one so long. Periods without such a capture are gaps, never zeros. A train
counts once however long it stands; a train that runs out of view counts as at
least so long. Trends are told only from enough; else the line says what is
missing. Colours are shown on a terminal only, and not where NO_COLOR is set.")]
pub(super) struct SummaryArgs {
    /// The store to read.
    #[arg(long, value_name = "STORE", default_value = DEFAULT_STORE)]
    store: PathBuf,
    /// One crossing only.
    #[arg(long, value_name = "ID")]
    crossing: Option<String>,
    /// Length of a period.
    #[arg(long, value_enum, default_value = "month")]
    by: Period,
    /// Shortest train that counts; captures that would miss one so long are
    /// left out. Without it, the limit at which most trains and captures count.
    #[arg(long, value_name = "METRES", value_parser = metres, allow_negative_numbers = true)]
    min_length: Option<f64>,
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
        let question = Question {
            by,
            min_length_m: self.min_length,
        };
        let mut summary = summarise(
            &self.counted.load(&self.store)?,
            self.crossing.as_deref(),
            question,
        )?;
        summary.decisions = self.counted.which();
        print(&match self.format {
            Format::Table => screen_text(&summary, screen()),
            Format::Json => summary.to_json(),
            Format::Csv => summary.to_csv()?,
        })?;
        Ok(Finish::Complete)
    }
}

/// A length that a user gives.
pub(super) fn metres(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if value.is_finite() && value > 0.0 {
        Ok(value)
    } else {
        Err("give a length above 0 m, or leave the option out".to_owned())
    }
}
