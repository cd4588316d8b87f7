//! What was counted: only like is compared with like.

use serde::Serialize;

/// Quantities that the series has as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Length of one train, m.
    Length,
    /// Cars of one train.
    TrainCars,
    /// Cars of all trains.
    AllCars,
    /// Trains.
    Trains,
}

/// How a published value bounds the true one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// It is meant as it stands.
    Exact,
    /// At least so much.
    AtLeast,
    /// At most so much.
    AtMost,
}

/// Units of cars, whatever kind: the series does not tell them apart.
const CARS: &[&str] = &["railcars", "cars", "wagons", "vehicles", "coaches"];

impl Kind {
    /// What people read.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::TrainCars => "cars of a train",
            Self::AllCars => "cars of all trains",
            Self::Trains => "trains",
        }
    }

    /// The kind and bound of a quantity by its name and unit; `None` for what
    /// the series does not have: goods, locomotives, cars of one type.
    #[must_use]
    pub fn of(quantity: &str, unit: &str) -> Option<(Self, Bound)> {
        let quantity = quantity.trim().to_lowercase();
        let unit = unit.trim().to_lowercase();
        let words: Vec<&str> = quantity.split('_').collect();
        let has = |word: &str| words.contains(&word);
        let bound = match (has("min"), has("max")) {
            (true, false) => Bound::AtLeast,
            (false, true) => Bound::AtMost,
            _ => Bound::Exact,
        };
        let cars = CARS.contains(&unit.as_str());
        let kind = match () {
            () if has("typical") => return None,
            () if unit == "m" && has("length") && (has("train") || has("cargo")) => Self::Length,
            () if unit == "trains" && words.first() == Some(&"trains") => Self::Trains,
            () if cars && words.first() == Some(&"train") && (has("cars") || has("vehicles")) => {
                if has("freight") {
                    return None;
                }
                Self::TrainCars
            }
            () if cars && matches!(quantity.as_str(), "railcars_total" | "railcars_min") => {
                Self::AllCars
            }
            () => return None,
        };
        Some((kind, bound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_series_has_is_compared() {
        for (quantity, unit, expected) in [
            ("train_length", "m", Some((Kind::Length, Bound::Exact))),
            ("cargo_row_length", "m", Some((Kind::Length, Bound::Exact))),
            ("canopy_length", "m", None),
            (
                "train_cars",
                "railcars",
                Some((Kind::TrainCars, Bound::Exact)),
            ),
            (
                "train_cars_min",
                "railcars",
                Some((Kind::TrainCars, Bound::AtLeast)),
            ),
            (
                "train_vehicles",
                "vehicles",
                Some((Kind::TrainCars, Bound::Exact)),
            ),
            ("train_freight_cars", "railcars", None),
            ("train_locomotives", "locomotives", None),
            (
                "railcars_total",
                "railcars",
                Some((Kind::AllCars, Bound::Exact)),
            ),
            ("tank_cars", "vehicles", None),
            (
                "trains_visible",
                "trains",
                Some((Kind::Trains, Bound::Exact)),
            ),
            ("passenger_trains_per_week", "trains/week", None),
            ("coal_tonnage", "t", None),
        ] {
            assert_eq!(Kind::of(quantity, unit), expected, "{quantity}");
        }
    }
}
