//! The columns of the store's tables, and rows to and from them: the one place
//! that spells the contract out.

use jiff::Timestamp;

use super::model::{
    Cars, Censored, Change, Observation, ObservationKey, Polarity, Registration, RunStamp, Speed,
    Status, Train,
};
use super::review::{Decision, Review};
use super::run::Run;
use crate::capture::Modality;
use crate::source::ColumnKind::{Integer, Real, Text, Time};
use crate::source::{Cell, Row, Table};

pub(super) const OBSERVATIONS: Table = Table {
    name: "observations",
    columns: &[
        ("crossing", Text),
        ("track", Text),
        ("capture", Text),
        ("scenes", Integer),
        ("acquired", Time),
        ("sensor", Text),
        ("platform", Text),
        ("modality", Text),
        ("gsd_m", Real),
        ("status", Text),
        ("reason", Text),
        ("covered_fraction", Real),
        ("clear_fraction", Real),
        ("shift_east_m", Real),
        ("shift_north_m", Real),
        ("shift_sigma_m", Real),
        ("train_count", Integer),
        ("occupied_m", Real),
        ("longest_train_m", Real),
        ("detection_limit_m", Real),
        ("run_id", Text),
        ("config_hash", Text),
        ("version", Text),
    ],
    key: &["crossing", "track", "capture"],
    lines: false,
};

pub(super) const TRAINS: Table = Table {
    name: "trains",
    columns: &[
        ("crossing", Text),
        ("track", Text),
        ("capture", Text),
        ("acquired", Time),
        ("train", Integer),
        ("start_m", Real),
        ("end_m", Real),
        ("length_m", Real),
        ("length_sigma_m", Real),
        ("censored", Text),
        ("snr", Real),
        ("p_value", Real),
        ("polarity", Text),
        ("change", Text),
        ("first_seen", Time),
        ("speed_mps", Real),
        ("speed_sigma_mps", Real),
        ("cars_min", Integer),
        ("cars_max", Integer),
    ],
    key: &["crossing", "track", "capture", "train"],
    lines: true,
};

pub(super) const RUNS: Table = Table {
    name: "runs",
    columns: &[
        ("run_id", Text),
        ("crossing", Text),
        ("track", Text),
        ("started", Time),
        ("finished", Time),
        ("version", Text),
        ("config_hash", Text),
        ("settings", Text),
        ("command", Text),
        ("folders", Text),
    ],
    key: &["run_id"],
    lines: false,
};

/// What people decided about detections.
pub(super) const REVIEWS: Table = Table {
    name: "reviews",
    columns: &[
        ("crossing", Text),
        ("track", Text),
        ("capture", Text),
        ("start_m", Real),
        ("end_m", Real),
        ("decision", Text),
        ("note", Text),
    ],
    key: &["crossing", "track", "capture", "start_m"],
    lines: false,
};

/// Facts of the file itself, by name.
pub(super) const META: Table = Table {
    name: "railspan_meta",
    columns: &[("name", Text), ("value", Text)],
    key: &["name"],
    lines: false,
};

pub(super) fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

fn real(value: Option<f64>) -> Cell {
    value.map_or(Cell::Empty, number)
}

/// A number without the sign of a zero, which not every home of tables keeps;
/// the sum of no trains has one.
fn number(value: f64) -> Cell {
    Cell::Real(value + 0.0)
}

fn integer(value: Option<u32>) -> Cell {
    value.map_or(Cell::Empty, |n| Cell::Integer(n.into()))
}

fn modality_word(modality: Modality) -> &'static str {
    match modality {
        Modality::Optical => "optical",
        Modality::Sar => "sar",
    }
}

fn modality_from(word: &str) -> Option<Modality> {
    let all = [Modality::Optical, Modality::Sar];
    all.into_iter().find(|m| modality_word(*m) == word)
}

pub(super) fn observation_row(o: &Observation) -> Row {
    let cells = vec![
        text(&o.key.crossing),
        text(&o.key.track),
        text(&o.key.capture),
        integer(Some(o.scenes)),
        Cell::Time(o.acquired),
        text(&o.sensor),
        text(&o.platform),
        text(modality_word(o.modality)),
        real(o.gsd_m),
        text(o.status.word()),
        text(&o.reason),
        real(o.covered_fraction),
        real(o.clear_fraction),
        real(o.shift.map(|s| s.east_m)),
        real(o.shift.map(|s| s.north_m)),
        real(o.shift.map(|s| s.sigma_m)),
        integer(o.train_count),
        real(o.occupied_m),
        real(o.longest_train_m),
        real(o.detection_limit_m),
        text(&o.run.run_id),
        text(&o.run.config_hash),
        text(&o.run.version),
    ];
    Row {
        cells,
        line: Vec::new(),
    }
}

