#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::*;
use crate::series::fixture::{observation, series, unusable, with_trains};
use crate::series::{Cars, Censored, Series, Status};

/// Three days at `tumen`: two trains, a cloud, and one that runs out of view.
fn tumen() -> Series {
    let day = |day: &str| observation("tumen", day, &format!("{day}T02:00:00Z"));
    let mut cut = with_trains(day("2023-09-30"), &[400.0]);
    cut.1[0].censored = Censored::End;
    series(vec![
        with_trains(day("2023-09-24"), &[112.0, 230.0]),
        unusable(day("2023-09-27"), Status::Obscured, "cloud"),
        cut,
    ])
}

fn count(date: &str, site: &str, quantity: &str, value: f64, unit: &str) -> Count {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = format!("date,site,quantity,value,unit\n{date},{site},{quantity},{value},{unit}\n");
    std::fs::write(file.path(), text).unwrap();
    read_counts(file.path()).unwrap().remove(0)
}

fn length(date: &str, metres: f64) -> Count {
    count(date, "Tumangang", "train_length", metres, "m")
}

fn verdicts(series: &Series, counts: &[Count]) -> Vec<Verdict> {
    let rows = compare(series, counts, &Places::default(), 1);
    rows.into_iter().map(|row| row.verdict).collect()
}

#[test]
fn lengths_find_their_trains() {
    // Two sigmas are 2 √(6.5² + 10²) = 23.9 m.
    let counts = [225.0, 61.0, 110.0].map(|m| length("2023-09-24", m));
    let rows = compare(&tumen(), &counts, &Places::default(), 1);
    let found: Vec<_> = rows
        .iter()
        .map(|r| (r.verdict, r.found.as_ref().and_then(|f| f.difference)))
        .collect();
    assert_eq!(
        found,
        [
            (Verdict::Agrees, Some(5.0)),
            (Verdict::TooShort, None),
            (Verdict::Agrees, Some(2.0)),
        ]
    );
    let longer = [70.0, 112.0, 230.0].map(|m| length("2023-09-24", m));
    assert_eq!(verdicts(&tumen(), &longer)[0], Verdict::NotFound);
    assert_eq!(rows[0].found.as_ref().unwrap().captures, ["2023-09-24"]);
    let [of_length] = agreement(&rows).try_into().unwrap();
    assert_eq!(
        (of_length.compared, of_length.agree, of_length.pairs),
        (2, 2, 2)
    );
    // Of 5 and 2: mean 3.5, root of the mean square √14.5 = 3.81.
    assert_eq!((of_length.bias, of_length.rmse), (Some(3.5), Some(3.81)));
    assert_eq!(of_length.limits, None, "of two pairs");
}

#[test]
fn what_was_not_observed_is_no_disagreement() {
    let counts = [
        length("2023-09-27", 100.0),
        length("2023-09-25", 112.0),
        length("2024", 112.0),
        length("undated", 112.0),
        count("2023-09-24", "Dandong", "train_length", 112.0, "m"),
        count(
            "2023-09-24",
            "Friendship bridge",
            "train_length",
            112.0,
            "m",
        ),
        count("2023-09-24", "Tumangang", "tank_cars", 4.0, "railcars"),
    ];
    assert_eq!(
        verdicts(&tumen(), &counts),
        [
            Verdict::NotObserved,
            Verdict::Agrees,
            Verdict::NotObserved,
            Verdict::NoDate,
            Verdict::OtherCrossing,
            Verdict::NoPlace,
            Verdict::OtherQuantity,
        ]
    );
    assert!(agreement(&[]).is_empty());
}

#[test]
fn a_train_that_runs_out_of_view_is_at_least_so_long() {
    let both = [length("2023-09-30", 700.0), length("2023-09-30", 300.0)];
    assert_eq!(verdicts(&tumen(), &both[..1]), [Verdict::Agrees]);
    assert_eq!(verdicts(&tumen(), &both[1..]), [Verdict::Differs]);
}

#[test]
fn trains_and_cars_count_once_and_bounds_are_bounds() {
    let mut series = tumen();
    series.trains[0].cars = Some(Cars { min: 6, max: 9 });
    series.trains[1].cars = Some(Cars { min: 13, max: 19 });
    let of = |quantity: &str, value: f64, unit: &str| {
        count("2023-09-24", "Tumangang", quantity, value, unit)
    };
    let counts = [
        of("trains_visible", 2.0, "trains"),
        of("trains_visible", 5.0, "trains"),
        of("railcars_total", 28.0, "railcars"),
        of("railcars_total", 29.0, "railcars"),
        of("railcars_min", 15.0, "railcars"),
        of("train_cars", 16.0, "railcars"),
        of("train_cars_min", 5.0, "railcars"),
    ];
    assert_eq!(
        verdicts(&series, &counts),
        [
            Verdict::Agrees,
            Verdict::Differs,
            Verdict::Agrees,
            Verdict::Differs,
            Verdict::Agrees,
            Verdict::Agrees,
            Verdict::Agrees,
        ]
    );
}

#[test]
fn cars_of_trains_without_a_count_are_not_guessed() {
    let of = |quantity: &str| count("2023-09-24", "Khasan", quantity, 3.0, "railcars");
    let mut series = tumen();
    for train in &mut series.trains {
        train.cars = None;
    }
    let counts = [of("train_cars"), of("railcars_total")];
    assert_eq!(verdicts(&series, &counts), [Verdict::CarsUnknown; 2]);
    series.trains.clear();
    for o in &mut series.observations {
        o.train_count = o.train_count.map(|_| 0);
    }
    // Three cars are at most 51 m, and the limit is 62 m.
    assert_eq!(
        verdicts(&series, &counts),
        [Verdict::TooShort, Verdict::Differs]
    );
}

#[test]
fn half_a_view_or_half_a_month_excuses_what_is_missing() {
    let mut series = tumen();
    series.observations[0].status = Status::Partial;
    let five = count("2023-09-24", "Tumangang", "trains_visible", 5.0, "trains");
    let sixty = [70.0, 112.0, 230.0].map(|m| length("2023-09-24", m));
    assert_eq!(verdicts(&series, &[five]), [Verdict::SeenInPart]);
    assert_eq!(verdicts(&series, &sixty)[0], Verdict::SeenInPart);
    let month = |n: f64| count("2023-09", "Tumangang", "trains_in_month", n, "trains");
    assert_eq!(verdicts(&series, &[month(36.0)]), [Verdict::SeenInPart]);
    assert_eq!(verdicts(&series, &[month(3.0)]), [Verdict::Agrees]);
    assert_eq!(verdicts(&series, &[month(2.0)]), [Verdict::Differs]);
}

#[test]
fn a_column_names_the_crossing() {
    let mut somewhere = length("2023-09-24", 112.0);
    somewhere.site = "somewhere".to_owned();
    somewhere.crossing = Some("tumen".to_owned());
    assert_eq!(verdicts(&tumen(), &[somewhere]), [Verdict::Agrees]);
}
