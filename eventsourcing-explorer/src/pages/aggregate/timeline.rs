//! The versions of the list on a line, with wider spaces for longer times.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use super::AggregatePage;
use crate::pages::parts::colour;
use crate::times::{short, span};

/// The width of the picture, and what is left free at its ends.
const WIDTH: i64 = 1_120;
const MARGIN: i64 = 26;

/// The least distance between two numbers, and the least space that says how long it is.
const NUMBERS: i64 = 26;
const SPACE: i64 = 76;

/// The most versions that are shown as points.
const MOST: usize = 60;

/// The line, if there is more than one version.
pub(super) fn timeline(page: &AggregatePage) -> Markup {
    // the oldest first, without those that are too far from the selected one to have a point
    let first = page.selected.saturating_sub(MOST / 2);
    let versions: Vec<_> = page.versions.iter().skip(first).take(MOST).rev().collect();
    if versions.len() < 2 {
        return html! {};
    }
    let seconds: Vec<Option<i64>> = versions
        .windows(2)
        .map(|pair| Some((pair[1].when()?.as_second() - pair[0].when()?.as_second()).max(0)))
        .collect();
    // twice as long a time is not twice as wide: days fit beside seconds
    let weight = |seconds: &Option<i64>| 4 + i64::from(seconds.unwrap_or(0).unsigned_abs().saturating_add(1).ilog2());
    let whole: i64 = seconds.iter().map(weight).sum::<i64>().max(1);
    let mut places = vec![MARGIN];
    let mut sum = 0;
    for one in &seconds {
        sum += weight(one);
        places.push(MARGIN + sum * (WIDTH - 2 * MARGIN) / whole);
    }
    let selected = page.version();
    let now = versions.iter().position(|version| version.stored.event.originator_version == selected).unwrap_or(0);
    let colour = colour(page.topic());
    let mut svg = String::new();
    // writing to a `String` does not fail
    let _ = write!(svg, "<path class=rail d=\"M{MARGIN} 22H{}\"/>", WIDTH - MARGIN);
    let _ = write!(svg, "<path class=\"rail done\" d=\"M{MARGIN} 22H{}\"/>", places[now]);
    for (at, one) in seconds.iter().enumerate() {
        if let Some(seconds) = one.filter(|seconds| *seconds >= 60 && places[at + 1] - places[at] >= SPACE) {
            let middle = (places[at] + places[at + 1]) / 2;
            let _ = write!(svg, "<rect class=fmark x={} y=14 width=52 height=16 />", middle - 26);
            let _ = write!(svg, "<text x={middle} y=26>{}</text>", span(seconds));
        }
    }
    let mut free = i64::MIN;
    for (at, (version, x)) in versions.iter().zip(&places).enumerate() {
        let number = version.stored.event.originator_version;
        let class = if at <= now { format!("f{colour}") } else { format!("f{colour} later") };
        let radius = if at == now { 8 } else { 5 };
        let _ = write!(svg, "<circle class=\"{class}\" cx={x} cy=22 r={radius} />");
        if at == now {
            let _ = write!(svg, "<circle class=fmark cx={x} cy=22 r=3 />");
        }
        let is_near = (places[now] - x).abs() < NUMBERS;
        if at == now || (*x >= free && !is_near) {
            free = x + NUMBERS;
            let _ = write!(svg, "<text{} x={x} y=46>{number}</text>", if at == now { " class=on" } else { "" });
        }
    }
    let ends = [versions.first(), versions.last()].map(|end| end.and_then(|version| version.when()).map(short));
    let [from, to] = ends.map(Option::unwrap_or_default);
    let label = format!("{} versions from {from} to {to}; version {selected} is shown", versions.len());
    html! {
        div.scroll tabindex="0" role="region" aria-label="Versions on a line" {
            svg.line viewBox=(format!("0 0 {WIDTH} 54")) role="img" aria-label=(label) { (PreEscaped(svg)) }
        }
    }
}