pub(super) fn train_row(t: &Train) -> Row {
    let cells = vec![
        text(&t.key.crossing),
        text(&t.key.track),
        text(&t.key.capture),
        Cell::Time(t.acquired),
        integer(Some(t.train)),
        number(t.start_m),
        number(t.end_m),
        number(t.length_m),
        number(t.length_sigma_m),
        text(t.censored.word()),
        number(t.snr),
        real(t.p_value),
        text(t.polarity.word()),
        text(t.change.word()),
        Cell::Time(t.first_seen),
        real(t.speed.map(|s| s.mps)),
        real(t.speed.map(|s| s.sigma_mps)),
        integer(t.cars.map(|c| c.min)),
        integer(t.cars.map(|c| c.max)),
    ];
    Row {
        cells,
        line: t.geometry.clone(),
    }
}

pub(super) fn run_row(run: &Run) -> Row {
    let folders: Vec<String> = run
        .folders
        .iter()
        .map(|f| f.to_string_lossy().into_owned())
        .collect();
    let cells = vec![
        text(&run.stamp.run_id),
        text(&run.crossing),
        text(&run.track),
        Cell::Time(run.started),
        run.finished.map_or(Cell::Empty, Cell::Time),
        text(&run.stamp.version),
        text(&run.stamp.config_hash),
        Cell::Text(run.settings.to_string()),
        text(&run.command),
        Cell::Text(serde_json::json!(folders).to_string()),
    ];
    Row {
        cells,
        line: Vec::new(),
    }
}

pub(super) fn review_row(review: &Review) -> Row {
    let cells = vec![
        text(&review.key.crossing),
        text(&review.key.track),
        text(&review.key.capture),
        Cell::Real(review.start_m),
        Cell::Real(review.end_m),
        text(review.decision.word()),
        text(&review.note),
    ];
    Row {
        cells,
        line: Vec::new(),
    }
}

/// What is wrong with a row that was read: the column and what it should hold.
pub(super) type RowProblem = String;

/// Takes the cells of a row one after the other.
struct Cells {
    columns: std::slice::Iter<'static, (&'static str, crate::source::ColumnKind)>,
    values: std::vec::IntoIter<Cell>,
    at: &'static str,
}

impl Cells {
    fn of(table: &'static Table, row: Row) -> Self {
        Self {
            columns: table.columns.iter(),
            values: row.cells.into_iter(),
            at: "",
        }
    }

    fn next(&mut self) -> Cell {
        self.at = self.columns.next().map_or("", |(name, _)| name);
        self.values.next().unwrap_or(Cell::Empty)
    }

    fn wrong(&self, expected: &str) -> RowProblem {
        format!("a row's {} is not {expected}", self.at)
    }

    fn text(&mut self) -> Result<String, RowProblem> {
        match self.next() {
            Cell::Text(text) => Ok(text),
            _ => Err(self.wrong("a text")),
        }
    }

    /// Empty text where there is nothing.
    fn text_if_any(&mut self) -> Result<String, RowProblem> {
        match self.next() {
            Cell::Text(text) => Ok(text),
            Cell::Empty => Ok(String::new()),
            _ => Err(self.wrong("a text")),
        }
    }

    fn word<T>(&mut self, meaning: fn(&str) -> Option<T>) -> Result<T, RowProblem> {
        let word = self.text()?;
        meaning(&word).ok_or_else(|| self.wrong("a word this version knows"))
    }

    fn time(&mut self) -> Result<Timestamp, RowProblem> {
        self.time_if_any()?.ok_or_else(|| self.wrong("a time"))
    }

    fn time_if_any(&mut self) -> Result<Option<Timestamp>, RowProblem> {
        match self.next() {
            Cell::Time(time) => Ok(Some(time)),
            Cell::Empty => Ok(None),
            _ => Err(self.wrong("a time")),
        }
    }

    fn real(&mut self) -> Result<f64, RowProblem> {
        self.real_if_any()?.ok_or_else(|| self.wrong("a number"))
    }

    fn real_if_any(&mut self) -> Result<Option<f64>, RowProblem> {
        match self.next() {
            Cell::Real(number) => Ok(Some(number)),
            Cell::Empty => Ok(None),
            _ => Err(self.wrong("a number")),
        }
    }

