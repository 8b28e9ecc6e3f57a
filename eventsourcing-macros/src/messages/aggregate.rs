//! Messages about `#[aggregate]`, on the struct and on the impl block.

use proc_macro2::Ident;

pub(crate) const PLACE: &str =
    "`#[aggregate]` belongs on a struct with named fields and on the impl block that holds its `#[event]` methods";

pub(crate) const GENERIC: &str =
    "an aggregate cannot be generic: its events are recorded and read back as one type; use concrete types";

/// The message for an enum or a union.
pub(crate) fn no_struct(aggregate: &Ident) -> String {
    format!(
        "an aggregate is a struct with named fields; rename `{aggregate}`, and keep it in a field of a struct: \
         `struct {aggregate} {{ state: {aggregate}State }}`"
    )
}

pub(crate) fn fields_without_names(aggregate: &Ident) -> String {
    format!(
        "an aggregate is a struct with named fields; write `struct {aggregate} {{ name: String }}`, or `struct {aggregate} {{}}`"
    )
}

pub(crate) const FIELD_TAKEN: &str =
    "`#[aggregate]` adds a field with this name for the id, version, timestamps and pending events; rename this field";

/// The message for a field or method that has the name of an accessor of the aggregate.
pub(crate) fn accessor_taken(name: &Ident) -> String {
    match name.to_string().as_str() {
        "id" => {
            "an aggregate already has an id, `id()`, under which it is saved and loaded; set it in the creation event, \
             `#[event(\"Created\", id = id)]`, or rename this one after what it identifies, such as `order_id`"
                .to_owned()
        }
        "version" => "an aggregate already has a version, `version()`, the number of its last event; \
             rename this one, for example to `format_version`"
            .to_owned(),
        "created_on" | "modified_on" => format!(
            "an aggregate already has `{name}()`, the time of its {} event; remove this one or rename it",
            if name == "created_on" { "first" } else { "last" }
        ),
        _ => format!("an aggregate already has `{name}()`, which returns its pending events; rename this one"),
    }
}

pub(crate) fn option_of_the_impl(option: &Ident) -> String {
    format!("`{option}` is an option of the impl block; move it to the `#[aggregate]` above the `#[event]` methods")
}

pub(crate) const TRAIT_IMPL: &str = "`#[aggregate]` belongs on the inherent impl block; move the `#[event]` methods there and call them from this trait impl";

pub(crate) const IMPL_OF_A_PATH: &str =
    "`#[aggregate]` needs a type name without a path; import the type with `use` and write `impl World`";

/// The message for a function that makes an aggregate, where no event creates one.
pub(crate) fn no_creation(aggregate: &Ident, function: &Ident) -> String {
    format!(
        "`{function}` makes a new `{aggregate}` that no event creates; write `#[event(\"Created\")]` on it. \
         Without a creation event of its own, `{aggregate}` gets `create()`, whose fields have their defaults, \
         and `{function}` can call that: `let mut new = Self::create();`"
    )
}

/// The message for a method that has the name of the generated creation.
pub(crate) fn create_taken(aggregate: &Ident) -> String {
    format!(
        "`{aggregate}` has no creation event, so it gets the creation `create`, which needs this name; rename this method, \
         or write a creation: an `#[event(\"Created\")]` function that returns `Self`"
    )
}

/// The message for a change whose event has the name of that of the generated creation.
pub(crate) fn created_taken(aggregate: &Ident, method: &Ident) -> String {
    format!(
        "`{aggregate}` has no creation event, so it gets the creation `create` with the event `Created`, which `{method}` records too; \
         choose another name for this event, or write a creation: an `#[event(\"Started\")]` function that returns `Self`"
    )
}
