//! The summary as CSV.

use super::figures::Figures;
use super::summary::{ScopeSummary, Summary};
use crate::error::{Error, Result};
use crate::stats::Interval;
use crate::trend::{Answer, ChangePoint, Estimate, Presence, Trend};

/// Columns of every row: what it is about and what it says.
const FIGURES: &str = "crossing,track,period,start,end,min_length_m,clear,partial,would_miss,\
obscured,uncovered,failed,undecided,usable,with_train,share,share_low,share_high,trains,standing,median_length_m,\
median_at_least,median_low_m,median_high_m,longest_m,longest_at_least,detection_limit_m,\
exposure,first_seen,rate,rate_low,rate_high";

/// Columns that only the rows of the whole time fill.
const TREND: &str = "slope_m_per_year,slope_low,slope_high,slope_p,slope_not_told,\
seasonal_slope_m_per_year,seasonal_low,seasonal_high,seasonal_p,seasonal_not_told,\
rate_factor_per_year,rate_factor_low,rate_factor_high,rate_p,rate_not_told,\
length_change_earliest,length_change_latest,length_before_m,length_after_m,length_change_p,\
length_change_not_told,rate_change_earliest,rate_change_latest,rate_before,rate_after,\
rate_change_p,rate_change_not_told";

impl Summary {
    /// The summary for programs, as CSV: a row a crossing and period, and one
    /// of the whole time, named `all`, also of tracks and over all crossings.
    /// Empty is not observed; where a trend is not told, it says what is missing.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn to_csv(&self) -> Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let wrong = |what: String| Error::value("the summary", what, "writable as CSV");
        let head = FIGURES.split(',').chain(TREND.split(','));
        let mut records = vec![head.map(str::to_owned).collect::<Vec<_>>()];
        let scopes = self.crossings.iter().chain(&self.tracks);
        for scope in scopes.chain(&self.overall) {
            records.extend(rows(scope));
        }
        for record in records {
            let written = writer.write_record(&record);
            written.map_err(|e| wrong(e.to_string()))?;
        }
        let bytes = writer.into_inner().map_err(|e| wrong(e.to_string()))?;
        String::from_utf8(bytes).map_err(|e| wrong(e.to_string()))
    }
}

fn rows(scope: &ScopeSummary) -> Vec<Vec<String>> {
    let names = |period: &str, start: String, end: String| {
        let of = |id: &Option<String>| id.clone().unwrap_or_default();
        let [crossing, track] = [of(&scope.crossing), of(&scope.track)];
        let min_length_m = scope.trend.min_length_m.to_string();
        vec![crossing, track, period.to_owned(), start, end, min_length_m]
    };
    let mut rows = Vec::new();
    for period in &scope.periods {
        let mut row = names(
            &period.period,
            period.start.to_string(),
            period.end.to_string(),
        );
        row.extend(figures(&period.figures));
        let same = |p: &&crate::trend::PeriodPresence| p.start == period.start;
        let presence = scope.trend.periods.iter().find(same).map(|p| p.presence);
        row.extend(rate(&presence.unwrap_or_default()));
        row.extend(TREND.split(',').map(|_| String::new()));
        rows.push(row);
    }
    let end = scope.last.tomorrow().unwrap_or(scope.last);
    let mut row = names("all", scope.first.to_string(), end.to_string());
    row.extend(figures(&scope.total));
    row.extend(rate(&scope.trend.total));
    row.extend(trend(&scope.trend));
    rows.push(row);
    rows
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |v| v.to_string())
}

fn figures(f: &Figures) -> Vec<String> {
    vec![
        f.clear.to_string(),
        f.partial.to_string(),
        f.would_miss.to_string(),
        f.obscured.to_string(),
        f.uncovered.to_string(),
        f.failed.to_string(),
        f.undecided.to_string(),
        f.usable.to_string(),
        text(f.with_train),
        text(f.share.map(|s| s.share)),
        text(f.share.map(|s| s.interval.low)),
        text(f.share.map(|s| s.interval.high)),
        text(f.trains),
        text(f.standing),
        text(f.median.map(|m| m.length.length_m)),
        text(f.median.map(|m| m.length.at_least)),
        text(f.median.and_then(|m| m.low_m)),
        text(f.median.and_then(|m| m.high_m)),
        text(f.longest.map(|l| l.length_m)),
        text(f.longest.map(|l| l.at_least)),
        text(f.detection_limit_m),
    ]
}

fn rate(p: &Presence) -> Vec<String> {
    vec![
        p.exposure.to_string(),
        text(p.trains),
        text(p.rate.map(|r| r.value)),
        text(p.rate.map(|r| r.interval.low)),
        text(p.rate.map(|r| r.interval.high)),
    ]
}

fn trend(t: &Trend) -> Vec<String> {
    let mut row: Vec<String> = Vec::new();
    row.extend(slope(&t.length, |l| (l.slope_m_per_year, l.p_value)));
    row.extend(slope(&t.seasonal_length, |l| {
        (l.slope_m_per_year, l.p_value)
    }));
    row.extend(slope(&t.rate, |r| (r.factor_per_year, r.p_value)));
    row.extend(change(&t.length_change));
    row.extend(change(&t.rate_change));
    row
}

fn not_told<T>(answer: &Answer<T>) -> String {
    text(answer.refused())
}

fn slope<T>(answer: &Answer<T>, of: impl Fn(&T) -> (Estimate, f64)) -> [String; 5] {
    let found = answer.found().map(of);
    let end = |end: fn(Interval) -> f64| text(found.map(|f| end(f.0.interval)));
    [
        text(found.map(|f| f.0.value)),
        end(|i| i.low),
        end(|i| i.high),
        text(found.map(|f| f.1)),
        not_told(answer),
    ]
}

fn change(answer: &Answer<ChangePoint>) -> [String; 6] {
    let found = answer.found();
    [
        text(found.map(|c| c.earliest)),
        text(found.map(|c| c.latest)),
        text(found.map(|c| c.level_before)),
        text(found.map(|c| c.level_after)),
        text(found.map(|c| c.p_value)),
        not_told(answer),
    ]
}
