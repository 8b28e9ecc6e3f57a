//! Saves with a command id: recorded once, and answered with the same recordings each time.

use super::command::Command;
use super::command_compare::Comparison;
use super::command_counts::count;
use super::command_scope::Reserved;
use super::executed::Executed;
use super::handle::Application;
use super::metadata_scope::of_save;
use super::saveable::{Batch, Purpose, SaveBatch, Saveable};
use super::saved_states::Appending;
use crate::codec::SharedMetadata;
use crate::domain::{Metadata, now};
use crate::error::OTHER_CONTENT;
use crate::recording::{Append, NewCommand, Notification, RecordedCommand, RecorderError};
use crate::{Error, Result};

/// What is compared when a command comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compares {
    /// The content if it was given both times, and otherwise the events.
    Everything,
    /// The content if it was given both times: the events of a retried command depend on the state that it found.
    Content,
}

impl Reserved {
    /// Saves the aggregates of a retried command.
    pub(super) async fn save(
        &self,
        application: &Application,
        mut aggregates: impl Saveable,
    ) -> Result<Executed<Vec<Notification>>> {
        application.save_command(&mut aggregates, self, None, Compares::Content).await
    }

    /// Refuses a command that is recorded already, before it is executed.
    pub(super) async fn check_not_recorded(&self, application: &Application) -> Result<()> {
        match application.check_not_recorded(&self.command).await {
            Err(recorded @ Error::CommandRecorded { .. }) => {
                self.recorded();
                Err(recorded)
            }
            checked => checked,
        }
    }

    /// The error of a command that was recorded before, with these events.
    pub(super) fn before(&self, notifications: Vec<Notification>) -> Error {
        Error::CommandRecorded { id: self.command.id, notifications }
    }
}

impl Application {
    /// Saves with a command id. If the command was recorded before, nothing is recorded, and `what` cannot be saved any more.
    pub(super) async fn save_command(
        &self,
        what: &mut impl Saveable,
        reserved: &Reserved,
        metadata: Option<Metadata>,
        compares: Compares,
    ) -> Result<Executed<Vec<Notification>>> {
        let command = self.new_command(&reserved.command)?;
        let Batch { events, due, .. } = self.batch_to_record(what, of_save(metadata, None)).await?;
        let counts = &self.shared.commands.counts;
        let append = Append::new(events).command(command);
        let mut appending = Appending::of(&self.shared, &append.events);
        let recorded = self.record_command(append).await;
        if let Err(error) = &recorded {
            appending.refused(&error.clone().into());
        }
        let repeated = match recorded {
            Ok(notifications) => {
                reserved.recorded();
                what.recorded();
                appending.keep(what, &notifications);
                self.shared.snapshots.take_all(due);
                count(&counts.recorded);
                self.shared.commands.note_recorded();
                return Ok(Executed::Now(notifications));
            }
            Err(RecorderError::CommandRecorded { recorded }) => recorded,
            Err(error) => return Err(self.explain(error.into(), what)),
        };
        let notifications = self.shared.recorded_by(&repeated).await?;
        if let Some(difference) = self.difference(what, &reserved.command, &repeated, &notifications, compares)? {
            count(&counts.reused);
            return Err(Error::CommandReused { id: repeated.id, difference });
        }
        // what it contains is recorded already, or never
        self.pass(what, Purpose::Discard)?;
        reserved.recorded();
        count(&counts.repeated);
        Ok(Executed::Before(notifications.into_iter().flatten().collect()))
    }

    /// The command as it is to be recorded.
    fn new_command(&self, command: &Command) -> Result<NewCommand> {
        let content = command.checked()?;
        if !self.shared.recorder.keeps_commands() {
            return Err(RecorderError::NoCommands.into());
        }
        let content = content.map(|digest| self.shared.seal_content(command.id, digest)).transpose()?;
        Ok(NewCommand::new(command.id, self.shared.clock.run(now)).content(content))
    }

    #[tracing::instrument(name = "append", level = "info", skip_all, fields(otel.name = format!("append {}", self.shared.name), otel.kind = "producer", application = %self.shared.name, events = append.events.len(), command = append.command.as_ref().map(|command| tracing::field::display(command.id))), err(level = "debug"))]
    async fn record_command(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        self.shared.recorder.append(append).await
    }

    /// How a command that came again differs from the first time.
    fn difference(
        &self,
        what: &mut impl Saveable,
        command: &Command,
        recorded: &RecordedCommand,
        notifications: &[Option<Notification>],
        compares: Compares,
    ) -> Result<Option<String>> {
        match self.shared.has_same_content(command, recorded)? {
            Some(true) => return Ok(None),
            Some(false) => return Ok(Some(OTHER_CONTENT.to_owned())),
            None if compares == Compares::Content => return Ok(None),
            None => {}
        }
        match self.pass(what, Purpose::Compare(Comparison::with(notifications)))? {
            Purpose::Compare(comparison) => Ok(comparison.finish()),
            Purpose::Record | Purpose::Discard => Ok(None),
        }
    }

    /// Goes through what was to be saved once more.
    fn pass<'b>(&'b self, what: &mut impl Saveable, purpose: Purpose<'b>) -> Result<Purpose<'b>> {
        let metadata = SharedMetadata::default();
        let mut batch = SaveBatch::new(&self.shared.mapper, &self.shared.topics, &self.shared.snapshots, metadata);
        batch.purpose = purpose;
        what.add_to(&mut batch)?;
        Ok(batch.purpose)
    }
}
