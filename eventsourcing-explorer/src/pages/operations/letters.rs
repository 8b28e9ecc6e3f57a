//! The page of dead letters: grouped by what is the same, with the selected one beside them.

use eventsourcing_core::audit::AuditRecord;
use eventsourcing_core::projection::{DryRun, LetterResolution, ResolvedLetter};
use eventsourcing_core::{Timestamp, Uuid};
use maud::{Markup, html};
use serde::Serialize;

use super::letter::aside;
use super::pieces::{Hidden, failures, name, outcome};
use crate::operations::{Acted, Consumer, Consumers, Found, FoundLetters, Group, Known, MOST_LETTERS};
use crate::pages::event::EventPage;
use crate::pages::forms::Desk;
use crate::pages::frame::Frame;
use crate::pages::parts::{colour, icon, short_id, time, topic};
use crate::pages::twin::{SCHEMA, written};
use crate::site::{Act, Links, Of, WatchQuery, Watched};
use crate::text::{beginning, grouped, visible};
use crate::times::ago;

/// The longest reason of a group, and in a row, in bytes.
const REASON: usize = 300;
const IN_ROW: usize = 120;

/// The number of groups that are open.
const OPEN: usize = 5;

/// What the page of dead letters shows.
#[derive(Debug)]
pub(crate) struct LettersPage<'a> {
    pub(crate) query: WatchQuery,
    pub(crate) consumers: Consumers,
    pub(crate) found: FoundLetters,
    pub(crate) hidden: Hidden<'a>,
    /// The event of the selected letter.
    pub(crate) selected: Option<EventPage>,
    pub(crate) done: Option<AuditRecord>,
    pub(crate) dry_run: Option<DryRun>,
    /// Whether the selected letter was revealed, which is in the audit.
    pub(crate) is_revealed: bool,
}

