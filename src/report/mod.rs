//! What people read: the summary of a series, in the terminal and for programs,
//! chips of its trains, and a page of both.

mod chart;
mod chip;
mod page;
mod paint;
mod screen;
mod summary;
mod table;

pub use chip::ChipFolder;
pub use page::{Page, page_html};
use paint::printable;
pub use screen::{Screen, screen_text};
pub use summary::{
    CrossingSummary, Figures, Length, PeriodFigures, Share, Sighting, Summary, summarise,
};
