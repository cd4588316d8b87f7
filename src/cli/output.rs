//! Results on standard output.

use std::io::{ErrorKind, Write};

use console::Term;

use crate::error::{Error, Result};
use crate::report::Screen;

/// Columns where standard output is no terminal.
const DEFAULT_WIDTH: usize = 80;

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

/// Standard output as something to read on.
pub(super) fn screen() -> Screen {
    let width = Term::stdout().size_checked().map(|(_, columns)| columns);
    Screen {
        width: width.map_or(DEFAULT_WIDTH, usize::from),
        colour: console::colors_enabled(),
    }
}

/// A text under a heading, broken at spaces to 80 columns.
pub(super) fn wrapped(heading: &str, text: &str) -> String {
    let indent = heading.chars().count();
    let mut out = heading.to_owned();
    let mut column = indent;
    for (i, word) in text.split_whitespace().enumerate() {
        let length = word.chars().count();
        if i > 0 && column + 1 + length > DEFAULT_WIDTH {
            out += &format!("\n{:indent$}", "");
            column = indent;
        } else if i > 0 {
            out.push(' ');
            column += 1;
        }
        out += word;
        column += length;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_stay_within_80_columns() {
        let text = wrapped("  source       ", &"twelve chars ".repeat(30));
        assert!(text.lines().all(|line| line.chars().count() <= 80));
    }
}
