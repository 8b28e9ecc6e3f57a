//! The page of an aggregate at a version: its history, its state, what the version changed, and its event.

mod changes;
mod compare;
mod state;
mod timeline;
mod twin;

use eventsourcing_core::Uuid;
use maud::{Markup, html};

pub(crate) use self::compare::{ComparePage, compare, compare_json};
pub(crate) use self::twin::aggregate_json;
use super::event::how;
use super::frame::Frame;
use super::parts::{Sight, colour, halves, icon, payload, short_id, time, topic};
use crate::reading::{Opened, State};
use crate::site::{AggregateQuery, Links};
use crate::text::{grouped, visible};
use crate::times::{field, span};

/// The most HTML of the event's payload.
const PAYLOAD: usize = 4 * 1024;

/// What the page of an aggregate shows.
#[derive(Debug)]
pub(crate) struct AggregatePage {
    pub(crate) id: Uuid,
    pub(crate) query: AggregateQuery,
    /// The versions of the list, the last one first.
    pub(crate) versions: Vec<Opened>,
    /// The last version of the aggregate.
    pub(crate) last: u64,
    /// The place of the selected version in the list, which has it.
    pub(crate) selected: usize,
    /// The state at the selected version.
    pub(crate) state: State,
}

impl AggregatePage {
    fn selected(&self) -> &Opened {
        &self.versions[self.selected]
    }

    fn version(&self) -> u64 {
        self.selected().stored.event.originator_version
    }

    fn topic(&self) -> &str {
        &self.selected().stored.event.topic
    }

    fn lowest(&self) -> u64 {
        self.versions.last().map_or(1, |version| version.stored.event.originator_version)
    }

    /// How long after the version before the selected one was recorded, if both are known.
    fn after(&self) -> Option<String> {
        let before = self.versions.get(self.selected + 1)?;
        Some(span((self.selected().when()?.as_second() - before.when()?.as_second()).max(0)))
    }

    fn at(&self, version: u64, links: Links) -> String {
        links.here(&self.query.at(version).pairs())
    }

    /// The steps through the versions, and the form for a time.
    fn steps(&self, links: Links) -> Markup {
        let (version, last) = (self.version(), self.last);
        let step = |id: &str, to: u64, label: &str, name: &str| {
            html! {
                @if to == version { span.btn.small.off { (icon(name)) } }
                @else { a.btn.small #(id) href=(self.at(to, links)) aria-label=(label) { (icon(name)) } }
            }
        };
        html! {
            div.steps {
                (step("first", 1, "The first version", "first"))
                (step("prev", version.saturating_sub(1).max(1), "The version before", "left"))
                (step("next", (version + 1).min(last), "The version after", "right"))
                (step("last", last, "The last version", "last"))
                span.keys { kbd { "←" } kbd { "→" } " one version" }
                span.grow {}
                form.asof {
                    label for="asof" { "As of" }
                    input.field #asof name="as_of" maxlength="40" autocomplete="off" placeholder="2026-11-28 14:04" aria-describedby="asof-zone" value=[self.selected().stored.recorded.map(field)];
                    @for (name, value) in links.fields() { input type="hidden" name=(name) value=(value); }
                    span.mute #asof-zone { "UTC" }
                    button.btn.small { "Go" }
                }
            }
        }
    }

    fn history(&self, links: Links) -> Markup {
        let older = AggregateQuery { before: Some(self.lowest()), at: None, ..self.query };
        let newest = AggregateQuery { before: None, at: None, ..self.query };
        let lowest = self.lowest();
        html! {
            section.panel aria-label="History" {
                header { h2 { "History" } span.mute { (grouped(self.last)) } }
                ol.hist {
                    @for (at, version) in self.versions.iter().enumerate() {
                        @let number = version.stored.event.originator_version;
                        li { a href=(self.at(number, links)) aria-current=[(at == self.selected).then_some("true")] {
                            span.v { (number) }
                            span class={ "cut " (colour(&version.stored.event.topic)) } { (topic(&version.stored.event.topic)) }
                            (time(version.when(), false))
                        } }
                    }
                }
                @if self.query.before.is_some() || lowest > 1 {
                    footer {
                        @if self.query.before.is_some() { a #newer href=(links.here(&newest.pairs())) { (icon("left")) "Newest" } }
                        span.grow {}
                        @if lowest > 1 { a #older href=(links.here(&older.pairs())) { "Older" (icon("right")) } }
                    }
                }
            }
        }
    }

    /// The event of the version: where it is recorded, its metadata and its payload.
    fn event(&self, sight: Sight<'_>, links: Links, twin: &str) -> Markup {
        let selected = self.selected();
        let position = selected.stored.position;
        let event = position.map(|position| links.to(&format!("{}/events/{position}", sight.application), &[]));
        html! {
            section.panel #event aria-label="The event" {
                header {
                    h2 { "Event " (grouped(self.version())) }
                    @if let (Some(event), Some(position)) = (&event, position) {
                        span.acts { a.btn.small #open href=(event) { "At " (grouped(position)) (icon("right")) } }
                    }
                }
                div.pad { dl.kv {
                    dt { "Topic" } dd class=(colour(self.topic())) { (topic(self.topic())) }
                    dt { "Recorded" } dd { (time(selected.stored.recorded, true)) }
                    @if let Some(after) = self.after() { dt { "After" } dd { (after) } }
                    dt { "Triggered" } dd { (time(selected.time, true)) }
                    (how(selected, sight))
                } }
                (payload(selected, sight, PAYLOAD, event.as_deref().unwrap_or(twin)))
            }
        }
    }
}

/// The type of an aggregate, by the topic of one of its events.
fn kind(topic: &str) -> &str {
    match halves(topic) {
        ("", _) => "Aggregate",
        (kind, _) => kind,
    }
}

/// The heading of a page of an aggregate.
fn heading(topic: &str, id: Uuid) -> Markup {
    let id = id.to_string();
    html! { h1 class=(colour(topic)) { (visible(kind(topic))) " " span.mono { (&id[..8]) span.rest { (&id[8..]) } } } }
}

/// The page of an aggregate.
pub(crate) fn aggregate(page: &AggregatePage, sight: Sight<'_>, frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let path = format!("{}/aggregates/{}", sight.application, page.id);
    let version = page.version();
    let twin = links.to(&format!("{path}.json"), &page.query.pairs());
    let log = ("aggregate", page.id.to_string());
    let main = html! {
        div.head {
            (heading(page.topic(), page.id))
            span.pill { "version " (grouped(version)) " of " (grouped(page.last)) }
            span.acts {
                @if page.last > 1 { (compare::form(version, links)) }
                a.btn href=(links.to(&format!("{}/log", sight.application), &[log])) { (icon("log")) "In the log" }
                a.btn href=(twin) { (icon("braces")) "JSON" }
                @if version < page.last { a.btn.main href=(links.here(&[])) { "Now" } }
            }
        }
        section.panel.travel aria-label="Timeline" { (page.steps(links)) (timeline::timeline(page)) }
        div.cols.agg {
            (page.history(links))
            (state::panel(page, sight, links, &twin))
            div.stack {
                (changes::panel(page, sight))
                (page.event(sight, links, &twin))
            }
        }
    };
    let list = links.to(&format!("{}/log", sight.application), &[]);
    let here = format!("{} {}", visible(kind(page.topic())), short_id(page.id));
    frame.document(&[("Log", Some(list)), (here.as_str(), None)], &html! {}, &main)
}
