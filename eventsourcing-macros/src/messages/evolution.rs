//! Messages about the evolution of events: versions, steps, and the names that events and aggregates had.

use proc_macro2::Ident;
use syn::Path;

use crate::syntax::paths;

pub(crate) const VERSION: &str = "`version` takes the version of the event's shape, a number from 1: `version = 2`";

pub(crate) const UPCASTS: &str = "`upcasts` takes the functions that convert one shape of the event to the next, from version 1 on: \
     `upcasts = [started_v1, started_v2]`";

pub(crate) const WAS: &str = "`was` takes the topics that the event was recorded under before: `was = [\"World.Born\"]`; \
     for another event that became this one, with the function that converts it: `was = [\"World.Born\" => born_to_started]`";

pub(crate) const DOWNCAST: &str =
    "`downcast` takes the function that converts the event to the version before: `downcast = started_as_v1`";

pub(crate) const AGGREGATE_WAS: &str = "`was` takes the names that the aggregate had in topics: `was = [\"Planet\"]`";

pub(crate) const RETIRED: &str =
    "`retired` takes the topics of events that no longer exist: `retired = [\"World.Painted\"]`";

/// The message for too few steps.
pub(crate) fn step_missing(version: u32, steps: usize) -> String {
    let (from, needed) = (steps + 1, version - 1);
    let has = match steps {
        0 if needed == 1 => "there is none".to_owned(),
        0 => "there are none".to_owned(),
        1 => "there is 1".to_owned(),
        steps => format!("there are {steps}"),
    };
    let needs = if needed == 1 {
        "a step from version 1".to_owned()
    } else {
        format!("{needed} steps, one from each version before it")
    };
    let missing = if u32::try_from(from).is_ok_and(|from| from == needed) {
        format!("the step from version {from} to version {version} is missing")
    } else {
        format!("the steps from version {from} to version {version} are missing")
    };
    format!(
        "`version = {version}` needs {needs}, and {has}: {missing}; \
         add a function that takes the old shape and returns the next one: `upcasts = [{}]`",
        (1..version).map(|version| format!("from_v{version}")).collect::<Vec<_>>().join(", ")
    )
}

/// The message for a step that no version needs.
pub(crate) fn step_too_many(step: &Path, version: u32, steps: usize) -> String {
    let step = paths::text(step);
    let needs = match version {
        1 => "version 1 of an event needs no step".to_owned(),
        2 => "`version = 2` needs one step, from version 1".to_owned(),
        version => format!("`version = {version}` needs {} steps, one from each version before it", version - 1),
    };
    format!(
        "{needs}, so `{step}` would never run; remove it, or write `version = {}` if the shape has changed",
        steps + 1
    )
}

/// The message for a step that is given twice.
pub(crate) fn step_twice(step: &Path) -> String {
    format!("`{}` is given twice; each version has a step of its own, to the next version", paths::text(step))
}

pub(crate) const NO_STEPS: &str = "this event became another one and needs the function that converts it: `\"World.Born\" => born_to_started`; \
     if only its name changed, write the topic alone";

/// The message for a downcast without an older version.
pub(crate) fn downcast_of_the_first(function: &Path) -> String {
    format!(
        "`downcast` writes the version before `version`, and version 1 has none; \
         write `version = 2, upcasts = […], downcast = {}`, or remove `downcast`",
        paths::text(function)
    )
}

pub(crate) const EMPTY_TOPIC: &str =
    "the topic is empty; write one that events were recorded under, such as `World.Born`";

pub(crate) fn is_the_topic(topic: &str) -> String {
    format!("the event is recorded as `{topic}` now; `was` is for the topics that it had before: remove this one")
}

pub(crate) fn topic_twice(topic: &str) -> String {
    format!("`{topic}` is given twice; remove one")
}

/// The message for two events that had one topic.
pub(crate) fn old_topic_taken(topic: &str, first: &Ident, second: &Ident) -> String {
    format!(
        "`{first}` and `{second}` both claim the events that were recorded as `{topic}`, which can only become one of them; \
         remove it from `was` of `{first}` or of `{second}`"
    )
}

/// The message for an event that had the topic that another has.
pub(crate) fn topic_is_of_another(topic: &str, current: &Ident) -> String {
    format!(
        "`{topic}` is the topic of `{current}`, which records its events under it; \
         remove it from `was`, or give that event another topic with `topic = \"…\"`"
    )
}

/// The message for a retired topic that an event has or had.
pub(crate) fn retired_is_used(topic: &str, method: &Ident) -> String {
    format!("`{topic}` is a topic of `{method}`, whose events are read; remove it from `retired`, or remove that event")
}

pub(crate) const EMPTY_NAME: &str = "the name is empty; write one that the aggregate had, such as `Planet`";

pub(crate) fn is_the_name(name: &str) -> String {
    format!("the aggregate is called `{name}` now; `was` is for the names that it had before: remove this one")
}
