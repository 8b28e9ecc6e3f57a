//! The page of an aggregate as JSON.

use eventsourcing_core::application::{Blame, FieldBlame};
use eventsourcing_core::{FieldChange, Uuid};
use serde::Serialize;
use serde_json::Value;

use super::AggregatePage;
use crate::pages::parts::Sight;
use crate::pages::twin::{EventTwin, Twin, json, written};
use crate::reading::State;

/// The same as JSON.
pub(crate) fn aggregate_json(page: &AggregatePage, sight: Sight<'_>) -> String {
    // a change has the value before and the value after
    let len = |blame: &Blame| written(&blame.state).len().max(written(&blame.changes).len() / 2);
    let is_large = matches!(&page.state, State::Blamed(blame) if len(blame) > EventTwin::WHOLE);
    let blame = match &page.state {
        State::Blamed(blame) if sight.payloads && !is_large => Some(blame),
        _ => None,
    };
    let state_is = match &page.state {
        State::Blamed(_) | State::Text(_) if !sight.payloads => "hidden",
        State::Blamed(_) if is_large => "too_large",
        State::Blamed(_) => "shown",
        State::Text(_) => "text",
        State::Hidden => "not_shown",
        State::UnknownType => "unknown_type",
        State::Long => "long",
        State::Failed(_) => "failed",
    };
    json(&Twin {
        application: sight.application,
        content: AggregateJson {
            aggregate_id: page.id,
            version: page.version(),
            last_version: page.last,
            older: (page.lowest() > 1).then(|| page.lowest()),
            state_is,
            state: blame.map(|blame| &blame.state),
            state_text: match &page.state {
                State::Text(text) if sight.payloads => Some(text),
                _ => None,
            },
            changes: blame.map(|blame| &*blame.changes),
            blame_since: blame.map(|blame| blame.since),
            blame: blame.map(|blame| &*blame.fields),
            selected: EventTwin::of(page.selected(), sight, EventTwin::WHOLE),
            versions: page.versions.iter().map(|version| EventTwin::of(version, sight, EventTwin::IN_LIST)).collect(),
        },
    })
}

#[derive(Serialize)]
struct AggregateJson<'a> {
    aggregate_id: Uuid,
    version: u64,
    last_version: u64,
    /// The version before which the next page begins.
    older: Option<u64>,
    /// `shown`, `hidden`, `too_large`, `text`, `not_shown`, `unknown_type`, `long` or `failed`.
    state_is: &'static str,
    state: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_text: Option<&'a String>,
    changes: Option<&'a [FieldChange]>,
    /// The first version whose changes were looked at.
    blame_since: Option<u64>,
    blame: Option<&'a [FieldBlame]>,
    selected: EventTwin<'a>,
    versions: Vec<EventTwin<'a>>,
}
