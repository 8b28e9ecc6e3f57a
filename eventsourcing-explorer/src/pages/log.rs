//! The page of a log: the newest events first, filtered, with the selected event beside them.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::event::EventPage;
use super::frame::Frame;
use super::parts::{Sight, colour, halves, icon, row, short_id, topic};
use super::strip::strip;
use super::twin::{EventTwin, Twin, json};
use crate::reading::{Filter, Found, From};
use crate::site::{Links, LogQuery};
use crate::text::{grouped, visible};

/// The most types that the sidebar counts.
const TYPES: usize = 10;

/// What a log page shows.
#[derive(Debug)]
pub(crate) struct LogPage {
    pub(crate) query: LogQuery,
    pub(crate) found: Found,
    pub(crate) selected: Option<EventPage>,
}

impl LogPage {
    fn path(sight: Sight<'_>) -> String {
        format!("{}/log", sight.application)
    }

    fn to(&self, query: &LogQuery, sight: Sight<'_>, links: Links) -> String {
        links.to(&Self::path(sight), &query.pairs())
    }

    /// How far the search has looked, in words.
    fn reach(&self) -> Markup {
        let Found { rows, newest, looked_at, .. } = &self.found;
        html! {
            @match looked_at {
                None if *newest == 0 => "Nothing is recorded yet",
                None => "There are no positions here",
                Some((low, high)) if self.query.filter.is_empty() => { (grouped(*low)) " to " (grouped(*high)) " of " (grouped(*newest)) },
                Some((low, _)) => {
                    (rows.len()) @if rows.len() == 1 { " event" } @else { " events" } " in " (grouped(self.found.looked())) " positions, "
                    @if *low == 1 { "back to the beginning" } @else { "back to " (grouped(*low)) }
                },
            }
        }
    }

    fn chips(&self, sight: Sight<'_>, links: Links) -> Markup {
        let filter = &self.query.filter;
        let without = |name: &str, is_except: bool| {
            let keep = |names: &[String]| names.iter().filter(|other| *other != name).cloned().collect();
            let filter = if is_except {
                Filter { except: keep(&filter.except), ..filter.clone() }
            } else {
                Filter { topics: keep(&filter.topics), ..filter.clone() }
            };
            self.to(&self.query.filtered(filter), sight, links)
        };
        let chip = |what: &str, value: &str, link: &str| {
            html! {
                span.chip.set { (what) " " b { (visible(value)) } a href=(link) aria-label=(format!("Remove the filter {what} {}", visible(value))) { (icon("cross")) } }
            }
        };
        html! {
            @for name in &filter.topics { (chip("Topic", name, &without(name, false))) }
            @for name in &filter.except { (chip("Not", name, &without(name, true))) }
            @if let Some(id) = filter.aggregate {
                (chip("Aggregate", &short_id(id), &self.to(&self.query.filtered(Filter { aggregate: None, ..filter.clone() }), sight, links)))
            }
        }
    }

    /// The filters: those that are set, and a form for another one. The form repeats what is set.
    fn filters(&self, sight: Sight<'_>, links: Links) -> Markup {
        let filter = &self.query.filter;
        let kept = LogQuery { from: From::Newest, at: None, is_live: false, ..self.query.clone() };
        let kept = kept.pairs().into_iter().filter(|(name, _)| *name != "aggregate" || filter.aggregate.is_none());
        let mut topics: Vec<&str> = self.found.rows.iter().map(|row| &*row.stored.event.topic).collect();
        topics.sort_unstable();
        topics.dedup();
        html! {
            div.filters {
                (self.chips(sight, links))
                details.add {
                    summary.chip { (icon("plus")) "Filter" }
                    form.panel.pop action=(links.to(&Self::path(sight), &[])) {
                        @for (name, value) in kept { input type="hidden" name=(name) value=(value); }
                        @for (name, value) in links.fields() { input type="hidden" name=(name) value=(value); }
                        label { "Topic or type" input.field name="topic" list="topics" maxlength="256" placeholder="Order or Order.Placed"; }
                        label { "Except" input.field name="not" list="topics" maxlength="256" placeholder="Cart"; }
                        @if filter.aggregate.is_none() {
                            label { "Aggregate" input.field name="aggregate" maxlength="36" placeholder="its id"; }
                        }
                        label { "Recorded since" input.field name="since" maxlength="40" placeholder="2026-11-28 14:04"; }
                        datalist #topics { @for name in topics.iter().take(24) { option value=(name) {} } }
                        button.btn.main { "Apply" }
                    }
                }
                span.mute.reach { (self.reach()) }
            }
        }
    }

