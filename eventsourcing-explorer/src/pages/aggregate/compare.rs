//! Two versions of an aggregate, compared.

use eventsourcing_core::{FieldChange, Uuid};
use maud::{Markup, html};
use serde::Serialize;

use super::changes::table;
use super::{heading, kind};
use crate::pages::frame::Frame;
use crate::pages::parts::{Sight, icon, short_id};
use crate::pages::twin::{Twin, json};
use crate::site::Links;
use crate::text::{grouped, visible};

/// The most changes on a page.
const CHANGES: usize = 120;

/// What the comparison shows.
#[derive(Debug)]
pub(crate) struct ComparePage {
    pub(crate) id: Uuid,
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// The last version of the aggregate.
    pub(crate) last: u64,
    /// The topic of one of its events.
    pub(crate) topic: String,
    /// What differs; why it cannot be computed; `None` if the type is not known or its states are not JSON.
    pub(crate) changes: Option<Result<Vec<FieldChange>, &'static str>>,
}

/// The form for the other version, which opens over the page.
pub(super) fn form(version: u64, links: Links) -> Markup {
    html! {
        details.add {
            summary.btn { (icon("compare")) "Compare" }
            form.panel.pop {
                label { "From version" input.field name="from" inputmode="numeric" maxlength="20" value=(version.saturating_sub(1)); }
                label { "To version" input.field name="at" inputmode="numeric" maxlength="20" value=(version); }
                @for (name, value) in links.fields() { input type="hidden" name=(name) value=(value); }
                button.btn.main { "Compare" }
            }
        }
    }
}

/// The page of two versions.
pub(crate) fn compare(page: &ComparePage, sight: Sight<'_>, frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let path = format!("{}/aggregates/{}", sight.application, page.id);
    let pairs = |from: u64, to: u64| vec![("from", from.to_string()), ("at", to.to_string())];
    let at = |version: u64| links.here(&[("at", version.to_string())]);
    let twin = links.to(&format!("{path}.json"), &pairs(page.from, page.to));
    let main = html! {
        div.head {
            (heading(&page.topic, page.id))
            span.pill { "version " (grouped(page.from)) " → " (grouped(page.to)) }
            span.acts {
                (form(page.to, links))
                a.btn href=(links.here(&pairs(page.to, page.from))) { "The other way" }
                a.btn href=(twin) { (icon("braces")) "JSON" }
            }
        }
        section.panel aria-label="Differences" {
            header {
                h2 { "Differences" }
                @if let Some(Ok(changes)) = &page.changes { span.mute { (grouped(changes.len())) } }
                span.acts {
                    @if page.from > 0 { a.btn.small href=(at(page.from)) { "Version " (grouped(page.from)) } }
                    @if page.to > 0 { a.btn.small href=(at(page.to)) { "Version " (grouped(page.to)) } }
                }
            }
            @match &page.changes {
                None => p.empty { b { "These states cannot be compared." } " The application does not know the type " (visible(kind(&page.topic))) ", or the type is not " code { "Serialize" } "." },
                Some(Err(why)) => p.note.bad { (icon("warning")) span { b { "The states cannot be computed. " } (why) } },
                Some(Ok(changes)) => (table(changes, CHANGES, sight.payloads)),
            }
        }
    };
    let list = links.to(&format!("{}/log", sight.application), &[]);
    let here = format!("{} {}", visible(kind(&page.topic)), short_id(page.id));
    let crumbs = [("Log", Some(list)), (here.as_str(), Some(at(page.to.max(1)))), ("Compare", None)];
    frame.document(&crumbs, &html! {}, &main)
}

/// The same as JSON.
pub(crate) fn compare_json(page: &ComparePage, sight: Sight<'_>) -> String {
    let changes = page.changes.as_ref().and_then(|changes| changes.as_ref().ok()).filter(|_| sight.payloads);
    json(&Twin {
        application: sight.application,
        content: CompareJson {
            aggregate_id: page.id,
            from: page.from,
            to: page.to,
            last_version: page.last,
            changes_are: match &page.changes {
                None => "unknown",
                Some(Err(_)) => "failed",
                Some(Ok(_)) if !sight.payloads => "hidden",
                Some(Ok(_)) => "shown",
            },
            changes: changes.map(Vec::as_slice),
        },
    })
}

#[derive(Debug, Serialize)]
struct CompareJson<'a> {
    aggregate_id: Uuid,
    from: u64,
    to: u64,
    last_version: u64,
    /// `shown`, `hidden`, `failed` or `unknown`.
    changes_are: &'static str,
    changes: Option<&'a [FieldChange]>,
}