impl LettersPage<'_> {
    /// The selected letter.
    fn chosen(&self) -> Option<&Found> {
        let WatchQuery { consumer: Some(key), upstream: Some(upstream), at: Some(at), .. } = &self.query else {
            return None;
        };
        self.found.at(key, upstream, *at)
    }

    pub(super) fn consumer(&self, found: &Found) -> Option<&Consumer> {
        self.found.consumers.get(found.consumer)
    }

    /// Whether what is said about the events of this consumer is hidden: it may repeat their values.
    pub(super) fn is_hidden(&self, consumer: &Consumer) -> bool {
        self.hidden.is(&consumer.upstream)
    }

    fn to(&self, query: &WatchQuery, links: Links) -> String {
        links.to(Watched::Letters.path(), &query.pairs())
    }

    /// The consumers with letters, as links that show one of them.
    fn filter(&self, links: Links) -> Markup {
        let with: Vec<_> = self.consumers.all.iter().filter(|consumer| consumer.letters > 0).collect();
        let is_one = self.query.consumer.is_some();
        let all = WatchQuery { by: self.query.by, ..WatchQuery::default() };
        html! {
            @if !with.is_empty() {
                span.seg role="group" aria-label="Consumer" {
                    a href=(self.to(&all, links)) aria-current=[(!is_one).then_some("true")] { "All" }
                    @for consumer in with.iter().take(8) {
                        @let is_it = self.query.consumer.as_ref() == Some(&consumer.key) && self.query.upstream.as_ref() == Some(&consumer.upstream);
                        @let of = WatchQuery { consumer: Some(consumer.key.clone()), upstream: Some(consumer.upstream.clone()), by: self.query.by, ..WatchQuery::default() };
                        a href=(self.to(&of, links)) aria-current=[is_it.then_some("true")] { (visible(&consumer.name)) " " span.n { (grouped(consumer.letters)) } }
                    }
                }
            }
        }
    }

    fn tiles(&self, now: Timestamp) -> Markup {
        let letters = &self.found.letters;
        let refused = letters.iter().filter(|found| found.letter.reason.is_some()).count();
        let mut aggregates: Vec<_> = letters.iter().map(|found| (found.consumer, found.letter.originator_id)).collect();
        aggregates.sort_unstable();
        aggregates.dedup();
        let attempts: u64 = letters.iter().map(|found| u64::from(found.letter.attempts)).sum();
        let groups = self.found.groups(Of::Reason).len();
        html! {
            dl.kpis {
                div { dt { "Dead letters" } dd class=[(!letters.is_empty()).then_some("bad")] { (letters.len()) @if self.found.has_more { "+" } } dd { "of " (aggregates.len()) " aggregates" } }
                div { dt { "Refused" } dd { (refused) } dd { (letters.len() - refused) " others wait for one of them" } }
                div { dt { "Oldest" } dd { @match self.found.oldest() { Some(oldest) => (ago(oldest, now).trim_end_matches(" ago")), None => "–" } } dd { (time(self.found.oldest(), false)) } }
                div { dt { "Reasons" } dd { (groups) } dd { "grouped by what is the same" } }
                div { dt { "Attempts" } dd { (grouped(attempts)) } dd { "of the letters on this page" } }
                div { dt { "Consumers" } dd { (self.found.consumers.len()) } dd { "with letters on this page" } }
            }
        }
    }

    fn groups(&self, links: Links, now: Timestamp) -> Markup {
        let by = |of: Of| WatchQuery { by: of, at: None, ..self.query.clone() };
        let is = |of: Of| (self.query.by == of).then_some("true");
        let next = self.found.letters.last().filter(|_| self.found.has_more && self.query.consumer.is_some());
        html! {
            section.panel aria-label="Letters" {
                header {
                    h2 { @match self.query.by { Of::Reason => "By reason", Of::Aggregate => "By aggregate", Of::Time => "By time" } }
                    span.acts {
                        span.seg role="group" aria-label="Group" {
                            a href=(self.to(&by(Of::Reason), links)) aria-current=[is(Of::Reason)] { "Reason" }
                            a href=(self.to(&by(Of::Aggregate), links)) aria-current=[is(Of::Aggregate)] { "Aggregate" }
                            a href=(self.to(&by(Of::Time), links)) aria-current=[is(Of::Time)] { "Time" }
                        }
                    }
                }
                @if self.found.letters.is_empty() {
                    p.empty { b { "No event is parked." } " An event appears here when its handler fails and the consumer parks it with " code { "OnFailure::park" } "." }
                }
                @for (at, group) in self.found.groups(self.query.by).iter().enumerate() { (self.group(group, at < OPEN, links, now)) }
                footer {
                    span { "Read at " (time(Some(now), false)) " UTC" }
                    span.grow {}
                    @if let Some(last) = next {
                        @let more = WatchQuery { after: last.letter.notification_id, at: None, ..self.query.clone() };
                        a href=(self.to(&more, links)) { "Later positions" (icon("right")) }
                    } @else if self.found.has_more {
                        span { "At most " (MOST_LETTERS) " letters are shown: choose a consumer for more of its own." }
                    }
                }
            }
        }
    }

    fn group(&self, group: &Group<'_>, is_early: bool, links: Links, now: Timestamp) -> Markup {
        let Some(consumer) = self.found.consumers.get(group.consumer) else { return html! {} };
        let (refused, wait) = group.counts();
        let oldest = group.letters.iter().map(|found| found.letter.parked_at).min();
        let first = group.refused();
        let chosen = self.chosen().map(|chosen| (chosen.consumer, chosen.letter.notification_id));
        let has_chosen =
            group.letters.iter().any(|found| chosen == Some((found.consumer, found.letter.notification_id)));
        html! {
            details.group open[is_early || has_chosen] {
                summary {
                    (icon("right"))
                    span.cut {
                        @if self.query.by == Of::Time { b { "All, the oldest first" } } @else { (name(consumer)) }
                        @if self.query.by == Of::Aggregate { @if let Some(found) = group.letters.first() { " " span.mono.mute { (short_id(found.letter.originator_id)) } } }
                        @else if let Some(found) = first { " " span.mute { (topic(&found.letter.topic)) } }
                    }
                    @if refused > 0 { span.pill.bad { (refused) " refused" } }
                    @if wait > 0 { span.pill.calm { (wait) " wait" } }
                    @if let Some(oldest) = oldest { span.mute.num.opt { (ago(oldest, now)) } }
                    @if let (Some(found), false) = (first, self.query.by == Of::Time) { span.why { (self.reason(consumer, found, REASON)) } }
                }
                div.scroll tabindex="0" role="region" aria-label="Letters of this group" {
                    table.grid {
                        thead { tr { th.right { "Position" } th { "Aggregate" } th { "Topic" } th.fill { "Reason" } th.right { "Tried" } th.right { "Parked" } } }
                        tbody { @for found in &group.letters { (self.row(found, links, now)) } }
                    }
                }
            }
        }
    }

    fn row(&self, found: &Found, links: Links, now: Timestamp) -> Markup {
        let Some(consumer) = self.consumer(found) else { return html! {} };
        let letter = &found.letter;
        let select = WatchQuery {
            consumer: Some(consumer.key.clone()),
            upstream: Some(consumer.upstream.clone()),
            at: Some(letter.notification_id),
            ..self.query.clone()
        };
        let is_on = self.chosen().is_some_and(|chosen| {
            (chosen.consumer, chosen.letter.notification_id) == (found.consumer, letter.notification_id)
        });
        html! {
            tr aria-selected=[is_on.then_some("true")] {
                td.right.num { a href=(self.to(&select, links)) { (grouped(letter.notification_id)) } }
                td.mono { (short_id(letter.originator_id)) " " span.mute { (letter.originator_version) } }
                td class=(colour(&letter.topic)) { (topic(&letter.topic)) }
                td.fill { (self.reason(consumer, found, IN_ROW)) }
                td.right.num.mute { (letter.attempts) }
                td.right.num.mute { (ago(letter.parked_at, now)) }
            }
        }
    }

    /// Why a letter was parked, in a few words.
    fn reason(&self, consumer: &Consumer, found: &Found, limit: usize) -> Markup {
        html! {
            @match (&found.letter.reason, found.waits_for) {
                (Some(_), _) if self.is_hidden(consumer) => mark { "hidden" },
                (Some(reason), _) => span.bad.mono { (visible(beginning(reason, limit))) },
                (None, Some(first)) => span.mute { "waits for " (grouped(first)) },
                (None, None) => span.mute { "waits for a retry" },
            }
        }
    }

    fn resolved(&self) -> Markup {
        let Some(consumer) = self.found.consumers.first() else { return html! {} };
        html! {
            @if !self.found.resolved.is_empty() {
                section.panel aria-label="Resolved" {
                    header { h2 { "Resolved" } span.mute { "the last ones that were resolved with a name or a reason" } }
                    div.scroll tabindex="0" role="region" aria-label="Resolved letters" {
                        table.grid {
                            thead { tr { th { "Outcome" } th.right { "Position" } th { "Topic" } th.fill { "Reason" } th.fill { "Why" } th { "Who" } th { "When" } } }
                            tbody { @for resolved in &self.found.resolved { (self.resolved_row(consumer, resolved)) } }
                        }
                    }
                }
            }
        }
    }

    fn resolved_row(&self, consumer: &Consumer, resolved: &ResolvedLetter) -> Markup {
        let ResolvedLetter { letter, operator, why, .. } = resolved;
        let said = |text: &Option<String>| {
            html! { @match text { None => span.mute { "–" }, Some(_) if self.is_hidden(consumer) => mark { "hidden" }, Some(text) => (visible(beginning(text, IN_ROW))) } }
        };
        html! {
            tr {
                td { span class={ "pill " (if resolved.resolution == LetterResolution::Retried { "ok" } else { "calm" }) } { (word(resolved.resolution)) } }
                td.right.num { (grouped(letter.notification_id)) }
                td class=(colour(&letter.topic)) { (topic(&letter.topic)) }
                td.fill.mute { (said(&letter.reason)) }
                td.fill.wrap { (said(why)) }
                td { @match operator { Some(operator) => (visible(operator)), None => span.mute { "–" } } }
                td.num.mute { (time(Some(resolved.resolved_at), false)) }
            }
        }
    }
}

