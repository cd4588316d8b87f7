//! Which of several published trains is which of several found.

/// For each of `wanted` the place of its own among `offered`, so that the sum
/// of differences is least and as many as possible have one. Both ascending:
/// then no two pairs of the best assignment cross.
pub(super) fn assign(wanted: &[f64], offered: &[f64]) -> Vec<Option<usize>> {
    let swapped = wanted.len() > offered.len();
    let (few, many) = if swapped {
        (offered, wanted)
    } else {
        (wanted, offered)
    };
    // cost[i][j]: the first i of the few have partners among the first j of the many.
    let mut cost = vec![vec![f64::INFINITY; many.len() + 1]; few.len() + 1];
    cost[0].fill(0.0);
    for i in 1..=few.len() {
        for j in i..=many.len() {
            let pair = cost[i - 1][j - 1] + (few[i - 1] - many[j - 1]).abs();
            cost[i][j] = pair.min(cost[i][j - 1]);
        }
    }
    let mut assigned = vec![None; wanted.len()];
    let (mut i, mut j) = (few.len(), many.len());
    while i > 0 && j > 0 {
        let passed_over = j > i && cost[i][j - 1] <= cost[i][j];
        if !passed_over {
            let (w, o) = if swapped {
                (j - 1, i - 1)
            } else {
                (i - 1, j - 1)
            };
            assigned[w] = Some(o);
            i -= 1;
        }
        j -= 1;
    }
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_nearest_in_sum() {
        let nearest = assign(&[80.0, 170.0], &[75.0, 100.0, 168.0]);
        assert_eq!(nearest, [Some(0), Some(2)]);
        let lacking = assign(&[60.0, 110.0, 225.0], &[115.0, 220.0]);
        assert_eq!(lacking, [None, Some(0), Some(1)]);
        assert_eq!(assign(&[1.0, 2.0], &[]), [None, None]);
        assert_eq!(assign(&[], &[1.0]), []);
    }
}
