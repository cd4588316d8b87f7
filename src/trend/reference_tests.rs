//! Figures of independent implementations, with how they were obtained:
//! Python 3 with pymannkendall 1.4.3, scipy 1.17.1, statsmodels 0.15.0,
//! lifelines 0.30.3, pyhomogeneity 1.1 and numpy 2.4.6.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::autocorrelation::hamed_rao;
use super::kendall::{Kendall, Point, grouped};
use super::length_change::pettitt;
use super::normal::Z_95;
use super::poisson::{Count, log_slope};
use super::rate_change::profile_of;
use super::slope::Slopes;
use super::survival::kaplan_meier;

const VALUES: [f64; 20] = [
    212.0, 240.0, 198.0, 240.0, 255.0, 231.0, 262.0, 212.0, 270.0, 281.0, 240.0, 275.0, 262.0,
    290.0, 255.0, 301.0, 288.0, 275.0, 310.0, 296.0,
];

const TIMES: [f64; 20] = [
    0.0, 0.11, 0.18, 0.31, 0.35, 0.52, 0.60, 0.61, 0.83, 0.97, 1.10, 1.32, 1.41, 1.55, 1.80, 1.84,
    2.02, 2.17, 2.30, 2.51,
];

/// Which of the values are taken as lower bounds.
const CUT: [usize; 6] = [2, 6, 9, 13, 16, 18];

/// An autocorrelated series: `0.75 x + N(0, 10)` on a slope of 0.5 from 300,
/// rounded, `numpy.random.default_rng(12)`.
const PERSISTENT: [f64; 40] = [
    300.0, 300.0, 311.0, 317.0, 321.0, 333.0, 314.0, 305.0, 292.0, 294.0, 307.0, 307.0, 312.0,
    292.0, 298.0, 291.0, 314.0, 322.0, 328.0, 323.0, 327.0, 330.0, 322.0, 315.0, 313.0, 307.0,
    303.0, 303.0, 299.0, 311.0, 296.0, 310.0, 305.0, 303.0, 293.0, 298.0, 301.0, 308.0, 306.0,
    310.0,
];

/// Three years of months with a season of 60 m and noise of 12 m.
const MONTHS: [f64; 36] = [
    242.0, 279.0, 323.0, 320.0, 285.0, 283.0, 247.0, 226.0, 184.0, 199.0, 208.0, 246.0, 262.0,
    295.0, 293.0, 347.0, 290.0, 305.0, 258.0, 222.0, 203.0, 196.0, 217.0, 234.0, 284.0, 275.0,
    319.0, 317.0, 330.0, 274.0, 266.0, 243.0, 202.0, 224.0, 223.0, 255.0,
];

fn points(values: &[f64], time: impl Fn(usize) -> f64) -> Vec<Point> {
    let point = |(i, value): (usize, &f64)| Point {
        time: time(i),
        value: *value,
        at_least: false,
        group: 0,
    };
    values.iter().enumerate().map(point).collect()
}

fn cut_points() -> Vec<Point> {
    let mut points = points(&VALUES, |i| TIMES[i]);
    for i in CUT {
        points[i].at_least = true;
    }
    points
}

fn near(found: f64, expected: f64, tolerance: f64) {
    let apart = (found - expected).abs();
    assert!(apart <= tolerance, "{found} is not {expected}");
}

/// `pymannkendall.original_test(VALUES)`.
#[test]
fn mann_kendall_with_ties() {
    let found = Kendall::of(&points(&VALUES, |i| i as f64));
    assert_eq!(found.s, 119.0);
    near(found.variance, 942.333_333_333_333_4, 1e-9);
    near(found.p_value(), 0.000_121_060_943_591_100_31, 1e-10);
    near(found.tau(), 0.626_315_789_473_684_2, 1e-12);
}

/// `pymannkendall.hamed_rao_modification_test(PERSISTENT)`: `var_s` over that
/// of `original_test`, and p; the slope is taken out as there.
#[test]
fn hamed_and_rao_correct_the_variance() {
    let points = points(&PERSISTENT, |i| i as f64);
    let slope = Slopes::of(&points).estimate().unwrap();
    near(slope, -0.156_923_076_923_076_95, 1e-12);
    let detrended: Vec<f64> = points.iter().map(|p| p.without(slope).value).collect();
    let factor = hamed_rao(&detrended);
    near(factor, 2.096_904_505_093_011, 1e-9);
    let plain = Kendall::of(&points);
    assert_eq!(plain.s, -82.0);
    near(plain.p_value(), 0.344_803_119_412_681_7, 1e-9);
    let corrected = Kendall {
        variance: plain.variance * factor,
        ..plain
    };
    near(corrected.p_value(), 0.514_144_440_903_480_5, 1e-9);
}

/// `pymannkendall.seasonal_test(MONTHS, period=12)`.
#[test]
fn seasonal_kendall() {
    let mut points = points(&MONTHS, |i| (i / 12) as f64);
    for (i, point) in points.iter_mut().enumerate() {
        point.group = i % 12;
    }
    let groups = grouped(&points);
    let found = groups
        .iter()
        .map(|g| Kendall::of(g))
        .fold(Kendall::default(), Kendall::plus);
    assert_eq!((found.s, found.pairs), (12.0, 36));
    near(found.variance, 44.0, 1e-9);
    near(found.p_value(), 0.097_254_428_439_003_12, 1e-10);
    assert_eq!(Slopes::of(&points).estimate(), Some(8.75));
}