fn word(resolution: LetterResolution) -> &'static str {
    match resolution {
        LetterResolution::Retried => "retried",
        _ => "discarded",
    }
}

/// The page of dead letters.
pub(crate) fn letters(page: &LettersPage<'_>, known: &Known, desk: &Desk<'_>, frame: &Frame<'_>) -> Markup {
    let (links, now) = (frame.links, Timestamp::now());
    let twin = WatchQuery { at: None, ..page.query.clone() };
    let main = html! {
        div.head {
            h1 { "Dead letters" }
            span.sub { "what a handler refused, and what waits for it" }
            span.acts { (page.filter(links)) a.btn href=(links.to("letters.json", &twin.pairs())) { (icon("braces")) "JSON" } }
        }
        (outcome(page.done.as_ref(), links))
        (failures(&page.consumers.failed))
        (page.tiles(now))
        div.cols.dead {
            div.stack { (page.groups(links, now)) (page.resolved()) }
            @match page.chosen() {
                Some(found) => (aside(page, found, known, desk)),
                None => aside.panel #letter aria-label="The selected letter" {
                    header { h2 { "Nothing is selected" } }
                    p.pad.mute { "Open a position in the list to see its event, to try it without an effect, and to retry or discard it." }
                    (desk.why_not(&[crate::access::Scope::LettersRetry, crate::access::Scope::LettersDiscard]))
                },
            }
        }
    };
    frame.document(&[("Dead letters", None)], &html! {}, &main)
}

