//! The page of one event, and the same facts beside a list.

use maud::{Markup, html};

use super::frame::Frame;
use super::parts::{Sight, aggregate_link, colour, icon, metadata, payload, stored, time, topic};
use super::twin::{EventTwin, Twin, json};
use crate::reading::{Opened, Stored};
use crate::site::Links;
use crate::text::grouped;

/// The most HTML of a payload on the page of an event.
const PAYLOAD: usize = 20 * 1024;

/// The most events of one save that are listed.
const SAVE: usize = 12;

/// What the page of an event shows.
#[derive(Debug)]
pub(crate) struct EventPage {
    pub(crate) event: Opened,
    /// The other events of its save, and whether there may be more of them.
    pub(crate) save: Vec<Stored>,
    pub(crate) goes_on: bool,
    /// The last version of its aggregate, if it was read.
    pub(crate) last_version: Option<u64>,
    /// The last position of the log.
    pub(crate) newest: u64,
}

impl EventPage {
    /// The facts of the event: where it is, when it was recorded, with what.
    fn facts(&self, sight: Sight<'_>, links: Links) -> Markup {
        let Opened { stored: Stored { event, position, recorded, .. }, time: triggered, .. } = &self.event;
        html! {
            dl.kv {
                @if let Some(position) = position { dt { "Position" } dd.mono { (grouped(*position)) } }
                dt { "Recorded" } dd { (time(*recorded, true)) }
                dt { "Triggered" } dd { (time(*triggered, true)) }
                dt { "Aggregate" } dd { a.mono href=(aggregate_link(links, sight.application, event.originator_id, None)) { (event.originator_id) } }
                dt { "Version" } dd {
                    a href=(aggregate_link(links, sight.application, event.originator_id, Some(event.originator_version))) { (grouped(event.originator_version)) }
                    @if let Some(last) = self.last_version { span.mute { " of " (grouped(last)) } }
                }
                (how(&self.event, sight))
                (self.save(sight, links))
            }
        }
    }

    fn save(&self, sight: Sight<'_>, links: Links) -> Markup {
        html! {
            dt { "Recorded with" }
            dd.save {
                @if self.save.is_empty() && !self.goes_on { span.mute { "no other event of its aggregate" } }
                @for other in self.save.iter().take(SAVE) {
                    @if let Some(position) = other.position {
                        a href=(links.to(&format!("{}/events/{position}", sight.application), &[])) {
                            span.mono { (grouped(position)) } " " span.mute { (topic(&other.event.topic)) }
                        }
                    }
                }
                @if self.goes_on { span.mute { "at least " (self.save.len()) " events in all" } }
                @else if self.save.len() > SAVE { span.mute { "and " (self.save.len() - SAVE) " more" } }
            }
        }
    }

    /// The panel beside a list.
    pub(super) fn aside(&self, sight: Sight<'_>, links: Links, is_chosen: bool) -> Markup {
        let event = &self.event.stored.event;
        let path = format!("{}/events/{}", sight.application, self.event.stored.position.unwrap_or(0));
        html! {
            aside.panel.chosen[is_chosen] #event aria-label="The selected event" {
                header {
                    h2 class={ "cut " (colour(&event.topic)) } { (topic(&event.topic)) }
                    span.acts {
                        a.btn.small href=(aggregate_link(links, sight.application, event.originator_id, Some(event.originator_version))) { (icon("cube")) "At " (grouped(event.originator_version)) }
                        a.btn.small #open href=(links.to(&path, &[])) { "Open" (icon("right")) }
                    }
                }
                div.pad { (self.facts(sight, links)) }
                (payload(&self.event, sight, PAYLOAD / 4, &links.to(&path, &[])))
            }
        }
    }
}

/// How an event is stored, and its metadata, as rows of a description list.
pub(super) fn how(event: &Opened, sight: Sight<'_>) -> Markup {
    html! {
        @if let Some(version) = event.class_version() { dt { "Shape" } dd { "version " (version) } }
        dt { "State" } dd { (stored(event)) }
        (metadata(event, sight))
    }
}

/// The page of an event.
pub(crate) fn event(page: &EventPage, sight: Sight<'_>, frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let event = &page.event.stored.event;
    let position = page.event.stored.position.unwrap_or(0);
    let beside = |position: u64| links.to(&format!("{}/events/{position}", sight.application), &[]);
    let around = [("before", position.saturating_add(26).to_string()), ("at", position.to_string())];
    let twin = links.to(&format!("{}/events/{position}.json", sight.application), &[]);
    let main = html! {
        div.head {
            h1 class=(colour(&event.topic)) { (topic(&event.topic)) }
            span.sub { "at position " (grouped(position)) }
            span.acts {
                span.seg role="group" aria-label="Neighbouring events" {
                    @if position > 1 { a #prev href=(beside(position - 1)) aria-label="The event before" { (icon("left")) } }
                    @if position < page.newest { a #next href=(beside(position + 1)) aria-label="The event after" { (icon("right")) } }
                }
                a.btn href=(links.to(&format!("{}/log", sight.application), &around)) { (icon("log")) "In the log" }
                a.btn href=(twin) { (icon("braces")) "JSON" }
            }
        }
        div.cols.one {
            section.panel aria-label="Payload" {
                header { h2 { "Payload" } }
                (payload(&page.event, sight, PAYLOAD, &twin))
            }
            section.panel aria-label="Facts" { header { h2 { "Facts" } } div.pad { (page.facts(sight, links)) } }
        }
    };
    let (log, here) = (links.to(&format!("{}/log", sight.application), &[]), grouped(position));
    frame.document(&[("Log", Some(log)), (here.as_str(), None)], &html! {}, &main)
}

/// The same as JSON.
pub(crate) fn event_json(page: &EventPage, sight: Sight<'_>) -> String {
    json(&Twin {
        application: sight.application,
        content: EventJson {
            newest: page.newest,
            last_version: page.last_version,
            same_save: page.save.iter().filter_map(|other| other.position).collect(),
            same_save_may_go_on: page.goes_on,
            event: EventTwin::of(&page.event, sight, EventTwin::WHOLE),
        },
    })
}

#[derive(serde::Serialize)]
struct EventJson<'a> {
    newest: u64,
    last_version: Option<u64>,
    same_save: Vec<u64>,
    same_save_may_go_on: bool,
    event: EventTwin<'a>,
}
