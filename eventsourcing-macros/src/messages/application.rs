//! Messages about `#[application]`.

use proc_macro2::Ident;

pub(crate) const PLACE: &str = "`#[application]` belongs on a struct without fields: `pub struct Universe;`";

pub(crate) const GENERIC: &str = "an application cannot be generic: its name identifies its tables; use concrete types";

pub(crate) fn with_fields(application: &Ident) -> String {
    format!(
        "an application struct cannot have fields of its own: `#[application]` adds one for the opened application; \
         write `struct {application};`, and keep other values in a struct that contains it"
    )
}
