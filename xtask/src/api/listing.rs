//! The listing of a crate's public API, one item per line.

use std::collections::BTreeSet;
use std::path::Path;

use public_api::Builder;

use crate::failure::{Failure, While as _};

/// The text before the compiler's version in the first line.
const MADE_WITH: &str = "# made by `cargo xtask api --accept` with rustc ";

/// Traits that are not listed: the compiler implements them, and no user of this library relies on them.
const TRAITS_LEFT_OUT: &[&str] = &[
    "core::marker::Freeze",
    "core::marker::StructuralPartialEq",
    "core::marker::UnsafeUnpin",
    "core::panic::unwind_safe::RefUnwindSafe",
    "core::panic::unwind_safe::UnwindSafe",
];

/// The chapters of the guide, which are modules in the documentation only.
const GUIDE: &str = "pub mod eventsourcing::guide";

/// Makes the listing of a crate from rustdoc's JSON.
pub(super) fn of(rustdoc: &Path, compiler: &str) -> Result<String, Failure> {
    // blanket implementations are those of the standard library; auto traits are listed: a future that is no longer `Send` breaks its users
    let built = Builder::from_rustdoc_json(rustdoc).omit_blanket_impls(true).build();
    let api = built.while_doing(|| {
        format!("reading {} (rustc {compiler} may need another version of the crate public-api)", rustdoc.display())
    })?;
    // a re-exported item appears once for each path, each time with the same methods
    let mut seen = BTreeSet::new();
    let items = api.items().map(ToString::to_string).filter(|item| is_listed(item) && seen.insert(item.clone()));
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return Err(Failure::new(format!("{} has no public items", rustdoc.display())));
    }
    Ok(format!("{MADE_WITH}{compiler}\n{}\n", items.join("\n")))
}

/// Returns the compiler that a listing was made with.
pub(super) fn compiler_of(listing: &str) -> Option<&str> {
    listing.lines().next()?.strip_prefix(MADE_WITH)
}

fn is_listed(item: &str) -> bool {
    let implements = |left_out: &&str| item.starts_with("impl") && item.contains(&format!("{left_out} for "));
    !item.starts_with(GUIDE) && !TRAITS_LEFT_OUT.iter().any(implements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_traits_that_users_rely_on_are_listed() {
        assert!(is_listed("impl core::marker::Send for eventsourcing::Error"));
        assert!(!is_listed("impl<A> !core::panic::unwind_safe::UnwindSafe for eventsourcing::Error<A>"));
    }

    #[test]
    fn the_compiler_is_read_from_the_first_line() {
        assert_eq!(compiler_of(&format!("{MADE_WITH}1.95\npub mod a\n")), Some("1.95"));
        assert_eq!(compiler_of("pub mod a\n"), None);
    }
}
