//! Where a series changed once and for good, how surely, and between which
//! of its members: the part that rates and lengths have in common.

/// Replicates drawn for a p-value and for an interval: p-values are multiples
/// of 1/1000.
pub(super) const REPLICATES: usize = 999;

/// Members on either side of a change, at least: fewer do not tell a level.
pub(super) const LEAST_SIDE: usize = 5;

/// Share of replicates that an interval leaves out.
const LEFT_OUT: f64 = 0.05;

/// How much speaks for a change behind each member: index 0 is the first.
pub(super) type Profile = Vec<f64>;

/// A change behind a member of the series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Located {
    /// Number of members before it.
    pub split: usize,
    /// Fewest that the data do not exclude.
    pub fewest: usize,
    /// Most.
    pub most: usize,
    /// Share of series without a change that show one so strong.
    pub p_value: f64,
}

/// Where the change is, from the profile of the data, of series drawn without
/// a change, and of series drawn with this one.
///
/// The p-value counts the data among the replicates, so that it is never 0 and
/// holds its level (Davison and Hinkley 1997, ch. 4). The interval holds all
/// places whose profile is no further below its top than that of the true
/// place is in 95 % of the series drawn with the change (a likelihood-ratio
/// set calibrated by bootstrap, after Siegmund 1988 and Hušková and Kirch 2008).
pub(super) fn locate(
    profile: &Profile,
    mut unchanged: impl FnMut() -> Profile,
    mut changed_at: impl FnMut(usize) -> Profile,
) -> Option<Located> {
    let at = (0..profile.len())
        .filter(|i| allowed(profile, *i))
        .max_by(|a, b| profile[*a].total_cmp(&profile[*b]).then(b.cmp(a)))?;
    let top = profile[at];
    let as_strong = (0..REPLICATES)
        .filter(|_| highest(&unchanged()) >= top - 1e-9 * top.abs())
        .count();
    let mut below: Vec<f64> = (0..REPLICATES)
        .map(|_| {
            let drawn = changed_at(at + 1);
            highest(&drawn) - drawn.get(at).copied().unwrap_or(0.0)
        })
        .collect();
    below.sort_by(f64::total_cmp);
    let rank = ((1.0 - LEFT_OUT) * REPLICATES as f64).ceil() as usize;
    let reach = below.get(rank).copied().unwrap_or(f64::INFINITY);
    let mut inside = (0..profile.len())
        .filter(|i| allowed(profile, *i) && top - profile[*i] <= reach + 1e-9 * top.abs());
    let fewest = inside.next().unwrap_or(at);
    Some(Located {
        split: at + 1,
        fewest: fewest + 1,
        most: inside.next_back().unwrap_or(fewest.max(at)) + 1,
        p_value: (as_strong + 1) as f64 / (REPLICATES + 1) as f64,
    })
}

/// Whether enough members lie on both sides of a split behind member `i`.
fn allowed(profile: &Profile, i: usize) -> bool {
    i + 1 >= LEAST_SIDE && i + 1 + LEAST_SIDE <= profile.len() && profile[i].is_finite()
}

fn highest(profile: &Profile) -> f64 {
    let values = (0..profile.len()).filter(|i| allowed(profile, *i));
    values.map(|i| profile[i]).fold(f64::NEG_INFINITY, f64::max)
}
