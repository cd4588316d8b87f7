//! Crossing files: what is accepted, what is refused, and that nothing is lost on the way.

#![allow(clippy::expect_used)]

use std::path::PathBuf;

use railspan::site::{built_in, read_crossings, to_geojson};

fn file_with(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("crossings.geojson");
    std::fs::write(&path, text).expect("writable");
    (folder, path)
}

fn one_line(properties: &str, coordinates: &str) -> String {
    format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{properties},
        "geometry":{{"type":"LineString","coordinates":{coordinates}}}}}]}}"#
    )
}

const NAMED: &str = r#"{"crossing":"c","id":"east track","name":"n"}"#;

fn refusal(text: &str) -> String {
    let (_folder, path) = file_with(text);
    read_crossings(&path)
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn the_registry_holds_four_crossings_with_true_lengths() {
    let crossings = built_in().expect("the registry is valid");
    let ids: Vec<&str> = crossings.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["tumen", "dandong", "namyang", "manpo"]);
    for crossing in &crossings {
        assert!(crossing.attribution.contains("OpenStreetMap"));
        for track in &crossing.tracks {
            let end_m = track.sections.last().map(|s| s.end_m).unwrap_or_default();
            assert!(
                (end_m - track.alignment.length_m()).abs() < 0.1,
                "{}",
                track.id
            );
            assert!(!track.stock.is_empty() && !track.source.is_empty());
        }
    }
}

#[test]
fn what_is_exported_is_read_back_unchanged() {
    let crossings = built_in().expect("the registry is valid");
    let (_folder, path) = file_with(&to_geojson(&crossings));
    assert_eq!(read_crossings(&path).expect("readable"), crossings);
}

#[test]
fn a_minimal_feature_gets_defaults() {
    let (_folder, path) = file_with(&one_line(NAMED, "[[124.0,40.0],[124.01,40.0]]"));
    let crossings = read_crossings(&path).expect("valid");
    let track = &crossings[0].tracks[0];
    assert_eq!(crossings[0].time_zone, "UTC");
    assert!(
        (track.alignment.length_m() - 853.97).abs() < 0.1,
        "{}",
        track.alignment.length_m()
    );
    assert_eq!(track.sections.len(), 1);
    assert!((track.uncertainty_across_m - 10.0).abs() < f64::EPSILON);
}

#[test]
fn features_of_one_crossing_become_its_tracks() {
    let text = r#"{"type":"FeatureCollection","features":[
      {"type":"Feature","properties":{"crossing":"c","id":"a","name":"A"},"geometry":{"type":"LineString","coordinates":[[124,40],[124.01,40]]}},
      {"type":"Feature","properties":{"crossing":"c","id":"b","name":"B"},"geometry":{"type":"LineString","coordinates":[[124,40.001],[124.01,40.001]]}}]}"#;
    let (_folder, path) = file_with(text);
    let crossings = read_crossings(&path).expect("valid");
    assert_eq!((crossings.len(), crossings[0].tracks.len()), (1, 2));
}

#[test]
fn wrong_features_are_refused_by_name() {
    let long = "[[100.0,40.0],[130.0,40.0]]";
    let cases = [
        (one_line(NAMED, "[[124.0,40.0]]"), "1 vertices"),
        (one_line(NAMED, "[[124.0,40.0],[124.0,40.0]]"), "are equal"),
        (
            one_line(NAMED, "[[618353.6,4441736.7],[619048.0,4441102.3]]"),
            "WGS 84",
        ),
        (
            one_line(
                NAMED,
                "[[124.0,40.0],[124.02,40.0],[124.02,40.01],[124.01,39.99]]",
            ),
            "meets itself",
        ),
        (
            one_line(NAMED, "[[124.0,40.0],[124.02,40.0],[124.01,40.0]]"),
            "meets itself",
        ),
        (one_line(NAMED, long), "km long"),
        (
            one_line(NAMED, r#"[["a",40.0],[124.0,40.0]]"#),
            "coordinates",
        ),
        (
            one_line(r#"{"crossing":"c","name":"n"}"#, "[[124,40],[124.01,40]]"),
            "it has no property id",
        ),
        (
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"n"},"geometry":null}]}"#.to_owned(),
            "it has no property crossing, property id, line",
        ),
        (
            one_line(
                r#"{"crossing":"c","id":"east track","name":"n","sections":[
                   {"kind":"bridge","start_m":0,"end_m":500},{"kind":"approach","start_m":400,"end_m":800}]}"#,
                "[[124,40],[124.01,40]]",
            ),
            "before section 1 ends",
        ),
    ];
    for (text, expected) in cases {
        let message = refusal(&text);
        assert!(message.contains("feature 1"), "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn wrong_files_are_refused() {
    let point = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"crossing":"c","id":"a","name":"A"},"geometry":{"type":"Point","coordinates":[124,40]}}]}"#;
    let none = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"crossing":"c","id":"a","name":"A"},"geometry":null}]}"#;
    let utm = r#"{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::32652"}},"features":[]}"#;
    let twice = r#"{"type":"FeatureCollection","features":[
      {"type":"Feature","properties":{"crossing":"c","id":"a","name":"A"},"geometry":{"type":"LineString","coordinates":[[124,40],[124.01,40]]}},
      {"type":"Feature","properties":{"crossing":"d","id":"a","name":"B"},"geometry":{"type":"LineString","coordinates":[[124,41],[124.01,41]]}}]}"#;
    for (text, expected) in [
        ("", "not a GeoJSON file"),
        (
            "{\"type\":\"Feature\",\"features\":[]}",
            "not a FeatureCollection",
        ),
        (
            r#"{"type":"FeatureCollection","features":[]}"#,
            "no features",
        ),
        (point, "is a Point, not a LineString"),
        (none, "has no line"),
        (utm, "not WGS 84"),
        (twice, "used twice"),
    ] {
        let message = refusal(text);
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("crossings.geojson"), "{message}");
    }
}

#[test]
fn the_lines_of_the_development_series_work_as_they_are() {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");
    for name in [
        "dev/tumen",
        "dev/dandong",
        "dev/manpo",
        "real/s1-nuernberg.track",
    ] {
        let path = PathBuf::from(format!("{shared}/{name}.geojson"));
        if !path.exists() {
            eprintln!("skipped: {} is not there", path.display());
            continue;
        }
        let crossings = read_crossings(&path).expect("a valid file");
        assert!(crossings[0].tracks[0].alignment.length_m() > 500.0);
    }
}
