//! The list of aggregates: by type, by the beginning of an id, and those that changed last.

use eventsourcing_core::{Timestamp, Uuid};
use maud::{Markup, html};
use serde::Serialize;

use super::frame::Frame;
use super::parts::{Sight, aggregate_link, colour, halves, icon, time, topic};
use super::twin::{Twin, json};
use crate::reading::Listed;
use crate::site::{AggregatesQuery, Selected};
use crate::text::{grouped, visible};

/// The most types that are named above the list.
const TYPES: usize = 24;

/// What the list shows.
#[derive(Debug)]
pub(crate) struct AggregatesPage {
    pub(crate) query: AggregatesQuery,
    pub(crate) listed: Vec<Listed>,
    /// The positions whose events were looked at, if these were.
    pub(crate) looked_at: Option<(u64, u64)>,
    pub(crate) next: Option<AggregatesQuery>,
    pub(crate) types: Vec<&'static str>,
}

impl AggregatesPage {
    fn reach(&self) -> Markup {
        html! {
            @match (&self.query.selected, self.looked_at) {
                (Selected::Newest, Some((low, high))) => { "What changed last, in the positions " (grouped(low)) " to " (grouped(high)) },
                (Selected::Newest, None) => "Nothing is recorded yet",
                (Selected::Type(name, _), _) => { (visible(name)) ", in the order of their creation" },
                (Selected::Id(digits, _), _) => { "Ids that begin with " b.mono { (visible(digits)) } },
            }
        }
    }
}

/// The page with the list.
pub(crate) fn aggregates(page: &AggregatesPage, sight: Sight<'_>, frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let digits = if let Selected::Id(digits, _) = &page.query.selected { digits.as_str() } else { "" };
    let is_type = |name: &str| matches!(&page.query.selected, Selected::Type(shown, _) if shown == name);
    let twin = links.to(&format!("{}/aggregates.json", sight.application), &page.query.pairs());
    let by_type = matches!(page.query.selected, Selected::Type(..));
    let main = html! {
        div.head {
            h1 { "Aggregates" }
            span.acts { a.btn href=(twin) { (icon("braces")) "JSON" } }
        }
        div.filters {
            form.asof role="search" aria-label="Ids" {
                label for="id" { "Id" }
                input.field #id name="id" maxlength="36" autocomplete="off" placeholder="its first digits" value=(digits);
                @for (name, value) in links.fields() { input type="hidden" name=(name) value=(value); }
                button.btn.small { "Find" }
            }
            span.seg role="group" aria-label="Types" {
                a href=(links.here(&[])) aria-current=[(page.query.selected == Selected::Newest).then_some("true")] { "Changed last" }
                @for name in page.types.iter().take(TYPES) {
                    a href=(links.here(&[("type", (*name).to_owned())])) aria-current=[is_type(name).then_some("true")] { (name) }
                }
            }
            span.mute.reach { (page.reach()) }
        }
        section.panel aria-label="Aggregates" {
            @if page.listed.is_empty() { p.empty { b { "No aggregate." } " " (page.reach()) "." } }
            ul.list.aggregates {
                @for one in &page.listed {
                    @let topic_of = one.topic.as_deref().unwrap_or_default();
                    li {
                        a class={ "cut " (colour(topic_of)) } href=(aggregate_link(links, sight.application, one.id, None)) {
                            b { (visible(halves(topic_of).0)) } " " span.mono { (one.id) }
                        }
                        span.cut.mute.wide { @if by_type { "created" } @else { (topic(topic_of)) } }
                        span.num { @if let Some(version) = one.last_version { "version " (grouped(version)) } }
                        span.num.mono { @if let Some(position) = one.position { a href=(links.to(&format!("{}/events/{position}", sight.application), &[])) { (grouped(position)) } } }
                        span.mute.num.wide { @if one.time.is_some() { (time(one.time, false)) } }
                    }
                }
            }
            @if let Some(next) = &page.next { footer { span.grow {} a #older href=(links.here(&next.pairs())) { "More" (icon("right")) } } }
        }
    };
    frame.document(&[("Aggregates", None)], &html! {}, &main)
}

/// The same as JSON.
pub(crate) fn aggregates_json(page: &AggregatesPage, sight: Sight<'_>) -> String {
    let next = page
        .next
        .as_ref()
        .map(|next| form_urlencoded::Serializer::for_suffix("?".to_owned(), 1).extend_pairs(next.pairs()).finish());
    let aggregates = page.listed.iter().map(|one| ListedJson {
        aggregate_id: one.id,
        topic: one.topic.as_deref(),
        last_version: one.last_version,
        position: one.position,
        recorded_at: one.time,
    });
    json(&Twin {
        application: sight.application,
        content: AggregatesJson {
            types: &page.types,
            looked_from: page.looked_at.map(|(low, _)| low),
            looked_to: page.looked_at.map(|(_, high)| high),
            next,
            aggregates: aggregates.collect(),
        },
    })
}

#[derive(Debug, Serialize)]
struct AggregatesJson<'a> {
    types: &'a [&'static str],
    looked_from: Option<u64>,
    looked_to: Option<u64>,
    next: Option<String>,
    aggregates: Vec<ListedJson<'a>>,
}

#[derive(Debug, Serialize)]
struct ListedJson<'a> {
    aggregate_id: Uuid,
    topic: Option<&'a str>,
    last_version: Option<u64>,
    position: Option<u64>,
    recorded_at: Option<Timestamp>,
}
