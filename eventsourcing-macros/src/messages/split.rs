//! Messages about `#[event("…", split)]`: an event that became several others.

use proc_macro2::Ident;

pub(crate) const TAKES_NOTHING: &str = "`split` takes no value: the function returns the events that this one became, \
     such as `-> (WorldMoved, WorldRenamed)`; write `split` alone";

pub(crate) const RECEIVER: &str = "a split event changes nothing itself: its function takes the recorded fields, and returns the events that it became; \
     remove this parameter, and leave the changes to these events";

pub(crate) const ID: &str = "a split event is recorded no more, so it chooses no id; remove `id`";

pub(crate) const DOWNCAST: &str = "a split event is recorded no more, in no shape; remove `downcast`";

/// The message for a function that returns no event.
pub(crate) fn into_nothing(topic: &str) -> String {
    format!(
        "a split event becomes other events, which its function returns: `-> (WorldMoved, WorldRenamed)`; if it became none, remove it, and write \
         `retired = [\"{topic}\"]` on the `#[aggregate]` impl block"
    )
}

/// The message for a function that returns one event.
pub(crate) fn into_one(part: &Ident, topic: &str) -> String {
    format!(
        "a split event becomes several others, and this one becomes `{part}` alone; remove it, and write \
         `was = [\"{topic}\" => step]` on that event, with a function that returns it"
    )
}

/// The message for another return type.
pub(crate) fn returns(events: &Ident) -> String {
    format!(
        "a split event returns the events that it became: a tuple of their structs, such as `(WorldMoved, WorldRenamed)`, \
         or `Vec<{events}>` if their number varies, or a `Result` of one of these"
    )
}

/// The message for an event that becomes itself.
pub(crate) fn into_itself(part: &Ident) -> String {
    format!("`{part}` is the event that is split here; return the events that it became")
}

/// The message for a part that is split itself.
pub(crate) fn into_a_split_one(part: &Ident) -> String {
    format!("`{part}` is split too, so it is no event any more; return the events that it became")
}

/// The message for a part that is no event of the aggregate.
pub(crate) fn into_another(part: &Ident, aggregate: &Ident, events: &[String]) -> String {
    format!(
        "`{part}` is not the struct of an event of `{aggregate}`, and a split event becomes events of its own aggregate: {}",
        events.iter().map(|event| format!("`{event}`")).collect::<Vec<_>>().join(", ")
    )
}
