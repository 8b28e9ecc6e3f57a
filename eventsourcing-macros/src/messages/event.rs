//! Messages about `#[event]`: its place, the names, topics and ids of events, and the bodies of methods.

use proc_macro2::Ident;
use syn::Path;

use crate::syntax::paths;

pub(crate) const PLACE: &str = "`#[event]` belongs on a method in an `#[aggregate]` impl block; write `#[aggregate]` above the `impl`, \
     and add `crate = path` if the library is not available as `eventsourcing`";

/// The message for a method in an impl block without `#[aggregate]`, whose struct may lack it too.
pub(crate) fn in_a_plain_block(aggregate: &Ident, has_struct: bool) -> String {
    let and_struct = if has_struct { String::new() } else { format!(" and above `struct {aggregate}`") };
    format!(
        "`#[event]` belongs on a method in an `#[aggregate]` impl block; write `#[aggregate]` above `impl {aggregate}`{and_struct}"
    )
}

/// The message for a method in another block than the one with `#[aggregate]`.
pub(crate) fn in_a_second_block(aggregate: &Ident) -> String {
    format!(
        "all `#[event]` methods of an aggregate belong in one `#[aggregate]` impl block; move this one to the block of `{aggregate}` \
         that has `#[aggregate]`"
    )
}

pub(crate) const ON_NO_METHOD: &str = "`#[event]` belongs on a method of the aggregate; remove it here";

pub(crate) const WITHOUT_BODY: &str =
    "an `#[event]` method needs a body, which applies the event; write `{ … }` instead of `;`";

pub(crate) const TWICE: &str = "a method records one event; remove the second `#[event]`";

pub(crate) const IS_NO_ASSIGNMENT: &str = "write the event name in parentheses: `#[event(\"Started\")]`";

pub(crate) const NO_NAME: &str = "expected the event name as a string, or your own event struct: `#[event(\"Started\")]`, `#[event(struct = Started)]`";

/// The message for a name without quotes.
pub(crate) fn unquoted(path: &Path) -> String {
    let (path, name) = (paths::text(path), path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default());
    format!(
        "the event name is a string; write `#[event(\"{name}\")]`, or `#[event(struct = {path})]` if the event is your own struct `{path}`"
    )
}

/// The message for a name and a struct.
pub(crate) fn named_twice(own: &Path) -> String {
    format!("the event has the name of your own struct `{}`; remove this name", paths::text(own))
}

pub(crate) fn invalid_name(name: &str, suggestion: &Option<String>) -> String {
    match suggestion {
        _ if name.is_empty() => {
            "the event name is empty; write one in upper camel case, such as `SomethingHappened`".to_owned()
        }
        Some(better) => format!("`{name}` is not a valid event name; use upper camel case: `{better}`"),
        None => format!(
            "`{name}` is not a valid event name; choose another in upper camel case, such as `SomethingHappened`"
        ),
    }
}

/// The message for a name that begins with the name of the aggregate.
pub(crate) fn repeats_the_aggregate(name: &Ident, payload: &Ident, topic: &str, rest: String) -> String {
    format!(
        "`{name}` repeats the name of the aggregate, so the event would be the struct `{payload}`, recorded as `{topic}`; \
         write `#[event(\"{rest}\")]`; if such events are recorded already, or the name has to stay, add `topic = \"{topic}\"`"
    )
}

pub(crate) const CALLED_EVENT: &str = "an event cannot be named `Event`: its struct would have the same name as the enum of all events; \
     choose another name, such as `SomethingHappened`";

pub(crate) const GENERIC_TYPE: &str =
    "an event struct cannot be generic: an event is recorded as one type; use a struct without generics";

pub(crate) fn name_taken(name: &str, first: &Ident, second: &Ident) -> String {
    format!("`{first}` and `{second}` both record the event `{name}`; rename one of them: `#[event(\"…\")]`")
}

pub(crate) fn topic_taken(topic: &str, first: &Ident) -> String {
    format!("the event of `{first}` already has the topic `{topic}`; choose another topic")
}

/// The message for `unknown_fields` of an own struct.
pub(crate) fn unknown_fields_of_own_type(own: &str) -> String {
    format!(
        "this event is your own struct `{own}`, whose `Deserialize` decides; remove the option, \
         and write `#[serde(deny_unknown_fields)]` on the struct if unknown fields are an error"
    )
}

pub(crate) const UNKNOWN_FIELDS_OF_A_FLATTENED_FIELD: &str =
    "a flattened field takes all fields that are not others', so none is unknown; remove the option, or `flatten`";

pub(crate) const EMPTY_TOPIC: &str =
    "the topic is empty; write a topic, or remove `topic` to use the default, `Aggregate.Event`";

pub(crate) fn topic_too_long(length: usize) -> String {
    format!("the topic has {length} bytes, but the limit is 255; set a shorter one with `topic = \"…\"`")
}

pub(crate) const ID_OF_A_CHANGE: &str =
    "`id` is an option of creation events; write it on an `#[event]` function that returns `Self`";

/// The message for a creation with a parameter `id` and no option `id`.
pub(crate) fn id_not_chosen(event: &str) -> String {
    format!(
        "this creation ignores its parameter `id` and gives the aggregate a random id; write `#[event({event}, id = id)]` to use it as \
         the aggregate id, or rename the parameter after what it identifies, such as `order_id`"
    )
}

pub(crate) fn nested(called: &str) -> String {
    format!(
        "`{called}` records an event of its own, which every replay of this event would record again; \
         call both from a plain method, or move the shared code to a plain method"
    )
}

pub(crate) fn not_deterministic(what: &str) -> String {
    format!("`{what}` gives a different value at every replay; pass the value as a parameter so that it is recorded")
}
