//! The page of rebuilds: how far each is, and its end.

use eventsourcing_core::audit::AuditRecord;
use maud::{Markup, html};
use serde::Serialize;

use super::pieces::{bar, failures, name, outcome, part, state};
use super::projections::ConsumerJson;
use crate::access::Scope;
use crate::operations::{Consumer, Consumers};
use crate::pages::forms::{Desk, reason_field};
use crate::pages::frame::Frame;
use crate::pages::parts::icon;
use crate::pages::twin::{SCHEMA, written};
use crate::site::Act;
use crate::text::{grouped, visible};

/// The consumers of one version that is being rebuilt.
fn rebuilt(consumers: &Consumers) -> Vec<Vec<&Consumer>> {
    let mut all: Vec<Vec<&Consumer>> = Vec::new();
    for consumer in consumers.all.iter().filter(|consumer| consumer.is_rebuilt) {
        match all.iter_mut().find(|one| one.first().is_some_and(|first| first.key == consumer.key)) {
            Some(one) => one.push(consumer),
            None => all.push(vec![consumer]),
        }
    }
    all
}

/// The live version of the same projection and log.
fn live<'a>(consumers: &'a Consumers, of: &Consumer) -> Option<&'a Consumer> {
    let is_live = |other: &&Consumer| !other.is_rebuilt && other.name == of.name && other.upstream == of.upstream;
    consumers.all.iter().find(is_live)
}

/// The page of rebuilds.
pub(crate) fn rebuilds(
    consumers: &Consumers,
    desk: &Desk<'_>,
    done: Option<&AuditRecord>,
    frame: &Frame<'_>,
) -> Markup {
    let links = frame.links;
    let all = rebuilt(consumers);
    let main = html! {
        div.head {
            h1 { "Rebuilds" }
            span.sub { "versions that are built beside the live ones" }
            span.acts { a.btn href=(links.to("rebuilds.json", &[])) { (icon("braces")) "JSON" } }
        }
        (outcome(done, links))
        (failures(&consumers.failed))
        @if all.is_empty() {
            p.panel.empty { b { "No rebuild is under way." } " A program starts one with " code { "Rebuild::builder" } "." }
        }
        @for of in &all {
            @if let Some(first) = of.first() {
                section.panel.rebuild aria-label=(visible(&first.name)) {
                    header {
                        (icon("turn")) h2 { (name(first)) }
                        @if let Some(live) = live(consumers, first) { span.mute { "version " (live.version) " serves until the switch" } }
                    }
                    @for consumer in of { (progress(consumer, live(consumers, consumer))) }
                    (acts(first, desk))
                }
            }
        }
    };
    frame.document(&[("Rebuilds", None)], &html! {}, &main)
}

fn progress(consumer: &Consumer, live: Option<&Consumer>) -> Markup {
    let part = part(consumer);
    html! {
        div.pad.progress {
            p {
                @if let Some(part) = part { b.num { (part / 10) "." (part % 10) " %" } " " }
                span.mute.num { (grouped(consumer.position)) @if let Some(last) = consumer.last { " of " (grouped(last)) } " in " (visible(&consumer.upstream)) }
                span.grow {}
                (state(consumer))
            }
            (bar(part.unwrap_or(0)))
            p.mute.num {
                @match live {
                    Some(live) if live.position > consumer.position => { (grouped(live.position - consumer.position)) " events behind the live version" },
                    Some(_) => "at the position of the live version",
                    None => "there is no live version of this log",
                }
                @if consumer.letters > 0 { " · dead letters: " (grouped(consumer.letters)) }
            }
        }
    }
}

fn acts(consumer: &Consumer, desk: &Desk<'_>) -> Markup {
    html! {
        @if desk.can(Scope::Rebuild) {
            div.pad.acts {
                (desk.form(Act::Switch, consumer, &[], &html! { (reason_field(false)) button.btn.main { "Switch to version " (consumer.version) } }))
                (desk.form(Act::Abort, consumer, &[], &html! { (reason_field(false)) button.btn.danger { "Abort and remove it" } }))
            }
        }
        (desk.why_not(&[Scope::Rebuild]))
    }
}

/// The same as JSON.
pub(crate) fn rebuilds_json(consumers: &Consumers) -> String {
    let all = rebuilt(consumers).concat();
    // the errors of a rebuild are with its runner, and not here
    let of = |consumer: &'_ Consumer| live(consumers, consumer).map(|live| (live.version, live.position));
    let rebuilds = all.iter().map(|consumer| RebuildJson {
        live_version: of(consumer).map(|(version, _)| version),
        live_position: of(consumer).map(|(_, position)| position),
        rebuild: ConsumerJson::of(consumer, true),
    });
    written(&RebuildsJson { schema: SCHEMA, rebuilds: rebuilds.collect() })
}

#[derive(Serialize)]
struct RebuildsJson<'a> {
    schema: u32,
    rebuilds: Vec<RebuildJson<'a>>,
}

#[derive(Serialize)]
struct RebuildJson<'a> {
    live_version: Option<u32>,
    live_position: Option<u64>,
    #[serde(flatten)]
    rebuild: ConsumerJson<'a>,
}
