//! A table of text: first column to the left, the others to the right.

use console::measure_text_width;

use super::paint::{Ink, Paint};

/// A line of cells and its ink.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// One text a column.
    pub cells: Vec<String>,
    /// How it is painted.
    pub ink: Ink,
}

/// Lays the lines out with columns as wide as their widest cell, `gap` blanks apart.
pub(super) fn table_text(lines: &[Line], gap: usize, paint: Paint) -> String {
    let columns = lines.iter().map(|l| l.cells.len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|c| {
            let cells = lines.iter().filter_map(|l| l.cells.get(c));
            cells.map(|t| measure_text_width(t)).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for line in lines {
        let mut row = String::new();
        for (c, (cell, width)) in line.cells.iter().zip(&widths).enumerate() {
            let room = " ".repeat(width - measure_text_width(cell));
            if c == 0 {
                row = format!("{cell}{room}");
            } else {
                row = format!("{row}{}{room}{cell}", " ".repeat(gap));
            }
        }
        text += &paint.text(row.trim_end(), line.ink);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_display_width() {
        let line = |cells: &[&str]| Line {
            cells: cells.iter().map(|c| (*c).to_owned()).collect(),
            ink: Ink::Plain,
        };
        let lines = [line(&["강", "n"]), line(&["abc", "100"]), line(&["d", ""])];
        let text = table_text(&lines, 2, Paint { colour: false });
        assert_eq!(text, "강     n\nabc  100\nd\n");
    }
}
