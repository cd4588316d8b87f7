//! What can go wrong, in words an analyst can act on.
//!
//! Every variant carries the path or value that is wrong and what to do about
//! it. Nothing here knows a raster library or the domain.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The result of everything fallible in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error that names what is wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{}: {}", path.display(), told(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file was read, but its content is not what it should be.
    #[error("{}: {problem}; {remedy}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What the user can do.
        remedy: String,
    },
    /// A value given by the user or found in a file is out of range.
    #[error("{name}: {value} is not {expected}")]
    Value {
        /// What the value is for.
        name: String,
        /// The value as given.
        value: String,
        /// What would have been right.
        expected: String,
    },
    /// The command line asks for something that makes no sense together.
    #[error("{problem}; {remedy}")]
    Usage {
        /// What is wrong.
        problem: String,
        /// What to type instead.
        remedy: String,
    },
    /// The data do not support the computation; the reason is part of the result.
    #[error("{reason}")]
    Unsupported {
        /// Why, in words.
        reason: String,
    },
    /// The user asked to stop.
    #[error("interrupted; what is done is kept, run the same command again to go on")]
    Interrupted,
}

/// What the operating system said, without its number, and what to do about it.
fn told(source: &io::Error) -> String {
    let said = source.to_string();
    let said = said.split(" (os error").next().unwrap_or_default();
    let remedy = match source.kind() {
        ErrorKind::NotFound => "check how it is written",
        ErrorKind::PermissionDenied => "check that you may read and write there",
        ErrorKind::StorageFull => "make room, and run the same command again",
        _ => return said.to_owned(),
    };
    format!("{said}; {remedy}")
}

impl Error {
    /// A file that could be read but not understood.
    pub fn content(
        path: impl AsRef<Path>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Content {
            path: path.as_ref().to_path_buf(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// An operating-system error on a path; made for `map_err(Error::io(path))`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { path, source }
    }

    /// A value outside what is allowed.
    pub fn value(
        name: impl Into<String>,
        value: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::Value {
            name: name.into(),
            value: value.to_string(),
            expected: expected.into(),
        }
    }

    /// A computation that the data do not support.
    pub fn unsupported(reason: impl Into<String>) -> Self {
        Self::Unsupported {
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_the_system_says_comes_with_what_to_do() {
        let told = |source| Error::io("a/b")(source).to_string();
        assert_eq!(
            told(io::Error::from_raw_os_error(2)),
            "a/b: No such file or directory; check how it is written"
        );
        assert_eq!(told(io::Error::other("cut off")), "a/b: cut off");
    }
}
