#![allow(clippy::unwrap_used)]
use super::*;
use crate::report::chip::tests::cutout;
use crate::report::headline::{headline, share_text};
use crate::report::trend_lines::facts;
use crate::series::fixture::series;
use crate::series::{Decision, Decisions, Observation, Train, fixture};
use crate::site::built_in;

/// Names that would run, break out, hide or turn around.
pub(super) const HOSTILE: [&str; 6] = [
    "<script>window.hostile = 1</script>",
    "\"><img src=x onerror=\"window.hostile = 1\">",
    "' onload='window.hostile = 1",
    "</title></style></script><script>window.hostile = 1</script>",
    "\u{202e}txet\u{2066}\u{200f}\u{1b}[31m\u{0}\u{7}\u{85}",
    "&lt;b&gt; &amp; ]]> --> {{x}} ${x} 두만강 🚂",
];

/// Rows that carry the names everywhere a file could put them.
pub(super) fn hostile_rows() -> Vec<fixture::Row> {
    let times = ["2024-02-01T02:00:00Z", "2024-02-03T02:00:00Z"];
    let each = HOSTILE
        .iter()
        .flat_map(|name| times.map(|time| (name, time)));
    each.map(|(name, time)| {
        let mut o = fixture::observation("dandong", &format!("{name}{time}"), time);
        o.key.track = (*name).into();
        o.sensor = (*name).into();
        o.platform = (*name).into();
        o.reason = (*name).into();
        fixture::with_trains(o, &[431.0])
    })
    .collect()
}

/// The page of a series with a chip of every train.
pub(super) fn page_with_chips(series: &Series, title: &str, folder: &std::path::Path) -> String {
    let chips = ChipFolder::beside(&folder.join("s.gpkg"));
    for o in &series.observations {
        let own: Vec<(&Train, crate::pipeline::CutOut)> = series
            .trains
            .iter()
            .filter(|t| t.key == o.key)
            .map(|t| (t, cutout(t)))
            .collect();
        let own: Vec<_> = own.iter().map(|(t, c)| (*t, c)).collect();
        chips.write(o, &own).unwrap();
    }
    let reviews: Vec<Review> = series
        .trains
        .iter()
        .step_by(3)
        .map(|t| Review {
            key: t.key.clone(),
            start_m: t.start_m,
            end_m: t.end_m,
            decision: Decision::Reject,
            note: HOSTILE[0].to_owned(),
        })
        .collect();
    page_html(&Page {
        store: title,
        series,
        crossings: &built_in().unwrap(),
        reviews: &reviews,
        decisions: Decisions::All,
        chips: &chips,
        min_length_m: None,
    })
    .unwrap()
}

#[test]
fn no_name_becomes_markup_or_hides() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = hostile_rows();
    rows.extend(fixture::hostile());
    let page = page_with_chips(&series(rows), HOSTILE[3], folder.path());
    assert!(!page.contains("<script>window"), "a name became a script");
    assert!(!page.contains("<img src=x"), "a name became an element");
    let sound = |c: char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        c == '\n' || !(c.is_control() || turns)
    };
    assert!(page.chars().all(sound));
    assert_eq!(page.matches("<script").count(), 3);
}

#[test]
fn the_page_holds_what_the_series_says() {
    let folder = tempfile::tempdir().unwrap();
    let series = series(fixture::dandong());
    let page = page_with_chips(&series, "dandong", folder.path());
    assert_eq!(page.matches("<tr data-n=").count(), series.trains.len());
    for wanted in [
        "usable captures",
        "Sketch of the tracks",
        "2023-10: no usable capture",
        "class=\"cut\"",
        "Observations of 2024",
        "OpenStreetMap",
        "How to read this",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    // Nothing is fetched, whatever the reader's program allows.
    assert!(!page.contains("src=\"http") && !page.contains("@import"));
    assert_eq!(page, page_with_chips(&series, "dandong", folder.path()));
}

#[test]
fn the_page_and_the_terminal_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let series = series(fixture::dandong());
    let page = page_with_chips(&series, "dandong", folder.path());
    let question = Question {
        by: By::Month,
        min_length_m: None,
    };
    let summary = summarise(&series, None, question).unwrap();
    let scope = &summary.crossings[0];
    let said = headline(scope, "month").into_iter();
    let facts = facts(scope, &[]).into_iter().map(|(_, fact)| fact);
    for text in said.chain(facts) {
        let text = text.replace('<', "&lt;");
        assert!(page.contains(&text), "{text}");
    }
    for month in &scope.periods {
        let share = share_text(&month.figures).replace('<', "&lt;");
        assert!(page.contains(&share), "{}: {share}", month.period);
    }
}

#[test]
fn the_calendar_shows_what_the_months_count() {
    let row = |day: &str, length_m| {
        let o = fixture::observation("x", day, &format!("{day}T00:00:00Z"));
        fixture::with_trains(o, &[length_m])
    };
    let rows = vec![row("2023-05-01", 50.0), row("2023-05-02", 150.0)];
    let folder = tempfile::tempdir().unwrap();
    let page = page_with_chips(&series(rows), "x", folder.path());
    assert!(page.contains("Trains of at least 62\u{a0}m:"), "{page}");
    // 1 May is the first column, 2 May the next: of 50 m is no such train.
    let cell = |class: &str, x: i32| {
        let corner = format!("<g class=\"day {class}\"><path class=\"cell\" d=\"M{x} 37");
        page.contains(&corner)
    };
    assert!(cell("none", 26) && cell("found", 35), "{page}");
    assert!(page.contains("clear, 1 train of 50 m"), "{page}");
}

#[test]
fn the_policy_names_the_style_and_the_script_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let page = page_with_chips(&series(fixture::dandong()), "x", folder.path());
    let between = |open: &str, close: &str| {
        let from = page.find(open).unwrap() + open.len();
        page[from..].split(close).next().unwrap().to_owned()
    };
    for source in [
        between("<style>", "</style>"),
        between("<script>", "</script>"),
    ] {
        assert!(page.contains(&source_hash(&source)));
    }
}

#[test]
fn a_series_without_trains_or_usable_captures_has_a_page() {
    let blind = fixture::observation("nowhere", "a", "2023-05-01T00:00:00Z");
    let blind = fixture::unusable(blind, crate::series::Status::Obscured, "cloud");
    let folder = tempfile::tempdir().unwrap();
    let page = page_with_chips(&series(vec![blind]), "x", folder.path());
    assert!(page.contains("No capture is usable."));
    assert!(page.contains("None was found."));
    assert!(page.contains("Give it with --crossings"));
    let none: Vec<Observation> = Vec::new();
    let empty = Series {
        observations: none,
        trains: Vec::new(),
    };
    let page = Page {
        store: "x",
        series: &empty,
        crossings: &[],
        reviews: &[],
        decisions: Decisions::All,
        chips: &ChipFolder::beside(folder.path()),
        min_length_m: None,
    };
    let said = page_html(&page).unwrap_err().to_string();
    assert!(said.contains("no observations yet"), "{said}");
}
