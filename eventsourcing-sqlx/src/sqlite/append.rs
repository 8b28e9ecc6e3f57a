//! Appending: one transaction, and what is done when it fails.

use eventsourcing_core::{Notification, RecorderError, StoredEvent};
use sqlx::{Sqlite, SqliteConnection};
use tokio::time::{Instant, sleep, timeout};

use super::error::{Fault, busy, is_definite};
use super::open::{Failure, PAUSE};
use super::{Inner, transaction};
use crate::connection::ConnGuard;
use crate::deadline::deadline;
use crate::resolution::{Resolution, complete, resolve};
use crate::rows::{self, TakenRow};
use crate::sql::sqlite::MAX_ROWS;

/// How often a commit is looked up that failed, before its outcome is said to be unknown.
const RESOLUTIONS: u32 = 3;

/// How a transaction ended.
enum Ended {
    /// It is committed, and these are the ids.
    Committed(Vec<u64>),
    /// It was rolled back: versions are taken.
    Taken,
    /// It was rolled back, or never began.
    Failed(Failure),
    /// `COMMIT` failed: it is committed or not.
    Unknown(sqlx::Error),
}

impl Inner {
    /// Records the events and gives them their places in the log.
    pub(super) async fn append(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        let ids = self.record(&events).await?;
        Ok(events.into_iter().zip(ids).map(|(event, id)| event.into_notification(id)).collect())
    }

    async fn record(&self, events: &[StoredEvent]) -> Result<Vec<u64>, RecorderError> {
        let deadline = deadline(self.config.lock_timeout);
        let mut unknown: Option<sqlx::Error> = None;
        let mut resolutions = 0;
        // the plain insert first; once versions are taken, or a commit has failed, only after looking for our own rows
        let mut look_first = false;
        loop {
            let error = match self.transact(events, look_first, deadline).await {
                Ended::Committed(ids) => return Ok(ids),
                Ended::Taken if !look_first => {
                    look_first = true;
                    continue;
                }
                Ended::Taken => RecorderError::Corrupt { found: "a version that is taken and not there".to_owned() },
                Ended::Failed(Failure::Recorder(error)) => error,
                Ended::Failed(Failure::Sqlx(error))
                    if self.fault(&error) == Fault::Locked && Instant::now() < deadline =>
                {
                    sleep(PAUSE).await;
                    continue;
                }
                Ended::Failed(Failure::Sqlx(error)) => self.failed("record events", error),
                Ended::Unknown(error) => {
                    let found_out = resolutions < RESOLUTIONS;
                    (look_first, resolutions) = (true, resolutions + 1);
                    if found_out {
                        unknown = Some(error);
                        continue;
                    }
                    return Err(RecorderError::OutcomeUnknown { source: Box::new(error) });
                }
            };
            return match unknown {
                // a conflict was found by looking, so it is certain; nothing else is
                Some(source) if !matches!(error, RecorderError::Conflict { .. }) => {
                    Err(RecorderError::OutcomeUnknown { source: Box::new(source) })
                }
                _ => Err(error),
            };
        }
    }

    /// One transaction from `BEGIN` to `COMMIT` or `ROLLBACK`.
    async fn transact(&self, events: &[StoredEvent], look_first: bool, deadline: Instant) -> Ended {
        let mut connection = match self.begin(deadline).await {
            Ok(connection) => connection,
            Err(failure) => return Ended::Failed(failure),
        };
        let written = self.write(&mut connection, events, look_first).await;
        match written {
            Ok(ids) => match transaction::commit(&mut connection).await {
                Ok(()) => {
                    connection.mark_clean();
                    Ended::Committed(ids)
                }
                Err(error) => {
                    self.abandon(connection).await;
                    if is_definite(&error) { Ended::Failed(error.into()) } else { Ended::Unknown(error) }
                }
            },
            Err(failure) => {
                let taken = matches!(&failure, Failure::Sqlx(error) if self.fault(error) == Fault::VersionTaken);
                let orderly = taken || matches!(&failure, Failure::Recorder(_));
                // after any other error SQLite may have rolled back by itself, and the connection is not used again
                if orderly && transaction::rollback(&mut connection).await.is_ok() {
                    connection.mark_clean();
                } else {
                    self.abandon(connection).await;
                }
                if taken { Ended::Taken } else { Ended::Failed(self.explain(failure)) }
            }
        }
    }

