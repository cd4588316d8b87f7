//! Posterior of one end over a grid of places and speeds.

use super::likelihood::Window;

/// What the samples say of one end, for every speed.
pub(super) struct EndPosterior {
    /// Log of the evidence for each speed.
    pub(super) evidence: Vec<f64>,
    /// Mean place for each speed, m.
    pub(super) mean_m: Vec<f64>,
    /// Variance of the place for each speed, m².
    pub(super) variance_m2: Vec<f64>,
}

/// Posterior of one end, with a flat prior over the places searched.
pub(super) fn posterior(window: &Window) -> EndPosterior {
    let log = window.log_likelihoods();
    let speeds = log.first().map_or(0, |(_, l)| l.len());
    let mut out = EndPosterior {
        evidence: Vec::new(),
        mean_m: Vec::new(),
        variance_m2: Vec::new(),
    };
    // A place stands for all that are nearer to it than to the next.
    let within = window.step_m().powi(2) / 12.0;
    for v in 0..speeds {
        let high = (log.iter().map(|(_, l)| l[v])).fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = log.iter().map(|(_, l)| (l[v] - high).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let moment = |f: &dyn Fn(f64) -> f64| {
            let each = |((x, _), w): (&(f64, Vec<f64>), &f64)| w * f(*x);
            log.iter().zip(&weights).map(each).sum::<f64>() / sum
        };
        let mean = moment(&|x| x);
        out.evidence.push(high + sum.ln());
        out.mean_m.push(mean);
        out.variance_m2
            .push(moment(&|x| (x - mean).powi(2)) + within);
    }
    out
}
