//! Charts over time: axes, bands, bars and lines by `plotters`, marks on top.
//!
//! The library writes colours as attributes. It is given a colour of its own
//! for every part, and the style sheet says by these what each looks like, in
//! light and in dark.

use std::ops::Range;

use jiff::civil::Date;
use maud::{Markup, PreEscaped, Render};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::*;

use crate::error::{Error, Result};
use crate::trend::{By, days_between};

/// Stand-ins that `report.css` gives their looks.
const AXIS: RGBColor = RGBColor(1, 1, 1);
const GRID: RGBColor = RGBColor(2, 2, 2);
const LABEL: RGBColor = RGBColor(3, 3, 3);
const BAND: RGBColor = RGBColor(4, 4, 4);
const LINE: RGBColor = RGBColor(5, 5, 5);
const BAR: RGBColor = RGBColor(6, 6, 6);

/// Height of letters, px, as the library counts it.
const LETTERS: u32 = 16;
/// Room for the labels of the axes, px.
const LABELS: (u32, u32) = (26, 46);
/// Least distance of labels of the time axis, px.
const LABEL_PX: f64 = 74.0;

/// A size of a chart: one for wide and one for narrow windows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) class: &'static str,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Both sizes of every chart; the style sheet shows the one that fits.
pub(super) const SIZES: [Size; 2] = [
    Size {
        class: "wide",
        width: 1000,
        height: 320,
    },
    Size {
        class: "narrow",
        width: 380,
        height: 300,
    },
];

/// What lies under the marks; x in days since the start.
pub(super) enum Shape {
    /// A filled outline.
    Band(Vec<(f64, f64)>),
    /// A line.
    Line(Vec<(f64, f64)>),
    /// A bar between two corners.
    Bar((f64, f64), (f64, f64)),
}

/// The frame of a chart.
pub(super) struct Plot<'a> {
    pub(super) size: Size,
    pub(super) start: Date,
    pub(super) end: Date,
    pub(super) low: f64,
    pub(super) high: f64,
    /// Where the vertical axis has labels.
    pub(super) ticks: Vec<f64>,
    pub(super) label: &'a dyn Fn(f64) -> String,
    /// What is said of it to those who do not see it.
    pub(super) alternative: &'a str,
}

/// Places on a chart.
pub(super) struct Place<'a> {
    of: &'a dyn Fn(f64, f64) -> (i32, i32),
}

/// An axis with labels at places of its own.
#[derive(Clone)]
struct Scale {
    range: Range<f64>,
    labels: Vec<(f64, String)>,
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.labels.iter().map(|label| label.0).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        let found = self
            .labels
            .iter()
            .find(|label| (label.0 - value).abs() < 1e-9);
        found.map_or_else(String::new, |label| label.1.clone())
    }
}

impl Place<'_> {
    /// The pixel of days since the start and a value.
    pub(super) fn at(&self, days: f64, value: f64) -> (i32, i32) {
        (self.of)(days, value)
    }
}

