//! The type of an aggregate, if the program has it.

use eventsourcing::application::{AggregateType, FieldChange};
use eventsourcing::recording::EventQuery;
use eventsourcing::{StoredEvent, Uuid};

use crate::escape::Safe;
use crate::failure::Failure;
use crate::json::one_line;
use crate::output::{ADDED, Output, REMOVED};
use crate::place::Place;

/// An aggregate that is recorded.
pub(super) struct Found<'p> {
    pub(super) first: StoredEvent,
    pub(super) last_version: u64,
    /// The type of its first event; none if the program does not have it.
    pub(super) of_type: Option<&'p AggregateType>,
}

impl<'p> Found<'p> {
    pub(super) async fn find(place: &'p Place, id: Uuid) -> Result<Self, Failure> {
        let recorder = place.recorder();
        let first = recorder.select_events(EventQuery::of(id).limit(1)).await?.pop();
        let last = recorder.select_events(EventQuery::of(id).descending().limit(1)).await?.pop();
        let (Some(first), Some(last)) = (first, last) else {
            return Err(Failure::NoAggregate { id, application: place.name().to_owned() });
        };
        let of_type = place.application().aggregate_type_of(&first.topic);
        Ok(Self { first, last_version: last.originator_version, of_type })
    }

    /// The type, or why its states cannot be shown.
    pub(super) fn typed(&self, place: &Place) -> Result<&'p AggregateType, Failure> {
        self.of_type.ok_or_else(|| {
            let (application, topic) = (place.name().to_owned(), self.first.topic.to_string());
            if place.is_typed { Failure::TypeNotNamed { application, topic } } else { Failure::NoTypes { application } }
        })
    }
}

/// The failure of a type whose states cannot be compared.
pub(super) fn not_comparable(of_type: &AggregateType) -> Failure {
    Failure::NotSerialize { aggregate: of_type.name() }
}

/// Prints what changed, a line for each field.
pub(super) fn print_changes(changes: &[FieldChange], indent: &str, output: &mut Output) -> Result<(), Failure> {
    if changes.is_empty() {
        return output.line(format_args!("{indent}(no field of the state changed)"));
    }
    for FieldChange { path, before, after, .. } in changes {
        let shown = |value: &serde_json::Value| one_line(&value.to_string());
        let path = Safe(path);
        let line = match (before, after) {
            (Some(before), Some(after)) => format!("~ {path}  {} → {}", shown(before), shown(after)),
            (None, Some(after)) => output.styled(ADDED, format!("+ {path}  {}", shown(after))),
            (Some(before), None) => output.styled(REMOVED, format!("- {path}  {}", shown(before))),
            (None, None) => continue,
        };
        output.line(format_args!("{indent}{line}"))?;
    }
    Ok(())
}
