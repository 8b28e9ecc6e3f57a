//! The trace of an event: what caused it, what it caused, and what has the same correlation.

use maud::{Markup, html};
use serde::Serialize;

use super::frame::Frame;
use super::parts::{Sight, aggregate_link, colour, icon, short_id, time, topic};
use super::twin::{EventTwin, Twin, json};
use crate::reading::{AFTER, BEFORE, Step};
use crate::text::{beginning, grouped, visible};

/// The most events on the page, and the deepest place in a line of causes that has its own indentation.
const STEPS: usize = 100;
const DEEPEST: usize = 6;

/// What the page of a trace shows.
#[derive(Debug)]
pub(crate) struct TracePage {
    pub(crate) position: u64,
    pub(crate) steps: Vec<Step>,
    /// The part of each log that was looked at.
    pub(crate) reaches: Vec<(String, Option<(u64, u64)>)>,
}

impl TracePage {
    fn is_origin(&self, step: &Step, sight: Sight<'_>) -> bool {
        step.application == sight.application && step.event.stored.position == Some(self.position)
    }
}

/// The page of a trace.
pub(crate) fn trace(page: &TracePage, sight: Sight<'_>, frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let event = links.to(&format!("{}/events/{}", sight.application, page.position), &[]);
    let origin = page.steps.iter().find(|step| page.is_origin(step, sight));
    let correlation = origin.and_then(|step| step.metadata.correlation_id());
    let main = html! {
        div.head {
            h1 { "Trace" }
            span.sub {
                @if let Some(correlation) = correlation { "correlation " b { (visible(beginning(correlation, 80))) } }
                @else { "of the event at " (grouped(page.position)) }
            }
            span.acts {
                a.btn href=(event) { "The event" }
                a.btn href=(links.to(&format!("{}/traces/{}.json", sight.application, page.position), &[])) { (icon("braces")) "JSON" }
            }
        }
        section.panel aria-label="Trace" {
            @if !sight.payloads { p.lock { (icon("lock")) "Encrypted log: metadata is hidden without the scope " code { "payload" } "." } }
            @else if page.steps.len() <= 1 {
                p.empty { b { "No other event belongs to it." } " An event belongs to a trace by a correlation id in its metadata, or because a policy recorded it for another event." }
            }
            ol.list.trace {
                @for step in page.steps.iter().take(STEPS) {
                    @let stored = &step.event.stored;
                    @let position = stored.position.unwrap_or(0);
                    li.on[page.is_origin(step, sight)] {
                        span class={ "in in" (step.depth.min(DEEPEST)) } { @if step.depth > 0 { "↳" } }
                        a class={ "cut " (colour(&stored.event.topic)) } href=(links.to(&format!("{}/events/{position}", step.application), &[])) { (topic(&stored.event.topic)) }
                        span.grow {}
                        @if let Some(actor) = step.metadata.actor() { span.cut.mute.wide { (visible(beginning(actor, 40))) } }
                        a.mono.mute.wide href=(aggregate_link(links, &step.application, stored.event.originator_id, Some(stored.event.originator_version))) { (short_id(stored.event.originator_id)) " " (stored.event.originator_version) }
                        span.mono.num { (step.application) " " (grouped(position)) }
                        (time(step.event.when(), false))
                    }
                }
            }
            @if page.steps.len() > STEPS { p.pad.mute { "and " (grouped(page.steps.len() - STEPS)) " more" } }
            footer {
                span { "Looked at" }
                @for (name, reach) in &page.reaches {
                    span { (name) @match reach { Some((low, high)) => { " " (grouped(*low)) " to " (grouped(*high)) }, None => ": nothing" } }
                }
                span { (BEFORE) " positions before and " (AFTER) " after, in each log" }
            }
        }
    };
    let log = links.to(&format!("{}/log", sight.application), &[]);
    let here = grouped(page.position);
    frame.document(&[("Log", Some(log)), (here.as_str(), Some(event.clone())), ("Trace", None)], &html! {}, &main)
}

/// The same as JSON.
pub(crate) fn trace_json(page: &TracePage, sight: Sight<'_>) -> String {
    let steps = page.steps.iter().take(STEPS).map(|step| StepJson {
        application: &step.application,
        depth: step.depth,
        event: EventTwin::of(&step.event, Sight { application: &step.application, ..sight }, EventTwin::IN_LIST),
    });
    let looked_at = page.reaches.iter().map(|(application, reach)| ReachJson {
        application,
        from: reach.map(|(low, _)| low),
        to: reach.map(|(_, high)| high),
    });
    json(&Twin {
        application: sight.application,
        content: TraceJson { position: page.position, looked_at: looked_at.collect(), events: steps.collect() },
    })
}

#[derive(Debug, Serialize)]
struct TraceJson<'a> {
    position: u64,
    looked_at: Vec<ReachJson<'a>>,
    events: Vec<StepJson<'a>>,
}

#[derive(Debug, Serialize)]
struct ReachJson<'a> {
    application: &'a str,
    from: Option<u64>,
    to: Option<u64>,
}

#[derive(Debug, Serialize)]
struct StepJson<'a> {
    application: &'a str,
    /// How many events of the trace caused it, one through the other.
    depth: usize,
    #[serde(flatten)]
    event: EventTwin<'a>,
}
