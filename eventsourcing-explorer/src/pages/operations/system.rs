//! The map of the system: which application's log is processed by whom, as a picture and as a table.

use eventsourcing_core::system::SystemEdge;
use maud::{Markup, html};
use serde::Serialize;

use super::pieces::{age, failures, lag, letters_link, name, state};
use super::projections::ConsumerJson;
use crate::operations::{Consumer, Consumers, Kind};
use crate::pages::frame::Frame;
use crate::pages::parts::{colour, icon};
use crate::pages::twin::{SCHEMA, written};
use crate::text::{beginning, grouped, visible};

/// The most nodes on one side of the picture.
const MOST: usize = 24;

/// The size of a node, and the distance between two.
const NODE: (usize, usize) = (220, 40);
const STEP: usize = 52;

/// The horizontal places of both sides, and the width of the picture.
const SIDES: (usize, usize) = (10, 530);
const WIDTH: usize = 760;

/// The longest name in a node, in bytes.
const NAME: usize = 28;

/// A connection: a consumer of a log, with what is known about it.
struct Edge<'a> {
    upstream: &'a str,
    consumer: &'a str,
    is_policy: bool,
    known: Option<&'a Consumer>,
    topics: &'static [&'static str],
}

/// The connections of live versions, and those of a system that has stored nothing yet.
fn edges<'a>(consumers: &'a Consumers, system: &'a [SystemEdge]) -> Vec<Edge<'a>> {
    let topics_of = |upstream: &str, consumer: &str| {
        let edge = system.iter().find(|edge| edge.upstream == upstream && edge.consumer == consumer);
        edge.map_or(&[][..], |edge| edge.topics)
    };
    let live = consumers.all.iter().filter(|consumer| !consumer.is_rebuilt);
    let mut edges: Vec<_> = live
        .map(|consumer| Edge {
            upstream: &consumer.upstream,
            consumer: &consumer.name,
            is_policy: consumer.kind == Kind::Policy,
            known: Some(consumer),
            topics: topics_of(&consumer.upstream, &consumer.name),
        })
        .collect();
    for SystemEdge { upstream, consumer, topics, .. } in system {
        if !edges.iter().any(|edge| edge.upstream == *upstream && edge.consumer == *consumer) {
            edges.push(Edge { upstream, consumer, is_policy: true, known: None, topics });
        }
    }
    edges
}

