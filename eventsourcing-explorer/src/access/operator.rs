//! Who looks, and at what they may look.

/// A person or a program that reads the pages.
///
/// [`Explorer::auth`](crate::Explorer::auth) returns one for each request that it accepts.
///
/// # Examples
///
/// ```
/// use eventsourcing_explorer::{Operator, Scope};
///
/// let ada = Operator::new("ada@example.com").with_scope(Scope::Payload);
/// assert!(ada.may(Scope::Payload));
/// assert!(!Operator::new("grace@example.com").may(Scope::Payload));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operator {
    /// The name, which the pages show.
    pub name: String,
    /// What the operator may see beyond positions, times, topics, ids and sizes.
    pub scopes: Vec<Scope>,
}

/// What an operator may see beyond positions, times, topics, ids and sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// The values in the events of an encrypted log, and their metadata. Those of a log that is not encrypted need no scope.
    Payload,
}

impl Operator {
    /// Creates an operator without scopes.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), scopes: Vec::new() }
    }

    /// Adds a scope.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scopes.push(scope);
        self
    }

    /// Returns whether the operator has a scope.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}
