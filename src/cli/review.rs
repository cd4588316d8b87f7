//! `railspan review`: detections out to a person, decisions back in.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Finish;
use crate::error::{Error, Result};
use crate::report::{ChipFolder, counted, printable};
use crate::series::{
    DEFAULT_STORE, Decisions, FilledIn, ObservationKey, Review, Series, Store, Train, decided,
    load, load_reviews, make_folder, read_review_csv, review_csv, reviewed, write_whole,
};
use crate::source::Home;

/// Rows of no detection that are named one by one.
const NAMED: usize = 20;

/// Have detections judged by a person: chips and a table out, decisions back in
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan review --out review          # review/review.csv and review/chips
  railspan review --merge review/review.csv
  railspan summary --decisions not-rejected

Fill in the column decision (accept, reject or unsure) and, if you like, note.
Rows without a decision change nothing. Decisions stay in the store, and count
for a detection of a later run too where it covers the same stretch of track.")]
pub(super) struct ReviewArgs {
    /// The store.
    #[arg(long, value_name = "STORE", default_value = DEFAULT_STORE)]
    store: PathBuf,
    /// The folder to write the table and the chips to; made where it is missing.
    #[arg(long, value_name = "DIR", required_unless_present = "merge")]
    out: Option<PathBuf>,
    /// A table that was filled in.
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    merge: Option<PathBuf>,
}

/// Which detections a command counts.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Counted {
    /// Which detections count, after `railspan review`.
    #[arg(long, value_enum, default_value = "all")]
    decisions: Which,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Which {
    /// All.
    All,
    /// Those that were accepted.
    Accepted,
    /// Those that were not rejected.
    NotRejected,
}

impl Counted {
    /// Which detections count.
    pub(super) fn which(self) -> Decisions {
        match self.decisions {
            Which::All => Decisions::All,
            Which::Accepted => Decisions::Accepted,
            Which::NotRejected => Decisions::NotRejected,
        }
    }

    /// The series of a store as far as it counts.
    pub(super) fn load(self, store: &Path) -> Result<Series> {
        match self.which() {
            Decisions::All => load(store),
            which => Ok(decided(load(store)?, &load_reviews(store)?, which)),
        }
    }
}

impl ReviewArgs {
    pub(super) fn run(&self) -> Result<Finish> {
        if let Some(out) = &self.out {
            self.export(out)?;
        }
        if let Some(table) = &self.merge {
            self.merge(table)?;
        }
        Ok(Finish::Complete)
    }

    fn export(&self, out: &Path) -> Result<()> {
        let (series, reviews) = (load(&self.store)?, load_reviews(&self.store)?);
        let chips = ChipFolder::beside(&self.store);
        make_folder(out)?;
        let path = out.join("review.csv");
        let waiting = waiting(&path, &reviews)?;
        if waiting > 0 {
            return Err(Error::content(
                &path,
                format!("not yet in the store: {}", counted(waiting, "decision")),
                "merge them with --merge first, or name another folder",
            ));
        }
        let pictures = out.join("chips");
        std::fs::create_dir_all(&pictures).map_err(Error::io(&pictures))?;
        let mut missing = 0;
        for train in &series.trains {
            let sheet = chips.sheet(train);
            if sheet.exists() {
                let copy = out.join(place(&chips, train));
                std::fs::copy(&sheet, &copy).map_err(Error::io(&copy))?;
            } else {
                missing += 1;
            }
        }
        let table = review_csv(&series, &reviews, &|train| {
            let there = chips.sheet(train).exists();
            if there {
                place(&chips, train)
            } else {
                String::new()
            }
        })?;
        write_whole(&path, &table)?;
        let detections = counted(series.trains.len(), "detection");
        log::info!("{}: {detections}", path.display());
        if missing > 0 {
            log::warn!("{missing} of them have no chip; `railspan run` draws them");
        }
        Ok(())
    }

    fn merge(&self, table: &Path) -> Result<()> {
        let filled_in = read_review_csv(table)?;
        let new: Vec<Review> = filled_in.iter().map(|f| f.review.clone()).collect();
        let series = load(&self.store)?;
        Store::open_or_create(&self.store)?.keep_reviews(&new)?;
        log::info!(
            "{} kept in {}",
            counted(new.len(), "decision"),
            Home::shown(&self.store).display()
        );
        let matched: Vec<&Review> = reviewed(&series.trains, &new)
            .into_iter()
            .flatten()
            .collect();
        let strangers: Vec<String> = (filled_in.iter())
            .filter(|row| !matched.contains(&&row.review))
            .map(named)
            .collect();
        for stranger in strangers.iter().take(NAMED) {
            log::warn!("{stranger}: no detection of the store is there");
        }
        if strangers.len() > NAMED {
            log::warn!("so are {} more", counted(strangers.len() - NAMED, "row"));
        }
        Ok(())
    }
}

/// A row as a person finds it.
fn named(FilledIn { line, review }: &FilledIn) -> String {
    let ObservationKey {
        crossing,
        track,
        capture,
    } = &review.key;
    let place = printable(&format!("{crossing}/{track}, {capture}"));
    let (start_m, end_m) = (review.start_m, review.end_m);
    format!("line {line} ({place}, {start_m:.0} to {end_m:.0} m)")
}

/// How many decisions of a table that is there already the store does not hold.
fn waiting(table: &Path, reviews: &[Review]) -> Result<usize> {
    if !table.exists() {
        return Ok(0);
    }
    let said = |r: &Review| (r.key.clone(), r.decision, r.note.clone());
    let held = |new: &Review| reviews.iter().any(|r| said(r) == said(new));
    let decided = read_review_csv(table)?;
    Ok(decided.iter().filter(|new| !held(&new.review)).count())
}

/// Where a chip lies in the folder, as the table names it.
fn place(chips: &ChipFolder, train: &Train) -> String {
    let sheet = chips.sheet(train);
    let name = sheet.file_name().unwrap_or_default();
    format!("chips/{}", name.to_string_lossy())
}
