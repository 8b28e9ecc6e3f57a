//! The overview: each application with its last position, its newest events and what they say.

use std::collections::{BTreeMap, BTreeSet};

use eventsourcing_core::Timestamp;
use maud::{Markup, html};
use serde::Serialize;

use super::frame::Frame;
use super::log::topic_link;
use super::parts::{Sight, colour, icon, short_id, time, topic};
use super::strip::strip;
use super::twin::{EventTwin, SCHEMA, written};
use crate::reading::{Found, Opened, Reader};
use crate::site::Links;
use crate::text::{bytes, grouped};
use crate::times::{ago, span};

/// The number of newest events and of topics that are listed.
const NEWEST: usize = 9;
const TOPICS: usize = 9;

/// An application on the overview. Only the first ones are read: a page has few statements.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) sight: Sight<'a>,
    pub(crate) found: Option<&'a Found>,
}

/// What the newest events say.
struct Figures {
    events: usize,
    newest: Option<Timestamp>,
    seconds: Option<i64>,
    aggregates: usize,
    topics: usize,
    stored: usize,
    json: usize,
}

impl Figures {
    fn of(found: &Found) -> Self {
        let times = || found.rows.iter().filter_map(Opened::when);
        let span = times().min().zip(times().max()).map(|(first, last)| last.as_second() - first.as_second());
        let distinct = |mut ids: Vec<u128>| {
            ids.sort_unstable();
            ids.dedup();
            ids.len()
        };
        let events = || found.rows.iter().map(|row| &row.stored);
        Self {
            events: found.rows.len(),
            newest: times().max(),
            seconds: span,
            aggregates: distinct(events().map(|row| row.event.originator_id.as_u128()).collect()),
            topics: events().map(|row| &*row.event.topic).collect::<BTreeSet<&str>>().len(),
            stored: events().map(|row| row.len).sum(),
            json: events().filter_map(|row| row.info.json_len).sum(),
        }
    }

    fn rate(&self) -> Option<String> {
        let (seconds, events) = (u64::try_from(self.seconds?).ok()?, u64::try_from(self.events).ok()?);
        match (events * 10).checked_div(seconds)? {
            tenths if tenths >= 100 => Some(format!("{} / s", grouped(tenths / 10))),
            tenths if tenths > 0 => Some(format!("{}.{} / s", tenths / 10, tenths % 10)),
            _ => Some(format!("{} / h", events * 3_600 / seconds)),
        }
    }

    fn tiles(&self, found: &Found, now: Timestamp) -> Markup {
        let times_smaller = (self.json * 10).checked_div(self.stored).unwrap_or(10);
        html! {
            dl.kpis {
                div { dt { "Last position" } dd { (grouped(found.newest)) } dd { "positions have no gaps" } }
                div { dt { "Newest event" } dd { @match self.newest { Some(newest) => (ago(newest, now)), None => "–" } } dd { (time(self.newest, false)) } }
                div { dt { "Rate" } dd { (self.rate().unwrap_or_else(|| "–".to_owned())) } dd { @match self.seconds { Some(seconds) => { (self.events) " events in " (span(seconds)) }, None => "of the newest events" } } }
                div { dt { "Aggregates" } dd { (self.aggregates) } dd { "in the newest " (self.events) " events" } }
                div { dt { "Topics" } dd { (self.topics) } dd { "in the newest " (self.events) " events" } }
                div { dt { "State" } dd { (bytes(self.stored.checked_div(self.events).unwrap_or(0))) } dd {
                    @if times_smaller > 10 { "on average, " (times_smaller / 10) "." (times_smaller % 10) " times smaller" } @else { "on average" }
                } }
            }
        }
    }
}

