//! Messages about the parameters of `#[event]` methods, which become the fields of events.

use syn::{Lifetime, Path};

use crate::syntax::paths;

pub(crate) const UNNAMED: &str = "a parameter of an `#[event]` method becomes a field of the event and needs a name; \
     if the body does not use it, add `#[expect(unused_variables)]`";

pub(crate) const PATTERN: &str = "a parameter of an `#[event]` method becomes a field of the event and must be a plain name; \
     destructure it in the body";

pub(crate) const MUTABLE_REFERENCE: &str = "an event records values, and changes to an argument are lost at replay; \
     take it by value or by `&`, and return the result";

pub(crate) fn lifetime(lifetime: &Lifetime) -> String {
    format!("an event owns its values, so the lifetime of the argument does not matter; remove `{lifetime}`")
}

pub(crate) const REFERENCE_INSIDE: &str = "an event owns its values; use an owned type here, such as `String` instead of `&str` (`&str`, `&[T]`, `&T` and \
     `Option` of these are converted only if they are the whole type of the parameter)";

pub(crate) const LIFETIME_INSIDE: &str = "an event owns its values; use a type without a lifetime or with `'static`, such as `String` or `Cow<'static, str>` instead of `Cow<'_, str>`";

pub(crate) const AGGREGATE_INSIDE: &str = "an event cannot contain the aggregate that it changes; take the values that are needed, or the id of the other aggregate";

/// The message for a type without a size, which has a borrowed and an owned form.
pub(crate) fn unsized_type(borrowed: &str, owned: &str) -> String {
    format!(
        "an event owns its values, and a value of this type has no size of its own; use `{owned}`, or `{borrowed}` as the whole type of the parameter"
    )
}

pub(crate) const POINTER: &str =
    "an event is recorded and read back as data, which a pointer or a function is not; take the value that is needed";

pub(crate) const TRAIT_OBJECT: &str = "an event is read back as the type it was recorded as, which a trait object does not name; use a concrete type or an enum";

pub(crate) const IMPL_TRAIT: &str = "an event is recorded as a concrete type, and only `impl Into<T>` says which: `T`; \
     use `impl Into<T>` or a concrete type";

pub(crate) fn attribute(path: &Path) -> String {
    let path = paths::text(path);
    match path.as_str() {
        "cfg" => "a parameter of an `#[event]` method cannot be conditional: every recorded event has its value; \
             write two methods with `#[cfg]`"
            .to_owned(),
        _ => format!(
            "`#[{path}]` is not supported on a parameter of an `#[event]` method; supported are doc comments and `#[serde(…)]`, \
             which apply to the event's field, and lint levels, which apply to the body"
        ),
    }
}

pub(crate) fn reserved_key(key: &str) -> String {
    format!(
        "`{key}` is a key that the library writes to every recorded event; rename the parameter, for example to `at`, or add `#[serde(rename = \"…\")]`"
    )
}

pub(crate) fn key_twice(key: &str) -> String {
    format!("two fields of this event are recorded as `{key}`; rename one of them")
}

pub(crate) fn skipped(option: &str) -> String {
    format!("`{option}` would lose data: replay needs every parameter; remove the option or the parameter")
}

pub(crate) const SKIPPED_WITHOUT_DEFAULT: &str =
    "a skipped value cannot be read back; add `default`: `#[serde(default, skip_serializing_if = \"…\")]`";

pub(crate) const RENAMED_TWICE: &str = "a field is recorded and read back under the same name; \
     write `rename = \"…\"`, and `alias = \"…\"` for former names";

pub(crate) const NESTED_OPTION: &str = "`Some` of an empty value is recorded as `null` and read back as `None`; \
     use an enum, or `#[serde(with = \"…\")]`";

pub(crate) fn attribute_of_own_type(own: &Path) -> String {
    let own = paths::text(own);
    format!("this event is your own struct `{own}`; move the attribute to the struct's field")
}
