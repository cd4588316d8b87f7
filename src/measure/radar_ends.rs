//! Where a bright string begins and ends, given that radar blooms.

use crate::strip::PointResponse;

/// How far about a detected end the end is sought, m: the response of a string
/// of 15 dB stays above 3 dB for three sigma, and detection may lose a weak end.
const SEARCH_M: f64 = 60.0;

/// Step of the search, m: a fifth of the smallest sigma ever reached.
const SEARCH_STEP_M: f64 = 1.0;

/// How much of the interior the level is taken from, m.
const INTERIOR_M: f64 = 80.0;

/// Least texture of a string, dB: wagons of one kind differ by as much.
const LEAST_TEXTURE_DB: f64 = 1.5;

/// Levels tried, dB: from what can be told from the bed to a corner reflector.
const LEVELS_DB: (f64, f64) = (3.0, 30.0);
/// Step of the levels, dB: a third of the least texture.
const LEVEL_STEP_DB: f64 = 0.5;

/// Contrast along a lane, as the ends are fitted to it.
#[derive(Debug, Clone, Copy)]
pub struct EndsInput<'a> {
    /// Power over the empty bed, dB, by chainage.
    pub contrast_db: &'a [f64],
    /// Its scatter on an empty track, dB.
    pub sigma_db: &'a [f64],
    /// Where it was seen.
    pub usable: &'a [bool],
    /// Chainage of the first sample, m.
    pub first_m: f64,
    /// Distance of samples, m.
    pub step_m: f64,
    /// The response along the track.
    pub response: PointResponse,
}

/// One end of a string.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RadarEnd {
    /// Chainage, m.
    pub at_m: f64,
    /// Its standard deviation, m.
    pub sigma_m: f64,
    /// Hidden samples or the strip's own end lie where the end would show.
    pub hidden: bool,
}

/// Both ends, and what lies between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RadarEnds {
    /// The end at lower chainage.
    pub start: RadarEnd,
    /// The end at higher chainage.
    pub end: RadarEnd,
    /// Mean contrast between them, dB.
    pub contrast_db: f64,
}

/// Ends of the string that was detected from sample `first` to sample `last`.
///
/// Each end is fitted by itself: a string of constant power from the end
/// inwards, blurred by the response, seen in dB through the scatter of the bed
/// and the string's own texture. Level and place run over a grid; the end is
/// the mean of its posterior under flat priors and `sigma_m` its standard
/// deviation. Blooming, which lengthens a string of 12 dB by some 20 m at
/// either end at the 3 dB level, is part of the model and so costs no bias.
#[must_use]
pub fn radar_ends(input: &EndsInput, first: usize, last: usize) -> RadarEnds {
    let texture_db = texture(input, first, last);
    let middle_m = 0.5 * (input.at_m(first) + input.at_m(last));
    let start = End {
        input,
        texture_db,
        near_m: input.at_m(first),
        far_m: middle_m,
        inwards: 1.0,
    };
    let end = End {
        near_m: input.at_m(last),
        inwards: -1.0,
        ..start
    };
    let (start, end) = (start.fit(), end.fit());
    RadarEnds {
        start,
        end,
        contrast_db: mean_between(input, start.at_m, end.at_m),
    }
}

impl EndsInput<'_> {
    fn at_m(&self, i: usize) -> f64 {
        self.first_m + i as f64 * self.step_m
    }

    /// Samples whose chainage lies between two, clamped to the profile.
    fn between(&self, from_m: f64, to_m: f64) -> std::ops::Range<usize> {
        let n = self.contrast_db.len();
        let from = ((from_m - self.first_m) / self.step_m).ceil().max(0.0) as usize;
        let to = ((to_m - self.first_m) / self.step_m).floor().max(-1.0) + 1.0;
        let to = (to as usize).min(n);
        from.min(to)..to
    }
}

