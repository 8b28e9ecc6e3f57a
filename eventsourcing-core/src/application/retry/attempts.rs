//! The attempts of one command: the queue before each, and the pause after a conflict.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;
use uuid::Uuid;

use crate::application::Application;
use crate::application::command::Command;
use crate::application::command_scope::Reserved;
use crate::application::turns::Turn;
use crate::{Error, Result};

/// The number of attempts before the last conflict is returned.
pub(crate) const ATTEMPTS: u32 = 30;

/// The longest pause before an attempt. The second attempt follows the first without a pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// The attempts of one command.
pub(super) struct Attempts<'a> {
    pub(super) application: &'a Application,
    /// The aggregates, each once and in order: callers that need the same ones queue for them in the same order.
    ids: Vec<Uuid>,
    attempt: u32,
    turns: Vec<Turn>,
    /// The command, if it is to be recorded once.
    pub(super) reserved: Option<Reserved>,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(application: &'a Application, mut ids: Vec<Uuid>, command: Option<Command>) -> Result<Self> {
        application.check_not_in_policy()?;
        ids.sort_unstable();
        ids.dedup();
        Ok(Self { application, ids, attempt: 1, turns: Vec::new(), reserved: Reserved::of_save(command)? })
    }

    /// Queues for the aggregates after a conflict, or if other callers queue for one of them.
    ///
    /// # Errors
    /// [`Error::CommandRecorded`] if the command was recorded before.
    pub(super) async fn begin(&mut self) -> Result<()> {
        if let Some(reserved) = self.reserved.as_ref().filter(|_| self.attempt == 1) {
            reserved.check_not_recorded(self.application).await?;
        }
        let turns = &self.application.shared.turns;
        if self.turns.is_empty() && (self.attempt > 1 || self.ids.iter().any(|id| turns.are_taken(*id))) {
            for id in &self.ids {
                self.turns.extend(turns.take(*id).await);
            }
        }
        Ok(())
    }

    /// Looks once more whether the command is recorded, after it has refused.
    ///
    /// Somebody may have recorded it since [`begin`](Self::begin), so that it found the effects of itself.
    ///
    /// # Errors
    /// [`Error::CommandRecorded`] if it was.
    pub(super) async fn refused(self) -> Result<()> {
        match &self.reserved {
            Some(reserved) => reserved.check_not_recorded(self.application).await,
            None => Ok(()),
        }
    }

    /// Returns the error unless it is a conflict that another attempt may resolve; in that case it pauses.
    pub(super) async fn after(&mut self, error: Error, loaded: &[(Uuid, u64)]) -> Result<()> {
        let conflict = match error {
            Error::Conflict { originator_id, tried, .. } => Some((originator_id, tried)),
            Error::AlreadyExists { originator_id, .. } => Some((originator_id, 1)),
            _ => None,
        };
        // a conflict about a version that was recorded before the command ran repeats on each attempt: the command replaced an
        // aggregate that it was given by another one, or by an old copy
        let may_pass = |(id, tried)| loaded.iter().any(|(known, version)| *known == id && tried > *version);
        if self.attempt >= ATTEMPTS || !conflict.is_some_and(may_pass) {
            return Err(error);
        }
        let (application, attempt) = (self.application.name(), self.attempt);
        tracing::debug!(application, ids = ?self.ids, attempt, %error, "retrying a command after a conflict");
        pause_after(attempt).await;
        self.attempt += 1;
        Ok(())
    }
}

/// Pauses for a random time, so that callers that were in conflict do not retry at the same time.
pub(crate) async fn pause_after(attempt: u32) {
    let longest = LONGEST_PAUSE.min(Duration::from_millis(1).saturating_mul(2_u32.saturating_pow(attempt - 1)));
    let [random, ..] = Uuid::new_v4().into_bytes();
    // without a runtime there is no timer, and no other task that runs meanwhile
    if attempt > 1 && Handle::try_current().is_ok() {
        sleep(longest.mul_f64(f64::from(random) / 255.0)).await;
    }
}