    /// Waits for the write lock.
    async fn begin(&self, deadline: Instant) -> Result<ConnGuard<Sqlite>, Failure> {
        let mut connection = self.acquire_writer().await?;
        if !self.location.is_memory {
            transaction::begin(&mut connection).await?;
            return Ok(connection);
        }
        // others that share the memory are waited for without end, and not by SQLite's busy timeout
        let patience = deadline.saturating_duration_since(Instant::now());
        match timeout(patience.max(PAUSE), transaction::begin(&mut connection)).await {
            Ok(begun) => begun.map(|()| connection).map_err(Failure::Sqlx),
            Err(elapsed) => {
                // the lock may still come: then it is given back at once, not when somebody asks for the connection
                tokio::spawn(async move {
                    if transaction::leave(&mut connection).await.is_ok() {
                        connection.mark_clean();
                    }
                });
                Err(Failure::Recorder(busy(elapsed, &self.config)))
            }
        }
    }

    async fn write(
        &self,
        connection: &mut SqliteConnection,
        events: &[StoredEvent],
        look_first: bool,
    ) -> Result<Vec<u64>, Failure> {
        let everything = || (vec![None; events.len()], events.iter().collect::<Vec<_>>());
        let (ids, missing) = if look_first { self.look_up(connection, events).await? } else { everything() };
        let first = self.raise(connection, missing.len()).await?;
        self.insert(connection, first, &missing).await?;
        Ok(complete(ids, first))
    }

    /// Which of the events are recorded by an earlier attempt, and which are missing.
    async fn look_up<'e>(
        &self,
        connection: &mut SqliteConnection,
        events: &'e [StoredEvent],
    ) -> Result<(Vec<Option<u64>>, Vec<&'e StoredEvent>), Failure> {
        let wanted: Vec<String> = events
            .iter()
            .map(|event| format!(r#"["{}",{}]"#, event.originator_id.simple(), event.originator_version))
            .collect();
        let taken: Vec<TakenRow> = sqlx::query_as(self.sql.common.taken.text())
            .bind(format!("[{}]", wanted.join(",")))
            .fetch_all(&mut *connection)
            .await?;
        let taken = taken.into_iter().map(rows::taken).collect::<Result<Vec<_>, _>>()?;
        match resolve(events, &taken) {
            Resolution::Free { ids, missing } => {
                Ok((ids, missing.into_iter().filter_map(|place| events.get(place)).collect()))
            }
            Resolution::Conflict { originator_id, tried } => {
                let last: Option<i64> = sqlx::query_scalar(self.sql.common.last_version.text())
                    .bind(originator_id)
                    .fetch_one(connection)
                    .await?;
                let recorded = last.map(rows::from_version).transpose()?.unwrap_or(tried);
                Err(Failure::Recorder(RecorderError::Conflict { originator_id, tried, recorded }))
            }
        }
    }

    /// Takes the next ids out of the head row; the first of them.
    ///
    /// Also if there is nothing to insert: the commit of this change makes durable what an earlier one left in doubt.
    async fn raise(&self, connection: &mut SqliteConnection, wanted: usize) -> Result<u64, Failure> {
        let raised: Option<i64> = sqlx::query_scalar(self.sql.raise.text())
            .bind(rows::to_count(wanted))
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(last) = raised {
            return Ok(rows::from_id(last.saturating_sub(rows::to_count(wanted)))? + 1);
        }
        let last: Option<i64> =
            sqlx::query_scalar(self.sql.common.last.text()).fetch_optional(&mut *connection).await?;
        Err(Failure::Recorder(match last {
            Some(last) => RecorderError::PositionExhausted { last: rows::from_id(last)?, wanted },
            None => self.no_head(),
        }))
    }

    pub(super) fn no_head(&self) -> RecorderError {
        RecorderError::Corrupt { found: format!("no row in the head table of {}", self.name.application()) }
    }

    async fn insert(
        &self,
        connection: &mut SqliteConnection,
        first: u64,
        events: &[&StoredEvent],
    ) -> Result<(), Failure> {
        let mut ids = first..;
        for chunk in events.chunks(MAX_ROWS) {
            let (statement, is_kept) = self.sql.insert(chunk.len());
            let mut insert = sqlx::query(statement.text()).persistent(is_kept);
            for (event, id) in chunk.iter().zip(&mut ids) {
                insert = insert
                    .bind(rows::to_bound(id))
                    .bind(event.originator_id)
                    .bind(rows::to_bound(event.originator_version))
                    .bind(event.topic.clone())
                    .bind(event.state.clone())
                    .bind(rows::to_checksum(event.checksum))
                    .bind(event.append_id);
            }
            insert.execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Closes a connection that failed in a transaction; in memory, where it must stay, brings it out of the transaction.
    async fn abandon(&self, mut connection: ConnGuard<Sqlite>) {
        if self.location.is_memory && transaction::leave(&mut connection).await.is_ok() {
            connection.mark_clean();
        }
    }

    fn explain(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Sqlx(error) if self.fault(&error) == Fault::IdTaken => Failure::Recorder(RecorderError::Corrupt {
                found: "a notification id above the last one of the head table".to_owned(),
            }),
            failure => failure,
        }
    }
}
