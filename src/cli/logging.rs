//! Log lines on standard error, drawn above the progress bars where there are any.

use std::io::{IsTerminal, Write};

use indicatif::MultiProgress;
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::report::printable;

struct Lines {
    bars: MultiProgress,
}

/// Starts logging. Without `-v` what went wrong and what is done; with `-q`
/// errors only. Returns the place where progress bars are drawn: nowhere
/// unless standard error is a terminal.
pub(super) fn start(verbose: u8, quiet: bool) -> MultiProgress {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::Error,
        (false, 0) => LevelFilter::Info,
        (false, 1) => LevelFilter::Debug,
        (false, _) => LevelFilter::Trace,
    };
    let bars = MultiProgress::new();
    if quiet || !std::io::stderr().is_terminal() {
        bars.set_draw_target(indicatif::ProgressDrawTarget::hidden());
    }
    let lines = Lines { bars: bars.clone() };
    if log::set_boxed_logger(Box::new(lines)).is_ok() {
        log::set_max_level(level);
    }
    bars
}

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().starts_with("railspan")
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let prefix = match record.level() {
            Level::Error => "error: ",
            Level::Warn => "warning: ",
            Level::Info | Level::Debug | Level::Trace => "",
        };
        self.bars.suspend(|| {
            // A closed standard error is no reason to stop working.
            // Names of files are whatever somebody called them.
            let line = printable(&record.args().to_string());
            let _ = writeln!(std::io::stderr().lock(), "{prefix}{line}");
        });
    }

    fn flush(&self) {}
}
