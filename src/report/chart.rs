//! Lengths over time, drawn with braille dots (Unicode block U+2800): each
//! mark a train, dotted their trend, and below what was seen when, gaps left open.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::figures::Kind;
use super::paint::{Ink, Paint};
use super::summary::{ScopeSummary, Sighting};
use crate::trend::{By, days_between, days_since};

/// Rows of characters; a multiple of [`INTERVALS`], so that each tick has its own.
const ROWS: usize = 12;
/// Intervals between the ticks of the length axis.
const INTERVALS: usize = 4;
/// Dots of a braille character, down.
const DOTS: usize = 4;
/// Columns for the labels of the length axis and the axis itself.
const MARGIN: usize = 8;
/// Bits of the dots of a braille character, left and right together, from the top.
const DOT_ROWS: [u8; DOTS] = [0x09, 0x12, 0x24, 0xc0];
/// Bits of its right dots alone, from the top.
const RIGHT_DOTS: [u8; DOTS] = [0x08, 0x10, 0x20, 0x80];
/// Columns from one dot of the trend to the next.
const TREND_STEP: usize = 2;

/// A character cell of the plot.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    dots: u8,
    train: bool,
    cut: bool,
}

/// From dates and lengths to cells.
struct Axes {
    start: Date,
    end: Date,
    columns: usize,
    step_m: f64,
}

impl Axes {
    fn column(&self, days: f64) -> usize {
        let share = days / days_between(self.start, self.end).max(1.0);
        ((share * self.columns as f64) as usize).min(self.columns.saturating_sub(1))
    }

    fn column_of(&self, day: Date) -> usize {
        self.column(days_between(self.start, day))
    }

    /// Row of dots from the top, of a length.
    fn dot(&self, length_m: f64) -> usize {
        let share = length_m / (self.step_m * INTERVALS as f64);
        let from_top = (1.0 - share) * (ROWS * DOTS) as f64;
        from_top.clamp(0.0, (ROWS * DOTS - 1) as f64).round() as usize
    }
}

/// The chart, `width` columns wide at most; `None` where there are no trains.
pub(super) fn lengths_chart(crossing: &ScopeSummary, width: usize, paint: Paint) -> Option<String> {
    let axes = axes(crossing, width)?;
    let mut cells = vec![vec![Cell::default(); axes.columns]; ROWS];
    draw_trains(&mut cells, &crossing.sightings, &axes);
    draw_trend(&mut cells, crossing, &axes);
    let mut text = String::new();
    for (r, row) in cells.iter().enumerate() {
        let per_tick = ROWS / INTERVALS;
        let (label, axis) = if r % per_tick == 0 {
            let value_m = axes.step_m * (INTERVALS - r / per_tick) as f64;
            let unit = if r == 0 { " m" } else { "" };
            (format!("{value_m:.0}{unit}"), '┤')
        } else {
            (String::new(), '│')
        };
        let glyphs: Vec<(char, Ink)> = row.iter().map(|c| glyph(*c)).collect();
        text += &labelled(&label, axis, &glyphs, paint);
    }
    text += &time_axis(crossing, &axes, paint);
    Some(text)
}

fn axes(crossing: &ScopeSummary, width: usize) -> Option<Axes> {
    let lengths = crossing.sightings.iter().flat_map(|s| &s.lengths);
    let longest_m = lengths.map(|l| l.length_m).reduce(f64::max)?;
    let end = crossing.last.first_of_month();
    Some(Axes {
        start: crossing.first.first_of_month(),
        end: By::Month.next(end),
        columns: width.checked_sub(MARGIN).filter(|columns| *columns >= 12)?,
        step_m: tick_step_m(longest_m),
    })
}

/// Smallest round step of which [`INTERVALS`] reach over the longest train.
fn tick_step_m(longest_m: f64) -> f64 {
    let least = longest_m.max(1.0) / INTERVALS as f64;
    let decade = 10_f64.powf(least.log10().floor());
    let round = [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5];
    let found = round.into_iter().map(|m| m * decade).find(|s| *s >= least);
    found.unwrap_or(10.0 * decade).max(10.0)
}

/// The trend of length, dotted, over the days it is fitted to; where a train
/// is, only that is drawn.
fn draw_trend(cells: &mut [Vec<Cell>], crossing: &ScopeSummary, axes: &Axes) {
    let trains = &crossing.trend.trains;
    let (Some(trend), Some(first), Some(last)) =
        (crossing.trend.length.found(), trains.first(), trains.last())
    else {
        return;
    };
    let days = last.first_seen.duration_since(first.first_seen);
    let columns = [first, last].map(|t| axes.column(days_since(axes.start, t.first_seen)));
    let between = (columns[1] - columns[0]).max(1) as f64;
    for column in (columns[0]..=columns[1]).step_by(TREND_STEP) {
        let after = days.mul_f64((column - columns[0]) as f64 / between);
        let length_m = trend.at(first.first_seen + after).value;
        if length_m < 0.0 {
            continue;
        }
        let dot = axes.dot(length_m);
        let cell = &mut cells[dot / DOTS][column];
        if !cell.train {
            cell.dots |= RIGHT_DOTS[dot % DOTS];
        }
    }
}

