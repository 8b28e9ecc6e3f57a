//! Messages about options, which the attributes share.

use proc_macro2::Ident;

pub(crate) fn unknown(option: &Ident, place: &str, known: &[&str]) -> String {
    format!("{place} has no option `{option}`; available: `{}`", known.join("`, `"))
}

pub(crate) fn twice(option: &Ident) -> String {
    format!("`{option}` is given twice; remove one")
}

pub(crate) fn takes_text(option: &Ident) -> String {
    format!("`{option}` takes a string: `{option} = \"…\"`")
}

pub(crate) fn takes_list(option: &Ident) -> String {
    format!("`{option}` takes a comma-separated list in parentheses: `{option}(A, B)`")
}

pub(crate) const UNKNOWN_FIELDS: &str =
    "`unknown_fields` takes `ignore`, or `refuse`, which is the default: `unknown_fields = ignore`";

pub(crate) const CRATE_TAKES_A_PATH: &str = "`crate` takes the path of the library: `crate = my_events::eventsourcing`";

pub(crate) const EMPTY_NAME: &str = "the name is empty; write a name, or remove `name` to use the name of the type";
