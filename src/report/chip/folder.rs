//! The folder of chips beside a store.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::film::Film;
use super::sheet::{Caption, sheet_png};
use super::tone::panels;
use crate::error::{Error, Result};
use crate::pipeline::CutOut;
use crate::series::{Observation, ObservationKey, Train, write_whole};
use crate::source::Home;

/// Characters of a capture's id that stay in the names of its files.
const LONGEST_NAME: usize = 60;

/// Where the chips of a store are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChipFolder {
    root: PathBuf,
}

impl ChipFolder {
    /// The folder that belongs to a store.
    ///
    /// ```
    /// use std::path::Path;
    /// use railspan::report::ChipFolder;
    /// let chips = ChipFolder::beside(Path::new("results/tumen.gpkg"));
    /// assert_eq!(chips.root(), Path::new("results/tumen.chips"));
    /// ```
    #[must_use]
    pub fn beside(store: &Path) -> Self {
        Self {
            root: Home::beside(store, "chips"),
        }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The sheet of a train, whether or not it is there.
    #[must_use]
    pub fn sheet(&self, train: &Train) -> PathBuf {
        self.file(&train.key, train.train, "png")
    }

    /// The film of a train, whether or not it is there.
    pub(in crate::report) fn film(&self, train: &Train) -> PathBuf {
        self.file(&train.key, train.train, "film.png")
    }

    fn file(&self, key: &ObservationKey, train: u32, ending: &str) -> PathBuf {
        let folder = self.root.join(plain(&key.crossing)).join(plain(&key.track));
        // Ids that differ in other characters only are told apart by the hash.
        let whole = [&key.crossing, &key.track, &key.capture].map(String::as_str);
        let digest = Sha256::digest(whole.join("\0"));
        let mut hash = String::new();
        for byte in digest.iter().take(4) {
            hash += &format!("{byte:02x}");
        }
        folder.join(format!("{}-{hash}-{train}.{ending}", plain(&key.capture)))
    }

    /// Draws the trains of one observation and removes what was drawn of it
    /// before. `trains` with what there is to see of each.
    ///
    /// # Errors
    /// Where the folder cannot be written to.
    pub fn write(&self, observation: &Observation, trains: &[(&Train, &CutOut)]) -> Result<()> {
        self.remove(&observation.key)?;
        for (train, cutout) in trains {
            let panels = panels(cutout);
            let caption = Caption { observation, train };
            write_whole(&self.sheet(train), &sheet_png(&caption, cutout, &panels)?)?;
            write_whole(&self.film(train), &Film::of(cutout, &panels).to_png()?)?;
        }
        Ok(())
    }

    fn remove(&self, key: &ObservationKey) -> Result<()> {
        for number in 1.. {
            let mut found = false;
            for ending in ["png", "film.png"] {
                let path = self.file(key, number, ending);
                match std::fs::remove_file(&path) {
                    Ok(()) => found = true,
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                    Err(e) => return Err(Error::io(&path)(e)),
                }
            }
            if !found {
                break;
            }
        }
        Ok(())
    }
}

/// A name that every file system takes and that leads nowhere else.
fn plain(id: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let name = id.chars().map(|c| if fits(c) { c } else { '_' });
    let name: String = name.take(LONGEST_NAME).collect();
    if name.is_empty() {
        "_".to_owned()
    } else {
        name
    }
}
