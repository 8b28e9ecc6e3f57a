//! A dry run: the dead letters of an aggregate are handled in a transaction that is rolled back.

use std::fmt;

use uuid::Uuid;

use super::dead_letter_error::DeadLetterError;
use super::dead_letters::{BATCH, DeadLetters};
use super::failure::Failure;
use super::parking::Tried;
use crate::projection::{DeadLetter, Projection, Views};
use crate::recording::Cause;

/// How often a dry run begins again because others changed the letters meanwhile.
const ATTEMPTS: u32 = 16;

/// What a retry of an aggregate's dead letters would do, as a dry run found out.
///
/// `Display` says it in a sentence.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use]
pub enum DryRun {
    /// The handlers succeeded, and everything was rolled back.
    #[non_exhaustive]
    WouldSucceed {
        /// The number of events that were handled.
        events: usize,
        /// Whether the aggregate has further letters, which were not tried. A retry handles them in later transactions.
        has_more: bool,
    },
    /// A handler failed, or its changes could not be committed.
    #[non_exhaustive]
    WouldFail {
        /// The letter whose event would fail. If only the commit would fail, the first of those that were tried.
        letter: DeadLetter,
        /// The number of events before it that were handled, and rolled back.
        handled: usize,
        /// Why it would fail.
        cause: Cause,
    },
    /// Nothing can be said: the events were not handled, or a database failed meanwhile.
    #[non_exhaustive]
    NotTried {
        /// Why not.
        cause: Cause,
    },
}

impl DryRun {
    /// Returns whether a retry would handle all letters that were tried.
    pub fn would_succeed(&self) -> bool {
        matches!(self, Self::WouldSucceed { .. })
    }
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldSucceed { events, has_more: false } => {
                write!(f, "a retry would succeed: events handled and rolled back: {events}")
            }
            Self::WouldSucceed { events, has_more: true } => {
                write!(f, "the first {events} events would be handled; those after them were not tried")
            }
            Self::WouldFail { letter: DeadLetter { notification_id, topic, .. }, handled, cause } => {
                write!(
                    f,
                    "a retry would fail at `{topic}`, notification {notification_id}, after {handled} events: {cause}"
                )
            }
            Self::NotTried { cause } => write!(f, "the events cannot be tried: {cause}"),
        }
    }
}

impl<P, V> DeadLetters<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    /// Handles the dead letters of an aggregate in a transaction that is rolled back, and returns what a retry would do.
    ///
    /// The handlers really run, up to a hundred events in order, with the locks of a retry: in SQLite, nobody else writes to the file of the
    /// view meanwhile. Their changes to the view are rolled back, and so is what a policy saves. Anything else that a handler does, such as
    /// sending mail, is done: refuse dry runs of such handlers with [`without_dry_run`](Self::without_dry_run). Of what only a commit
    /// shows, deferred constraints of databases are checked; a conflict of a policy with another writer is not.
    ///
    /// The letters stay as they are, with their reasons and their numbers of attempts.
    ///
    /// # Errors
    /// [`DeadLetterError::NoneOf`] if the aggregate has no dead letters. Everything else is an outcome.
    pub async fn dry_run(&self, originator_id: Uuid) -> Result<DryRun, DeadLetterError> {
        if let Some(why) = &self.not_tried {
            return Ok(DryRun::NotTried { cause: why.as_ref().into() });
        }
        let mut alone = false;
        for _ in 0..ATTEMPTS {
            match self.handling.dry_run_first(originator_id, BATCH, alone).await {
                Ok(Tried::Done { events: 0, .. }) => return Err(self.none_of(originator_id)),
                Ok(Tried::Done { events, has_more }) => return Ok(DryRun::WouldSucceed { events, has_more }),
                // as a retry does: which event of them it is, and whether they fail without each other
                Ok(Tried::Refused { together, .. }) if together > 1 && !alone => alone = true,
                Ok(Tried::Refused { letter, handled, cause, .. }) => {
                    return Ok(DryRun::WouldFail { letter: self.opened(letter), handled, cause });
                }
                Err(Failure::Moved) => {}
                Err(Failure::Transient(error) | Failure::TimedOut(error) | Failure::Fatal(error)) => {
                    return Ok(DryRun::NotTried { cause: error.into() });
                }
            }
        }
        Ok(DryRun::NotTried { cause: "others change the dead letters of this aggregate again and again".into() })
    }
}
