//! Attributes and lints: they stay on the user's items, and generated code adds no warning.
#![deny(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    private_interfaces,
    unused,
    non_camel_case_types,
    let_underscore_drop,
    single_use_lifetimes,
    unused_qualifications,
    clippy::all,
    clippy::pedantic
)]

use std::cell::Cell;

use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};

use crate::fold;

/// More private than the events that hold it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Secret(u8);

/// The event of `Vault::lock`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Locked {
    code: Secret,
}

type Checked = std::result::Result<(), u8>;

/// A struct with documentation.
#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Vault {
    code: Secret,
    /// Documented too.
    pub(crate) openings: u64,
}

/// An impl block with documentation.
#[aggregate]
#[allow(clippy::needless_pass_by_value)]
impl Vault {
    /// Makes a vault.
    ///
    /// See [`Self::open`], and [the same](Self::open).
    ///
    /// # Examples
    ///
    /// ```
    /// let not_run_twice = true;
    /// ```
    #[event("Built")]
    #[must_use]
    #[inline]
    fn build(code: Secret) -> Self {
        Self { code, openings: 0 }
    }

    /// Opens it.
    #[event("Opened")]
    #[track_caller]
    #[expect(clippy::unwrap_used, reason = "only the body has one")]
    fn open(&mut self, #[expect(unused_variables)] by: &str) {
        LINE.set(std::panic::Location::caller().line());
        self.openings = self.openings.checked_add(1).unwrap();
    }

    #[event("Closed")]
    #[deprecated = "vaults close themselves"]
    fn close(&mut self) -> bool {
        self.openings > 0
    }

    /// Checks it.
    #[event("Checked")]
    fn check(&mut self, code: u8) -> Checked {
        if self.code.0 == code { Ok(()) } else { Err(code) }
    }

    /// Locks it.
    #[event(struct = Locked)]
    fn lock(&mut self, code: Secret) {
        self.code = code;
    }

    /// Counts them.
    #[event("Counted")]
    #[warn(clippy::cast_possible_truncation)]
    pub(crate) fn count(&mut self, openings: u64) -> std::result::Result<u64, u8> {
        if openings < self.openings {
            return Err(0);
        }
        self.openings = openings;
        Ok(openings)
    }
}

thread_local! {
    static LINE: Cell<u32> = const { Cell::new(0) };
}

#[test]
fn attributes_of_a_method_are_those_of_its_command() {
    let mut vault = Vault::build(Secret(1));
    vault.open("me");
    #[expect(deprecated, reason = "the command is, and its body is not")]
    let was_open = vault.close();
    assert!(was_open);
    assert_eq!(vault.check(2), Err(2));
    vault.lock(Secret(2));
    assert_eq!(vault.check(2), Ok(()));
    assert_eq!(vault.count(7), Ok(7));
    assert_eq!(fold(&vault), vault);
}
