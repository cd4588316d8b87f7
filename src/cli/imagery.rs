//! Which imagery a command works on: the folders, and what the user knows of
//! plain rasters.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::capture::{BandRole, Context, Hints, Inventory, Unit};
use crate::error::{Error, Result};
use crate::pipeline::{Memo, Workers, inventory};
use crate::source::HeaderReader;

/// Folders of imagery and how to read plain rasters in them.
#[derive(Debug, Clone, Args)]
pub(super) struct Imagery {
    /// Folders with downloaded imagery; searched with all that is inside.
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    #[command(flatten)]
    plain: Plain,
}

/// How to read plain rasters, which do not tell what they hold.
#[derive(Debug, Clone, Args)]
pub(super) struct Plain {
    /// What the bands of plain rasters show, in order: blue, green, red, nir,
    /// pan, or - for a band to leave out.
    #[arg(long, value_name = "ROLE,…", value_delimiter = ',')]
    bands: Option<Vec<Role>>,
    /// Plain single-band rasters are radar backscatter, in this unit.
    #[arg(long, value_name = "UNIT")]
    radar: Option<Backscatter>,
}

/// What a band of a plain raster shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    Blue,
    Green,
    Red,
    Nir,
    Pan,
    #[value(name = "-")]
    Skip,
}

/// What the samples of a radar raster are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Backscatter {
    Power,
    Amplitude,
    Db,
}

impl Imagery {
    /// Folders that an option names.
    pub(super) fn in_folders(folders: &[PathBuf], plain: &Plain) -> Self {
        Self {
            folders: folders.to_vec(),
            plain: plain.clone(),
        }
    }

    /// Scans the folders in parallel.
    ///
    /// # Errors
    /// A folder is not there, or two bands are said to show the same.
    pub(super) fn scan(&self, workers: &Workers, memo: &Memo) -> Result<Inventory> {
        self.plain.check()?;
        for folder in &self.folders {
            folder.metadata().map_err(Error::io(folder))?;
        }
        let hints = self.plain.hints();
        let context = Context {
            probe: &HeaderReader,
            hints: &hints,
        };
        Ok(inventory(&self.folders, &context, workers, memo))
    }

    /// The folders.
    pub(super) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The folders as a sentence names them.
    pub(super) fn names(&self) -> String {
        let names: Vec<String> = self
            .folders
            .iter()
            .map(|f| f.display().to_string())
            .collect();
        names.join(", ")
    }
}

impl Plain {
    /// Refuses a role that two bands are said to have: one would be left out.
    fn check(&self) -> Result<()> {
        let mut seen: Vec<Role> = Vec::new();
        for role in self.bands.iter().flatten().filter(|r| **r != Role::Skip) {
            if seen.contains(role) {
                let name = role.to_possible_value();
                let name = name.map_or_else(String::new, |v| v.get_name().to_owned());
                return Err(Error::Usage {
                    problem: format!("--bands names {name} twice"),
                    remedy: "give each band its own role, or - for one to leave out".to_owned(),
                });
            }
            seen.push(*role);
        }
        Ok(())
    }

    fn hints(&self) -> Hints {
        let role = |role: &Role| match role {
            Role::Blue => Some(BandRole::Blue),
            Role::Green => Some(BandRole::Green),
            Role::Red => Some(BandRole::Red),
            Role::Nir => Some(BandRole::Nir),
            Role::Pan => Some(BandRole::Pan),
            Role::Skip => None,
        };
        Hints {
            bands: self.bands.as_ref().map(|b| b.iter().map(role).collect()),
            radar: self.radar.map(|unit| match unit {
                Backscatter::Power => Unit::Power,
                Backscatter::Amplitude => Unit::Amplitude,
                Backscatter::Db => Unit::Decibel,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_role_is_given_to_one_band_only() {
        let plain = |bands: &[Role]| Plain {
            bands: Some(bands.to_vec()),
            radar: None,
        };
        let twice = plain(&[Role::Blue, Role::Blue, Role::Red]).check();
        let said = twice.unwrap_err().to_string();
        assert!(said.contains("--bands names blue twice"), "{said}");
        let skipped = plain(&[Role::Skip, Role::Red, Role::Skip]);
        assert!(skipped.check().is_ok());
    }
}
