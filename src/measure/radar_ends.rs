//! Where a bright string begins and ends, given that radar blooms.

use nalgebra::{SMatrix, SVector};

use crate::strip::PointResponse;

/// How far about a detected end the end is sought, m: the response of a string
/// of 15 dB stays above 3 dB for three sigma, and detection may lose a weak end.
const SEARCH_M: f64 = 60.0;

/// Step of the search, m: a fifth of the smallest sigma ever reached.
const SEARCH_STEP_M: f64 = 1.0;

/// How much of the interior the level is taken from, in correlation lengths:
/// wagons farther in say nothing of how bright the last one is.
const INTERIOR: f64 = 2.0;

/// Length over which one level holds, m: a wagon (12 to 17 m over couplers).
const WAGON_M: f64 = 15.0;

/// Wagons whose levels are fitted one by one; what is farther in has one level.
const WAGONS: usize = 5;

/// How much the wagons of a string differ at least, and where a string is too
/// short to show it, dB: 3 dB where all from 5 to 15 dB are as frequent, and
/// 2 dB of speckle in 4.4 looks.
const TEXTURE_DB: f64 = 3.6;

/// How far the mean power of normal levels lies above their mean, dB per dB² of
/// variance: ln 10 / 20.
const MEAN_SHIFT_PER_DB: f64 = 0.115_129;

/// Levels that a wagon may have, dB: from what cannot be told from the bed to a
/// corner reflector.
const LEVELS_DB: (f64, f64) = (1.0, 30.0);

/// Steps of Gauss and Newton for the levels; the fifth changes them by less than 0.1 dB.
const STEPS: usize = 5;

