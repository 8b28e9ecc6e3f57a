//! Messages about `#[projection]`.

pub(crate) const PLACE: &str = "`#[projection]` belongs on the impl block that holds its `#[on]` methods: `#[projection(\"worlds_by_name\")] impl WorldsByName { … }`";

pub(crate) const TRAIT_IMPL: &str =
    "`#[projection]` belongs on the inherent impl block; move the `#[on]` methods there";

pub(crate) const GENERIC: &str =
    "a projection cannot be generic: its name has one position in each log; use concrete types";

pub(crate) const NO_NAME: &str = "expected the projection name as a string: `#[projection(\"worlds_by_name\")]`; databases store the projection's positions under it";

pub(crate) fn invalid_name(name: &str) -> String {
    format!(
        "`{name}` is not a valid projection name; use at most 44 ASCII letters, digits and underscores, and do not start with a digit"
    )
}

pub(crate) fn versioned_name(name: &str) -> String {
    format!(
        "`{name}` could be mistaken for a version of another projection; remove `_v` and the number, and write `version = 2` after the name"
    )
}

pub(crate) const VERSION_IS_A_NUMBER: &str =
    "`version` takes a whole number from 1 to 4294967295 without a type suffix: `version = 2`";
