//! A slope without assumptions on the distribution, lower bounds included.

use super::kendall::{Point, grouped};
use crate::stats::Interval;

/// All slopes between pairs of a group, and how S falls where each is passed.
///
/// The estimator of Akritas, Murphy and LaValley (1995, JASA 90:170; Helsel
/// 2012, ch. 11) is the slope that leaves no rank correlation between time and
/// residuals, lower bounds staying lower bounds. Without them it is that of
/// Theil and Sen, the median of the slopes (Sen 1968).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slopes {
    /// Slope, and the step of S there, ascending.
    steps: Vec<(f64, f64)>,
    /// S of the residuals of an endless fall.
    s_first: f64,
}

impl Slopes {
    /// The slopes of all pairs of one group at different times.
    pub(super) fn of(points: &[Point]) -> Self {
        let mut steps = Vec::new();
        let mut s_first = 0.0;
        for group in grouped(points) {
            for (i, p) in group.iter().enumerate() {
                for q in group.iter().skip(i + 1).filter(|q| q.time > p.time) {
                    let slope = (q.value - p.value) / (q.time - p.time);
                    // S of the pair goes from 1, or from 0, to −1, or to 0.
                    let (from, step) = match (p.at_least, q.at_least) {
                        (false, false) => (1.0, 2.0),
                        (false, true) => (1.0, 1.0),
                        (true, false) => (0.0, 1.0),
                        (true, true) => continue,
                    };
                    s_first += from;
                    steps.push((slope, step));
                }
            }
        }
        steps.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { steps, s_first }
    }

    /// The slope at which S passes 0; in the middle where it stays there.
    pub(super) fn estimate(&self) -> Option<f64> {
        let low = self.first_where(|s| s <= 0.0)?;
        let high = self.first_where(|s| s < 0.0)?;
        Some(f64::midpoint(low, high))
    }

    /// The slopes that a two-sided test would not reject, where S of the
    /// residuals may lie `reach` from 0: ends at the order statistics of Sen
    /// (1968). `None` where there are too few slopes to end it.
    pub(super) fn interval(&self, reach: f64) -> Option<Interval> {
        let low = self.first_where(|s| s <= reach)?;
        let high = self.first_where(|s| s < -reach)?;
        // Where S does not exceed `reach` even before the first slope, the
        // slopes below are not excluded.
        (self.s_first > reach).then_some(Interval { low, high })
    }

    fn first_where(&self, wanted: impl Fn(f64) -> bool) -> Option<f64> {
        let mut s = self.s_first;
        self.steps.iter().find_map(|(slope, step)| {
            s -= step;
            wanted(s).then_some(*slope)
        })
    }
}
