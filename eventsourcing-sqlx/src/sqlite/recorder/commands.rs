//! The commands of the application: recorded by appends, looked up, and deleted in a transaction of their own.

use eventsourcing_core::recording::{Append, OutdatedCommands, RecordedCommand};
use eventsourcing_core::{CommandId, LogPosition, RecorderError};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::time::{Instant, sleep};

use super::Inner;
use super::busy::PAUSE;
use super::error::StatementError;
use super::select::Slice;
use super::transaction::{Stop, Terms, whole};
use crate::append::{CommandRow, from_row, to_time};
use crate::rows;
use crate::time_limit::deadline;

/// The positions of a save's events, and how many of them are new.
type Saved = (Vec<LogPosition>, u64);

impl Inner {
    pub(super) async fn find_command(&self, id: CommandId) -> Result<Option<RecordedCommand>, RecorderError> {
        let mut found = None;
        self.read("look up a command", |connection| {
            // what is found counts as done, so it must not be that of a file that nobody else has
            self.connections.check_not_replaced()?;
            found = self.command_in(connection, id)?;
            Ok(Slice::Last)
        })
        .await?;
        Ok(found)
    }

    pub(super) async fn delete_commands(&self, outdated: OutdatedCommands, limit: usize) -> Result<u64, RecorderError> {
        let (statement, bound) = match outdated {
            OutdatedCommands::Before(time) => (&self.sql.commands.delete_before, to_time(time)),
            OutdatedCommands::AllBut(number) => (&self.sql.commands.delete_all_but, rows::to_bound(number)),
            // another kind, of a later version: all are kept
            _ => return Ok(0),
        };
        // a single statement is a transaction of its own
        let delete = |connection: &Connection| -> Result<usize, StatementError> {
            self.connections.check_file()?;
            Ok(connection.prepare_cached(statement.as_str())?.execute(params![bound, rows::to_count(limit)])?)
        };
        let deadline = deadline(self.config.lock_timeout);
        loop {
            match self.connections.write(delete) {
                Ok(deleted) => return Ok(deleted as u64),
                Err(failure) if self.is_busy(&failure) && Instant::now() < deadline => sleep(PAUSE).await,
                Err(StatementError::Driver(error)) => return Err(self.failed("delete outdated commands", error)),
                Err(StatementError::Recorder(error)) => return Err(error),
            }
        }
    }

    /// Records a save with its command, if it has one. A command that is recorded already refuses the save, unless the events are its own.
    ///
    /// The command comes after the events, and is not looked up before: its unique id refuses it. Then the transaction is rolled back and
    /// repeated, with a lookup and a savepoint for each save, which would cost every save with a command more than the few repeats do.
    pub(super) fn with_command(
        &self,
        connection: &Connection,
        append: &Append,
        terms: &Terms,
        save: impl FnOnce() -> Result<Saved, Stop>,
    ) -> Result<Saved, Stop> {
        let Some(command) = &append.command else { return save() };
        if terms.is_guarded || append.events.is_empty() {
            if let Some(found) = self.recorded_before(connection, append, command.id)? {
                return found;
            }
            return whole(connection, || {
                let saved = save()?;
                self.record_command(connection, append, &saved)?;
                Ok(saved)
            });
        }
        let saved = match save() {
            // whatever else is wrong with a repeat, it is a repeat
            Err(Stop::Failed(StatementError::Recorder(error))) => {
                let found = self.recorded_before(connection, append, command.id)?;
                return found.unwrap_or(Err(error.into()));
            }
            saved => saved?,
        };
        match self.record_command(connection, append, &saved) {
            Ok(()) => Ok(saved),
            Err(_) if saved.1 == 0 && self.command_in(connection, command.id)?.is_some() => Ok(saved),
            // an error that rolled back the transaction: savepoints would not help
            Err(failure) if connection.is_autocommit() => Err(failure.into()),
            Err(_) => Err(Stop::Torn),
        }
    }

    /// The outcome of a save whose command is recorded already: it is done if all of its events are those of its own attempt.
    fn recorded_before(
        &self,
        connection: &Connection,
        append: &Append,
        id: CommandId,
    ) -> Result<Option<Result<Saved, Stop>>, StatementError> {
        let Some(recorded) = self.command_in(connection, id)? else { return Ok(None) };
        let found = self.look_up_versions(connection, &append.events)?;
        let own: Option<Vec<_>> = append.events.iter().map(|event| found.own_position(event)).collect();
        Ok(Some(match own {
            Some(own) if !own.is_empty() => Ok((own, 0)),
            _ => Err(RecorderError::CommandRecorded { recorded: Box::new(recorded) }.into()),
        }))
    }

    fn record_command(
        &self,
        connection: &Connection,
        append: &Append,
        (positions, new): &Saved,
    ) -> Result<(), StatementError> {
        let Some(command) = &append.command else { return Ok(()) };
        // the new events have the greatest ids, one after the other
        let mut ids: Vec<u64> = positions.iter().map(|position| position.id).collect();
        ids.sort_unstable();
        let first = usize::try_from(*new).ok().and_then(|new| ids.iter().rev().take(new).next_back()).copied();
        let is_known = |position: &LogPosition| first.is_none_or(|first| position.id < first);
        let known: Vec<_> = positions.iter().map(|position| is_known(position).then_some(*position)).collect();
        let row = CommandRow::new(command, positions.len(), &known, first.unwrap_or(0));
        let content = command.content.as_ref();
        connection.prepare_cached(self.sql.commands.record.as_str())?.execute(params![
            command.id.as_uuid().as_bytes().as_slice(),
            rows::to_bound(row.offset.unwrap_or(0)),
            rows::to_count(row.events),
            row.earlier,
            content.map(|content| &*content.state),
            rows::to_checksum(content.and_then(|content| content.checksum)),
            row.recorded_at(),
        ])?;
        Ok(())
    }

    fn command_in(&self, connection: &Connection, id: CommandId) -> Result<Option<RecordedCommand>, StatementError> {
        let uuid = id.as_uuid();
        let mut select = connection.prepare_cached(self.sql.commands.find.as_str())?;
        let row = select.query_row([uuid.as_bytes().as_slice()], |row| {
            Ok((uuid, row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        });
        Ok(row.optional()?.map(from_row).transpose()?)
    }
}
