//! What changed from one state to another, field by field.

use eventsourcing_core::FieldChange;
use maud::{Markup, PreEscaped, html};
use serde_json::Value;

use super::AggregatePage;
use crate::json::short_value;
use crate::pages::parts::Sight;
use crate::reading::State;
use crate::text::{beginning, grouped, visible};

/// The most changes beside a state, and the longest value of each, in bytes.
const BESIDE: usize = 14;
const VALUE: usize = 120;

/// The panel with what the selected version changed.
pub(super) fn panel(page: &AggregatePage, sight: Sight<'_>) -> Markup {
    let State::Blamed(blame) = &page.state else { return html! {} };
    let version = page.version();
    html! {
        section.panel aria-label="Changes" {
            header {
                h2 { "Changed by " (grouped(version)) }
                span.acts.mute.num { @if version == 1 { "created" } @else { (grouped(version - 1)) " → " (grouped(version)) } }
            }
            (table(&blame.changes, BESIDE, sight.payloads))
        }
    }
}

/// A table of changes. Without `payloads`, what is in the outermost fields is left out.
pub(super) fn table(changes: &[FieldChange], most: usize, payloads: bool) -> Markup {
    if changes.is_empty() {
        return html! { p.pad.mute { "No field of the state." } };
    }
    let value = |value: &Option<Value>| {
        html! {
            @match value {
                None => span.mute { "–" },
                Some(_) if !payloads => mark { "hidden" },
                Some(value) => (PreEscaped(short_value(value, VALUE))),
            }
        }
    };
    html! {
        table.diff {
            thead { tr { th scope="col" { "Field" } th scope="col" { "Before" } th scope="col" { "After" } } }
            tbody {
                @for change in changes.iter().take(most) {
                    tr {
                        td { (visible(&name(&change.path, payloads))) }
                        td { @if change.before.is_some() { del { (value(&change.before)) } } @else { (value(&None)) } }
                        td { @if change.after.is_some() { ins { (value(&change.after)) } } @else { (value(&None)) } }
                    }
                }
            }
        }
        @if changes.len() > most { p.pad.mute { "and " (grouped(changes.len() - most)) " more fields" } }
    }
}

/// A path as people write one: `lines.0.sku`. Names below the outermost field may be data.
fn name(path: &str, payloads: bool) -> String {
    let mut steps: Vec<String> =
        path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    if !payloads {
        steps.truncate(1);
    }
    if steps.is_empty() { "the state".to_owned() } else { beginning(&steps.join("."), VALUE).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_with_dots_and_names_no_hidden_field() {
        assert_eq!(name("/lines/0/a~1b", true), "lines.0.a/b");
        assert_eq!(name("/scores/ada@example.com", false), "scores");
        assert_eq!(name("", true), "the state");
    }
}
