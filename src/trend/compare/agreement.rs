//! How well counts and series agree.

use serde::Serialize;

use super::quantity::Kind;
use super::verdict::{Compared, Verdict};
use crate::stats::{Interval, clopper_pearson, median};
use crate::trend::model::Estimate;
use crate::trend::normal::Z_95;
use crate::trend::round::{METRES, SHARES, rounded};

/// Fewest pairs for limits of agreement.
const LEAST_PAIRS: usize = 3;

/// Agreement of the counts of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// What was counted.
    pub kind: Kind,
    /// Counts that could be held against the series.
    pub compared: usize,
    /// Those that agree.
    pub agree: usize,
    /// Their share, with its exact interval; `None` where nothing was compared.
    pub share: Option<Estimate>,
    /// Pairs with a difference, found less published.
    pub pairs: usize,
    /// Mean difference, in the unit of the kind.
    pub bias: Option<f64>,
    /// Median absolute difference.
    pub median_absolute: Option<f64>,
    /// Root of the mean squared difference.
    pub rmse: Option<f64>,
    /// Where 95 % of differences lie, if they are normal (Bland and Altman 1986);
    /// `None` for fewer than three pairs.
    pub limits: Option<Interval>,
}

/// The agreement of each kind that occurs.
#[must_use]
pub fn agreement(rows: &[Compared]) -> Vec<Agreement> {
    [Kind::Length, Kind::TrainCars, Kind::AllCars, Kind::Trains]
        .into_iter()
        .filter(|kind| rows.iter().any(|row| row.kind == Some(*kind)))
        .map(|kind| of_kind(kind, rows))
        .collect()
}

fn of_kind(kind: Kind, rows: &[Compared]) -> Agreement {
    let count = |verdicts: &[Verdict]| {
        let of_kind = rows.iter().filter(|row| row.kind == Some(kind));
        of_kind
            .filter(|row| verdicts.contains(&row.verdict))
            .count()
    };
    let agree = count(&[Verdict::Agrees]);
    let compared = agree + count(&[Verdict::Differs, Verdict::NotFound]);
    let differences: Vec<f64> = rows
        .iter()
        .filter(|row| row.kind == Some(kind) && row.verdict != Verdict::SeenInPart)
        .filter_map(|row| row.found.as_ref()?.difference)
        .collect();
    let n = differences.len() as f64;
    let some = |value: f64| (n > 0.0).then(|| rounded(value, METRES));
    let bias = differences.iter().sum::<f64>() / n;
    let squares: f64 = differences.iter().map(|d| (d - bias).powi(2)).sum();
    let spread = Z_95 * (squares / (n - 1.0)).sqrt();
    let absolute: Vec<f64> = differences.iter().map(|d| d.abs()).collect();
    Agreement {
        kind,
        compared,
        agree,
        share: clopper_pearson(agree, compared)
            .map(|interval| Estimate::rounded(agree as f64 / compared as f64, interval, SHARES)),
        pairs: differences.len(),
        bias: some(bias),
        median_absolute: median(&absolute).map(|m| rounded(m, METRES)),
        rmse: some((differences.iter().map(|d| d * d).sum::<f64>() / n).sqrt()),
        limits: (differences.len() >= LEAST_PAIRS).then(|| Interval {
            low: rounded(bias - spread, METRES),
            high: rounded(bias + spread, METRES),
        }),
    }
}
