//! What several pages have: rows, times, topics, icons, and the facts of an event.

use eventsourcing_core::{Timestamp, Uuid};
use maud::{Markup, PreEscaped, html};

use crate::access::{Operator, Scope};
use crate::json::{hidden, pretty, preview, preview_hidden};
use crate::reading::{Content, Opened, Reader};
use crate::site::{Links, LogQuery};
use crate::text::{beginning, bytes, grouped, visible};
use crate::times::{long, short};

/// The longest topic in a row, and the length of a row's preview, in bytes.
const TOPIC: usize = 80;
const PREVIEW: usize = 74;

/// What an operator sees of an application.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<'a> {
    pub(crate) application: &'a str,
    /// Whether values are shown.
    pub(crate) payloads: bool,
}

impl<'a> Sight<'a> {
    pub(crate) fn of(reader: &'a Reader, operator: &Operator) -> Self {
        Self { application: reader.name(), payloads: !reader.is_encrypted() || operator.may(Scope::Payload) }
    }
}

/// An icon by its name, drawn with lines.
pub(super) fn icon(name: &str) -> Markup {
    let path = match name {
        "overview" => "M2 3h5v5H2zM9 3h5v3H9zM2 11h5v2.500H2zM9 9h5v4.500H9z",
        "log" => "M2 3.500h12M2 6.500h9M2 9.500h12M2 12.500h7",
        "search" => "M11.500 7a4.500 4.500 0 1 1-9 0 4.500 4.500 0 0 1 9 0ZM10.500 10.500 14 14",
        "sun" => {
            "M10.800 8a2.800 2.800 0 1 1-5.600 0 2.800 2.800 0 0 1 5.600 0ZM8 1.500v1.300M8 13.200v1.300M1.500 8h1.300M13.200 8h1.300M3.400 3.400l.9.9M11.700 11.700l.9.9M3.400 12.600l.9-.9M11.700 4.300l.9-.9"
        }
        "moon" => "M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7Z",
        "left" => "m10 4-4 4 4 4",
        "right" => "m6 4 4 4-4 4",
        "cross" => "m4 4 8 8m0-8-8 8",
        "plus" => "M8 3v10M3 8h10",
        "first" => "M4 3v10M12 4 7 8l5 4z",
        "last" => "M12 3v10M4 4l5 4-5 4z",
        "check" => "m3 8.500 3.200 3.200L13 5",
        "compare" => "M5 2v12M11 2v12M5 5H2m3 6H2m9-6h3m-3 6h3",
        "cube" => "M8 1.800 13.500 5v6L8 14.200 2.500 11V5L8 1.800ZM2.700 5 8 8l5.300-3M8 8v6",
        "lock" => "M3.500 7h9v6.500h-9zM5.500 7V5a2.500 2.500 0 0 1 5 0v2",
        "play" => "m5 3.500 7 4.500-7 4.500z",
        "pause" => "M5.500 3.500v9M10.500 3.500v9",
        "braces" => {
            "M6 2.500H5a1.500 1.500 0 0 0-1.500 1.500v2.500L2 8l1.500 1.500V12A1.500 1.500 0 0 0 5 13.500h1M10 2.500h1a1.500 1.500 0 0 1 1.500 1.500v2.500L14 8l-1.500 1.500V12a1.500 1.500 0 0 1-1.500 1.500h-1"
        }
        _ => "M8 2 14.500 13.500h-13L8 2ZM8 6.500v3.200M8 11.700v.1",
    };
    html! { svg.i viewBox="0 0 16 16" aria-hidden="true" { path d=(path) {} } }
}

/// A time, which the script may show in the zone of the browser.
pub(super) fn time(time: Option<Timestamp>, is_long: bool) -> Markup {
    match time {
        None => html! { span.mute { "–" } },
        Some(time) if is_long => html! { time datetime=(time) data-long { (long(time)) " UTC" } },
        Some(time) => html! { time datetime=(time) { (short(time)) } },
    }
}

/// The type in a topic, and the rest.
pub(super) fn halves(topic: &str) -> (&str, &str) {
    topic.split_once('.').unwrap_or(("", topic))
}

/// The colour of a type: the same on every page.
pub(super) fn colour(topic: &str) -> &'static str {
    let (kind, name) = halves(topic);
    let kind = if kind.is_empty() { name } else { kind };
    let sum = kind.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    ["k1", "k2", "k3", "k4", "k5"].get(usize::try_from(sum % 5).unwrap_or(0)).copied().unwrap_or("k1")
}

/// A topic, with its event in bold.
pub(super) fn topic(topic: &str) -> Markup {
    let shown = beginning(topic, TOPIC);
    let (kind, name) = halves(shown);
    html! {
        @if !kind.is_empty() { (visible(kind)) "." }
        b { (visible(name)) @if shown.len() < topic.len() { "…" } }
    }
}

/// The first digits of an id.
pub(super) fn short_id(id: Uuid) -> String {
    beginning(&id.to_string(), 8).to_owned()
}

