//! Which attributes belong to this library: told by the whole path, since another crate may have one of the same name.

use syn::{Attribute, Path};

use crate::errors::Errors;

/// Whether this is the attribute of this name: `#[event]`, `#[eventsourcing::event]`, or by the path that `crate = …` says.
///
/// A macro sees paths and not what they stand for, so an attribute that was imported under another name is not found.
fn is_ours(attribute: &Attribute, name: &str, krate: &Path) -> bool {
    let path = attribute.path();
    let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let Some((last, module)) = names.split_last() else { return false };
    let library: Vec<String> = krate.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let is_library = |module: &[String]| module == ["eventsourcing"] || module == library;
    let is_here = module.is_empty() && path.leading_colon.is_none();
    last == name
        && (is_here
            || is_library(module)
            || module.split_last().is_some_and(|(last, library)| last == "prelude" && is_library(library)))
}

/// Whether this is `#[event]`.
pub(crate) fn is_event_attribute(attribute: &Attribute, krate: &Path) -> bool {
    is_ours(attribute, "event", krate)
}

/// Takes an attribute off, which has nothing in parentheses; whether it was there.
pub(crate) fn take(
    attributes: &mut Vec<Attribute>,
    name: &str,
    krate: &Path,
    takes_nothing: &str,
    errors: &mut Errors,
) -> bool {
    let before = attributes.len();
    attributes.retain(|attribute| {
        let is_it = is_ours(attribute, name, krate);
        if is_it && attribute.meta.require_path_only().is_err() {
            errors.at(attribute, takes_nothing);
        }
        !is_it
    });
    attributes.len() < before
}

#[cfg(test)]
mod tests {
    use syn::{Attribute, Path, parse_quote};

    use super::is_event_attribute;

    #[test]
    fn attributes_of_this_library_are_told_from_those_of_others() {
        let ours: [Attribute; 7] = [
            parse_quote!(#[event]),
            parse_quote!(#[event("Started")]),
            parse_quote!(#[eventsourcing::event]),
            parse_quote!(#[::eventsourcing::event]),
            parse_quote!(#[eventsourcing::prelude::event]),
            parse_quote!(#[crate::es::event]),
            parse_quote!(#[crate::es::prelude::event]),
        ];
        let others: [Attribute; 7] = [
            parse_quote!(#[other::event]),
            parse_quote!(#[es::event]),
            parse_quote!(#[other::eventsourcing::event]),
            parse_quote!(#[eventsourcing::other::event]),
            parse_quote!(#[prelude::event]),
            parse_quote!(#[event::event]),
            parse_quote!(#[eventsourcing::on]),
        ];
        let krate: Path = parse_quote!(crate::es);
        assert!(ours.iter().all(|attribute| is_event_attribute(attribute, &krate)));
        assert!(!others.iter().any(|attribute| is_event_attribute(attribute, &krate)));
    }
}
