//! What people read: the summary of a series, in the terminal and for programs.

mod chart;
mod chip;
mod paint;
mod period;
mod screen;
mod summary;
mod table;

pub use chip::ChipFolder;
use paint::printable;
pub use period::By;
pub use screen::{Screen, screen_text};
pub use summary::{
    CrossingSummary, Figures, Length, PeriodFigures, Share, Sighting, Summary, summarise,
};