/// Mean contrast of the usable samples between two chainages; of the nearest
/// sample where there are none.
fn mean_between(input: &EndsInput, from_m: f64, to_m: f64) -> f64 {
    let inside: Vec<f64> = input
        .between(from_m, to_m)
        .filter(|&i| input.usable[i])
        .map(|i| input.contrast_db[i])
        .collect();
    if inside.is_empty() {
        return 0.0;
    }
    inside.iter().sum::<f64>() / inside.len() as f64
}

/// Scatter of the contrast inside the string, without what the bed's speckle adds.
fn texture(input: &EndsInput, first: usize, last: usize) -> f64 {
    let margin = (input.response.sigma_m / input.step_m).round() as usize;
    let (from, to) = (first + margin, last.saturating_sub(margin));
    let inside: Vec<f64> = (from..to.max(from))
        .filter(|&i| input.usable[i])
        .map(|i| input.contrast_db[i])
        .collect();
    let n = inside.len() as f64;
    if n < 4.0 {
        return LEAST_TEXTURE_DB;
    }
    let mean = inside.iter().sum::<f64>() / n;
    let variance = inside.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    variance.sqrt().max(LEAST_TEXTURE_DB)
}

/// One end as a fitting problem.
#[derive(Clone, Copy)]
struct End<'a> {
    input: &'a EndsInput<'a>,
    texture_db: f64,
    near_m: f64,
    far_m: f64,
    /// +1 where the string lies up-chainage of the end, else −1.
    inwards: f64,
}