/// `scipy.stats.theilslopes(VALUES, TIMES)`; its interval is that of Sen, with
/// the tie-corrected variance above.
#[test]
fn theil_and_sen() {
    let points = points(&VALUES, |i| TIMES[i]);
    let slopes = Slopes::of(&points);
    near(slopes.estimate().unwrap(), 32.260_804_927_259_215, 1e-9);
    let reach = Z_95 * Kendall::of(&points).variance.sqrt();
    let interval = slopes.interval(reach).unwrap();
    near(interval.low, 18.981_481_481_481_485, 1e-9);
    near(interval.high, 44.897_959_183_673_47, 1e-9);
}

/// No package has this one: S of the residuals written out with numpy as in
/// Helsel (2012, ch. 11), its passage through 0 by bisection, its variance from
/// 100,000 random permutations (`default_rng(1)`), good to 1 %.
#[test]
fn akritas_theil_and_sen() {
    let points = cut_points();
    let slopes = Slopes::of(&points);
    let slope = slopes.estimate().unwrap();
    near(slope, 32.663_316_582_914_58, 1e-9);
    let residuals: Vec<Point> = points.iter().map(|p| p.without(slope)).collect();
    let variance = Kendall::of(&residuals).variance;
    near(variance, 750.96, 7.5);
    let interval = slopes.interval(Z_95 * variance.sqrt()).unwrap();
    near(interval.low, 17.105_263_157_894_747, 1e-9);
    near(interval.high, 52.173_913_043_478_29, 1e-9);
}

/// `lifelines.KaplanMeierFitter().fit(…)`: `median_survival_time_` and
/// `median_survival_times(confidence_interval_)`.
#[test]
fn kaplan_meier_median() {
    let lengths = [
        312.0, 405.0, 298.0, 333.0, 512.0, 287.0, 420.0, 365.0, 391.0, 275.0, 344.0, 460.0, 371.0,
        402.0, 356.0,
    ];
    let cut = [2, 6, 10, 13];
    let bounded: Vec<(f64, bool)> = lengths
        .iter()
        .enumerate()
        .map(|(i, l)| (*l, cut.contains(&i)))
        .collect();
    let found = kaplan_meier(&bounded);
    assert_eq!(found.median, Some(371.0));
    assert_eq!((found.low, found.high), (Some(312.0), Some(460.0)));
}

const EXPOSURES: [f64; 30] = [
    0.7, 0.92, 0.82, 0.38, 0.44, 0.9, 0.2, 0.86, 0.84, 0.57, 0.44, 0.42, 0.4, 0.56, 0.6, 0.64, 1.0,
    0.83, 0.7, 0.99, 0.37, 0.33, 0.69, 0.24, 0.23, 0.61, 0.57, 0.93, 0.7, 0.61,
];

const EVENTS: [usize; 30] = [
    0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1, 3, 1, 0, 0, 0, 0, 1, 1, 2, 4, 0,
];

fn counts(groups: usize) -> Vec<Count> {
    EVENTS
        .iter()
        .zip(EXPOSURES)
        .enumerate()
        .map(|(i, (events, exposure))| Count {
            time: i as f64 * 0.05,
            events: *events,
            exposure,
            group: i % groups,
        })
        .collect()
}

/// `statsmodels.api.GLM(EVENTS, X, Poisson(), offset=log(EXPOSURES)).fit(tol=1e-14)`
/// with X a constant, or one for each of two groups, and the time:
/// the last of `params` and `bse`, and `pearson_chi2 / df_resid`.
#[test]
fn poisson_regression() {
    for (groups, slope, sigma, dispersion) in [
        (
            1,
            1.284_738_956_323_503_4,
            0.536_597_739_386_556_2,
            0.767_448_249_760_159_2,
        ),
        (
            2,
            1.304_440_818_963_544_6,
            0.539_731_019_621_049_6,
            0.782_766_402_090_040_8,
        ),
    ] {
        let found = log_slope(&counts(groups)).unwrap();
        near(found.slope, slope, 1e-9);
        near(found.sigma, sigma, 1e-7);
        near(found.dispersion, dispersion, 1e-7);
    }
}

/// Twice the difference of `llf` of the same GLM with a step behind the first
/// k counts and without.
#[test]
fn likelihood_ratios_of_a_change() {
    let profile = profile_of(&counts(1));
    for (k, expected) in [
        (10, 4.914_977_544_954_731),
        (15, 3.614_482_688_914_300_5),
        (20, 1.947_472_905_590_920_8),
    ] {
        near(profile[k - 1], expected, 1e-7);
    }
}

/// `pyhomogeneity.pettitt_test`: `U` and `cp`.
#[test]
fn pettitt_statistic() {
    let lengths = [
        212.0, 240.0, 198.0, 241.0, 255.0, 231.0, 262.0, 214.0, 270.0, 281.0, 340.0, 375.0, 362.0,
        390.0, 355.0, 301.0, 388.0, 376.0, 310.0, 396.0,
    ];
    let profile = pettitt(&lengths.map(|l| ((l, false), 0)));
    let top = profile.iter().copied().fold(0.0, f64::max);
    assert_eq!((top, profile[9]), (100.0, 100.0));
}
