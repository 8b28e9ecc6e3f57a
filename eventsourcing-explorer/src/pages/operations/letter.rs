//! The selected dead letter: its event, why it was refused, and what can be done about it.

use eventsourcing_core::projection::DryRun;
use maud::{Markup, html};

use super::letters::LettersPage;
use super::pieces::name;
use crate::access::Scope;
use crate::operations::{Consumer, Found, Known};
use crate::pages::forms::{Desk, reason_field, reveal_button};
use crate::pages::parts::{Sight, aggregate_link, colour, icon, payload, time, topic};
use crate::site::Act;
use crate::text::{beginning, grouped, visible};

/// The most HTML of a payload.
const PAYLOAD: usize = 5 * 1024;

/// The longest reason, in bytes: a stored one is not longer.
const REASON: usize = 5 * 1024;

/// The panel beside the list.
pub(super) fn aside(page: &LettersPage<'_>, found: &Found, known: &Known, desk: &Desk<'_>) -> Markup {
    let Some(consumer) = page.consumer(found) else { return html! {} };
    let (letter, links) = (&found.letter, desk.links);
    let is_hidden = page.is_hidden(consumer) && !page.is_revealed;
    let event = links.to(&format!("{}/events/{}", consumer.upstream, letter.notification_id), &[]);
    let aggregate = aggregate_link(links, &consumer.upstream, letter.originator_id, Some(letter.originator_version));
    html! {
        aside.panel.chosen #letter aria-label="The selected letter" {
            header {
                h2 class={ "cut " (colour(&letter.topic)) } { (topic(&letter.topic)) }
                @if letter.reason.is_some() { span.pill.bad { "refused" } } @else { span.pill.calm { "waits" } }
                span.acts { a.btn.small href=(event) { "Event" (icon("right")) } }
            }
            div.pad {
                dl.kv {
                    dt { "Position" } dd.mono { (grouped(letter.notification_id)) }
                    dt { "Aggregate" } dd { a.mono href=(aggregate) { (letter.originator_id) } " " span.mute { "version " (letter.originator_version) } }
                    dt { "Consumer" } dd { (name(consumer)) }
                    dt { "Tried" } dd { @match letter.attempts { 0 => span.mute { "not yet" }, 1 => "once", attempts => { (attempts) " times" } } }
                    @if letter.tried_at.is_some() { dt { "Last try" } dd { (time(letter.tried_at, true)) } }
                    dt { "Parked" } dd { (time(Some(letter.parked_at), true)) }
                    @if let Some(first) = found.waits_for { dt { "Waits for" } dd.mono { (grouped(first)) } }
                }
            }
            (reasons(found, is_hidden))
            @if let Some(event) = &page.selected {
                header { h2 { "Payload" } }
                (payload(&event.event, Sight { application: &consumer.upstream, payloads: !is_hidden }, PAYLOAD, &format!("{}.json", links.to(&format!("{}/events/{}", consumer.upstream, letter.notification_id), &[]))))
            }
            @if is_hidden && desk.can(Scope::Reveal) {
                div.pad { (desk.form(Act::Reveal, consumer, &[("at", letter.notification_id.to_string())], &html! { (reason_field(false)) (reveal_button()) })) }
            }
            @if let Some(dry_run) = &page.dry_run { (outcome(dry_run, is_hidden)) }
            (acts(page, found, consumer, known, desk))
        }
    }
}

fn reasons(found: &Found, is_hidden: bool) -> Markup {
    let letter = &found.letter;
    html! {
        header { h2 { "Reason" } }
        @match (&letter.reason, is_hidden) {
            (None, _) => p.pad.mute { "It was not handled: an earlier event of its aggregate is parked." },
            (Some(_), true) => p.lock { (icon("lock")) span { "Encrypted log: an error may repeat values, and is hidden without the scope " code { "payload" } "." } },
            (Some(reason), false) => {
                pre.cause tabindex="0" aria-label="Reason" { (lines(reason)) }
                @if let Some(first) = &letter.first_reason {
                    header { h2 { "First reason" } }
                    pre.cause tabindex="0" aria-label="First reason" { (lines(first)) }
                }
            },
        }
    }
}

