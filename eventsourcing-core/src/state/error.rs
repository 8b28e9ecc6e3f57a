//! The errors of serializing and deserializing the state of an event.

use super::{JsonError, StateDifference};

/// An error in the serialized state of an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// No event of the aggregate has this topic.
    #[error(
        "this aggregate has no event with that topic: newer code recorded it, and has to be deployed here too; \
         or it was removed or renamed after the event was recorded: write `was = [\"…\"]` on the `#[event]` that it became, \
         or `retired = [\"…\"]` on the `#[aggregate]` impl block if it became none, which drops all such events; \
         an event that became several is `#[event(\"…\", split)]`"
    )]
    UnknownTopic,
    /// The event does not serialize as an object with named fields.
    #[error("the event serializes as {found}; expected a struct with named fields")]
    NotAnObject {
        /// The kind of value that it serializes as.
        found: &'static str,
    },
    /// A field has the name of a key that is reserved for the library.
    #[error("the event has a field called `{field}`, which is reserved; give the field another name")]
    ReservedField {
        /// The name of the field.
        field: &'static str,
    },
    /// A floating-point number is NaN or infinite.
    #[error(
        "the event contains a floating-point number that is NaN or infinite, which JSON cannot represent; reject such numbers in the command, or record them as an `Option` or a string"
    )]
    NotFinite,
    /// The event was serialized and cannot be deserialized.
    #[error(
        "the serialized event cannot be deserialized ({reason}); make its `Deserialize` accept the output of its `Serialize`"
    )]
    NotReadBack {
        /// Why deserializing failed.
        reason: Box<StateError>,
    },
    /// The event was serialized and is deserialized as a different event.
    #[error(
        "the event is deserialized as a different event: {0}; \
         make its `Deserialize` restore what its `Serialize` writes, or disable this check with STATE_CHECK=off"
    )]
    NotTheSame(Box<StateDifference>),
    /// The deserialized event writes the same JSON, but its `Debug` output differs.
    #[error(
        "the event is deserialized as a different event, with the same JSON but another `Debug` output: look for a field that serde skips, \
         an untagged enum that takes one variant for another, or an option in an option; \
         if the difference is irrelevant, keep it out of `Debug`, or compare only the JSON with STATE_CHECK=json"
    )]
    LooksDifferent,
    /// The state has no timestamp.
    #[error("the state has no `timestamp`")]
    NoTimestamp,
    /// A newer version of the program recorded the event.
    #[error(
        "it was recorded with version {found} of its shape, and this program reads versions up to {known}; \
         deploy newer code, which knows version {found}"
    )]
    NewerVersion {
        /// The recorded version of the shape.
        found: u64,
        /// The newest version that this program reads.
        known: u32,
    },
    /// The event has a field that this program does not know, and that reading it would drop.
    #[error(
        "it has the field `{field}`, which this program does not know and would drop; if newer code recorded it, deploy that code here too; \
         if the field was removed from the event, give the event a new `version` with a step from the shape that had it; \
         `unknown_fields = ignore` on the `#[event]` drops such fields"
    )]
    UnknownField {
        /// The name of the field, or `*` if it is no identifier, because it may then be data.
        field: String,
    },
    /// A step of the event's upcasting returned an error or panicked.
    ///
    /// The reason is the text of the step's error. Of a panic, whose message may contain data, it says only that it happened.
    #[error(
        "it was recorded with version {version} of its shape, and the step `{step}` does not convert it: {reason}; \
         correct the step, which must accept every recorded event"
    )]
    Upcast {
        /// The recorded version of the shape.
        version: u64,
        /// The path of the step.
        step: &'static str,
        /// Why it failed.
        reason: String,
    },
    /// The function of a split event returned an error or panicked.
    ///
    /// The reason is the text of the function's error. Of a panic, whose message may contain data, it says only that it happened.
    #[error(
        "it is split into other events, and `{function}` does not return them: {reason}; \
         correct the function, which must accept every recorded event"
    )]
    Split {
        /// The path of the function.
        function: &'static str,
        /// Why it failed.
        reason: String,
    },
    /// The event is to be recorded, and it is split: such events are only read.
    #[error("the event is split into other events and is recorded no more; record the events that it became")]
    IsSplit,
    /// A handler takes another struct for events of a topic than the one that is a part of a split event.
    #[error(
        "it is split, and its part is a `{found}`, but the handler takes a `{wanted}`; let the handler take a `{found}`"
    )]
    OtherPart {
        /// The struct of the part.
        found: &'static str,
        /// The struct that the handler takes.
        wanted: &'static str,
    },
    /// The event is to be recorded in its previous shape, which does not contain all of it.
    #[error(
        "the event is recorded in its previous shape, which loses a part of it: {0}; \
         record such events after the switch, when `downcast` is removed, or make the previous shape contain it"
    )]
    LostInDowncast(Box<StateDifference>),
    /// The event is retired: aggregates skip it, and there is nothing to decode it to.
    #[error(
        "the event is retired, so it cannot be decoded; aggregates skip it and `events` of a subscription leaves it out: \
         do not select its topic"
    )]
    Retired,
    /// The JSON is malformed, or does not match the event's type.
    #[error("{0}")]
    Json(#[from] JsonError),
}

/// Drops the message of an event's own `Serialize` or `Deserialize`, because it may contain data.
impl From<serde_json::Error> for StateError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(JsonError::from(&error))
    }
}