    fn count(&mut self) -> Result<u32, RowProblem> {
        self.count_if_any()?.ok_or_else(|| self.wrong("a count"))
    }

    fn count_if_any(&mut self) -> Result<Option<u32>, RowProblem> {
        match self.next() {
            Cell::Integer(number) => u32::try_from(number)
                .map(Some)
                .map_err(|_| self.wrong("a count")),
            Cell::Empty => Ok(None),
            _ => Err(self.wrong("a count")),
        }
    }

    fn key(&mut self) -> Result<ObservationKey, RowProblem> {
        Ok(ObservationKey {
            crossing: self.text()?,
            track: self.text()?,
            capture: self.text()?,
        })
    }

    fn shift(&mut self) -> Result<Option<Registration>, RowProblem> {
        let parts = (
            self.real_if_any()?,
            self.real_if_any()?,
            self.real_if_any()?,
        );
        Ok(match parts {
            (Some(east_m), Some(north_m), Some(sigma_m)) => Some(Registration {
                east_m,
                north_m,
                sigma_m,
            }),
            _ => None,
        })
    }

    fn speed(&mut self) -> Result<Option<Speed>, RowProblem> {
        let parts = self.real_if_any()?.zip(self.real_if_any()?);
        Ok(parts.map(|(mps, sigma_mps)| Speed { mps, sigma_mps }))
    }

    fn cars(&mut self) -> Result<Option<Cars>, RowProblem> {
        let parts = self.count_if_any()?.zip(self.count_if_any()?);
        Ok(parts.map(|(min, max)| Cars { min, max }))
    }
}

// Struct fields are evaluated in the order written: that of the columns.

pub(super) fn observation_from(row: Row) -> Result<Observation, RowProblem> {
    let mut cells = Cells::of(&OBSERVATIONS, row);
    Ok(Observation {
        key: cells.key()?,
        scenes: cells.count()?,
        acquired: cells.time()?,
        sensor: cells.text()?,
        platform: cells.text()?,
        modality: cells.word(modality_from)?,
        gsd_m: cells.real_if_any()?,
        status: cells.word(Status::from_word)?,
        reason: cells.text()?,
        covered_fraction: cells.real_if_any()?,
        clear_fraction: cells.real_if_any()?,
        shift: cells.shift()?,
        train_count: cells.count_if_any()?,
        occupied_m: cells.real_if_any()?,
        longest_train_m: cells.real_if_any()?,
        detection_limit_m: cells.real_if_any()?,
        run: RunStamp {
            run_id: cells.text()?,
            config_hash: cells.text()?,
            version: cells.text()?,
        },
    })
}

pub(super) fn train_from(mut row: Row) -> Result<Train, RowProblem> {
    let geometry = std::mem::take(&mut row.line);
    let mut cells = Cells::of(&TRAINS, row);
    Ok(Train {
        key: cells.key()?,
        acquired: cells.time()?,
        train: cells.count()?,
        start_m: cells.real()?,
        end_m: cells.real()?,
        length_m: cells.real()?,
        length_sigma_m: cells.real()?,
        censored: cells.word(Censored::from_word)?,
        snr: cells.real()?,
        p_value: cells.real_if_any()?,
        polarity: cells.word(Polarity::from_word)?,
        change: cells.word(Change::from_word)?,
        first_seen: cells.time()?,
        speed: cells.speed()?,
        cars: cells.cars()?,
        geometry,
    })
}

pub(super) fn run_from(row: Row) -> Result<Run, RowProblem> {
    let mut cells = Cells::of(&RUNS, row);
    let run_id = cells.text()?;
    let crossing = cells.text_if_any()?;
    let track = cells.text_if_any()?;
    let started = cells.time()?;
    let finished = cells.time_if_any()?;
    let version = cells.text()?;
    let config_hash = cells.text()?;
    let settings = cells.word(|text| serde_json::from_str(text).ok())?;
    let command = cells.text()?;
    let folders = cells.word(|text| serde_json::from_str(text).ok())?;
    Ok(Run {
        stamp: RunStamp {
            run_id,
            config_hash,
            version,
        },
        crossing,
        track,
        started,
        finished,
        settings,
        command,
        folders,
    })
}

pub(super) fn review_from(row: Row) -> Result<Review, RowProblem> {
    let mut cells = Cells::of(&REVIEWS, row);
    Ok(Review {
        key: cells.key()?,
        start_m: cells.real()?,
        end_m: cells.real()?,
        decision: cells.word(Decision::from_word)?,
        note: cells.text()?,
    })
}