/// A text with its line breaks.
fn lines(text: &str) -> Markup {
    html! { @for (at, line) in beginning(text, REASON).lines().enumerate() { @if at > 0 { "\n" } (visible(line)) } }
}

/// What a dry run has found out.
fn outcome(dry_run: &DryRun, is_hidden: bool) -> Markup {
    let cause = |cause: &dyn std::fmt::Display| {
        html! { @if is_hidden { mark { "hidden" } } @else { span.mono { (visible(beginning(&cause.to_string(), REASON))) } } }
    };
    html! {
        header { h2 { "Dry run" } span.acts.mute { "rolled back" } }
        @match dry_run {
            DryRun::WouldSucceed { events, has_more, .. } => p.note.told.ok role="status" {
                (icon("tick"))
                span { @if *has_more { "The first " (events) " would be handled. Those after them were not tried." } @else { "A retry would handle all " (events) ", in order." } }
            },
            DryRun::WouldFail { letter, handled, cause: why, .. } => p.note.told.bad role="status" {
                (icon("warning"))
                span { "A retry would fail at " (grouped(letter.notification_id)) ", after " (handled) " others: " (cause(why)) }
            },
            DryRun::NotTried { cause: why, .. } => p.note.told.warn role="status" { (icon("warning")) span { "It cannot be tried: " (cause(why)) } },
            _ => p.note.told.warn role="status" { (icon("warning")) span { "Nothing is known." } },
        }
    }
}

fn acts(page: &LettersPage<'_>, found: &Found, consumer: &Consumer, known: &Known, desk: &Desk<'_>) -> Markup {
    let beside = page.found.beside(found);
    let fields = |what: Option<&str>| {
        let mut fields = vec![
            ("aggregate", found.letter.originator_id.to_string()),
            ("at", found.letter.notification_id.to_string()),
        ];
        fields.extend(what.map(|what| ("what", what.to_owned())));
        fields
    };
    // the list may end before the last letter of the aggregate
    let count = format!("{beside}{}", if page.found.has_more { "+" } else { "" });
    let retry =
        html! { (reason_field(false)) button.btn.main { (icon("turn")) "Retry " @if beside > 1 { "all " } (count) } };
    html! {
        @if known.handle(&consumer.key, &consumer.upstream).is_none() {
            p.lock { (icon("lock")) span { "It cannot be tried here: give its runner to " code { "Explorer::runner" } ", or its letters to " code { "Explorer::letters" } "." } }
        } @else {
            header { h2 { "Act" } span.acts.mute { (count) @if beside == 1 { " letter of its aggregate" } @else { " letters of its aggregate" } } }
            @if desk.can(Scope::LettersRetry) {
                div.pad.acts {
                    (desk.form(Act::DryRun, consumer, &fields(None), &html! { button.btn { "Dry run " (count) } }))
                    (desk.form(Act::Retry, consumer, &fields(None), &retry))
                }
            }
            @if desk.can(Scope::LettersDiscard) {
                details.discard {
                    summary.btn.danger { "Discard…" }
                    div.pad { (discard(desk, consumer, &fields(Some("letter")), "1")) }
                    @if beside > 1 && !page.found.has_more { div.pad { (discard(desk, consumer, &fields(Some("aggregate")), &count)) } }
                }
            }
            (desk.why_not(&[Scope::LettersRetry, Scope::LettersDiscard]))
        }
    }
}

/// The form that discards letters: it needs a reason and the typed number.
fn discard(desk: &Desk<'_>, consumer: &Consumer, fields: &[(&str, String)], count: &str) -> Markup {
    let content = html! {
        (reason_field(true))
        label { "Type " (count) " to confirm" input.field name="count" inputmode="numeric" autocomplete="off" maxlength="8" required; }
        button.btn.danger { "Discard " @if count != "1" { "all " } (count) }
        p.mute { @if count == "1" { "Its event is never handled." } @else { "Their events are never handled." } }
    };
    desk.form(Act::Discard, consumer, fields, &content)
}
