//! Ink for the terminal, or none; and text from files made fit for it.

use console::Style;

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// Ordinary text.
    Plain,
    /// What names things.
    Strong,
    /// What stands back: axes, what was not observed.
    Faint,
    /// A train.
    Train,
    /// A train that was not seen to its end.
    Cut,
    /// A line fitted to what was seen.
    Trend,
}

/// A blank at which no line is broken; [`wrapped`] turns it into a plain one.
pub(super) const GLUE: char = '\u{a0}';

/// Whether there is colour at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paint {
    /// False on anything but a terminal, or where `NO_COLOR` is set.
    pub colour: bool,
}

impl Paint {
    /// The text in its ink.
    pub(super) fn text(self, text: &str, ink: Ink) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let style = Style::new().force_styling(true);
        let style = match ink {
            Ink::Plain => return text.to_owned(),
            Ink::Strong => style.bold(),
            Ink::Faint => style.dim(),
            Ink::Train => style.cyan().bold(),
            Ink::Cut => style.yellow().bold(),
            Ink::Trend => style.green(),
        };
        style.apply_to(text).to_string()
    }

    /// A row of characters, runs of one ink painted together.
    pub(super) fn row(self, cells: &[(char, Ink)]) -> String {
        cells
            .chunk_by(|a, b| a.1 == b.1)
            .map(|run| {
                let text: String = run.iter().map(|cell| cell.0).collect();
                let ink = run.first().map_or(Ink::Plain, |cell| cell.1);
                self.text(&text, ink)
            })
            .collect()
    }
}

/// Text from a file with every character replaced that could move the cursor,
/// change colours, or turn the direction of writing around.
///
/// ```
/// assert_eq!(railspan::report::printable("a\u{1b}[2J\n"), "a\u{fffd}[2J\u{fffd}");
/// ```
#[must_use]
pub fn printable(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| {
            if c.is_control() || turns(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// A number and its noun, in the plural where there is not one.
///
/// ```
/// use railspan::report::counted;
/// assert_eq!((counted(1, "train"), counted(0, "train")), ("1 train".into(), "0 trains".into()));
/// ```
#[must_use]
pub fn counted(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

/// Text broken between words into lines of at most `width` columns.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let wide = console::measure_text_width(word);
        if used > 0 && used + 1 + wide > width {
            lines.push('\n');
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += wide;
    }
    lines.replace(GLUE, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_escape_sequence_survives() {
        assert_eq!(
            printable("a\u{1b}[31mb\n\u{7}\u{9b}c\u{202e}"),
            "a\u{fffd}[31mb\u{fffd}\u{fffd}\u{fffd}c\u{fffd}"
        );
        assert_eq!(printable("두만강 🚂"), "두만강 🚂");
    }

    #[test]
    fn lines_break_between_words_by_display_width() {
        assert_eq!(wrapped("aa bb cc", 5), "aa bb\ncc");
        assert_eq!(wrapped("두만 강", 6), "두만\n강");
        assert_eq!(wrapped("unbreakable", 3), "unbreakable");
        assert_eq!(wrapped("is 12\u{a0}m", 5), "is\n12 m");
    }

    #[test]
    fn runs_of_one_ink_are_painted_once() {
        let cells = [('a', Ink::Faint), ('b', Ink::Faint), ('c', Ink::Plain)];
        let bare = Paint { colour: false };
        assert_eq!(bare.row(&cells), "abc");
        let coloured = Paint { colour: true };
        assert_eq!(coloured.row(&cells), "\u{1b}[2mab\u{1b}[0mc");
    }
}