/// The same as JSON.
pub(crate) fn letters_json(page: &LettersPage<'_>, known: &Known) -> String {
    let letters = page.found.letters.iter().filter_map(|found| {
        let consumer = page.consumer(found)?;
        let is_hidden = page.is_hidden(consumer);
        let shown = |text: &'_ Option<String>| text.clone().filter(|_| !is_hidden);
        let letter = &found.letter;
        Some(LetterJson {
            consumer: &consumer.key,
            upstream: &consumer.upstream,
            position: letter.notification_id,
            aggregate_id: letter.originator_id,
            version: letter.originator_version,
            topic: &letter.topic,
            reason_is: match &letter.reason {
                None => "none",
                Some(_) if is_hidden => "hidden",
                Some(_) => "shown",
            },
            reason: shown(&letter.reason),
            first_reason: shown(&letter.first_reason),
            waits_for: found.waits_for,
            attempts: letter.attempts,
            tried_at: letter.tried_at,
            parked_at: letter.parked_at,
            can_be_tried: known.handle(&consumer.key, &consumer.upstream).is_some(),
        })
    });
    let after = page.found.letters.last().filter(|_| page.found.has_more && page.query.consumer.is_some());
    written(&LettersJson {
        schema: SCHEMA,
        letters: letters.collect(),
        has_more: page.found.has_more,
        after: after.map(|last| last.letter.notification_id),
        not_read: &page.consumers.failed,
    })
}

/// What was done, as JSON. A dry run has its error only on the page.
pub(crate) fn acted_json(act: Act, acted: &Acted) -> String {
    written(&ActedJson { schema: SCHEMA, act: act.name(), audit: acted.id, outcome: &acted.outcome })
}

#[derive(Serialize)]
struct LettersJson<'a> {
    schema: u32,
    letters: Vec<LetterJson<'a>>,
    has_more: bool,
    after: Option<u64>,
    not_read: &'a [String],
}

#[derive(Serialize)]
struct LetterJson<'a> {
    consumer: &'a str,
    upstream: &'a str,
    position: u64,
    aggregate_id: Uuid,
    version: u64,
    topic: &'a str,
    /// `shown`, `hidden` or `none`.
    reason_is: &'static str,
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_reason: Option<String>,
    waits_for: Option<u64>,
    attempts: u32,
    tried_at: Option<Timestamp>,
    parked_at: Timestamp,
    can_be_tried: bool,
}

#[derive(Serialize)]
struct ActedJson<'a> {
    schema: u32,
    act: &'static str,
    audit: u64,
    outcome: &'a str,
}
