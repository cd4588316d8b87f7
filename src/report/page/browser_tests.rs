//! The page in a real browser, where there is one: Chromium loads a harness
//! over loopback that drives the page in a frame.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

use super::tests::{HOSTILE, hostile_rows, page_with_chips};
use crate::series::fixture::{self, series};

const HARNESS: &str = include_str!("../../../testdata/page/harness.html");

/// The browser's name; `None` where there is none.
fn browser() -> Option<String> {
    let names = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
    let runs = |name: &String| {
        Command::new(name)
            .arg("--version")
            .output()
            .is_ok_and(|o| o.status.success())
    };
    std::env::var("CHROMIUM")
        .into_iter()
        .chain(names)
        .find(runs)
}

/// Serves the harness and the page until the test ends; returns the address.
fn serve(page: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = String::new();
            if BufReader::new(&stream).read_line(&mut request).is_err() {
                continue;
            }
            let body = if request.contains("/report.html") {
                page.as_str()
            } else {
                HARNESS
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body.as_bytes());
        }
    });
    format!("http://{address}/")
}

/// What the harness wrote down, and what the page said on the console.
fn driven(page: String) -> Option<(Value, Vec<String>)> {
    let Some(browser) = browser() else {
        eprintln!("skipped: no Chromium here (Debian: apt-get install chromium)");
        return None;
    };
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args([
            "--window-size=1960,1200",
            "--virtual-time-budget=20000",
            "--dump-dom",
        ])
        .args(["--enable-logging=stderr", "--no-proxy-server"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(serve(page))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let from = dom
        .find("id=\"result\">")
        .unwrap_or_else(|| panic!("no result: {said}"))
        + 12;
    let text = dom[from..].split("</pre>").next().unwrap();
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let result = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}\n{said}"));
    let console = said
        .lines()
        .filter(|l| l.contains(":CONSOLE"))
        .map(str::to_owned);
    Some((result, console.collect()))
}

#[test]
fn the_page_works_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = fixture::dandong();
    // Ids as providers give them, longer than any column.
    for (o, trains) in &mut rows {
        o.key.capture = format!("S2B_MSIL2A_N0510_R089_T51TXE_{}_0001", o.key.capture);
        for train in trains {
            train.key = o.key.clone();
        }
    }
    let series = series(rows);
    let trains = series.trains.len();
    let Some((result, console)) = driven(page_with_chips(&series, "dandong", folder.path())) else {
        return;
    };
    assert!(console.is_empty(), "{console:#?}");
    assert_eq!(result["error"], Value::Null, "{result}");
    for done in [
        "sortedUp",
        "sortedDown",
        "sortedText",
        "both",
        "says",
        "opened",
        "next",
        "back",
        "closed",
        "focus",
        "hostile",
    ] {
        assert_eq!(result[done], true, "{done}: {result}");
    }
    assert_eq!(result["ready"], "yes");
    assert!(
        result["told"].as_str().unwrap().starts_with("20"),
        "{result}"
    );
    assert_eq!(result["toldInCalendar"], result["told"]);
    assert_eq!(result["toldInTimeline"], result["told"]);
    let of_train = result["toldOfTrain"].as_str().unwrap();
    assert!(
        of_train.contains(" ± ") || of_train.contains(" ≥ "),
        "{of_train}"
    );
    assert_eq!(
        result["wide"],
        serde_json::json!([]),
        "sideways scrolling: {result}"
    );
    let long = series.trains.iter().filter(|t| t.length_m >= 400.0).count();
    assert_eq!(result["long"].as_array().unwrap().len(), long);
    let counts = ["all", "again", "chips", "none", "panels", "images"]
        .map(|n| result[n].as_u64().unwrap() as usize);
    assert_eq!(counts, [trains, trains, trains, 0, 4, 4]);
}

#[test]
fn hostile_names_do_nothing_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let page = page_with_chips(&series(hostile_rows()), HOSTILE[3], folder.path());
    let Some((result, console)) = driven(page) else {
        return;
    };
    assert!(console.is_empty(), "{console:#?}");
    assert_eq!(result["hostile"], true, "{result}");
    assert_eq!(result["error"], Value::Null, "{result}");
    assert_eq!(
        result["wide"],
        serde_json::json!([]),
        "sideways scrolling: {result}"
    );
}
