//! The commands of the plain recorder, and their faults.

use std::sync::{Arc, PoisonError};

use eventsourcing_core::recording::{
    Append, CommandContent, NewCommand, OutdatedCommands, RecordedCommand, is_same_attempt,
};
use eventsourcing_core::{CommandId, Notification, RecorderError};

use super::inserting::place;
use super::{Fault, PlainRecorder};

impl PlainRecorder {
    pub(super) async fn append_command(&self, mut append: Append) -> Result<Vec<Notification>, RecorderError> {
        append.check()?;
        let Some(command) = append.command.take() else { return self.append_all(append).await };
        // one append with a command at a time
        let lock = Arc::clone(&self.state().command_lock);
        let _guard = lock.lock().await;
        let recorded = self.command(command.id).filter(|_| self.fault != Fault::ForgetsCommands);
        let is_own = self.is_own(&append) && self.fault != Fault::RefusesItsOwnCommand;
        let is_new = !is_own || self.fault != Fault::RecordsCommandsWithNewEvents;
        if let Some(recorded) = recorded.clone().filter(|_| !is_own && self.fault != Fault::ChecksCommandsLast) {
            return Err(RecorderError::CommandRecorded { recorded: Box::new(recorded) });
        }
        if self.fault == Fault::RecordsCommandsFirst {
            self.keep_command(command.clone(), Vec::new());
        }
        let is_empty = append.events.is_empty();
        let notifications = self.append_all(append).await?;
        if let Some(recorded) = recorded.filter(|_| !is_own) {
            return Err(RecorderError::CommandRecorded { recorded: Box::new(recorded) });
        }
        if self.fault == Fault::CountsCommands {
            self.state().drawn += 1;
        }
        let mut ids: Vec<u64> = notifications.iter().map(|notification| notification.id).collect();
        if self.fault == Fault::CountsEventsOfCommands {
            let first = ids.first().copied().unwrap_or_default();
            ids = (first..).take(ids.len()).collect();
        }
        if is_new && !(is_empty && self.fault == Fault::IgnoresEmptyCommands) {
            self.keep_command(command, ids);
        }
        Ok(notifications)
    }

    pub(super) fn command(&self, id: CommandId) -> Option<RecordedCommand> {
        self.with_commands(|commands| commands.iter().find(|command| command.id == id).cloned())
    }

    pub(super) fn forget_commands(&self, outdated: OutdatedCommands, limit: usize) -> u64 {
        let limit = if self.fault == Fault::DeletesAllOutdatedCommands { usize::MAX } else { limit };
        self.with_commands(|commands| {
            let least = usize::from(self.fault != Fault::DeletesTheLastCommand);
            let kept = match outdated {
                OutdatedCommands::AllBut(kept) => usize::try_from(kept).unwrap_or(usize::MAX).max(least),
                _ => least,
            };
            let first = limit.min(commands.len().saturating_sub(kept));
            let (before, mut number) = (commands.len(), 0);
            commands.retain(|command| {
                number += 1;
                let is_old = !matches!(outdated, OutdatedCommands::Before(time) if command.recorded_at >= time);
                number > first || !is_old
            });
            (before - commands.len()) as u64
        })
    }

    fn keep_command(&self, mut command: NewCommand, ids: Vec<u64>) {
        if let (Fault::CutsContent, Some(content)) = (self.fault, &command.content) {
            let end = content.state.iter().position(|byte| *byte == 0).unwrap_or(content.state.len());
            command.content = Some(CommandContent::new(&content.state[..end]).with_checksum(content.checksum));
        }
        self.with_commands(|commands| {
            if commands.iter().all(|other| other.id != command.id) {
                commands.push(command.recorded(ids));
            }
        });
    }

    fn is_own(&self, append: &Append) -> bool {
        let state = self.state();
        let is_own = |event| {
            state.taken.get(&place(event)).is_some_and(|(_, attempt)| is_same_attempt(*attempt, event.append_id))
        };
        !append.events.is_empty() && append.events.iter().all(is_own)
    }

    fn with_commands<T>(&self, with: impl FnOnce(&mut Vec<RecordedCommand>) -> T) -> T {
        if self.fault == Fault::KeepsCommandsToItself {
            return with(&mut self.own_commands.lock().unwrap_or_else(PoisonError::into_inner));
        }
        with(&mut self.state().commands)
    }
}
