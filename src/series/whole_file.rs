//! Files for others that are never seen half written.

use std::io::Write as _;
use std::path::Path;

use crate::error::{Error, Result};

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Makes a folder where it is missing.
///
/// # Errors
/// Where it cannot be made, or is a file.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    if folder.is_file() {
        let remedy = "name a folder; it is made where it is missing";
        return Err(Error::content(folder, "is a file, not a folder", remedy));
    }
    std::fs::create_dir_all(folder).map_err(Error::io(folder))
}

/// Writes beside the file and renames, so that it appears under its name only
/// when it is whole. Its folder is made where it is missing.
///
/// # Errors
/// Where the folder cannot be made or written to.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".railspan-");
    // Temporary files are private; this is for others too, as far as the
    // user's mask, which the operating system takes off, lets them.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut draft = builder.tempfile_in(folder).map_err(Error::io(folder))?;
    draft.write_all(content).map_err(Error::io(path))?;
    draft.persist(path).map_err(|e| Error::io(path)(e.error))?;
    Ok(())
}
