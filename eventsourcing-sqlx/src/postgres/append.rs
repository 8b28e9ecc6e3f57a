//! Appending: one statement, and what is done when it fails.

use std::time::Duration;

use eventsourcing_core::{Notification, RecorderError, StoredEvent};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Inner;
use super::error::{Fault, fault};
use crate::resolution::{Resolution, complete, resolve};
use crate::rows::{self, Taken, TakenRow};
use crate::sql::Sql;

/// How often an append is sent again that the server rolled back for reasons of its own.
const ATTEMPTS: u32 = 10;

impl Inner {
    /// Records the events and gives them their places in the log.
    pub(super) async fn append(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        let ids = self.record(&events).await?;
        Ok(events.into_iter().zip(ids).map(|(event, id)| event.into_notification(id)).collect())
    }

    async fn record(&self, events: &[StoredEvent]) -> Result<Vec<u64>, RecorderError> {
        let mut ids = vec![None; events.len()];
        let mut missing: Vec<&StoredEvent> = events.iter().collect();
        let mut attempt = 1;
        loop {
            let mut connection = self.acquire().await?;
            let error = match insert(&mut connection, &self.sql.append, &missing).await {
                Ok(new) => {
                    connection.mark_clean();
                    return Ok(complete(ids, self.first_of(&new, missing.len())?));
                }
                Err(error) => error,
            };
            let fault = fault(&error, &self.name);
            match fault {
                Fault::Lost => {
                    drop(connection);
                    return self.resolve_lost(events, error).await;
                }
                // closed, because it would fail again
                Fault::StaleConnection => drop(connection),
                // the server's answer to a single statement, which it undid
                _ if error.as_database_error().is_some() => connection.mark_clean(),
                _ => drop(connection),
            }
            match fault {
                Fault::VersionTaken if attempt < ATTEMPTS => match resolve(events, &self.taken_of(events).await?) {
                    Resolution::Free { ids: known, missing: left } => {
                        ids = known;
                        missing = left.into_iter().filter_map(|place| events.get(place)).collect();
                        if missing.is_empty() {
                            return Ok(complete(ids, 1));
                        }
                    }
                    Resolution::Conflict { originator_id, tried } => {
                        let recorded = self.last_version(originator_id).await?.unwrap_or(tried);
                        return Err(RecorderError::Conflict { originator_id, tried, recorded });
                    }
                },
                Fault::Superseded if attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(5) * attempt).await;
                }
                Fault::StaleConnection if attempt < ATTEMPTS => {}
                Fault::IdTaken => {
                    let found = "a notification id above the last one of the head table".to_owned();
                    return Err(RecorderError::Corrupt { found });
                }
                Fault::IdsExhausted => {
                    let last = self.max_notification_id().await?.unwrap_or_default();
                    return Err(RecorderError::PositionExhausted { last, wanted: missing.len() });
                }
                _ => return Err(self.failed("record events", error)),
            }
            attempt += 1;
        }
    }

    /// The first of an insert's ids, which follow one another; their number is compared with that of the events.
    pub(super) fn first_of(&self, ids: &[i64], wanted: usize) -> Result<u64, RecorderError> {
        match ids.iter().min() {
            Some(first) if ids.len() == wanted => rows::from_id(*first),
            Some(_) => Err(RecorderError::Corrupt {
                found: format!("something that recorded {} events of {wanted}, such as a trigger", ids.len()),
            }),
            None => Err(RecorderError::Corrupt {
                found: format!("no row in the head table of {}", self.name.application()),
            }),
        }
    }

    async fn taken_of(&self, events: &[StoredEvent]) -> Result<Vec<Taken>, RecorderError> {
        let mut connection = self.acquire().await?;
        let taken = taken(&mut connection, &self.sql.common.taken, events).await;
        let taken = taken.map_err(|error| self.failed("look for recorded versions", error))?;
        connection.mark_clean();
        taken.into_iter().map(rows::taken).collect()
    }
}

/// Sends the one statement, and reads its answer to the end: only then is it known to be committed.
pub(super) async fn insert(
    connection: &mut PgConnection,
    append: &Sql,
    events: &[&StoredEvent],
) -> Result<Vec<i64>, sqlx::Error> {
    let versions: Vec<i64> = events.iter().map(|event| rows::to_bound(event.originator_version)).collect();
    let checksums: Vec<Option<i64>> = events.iter().map(|event| rows::to_checksum(event.checksum)).collect();
    sqlx::query_scalar(append.text())
        .bind(events.iter().map(|event| event.originator_id).collect::<Vec<Uuid>>())
        .bind(versions)
        .bind(events.iter().map(|event| event.topic.as_str()).collect::<Vec<&str>>())
        .bind(events.iter().map(|event| event.state.as_slice()).collect::<Vec<&[u8]>>())
        .bind(checksums)
        .bind(events.iter().map(|event| event.append_id).collect::<Vec<Uuid>>())
        .fetch_all(connection)
        .await
}

/// Looks for the versions of these events.
pub(super) async fn taken(
    connection: &mut PgConnection,
    statement: &Sql,
    events: &[StoredEvent],
) -> Result<Vec<TakenRow>, sqlx::Error> {
    let versions: Vec<i64> = events.iter().map(|event| rows::to_bound(event.originator_version)).collect();
    sqlx::query_as(statement.text())
        .bind(events.iter().map(|event| event.originator_id).collect::<Vec<Uuid>>())
        .bind(versions)
        .fetch_all(connection)
        .await
}
