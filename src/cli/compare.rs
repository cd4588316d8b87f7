//! `railspan compare`: published counts beside the series.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Finish;
use super::output::{print, screen};
use crate::error::{Error, Result};
use crate::report::{Comparison, printable};
use crate::series::{DEFAULT_STORE, Series, load};
use crate::site::built_in;
use crate::trend::compare::{Places, compare, read_counts};

/// Hold counts that people published against the series
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan compare --counts published.csv
  railspan compare --counts published.csv --place \"Friendship bridge=dandong\"
  railspan compare --counts mine.csv --days 2 --format csv > compared.csv

The file is CSV, separated by commas, semicolons or tabs. It has the columns
date (a day, month or year, or two of them with a / between), site, quantity,
value and unit; a column crossing may give the crossing's id. Like is compared
with like:
  train_length, cargo_row_length  in m       lengths of trains
  train_cars, train_vehicles      in railcars, vehicles, coaches
                                             the interval of cars of a train
  railcars_total                             that of all trains together
  trains_visible, trains_in_month in trains  trains, each once
A quantity that ends in _min or _max is a bound. Where no capture is usable
near the day, a count is not observed, which is no disagreement.")]
pub(super) struct CompareArgs {
    /// The store to read.
    #[arg(long, value_name = "STORE", default_value = DEFAULT_STORE)]
    store: PathBuf,
    /// The counts, as CSV.
    #[arg(long, value_name = "FILE")]
    counts: PathBuf,
    /// Which crossing a site of the file is, by its name or words of it; may
    /// be given several times.
    #[arg(long, value_name = "SITE=CROSSING", value_parser = place)]
    place: Vec<(String, String)>,
    /// Days that a capture may lie from the day of a count, which is taken as
    /// UTC: by day, east Asia has the same date.
    #[arg(long, value_name = "DAYS", default_value = "0", value_parser = days)]
    #[arg(allow_negative_numbers = true)]
    days: u32,
    /// A table to read, or figures for programs.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
}

fn place(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((site, id)) if !site.trim().is_empty() && !id.trim().is_empty() => {
            Ok((site.to_owned(), id.trim().to_owned()))
        }
        _ => Err("not SITE=CROSSING, such as \"Friendship bridge=dandong\"".to_owned()),
    }
}

fn days(text: &str) -> Result<u32, String> {
    let days = text.parse();
    days.map_err(|_| "give whole days, 0 or more".to_owned())
}

impl CompareArgs {
    /// Refuses crossings that neither the store holds nor railspan knows.
    fn check_places(&self, series: &Series) -> Result<()> {
        let mut known: BTreeSet<String> = built_in()?.into_iter().map(|c| c.id).collect();
        known.extend(series.observations.iter().map(|o| o.key.crossing.clone()));
        match self.place.iter().find(|(_, id)| !known.contains(id)) {
            None => Ok(()),
            Some((_, id)) => {
                let known: Vec<String> = known.iter().map(|id| printable(id)).collect();
                let expected = format!("a crossing, such as {}", known.join(", "));
                Err(Error::value("--place", printable(id), expected))
            }
        }
    }

    pub(super) fn run(&self) -> Result<Finish> {
        let counts = read_counts(&self.counts)?;
        let places = Places::new(self.place.iter().cloned());
        let series = load(&self.store)?;
        self.check_places(&series)?;
        let compared = compare(&series, &counts, &places, self.days);
        let comparison = Comparison::new(compared);
        print(&match self.format {
            Format::Table => comparison.screen_text(screen()),
            Format::Json => comparison.to_json(),
            Format::Csv => comparison.to_csv()?,
        })?;
        Ok(Finish::Complete)
    }
}
