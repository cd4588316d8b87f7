//! What the words of the page mean, and what to beware of.

use maud::{Markup, html};

/// The note at the end of the page.
pub(super) fn note() -> Markup {
    html! {
        section.method aria-labelledby="method" {
            h2 #method { "How to read this" }
            p {
                "Every capture is straightened along the track and compared with what the other captures of "
                "the same place predict for it. A train is what differs: brighter, darker or of another colour. "
                "Its ends are fitted together with the blur of the pixels; the interval of its length is of 95 %."
            }
            dl.words {
                div { dt { "clear, partial" } dd { "At least 90 %, or between 10 and 90 % of the track could be used. Only these say that there was no train." } }
                div { dt { "cloud or shadow, beside the track" } dd { "Less than 10 % of the track could be used, or lies inside the scene. These are gaps, never zeros." } }
                div { dt { "undecided" } dd { "The track is seen, but the other captures do not allow to say what stands there, or no train would show." } }
                div { dt { "would miss such a train" } dd { "Trains were looked for, but one of the least length that counts here would be missed more often than one time in ten, or nothing says how often. Such captures are left out of all figures, and so are shorter trains; the chart of lengths, the sketch and the table show them." } }
                div { dt { "≥" } dd { "The train runs out of the track or into cloud: it is at least so long. Trends take it as a lower bound." } }
                div { dt { "appeared, stayed, changed" } dd { "Against the previous usable observation of the track. A train that stays is counted once." } }
                div { dt { "trend" } dd { "Theil–Sen slope of the lengths; p after Mann and Kendall, corrected for ties and autocorrelation." } }
                div { dt { "chips" } dd { "Before, capture, background and difference of the stretch about a train, along the track from left to right." } }
            }
        }
    }
}