/// The path of an aggregate at a version, and its parameters.
pub(super) fn aggregate_link(links: Links, application: &str, id: Uuid, version: Option<u64>) -> String {
    let at: Vec<_> = version.map(|version| ("at", version.to_string())).into_iter().collect();
    links.to(&format!("{application}/aggregates/{id}"), &at)
}

/// The fields of an event on one line.
fn line(opened: &Opened, sight: Sight<'_>) -> Markup {
    match (&opened.content, opened.fields()) {
        (Content::LeftOut, _) => html! { em { "large state" } },
        (Content::Unreadable(_), _) => html! { em.bad { "not readable" } },
        (Content::Json(_), None) => html! { em { "no object" } },
        (Content::Json(_), Some(fields)) if sight.payloads => PreEscaped(preview(&fields, PREVIEW)),
        (Content::Json(_), Some(fields)) => PreEscaped(preview_hidden(&fields, PREVIEW)),
    }
}

/// A row of the log. The stream of new events sends the same.
pub(crate) fn row(opened: &Opened, sight: Sight<'_>, links: Links, query: &LogQuery, is_on: bool) -> Markup {
    let event = &opened.stored.event;
    let position = opened.stored.position.unwrap_or(0);
    let select = LogQuery { at: Some(position), is_live: false, ..query.clone() };
    let path = format!("{}/log", sight.application);
    html! {
        tr id=(format!("p{position}")) aria-selected=[is_on.then_some("true")] {
            td { a href=(links.to(&path, &select.pairs())) { (grouped(position)) } }
            td { (time(opened.when(), false)) }
            td class=(colour(&event.topic)) { (topic(&event.topic)) }
            td { a href=(aggregate_link(links, sight.application, event.originator_id, Some(event.originator_version))) { (short_id(event.originator_id)) } " " (event.originator_version) }
            td { (line(opened, sight)) }
            td { (opened.stored.len) }
        }
    }
}

/// A row that says which positions are not shown.
pub(crate) fn gap(after: u64, up_to: u64, sight: Sight<'_>, links: Links, query: &LogQuery) -> Markup {
    let older = query.from(crate::reading::From::Before(up_to.saturating_add(1)));
    html! {
        tr.gap { td colspan="6" {
            a href=(links.to(&format!("{}/log", sight.application), &older.pairs())) {
                (grouped(up_to - after)) " positions came too fast to show: " (grouped(after + 1)) " to " (grouped(up_to))
            }
        } }
    }
}

/// The state of an event: JSON, or what there is instead. `limit` bounds its HTML.
pub(super) fn payload(opened: &Opened, sight: Sight<'_>, limit: usize, twin: &str) -> Markup {
    let json = match &opened.content {
        Content::LeftOut => {
            return html! { p.pad.mute { "A state of " (bytes(opened.stored.len)) " is not opened here. " a href=(twin) { "Open the event" } } };
        }
        Content::Unreadable(why) => {
            return html! { p.note.bad { (icon("warning")) span { b { "The state cannot be read. " } (why) } } };
        }
        Content::Json(json) => json,
    };
    let printed = match opened.fields() {
        Some(fields) if sight.payloads => pretty(&fields, limit),
        Some(fields) => hidden(&fields, limit),
        None => return html! { p.pad.mute { "The state is no JSON object." } },
    };
    html! {
        @if !sight.payloads {
            p.lock { (icon("lock")) "Encrypted log: values are hidden without the scope " code { "payload" } "." }
        }
        pre.json tabindex="0" aria-label="Payload" { (PreEscaped(printed.html)) }
        @if printed.is_cut {
            p.note.info { span { b { "The beginning of " (bytes(json.len())) "." } " The rest is too long for a page; " a href=(twin) { "the JSON" } " has more of it." } }
        }
    }
}

/// How the state is stored.
pub(super) fn stored(opened: &Opened) -> Markup {
    let (len, info) = (opened.stored.len, &opened.stored.info);
    html! {
        @if let Some(json_len) = info.json_len.filter(|json_len| *json_len != len) { (bytes(json_len)) " → " }
        (bytes(len))
        span.mute { " · " (info.form) }
    }
}

/// The metadata as rows of a description list.
pub(super) fn metadata(opened: &Opened, sight: Sight<'_>) -> Markup {
    let metadata = opened.metadata();
    if metadata.is_empty() {
        return html! {};
    }
    if !sight.payloads {
        return html! { dt { "Metadata" } dd { mark { "hidden" } } };
    }
    let texts = [
        ("Actor", metadata.actor()),
        ("Correlation", metadata.correlation_id()),
        ("Causation", metadata.causation_id()),
        ("Trace", metadata.traceparent()),
    ];
    html! {
        @for (name, text) in texts {
            @if let Some(text) = text { dt { (name) } dd { (visible(text)) } }
        }
        @if let Some(cause) = metadata.cause() {
            dt { "Caused by" } dd { (visible(&cause.application)) " " (grouped(cause.notification_id)) }
        }
        @for (key, value) in metadata.pairs().take(16) { dt { (visible(beginning(key, 64))) } dd { (visible(beginning(value, 256))) } }
    }
}
