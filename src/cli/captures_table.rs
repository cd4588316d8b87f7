//! The list of captures as a table for people.
//!
//! What is the same for all captures is said once, above the table, so that
//! the rest fits into 80 columns.

use console::{Alignment, measure_text_width, pad_str, truncate_str};

use super::captures::{Covered, Listed, Row};
use super::output::wrapped;
use crate::report::printable;

/// Width of a terminal that nobody has widened, characters.
const WIDTH: usize = 80;

/// Blanks between columns, and before those below an id.
const GAP: usize = 2;

/// A column: its head and a cell for each capture.
type Column = (&'static str, Vec<String>);

/// The table, then the problems.
pub(super) fn table(listed: &Listed) -> String {
    let rows = &listed.captures;
    let (same, columns) = split(columns(rows));
    let count = format!("{} {}", rows.len(), plural(rows.len(), "capture"));
    let mut text = match same.join(", ") {
        same if same.is_empty() => count,
        same => listing(count + ": ", &same),
    };
    text += "\n\n";
    let ids: Vec<String> = rows.iter().map(|r| printable(&r.id)).collect();
    text += &lines(&columns, &ids);
    text + &problems(listed)
}

fn columns(rows: &[Row]) -> Vec<Column> {
    let column = |head, cell: fn(&Row) -> String| {
        (head, rows.iter().map(|row| printable(&cell(row))).collect())
    };
    vec![
        column("acquired (UTC)", |r| {
            r.acquired.strftime("%Y-%m-%d %H:%M").to_string()
        }),
        column("sensor", sensor),
        column("GSD", |r| {
            r.gsd_m
                .map_or_else(|| "-".into(), |gsd_m| format!("{} m", short(gsd_m)))
        }),
        column("CRS", |r| or_dash(crs_name(r.crs.as_deref()))),
        column("masks", masks),
        column("covers", |r| or_dash(coverage(&r.covers))),
    ]
}

/// The sensor and the satellite, in one word where that names both.
fn sensor(row: &Row) -> String {
    match row.platform.as_str() {
        "" => row.sensor.clone(),
        platform if platform.starts_with(&row.sensor) => platform.to_owned(),
        platform => format!("{} {platform}", row.sensor),
    }
}

/// The providers' masks, each once: of `UDM2 cloud` and `UDM2 shadow` `UDM2`.
fn masks(row: &Row) -> String {
    let mut names: Vec<&str> = row
        .masks
        .iter()
        .filter_map(|name| name.split_whitespace().next())
        .collect();
    names.dedup();
    if names.is_empty() {
        "no mask".into()
    } else {
        names.join("+")
    }
}

/// `EPSG:32652`; of a long definition nothing but that it is one.
fn crs_name(crs: Option<&str>) -> String {
    match crs {
        Some(code) if code.len() <= 12 => code.to_owned(),
        Some(_) => "WKT".into(),
        None => String::new(),
    }
}

/// At most two decimals, and none for whole numbers.
fn short(gsd_m: f64) -> String {
    let text = format!("{gsd_m:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Share of each crossing inside the frame, its tracks weighted by length.
fn coverage(covers: &[Covered]) -> String {
    let mut crossings: Vec<(&str, f64, f64)> = Vec::new();
    for c in covers {
        let inside_m = c.share * c.length_m;
        match crossings.iter_mut().find(|(id, ..)| *id == c.crossing) {
            Some((_, inside, length)) => {
                *inside += inside_m;
                *length += c.length_m;
            }
            None => crossings.push((&c.crossing, inside_m, c.length_m)),
        }
    }
    let shares: Vec<String> = crossings
        .iter()
        .filter(|(_, inside_m, length_m)| *inside_m > 0.0 && *length_m > 0.0)
        .map(|(id, inside_m, length_m)| format!("{id} {:.0} %", 100.0 * inside_m / length_m))
        .collect();
    shares.join(", ")
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".into() } else { text }
}

/// Takes out the columns that say the same in all rows.
fn split(columns: Vec<Column>) -> (Vec<String>, Vec<Column>) {
    let (mut same, mut differing) = (Vec::new(), Vec::new());
    for (head, cells) in columns {
        match cells.first() {
            Some(first) if cells.len() > 1 && cells.iter().all(|c| c == first) => {
                if first != "-" {
                    same.push(first.clone());
                }
            }
            _ => differing.push((head, cells)),
        }
    }
    (same, differing)
}

/// A heading and what follows it, broken behind commas.
fn listing(heading: String, parts: &str) -> String {
    let mut text = heading;
    let mut used = measure_text_width(&text);
    for (i, part) in parts.split(", ").enumerate() {
        let part = truncate_str(part, WIDTH - 4, "…");
        let wide = measure_text_width(&part);
        let comma = if i == 0 { "" } else { ", " };
        if used + comma.len() + wide + 1 > WIDTH {
            text = format!("{}{}\n  {part}", text.trim_end(), comma.trim_end());
            used = 2 + wide;
        } else {
            text += &format!("{comma}{part}");
            used += comma.len() + wide;
        }
    }
    text
}

/// The captures with their ids last, or above where a line would be too long.
fn lines(columns: &[Column], ids: &[String]) -> String {
    if ids.is_empty() {
        return String::new();
    }
    let mut widths: Vec<usize> = columns
        .iter()
        .map(|(head, cells)| width(head, cells))
        .collect();
    let longest = ids.iter().map(|id| measure_text_width(id)).max();
    let used: usize = widths.iter().map(|w| w + GAP).sum();
    let fits = used + longest.unwrap_or(0) <= WIDTH;
    narrow(&mut widths);
    let line = |cells: Vec<&str>, id: &str| {
        let fitted = |(cell, width): (&&str, &usize)| {
            let cell = truncate_str(cell, *width, "…");
            pad_str(&cell, width + GAP, Alignment::Left, None).into_owned()
        };
        let text: String = cells.iter().zip(&widths).map(fitted).collect();
        if fits {
            format!("{text}{id}\n")
        } else {
            let id = truncate_str(id, WIDTH, "…");
            format!("{id}\n  {text}").trim_end().to_owned() + "\n"
        }
    };
    let mut text = line(columns.iter().map(|(head, _)| *head).collect(), "capture");
    for (i, id) in ids.iter().enumerate() {
        let cells = columns.iter().filter_map(|(_, cells)| cells.get(i));
        text += &line(cells.map(String::as_str).collect(), id);
    }
    text
}

/// Takes from the widest column, again and again, until all fit on a line.
fn narrow(widths: &mut [usize]) {
    let most = WIDTH.saturating_sub(GAP * widths.len());
    while widths.iter().sum::<usize>() > most {
        let Some(widest) = widths.iter_mut().max() else {
            return;
        };
        *widest = widest.saturating_sub(1);
    }
}

fn width(head: &str, cells: &[String]) -> usize {
    let cells = cells.iter().map(|c| measure_text_width(c));
    cells.chain([measure_text_width(head)]).max().unwrap_or(0)
}

fn problems(listed: &Listed) -> String {
    if listed.problems.is_empty() {
        return String::new();
    }
    let count = listed.problems.len();
    let mut text = format!("\n{count} {}\n", plural(count, "problem"));
    for problem in &listed.problems {
        text += &format!("{}\n", printable(&problem.path.display().to_string()));
        for words in [&problem.what, &problem.remedy] {
            text += &wrapped("  ", &printable(words));
        }
    }
    text
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        noun.to_owned()
    } else {
        format!("{noun}s")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::capture::Problem;

    fn row(id: &str, time: &str, share: f64) -> Row {
        Row {
            id: id.into(),
            acquired: time.parse().unwrap(),
            sensor: "sentinel-2".into(),
            platform: "sentinel-2b".into(),
            gsd_m: Some(10.0),
            crs: Some("EPSG:32652".into()),
            masks: vec!["SCL".into()],
            covers: vec![Covered {
                crossing: "tumen".into(),
                track: "main".into(),
                share,
                length_m: 100.0,
            }],
            ..Row::default()
        }
    }

    fn listed(captures: Vec<Row>) -> Listed {
        Listed {
            captures,
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn what_is_the_same_for_all_is_said_once() {
        let text = table(&listed(vec![
            row("S2B_a", "2022-01-09T02:16:27Z", 1.0),
            row("S2B_b", "2022-01-12T02:07:38Z", 0.257),
        ]));
        assert_eq!(
            text,
            "2 captures: sentinel-2b, 10 m, EPSG:32652, SCL\n\n\
             acquired (UTC)    covers       capture\n\
             2022-01-09 02:16  tumen 100 %  S2B_a\n\
             2022-01-12 02:07  tumen 26 %   S2B_b\n"
        );
    }

    #[test]
    fn no_line_of_the_table_is_wider_than_a_terminal() {
        let long = "S2A_MSIL2A_20220109T021504_N0509_R003_T52TDM_20220109T021504";
        let mut other = row(long, "2022-01-12T02:07:38Z", 0.5);
        other.gsd_m = Some(3.0);
        other.crs = Some("EPSG:4326".into());
        other.masks = vec!["UDM2".into()];
        other.sensor = "planetscope".into();
        other.platform = "2461".into();
        let mut longer = other.clone();
        longer.id = long.repeat(2);
        longer.sensor = "한글".repeat(20);
        longer.covers = (0..9)
            .map(|i| Covered {
                crossing: format!("crossing-number-{i}"),
                ..longer.covers[0].clone()
            })
            .collect();
        let first = row(long, "2022-01-09T02:16:27Z", 1.0);
        for rows in [
            vec![first.clone(), other],
            vec![first, longer.clone()],
            vec![longer.clone(), longer],
        ] {
            let text = table(&listed(rows));
            let widest = text.lines().map(measure_text_width).max();
            assert!(widest <= Some(WIDTH), "{text}");
            assert!(text.contains("2022-01-"), "{text}");
        }
    }

    #[test]
    fn problems_say_what_is_wrong_and_what_to_do() {
        let mut some = listed(Vec::new());
        some.problems = vec![Problem::new("한글 'x'.tif", "is broken", "mend it")];
        assert_eq!(
            table(&some),
            "0 captures\n\n\n1 problem\n한글 'x'.tif\n  is broken\n  mend it\n"
        );
    }

    #[test]
    fn names_cannot_drive_the_terminal() {
        let mut hostile = row("a\u{1b}[2J\nb", "2022-01-09T02:16:27Z", 1.0);
        hostile.platform = "\u{9b}31m".into();
        let mut some = listed(vec![hostile]);
        some.problems = vec![Problem::new("x\u{202e}\u{7}", "bad\r", "mend\t")];
        let text = table(&some);
        let control = |c: char| c.is_control() && c != '\n';
        assert!(
            !text.contains(control) && !text.contains('\u{202e}'),
            "{text:?}"
        );
    }

    #[test]
    fn a_single_capture_keeps_all_its_columns() {
        let text = table(&listed(vec![row("a", "2022-01-09T02:16:27Z", 0.0)]));
        assert!(text.contains("sentinel-2b") && text.contains("SCL"));
        assert!(
            text.contains(" -  "),
            "touching alone covers nothing: {text}"
        );
    }
}
