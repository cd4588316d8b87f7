//! Progress bars on a terminal; elsewhere the log lines alone tell.

use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::pipeline::Watch;

/// Draws one bar a stage.
pub(super) struct Bars {
    all: MultiProgress,
    current: Mutex<Option<ProgressBar>>,
}

impl Bars {
    /// Bars drawn in `all`.
    pub(super) fn new(all: MultiProgress) -> Self {
        Self {
            all,
            current: Mutex::new(None),
        }
    }
}

impl Watch for Bars {
    fn begins(&self, stage: &str, total: usize) {
        let style = ProgressStyle::with_template("{msg:<10} [{bar:40}] {pos}/{len}  {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self
            .all
            .add(ProgressBar::new(total as u64))
            .with_style(style.progress_chars("=> "))
            .with_message(stage.to_owned());
        // A poisoned lock only means that another thread died while drawing.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = current.replace(bar) {
            before.finish_and_clear();
        }
    }

    fn advanced(&self) {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = current.as_ref() {
            bar.inc(1);
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = current.as_ref() {
            bar.finish_and_clear();
        }
    }
}
