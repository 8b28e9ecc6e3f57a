//! Every error text of the macros: what is wrong, and what to write instead.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::{Lifetime, Path, Type};

// where the attributes stand

pub(crate) const AGGREGATE_PLACE: &str =
    "`#[aggregate]` belongs on a struct with named fields and on the impl block that holds its `#[event]` methods";

pub(crate) const APPLICATION_PLACE: &str =
    "`#[application]` belongs on a struct without fields: `pub struct Universe;`";

pub(crate) const EVENT_PLACE: &str = "`#[event]` belongs on a method in an impl block that has `#[aggregate]` on it; write `#[aggregate]` above that `impl`, \
     with `crate = path` if the library is called by another path than `eventsourcing`";

pub(crate) const EVENT_ON_NO_METHOD: &str = "`#[event]` belongs on a method of the aggregate; remove it here";

pub(crate) const METHOD_WITHOUT_BODY: &str =
    "an `#[event]` method needs a body, which is what the event does; write `{ … }` in place of `;`";

pub(crate) const GENERIC_AGGREGATE: &str =
    "an aggregate cannot be generic: its events are recorded and read back as one type; use concrete types";

pub(crate) fn fields_without_names(aggregate: &Ident) -> String {
    format!(
        "an aggregate is a struct with named fields; write `struct {aggregate} {{ name: String }}`, or `struct {aggregate} {{}}`"
    )
}

pub(crate) const FIELD_TAKEN: &str =
    "`#[aggregate]` adds a field of this name, for the id, version, times and pending events; give yours another name";

pub(crate) const TRAIT_IMPL: &str = "`#[aggregate]` belongs on the inherent impl block; put the `#[event]` methods there and call them from this trait's";

pub(crate) const IMPL_OF_A_PATH: &str =
    "`#[aggregate]` needs the type's name alone; bring the type in with `use` and write `impl World`";

pub(crate) const GENERIC_APPLICATION: &str =
    "an application cannot be generic: its name stands for its tables; use concrete types";

pub(crate) fn application_with_fields(application: &Ident) -> String {
    format!(
        "an application has no fields of its own: `#[application]` keeps the opened application there; \
         write `struct {application};`, and keep what else you need in a struct that holds it"
    )
}

pub(crate) const UNRECORDED_PLACE: &str =
    "`#[unrecorded]` belongs on a plain method in an impl block that has `#[aggregate]` on it";

pub(crate) const UNRECORDED_TAKES_NOTHING: &str = "`#[unrecorded]` takes nothing: the method may change every field";

pub(crate) const UNRECORDED_EVENT: &str =
    "an `#[event]` method is recorded, so `#[unrecorded]` has no place on it; remove one of the two";

/// Why a creation cannot have a parameter `id` and nothing to say of the aggregate's id.
pub(crate) fn id_not_chosen(event: &str) -> String {
    format!(
        "this creation would ignore its `id` and give the aggregate a random one; say `#[event({event}, id = id)]` to create it under this \
         id, or name the parameter after what it identifies, such as `order_id`"
    )
}

/// Why an accessor of the aggregate cannot be the user's field or method.
pub(crate) fn accessor_taken(name: &Ident) -> String {
    match name.to_string().as_str() {
        "id" => "an aggregate has an id already, `id()`, under which it is recorded and got; choose it when the aggregate is made, \
             `#[event(\"Created\", id = id)]`, or name this one after what it identifies, such as `order_id`"
            .to_owned(),
        "version" => "an aggregate has a version already, `version()`, which is the number of its last event; \
             give this one another name, such as `format_version`"
            .to_owned(),
        "created_on" | "modified_on" => format!(
            "an aggregate has `{name}()` already, which is the time of its {} event; leave this one out, or give it another name",
            if name == "created_on" { "first" } else { "last" }
        ),
        _ => format!("an aggregate has `{name}()` already, which is about its events; give this one another name"),
    }
}

// options

pub(crate) fn unknown_option(option: &Ident, place: &str, known: &[&str]) -> String {
    format!("{place} has no option `{option}`; it has `{}`", known.join("`, `"))
}

