//! One writer a store: a lock file beside it that says who holds it.
//!
//! The operating system releases the lock when its holder ends, however it
//! ends; a lock file left behind by a killed run is taken over.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::whole_file::{folder_of, make_folder};
use crate::error::{Error, Result};

/// How often a lock that somebody else holds is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// What to do where somebody else writes to the store.
#[derive(Debug, Clone, Copy)]
pub enum Patience<'a> {
    /// Give up, and say who it is.
    None,
    /// Wait for the end of it, or until this is set.
    Until(&'a AtomicBool),
}

/// Held as long as a store may be written to.
#[derive(Debug)]
pub(super) struct StoreLock {
    file: File,
    path: PathBuf,
}

enum Attempt {
    Taken(StoreLock),
    /// By whom.
    Held(String),
}

impl StoreLock {
    /// Takes the lock of a store, whose folder is made where it is missing.
    ///
    /// # Errors
    /// Where another process holds it and patience ends (the message says
    /// which), or the folder cannot be written to.
    pub(super) fn take(store: &Path, patience: Patience<'_>) -> Result<Self> {
        make_folder(folder_of(store))?;
        let mut told = false;
        loop {
            let held = match Self::attempt(store)? {
                Attempt::Taken(lock) => return Ok(lock),
                Attempt::Held(by) => format!("is being written by {by}"),
            };
            let Patience::Until(stop) = patience else {
                let remedy = "wait until it has finished (--wait does), or use another --store";
                return Err(Error::content(store, held, remedy));
            };
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            if !told {
                log::info!("{} {held}; waiting", store.display());
                told = true;
            }
            std::thread::sleep(TRY_AGAIN);
        }
    }

    fn attempt(store: &Path) -> Result<Attempt> {
        let mut name = store.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(Error::io(&path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(Attempt::Held(holder(&mut file))),
                Err(TryLockError::Error(e)) if e.kind() == std::io::ErrorKind::Unsupported => {
                    log::debug!("{}: no locks on this file system", path.display());
                }
                Err(TryLockError::Error(e)) => return Err(Error::io(&path)(e)),
            }
            // The previous holder may have removed the file between our opening
            // and locking it; only the file that is there now guards the store.
            if still_there(&file, &path) {
                sign(&mut file).map_err(Error::io(&path))?;
                return Ok(Attempt::Taken(Self { file, path }));
            }
        }
    }
}

impl Drop for StoreLock {
    fn drop(&mut self) {
        // Nothing can be done about a failure: the lock itself ends with the file.
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// Who signed the lock.
fn holder(file: &mut File) -> String {
    let mut holder = String::new();
    if file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty() {
        holder.trim().escape_debug().to_string()
    } else {
        "another railspan".to_owned()
    }
}

fn sign(file: &mut File) -> std::io::Result<()> {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC");
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "process {} since {now}", std::process::id())
}

#[cfg(unix)]
fn still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(mine), Ok(there)) = (file.metadata(), std::fs::metadata(path)) else {
        return false;
    };
    (mine.dev(), mine.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn still_there(_: &File, path: &Path) -> bool {
    path.exists()
}
