//! Numbers, days and names as the page writes them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Render, html};

use crate::report::printable;
use crate::series::{Censored, Train};

/// Standard deviations to each side of a 95 % interval.
pub(super) const WIDTH_95: f64 = 1.96;

/// Text from a file: no character in it can turn the direction of writing
/// around or hide, and none is markup.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Render for Text<'_> {
    fn render_to(&self, buffer: &mut String) {
        html! { bdi { (printable(self.0)) } }.render_to(buffer);
    }
}

/// `1 train`, `2 trains`.
pub(super) fn counted(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

/// `2023-05-01 02:10`.
pub(super) fn minute(time: Timestamp) -> String {
    let time = TimeZone::UTC.to_datetime(time);
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// `2023-05-01`.
pub(super) fn day(time: Timestamp) -> String {
    TimeZone::UTC.to_datetime(time).date().to_string()
}

/// Whole metres with a true minus.
pub(super) fn metres(value: f64) -> String {
    signed(value, false)
}

/// Whole metres that always have a sign.
pub(super) fn change(value: f64) -> String {
    signed(value, true)
}

fn signed(value: f64, plus: bool) -> String {
    let whole = value.round();
    if whole < 0.0 {
        format!("−{:.0}", -whole)
    } else if plus && whole > 0.0 {
        format!("+{whole:.0}")
    } else {
        format!("{:.0}", whole.abs())
    }
}

/// Whole percents, but never 0 for what is more and never 100 for what is less.
pub(super) fn percent(share: f64) -> String {
    let whole = (100.0 * share).round();
    match share {
        s if s > 0.0 && whole == 0.0 => "<1".to_owned(),
        s if s < 1.0 && whole >= 100.0 => ">99".to_owned(),
        _ => format!("{whole:.0}"),
    }
}

/// `p = 0.08`, `p < 0.001`.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 {
        "p < 0.001".to_owned()
    } else if p < 0.1 {
        format!("p = {p:.3}")
    } else {
        format!("p = {p:.2}")
    }
}

/// The length of a train with its 95 % interval: `412 ± 12 m`, `≥ 230 m`.
pub(super) fn length(train: &Train) -> String {
    let about = WIDTH_95 * train.length_sigma_m;
    if train.censored == Censored::None {
        format!("{} ± {about:.0} m", metres(train.length_m))
    } else {
        format!("≥ {} m", metres((train.length_m - about).max(0.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            (metres(-0.2), metres(-5.4), change(3.6), change(0.3)),
            ("0".into(), "−5".into(), "+4".into(), "0".into())
        );
        assert_eq!(
            (percent(0.001), percent(0.999), percent(1.0)),
            ("<1".into(), ">99".into(), "100".into())
        );
        assert_eq!(
            (p_value(0.0002), p_value(0.0321), p_value(0.456)),
            ("p < 0.001".into(), "p = 0.032".into(), "p = 0.46".into())
        );
    }

    #[test]
    fn names_cannot_become_markup_or_turn_the_text_around() {
        let name = "<script>alert('x')</script>\u{202e}\"&\u{1b}\u{0}";
        assert_eq!(
            html! { (Text(name)) }.into_string(),
            "<bdi>&lt;script&gt;alert('x')&lt;/script&gt;\u{fffd}&quot;&amp;\u{fffd}\u{fffd}</bdi>"
        );
    }
}