/// Longest of these steps, dB.
const LONGEST_STEP_DB: f64 = 6.0;

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
/// Each end is fitted by itself: wagons of random level from the end inwards,
/// blurred by the response in linear power, seen in dB through the scatter of
/// the lane. The levels are normal about the mean of the string's interior and
/// are integrated out (Laplace's approximation; Tierney and Kadane 1986), so that
/// a dull last wagon makes an end uncertain, not the string short. The end is
/// the mean of its posterior under a flat prior, and `sigma_m` its standard
/// deviation. Blooming, which lengthens a string of 12 dB by some 20 m at either
/// end at the 3 dB level, is part of the model and so costs no bias.
#[must_use]
pub fn radar_ends(input: &EndsInput, first: usize, last: usize) -> RadarEnds {
    let interior = Interior::of(input, first, last);
    let middle_m = 0.5 * (input.at_m(first) + input.at_m(last));
    let start = End {
        input,
        interior,
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

/// What a string shows away from its ends.
#[derive(Clone, Copy)]
struct Interior {
    mean_db: f64,
    texture_db: f64,
}

impl Interior {
    fn of(input: &EndsInput, first: usize, last: usize) -> Self {
        let margin = (input.response.sigma_m / input.step_m).round() as usize;
        let (from, to) = (first + margin, (last + 1).saturating_sub(margin));
        let seen = |range: std::ops::Range<usize>| -> Vec<f64> {
            range
                .filter(|&i| input.usable[i])
                .map(|i| input.contrast_db[i])
                .collect()
        };
        let inside = seen(from..to.max(from));
        let n = inside.len() as f64;
        if n * input.step_m < input.response.correlation_m() {
            let all = seen(first..last + 1);
            return Self {
                mean_db: all.iter().copied().fold(LEVELS_DB.0, f64::max),
                texture_db: TEXTURE_DB,
            };
        }
        let mean_db = inside.iter().sum::<f64>() / n;
        let seen_db2 = inside.iter().map(|v| (v - mean_db).powi(2)).sum::<f64>() / n;
        // Blurring evens wagons out, and draws their mean towards the bright ones.
        let wagons_db2 = (seen_db2 / evened_out(&input.response)).max(TEXTURE_DB.powi(2));
        let brightened_db = MEAN_SHIFT_PER_DB * (wagons_db2 - seen_db2);
        Self {
            mean_db: (mean_db - brightened_db).max(LEVELS_DB.0),
            texture_db: wagons_db2.sqrt(),
        }
    }
}

/// Share of the variance of wagons' levels that the response leaves at the
/// middle of a wagon.
fn evened_out(response: &PointResponse) -> f64 {
    let share = |k: f64| response.edge((k + 0.5) * WAGON_M) - response.edge((k - 0.5) * WAGON_M);
    share(0.0).powi(2) + 2.0 * share(1.0).powi(2)
}

/// One end as a fitting problem.
#[derive(Clone, Copy)]
struct End<'a> {
    input: &'a EndsInput<'a>,
    interior: Interior,
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
        let inside_m = self.near_m + self.inwards * INTERIOR * self.input.response.correlation_m();
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

    /// Log evidence of an end at `at_m`, over all levels of its wagons.
    fn log_evidence(&self, at_m: f64, window: &[usize]) -> f64 {
        let samples: Vec<Sample> = window.iter().map(|&i| self.sample(i, at_m)).collect();
        let prior_mean = Levels::repeat(self.interior.mean_db);
        let certainty = self.interior.texture_db.powi(-2);
        let mut levels_db = prior_mean;
        for _ in 0..STEPS {
            let mut normal = SMatrix::identity() * certainty;
            let mut right = (prior_mean - levels_db) * certainty;
            for sample in &samples {
                let (expected_db, slope) = sample.expected(&levels_db);
                normal += slope * slope.transpose() * sample.weight;
                right += slope * (sample.weight * (sample.contrast_db - expected_db));
            }
            let Some(factor) = nalgebra::Cholesky::new(normal) else {
                break;
            };
            let step = factor.solve(&right);
            levels_db = (levels_db + step.map(|s| s.clamp(-LONGEST_STEP_DB, LONGEST_STEP_DB)))
                .map(|l| l.clamp(LEVELS_DB.0, LEVELS_DB.1));
        }
        let mut normal = SMatrix::identity() * certainty;
        let mut misfit = (levels_db - prior_mean).norm_squared() * certainty;
        for sample in &samples {
            let (expected_db, slope) = sample.expected(&levels_db);
            normal += slope * slope.transpose() * sample.weight;
            misfit += sample.weight * (sample.contrast_db - expected_db).powi(2);
        }
        -0.5 * (misfit + normal.determinant().max(f64::MIN_POSITIVE).ln())
    }

    /// What a sample shows, and of which wagons, with the end at `at_m`.
    fn sample(&self, i: usize, at_m: f64) -> Sample {
        let input = self.input;
        let worth = (input.step_m / input.response.correlation_m()).min(1.0);
        let inwards_m = (input.at_m(i) - at_m) * self.inwards;
        let beyond = |wagons: usize| input.response.edge(inwards_m - wagons as f64 * WAGON_M);
        Sample {
            contrast_db: input.contrast_db[i],
            weight: worth * input.sigma_db[i].powi(-2),
            shares: Levels::from_fn(|k, _| {
                let next = if k + 1 < WAGONS { beyond(k + 1) } else { 0.0 };
                beyond(k) - next
            }),
        }
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

/// One value for every wagon from the end inwards.
type Levels = SVector<f64, WAGONS>;

/// One sample of the profile near an end.
struct Sample {
    contrast_db: f64,
    /// Independent samples that it is worth, over its variance, 1/dB².
    weight: f64,
    /// Share of each wagon's power that it receives.
    shares: Levels,
}

impl Sample {
    /// Contrast under given levels, dB, and how it grows with them.
    fn expected(&self, levels_db: &Levels) -> (f64, Levels) {
        let power = levels_db.map(|l| 10_f64.powf(l / 10.0));
        let total = 1.0 + self.shares.dot(&power.add_scalar(-1.0));
        let slope = self.shares.component_mul(&power) / total;
        (10.0 * total.log10(), slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: PointResponse = PointResponse {
        sigma_m: 11.0,
        skirt: 0.17,
    };

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
            // A wagon duller yet than those of 6 dB could stand there unseen.
            let off_m = [found.start.at_m - 203.0, found.end.at_m - 501.0];
            for (off_m, end) in off_m.into_iter().zip([found.start, found.end]) {
                assert!(off_m.abs() < 0.55 * end.sigma_m, "{db} {found:?}");
            }
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
