//! The page of an aggregate: its events, and the payload of one of them.

use eventsourcing_core::Uuid;
use maud::{Markup, html};

use super::event::how;
use super::frame::Frame;
use super::parts::{Sight, colour, halves, icon, payload, short_id, time, topic};
use super::strip::strip;
use super::twin::{EventTwin, Twin, json};
use crate::reading::Opened;
use crate::site::AggregateQuery;
use crate::text::{grouped, visible};
use crate::times::span;

/// The most HTML of a payload.
const PAYLOAD: usize = 12 * 1024;

/// What the page of an aggregate shows.
#[derive(Debug)]
pub(crate) struct AggregatePage {
    pub(crate) id: Uuid,
    pub(crate) query: AggregateQuery,
    /// The versions of the list, the last one first.
    pub(crate) versions: Vec<Opened>,
    /// The last version of the aggregate.
    pub(crate) last: u64,
    pub(crate) selected: Opened,
}

impl AggregatePage {
    /// The type of the aggregate, by the topic of the selected event.
    fn kind(&self) -> &str {
        match halves(&self.selected.stored.event.topic) {
            ("", _) => "Aggregate",
            (kind, _) => kind,
        }
    }

    fn lowest(&self) -> u64 {
        self.versions.last().map_or(1, |version| version.stored.event.originator_version)
    }

    /// How long after the version before the selected one was recorded, if both are known.
    fn after(&self) -> Option<String> {
        let version = self.selected.stored.event.originator_version.checked_sub(1)?;
        let before = self.versions.iter().find(|other| other.stored.event.originator_version == version)?;
        Some(span((self.selected.time?.as_second() - before.time?.as_second()).max(0)))
    }
}

/// The page of an aggregate.
pub(crate) fn aggregate(page: &AggregatePage, sight: Sight<'_>, frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let path = format!("{}/aggregates/{}", sight.application, page.id);
    let selected = page.selected.stored.event.originator_version;
    let at = |version: u64| links.to(&path, &AggregateQuery { at: Some(version), ..page.query }.pairs());
    let twin = links.to(&format!("{path}.json"), &page.query.pairs());
    let id = page.id.to_string();
    let times: Vec<_> = page.versions.iter().filter_map(|version| version.time).collect();
    let older = AggregateQuery { before: Some(page.lowest()), at: None, ..page.query };
    let newest = AggregateQuery { before: None, at: None, ..page.query };
    let main = html! {
        div.head {
            h1 class=(colour(&page.selected.stored.event.topic)) { (visible(page.kind())) " " span.mono { (&id[..8]) span.rest { (&id[8..]) } } }
            span.pill { "version " (grouped(selected)) " of " (grouped(page.last)) }
            span.acts {
                span.seg role="group" aria-label="Versions" {
                    @if selected > 1 { a #prev href=(at(selected - 1)) aria-label="The version before" { (icon("left")) } }
                    @if selected < page.last { a #next href=(at(selected + 1)) aria-label="The version after" { (icon("right")) } }
                }
                a.btn href=(links.to(&format!("{}/log", sight.application), &[("aggregate", id.clone())])) { (icon("log")) "In the log" }
                a.btn href=(twin) { (icon("braces")) "JSON" }
            }
        }
        (strip(&times, page.selected.time))
        div.cols.agg {
            section.panel aria-label="Versions" {
                header { h2 { "Versions" } span.mute.acts { (grouped(page.last)) } }
                ol.hist {
                    @for version in &page.versions {
                        @let number = version.stored.event.originator_version;
                        li { a href=(at(number)) aria-current=[(number == selected).then_some("true")] {
                            span.v { (number) }
                            span class={ "cut " (colour(&version.stored.event.topic)) } { (topic(&version.stored.event.topic)) }
                            (time(version.time, false))
                        } }
                    }
                }
                footer {
                    @if page.query.before.is_some() { a #newer href=(links.to(&path, &newest.pairs())) { (icon("left")) "Newest" } }
                    span.grow {}
                    @if page.lowest() > 1 { a #older href=(links.to(&path, &older.pairs())) { "Older" (icon("right")) } }
                }
            }
            section.panel #event aria-label="The selected version" {
                header {
                    h2 class={ "cut " (colour(&page.selected.stored.event.topic)) } { (topic(&page.selected.stored.event.topic)) }
                    @if let Some(after) = page.after() { span.mute.acts { (after) " after version " (grouped(selected - 1)) } }
                }
                div.pad { dl.kv { dt { "Recorded" } dd { (time(page.selected.time, true)) } (how(&page.selected, sight)) } }
                (payload(&page.selected, sight, PAYLOAD, &twin))
            }
        }
    };
    let log = links.to(&format!("{}/log", sight.application), &[]);
    let here = format!("{} {}", visible(page.kind()), short_id(page.id));
    frame.document(&[("Log", Some(log)), (here.as_str(), None)], &html! {}, &main)
}

/// The same as JSON.
pub(crate) fn aggregate_json(page: &AggregatePage, sight: Sight<'_>) -> String {
    json(&Twin {
        application: sight.application,
        content: AggregateJson {
            aggregate_id: page.id,
            last_version: page.last,
            older: (page.lowest() > 1).then(|| page.lowest()),
            selected: EventTwin::of(&page.selected, sight, EventTwin::WHOLE),
            versions: page.versions.iter().map(|version| EventTwin::of(version, sight, EventTwin::IN_LIST)).collect(),
        },
    })
}

#[derive(serde::Serialize)]
struct AggregateJson<'a> {
    aggregate_id: Uuid,
    last_version: u64,
    /// The version before which the next page begins.
    older: Option<u64>,
    selected: EventTwin<'a>,
    versions: Vec<EventTwin<'a>>,
}
