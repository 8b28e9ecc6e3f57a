//! Saves that were refused, by cause.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Error;
use crate::recording::RecorderError;

/// The saves of an application in this process that recorded nothing, by cause. A retried command counts each of its attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedSaves {
    /// Another writer recorded the version first.
    pub conflicts: u64,
    /// The first version of an aggregate is recorded: its id is in use, or another writer began the log first.
    pub already_exists: u64,
    /// The upstream log is processed up to another position, by another process.
    pub already_processed: u64,
    /// The id of the command is recorded.
    pub command_recorded: u64,
    /// Dead letters changed meanwhile.
    pub letters_changed: u64,
    /// The aggregate, an event or its metadata cannot be recorded.
    pub invalid: u64,
    /// The database could not be reached or was busy for too long; a later attempt may succeed.
    pub unavailable: u64,
    /// The database failed otherwise, or the application is closed.
    pub failed: u64,
}

impl RefusedSaves {
    /// The number of all refused saves.
    pub fn total(&self) -> u64 {
        self.by_cause().iter().map(|(_, saves)| saves).sum()
    }

    /// The causes, as metrics name them, and the numbers of saves.
    pub fn by_cause(&self) -> [(&'static str, u64); 8] {
        [
            ("conflict", self.conflicts),
            ("already_exists", self.already_exists),
            ("already_processed", self.already_processed),
            ("command_recorded", self.command_recorded),
            ("letters_changed", self.letters_changed),
            ("invalid", self.invalid),
            ("unavailable", self.unavailable),
            ("failed", self.failed),
        ]
    }
}

/// As [`RefusedSaves`], while the application is open.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    conflicts: AtomicU64,
    already_exists: AtomicU64,
    already_processed: AtomicU64,
    command_recorded: AtomicU64,
    letters_changed: AtomicU64,
    invalid: AtomicU64,
    unavailable: AtomicU64,
    failed: AtomicU64,
}

impl Refusals {
    /// Counts an error after which nothing is recorded.
    pub(super) fn count(&self, error: &Error) {
        let number = match error {
            Error::Conflict { tried: 1, .. } => &self.already_exists,
            Error::Conflict { .. } => &self.conflicts,
            Error::AlreadyProcessed { .. } => &self.already_processed,
            Error::CommandRecorded { .. } | Error::Recorder(RecorderError::CommandRecorded { .. }) => {
                &self.command_recorded
            }
            Error::Recorder(RecorderError::LettersChanged { .. }) => &self.letters_changed,
            Error::Recorder(error) if error.is_retryable() => &self.unavailable,
            Error::Recorder(_) => &self.failed,
            _ => &self.invalid,
        };
        number.fetch_add(1, Relaxed);
    }

    pub(super) fn all(&self) -> RefusedSaves {
        RefusedSaves {
            conflicts: self.conflicts.load(Relaxed),
            already_exists: self.already_exists.load(Relaxed),
            already_processed: self.already_processed.load(Relaxed),
            command_recorded: self.command_recorded.load(Relaxed),
            letters_changed: self.letters_changed.load(Relaxed),
            invalid: self.invalid.load(Relaxed),
            unavailable: self.unavailable.load(Relaxed),
            failed: self.failed.load(Relaxed),
        }
    }
}
