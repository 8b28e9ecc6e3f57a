//! The dictionaries of an application: few rows, written once and read when an application opens.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use eventsourcing_core::RecorderError;
use eventsourcing_core::persistence::StoredDictionary;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};

use super::Inner;
use super::answer::{self, within};
use super::append::Failure;
use super::error::{Fault, fault};
use super::select::ShownRow;
use crate::rows;

/// The dictionaries that this process has stored or read, and so may write states with.
///
/// A server that takes over may never have got some of them, and a state is unreadable without its dictionary: before events go
/// to another connection, what is missing there is stored again.
#[derive(Default)]
pub(super) struct Known(Mutex<BTreeMap<u32, StoredDictionary>>);

impl Known {
    fn learn(&self, dictionaries: &[StoredDictionary]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(dictionaries.iter().map(|dictionary| (dictionary.id, dictionary.clone())));
    }

    fn all(&self) -> Vec<StoredDictionary> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

impl Inner {
    /// Makes sure that the server of a new connection has every dictionary that states may have been written with.
    ///
    /// # Errors
    /// [`RecorderError::Corrupt`] if it has another one of the same id: what this process writes could not be read there.
    pub(super) async fn restore_dictionaries(&self, connection: &mut PgConnection) -> Result<(), RecorderError> {
        let known = self.known.all();
        if known.is_empty() {
            return Ok(());
        }
        let restored = within(answer::limit(&self.config), async {
            let mut stored = self.stored(connection).await?;
            let is_missing = |dictionary: &&StoredDictionary| stored.iter().all(|other| other.id != dictionary.id);
            let missing: Vec<&StoredDictionary> = known.iter().filter(is_missing).collect();
            if missing.is_empty() {
                return Ok(stored);
            }
            for dictionary in missing {
                tracing::warn!(database = %self.config.name(), id = dictionary.id, "a dictionary was lost, as in a failover; storing it again");
                self.keep(connection, dictionary).await?;
            }
            // somebody else may have stored another one of that id meanwhile
            stored = self.stored(connection).await?;
            Ok::<_, Failure>(stored)
        });
        let stored = restored.await.map_err(|error| match error {
            Failure::Sqlx(error) => self.failed("look for the dictionaries", error),
            Failure::Recorder(error) => error,
        })?;
        match known.iter().find(|dictionary| !stored.contains(dictionary)) {
            None => Ok(()),
            Some(StoredDictionary { id, .. }) => Err(RecorderError::Corrupt {
                found: format!(
                    "another dictionary {id} than this process writes with, because the log was replaced, as by a failover; \
                     open the application again"
                ),
            }),
        }
    }

    async fn stored(&self, connection: &mut PgConnection) -> Result<Vec<StoredDictionary>, Failure> {
        self.keep_session(connection).await?;
        let rows = sqlx::query(self.sql.common.dictionaries.text()).bind(0_i64).persistent(self.is_persistent());
        let rows = rows.fetch_all(&mut *connection).await;
        self.leave_session(connection, rows.is_ok()).await?;
        rows?.iter().map(dictionary).collect()
    }

    /// Whether it is kept now: not if its id is taken.
    ///
    /// If the connection of the pool was broken this is done again on a new one. What the first try may have kept has its id
    /// then, and is this very dictionary.
    pub(super) async fn insert_dictionary(&self, dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        let limit = answer::limit(&self.config);
        let mut connection = self.acquire().await?;
        let is_kept = match within(limit, self.keep(&mut connection, &dictionary)).await {
            Ok(is_kept) => {
                connection.mark_clean();
                is_kept
            }
            Err(error) if matches!(fault(&error, &self.name), Fault::Lost | Fault::StaleConnection) => {
                drop(connection);
                let mut connection = self.reconnect().await?;
                let inserted = within(limit, self.keep(&mut connection, &dictionary)).await;
                let is_kept = inserted.map_err(|error| self.failed("keep a dictionary", error))?;
                drop(connection.close().await);
                is_kept || self.select_dictionaries(dictionary.id.saturating_sub(1)).await?.first() == Some(&dictionary)
            }
            Err(error) => return Err(self.failed("keep a dictionary", error)),
        };
        if is_kept {
            self.known.learn(&[dictionary]);
        }
        Ok(is_kept)
    }

    async fn keep(&self, connection: &mut PgConnection, dictionary: &StoredDictionary) -> Result<bool, sqlx::Error> {
        let StoredDictionary { id, bytes, checksum } = dictionary;
        self.keep_session(connection).await?;
        let inserted = sqlx::query(self.sql.common.insert_dictionary.text())
            .bind(i64::from(*id))
            .bind(bytes)
            .bind(rows::to_checksum(*checksum))
            .persistent(self.is_persistent())
            .execute(&mut *connection)
            .await?;
        self.leave_session(connection, true).await?;
        Ok(inserted.rows_affected() == 1)
    }

    pub(super) async fn select_dictionaries(&self, after: u32) -> Result<Vec<StoredDictionary>, RecorderError> {
        let mut found: Vec<StoredDictionary> = Vec::new();
        // those after the last that was received, if the connection breaks
        let select = |found: &mut &mut Vec<StoredDictionary>| {
            let after = found.last().map_or(after, |last| last.id);
            sqlx::query(self.sql.common.dictionaries.text()).bind(i64::from(after))
        };
        let show = |found: &mut &mut Vec<StoredDictionary>, row: ShownRow<'_>| {
            found.push(dictionary(&row)?);
            Ok(ControlFlow::Continue(()))
        };
        self.read("select dictionaries", &mut found, select, show).await?;
        self.known.learn(&found);
        Ok(found)
    }
}

fn dictionary(row: &PgRow) -> Result<StoredDictionary, Failure> {
    Ok(StoredDictionary {
        id: rows::from_dictionary_id(row.try_get(0)?)?,
        bytes: row.try_get(1)?,
        checksum: rows::from_checksum(row.try_get(2)?)?,
    })
}
