//! Where a rate changed: a scan of Poisson likelihood ratios.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::change::{Located, Profile, locate};
use super::poisson::Count;

/// Seed of all draws: equal series give equal answers.
const SEED: u64 = 0x706f_6973_736f_6e31;

/// The change of the rate of counts in order of time.
pub(super) fn rate_change(counts: &[Count]) -> Option<Located> {
    let mut without = ChaCha8Rng::seed_from_u64(SEED);
    let mut with = ChaCha8Rng::seed_from_u64(SEED + 1);
    let usual = Expectation::unchanged(counts);
    locate(
        &profile_of(counts),
        || usual.likelihood_ratios(&draw(&usual, &usual.events, &mut without)),
        |split| {
            let changed = usual.changed(counts, split);
            usual.likelihood_ratios(&draw(&usual, &changed, &mut with))
        },
    )
}

/// Twice the logarithm of the likelihood ratio of a change behind each count.
pub(super) fn profile_of(counts: &[Count]) -> Profile {
    let events: Vec<usize> = counts.iter().map(|c| c.events).collect();
    Expectation::unchanged(counts).likelihood_ratios(&events)
}

/// Events expected in each count where each group keeps its rate.
struct Expectation {
    events: Vec<f64>,
    total: usize,
}

impl Expectation {
    fn unchanged(counts: &[Count]) -> Self {
        let groups = counts.iter().map(|c| c.group + 1).max().unwrap_or(0);
        let mut sums = vec![(0.0, 0.0); groups];
        for c in counts {
            sums[c.group].0 += c.events as f64;
            sums[c.group].1 += c.exposure;
        }
        let rate = |c: &Count| sums[c.group].0 / sums[c.group].1;
        Self {
            events: counts.iter().map(|c| rate(c) * c.exposure).collect(),
            total: counts.iter().map(|c| c.events).sum(),
        }
    }

    /// The same with a level of its own on each side of a split.
    fn changed(&self, counts: &[Count], split: usize) -> Vec<f64> {
        let level = |range: std::ops::Range<usize>| {
            let seen: usize = counts[range.clone()].iter().map(|c| c.events).sum();
            seen as f64 / self.events[range].iter().sum::<f64>()
        };
        let levels = [level(0..split), level(split..counts.len())];
        let expected = self.events.iter().enumerate();
        expected
            .map(|(i, e)| e * levels[usize::from(i >= split)])
            .collect()
    }

    /// Not a number where nothing is expected on one side.
    fn likelihood_ratios(&self, events: &[usize]) -> Profile {
        let total = self.total as f64;
        let term = |seen: f64, expected: f64| {
            if seen > 0.0 {
                seen * (seen / expected).ln()
            } else {
                0.0
            }
        };
        let (mut seen, mut expected) = (0.0, 0.0);
        let mut ratios = Vec::with_capacity(events.len());
        for (k, e) in events.iter().zip(&self.events) {
            seen += *k as f64;
            expected += e;
            let rest = total - expected;
            ratios.push(if expected > 0.0 && rest > 1e-9 * total {
                2.0 * (term(seen, expected) + term(total - seen, rest))
            } else {
                f64::NAN
            });
        }
        ratios
    }
}

/// As many events as there are, drawn among the counts by what is expected of each.
fn draw(usual: &Expectation, expected: &[f64], random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut sum = 0.0;
    let cumulative: Vec<f64> = expected
        .iter()
        .map(|e| {
            sum += e;
            sum
        })
        .collect();
    let mut drawn = vec![0; expected.len()];
    for _ in 0..usual.total {
        let at = random.random::<f64>() * sum;
        let place = cumulative.partition_point(|c| *c <= at);
        if let Some(count) = drawn.get_mut(place) {
            *count += 1;
        }
    }
    drawn
}