pub(crate) fn option_of_the_impl(option: &Ident) -> String {
    format!("`{option}` belongs to the events; write it in the `#[aggregate]` on the impl block that holds them")
}

pub(crate) fn option_twice(option: &Ident) -> String {
    format!("`{option}` is given twice; remove one")
}

pub(crate) fn option_takes_text(option: &Ident) -> String {
    format!("`{option}` takes a string: `{option} = \"…\"`")
}

pub(crate) fn option_takes_types(option: &Ident) -> String {
    format!("`{option}` takes names in parentheses, with commas between them: `{option}(A, B)`")
}

pub(crate) const CRATE_TAKES_A_PATH: &str = "`crate` takes the path of the library: `crate = my_events::eventsourcing`";

pub(crate) const EMPTY_NAME: &str = "the name is empty; write one, or leave `name` out to take that of the type";

pub(crate) const EVENT_IS_NO_ASSIGNMENT: &str = "write the name of the event in parentheses: `#[event(\"Started\")]`";

pub(crate) const NO_EVENT_NAME: &str = "expected the event's name as a string, or the path of a struct of yours: `#[event(\"Started\")]`, `#[event(Started)]`";

pub(crate) const EVENT_TWICE: &str = "a method makes one event; remove the second `#[event]`";

pub(crate) const ID_OF_A_CHANGE: &str =
    "`id` is chosen when the aggregate is made; write it on an `#[event]` function that returns `Self`";

// names and topics

pub(crate) fn event_name(name: &str, suggestion: &Option<String>) -> String {
    match suggestion {
        _ if name.is_empty() => "an event needs a name, written as those of types: `SomethingHappened`".to_owned(),
        Some(better) => format!("`{name}` does not name an event; names are written as those of types: `{better}`"),
        None => format!("`{name}` does not name an event; names are written as those of types: `SomethingHappened`"),
    }
}

pub(crate) const EVENT_CALLED_EVENT: &str = "an event cannot be called `Event`, because the enum of all events ends in that; say what happened: `SomethingHappened`";

pub(crate) fn name_taken(name: &str, first: &Ident, second: &Ident) -> String {
    format!("`{first}` and `{second}` both make the event `{name}`; give one of them another name: `#[event(\"…\")]`")
}

pub(crate) fn topic_taken(topic: &str, first: &Ident) -> String {
    format!("the event of `{first}` has the topic `{topic}` already; give this one another")
}

pub(crate) const EMPTY_TOPIC: &str = "the topic is empty; write one, or leave `topic` out to take `Aggregate.Event`";

pub(crate) fn topic_too_long(length: usize) -> String {
    format!("the topic has {length} bytes, and 255 are allowed; pin a shorter one with `topic = \"…\"`")
}

pub(crate) fn no_creation(aggregate: &Ident) -> String {
    format!(
        "`{aggregate}` has no event that makes it; write one, a function that returns `Self`:\n\n    \
         #[event(\"Created\")]\n    \
         pub fn new() -> Self {{\n        Self {{ … }}\n    }}\n\n\
         all events of an aggregate stand in one `#[aggregate]` impl block; if this is a second one of `{aggregate}`, \
         move its `#[event]` methods to the first"
    )
}

// signatures

pub(crate) const QUALIFIER_ASYNC: &str = "an `#[event]` method cannot be `async`: its body runs again at every replay; \
     wait in a plain method, then call this one with what came of it";

pub(crate) const QUALIFIER_CONST: &str = "an `#[event]` method cannot be `const`: it records an event; remove the word";

pub(crate) const QUALIFIER_UNSAFE: &str = "an `#[event]` method cannot be `unsafe`: its body runs again at every replay, \
     where nobody can promise anything; check in a plain method, then call this one";

pub(crate) const QUALIFIER_EXTERN: &str =
    "an `#[event]` method cannot be `extern`; remove the word, and call it from an `extern` function if you need one";

pub(crate) const GENERIC_METHOD: &str =
    "an `#[event]` method cannot be generic: an event is recorded as one type; use concrete types, or `impl Into<T>`";

pub(crate) const WHERE_CLAUSE: &str = "an `#[event]` method is not generic, so it has no `where` clause; remove it";