    /// The types among the rows, with links that show only them.
    fn types(&self, sight: Sight<'_>, links: Links) -> Markup {
        let mut counts = BTreeMap::<&str, usize>::new();
        for row in &self.found.rows {
            let (kind, name) = halves(&row.stored.event.topic);
            *counts.entry(if kind.is_empty() { name } else { kind }).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        let filter = &self.query.filter;
        html! {
            @if !counts.is_empty() {
                h2 { "Types on this page" }
                ul.types {
                    @for (name, count) in counts.iter().take(TYPES) {
                        @let only = Filter { topics: vec![(*name).to_owned()], ..filter.clone() };
                        @let except = Filter { except: filter.except.iter().cloned().chain([(*name).to_owned()]).collect(), topics: Vec::new(), ..filter.clone() };
                        li {
                            a href=(self.to(&self.query.filtered(only), sight, links)) { span class={ "cut " (colour(name)) } { (visible(name)) } span.n { (count) } }
                            a.not href=(self.to(&self.query.filtered(except), sight, links)) aria-label=(format!("Hide {name}")) { (icon("cross")) }
                        }
                    }
                }
            }
        }
    }

    fn list(&self, sight: Sight<'_>, links: Links) -> Markup {
        let Found { rows, newest, .. } = &self.found;
        let selected = self.selected.as_ref().and_then(|page| page.event.stored.position);
        let older = self.found.older().map(|low| self.to(&self.query.from(From::Before(low)), sight, links));
        let newer = self.found.newer().map(|high| self.to(&self.query.from(From::After(high)), sight, links));
        let link = LogQuery { at: None, ..self.query.clone() };
        let stream =
            LogQuery { from: From::After(self.found.looked_at.map_or(*newest, |(_, high)| high)), ..link.clone() };
        let stream = self.query.is_live.then(|| links.to(&format!("{}/tail", sight.application), &stream.pairs()));
        html! {
            section.panel aria-label="Events" {
                table.events {
                    thead { tr { th { "Position" } th { "Time" span.tz { ", UTC" } } th { "Topic" } th { "Aggregate" } th { "Payload" } th { "Bytes" } } }
                    tbody #rows data-tail=[stream] {
                        @for event in rows { (row(event, sight, links, &link, event.stored.position == selected)) }
                    }
                }
                @if rows.is_empty() {
                    p.empty {
                        @if *newest == 0 { b { "Nothing is recorded yet." } " Events appear here once the application saves some." }
                        @else { b { "No event matches." } " " (self.reach()) "." }
                    }
                }
                footer {
                    span.keys { kbd { "j" } kbd { "k" } " move" } span.keys { kbd { "↵" } " open" } span.keys { kbd { "t" } " live" } span.keys { kbd { "/" } " search" }
                    span.grow {}
                    @if let Some(newer) = newer { a #newer href=(newer) { (icon("left")) "Newer" } }
                    @if let Some(older) = older {
                        a #older href=(older) { @if self.query.filter.is_empty() { "Older" } @else { "Look further back" } (icon("right")) }
                    }
                }
            }
        }
    }
}

/// The page of a log.
pub(crate) fn log(page: &LogPage, sight: Sight<'_>, frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let LogQuery { is_live, from, .. } = page.query;
    let times: Vec<_> = page.found.rows.iter().filter_map(|row| row.when()).collect();
    let chosen = page.query.at.is_some();
    let live = LogQuery { from: From::Newest, at: None, is_live: !is_live, ..page.query.clone() };
    let twin = LogQuery { at: None, is_live: false, ..page.query.clone() };
    let main = html! {
        div.head {
            h1 { "Log" }
            span.sub { "newest first" }
            span.acts {
                @if is_live { span.live #live role="status" { span.dot {} span { "Live" } } }
                a.btn #pause href=(page.to(&live, sight, links)) {
                    @if is_live { (icon("pause")) "Pause" } @else { (icon("play")) "Live" } kbd { "t" }
                }
                @if from != From::Newest && !is_live { a.btn href=(page.to(&page.query.from(From::Newest), sight, links)) { "Newest" } }
                a.btn href=(links.to(&format!("{}/log.json", sight.application), &twin.pairs())) { (icon("braces")) "JSON" }
            }
        }
        (page.filters(sight, links))
        (strip(&times, page.selected.as_ref().filter(|_| chosen).and_then(|page| page.event.when())))
        div.cols.log {
            (page.list(sight, links))
            @if let Some(selected) = &page.selected { (selected.aside(sight, links, chosen)) }
        }
    };
    frame.document(&[("Log", None)], &page.types(sight, links), &main)
}

/// The same as JSON.
pub(crate) fn log_json(page: &LogPage, sight: Sight<'_>) -> String {
    let query = |from: From| {
        form_urlencoded::Serializer::for_suffix("?".to_owned(), 1).extend_pairs(page.query.from(from).pairs()).finish()
    };
    let Found { rows, newest, looked_at } = &page.found;
    json(&Twin {
        application: sight.application,
        content: LogJson {
            newest: *newest,
            looked_from: looked_at.map(|(low, _)| low),
            looked_to: looked_at.map(|(_, high)| high),
            older: page.found.older().map(|low| query(From::Before(low))),
            newer: page.found.newer().map(|high| query(From::After(high))),
            events: rows.iter().map(|row| EventTwin::of(row, sight, EventTwin::IN_LIST)).collect(),
        },
    })
}

#[derive(serde::Serialize)]
struct LogJson<'a> {
    newest: u64,
    looked_from: Option<u64>,
    looked_to: Option<u64>,
    older: Option<String>,
    newer: Option<String>,
    events: Vec<EventTwin<'a>>,
}

/// A topic as a link to its events.
pub(super) fn topic_link(name: &str, application: &str, links: Links) -> Markup {
    html! { a class={ "cut " (colour(name)) } href=(links.to(&format!("{application}/log"), &[("topic", name.to_owned())])) { (topic(name)) } }
}