/// The page of the system.
pub(crate) fn system(applications: &[&str], consumers: &Consumers, system: &[SystemEdge], frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let edges = edges(consumers, system);
    let main = html! {
        div.head {
            h1 { "System" }
            span.sub { "who processes whose log" }
            span.acts { a.btn href=(links.to("system.json", &[])) { (icon("braces")) "JSON" } }
        }
        (failures(&consumers.failed))
        section.panel aria-label="Map" {
            header { h2 { "Map" } span.mute.acts { "logs on the left, consumers on the right" } }
            @if edges.is_empty() && applications.is_empty() { p.empty { b { "Nothing is connected." } } }
            @else { div.scroll.pad tabindex="0" role="region" aria-label="Map of the system" { (picture(applications, &edges)) } }
        }
        section.panel.below aria-label="Connections" {
            header { h2 { "Connections" } span.mute { (edges.len()) } }
            @if edges.is_empty() { p.empty { b { "No log is processed." } " Connections appear once a consumer has stored a position." } }
            @else {
                div.scroll tabindex="0" role="region" aria-label="Connections" {
                    table.grid {
                        thead { tr { th { "Log" } th { "Consumer" } th { "State" } th.right { "Behind" } th.right { "In time" } th.right { "Dead letters" } th.fill { "Topics" } } }
                        tbody {
                            @for edge in &edges {
                                tr {
                                    td { a href=(links.to(&format!("{}/log", edge.upstream), &[])) { (visible(edge.upstream)) } }
                                    @match edge.known {
                                        Some(consumer) => {
                                            td { (name(consumer)) }
                                            td { (state(consumer)) }
                                            td.right.num { (lag(consumer)) }
                                            td.right.num { (age(consumer)) }
                                            td.right.num { @if consumer.letters == 0 { span.mute { "0" } } @else { a.bad href=(letters_link(consumer, links)) { (grouped(consumer.letters)) } } }
                                        },
                                        None => { td { b { (visible(edge.consumer)) } } td { span.pill.calm { "nothing processed" } } td {} td {} td {} },
                                    }
                                    td.fill.mute { @if edge.topics.is_empty() { "–" } @else { (edge.topics.join(", ")) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    frame.document(&[("System", None)], &html! {}, &main)
}

/// The names on one side, without those beyond the room for them.
fn side<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut side: Vec<&str> = Vec::new();
    for name in names {
        if side.len() < MOST && !side.contains(&name) {
            side.push(name);
        }
    }
    side
}

fn picture(applications: &[&str], edges: &[Edge<'_>]) -> Markup {
    let logs = side(edges.iter().map(|edge| edge.upstream).chain(applications.iter().copied()));
    let consumers = side(edges.iter().map(|edge| edge.consumer));
    let height = logs.len().max(consumers.len()).max(1) * STEP + 8;
    let middle = |count: usize, at: usize| (height - count * STEP) / 2 + at * STEP + STEP / 2;
    let place = |side: &[&str], name: &str| Some(middle(side.len(), side.iter().position(|other| *other == name)?));
    let bend = usize::midpoint(SIDES.0 + NODE.0, SIDES.1);
    let label =
        format!("Map of {} connections between {} logs and {} consumers", edges.len(), logs.len(), consumers.len());
    html! {
        svg.map viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(label) {
            @for edge in edges {
                @if let (Some(from), Some(to)) = (place(&logs, edge.upstream), place(&consumers, edge.consumer)) {
                    @let left = SIDES.0 + NODE.0;
                    path class={ "edge " (edge_class(edge)) } d=(format!("M{left} {from}C{bend} {from} {bend} {to} {} {to}", SIDES.1 - 6)) fill="none" {}
                    path class={ "tip " (edge_class(edge)) } d=(format!("M{} {}l6 4l-6 4z", SIDES.1 - 7, to - 4)) {}
                }
            }
            @for (at, log) in logs.iter().enumerate() { (node(SIDES.0, middle(logs.len(), at), log, "log")) }
            @for (at, consumer) in consumers.iter().enumerate() {
                @let of: Vec<_> = edges.iter().filter(|edge| edge.consumer == *consumer).collect();
                @let behind: Option<u64> = of.iter().map(|edge| edge.known.and_then(Consumer::lag)).sum();
                @let kind = if of.iter().any(|edge| edge.is_policy) { "policy" } else { "projection" };
                @let under = match behind { Some(0) => format!("{kind}, up to date"), Some(behind) => format!("{kind}, {} behind", grouped(behind)), None => kind.to_owned() };
                (node(SIDES.1, middle(consumers.len(), at), consumer, &under))
            }
        }
    }
}

fn edge_class(edge: &Edge<'_>) -> &'static str {
    match edge.known {
        Some(consumer) if consumer.letters > 0 => "ill",
        Some(_) => "fine",
        None => "none",
    }
}

/// A node, whose middle is at this height.
fn node(x: usize, y: usize, name: &str, under: &str) -> Markup {
    let top = y.saturating_sub(NODE.1 / 2);
    let shown = beginning(name, NAME);
    html! {
        g {
            title { (visible(name)) }
            rect.node x=(x) y=(top) width=(NODE.0) height=(NODE.1) rx="7" {}
            rect class={ "f" (colour(name)) } x=(x) y=(top) width="4" height=(NODE.1) rx="2" {}
            text.named x=(x + 14) y=(top + 17) { (visible(shown)) @if shown.len() < name.len() { "…" } }
            text.under x=(x + 14) y=(top + 32) { (under) }
        }
    }
}

/// The same as JSON.
pub(crate) fn system_json(applications: &[&str], consumers: &Consumers, system: &[SystemEdge]) -> String {
    let edges = edges(consumers, system).into_iter().map(|edge| EdgeJson {
        upstream: edge.upstream,
        consumer: edge.consumer,
        topics: edge.topics,
        // errors are on the page of consumers
        status: edge.known.map(|consumer| ConsumerJson::of(consumer, true)),
    });
    written(&SystemJson { schema: SCHEMA, applications, connections: edges.collect() })
}

#[derive(Serialize)]
struct SystemJson<'a> {
    schema: u32,
    applications: &'a [&'a str],
    connections: Vec<EdgeJson<'a>>,
}

#[derive(Serialize)]
struct EdgeJson<'a> {
    upstream: &'a str,
    consumer: &'a str,
    topics: &'a [&'a str],
    status: Option<ConsumerJson<'a>>,
}
