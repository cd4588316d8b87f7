//! Presence rate by month: the share of captures with a train, with its
//! exact interval; months without a usable capture are gaps.

use maud::{Markup, html};

use super::plot::{Place, Plot, SIZES, Shape, Size};
use crate::error::Result;
use crate::report::PeriodFigures;
use crate::report::headline::share_text;
use crate::trend::days_between;

/// Share of a month that its bar takes.
const BAR: f64 = 0.7;

/// The chart in all sizes.
///
/// # Errors
/// Where memory runs out.
pub(super) fn presence(periods: &[PeriodFigures]) -> Result<Markup> {
    let charts = SIZES
        .iter()
        .map(|size| sized(periods, *size))
        .collect::<Result<Vec<Markup>>>()?;
    Ok(html! {
        @for chart in &charts { (chart) }
        p.legend {
            span.key { svg viewBox="0 0 14 14" aria-hidden="true" { rect fill="#060606" x="2" y="3" width="10" height="11" {} } "share of usable captures with a train" }
            span.key { svg viewBox="0 0 14 14" aria-hidden="true" { path.whisker d="M7 1v12M4 1h6M4 13h6" {} } "95 % interval" }
            span.key { svg viewBox="0 0 14 14" aria-hidden="true" { rect.gap x="0" y="0" width="14" height="14" {} } "no usable capture" }
        }
    })
}

fn sized(periods: &[PeriodFigures], size: Size) -> Result<Markup> {
    let (Some(first), Some(last)) = (periods.first(), periods.last()) else {
        return Ok(html! {});
    };
    let plot = Plot {
        size: Size {
            height: size.height * 3 / 4,
            ..size
        },
        start: first.start,
        end: last.end,
        low: 0.0,
        high: 1.0,
        ticks: vec![0.0, 0.25, 0.5, 0.75, 1.0],
        label: &|share| format!("{:.0} %", 100.0 * share),
        alternative: "Share of usable captures with a train, by month; the table of months holds the same",
    };
    let middle = |p: &PeriodFigures| {
        let (from, to) = (
            days_between(first.start, p.start),
            days_between(first.start, p.end),
        );
        (0.5 * (from + to), 0.5 * BAR * (to - from))
    };
    let bars: Vec<Shape> = periods
        .iter()
        .filter_map(|p| {
            let (at, half) = middle(p);
            let share = p.figures.share?.share;
            Some(Shape::Bar((at - half, 0.0), (at + half, share)))
        })
        .collect();
    plot.draw(&bars, |place| {
        html! {
            @for p in periods {
                @let (at, half) = middle(p);
                (mark(p, (at, half / BAR), place))
            }
        }
    })
}

fn mark(period: &PeriodFigures, (at, half): (f64, f64), place: &Place<'_>) -> Markup {
    let (left, top) = place.at(at - half, 1.0);
    let (right, bottom) = place.at(at + half, 0.0);
    let (width, height) = ((right - left).max(0), (bottom - top).max(0));
    let figures = &period.figures;
    html! {
        @if let (Some(share), Some(with)) = (figures.share, figures.with_train) {
            @let (x, low) = place.at(at, share.interval.low);
            @let high = place.at(at, share.interval.high).1;
            @let arm = (width / 6).clamp(1, 4);
            path class=(if width < 9 { "whisker thin" } else { "whisker" }) d={ "M" (x) " " (high) "V" (low) "M" (x - arm) " " (high) "h" (2 * arm) "M" (x - arm) " " (low) "h" (2 * arm) } {}
            rect.touch x=(left) y=(top) width=(width) height=(height) {
                title {
                    (period.period) ": a train on " (with) " of " (figures.usable) ", " (share_text(figures))
                }
            }
        } @else {
            rect.gap x=(left) y=(top) width=(width) height=(height) { title { (period.period) ": no usable capture" } }
        }
    }
}
