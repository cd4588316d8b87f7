//! An answer, or a refusal that says what is missing.

use std::fmt;

use serde::Serialize;

/// What there is too little of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shortfall {
    /// What is counted, in the plural: `trains`, `days`, …
    pub what: &'static str,
    /// So many there have to be at least.
    pub needed: usize,
    /// So many there are.
    pub found: usize,
}

/// Why a question is not answered: an answer from so little would be a guess.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusal {
    /// All that is missing; never empty.
    pub missing: Vec<Shortfall>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, m) in self.missing.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{} of {} {}", m.found, m.needed, m.what)?;
        }
        Ok(())
    }
}

/// An answer to a question put to a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer<T> {
    /// The answer.
    Found(T),
    /// There is too little to answer from.
    Refused(Refusal),
}

impl<T> Answer<T> {
    /// The answer, where there is one.
    #[must_use]
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(answer) => Some(answer),
            Self::Refused(_) => None,
        }
    }

    /// Why there is none, where there is none.
    #[must_use]
    pub fn refused(&self) -> Option<&Refusal> {
        match self {
            Self::Found(_) => None,
            Self::Refused(refusal) => Some(refusal),
        }
    }
}

/// Collects what is missing, so that all of it is said at once.
#[derive(Debug, Default)]
pub(super) struct Demands {
    missing: Vec<Shortfall>,
}

impl Demands {
    /// Demands at least `needed` of what there are `found`.
    pub(super) fn at_least(mut self, needed: usize, found: usize, what: &'static str) -> Self {
        if found < needed {
            self.missing.push(Shortfall {
                what,
                needed,
                found,
            });
        }
        self
    }

    /// The answer, computed only where nothing is missing; an estimate that
    /// does not exist lacks what `else_what` says.
    pub(super) fn answer<T>(
        self,
        else_what: &'static str,
        estimate: impl FnOnce() -> Option<T>,
    ) -> Answer<T> {
        if !self.missing.is_empty() {
            return Answer::Refused(Refusal {
                missing: self.missing,
            });
        }
        estimate().map_or_else(
            || {
                let shortfall = Shortfall {
                    what: else_what,
                    needed: 1,
                    found: 0,
                };
                Answer::Refused(Refusal {
                    missing: vec![shortfall],
                })
            },
            Answer::Found,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_missing_is_said() {
        let demands = Demands::default()
            .at_least(10, 3, "trains")
            .at_least(1, 1, "crossings")
            .at_least(180, 41, "days");
        let answer = demands.answer("slopes", || Some(1.0));
        let said = answer.refused().map(ToString::to_string);
        assert_eq!(said.as_deref(), Some("3 of 10 trains, 41 of 180 days"));
        assert_eq!(answer.found(), None);
    }
}
