//! The attributes of a method and the option `unknown_fields`, which are the same in both models.

use syn::Attribute;

/// What happens to the fields of a recorded event that its struct does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum UnknownFields {
    /// Reading the event is an error.
    #[default]
    Refuse,
    /// They are dropped.
    Ignore,
}

/// The attributes of an event method, by their destination.
#[derive(Default)]
pub(crate) struct MethodAttributes {
    /// Doc comments, for the command and the event's struct.
    pub(crate) docs: Vec<Attribute>,
    /// `#[cfg]`, for all code that is generated for the event.
    pub(crate) cfgs: Vec<Attribute>,
    /// Lint levels and `#[inline]`, for the command and the body.
    pub(crate) shared: Vec<Attribute>,
    /// All others, for the command.
    pub(crate) others: Vec<Attribute>,
}
