//! What the fit of ends is worth on trains whose ends are known.

use super::{Censored, Fit};
use crate::stats::{median, quantile};

/// Fewer ends than this say nothing.
const LEAST_ENDS: usize = 16;
/// Share of the errors that two sigma are to hold.
const COVERED: f64 = 0.95;
/// A sigma is not scaled by less and not by more than this: what is put into a
/// profile leaves out what a real train does to registration and prediction,
/// and few trials must not spoil a fit.
const SCALED: (f64, f64) = (1.0, 2.0);
/// Errors of more than this many sigma say nothing of the bias.
const STRAY: f64 = 4.0;
/// Ends known worse than this share of a ground sample distance are vague: most
/// of the ends that are missed altogether, by a car or more of no contrast, are
/// among them.
const VAGUE_PX: f64 = 0.7;

/// An end is no line, 1 sigma, m: buffers and couplers stand half a metre out of
/// the body, and its shadow falls up to two metres along the track beside it.
/// Simulated trains at 0.5 m are 0.6 m long or short, 1 sigma, where those put
/// into their profiles say 0.2. Matters where pixels show single cars only.
const LOOSE_END_M: f64 = 0.4;

/// A train of known ends, as it was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// Its ends, m.
    pub truth_m: (f64, f64),
    /// What was found of it; `None` where it was not.
    pub fit: Option<Fit>,
}

/// Correction of fits, learnt from trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// How far inside the train its fitted ends lie, m.
    inset_m: f64,
    /// An end of a larger sigma is vague, m.
    vague_m: f64,
    /// Factors on the sigma of ends that are sharp, that are vague.
    factors: (f64, f64),
}

impl Calibration {
    /// Learnt nothing.
    pub const NONE: Self = Self {
        inset_m: 0.0,
        vague_m: f64::INFINITY,
        factors: (1.0, 1.0),
    };

    /// From the trials of a series of captures of this ground sample distance, m.
    #[must_use]
    pub fn of(trials: &[Trial], gsd_m: f64) -> Self {
        let ends: Vec<(f64, f64)> = (trials.iter())
            .filter_map(|t| Some((t.truth_m, t.fit?)))
            .filter(|(_, fit)| fit.censored == Censored::None)
            .flat_map(|((start_m, end_m), fit)| {
                [
                    (fit.start_m - start_m, fit.start_sigma_m),
                    (end_m - fit.end_m, fit.end_sigma_m),
                ]
            })
            .collect();
        if ends.len() < LEAST_ENDS {
            return Self::NONE;
        }
        let near = ends.iter().filter(|(error, s)| error.abs() < STRAY * s);
        let inset_m = median(&near.map(|(e, _)| *e).collect::<Vec<_>>()).unwrap_or(0.0);
        // Nothing makes a real train longer than one put in: the prediction takes
        // some of its blur for background, which only makes it shorter.
        let inset_m = inset_m.max(0.0);
        let vague_m = VAGUE_PX * gsd_m;
        let sizes = |kept: &dyn Fn(f64) -> bool| -> Vec<f64> {
            let kept = ends.iter().filter(|(_, s)| kept(*s));
            kept.map(|(e, s)| (e - inset_m).abs() / s).collect()
        };
        let all = factor(&sizes(&|_| true)).unwrap_or(1.0);
        Self {
            inset_m,
            vague_m,
            factors: (
                factor(&sizes(&|s| s <= vague_m)).unwrap_or(all),
                factor(&sizes(&|s| s > vague_m)).unwrap_or(all),
            ),
        }
    }

    /// The fit with its ends put right and its sigma as large as its errors are.
    #[must_use]
    pub fn apply(&self, fit: Fit) -> Fit {
        let scaled = |sigma_m: f64| {
            let (sharp, vague) = self.factors;
            (sigma_m * if sigma_m > self.vague_m { vague } else { sharp }).hypot(LOOSE_END_M)
        };
        let (start, end) = (scaled(fit.start_sigma_m), scaled(fit.end_sigma_m));
        let more =
            start.powi(2) - fit.start_sigma_m.powi(2) + end.powi(2) - fit.end_sigma_m.powi(2);
        Fit {
            start_m: fit.start_m - self.inset_m,
            end_m: fit.end_m + self.inset_m,
            start_sigma_m: start,
            end_sigma_m: end,
            length_sigma_m: (fit.length_sigma_m.powi(2) + more).sqrt(),
            ..fit
        }
    }
}

/// What makes two sigma hold their share of errors, given in sigma; `None`
/// where they are few.
fn factor(sizes: &[f64]) -> Option<f64> {
    let held = quantile(sizes, COVERED).filter(|_| sizes.len() >= LEAST_ENDS)?;
    Some((held / 2.0).clamp(SCALED.0, SCALED.1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp)]
    use super::*;

    fn fit(start_m: f64, end_m: f64) -> Fit {
        Fit {
            start_m,
            end_m,
            start_sigma_m: 1.0,
            end_sigma_m: 1.0,
            length_sigma_m: 1.5,
            censored: Censored::None,
        }
    }

    #[test]
    fn what_is_always_too_short_is_made_longer() {
        let trials: Vec<Trial> = (0..40)
            .map(|i| Trial {
                truth_m: (100.0, 300.0),
                fit: (i % 4 > 0).then(|| fit(100.5, 299.5)),
            })
            .collect();
        let learnt = Calibration::of(&trials, 3.0);
        assert_eq!((learnt.inset_m, learnt.factors), (0.5, (1.0, 1.0)));
        let put_right = learnt.apply(fit(100.5, 299.5));
        assert_eq!((put_right.start_m, put_right.end_m), (100.0, 300.0));
    }

    #[test]
    fn two_sigma_come_to_hold_nineteen_errors_of_twenty() {
        // Both ends wrong by -4 to 4 m where sigma is 1: 95 % lie within 3.8 m.
        let trials: Vec<Trial> = (0..=400)
            .map(|i| 0.02 * f64::from(i) - 4.0)
            .map(|error| Trial {
                truth_m: (100.0, 300.0),
                fit: Some(fit(100.0 + error, 300.0 - error)),
            })
            .collect();
        let learnt = Calibration::of(&trials, 3.0);
        assert!((learnt.factors.0 - 3.8 / 2.0).abs() < 0.05, "{learnt:?}");
        // Each end adds 1.9² + 0.4² - 1 to the variance of the length, 1.5².
        let expected = (2.25 + 2.0 * (learnt.factors.0.powi(2) + 0.16 - 1.0)).sqrt();
        let got = learnt.apply(fit(100.0, 300.0)).length_sigma_m;
        assert!((got - expected).abs() < 1e-12);
        assert_eq!(Calibration::of(&trials[..5], 3.0), Calibration::NONE);
    }

    #[test]
    fn vague_ends_have_their_own_factor() {
        let trial = |sigma: f64, error: f64| Trial {
            truth_m: (100.0, 300.0),
            fit: Some(Fit {
                start_sigma_m: sigma,
                end_sigma_m: sigma,
                ..fit(100.0 + error, 300.0 - error)
            }),
        };
        let trials: Vec<Trial> = (0..100)
            .map(|i| {
                if i % 2 == 0 {
                    f64::from(i) - 49.0
                } else {
                    49.0 - f64::from(i)
                }
            })
            .flat_map(|x| [trial(1.0, 0.02 * x), trial(5.0, 0.35 * x)])
            .collect();
        let (sharp, vague) = Calibration::of(&trials, 3.0).factors;
        assert!(
            sharp == 1.0 && vague > 1.5 && vague < 2.0,
            "{sharp} {vague}"
        );
    }
}