impl Plot<'_> {
    /// Days from its start to its end.
    pub(super) fn days(&self) -> f64 {
        days_between(self.start, self.end).max(1.0)
    }

    /// Draws the chart with `marks` on top.
    ///
    /// # Errors
    /// Where memory runs out.
    pub(super) fn draw(
        &self,
        shapes: &[Shape],
        marks: impl FnOnce(&Place<'_>) -> Markup,
    ) -> Result<Markup> {
        let mut svg = String::new();
        let over = self
            .drawn(&mut svg, shapes, marks)
            .map_err(|e| Error::value("chart", e, "drawable"))?;
        let svg = svg.trim_end();
        let open = svg.strip_suffix("</svg>").unwrap_or(svg);
        let mut alternative = String::new();
        self.alternative.render_to(&mut alternative);
        let (class, rest) = (self.size.class, open.strip_prefix("<svg").unwrap_or(open));
        Ok(PreEscaped(format!(
            "<svg class=\"{class}\" role=\"img\" aria-label=\"{alternative}\"{rest}{}</svg>",
            over.into_string()
        )))
    }

    fn drawn(
        &self,
        svg: &mut String,
        shapes: &[Shape],
        marks: impl FnOnce(&Place<'_>) -> Markup,
    ) -> std::result::Result<Markup, DrawingAreaErrorKind<std::io::Error>> {
        let root =
            SVGBackend::with_string(svg, (self.size.width, self.size.height)).into_drawing_area();
        let time = Scale {
            range: 0.0..self.days(),
            labels: days_ticks(self.start, self.end, f64::from(self.size.width)),
        };
        let value = Scale {
            range: self.low..self.high,
            labels: self.ticks.iter().map(|v| (*v, (self.label)(*v))).collect(),
        };
        let mut chart = ChartBuilder::on(&root)
            .margin_top(12)
            .margin_right(12)
            .x_label_area_size(LABELS.0)
            .y_label_area_size(LABELS.1)
            .build_cartesian_2d(time, value)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(AXIS)
            .label_style(("sans-serif", LETTERS).into_font().color(&LABEL))
            .draw()?;
        for shape in shapes {
            match shape {
                Shape::Band(edge) => {
                    chart.draw_series([Polygon::new(edge.clone(), BAND.filled())])?;
                }
                Shape::Line(points) => {
                    chart.draw_series([PathElement::new(points.clone(), LINE.stroke_width(2))])?;
                }
                Shape::Bar(from, to) => {
                    chart.draw_series([Rectangle::new([*from, *to], BAR.filled())])?;
                }
            }
        }
        let area = chart.plotting_area();
        let over = marks(&Place {
            of: &|days, value| area.map_coordinate(&(days, value)),
        });
        root.present()?;
        Ok(over)
    }
}

/// Days since the start to label and their labels, as many as fit.
fn days_ticks(start: Date, end: Date, width_px: f64) -> Vec<(f64, String)> {
    let most = (width_px / LABEL_PX) as usize;
    let mut found = Vec::new();
    for step in [1, 2, 3, 6, 12, 24, 60, 120, 240] {
        found = ticks_every(start, end, step);
        if found.len() <= most {
            break;
        }
    }
    found
}

fn ticks_every(start: Date, end: Date, step: i32) -> Vec<(f64, String)> {
    let format = if step < 12 { "%Y-%m" } else { "%Y" };
    let mut ticks = Vec::new();
    let mut day = start.first_of_month();
    while day < end {
        let month = i32::from(day.year()) * 12 + i32::from(day.month()) - 1;
        if month % step == 0 && day >= start {
            ticks.push((days_between(start, day), day.strftime(format).to_string()));
        }
        let next = By::Month.next(day);
        if next <= day {
            break;
        }
        day = next;
    }
    ticks
}

/// Smallest round step with which at most five intervals reach over `most`.
pub(super) fn round_ticks(most: f64) -> Vec<f64> {
    let least = most.max(5.0) / 5.0;
    let decade = 10_f64.powf(least.log10().floor());
    let round = [1.0, 2.0, 2.5, 5.0].map(|m| m * decade);
    let step = round
        .into_iter()
        .find(|s| *s >= least)
        .unwrap_or(10.0 * decade);
    let count = (most / step).ceil() as usize;
    (0..=count.max(1)).map(|k| k as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp)]
    use jiff::civil::date;

    use super::*;

    #[test]
    fn ticks_are_round_and_reach_over_the_longest() {
        assert_eq!(round_ticks(412.0), [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]);
        assert_eq!(round_ticks(1000.0).last(), Some(&1000.0));
        assert_eq!(round_ticks(0.0).last(), Some(&1.0));
    }

    #[test]
    fn days_have_as_many_labels_as_fit() {
        let names = |to, width| -> Vec<String> {
            let ticks = days_ticks(date(2022, 11, 1), to, width);
            ticks.into_iter().map(|t| t.1).collect()
        };
        assert_eq!(
            names(date(2023, 2, 1), 380.0),
            ["2022-11", "2022-12", "2023-01"]
        );
        assert_eq!(
            names(date(2025, 2, 1), 380.0),
            ["2023-01", "2023-07", "2024-01", "2024-07", "2025-01"]
        );
    }
}
