//! When the events of a list were recorded, as bars.

use std::fmt::Write as _;

use eventsourcing_core::Timestamp;
use maud::{Markup, html};

use super::parts::time;
use crate::times::span;

/// The number of bars.
const BARS: usize = 96;

/// The height of the tallest bar.
const HEIGHT: usize = 34;

/// Shows the times of events, if they differ. The bar of the selected event stands out.
pub(super) fn strip(times: &[Timestamp], selected: Option<Timestamp>) -> Markup {
    let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else { return html! {} };
    let whole = last.as_nanosecond() - first.as_nanosecond();
    if whole <= 0 {
        return html! {};
    }
    let bar_of = |time: &Timestamp| {
        let part = (time.as_nanosecond() - first.as_nanosecond()) * i128::try_from(BARS).unwrap_or(1) / (whole + 1);
        usize::try_from(part).unwrap_or(0).min(BARS - 1)
    };
    let mut counts = [0_usize; BARS];
    for time in times {
        counts[bar_of(time)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let on = selected.as_ref().map(bar_of);
    let (mut others, mut chosen) = (String::new(), String::new());
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let path = if on == Some(at) { &mut chosen } else { &mut others };
        let top = HEIGHT - (count * (HEIGHT - 4)).div_ceil(most) - 3;
        // writing to a `String` does not fail
        let _ = write!(path, "M{} {HEIGHT}V{top}h8V{HEIGHT}z", at * 10 + 1);
    }
    let long = match whole / 1_000_000 {
        milliseconds @ ..1_000 => format!("{milliseconds} ms"),
        _ => span(last.as_second() - first.as_second()),
    };
    html! {
        figure.panel.strip {
            svg viewBox="0 0 960 34" preserveAspectRatio="none" role="img" aria-label=(format!("When these {} events were recorded", times.len())) {
                path.fm d=(others) {}
                path.facc d=(chosen) {}
            }
            figcaption { (time(Some(*first), false)) span { (times.len()) " events in " (long) } (time(Some(*last), false)) }
        }
    }
}
