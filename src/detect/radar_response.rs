//! How sharp a radar series is, from the strings that it shows.
//!
//! Products differ: processors weigh their spectra differently, resample once or
//! twice, and a yard adds layover and multiple reflections. Across a long string
//! the response shows itself, without knowledge of where the string stands.

use crate::strip::{Axis, PointResponse};

/// Widths tried, in that of the nominal response: half a pixel either way.
const WIDTHS: std::ops::RangeInclusive<i32> = 60..=150;
/// Step of the widths, per cent: a fifth of what the prior leaves open.
const WIDTH_STEP: usize = 4;
/// Prior spread of the width's logarithm: resampling and weighting of the
/// spectrum change it by a fifth.
const WIDTH_SPREAD: f64 = 0.2;

/// Skirts tried, per cent of the energy, and their step.
const SKIRTS: std::ops::RangeInclusive<i32> = 0..=30;
/// See [`SKIRTS`].
const SKIRT_STEP: usize = 3;
/// Prior spread of the skirt: none without multiple reflections, twice as much
/// between walls.
const SKIRT_SPREAD: f64 = 0.1;

/// Offsets about the peak that are compared, in sigma of the nominal response:
/// where the skirt shows, but few neighbouring tracks.
const REACH_SIGMA: f64 = 3.5;

/// Step of a string's place, in sigma of the response.
const PLACE_STEP_SIGMA: f64 = 0.1;
/// Places tried to either side of the brightest offset.
const PLACES: i32 = 10;

/// Deviance beyond which an offset shows something else, 3 sigma.
const MOST_DEVIANCE: f64 = 9.0;

/// Strings are no straighter and more alike than so many looks tell: a fifth of
/// their power.
const MOST_LOOKS: f64 = 25.0;

/// A string seen across the track.
#[derive(Debug, Clone, PartialEq)]
pub struct StringAcross {
    /// Mean power over that of the bed by offset; `NaN` where not seen.
    pub power: Vec<f64>,
    /// Independent looks that the mean is of.
    pub looks: f64,
}

/// The response of a series, from `nominal` as far as `strings` say otherwise.
///
/// Each width and skirt is given the place and brightness of every string that
/// suit it best; the deviances of gamma-distributed power (McCullagh and Nelder
/// 1989, ch. 8), clipped against neighbours, and the prior decide.
#[must_use]
pub fn fitted_response(
    strings: &[StringAcross],
    offset: &Axis,
    nominal: PointResponse,
) -> PointResponse {
    let windows: Vec<Window> = (strings.iter())
        .filter_map(|s| Window::of(s, offset, &nominal))
        .collect();
    let mut best = (f64::INFINITY, nominal);
    for width in WIDTHS.step_by(WIDTH_STEP) {
        for skirt in SKIRTS.step_by(SKIRT_STEP) {
            let width = f64::from(width) / 100.0;
            let response = PointResponse {
                sigma_m: nominal.sigma_m * width,
                skirt: f64::from(skirt) / 100.0,
            };
            let unlikely = (width.ln() / WIDTH_SPREAD).powi(2)
                + ((response.skirt - nominal.skirt) / SKIRT_SPREAD).powi(2);
            let misfit: f64 = windows.iter().map(|w| w.misfit(&response)).sum();
            if unlikely + misfit < best.0 {
                best = (unlikely + misfit, response);
            }
        }
    }
    if windows.is_empty() { nominal } else { best.1 }
}

/// The offsets about the peak of a string.
struct Window {
    /// Offset, m, and power over that of the bed.
    seen: Vec<(f64, f64)>,
    peak_m: f64,
    place_step_m: f64,
    /// Weight of the deviance of one offset.
    worth: f64,
}

