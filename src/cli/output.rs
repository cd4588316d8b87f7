//! Results on standard output.

use std::io::{ErrorKind, Write};

use crate::error::{Error, Result};

/// Prints a result. A reader that has seen enough and closed the pipe is no error.
///
/// # Errors
/// Where standard output cannot be written to, such as on a full disk.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::io("standard output")(e)),
        _ => Ok(()),
    }
}
