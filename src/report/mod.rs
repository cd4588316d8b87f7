//! What people read: the summary of a series, in the terminal and for programs.

mod chart;
mod paint;
mod period;
mod screen;
mod status;
mod summary;
mod table;

pub use paint::printable;
pub use period::By;
pub use screen::{Screen, screen_text};
pub use status::{CrossingHoldings, FailedCapture, GroupHoldings, Holdings, holdings_text};
pub use summary::{
    CrossingSummary, Figures, Length, PeriodFigures, Share, Sighting, Summary, summarise,
};
