//! What became of a dead letter: retried or discarded, by whom and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::DeadLetter;
use super::dead_letter::reason;
use crate::codec::Mapper;
use crate::domain::now;

/// Who retries or discards dead letters, and why, to be recorded with what they do.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::projection::OperatorNote;
///
/// let note = OperatorNote::by("ada@example.com").because("the column was widened by migration 42");
/// assert_eq!(note.operator.as_deref(), Some("ada@example.com"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperatorNote {
    /// The person or the program.
    pub operator: Option<String>,
    /// The reason. It is encrypted where the upstream log is.
    pub reason: Option<String>,
}

impl OperatorNote {
    /// The longest name of an operator, in bytes.
    pub const MAX_OPERATOR: usize = 256;

    /// The longest reason, in bytes.
    pub const MAX_REASON: usize = 4 * 1024;

    /// Creates a note with an operator and without a reason.
    pub fn by(operator: impl Into<String>) -> Self {
        Self { operator: Some(operator.into()), reason: None }
    }

    /// Sets the reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Returns whether the note says nothing, so that nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.operator.is_none() && self.reason.is_none()
    }

    /// What is longer than it may be: what, its length, and its maximum.
    pub(crate) fn too_long(&self) -> Option<(&'static str, usize, usize)> {
        let parts =
            [("name of the operator", &self.operator, Self::MAX_OPERATOR), ("reason", &self.reason, Self::MAX_REASON)];
        let lens = parts.into_iter().map(|(what, text, max)| (what, text.as_ref().map_or(0, String::len), max));
        lens.into_iter().find(|(_, len, max)| len > max)
    }
}

/// How a dead letter was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LetterResolution {
    /// Its event was handled after all.
    Retried,
    /// Its event is never handled.
    Discarded,
}

/// A dead letter that somebody resolved, with who and why.
///
/// It is recorded in the transaction that resolves the letter, if an [`OperatorNote`] was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResolvedLetter {
    /// The letter as it was, with its reasons.
    pub letter: DeadLetter,
    /// What became of it.
    pub resolution: LetterResolution,
    /// Who resolved it, if that was given.
    pub operator: Option<String>,
    /// Why, if that was given. It is encrypted where the upstream log is, like the reasons of the letter.
    pub why: Option<String>,
    /// When, in microseconds, by the clock of the process that resolved it.
    pub resolved_at: Timestamp,
}

impl ResolvedLetter {
    /// Creates the record of a letter that was resolved, for instance from a row of its store.
    pub fn new(letter: DeadLetter, resolution: LetterResolution, resolved_at: Timestamp) -> Self {
        Self { letter, resolution, operator: None, why: None, resolved_at }
    }

    /// Sets who resolved it, and why, as it is stored.
    #[must_use]
    pub fn with_note(mut self, operator: impl Into<Option<String>>, why: impl Into<Option<String>>) -> Self {
        (self.operator, self.why) = (operator.into(), why.into());
        self
    }

    /// The same record with its texts in plain text, decrypted with the mapper of the upstream application, as
    /// [`DeadLetter::opened`].
    #[must_use]
    pub fn opened(mut self, upstream: &Mapper) -> Self {
        let location = self.letter.location();
        self.why = self.why.take().map(|why| reason::opened(why, location, upstream));
        self.letter = self.letter.opened(upstream);
        self
    }

    /// The records of letters that are resolved now, with this note.
    pub(crate) fn of(
        letters: &[DeadLetter],
        resolution: LetterResolution,
        note: &OperatorNote,
        mapper: &Mapper,
    ) -> Vec<Self> {
        let resolved_at = now();
        let record = |letter: &DeadLetter| {
            let why = note.reason.as_ref().map(|why| why.replace('\0', "\u{fffd}"));
            let why = why.map(|why| reason::sealed(why, letter.location(), mapper));
            let operator = note.operator.as_ref().map(|operator| operator.replace('\0', "\u{fffd}"));
            Self::new(letter.clone(), resolution, resolved_at).with_note(operator, why)
        };
        letters.iter().map(record).collect()
    }
}
