//! An entry of the audit.

use jiff::Timestamp;

use crate::domain::now;

/// What an operator is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// The time, in microseconds.
    pub at: Timestamp,
    /// The person or the program.
    pub operator: String,
    /// What it does, in a word or two.
    pub action: String,
    /// To what.
    pub target: String,
    /// Why, if that was given.
    pub reason: Option<String>,
}

impl AuditEntry {
    /// Creates an entry of now.
    pub fn new(operator: impl Into<String>, action: impl Into<String>, target: impl Into<String>) -> Self {
        let (operator, action, target) = (operator.into(), action.into(), target.into());
        Self { at: now(), operator, action, target, reason: None }
    }

    /// Sets the reason, if there is one.
    #[must_use]
    pub fn because(mut self, reason: impl Into<Option<String>>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Sets the time.
    #[must_use]
    pub fn at(mut self, time: Timestamp) -> Self {
        self.at = time;
        self
    }
}

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditRecord {
    /// The id, from 1.
    pub id: u64,
    /// The entry, from before the act.
    pub entry: AuditEntry,
    /// The outcome; none if the act is under way, or the process ended in it.
    pub outcome: Option<String>,
    /// The time of the outcome.
    pub ended_at: Option<Timestamp>,
}

impl AuditRecord {
    /// Creates a record without an outcome.
    pub fn new(id: u64, entry: AuditEntry) -> Self {
        Self { id, entry, outcome: None, ended_at: None }
    }

    /// Sets the outcome with its time, if there is one.
    #[must_use]
    pub fn with_outcome(mut self, outcome: impl Into<Option<(String, Timestamp)>>) -> Self {
        (self.outcome, self.ended_at) = outcome.into().unzip();
        self
    }
}
