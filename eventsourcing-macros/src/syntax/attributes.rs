//! Attributes of this library, identified by their full path, because another crate may have attributes of the same name.

use syn::{Attribute, Path};

/// Removes and returns this library's attributes of this name, in source order.
pub(crate) fn take(attributes: &mut Vec<Attribute>, name: &str, krate: &Path) -> Vec<Attribute> {
    attributes.extract_if(.., |attribute| is_own(attribute, name, krate)).collect()
}

/// Whether this is the library's attribute of this name: `#[event]`, `#[eventsourcing::event]`, or the path of `crate = …`.
///
/// A macro sees paths and cannot resolve them, so an attribute that is imported under another name is not recognized.
pub(crate) fn is_own(attribute: &Attribute, name: &str, krate: &Path) -> bool {
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

/// Whether an attribute sets the level of a lint.
pub(crate) fn is_lint(attribute: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid"].iter().any(|level| attribute.path().is_ident(level))
}

#[cfg(test)]
mod tests {
    use syn::{Attribute, Path, parse_quote};

    use super::is_own;

    #[test]
    fn attributes_of_this_library_are_told_from_those_of_others() {
        let own: [Attribute; 7] = [
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
        assert!(own.iter().all(|attribute| is_own(attribute, "event", &krate)));
        assert!(!others.iter().any(|attribute| is_own(attribute, "event", &krate)));
    }
}
