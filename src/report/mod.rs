//! What people read: the summary of a series, in the terminal and for programs,
//! chips of its trains, and a page of both.

mod chart;
mod chip;
mod comparison;
mod figures;
mod headline;
mod page;
mod paint;
mod screen;
mod status;
mod summary;
mod summary_csv;
mod table;
mod trend_lines;

pub use chip::ChipFolder;
pub use comparison::Comparison;
pub use figures::{Figures, Kind, Length, Median, Share};
pub use page::{Page, page_html};
pub use paint::{counted, printable};
pub use screen::{Screen, screen_text};
pub use status::{CrossingHoldings, FailedCapture, GroupHoldings, Holdings, holdings_text};
pub use summary::{PeriodFigures, ScopeSummary, Sighting, Summary, only_crossing, summarise};