impl Window {
    fn of(string: &StringAcross, offset: &Axis, nominal: &PointResponse) -> Option<Self> {
        let seen =
            || (offset.centres_m().into_iter().zip(&string.power)).filter(|(_, p)| p.is_finite());
        let (peak_m, _) = seen().max_by(|a, b| a.1.total_cmp(b.1))?;
        let reach_m = REACH_SIGMA * nominal.sigma_m;
        let correlated = (offset.step_m / nominal.correlation_m()).min(1.0);
        Some(Self {
            seen: seen()
                .filter(|(o, _)| (o - peak_m).abs() <= reach_m)
                .map(|(o, p)| (o, p.max(f64::MIN_POSITIVE)))
                .collect(),
            peak_m,
            place_step_m: PLACE_STEP_SIGMA * nominal.sigma_m,
            worth: correlated * string.looks.min(MOST_LOOKS),
        })
    }

    /// Least deviance over all places of the string.
    fn misfit(&self, response: &PointResponse) -> f64 {
        (-PLACES..=PLACES)
            .map(|k| self.misfit_at(self.peak_m + f64::from(k) * self.place_step_m, response))
            .fold(f64::INFINITY, f64::min)
    }

    fn misfit_at(&self, at_m: f64, response: &PointResponse) -> f64 {
        let shares: Vec<f64> = (self.seen.iter())
            .map(|(o, _)| response.across(o - at_m))
            .collect();
        let mut model: Vec<f64> = self.seen.iter().map(|(_, p)| *p).collect();
        // The weights settle at the second round.
        for _ in 0..3 {
            let (mut dot, mut norm) = (0.0, f64::MIN_POSITIVE);
            for ((share, (_, power)), model) in shares.iter().zip(&self.seen).zip(&model) {
                dot += share * (power - 1.0) / (model * model);
                norm += share * share / (model * model);
            }
            let amplitude = (dot / norm).max(0.0);
            model = shares.iter().map(|h| 1.0 + amplitude * h).collect();
        }
        (self.seen.iter().zip(&model))
            .map(|((_, power), model)| {
                let ratio = power / model;
                (2.0 * self.worth * (ratio - 1.0 - ratio.ln())).min(MOST_DEVIANCE)
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSET: Axis = Axis {
        first_m: -65.0,
        step_m: 5.0,
        len: 27,
    };

    fn string(response: PointResponse, at_m: f64, db: f64) -> StringAcross {
        let excess = 10_f64.powf(db / 10.0) - 1.0;
        let power = |r| 1.0 + excess * response.across(OFFSET.at_m(r) - at_m);
        StringAcross {
            power: (0..OFFSET.len).map(power).collect(),
            looks: 25.0,
        }
    }

    #[test]
    fn without_strings_nothing_is_learnt() {
        let nominal = PointResponse::of_gsd(10.0);
        assert_eq!(fitted_response(&[], &OFFSET, nominal), nominal);
    }

    #[test]
    fn a_planted_response_is_recovered() {
        let nominal = PointResponse::of_gsd(10.0);
        for (sigma_m, skirt) in [(8.5, 0.0), (11.0, 0.17), (13.0, 0.1)] {
            let planted = PointResponse { sigma_m, skirt };
            let strings: Vec<StringAcross> = (0..8)
                .map(|k| string(planted, f64::from(k) * 3.0 - 10.0, 9.0 + f64::from(k % 3)))
                .collect();
            let found = fitted_response(&strings, &OFFSET, nominal);
            assert!(
                (found.sigma_m - sigma_m).abs() < 0.8,
                "{found:?} {planted:?}"
            );
            assert!((found.skirt - skirt).abs() < 0.07, "{found:?} {planted:?}");
        }
    }

    #[test]
    fn neighbours_do_not_widen_it() {
        let nominal = PointResponse::of_gsd(10.0);
        let planted = PointResponse {
            sigma_m: 9.0,
            skirt: 0.05,
        };
        let mut strings: Vec<StringAcross> = (0..8).map(|_| string(planted, 2.0, 10.0)).collect();
        let beside = string(planted, 45.0, 8.0);
        for (power, more) in strings[0].power.iter_mut().zip(&beside.power) {
            *power += more - 1.0;
        }
        let found = fitted_response(&strings, &OFFSET, nominal);
        assert!((found.sigma_m - 9.0).abs() < 1.0, "{found:?}");
    }
}