impl End<'_> {
    fn fit(&self) -> RadarEnd {
        let window = self.window();
        let steps = (2.0 * SEARCH_M / SEARCH_STEP_M) as usize;
        let places: Vec<f64> = (0..=steps)
            .map(|k| self.near_m - self.inwards * (SEARCH_M - k as f64 * SEARCH_STEP_M))
            .filter(|at| (self.far_m - at) * self.inwards >= 0.0)
            .collect();
        let logs: Vec<f64> = places
            .iter()
            .map(|&at| self.log_evidence(at, &window))
            .collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = logs.iter().map(|l| (l - most).exp()).collect();
        let total: f64 = weights.iter().sum();
        let moment = |f: &dyn Fn(f64) -> f64| {
            places
                .iter()
                .zip(&weights)
                .map(|(&p, w)| w * f(p))
                .sum::<f64>()
                / total
        };
        let at_m = moment(&|p| p);
        RadarEnd {
            at_m,
            sigma_m: moment(&|p| (p - at_m).powi(2)).sqrt().max(SEARCH_STEP_M),
            hidden: self.is_hidden(at_m),
        }
    }

    /// Usable samples from well outside the end to some way inside.
    fn window(&self) -> Vec<usize> {
        let outside_m = self.near_m - self.inwards * SEARCH_M;
        let inside_m = self.near_m + self.inwards * INTERIOR_M;
        // Never beyond the middle: the other half belongs to the other end.
        let inside_m = if (inside_m - self.far_m) * self.inwards > 0.0 {
            self.far_m
        } else {
            inside_m
        };
        self.input
            .between(outside_m.min(inside_m), outside_m.max(inside_m))
            .filter(|&i| self.input.usable[i])
            .collect()
    }

    /// Log evidence of an end at `at_m`, over all levels.
    fn log_evidence(&self, at_m: f64, window: &[usize]) -> f64 {
        let worth = (self.input.step_m / self.input.response.correlation_m()).min(1.0);
        let inside: Vec<f64> = window
            .iter()
            .map(|&i| {
                let inwards_m = (self.input.at_m(i) - at_m) * self.inwards;
                self.input.response.edge(inwards_m)
            })
            .collect();
        let levels = ((LEVELS_DB.1 - LEVELS_DB.0) / LEVEL_STEP_DB) as usize;
        let logs: Vec<f64> = (0..=levels)
            .map(|k| {
                let level_db = LEVELS_DB.0 + k as f64 * LEVEL_STEP_DB;
                worth * self.log_likelihood(level_db, window, &inside)
            })
            .collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        most + logs.iter().map(|l| (l - most).exp()).sum::<f64>().ln()
    }

    fn log_likelihood(&self, level_db: f64, window: &[usize], inside: &[f64]) -> f64 {
        let power = 10_f64.powf(level_db / 10.0) - 1.0;
        window
            .iter()
            .zip(inside)
            .map(|(&i, &share)| {
                let expected_db = 10.0 * (1.0 + power * share).log10();
                // The texture counts as far as the string, not the bed, is seen.
                let seen = power * share / (1.0 + power * share);
                let sigma_db = self.input.sigma_db[i].hypot(self.texture_db * seen);
                let deviation = (self.input.contrast_db[i] - expected_db) / sigma_db;
                -0.5 * deviation * deviation - sigma_db.ln()
            })
            .sum()
    }

    /// Whether samples are missing within a response outside the end.
    fn is_hidden(&self, at_m: f64) -> bool {
        let outside_m = at_m - self.inwards * self.input.response.sigma_m;
        let low_m = outside_m.min(at_m);
        let high_m = outside_m.max(at_m);
        let last_m = self
            .input
            .at_m(self.input.contrast_db.len().saturating_sub(1));
        low_m < self.input.first_m
            || high_m > last_m
            || self
                .input
                .between(low_m, high_m)
                .any(|i| !self.input.usable[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: PointResponse = PointResponse { sigma_m: 11.0 };

    /// A blurred bar without noise, 5 m samples from chainage 0.
    fn bar(from_m: f64, to_m: f64, db: f64) -> Vec<f64> {
        let power = 10_f64.powf(db / 10.0) - 1.0;
        (0..160)
            .map(|i| {
                let at_m = f64::from(i) * 5.0;
                let share = RESPONSE.edge(at_m - from_m) + RESPONSE.edge(to_m - at_m) - 1.0;
                10.0 * (1.0 + power * share).log10()
            })
            .collect()
    }

    fn ends_of(contrast_db: &[f64], usable: &[bool], first: usize, last: usize) -> RadarEnds {
        let input = EndsInput {
            contrast_db,
            sigma_db: &vec![1.0; contrast_db.len()],
            usable,
            first_m: 0.0,
            step_m: 5.0,
            response: RESPONSE,
        };
        radar_ends(&input, first, last)
    }

    #[test]
    fn blooming_does_not_lengthen() {
        for db in [6.0, 9.0, 12.0, 15.0] {
            let contrast = bar(203.0, 501.0, db);
            let first = contrast.iter().position(|c| *c > 3.0).unwrap_or(0);
            let last = contrast.iter().rposition(|c| *c > 3.0).unwrap_or(0);
            let found = ends_of(&contrast, &[true; 160], first, last);
            assert!((found.start.at_m - 203.0).abs() < 4.0, "{db} {found:?}");
            assert!((found.end.at_m - 501.0).abs() < 4.0, "{db} {found:?}");
            assert!((found.contrast_db - db).abs() < 1.0, "{db} {found:?}");
        }
    }

    #[test]
    fn a_reversed_profile_has_reversed_ends() {
        let mut contrast = bar(203.0, 501.0, 9.0);
        let found = ends_of(&contrast, &[true; 160], 38, 103);
        contrast.reverse();
        let back = ends_of(&contrast, &[true; 160], 159 - 103, 159 - 38);
        assert!((found.start.at_m + back.end.at_m - 795.0).abs() < 1e-6);
        assert!((found.end.sigma_m - back.start.sigma_m).abs() < 1e-6);
    }

    #[test]
    fn an_end_at_a_mask_is_hidden() {
        let contrast = bar(203.0, 501.0, 9.0);
        let mut usable = [true; 160];
        usable[..42].fill(false);
        let found = ends_of(&contrast, &usable, 42, 101);
        assert!(found.start.hidden && !found.end.hidden, "{found:?}");
    }
}
