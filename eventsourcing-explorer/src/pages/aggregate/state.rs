//! The state of an aggregate, with the version that last changed each line; or what there is instead.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};

use super::AggregatePage;
use crate::json::{preview_value, state};
use crate::pages::parts::{Sight, icon};
use crate::reading::{REPLAYED, State};
use crate::site::{AggregateQuery, Links};
use crate::text::{beginning, grouped, visible};

/// The most HTML of a state, and the most fields that were last seen in events.
const STATE: usize = 11 * 1024;
const FIELDS: usize = 40;

/// The panel in the middle of the page.
pub(super) fn panel(page: &AggregatePage, sight: Sight<'_>, links: Links, twin: &str) -> Markup {
    let version = page.version();
    html! {
        section.panel aria-label="State" {
            @match &page.state {
                State::UnknownType | State::Hidden => (fields_seen(page, sight, links)),
                _ => {
                    header { h2 { "State at " (grouped(version)) } span.acts.mute { (aside(&page.state)) } }
                    (content(page, sight, links, twin))
                }
            }
        }
    }
}

fn aside(state: &State) -> Markup {
    html! {
        @if let State::Blamed(blame) = state {
            @if blame.is_whole() { "right: who changed it last" } @else { "right: who changed it last, since " (grouped(blame.since)) }
        }
    }
}

fn content(page: &AggregatePage, sight: Sight<'_>, links: Links, twin: &str) -> Markup {
    let locked = html! {
        @if !sight.payloads { p.lock { (icon("lock")) "Encrypted log: values are hidden without the scope " code { "payload" } "." } }
    };
    match &page.state {
        State::Blamed(blame) => {
            // each line links to a version, with the look of the page
            let link_end =
                links.fields().iter().map(|(name, value)| format!("&amp;{name}={value}")).collect::<String>();
            let printed = state(blame, &link_end, STATE, sight.payloads);
            html! {
                (locked)
                ol.state aria-label=(format!("State at version {}", blame.version)) { (PreEscaped(printed.html)) }
                @if printed.is_cut { p.note.info { span { b { "Not all of the state." } " It is too long for a page; " a href=(twin) { "the JSON" } " has more of it." } } }
                footer { (icon("check")) span { (grouped(blame.version)) " of " (grouped(page.last)) " events replayed" } }
            }
        }
        State::Text(_) if !sight.payloads => locked,
        State::Text(text) => {
            let shown = beginning(text, STATE);
            html! {
                pre.json tabindex="0" aria-label="State" { @for (at, line) in shown.split('\n').enumerate() { @if at > 0 { "\n" } (visible(line)) } }
                @if shown.len() < text.len() { p.note.info { "The rest of the state is too long for a page." } }
                footer { "The type is " code { "Debug" } " and not " code { "Serialize" } ", so its fields cannot be compared." }
            }
        }
        State::Long => {
            let again = AggregateQuery { replays: true, at: Some(page.version()), ..page.query };
            html! {
                p.empty {
                    b { "This history is long." } " Its state is computed from " (grouped(page.version())) " events, more than "
                    (grouped(REPLAYED)) "."
                }
                p.pad.middle { a.btn href=(links.here(&again.pairs())) { (icon("play")) "Replay them" } }
            }
        }
        State::Failed(why) => {
            html! { p.note.bad { (icon("warning")) span { b { "The state cannot be computed. " } (why) } } }
        }
        State::Hidden | State::UnknownType => html! {},
    }
}

/// The last value of each field in the events of the list, up to the selected version.
fn fields_seen(page: &AggregatePage, sight: Sight<'_>, links: Links) -> Markup {
    let listed = &page.versions[page.selected..];
    let mut seen = BTreeMap::<String, (u64, String)>::new();
    for version in listed {
        for field in version.fields().unwrap_or_default() {
            let value = || if sight.payloads { preview_value(field.value, 200) } else { "<s></s>".to_owned() };
            let name = field.key.trim_matches('"').to_owned();
            seen.entry(name).or_insert_with(|| (version.stored.event.originator_version, value()));
        }
    }
    let lowest = listed.last().map_or(1, |version| version.stored.event.originator_version);
    html! {
        header { h2 { "Fields last seen in events" } span.acts.mute { (grouped(lowest)) " to " (grouped(page.version())) } }
        p.note.info { (icon("warning")) span {
            b { "This is not the state. " }
            @if matches!(page.state, State::Hidden) { "Its type shows none: it is neither " code { "Serialize" } " nor " code { "Debug" } "." }
            @else { "The application has no aggregate with this topic registered." }
        } }
        @if seen.is_empty() { p.pad.mute { "The events have no fields." } }
        ol.state {
            @for (name, (version, value)) in seen.iter().take(FIELDS) {
                li {
                    code { i { (visible(beginning(name, 80))) } ": " (PreEscaped(value)) }
                    a href=(page.at(*version, links)) { (version) }
                }
            }
        }
        @if seen.len() > FIELDS { p.pad.mute { "and " (grouped(seen.len() - FIELDS)) " more" } }
    }
}
