//! Every name and path that the generated code uses.

use proc_macro2::{Ident, Span};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt as _;
use syn::{Path, parse_quote};

/// The field that `#[aggregate]` adds to the struct.
pub(crate) const ROOT_FIELD: &str = "aggregate_root";

/// The keys of a recorded state that belong to the library.
pub(crate) const RESERVED_KEYS: [&str; 2] = ["timestamp", "class_version"];

/// A topic may be this long, in bytes.
pub(crate) const MAX_TOPIC: usize = 255;

/// The library, if the user says nothing else by `crate = …`.
pub(crate) fn default_crate() -> Path {
    parse_quote!(::eventsourcing)
}

/// `WorldEvent`, the enum of the events of `World`.
pub(crate) fn event_enum(aggregate: &Ident) -> Ident {
    generated(&format_ident!("{}Event", aggregate.unraw()), aggregate.span())
}

/// `WorldStarted`, the struct of the event `Started` of `World`.
pub(crate) fn event_struct(aggregate: &Ident, event: &Ident) -> Ident {
    generated(&format_ident!("{}{}", aggregate.unraw(), event), event.span())
}

/// `body_of_make_it_so`, the method that holds the body of the user's `make_it_so`.
pub(crate) fn body_of(method: &Ident) -> Ident {
    generated(&format_ident!("body_of_{}", method.unraw()), method.span())
}

pub(crate) fn root_field() -> Ident {
    Ident::new(ROOT_FIELD, Span::call_site())
}

/// `World.Started`, the topic of an event that pins none.
pub(crate) fn topic(aggregate: &str, event: &Ident) -> String {
    format!("{aggregate}.{event}")
}

/// The same name, marked as written by the macro and not by the user.
///
/// The compiler still shows the user's own token, but its lints about style leave the name alone.
pub(crate) fn generated(name: &Ident, place: Span) -> Ident {
    let mut name = name.clone();
    name.set_span(Span::call_site().located_at(place));
    name
}

/// The same path, of which the compiler shows this place.
pub(crate) fn placed(path: &Path, place: Span) -> Path {
    let mut path = path.clone();
    for segment in &mut path.segments {
        segment.ident.set_span(segment.ident.span().located_at(place));
    }
    if let Some(colons) = &mut path.leading_colon {
        colons.spans = colons.spans.map(|span| span.located_at(place));
    }
    path
}

/// A path as the text that serde's `crate` option wants.
pub(crate) fn path_text(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}

/// Words in any notation as one name: `something happened` and `something_happened` as `SomethingHappened`.
pub(crate) fn camel_case(words: &str) -> String {
    let mut name = String::new();
    let mut at_start = true;
    for character in words.chars() {
        if !character.is_alphanumeric() {
            at_start = true;
        } else if at_start {
            name.extend(character.to_uppercase());
            at_start = false;
        } else {
            name.push(character);
        }
    }
    name
}

/// Whether a name is written as those of types are.
pub(crate) fn is_camel_case(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
        && name.chars().all(char::is_alphanumeric)
        && syn::parse_str::<Ident>(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{camel_case, is_camel_case};

    #[test]
    fn words_of_any_notation_become_a_type_name() {
        for (words, name) in [
            ("make_it_so", "MakeItSo"),
            ("something happened", "SomethingHappened"),
            ("somethingHappened", "SomethingHappened"),
            ("x", "X"),
            ("__a__b__", "AB"),
            ("", ""),
        ] {
            assert_eq!(camel_case(words), name);
        }
    }

    #[test]
    fn keywords_and_numbers_are_no_type_names() {
        for name in ["Started", "V2", "Ärger"] {
            assert!(is_camel_case(name), "{name}");
        }
        for name in ["", "started", "Some_thing", "2nd", "Self", "A b"] {
            assert!(!is_camel_case(name), "{name}");
        }
    }
}
