//! The commands of the application: recorded by appends, looked up, and deleted by statements of their own.

use std::sync::atomic::Ordering::Relaxed;

use eventsourcing_core::recording::{OutdatedCommands, RecordedCommand};
use eventsourcing_core::{CommandId, RecorderError};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::Inner;
use super::answer_timeout::{self, within};
use super::error::{Fault, StatementError, fault};
use crate::append::{Found, StoredRow, from_row, to_time};
use crate::rows;

impl Inner {
    /// Looks up a command. If the connection breaks, the lookup is repeated on a new one.
    pub(super) async fn find_command(&self, id: CommandId) -> Result<Option<RecordedCommand>, RecorderError> {
        let failed = |failure| match failure {
            StatementError::Driver(error) => self.failed("look up a command", error),
            StatementError::Recorder(error) => error,
        };
        let limit = answer_timeout::limit(&self.config);
        let mut connection = self.acquire().await?;
        match within(limit, self.try_find_command(&mut connection, id)).await {
            Ok(found) => {
                connection.mark_clean();
                Ok(found)
            }
            Err(StatementError::Driver(error))
                if matches!(fault(&error, &self.name), Fault::Lost | Fault::StaleConnection) =>
            {
                drop(connection);
                let mut connection = self.reconnect().await?;
                let found = within(limit, self.try_find_command(&mut connection, id)).await.map_err(failed)?;
                drop(connection.close().await);
                Ok(found)
            }
            Err(failure) => Err(failed(failure)),
        }
    }

    /// A command that is found may be one that a synchronous standby does not have yet: see [`confirm`](Self::confirm).
    async fn try_find_command(
        &self,
        connection: &mut PgConnection,
        id: CommandId,
    ) -> Result<Option<RecordedCommand>, StatementError> {
        self.keep_session(connection).await?;
        let mut found = Found::default();
        self.look_up_commands(connection, &[id], &mut found).await?;
        self.leave_session(connection, true).await?;
        let found = found.command(id).cloned();
        if found.is_some() {
            self.confirm(connection).await?;
        }
        Ok(found)
    }

    pub(super) async fn look_up_commands(
        &self,
        connection: &mut PgConnection,
        ids: &[CommandId],
        found: &mut Found,
    ) -> Result<(), StatementError> {
        let rows: Vec<StoredRow> = sqlx::query_as(self.sql.commands.find.text())
            .persistent(self.is_persistent())
            .bind(ids.iter().map(|id| id.as_uuid()).collect::<Vec<Uuid>>())
            .fetch_all(connection)
            .await?;
        for row in rows {
            found.add_command(from_row(row)?);
        }
        Ok(())
    }

    /// Deletes outdated commands. If the connection breaks, nothing is repeated: the next call deletes what is left.
    pub(super) async fn delete_commands(&self, outdated: OutdatedCommands, limit: usize) -> Result<u64, RecorderError> {
        self.check_writable()?;
        let (statement, bound) = match outdated {
            OutdatedCommands::Before(time) => (&self.sql.commands.delete_before, to_time(time)),
            OutdatedCommands::AllBut(number) => (&self.sql.commands.delete_all_but, rows::to_bound(number)),
            // another kind, of a later version: all are kept
            _ => return Ok(0),
        };
        let mut connection = self.acquire().await?;
        let deleted = within(answer_timeout::limit(&self.config), async {
            self.keep_session(&mut connection).await?;
            let deleted: Vec<i64> = sqlx::query_scalar(statement.text())
                .persistent(self.is_persistent())
                .bind(bound)
                .bind(rows::to_count(limit))
                .bind(self.pruned_to.load(Relaxed))
                .fetch_all(&mut *connection)
                .await?;
            self.leave_session(&mut connection, true).await?;
            Ok::<_, sqlx::Error>(deleted)
        });
        match deleted.await {
            Ok(deleted) => {
                connection.mark_clean();
                // once none is left it begins anew: places are smaller again after a restore
                let is_over = deleted.len() < limit;
                self.pruned_to.store(deleted.iter().copied().max().filter(|_| !is_over).unwrap_or(0), Relaxed);
                Ok(deleted.len() as u64)
            }
            Err(error) => Err(self.failed("delete outdated commands", error)),
        }
    }
}
