//! Who looks, at what they may look, and what they may do.

/// A person or a program that reads the pages, and acts if it has the scopes for it.
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
    /// What the operator may see beyond positions, times, topics, ids and sizes, and what the operator may do.
    pub scopes: Vec<Scope>,
}

/// What an operator may see beyond positions, times, topics, ids and sizes, or may do.
///
/// Whoever may do something also needs an [audit](crate::Explorer::audit), to which the act is written before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// The values in the events of an encrypted log, and their metadata. Those of a log that is not encrypted need no scope.
    Payload,
    /// To reveal hidden values one by one, each time with an entry in the audit.
    Reveal,
    /// To try and to retry dead letters.
    LettersRetry,
    /// To discard dead letters.
    LettersDiscard,
    /// To switch to a rebuilt version of a projection, and to abort a rebuild.
    Rebuild,
}

impl Scope {
    /// Returns the name of the scope, as the pages show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Reveal => "reveal",
            Self::LettersRetry => "letters:retry",
            Self::LettersDiscard => "letters:discard",
            Self::Rebuild => "rebuild",
        }
    }
}

impl Scope {
    /// Says that it is needed.
    pub(crate) fn needed(self) -> &'static str {
        match self {
            Self::Payload => "The scope `payload` is needed for it.",
            Self::Reveal => "The scope `reveal` is needed for it.",
            Self::LettersRetry => "The scope `letters:retry` is needed for it.",
            Self::LettersDiscard => "The scope `letters:discard` is needed for it.",
            Self::Rebuild => "The scope `rebuild` is needed for it.",
        }
    }
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