fn draw_trains(cells: &mut [Vec<Cell>], sightings: &[Sighting], axes: &Axes) {
    for sighting in sightings {
        let column = axes.column(days_since(axes.start, sighting.acquired));
        for length in &sighting.lengths {
            // A mark is two dots high, about the place of the length.
            let lower = axes.dot(length.length_m).max(1);
            for dot in [lower - 1, lower] {
                let cell = &mut cells[dot / DOTS][column];
                cell.dots |= DOT_ROWS[dot % DOTS];
                cell.train = true;
            }
            cells[lower / DOTS][column].cut |= length.at_least;
        }
    }
}

fn glyph(cell: Cell) -> (char, Ink) {
    let ink = match cell {
        Cell { cut: true, .. } => return ('▴', Ink::Cut),
        Cell { dots: 0, .. } => return (' ', Ink::Plain),
        Cell { train: true, .. } => Ink::Train,
        _ => Ink::Trend,
    };
    let code = 0x2800 + u32::from(cell.dots);
    (char::from_u32(code).unwrap_or(' '), ink)
}

fn labelled(label: &str, axis: char, glyphs: &[(char, Ink)], paint: Paint) -> String {
    let edge = format!("{label:>width$} {axis}", width = MARGIN - 2);
    let end = glyphs
        .iter()
        .rposition(|g| g.0 != ' ')
        .map_or(0, |last| last + 1);
    let row = paint.row(glyphs.get(..end).unwrap_or_default());
    format!("{}{row}\n", paint.text(&edge, Ink::Faint))
}

/// The axis with its ticks, the dates below it, and what was seen when.
fn time_axis(crossing: &ScopeSummary, axes: &Axes, paint: Paint) -> String {
    let mut line = vec![('─', Ink::Faint); axes.columns];
    let mut dates = vec![(' ', Ink::Plain); axes.columns];
    for (day, label) in ticks(axes) {
        let column = axes.column_of(day);
        line[column].0 = '┬';
        if column + label.len() <= axes.columns {
            for (at, c) in label.chars().enumerate() {
                dates[column + at] = (c, Ink::Faint);
            }
        }
    }
    let seen = seen_row(&crossing.sightings, axes);
    labelled("0", '┼', &line, paint)
        + &labelled("", ' ', &dates, paint)
        + &labelled("seen", ' ', &seen, paint)
}

/// What the best capture of each column is good for.
fn seen_row(sightings: &[Sighting], axes: &Axes) -> Vec<(char, Ink)> {
    let mut best: BTreeMap<usize, usize> = BTreeMap::new();
    for sighting in sightings {
        let column = axes.column(days_since(axes.start, sighting.acquired));
        let mark = match sighting.kind {
            Kind::Clear | Kind::Partial => 0,
            Kind::WouldMiss => 1,
            _ => 2,
        };
        let known = best.entry(column).or_insert(mark);
        *known = mark.min(*known);
    }
    let marks = [('•', Ink::Plain), ('◦', Ink::Faint), ('×', Ink::Faint)];
    (0..axes.columns)
        .map(|column| best.get(&column).map_or((' ', Ink::Plain), |m| marks[*m]))
        .collect()
}

/// Days to label and their labels, as many as fit two blanks apart.
fn ticks(axes: &Axes) -> Vec<(Date, String)> {
    let months = [1, 2, 3, 6, 12, 24, 60, 120, 240];
    let all = months.into_iter().map(|step| ticks_every(axes, step));
    let mut found = Vec::new();
    for ticks in all {
        let room: usize = ticks.iter().map(|(_, label)| label.len() + 2).sum();
        found = ticks;
        if room <= axes.columns + 2 {
            break;
        }
    }
    found
}

fn ticks_every(axes: &Axes, step: i32) -> Vec<(Date, String)> {
    let format = if step < 12 { "%Y-%m" } else { "%Y" };
    let mut ticks = Vec::new();
    let mut day = axes.start;
    while day < axes.end {
        let month = i32::from(day.year()) * 12 + i32::from(day.month()) - 1;
        if month % step == 0 {
            ticks.push((day, day.strftime(format).to_string()));
        }
        let next = By::Month.next(day);
        if next <= day {
            break;
        }
        day = next;
    }
    ticks
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp)]
    use super::*;

    #[test]
    fn steps_are_round_and_reach_over_the_longest() {
        for (longest_m, step_m) in [
            (0.0, 10.0),
            (35.0, 10.0),
            (400.0, 100.0),
            (401.0, 125.0),
            (941.0, 250.0),
            (3100.0, 1000.0),
        ] {
            assert_eq!(tick_step_m(longest_m), step_m, "{longest_m}");
        }
    }

    #[test]
    fn lengths_and_days_fall_where_they_belong() {
        let axes = Axes {
            start: jiff::civil::date(2023, 1, 1),
            end: jiff::civil::date(2023, 3, 1),
            columns: 59,
            step_m: 100.0,
        };
        assert_eq!(axes.dot(400.0), 0);
        assert_eq!(axes.dot(200.0), 24);
        assert_eq!(axes.dot(0.0), 47);
        assert_eq!(axes.column_of(jiff::civil::date(2023, 2, 1)), 31);
        assert_eq!(axes.column_of(jiff::civil::date(2024, 1, 1)), 58);
        let labels: Vec<String> = ticks(&axes).into_iter().map(|t| t.1).collect();
        assert_eq!(labels, ["2023-01", "2023-02"]);
    }
}
