//! The personal fields of an aggregate's struct, as generated code finds out.

/// What applies to a struct without personal fields.
///
/// The macro of the impl block does not see the struct. An inherent constant of the struct, which exists only if a field is personal, takes
/// precedence over that of this trait.
pub trait NothingPersonal {
    /// JSON Pointers to the personal fields: none.
    const __EVENTSOURCING_PERSONAL: &'static [&'static str] = &[];
}

impl<A> NothingPersonal for A {}