pub(crate) const RECEIVER_SHARED: &str =
    "an `#[event]` method changes the aggregate; write `&mut self`, or remove `#[event]` if nothing changes";

pub(crate) const RECEIVER_BY_VALUE: &str =
    "an `#[event]` method cannot take the aggregate away: its events are still to be saved; write `&mut self`";

pub(crate) const RECEIVER_TYPED: &str =
    "an `#[event]` method needs the receiver in its plain spelling; write `&mut self`";

pub(crate) const RECEIVER_LIFETIME: &str =
    "an `#[event]` method cannot name the lifetime of its receiver, which ends with the call; write `&mut self`";

pub(crate) fn creation_returns(function: &Ident) -> String {
    format!(
        "`{function}` has no `self`, so it makes the aggregate and returns `Self` or `Result<Self, …>`; \
         for a change, write `&mut self` first"
    )
}

pub(crate) fn creation_returns_an_alias(function: &Ident, ty: &Type) -> String {
    let ty = ty.to_token_stream().to_string().replace(' ', "").replace(',', ", ");
    format!(
        "`{function}` has no `self`, so it makes the aggregate and returns `Self` or `Result<Self, …>`; \
         if `{ty}` is a `Result` by another name, spell `Result<Self, …>` out"
    )
}

pub(crate) const RETURNS_A_BORROW: &str = "an `#[event]` method cannot return a borrow: the event is recorded after its body; \
     return an owned value, or read it with a plain method afterwards";

pub(crate) const RETURNS_THE_AGGREGATE: &str = "a change cannot return the aggregate: a copy that is made in the body does not have the event yet, so that saving it records nothing; \
     leave it out, and go on with the aggregate that the method was called on";

pub(crate) const RETURNS_IMPL_TRAIT: &str = "an `#[event]` method needs a return type with a name; \
     return a `Vec` or another concrete type, or read it with a plain method afterwards";

// parameters

pub(crate) const UNNAMED_PARAMETER: &str = "a parameter of an `#[event]` method becomes a field of the event, so it needs a name; \
     write one, with `#[expect(unused_variables)]` if the body does without";

pub(crate) const PATTERN_PARAMETER: &str = "a parameter of an `#[event]` method becomes a field of the event, so it is a plain name; \
     take the pattern apart in the body";

pub(crate) const MUTABLE_REFERENCE: &str = "an event records values, and nobody gets the changes of one that is replayed; \
     take it by value or by `&`, and return what comes of it";

pub(crate) fn lifetime_of_a_parameter(lifetime: &Lifetime) -> String {
    format!("an event owns its values, whatever they were borrowed from; leave `{lifetime}` out")
}

pub(crate) const REFERENCE_INSIDE: &str = "an event owns its values; write the owned type here, such as `String` for `&str` (`&str`, `&[T]`, `&T` and \
     `Option` of them are converted when they are the whole type of the parameter)";

pub(crate) const LIFETIME_INSIDE: &str = "an event owns its values; write a type without a lifetime, or with `'static`, such as `String` or `Cow<'static, str>` for `Cow<'_, str>`";

pub(crate) const SELF_AS_STORED_TYPE: &str =
    "an event cannot hold the aggregate that it changes; take the values that matter, or the id of the other aggregate";

pub(crate) const TRAIT_OBJECT: &str = "an event is read back as the type it was recorded as, which a trait object forgets; use a concrete type, or an enum";

pub(crate) const IMPL_TRAIT: &str = "an event is recorded as one type, and of `impl` only `impl Into<T>` says which; \
     use `impl Into<T>`, or a concrete type";

pub(crate) fn parameter_attribute(path: &Path) -> String {
    let path = path.to_token_stream().to_string().replace(' ', "");
    match path.as_str() {
        "cfg" => "a parameter of an `#[event]` method is there always, as what was recorded with it must be; \
             write two methods with `#[cfg]`"
            .to_owned(),
        _ => format!(
            "`#[{path}]` has no place on a parameter of an `#[event]` method; doc comments and `#[serde(…)]` go to \
             the event's field, lint levels to the body"
        ),
    }
}

