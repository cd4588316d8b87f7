//! Numbers, days and names as the page writes them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Render, html};
use serde::Serialize;

use crate::report::figures::WIDTH_95;
use crate::report::printable;
use crate::series::{Censored, Train};

/// Text from a file: no character in it can turn the direction of writing
/// around or hide, and none is markup.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Render for Text<'_> {
    fn render_to(&self, buffer: &mut String) {
        html! { bdi { (printable(self.0)) } }.render_to(buffer);
    }
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

/// The length of a train with its 95 % interval: `412 ± 12 m`, `≥ 230 m`.
pub(super) fn length(train: &Train) -> String {
    let length_m = train.length_m;
    if train.censored == Censored::None {
        let about_m = WIDTH_95 * train.length_sigma_m;
        format!("{length_m:.0} ± {about_m:.0} m")
    } else {
        format!("≥ {length_m:.0} m")
    }
}

/// A value as JSON that can stand inside a script element.
pub(super) fn script_json(value: &impl Serialize) -> String {
    // Numbers, texts and maps by text: this cannot fail.
    let json = serde_json::to_string(value).unwrap_or_default();
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup_or_turn_the_text_around() {
        let name = "<script>alert('x')</script>\u{202e}\"&\u{1b}\u{0}";
        assert_eq!(
            html! { (Text(name)) }.into_string(),
            "<bdi>&lt;script&gt;alert('x')&lt;/script&gt;\u{fffd}&quot;&amp;\u{fffd}\u{fffd}</bdi>"
        );
    }
}
