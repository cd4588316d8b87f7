//! The command line: one thin file a subcommand.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::{Error, Result};

mod batch;
mod captures;
mod captures_table;
mod compare;
mod crossings;
mod export;
mod imagery;
mod keeping;
mod lines;
mod logging;
mod output;
mod progress;
mod refine;
mod report;
mod review;
mod run;
mod simulate;
mod status;
mod summary;

/// Finds and measures trains on border railway crossings in folders of
/// satellite imagery.
#[derive(Debug, Parser)]
#[command(name = "railspan", version, max_term_width = 80)]
pub struct Cli {
    /// Say more: -v for what is done to each capture, -vv for details.
    #[arg(short, long, action = clap::ArgAction::Count, global = true, display_order = 100)]
    verbose: u8,
    /// Say nothing but errors and results.
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        display_order = 101
    )]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Summary(summary::SummaryArgs),
    Status(status::StatusArgs),
    Report(report::ReportArgs),
    Review(review::ReviewArgs),
    Compare(compare::CompareArgs),
    Export(export::ExportArgs),
    Captures(captures::CapturesArgs),
    Crossings(crossings::CrossingsArgs),
    Extract(run::ExtractArgs),
    Detect(run::DetectArgs),
    Simulate(simulate::SimulateArgs),
}

/// Outcome of a command that ran, worst first: the exit codes of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// Everything was processed: exit code 0.
    Complete,
    /// Some captures failed; they are listed and stored: exit code 3.
    SomeFailed,
}

/// Runs the command line and says how it ended: 0 all done, 1 could not start
/// or nothing could be processed, 2 wrong usage, 3 some captures failed.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let bars = logging::start(cli.verbose, cli.quiet);
    match cli.run(&bars) {
        Ok(Finish::Complete) => ExitCode::SUCCESS,
        Ok(Finish::SomeFailed) => ExitCode::from(3),
        Err(error) => {
            log::error!("{error}");
            ExitCode::from(if matches!(error, Error::Usage { .. }) {
                2
            } else {
                1
            })
        }
    }
}

impl Cli {
    fn run(&self, bars: &indicatif::MultiProgress) -> Result<Finish> {
        match &self.command {
            Command::Run(args) => args.run(bars),
            Command::Summary(args) => args.run(),
            Command::Status(args) => args.run(),
            Command::Report(args) => args.run(),
            Command::Review(args) => args.run(),
            Command::Compare(args) => args.run(),
            Command::Export(args) => args.run(),
            Command::Captures(args) => args.run(),
            Command::Crossings(args) => args.run(bars),
            Command::Extract(args) => args.run(bars),
            Command::Detect(args) => args.run(bars),
            Command::Simulate(args) => args.run(bars),
        }
    }
}
