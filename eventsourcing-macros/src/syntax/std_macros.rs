//! The standard library macros whose arguments can be parsed as expressions.
//!
//! In the arguments of other macros, `World { … }` or `self.total = 1` can mean anything, so these arguments are not changed.

use syn::{Macro, Path};

const TAKE_EXPRESSIONS: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "eprint",
    "eprintln",
    "format",
    "format_args",
    "panic",
    "print",
    "println",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

/// Whether all arguments of this macro are expressions.
pub(crate) fn takes_expressions(call: &Macro) -> bool {
    name_in_std(&call.path).is_some_and(|name| TAKE_EXPRESSIONS.contains(&name.as_str()))
}

/// Whether this is `matches!`, which takes an expression and a pattern.
pub(crate) fn is_matches(call: &Macro) -> bool {
    name_in_std(&call.path).is_some_and(|name| name == "matches")
}

/// The `vec` of `vec!`, `std::vec!` and `::std::vec!`.
fn name_in_std(path: &Path) -> Option<String> {
    let mut names = path.segments.iter().map(|segment| &segment.ident);
    match (names.next()?, names.next(), names.next()) {
        (name, None, None) if path.leading_colon.is_none() => Some(name.to_string()),
        (first, Some(name), None) if ["std", "core", "alloc"].iter().any(|library| first == library) => {
            Some(name.to_string())
        }
        _ => None,
    }
}
