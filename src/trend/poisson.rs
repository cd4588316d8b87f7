//! How a rate changes, from counts of which each saw differently much.

/// Rounds of Newton's method; from zero it takes fewer than ten.
const ROUNDS: usize = 100;

/// A count, what it was counted in, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Count {
    /// Years from any origin.
    pub time: f64,
    /// Events.
    pub events: usize,
    /// Exposure, more than 0.
    pub exposure: f64,
    /// Number of the group; each has a rate of its own and all one slope.
    pub group: usize,
}

/// A fitted log-linear rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LogSlope {
    /// Change of the logarithm of the rate, a year.
    pub slope: f64,
    /// Its standard error under a Poisson distribution.
    pub sigma: f64,
    /// Pearson's chi-square over the degrees of freedom: 1 for Poisson counts.
    pub dispersion: f64,
}

/// The Poisson regression `log rate = a(group) + slope × time` with the
/// logarithm of the exposure as offset (McCullagh and Nelder 1989, ch. 6), by
/// maximum likelihood. The intercepts have a closed form, which leaves one
/// equation for the slope: the mean time of the events is that of the model.
///
/// `None` where the events do not bound the slope: all at one end, or none.
pub(super) fn log_slope(counts: &[Count]) -> Option<LogSlope> {
    let first = counts.iter().map(|c| c.time).reduce(f64::min)?;
    let last = counts.iter().map(|c| c.time).reduce(f64::max)?;
    // A rate that grows e-fold a twentieth of the time is a jump, not a trend.
    let steepest = 20.0 / (last - first);
    let groups = by_group(counts);
    let mut slope = 0.0;
    for _ in 0..ROUNDS {
        let (score, information) = derivatives(&groups, slope);
        if information <= 0.0 {
            return None;
        }
        let step = (score / information).clamp(-steepest / 10.0, steepest / 10.0);
        slope += step;
        if slope.abs() > steepest || !slope.is_finite() {
            return None;
        }
        if step.abs() < 1e-12 * steepest {
            let (_, information) = derivatives(&groups, slope);
            return Some(LogSlope {
                slope,
                sigma: information.sqrt().recip(),
                dispersion: dispersion(&groups, slope),
            });
        }
    }
    None
}

fn by_group(counts: &[Count]) -> Vec<Vec<Count>> {
    let mut sorted = counts.to_vec();
    sorted.sort_by_key(|c| c.group);
    sorted
        .chunk_by(|a, b| a.group == b.group)
        .map(<[Count]>::to_vec)
        .collect()
}

fn events(group: &[Count]) -> f64 {
    group.iter().map(|c| c.events as f64).sum()
}

/// Share of a group's events that the model expects in each count.
fn expected(group: &[Count], slope: f64) -> Vec<f64> {
    let origin = group.first().map_or(0.0, |c| c.time);
    let weights: Vec<f64> = group
        .iter()
        .map(|c| c.exposure * (slope * (c.time - origin)).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}

/// Score and Fisher information of the slope.
fn derivatives(groups: &[Vec<Count>], slope: f64) -> (f64, f64) {
    let (mut score, mut information) = (0.0, 0.0);
    for group in groups {
        let shares = expected(group, slope);
        let total = events(group);
        let mean: f64 = group.iter().zip(&shares).map(|(c, p)| p * c.time).sum();
        for (c, p) in group.iter().zip(&shares) {
            score += c.events as f64 * (c.time - mean);
            information += total * p * (c.time - mean).powi(2);
        }
    }
    (score, information)
}

fn dispersion(groups: &[Vec<Count>], slope: f64) -> f64 {
    let (mut chi_square, mut freedom) = (0.0, -1.0);
    for group in groups.iter().filter(|group| events(group) > 0.0) {
        let total = events(group);
        for (c, p) in group.iter().zip(expected(group, slope)) {
            let mean = total * p;
            chi_square += (c.events as f64 - mean).powi(2) / mean;
        }
        freedom += group.len() as f64 - 1.0;
    }
    if freedom > 0.0 {
        chi_square / freedom
    } else {
        1.0
    }
}
