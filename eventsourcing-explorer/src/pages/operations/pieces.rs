//! What several pages for operators have: states, lags, and the outcome of an act.

use std::time::Duration;

use eventsourcing_core::audit::AuditRecord;
use maud::{Markup, html};

use crate::operations::{Consumer, Kind, State};
use crate::pages::parts::icon;
use crate::site::{Links, WatchQuery, Watched};
use crate::text::{grouped, visible};
use crate::times::span;

/// Whose errors an operator sees: an error may repeat values of the events.
#[derive(Debug)]
pub(crate) struct Hidden<'a> {
    /// The applications whose values the operator sees.
    pub(crate) seen: Vec<&'a str>,
    /// Whether the operator sees those of all logs, also of applications that are not shown.
    pub(crate) sees_all: bool,
}

impl Hidden<'_> {
    /// Whether what is said about the events of this log is hidden.
    pub(super) fn is(&self, upstream: &str) -> bool {
        !self.sees_all && !self.seen.contains(&upstream)
    }
}

/// The outcome of the act that led to the page.
pub(super) fn outcome(done: Option<&AuditRecord>, links: Links) -> Markup {
    let Some(AuditRecord { entry, outcome, .. }) = done else { return html! {} };
    let is_bad = outcome.as_ref().is_none_or(|outcome| outcome.contains("failed") || outcome.contains("fail"));
    html! {
        p.panel.note.told.bad[is_bad].ok[!is_bad] role="status" {
            (icon(if is_bad { "warning" } else { "tick" }))
            span { b { (visible(&entry.action)) } " · " (visible(&entry.target)) " · " @match outcome { Some(outcome) => (visible(outcome)), None => "no outcome yet" } }
            span.acts { a href=(links.to(Watched::Audit.path(), &[])) { "Audit" } }
        }
    }
}

/// The name of a consumer with its version, and what it is.
pub(super) fn name(consumer: &Consumer) -> Markup {
    html! {
        b { (visible(&consumer.name)) }
        @if consumer.kind == Kind::Projection { " " span.tag { "v" (consumer.version) } }
        @if consumer.is_rebuilt { " " span.tag { "rebuild" } }
    }
}

/// A link to the letters of a consumer.
pub(super) fn letters_link(consumer: &Consumer, links: Links) -> String {
    let query = WatchQuery {
        consumer: Some(consumer.key.clone()),
        upstream: Some(consumer.upstream.clone()),
        ..WatchQuery::default()
    };
    links.to(Watched::Letters.path(), &query.pairs())
}

/// What a consumer does.
pub(super) fn state(consumer: &Consumer) -> Markup {
    let kind = match consumer.state {
        State::Running => "ok",
        State::Retrying => "warn",
        State::Failed => "bad",
        State::Unknown | State::Stopped => "calm",
    };
    html! { span class={ "pill " (kind) } { (consumer.state.text()) } }
}

/// The number of events that are behind.
pub(super) fn lag(consumer: &Consumer) -> Markup {
    html! { @match consumer.lag() { None => span.mute { "–" }, Some(0) => span.mute { "0" }, Some(lag) => (grouped(lag)) } }
}

/// How old the oldest event is that is not processed.
pub(super) fn age(consumer: &Consumer) -> Markup {
    let behind = consumer.behind_for.filter(|_| consumer.lag() != Some(0));
    html! { @match behind { None => span.mute { "–" }, Some(behind) => (took(behind)) } }
}

/// A duration in its largest unit.
pub(super) fn took(duration: Duration) -> String {
    match duration.as_millis() {
        milliseconds @ 0..1_000 => format!("{milliseconds} ms"),
        _ => span(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)),
    }
}

/// The part of a log that is processed, in tenths of a percent.
pub(super) fn part(consumer: &Consumer) -> Option<u64> {
    let last = consumer.last?;
    (u128::from(consumer.position) * 1_000).checked_div(u128::from(last)).and_then(|part| u64::try_from(part).ok())
}

/// A bar of this many tenths of a percent.
pub(super) fn bar(part: u64) -> Markup {
    html! {
        svg.bar viewBox="0 0 1000 6" preserveAspectRatio="none" aria-hidden="true" {
            rect.fm width="1000" height="6" {}
            rect.facc width=(part.min(1_000)) height="6" {}
        }
    }
}

/// What could not be read.
pub(super) fn failures(failed: &[String]) -> Markup {
    html! {
        @if !failed.is_empty() {
            p.panel.note.told.bad role="status" {
                (icon("warning")) span { b { "Not everything could be read: " } @for (at, name) in failed.iter().enumerate() { @if at > 0 { ", " } (visible(name)) } ". The log of the service says why." }
            }
        }
    }
}
