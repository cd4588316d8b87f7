//! `railspan status`: what is in a store.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Finish;
use super::output::{print, screen};
use crate::error::Result;
use crate::report::{Holdings, holdings_text};
use crate::series::{DEFAULT_STORE, load};

/// Say what is in a store: captures by status, and what failed and why
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan status
  railspan status --store postgresql://me@server/trains --format json")]
pub(super) struct StatusArgs {
    /// The store to read.
    #[arg(long, value_name = "STORE", default_value = DEFAULT_STORE)]
    store: PathBuf,
    /// A screen to read, or figures for programs.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

impl StatusArgs {
    pub(super) fn run(&self) -> Result<Finish> {
        let holdings = Holdings::of(&load(&self.store)?);
        print(&match self.format {
            Format::Table => holdings_text(&holdings, screen()),
            Format::Json => holdings.to_json(),
        })?;
        Ok(Finish::Complete)
    }
}
