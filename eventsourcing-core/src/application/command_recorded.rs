//! What is recorded of a command: its events, and its content.

use std::sync::atomic::Ordering::Relaxed;

use super::command::{Command, Digest};
use super::command_counts::{CommandCounts, count};
use super::handle::{Application, Shared};
use crate::error::OTHER_CONTENT;
use crate::recording::{
    CommandContent, CommandId, Notification, NotificationQuery, RecordedCommand, StateKind, StateLocation,
};
use crate::{Error, Result};

/// The topic of a command's content, to which the bytes are bound together with the id of the command.
const CONTENT: &str = "command";

impl Application {
    /// Returns the events that a command has recorded; `None` if the command is not recorded, or its id is no longer kept.
    ///
    /// They are none if the command decided that nothing happens.
    ///
    /// # Errors
    /// [`Error::CommandIdMissing`] if the id is nil; [`Error::Recorder`] if the database fails.
    pub async fn command(&self, id: impl Into<CommandId>) -> Result<Option<Vec<Notification>>> {
        let id = id.into();
        if id.is_nil() {
            return Err(Error::CommandIdMissing);
        }
        match self.shared.recorder.find_command(id).await? {
            None => Ok(None),
            Some(recorded) => {
                let notifications = self.shared.recorded_by(&recorded).await?;
                Ok(Some(notifications.into_iter().flatten().collect()))
            }
        }
    }

    /// Returns what became of the application's commands in this process, since it was opened.
    ///
    /// It is for metrics. A clone of the application has the same numbers.
    pub fn command_counts(&self) -> CommandCounts {
        self.shared.commands.counts.all()
    }

    /// Refuses a command that is recorded already, before it is executed.
    pub(super) async fn check_not_recorded(&self, command: &Command) -> Result<()> {
        command.checked()?;
        let Some(recorded) = self.shared.recorder.find_command(command.id).await? else { return Ok(()) };
        let counts = &self.shared.commands.counts;
        if self.shared.has_same_content(command, &recorded)? == Some(false) {
            count(&counts.reused);
            let difference = OTHER_CONTENT.to_owned();
            return Err(Error::CommandReused { id: recorded.id, difference });
        }
        let notifications = self.shared.recorded_by(&recorded).await?.into_iter().flatten().collect();
        counts.repeated.fetch_add(1, Relaxed);
        Err(Error::CommandRecorded { id: recorded.id, notifications })
    }
}

impl Shared {
    /// Returns the events that a command has recorded, in their order; none where an event was deleted.
    pub(super) async fn recorded_by(&self, command: &RecordedCommand) -> Result<Vec<Option<Notification>>> {
        let mut found = Vec::with_capacity(command.notification_ids.len());
        for run in command.notification_ids.chunk_by(|one, next| one.checked_add(1) == Some(*next)) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            let query = NotificationQuery::after(first.saturating_sub(1), run.len()).up_to(*last);
            let mut notifications = self.recorder.select_notifications(query).await?.into_iter().peekable();
            found.extend(run.iter().map(|id| notifications.next_if(|notification| notification.id == *id)));
        }
        Ok(found)
    }

    /// Compresses and encrypts the digest of a command's content, bound to the id of the command.
    pub(super) fn seal_content(&self, id: CommandId, digest: Digest) -> Result<CommandContent> {
        let (state, checksum) = self.mapper.seal(&place(id), digest.to_json())?;
        Ok(CommandContent::new(state).with_checksum(checksum))
    }

    /// Returns whether a command has the content that it had the first time; none unless it is known of both.
    pub(super) fn has_same_content(&self, command: &Command, recorded: &RecordedCommand) -> Result<Option<bool>> {
        let (Some(digest), Some(content)) = (command.checked()?, &recorded.content) else { return Ok(None) };
        let json = self.mapper.open(&place(recorded.id), &content.state, content.checksum)?;
        Ok(Some(*json == *digest.to_json()))
    }
}

fn place(id: CommandId) -> StateLocation<'static> {
    StateLocation::new(StateKind::CommandContent, id.as_uuid(), 0, CONTENT)
}
