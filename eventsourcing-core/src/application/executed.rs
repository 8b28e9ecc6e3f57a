//! What became of a command with an id: it was executed now, or before.

use crate::recording::Notification;

/// The outcome of a command with an id: it was executed now, or it was recorded before.
///
/// See [`Retry::command`](crate::application::Retry::command).
// exhaustive: a command was executed now, or before
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Executed<D> {
    /// It was executed now, with this outcome.
    Now(D),
    /// It was recorded before, with these events. Nothing was recorded now.
    Before(Vec<Notification>),
}

impl<D> Executed<D> {
    /// Returns the outcome, if the command was executed now.
    pub fn now(self) -> Option<D> {
        match self {
            Self::Now(outcome) => Some(outcome),
            Self::Before(_) => None,
        }
    }

    /// Returns whether the command was recorded before.
    pub fn was_before(&self) -> bool {
        matches!(self, Self::Before(_))
    }
}