pub(crate) fn reserved_key(key: &str) -> String {
    format!(
        "`{key}` is a key of the library in every recorded event; give the parameter another name, such as `at`, or `#[serde(rename = \"…\")]`"
    )
}

pub(crate) fn key_twice(key: &str) -> String {
    format!("two fields of this event are recorded as `{key}`; give one of them another name")
}

pub(crate) fn skipped(option: &str) -> String {
    format!(
        "`{option}` would lose what happened: every parameter is needed again at replay; remove the option or the parameter"
    )
}

pub(crate) const SKIPPED_WITHOUT_DEFAULT: &str =
    "a value that is skipped could not be read back; add `default`: `#[serde(default, skip_serializing_if = \"…\")]`";

pub(crate) const RENAMED_TWICE: &str = "what is recorded under one name is read back under the same; \
     write `rename = \"…\"`, and `alias = \"…\"` for names that were used before";

pub(crate) const NESTED_OPTION: &str = "`Some` of nothing is recorded as `null` and read back as `None`; \
     use an enum, or `#[serde(with = \"…\")]`";

pub(crate) fn attribute_of_own_type(own: &Path) -> String {
    let own = own.to_token_stream().to_string().replace(' ', "");
    format!("this event is your struct `{own}`; write the attribute on its field there")
}

pub(crate) const GENERIC_EVENT_TYPE: &str = "an event is recorded as one type; use a struct that is not generic";

// bodies

pub(crate) fn nested_event(called: &str) -> String {
    format!(
        "`{called}` records an event of its own, and would record it again at every replay of this one; \
         call both from a plain method, or move what they share to a plain method"
    )
}

pub(crate) fn not_deterministic(what: &str) -> String {
    format!("`{what}` gives another value at every replay; pass the value as a parameter, so that it is recorded")
}

pub(crate) fn unrecorded_change(method: &Ident, what: &str, is_of_events: bool) -> String {
    let private = if is_of_events { "; if only events call it, make it private" } else { "" };
    format!(
        "`{method}` changes `{what}` and records no event, so the change is gone when the aggregate is read back; \
         write `#[event]` on `{method}`, or `#[unrecorded]` if `{what}` is a cache{private}"
    )
}

pub(crate) fn unrecorded_change_by(method: &Ident, helper: &str) -> String {
    format!(
        "`{method}` changes the aggregate by `{helper}` and records no event, so the change is gone when the aggregate is read back; \
         write `#[event]` on `{method}`, or call an event that calls `{helper}`"
    )
}

// projections

pub(crate) const PROJECTION_PLACE: &str = "`#[projection]` belongs on the impl block that holds its `#[on]` methods: `#[projection(\"worlds_by_name\")] impl WorldsByName { … }`";

pub(crate) const ON_PLACE: &str = "`#[on]` belongs on a method in an impl block that has `#[projection(\"…\")]` or `#[policy]` on it, \
     with `crate = path` if the library is called by another path than `eventsourcing`";

pub(crate) const POLICY_PLACE: &str = "`#[policy]` belongs on the impl block of an application that holds its `#[on]` methods: `#[policy] impl Reservations { … }`";

pub(crate) const POLICY_ON_TRAIT_IMPL: &str =
    "`#[policy]` belongs on the application's inherent impl block; put the `#[on]` methods there";

pub(crate) const HANDLER_TAKES_A_UNIT_OF_WORK: &str = "a policy's handler loads and saves aggregates with a unit of work, which records them together with how far the upstream is processed: `work: &mut UnitOfWork`";

pub(crate) fn saved_in_policy(called: &str) -> String {
    let cure = match called {
        "retry" => "`get` the aggregate from the unit of work, and `save` it there",
        _ => "`save` with the unit of work",
    };
    format!(
        "`self.{called}` in a handler of a policy records at once, and again whenever the handler is called again after a conflict or a failure; {cure}"
    )
}

pub(crate) const ON_TAKES_NOTHING: &str =
    "`#[on]` takes nothing: the type of the first parameter says which event is handled";