impl Shown<'_> {
    fn topics(&self, found: &Found, links: Links) -> Markup {
        let mut counts = BTreeMap::<&str, (usize, usize)>::new();
        for row in &found.rows {
            let (count, len) = counts.entry(&row.stored.event.topic).or_default();
            *count += 1;
            *len += row.stored.len;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(name, (count, _))| (std::cmp::Reverse(*count), *name));
        let most = counts.first().map_or(1, |(_, (count, _))| *count);
        html! {
            section.panel {
                header { h2 { "What is recorded" } span.mute.acts { "newest " (found.rows.len()) " events" } }
                ul.list.bars {
                    @for (name, (count, len)) in counts.iter().take(TOPICS) {
                        li {
                            (topic_link(name, self.reader.name(), links))
                            svg.bar viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" {
                                rect.fm width="100" height="6" rx="2" {}
                                rect class=(format!("f{}", colour(name))) width=((count * 100).div_ceil(most)) height="6" rx="2" {}
                            }
                            span.num { (count) }
                            span.num.mute { (bytes(len / count)) }
                        }
                    }
                }
            }
        }
    }

    fn newest(&self, found: &Found, links: Links) -> Markup {
        let name = self.reader.name();
        html! {
            section.panel {
                header { h2 { "Just recorded" } span.acts { a.btn.small href=(links.to(&format!("{name}/log"), &[("live", "1".to_owned())])) { (icon("play")) "Follow" } } }
                ul.list {
                    @for row in found.rows.iter().take(NEWEST) {
                        @let position = row.stored.position.unwrap_or(0);
                        li {
                            a class={ "cut " (colour(&row.stored.event.topic)) } href=(links.to(&format!("{name}/events/{position}"), &[])) { (topic(&row.stored.event.topic)) }
                            span.grow {}
                            span.mono.mute.wide { (short_id(row.stored.event.originator_id)) " " (row.stored.event.originator_version) }
                            span.mono.num { (grouped(position)) }
                        }
                    }
                }
            }
        }
    }

    fn block(&self, links: Links, now: Timestamp) -> Markup {
        let name = self.reader.name();
        html! {
            section.app aria-label=(name) {
                div.head {
                    h2 { a href=(links.to(&format!("{name}/log"), &[])) { (name) } }
                    @if self.reader.is_encrypted() { span.pill { (icon("lock")) "encrypted" } }
                    span.acts { a.btn href=(links.to(&format!("{name}/log"), &[])) { (icon("log")) "Log" } }
                }
                @match self.found {
                    None => p.mute { "Open its log to see it." },
                    Some(found) if found.rows.is_empty() => p.panel.empty { b { "Nothing is recorded yet." } " Events appear here once the application saves some." },
                    Some(found) => {
                        @let times: Vec<_> = found.rows.iter().filter_map(Opened::when).collect();
                        (Figures::of(found).tiles(found, now))
                        (strip(&times, None))
                        div.cols.two { (self.topics(found, links)) (self.newest(found, links)) }
                    },
                }
            }
        }
    }
}

/// The page with all applications.
pub(crate) fn overview(shown: &[Shown<'_>], frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let now = Timestamp::now();
    let main = html! {
        div.head {
            h1 { "Overview" }
            span.sub { @if shown.len() == 1 { "one application" } @else { (shown.len()) " applications" } }
            span.acts { a.btn href=(links.to("overview.json", &[])) { (icon("braces")) "JSON" } }
        }
        @for one in shown { (one.block(links, now)) }
    };
    frame.document(&[("Overview", None)], &html! {}, &main)
}

/// The same as JSON.
pub(crate) fn overview_json(shown: &[Shown<'_>]) -> String {
    let applications = shown.iter().map(|one| ApplicationJson {
        name: one.reader.name(),
        encrypted: one.reader.is_encrypted(),
        newest: one.found.map(|found| found.newest),
        events: one
            .found
            .iter()
            .flat_map(|found| found.rows.iter().take(NEWEST))
            .map(|row| EventTwin::of(row, one.sight, EventTwin::IN_LIST))
            .collect(),
    });
    written(&OverviewJson { schema: SCHEMA, applications: applications.collect() })
}

#[derive(Serialize)]
struct OverviewJson<'a> {
    schema: u32,
    applications: Vec<ApplicationJson<'a>>,
}

#[derive(Serialize)]
struct ApplicationJson<'a> {
    name: &'a str,
    encrypted: bool,
    newest: Option<u64>,
    events: Vec<EventTwin<'a>>,
}
