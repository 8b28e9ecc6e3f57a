//! The event types: what is known of each topic, and how often it is among the newest events.

use eventsourcing_core::application::TopicKind;
use maud::{Markup, html};
use serde::Serialize;

use super::frame::Frame;
use super::log::topic_link;
use super::parts::{Sight, icon};
use super::twin::{Twin, json};
use crate::reading::{Sample, TopicSample};
use crate::site::Links;
use crate::text::{bytes, grouped};

/// The most topics on the page.
const TOPICS: usize = 120;

/// What is to be said of a topic: nothing of most.
fn note(topic: &TopicSample) -> Markup {
    html! {
        @match topic.known {
            None => span.pill { "not registered" },
            Some((_, TopicKind::Old, _)) => span.pill { "old name" },
            Some((_, TopicKind::Retired, _)) => span.pill { "retired" },
            Some(_) => {},
        }
        @if topic.unreadable > 0 { span.pill.alarm { (topic.unreadable) " of " (topic.opened) " not readable" } }
    }
}

/// The shapes that were found, and the newest one that the program reads.
fn shapes(topic: &TopicSample) -> String {
    let found: Vec<&str> = topic.shapes.iter().map(String::as_str).collect();
    match (topic.known.and_then(|(_, _, newest)| newest), &found[..]) {
        (Some(newest), []) => format!("v{newest}"),
        (Some(newest), [only]) if *only == newest.to_string() => format!("v{newest}"),
        (Some(newest), _) => format!("v{} of {newest}", found.join(", v")),
        (None, []) => "–".to_owned(),
        (None, _) => format!("v{}", found.join(", v")),
    }
}

fn row(name: &str, topic: &TopicSample, most: usize, application: &str, links: Links) -> Markup {
    html! {
        li {
            span.topic { (topic_link(name, application, links)) (note(topic)) }
            svg.bar.wide viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" {
                rect.fm width="100" height="6" rx="2" {}
                rect.facc width=((topic.count * 100).div_ceil(most.max(1))) height="6" rx="2" {}
            }
            span.num { (grouped(topic.count)) }
            span.num.mute { @if let Some(average) = topic.bytes.checked_div(topic.count) { (bytes(average)) } @else { "–" } }
            span.num.mute { (shapes(topic)) }
            span.num.mono.wide { @if let Some((first, _)) = topic.positions { a href=(links.to(&format!("{application}/events/{first}"), &[])) { (grouped(first)) } } }
            span.num.mono.wide { @if let Some((_, last)) = topic.positions { a href=(links.to(&format!("{application}/events/{last}"), &[])) { (grouped(last)) } } }
        }
    }
}

/// The page of the event types.
pub(crate) fn types(sample: &Sample, sight: Sight<'_>, frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let most = sample.topics.values().map(|topic| topic.count).max().unwrap_or(0);
    // topics that nobody records any more are named only if there are events of them
    let is_shown = |topic: &TopicSample| topic.count > 0 || matches!(topic.known, Some((_, TopicKind::Current, _)));
    let shown: Vec<_> = sample.topics.iter().filter(|(_, topic)| is_shown(topic)).collect();
    let main = html! {
        div.head {
            h1 { "Event types" }
            span.sub {
                @match sample.looked_at {
                    Some((low, high)) => { "among the positions " (grouped(low)) " to " (grouped(high)) " of " (grouped(sample.newest)) },
                    None => "nothing is recorded yet",
                }
            }
            span.acts { a.btn href=(links.to(&format!("{}/types.json", sight.application), &[])) { (icon("braces")) "JSON" } }
        }
        section.panel aria-label="Event types" {
            @if shown.is_empty() { p.empty { b { "No event type." } " None is registered, and no event is recorded." } }
            @else { p.titles aria-hidden="true" { span { "Topic" } span.wide {} span { "Events" } span { "Bytes" } span { "Shape" } span.wide { "First" } span.wide { "Last" } } }
            ul.list.topics {
                @for (name, topic) in shown.iter().take(TOPICS) { (row(name, topic, most, sight.application, links)) }
            }
            footer {
                span { "Counts, sizes and positions are those of the newest events alone" }
                @if shown.len() > TOPICS { span { "and " (grouped(shown.len() - TOPICS)) " more topics" } }
            }
        }
    };
    frame.document(&[("Event types", None)], &html! {}, &main)
}

/// The same as JSON.
pub(crate) fn types_json(sample: &Sample, sight: Sight<'_>) -> String {
    let topics = sample.topics.iter().map(|(name, topic)| TopicJson {
        topic: name,
        aggregate: topic.known.map(|(aggregate, ..)| aggregate),
        kind: match topic.known {
            None => "not_registered",
            Some((_, TopicKind::Old, _)) => "old",
            Some((_, TopicKind::Retired, _)) => "retired",
            Some(_) => "current",
        },
        newest_shape: topic.known.and_then(|(_, _, newest)| newest),
        shapes: topic.shapes.iter().map(String::as_str).collect(),
        events: topic.count,
        stored_bytes: topic.bytes,
        first_position: topic.positions.map(|(first, _)| first),
        last_position: topic.positions.map(|(_, last)| last),
        opened: topic.opened,
        unreadable: topic.unreadable,
    });
    json(&Twin {
        application: sight.application,
        content: TypesJson {
            newest: sample.newest,
            looked_from: sample.looked_at.map(|(low, _)| low),
            looked_to: sample.looked_at.map(|(_, high)| high),
            topics: topics.collect(),
        },
    })
}

#[derive(Debug, Serialize)]
struct TypesJson<'a> {
    newest: u64,
    looked_from: Option<u64>,
    looked_to: Option<u64>,
    topics: Vec<TopicJson<'a>>,
}

#[derive(Debug, Serialize)]
struct TopicJson<'a> {
    topic: &'a str,
    aggregate: Option<&'static str>,
    /// `current`, `old`, `retired` or `not_registered`.
    kind: &'static str,
    newest_shape: Option<u32>,
    shapes: Vec<&'a str>,
    events: usize,
    stored_bytes: usize,
    first_position: Option<u64>,
    last_position: Option<u64>,
    opened: usize,
    unreadable: usize,
}