pub(crate) const NO_PROJECTION_NAME: &str = "expected the projection's name as a string: `#[projection(\"worlds_by_name\")]`; under it databases keep how far logs are processed";

pub(crate) const PROJECTION_ON_TRAIT_IMPL: &str =
    "`#[projection]` belongs on the inherent impl block; put the `#[on]` methods there";

pub(crate) const GENERIC_PROJECTION: &str =
    "a projection cannot be generic: under its name one position is kept for each log; use concrete types";

pub(crate) fn projection_name(name: &str) -> String {
    format!(
        "`{name}` cannot be the name of a projection: it has ASCII letters, digits and underscores, does not begin with a digit, and has at most 44 characters"
    )
}

pub(crate) fn versioned_name(name: &str) -> String {
    format!(
        "`{name}` could be taken for a version of another projection; leave `_v` and the number out, and write `version = 2` after the name"
    )
}

pub(crate) const VERSION_IS_A_NUMBER: &str = "the version is a whole number from 1: `version = 2`";

pub(crate) const TABLES_PLACE: &str = "`#[tables]` belongs on a method in an impl block that has `#[projection(\"…\")]` on it, \
     with `crate = path` if the library is called by another path than `eventsourcing`";

pub(crate) const TABLES_OF_A_POLICY: &str =
    "a policy has no tables: what it saves are aggregates, through its `UnitOfWork`";

pub(crate) const TABLES_TAKES_NOTHING: &str = "`#[tables]` takes nothing: the method makes the tables";

pub(crate) const TABLES_TWICE: &str = "there is another method with `#[tables]`; make all tables in one";

pub(crate) const TABLES_SIGNATURE: &str = "the tables are made by `async fn tables(&self, prefix: &str, view: &mut PgConnection) -> sqlx::Result<()>`, \
     with the view that the handlers change and any error";

pub(crate) const HANDLER_OF_TABLES_TAKES_ABOUT: &str = "where `#[tables]` makes the tables, each handler asks for their names, which are others while the view is rebuilt: \
     take `about: &About` before the view, and write to `about.table(\"…\")`";

pub(crate) const NO_HANDLER: &str =
    "without `#[on]` methods nothing is handled; put `#[on]` on those that handle an event";

pub(crate) const HANDLER_IS_NOT_ASYNC: &str =
    "a handler is `async`, because a view may be a database: write `async fn`";

pub(crate) const GENERIC_HANDLER: &str =
    "a handler cannot be generic: it takes the events of one type; use concrete types";

pub(crate) const HANDLER_RETURNS_NOTHING: &str =
    "a handler returns a `Result<()>`, so that it can say that it failed: its changes are undone then";

pub(crate) const HANDLER_TAKES_SELF: &str = "a handler takes `&self`: what it changes is the view";

pub(crate) const HANDLER_PARAMETERS: &str = "a handler takes `&self`, the event, what is known about it if it wants that, and the view: \
     `(&self, event: &WorldStarted, about: &About, view: &mut PgConnection)`";

pub(crate) const HANDLER_TAKES_AN_EVENT: &str = "the first parameter is the event, borrowed: `event: &WorldStarted`, or many at once: `events: &[Happened<WorldStarted>]`";

pub(crate) const HANDLER_TAKES_HAPPENED: &str =
    "a handler of many events at once takes them with what is known of each: `events: &[Happened<WorldStarted>]`";

pub(crate) const HANDLER_OF_MANY_TAKES_ABOUT: &str =
    "a handler of many events at once finds what is known of each beside it: `events[0].about`";

pub(crate) const HANDLER_TAKES_ABOUT: &str =
    "the parameter between event and view says where and when the event was recorded: `about: &About`";

pub(crate) const HANDLER_TAKES_A_VIEW: &str = "the last parameter is the view, to change: `view: &mut PgConnection`, `&mut SqliteConnection`, or `&mut` a state in memory";

pub(crate) fn another_view(other: &Ident) -> String {
    format!(
        "all handlers of an impl block change one view, and this is not the one of `{other}`; make it a projection of its own"
    )
}

pub(crate) fn handled_twice(other: &Ident) -> String {
    format!("`{other}` takes this event already; do both in one handler")
}
