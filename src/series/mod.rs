//! The time series: what was observed and found, kept in a store that maps open.

mod columns;
mod csv_table;
mod export;
#[cfg(test)]
pub(crate) mod fixture;
mod lines;
mod lock;
mod model;
mod parquet;
mod project;
mod review;
mod review_csv;
mod rows;
mod run;
mod schema;
mod store;
mod style;
mod whole_file;

pub use csv_table::{CsvRow, CsvTable};
pub use export::{ExportFormat, export};
pub use lines::{Line, Moved, lines, load_crossings, moved};
pub use lock::Patience;
pub use model::{
    Cars, Censored, Change, Observation, ObservationKey, Polarity, Registration, RunStamp, Series,
    Speed, Status, Train,
};
pub use review::{Decision, Decisions, Review, decided, load_reviews, merged, reviewed};
pub use review_csv::{FilledIn, read_review_csv, review_csv};
pub use rows::rows;
pub use run::Run;
pub use store::{Claim, DEFAULT_STORE, Store, load};
pub(crate) use whole_file::{make_folder, write_whole};
