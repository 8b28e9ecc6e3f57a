//! The page of all consumers: versions, positions, lag, dead letters and errors.

use maud::{Markup, html};
use serde::Serialize;

use super::pieces::{Hidden, age, bar, failures, lag, letters_link, name, part, state};
use crate::operations::{Consumer, Consumers, Kind, State};
use crate::pages::frame::Frame;
use crate::pages::parts::icon;
use crate::pages::twin::{SCHEMA, written};
use crate::site::Links;
use crate::text::{beginning, grouped, visible};

/// The longest error in a row, in bytes.
const ERROR: usize = 400;

/// The page of all consumers.
pub(crate) fn projections(consumers: &Consumers, hidden: &Hidden<'_>, frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let all = &consumers.all;
    let behind = all.iter().filter(|consumer| consumer.lag().is_some_and(|lag| lag > 0)).count();
    let worst = all.iter().filter(|consumer| !consumer.is_rebuilt).max_by_key(|consumer| consumer.lag());
    let letters: u64 = all.iter().map(|consumer| consumer.letters).sum();
    let ill = all.iter().filter(|consumer| matches!(consumer.state, State::Failed | State::Retrying)).count();
    let main = html! {
        div.head {
            h1 { "Consumers" }
            span.sub { "projections and policies, and how far they have processed each log" }
            span.acts { a.btn href=(links.to("projections.json", &[])) { (icon("braces")) "JSON" } }
        }
        (failures(&consumers.failed))
        dl.kpis {
            div { dt { "Consumers" } dd { (all.len()) @if consumers.is_cut { "+" } } dd { (all.iter().filter(|consumer| consumer.state != State::Unknown).count()) " run in this process" } }
            div { dt { "Behind" } dd { (behind) } dd { "of those whose log is shown" } }
            div { dt { "Largest lag" } dd { @match worst.and_then(Consumer::lag) { Some(lag) => (grouped(lag)), None => "–" } } dd { @match worst { Some(worst) => (visible(&worst.name)), None => "no consumer" } } }
            div { dt { "Failed or retrying" } dd class=[(ill > 0).then_some("bad")] { (ill) } dd { "of those that run here" } }
            div { dt { "Dead letters" } dd class=[(letters > 0).then_some("bad")] { (grouped(letters)) } dd { "of all consumers" } }
            div { dt { "Rebuilds" } dd { (all.iter().filter(|consumer| consumer.is_rebuilt).count()) } dd { "under way" } }
        }
        section.panel aria-label="Consumers" {
            @if all.is_empty() {
                p.empty { b { "No consumer has processed anything yet." } " Projections appear once their views have stored a position, and policies likewise." }
            } @else {
                div.scroll tabindex="0" role="region" aria-label="Consumers" {
                    table.grid {
                        thead { tr { th { "Name" } th { "State" } th.right { "Position" } th.done { "Processed" } th.right { "Behind" } th.right { "In time" } th.right { "Dead letters" } th.fill { "Last error" } } }
                        tbody { @for consumer in all { (row(consumer, hidden, links)) } }
                    }
                }
            }
        }
    };
    frame.document(&[("Consumers", None)], &html! {}, &main)
}

fn row(consumer: &Consumer, hidden: &Hidden<'_>, links: Links) -> Markup {
    html! {
        tr {
            td {
                (name(consumer))
                small {
                    @match consumer.kind { Kind::Projection => "projection of ", Kind::Policy => "policy for " }
                    a href=(links.to(&format!("{}/log", consumer.upstream), &[])) { (visible(&consumer.upstream)) }
                    @if let Some(database) = &consumer.database { " · " (visible(beginning(database, 80))) }
                }
            }
            td { (state(consumer)) }
            td.right.num { (grouped(consumer.position)) }
            td.done { @if let Some(part) = part(consumer) { (bar(part)) span.num.mute { (part / 10) "." (part % 10) " %" } } @else { span.mute { "the log is not shown" } } }
            td.right.num { (lag(consumer)) }
            td.right.num { (age(consumer)) }
            td.right.num {
                @if consumer.letters == 0 { span.mute { "0" } }
                @else { a.bad href=(letters_link(consumer, links)) { (grouped(consumer.letters)) @if consumer.letters >= 10_000 { "+" } } }
            }
            td.fill { (error(consumer, hidden)) }
        }
    }
}

/// The last error. It may repeat values of events, which are hidden then.
fn error(consumer: &Consumer, hidden: &Hidden<'_>) -> Markup {
    html! {
        @match &consumer.error {
            None => span.mute { "–" },
            Some(_) if hidden.is(&consumer.upstream) => mark { "hidden" },
            Some(error) => span.soft title=(visible(beginning(error, ERROR))) { (visible(beginning(error, ERROR))) },
        }
    }
}

/// The same as JSON.
pub(crate) fn projections_json(consumers: &Consumers, hidden: &Hidden<'_>) -> String {
    let all = consumers.all.iter().map(|consumer| ConsumerJson::of(consumer, hidden.is(&consumer.upstream))).collect();
    written(&ConsumersJson { schema: SCHEMA, consumers: all, not_read: &consumers.failed, has_more: consumers.is_cut })
}

#[derive(Serialize)]
struct ConsumersJson<'a> {
    schema: u32,
    consumers: Vec<ConsumerJson<'a>>,
    not_read: &'a [String],
    has_more: bool,
}

/// A consumer as JSON.
#[derive(Debug, Serialize)]
pub(super) struct ConsumerJson<'a> {
    consumer: &'a str,
    name: &'a str,
    version: u32,
    kind: &'static str,
    rebuilt: bool,
    upstream: &'a str,
    state: &'static str,
    position: u64,
    last: Option<u64>,
    lag: Option<u64>,
    behind_seconds: Option<u64>,
    dead_letters: u64,
    error: Option<&'a str>,
}

impl<'a> ConsumerJson<'a> {
    /// Its error is left out if it is hidden.
    pub(super) fn of(consumer: &'a Consumer, is_hidden: bool) -> Self {
        let error = consumer.error.as_deref();
        Self {
            consumer: &consumer.key,
            name: &consumer.name,
            version: consumer.version,
            kind: match consumer.kind {
                Kind::Projection => "projection",
                Kind::Policy => "policy",
            },
            rebuilt: consumer.is_rebuilt,
            upstream: &consumer.upstream,
            state: consumer.state.text(),
            position: consumer.position,
            last: consumer.last,
            lag: consumer.lag(),
            behind_seconds: consumer.behind_for.map(|behind| behind.as_secs()),
            dead_letters: consumer.letters,
            error: if is_hidden { error.map(|_| "hidden") } else { error },
        }
    }
}
