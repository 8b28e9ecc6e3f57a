//! Messages about `#[on]`, the handlers of projections and policies.

use proc_macro2::Ident;

use super::policy::TAKES_A_UNIT_OF_WORK;
use crate::model::checked::HandlersOf;

pub(crate) const PLACE: &str = "`#[on]` belongs on a method in a `#[projection(\"…\")]` or `#[policy]` impl block; \
     add `crate = path` to that attribute if the library is not available as `eventsourcing`";

pub(crate) const TAKES_NOTHING: &str =
    "`#[on]` takes no arguments: the type of the first parameter is the event that is handled";

pub(crate) const NO_HANDLER: &str =
    "no method has `#[on]`, so no event is handled; add `#[on]` to each method that handles an event";

pub(crate) fn is_not_async(of: HandlersOf) -> &'static str {
    match of {
        HandlersOf::Projection => "a handler must be `async`, because a view may be a database; write `async fn`",
        HandlersOf::Policy => {
            "a policy handler must be `async`, because its unit of work loads aggregates; write `async fn`"
        }
    }
}

pub(crate) const GENERIC: &str = "a handler cannot be generic: it handles the events of one type; use concrete types";

pub(crate) const RETURNS_NOTHING: &str = "a handler must return a `Result<()>`; an error rolls its changes back";

pub(crate) fn takes_self(of: HandlersOf) -> &'static str {
    match of {
        HandlersOf::Projection => "a handler takes `&self`; it changes the view and not itself",
        HandlersOf::Policy => "a policy handler takes `&self`; it changes aggregates and not its application",
    }
}

pub(crate) fn parameters(of: HandlersOf) -> &'static str {
    match of {
        HandlersOf::Projection => {
            "a handler takes `&self`, the event, optionally its `EventContext`, and the view: \
             `(&self, event: &WorldStarted, context: &EventContext, view: &mut PgConnection)`"
        }
        HandlersOf::Policy => {
            "a policy handler takes `&self`, the event, optionally its `EventContext`, and the unit of work: \
             `(&self, event: &WorldStarted, context: &EventContext, work: &mut UnitOfWork)`"
        }
    }
}

pub(crate) const TAKES_AN_EVENT: &str = "the first parameter is a reference to the event: `event: &WorldStarted`, or to a slice of events: `events: &[EventEnvelope<WorldStarted>]`";

pub(crate) const TAKES_ENVELOPES: &str =
    "a handler of many events takes each of them with its `EventContext`: `events: &[EventEnvelope<WorldStarted>]`";

pub(crate) const MANY_TAKE_NO_CONTEXT: &str = "a handler of many events finds the `EventContext` of each event in the slice: `events[0].context`; remove this parameter";

pub(crate) fn takes_a_context(of: HandlersOf) -> &'static str {
    match of {
        HandlersOf::Projection => {
            "the parameter between the event and the view says where and when the event was recorded: `context: &EventContext`"
        }
        HandlersOf::Policy => {
            "the parameter between the event and the unit of work says where and when the event was recorded: `context: &EventContext`"
        }
    }
}

pub(crate) fn takes_a_view(of: HandlersOf) -> &'static str {
    match of {
        HandlersOf::Projection => {
            "the last parameter is a mutable reference to the view: `view: &mut PgConnection`, `&mut SqliteConnection`, or `&mut` a state in memory"
        }
        HandlersOf::Policy => TAKES_A_UNIT_OF_WORK,
    }
}

pub(crate) fn another_view(other: &Ident) -> String {
    format!(
        "the handlers of an impl block share one view, and this is not the view of `{other}`; move the method to a projection of its own"
    )
}

pub(crate) fn handled_twice(other: &Ident) -> String {
    format!("`{other}` already handles this event; combine the two handlers")
}
