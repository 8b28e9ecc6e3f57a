//! The dictionaries of an application: a few rows, written once and read when an application opens.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::StoredDictionary;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};

use super::Inner;
use super::answer_timeout::{self, within};
use super::error::{Fault, StatementError, fault};
use super::select::ShownRow;
use crate::rows;

/// The dictionaries that this process has stored or read, and with which it may write states.
///
/// A server that takes over may lack some of them, and a state is unreadable without its dictionary. So before events are sent
/// on another connection, missing dictionaries are stored again.
#[derive(Default)]
pub(super) struct KnownDictionaries(Mutex<BTreeMap<u32, StoredDictionary>>);

impl KnownDictionaries {
    fn learn(&self, dictionaries: &[StoredDictionary]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(dictionaries.iter().map(|dictionary| (dictionary.id, dictionary.clone())));
    }

    fn all(&self) -> Vec<StoredDictionary> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

impl Inner {
    /// Makes sure that the server of a new connection has each dictionary with which states may have been written.
    ///
    /// # Errors
    /// [`RecorderError::Corrupt`] if it has another dictionary of the same id: states of this process could not be read there.
    pub(super) async fn restore_dictionaries(&self, connection: &mut PgConnection) -> Result<(), RecorderError> {
        let known = self.known_dictionaries.all();
        if known.is_empty() {
            return Ok(());
        }
        let restored = within(answer_timeout::limit(&self.config), async {
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
            // another process may have stored another dictionary of that id meanwhile
            stored = self.stored(connection).await?;
            Ok::<_, StatementError>(stored)
        });
        let stored = restored.await.map_err(|error| match error {
            StatementError::Driver(error) => self.failed("look up the dictionaries", error),
            StatementError::Recorder(error) => error,
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

    async fn stored(&self, connection: &mut PgConnection) -> Result<Vec<StoredDictionary>, StatementError> {
        self.keep_session(connection).await?;
        let rows = sqlx::query(self.sql.common.dictionaries.text()).bind(0_i64).persistent(self.is_persistent());
        let rows = rows.fetch_all(&mut *connection).await;
        self.leave_session(connection, rows.is_ok()).await?;
        rows?.iter().map(dictionary).collect()
    }

    /// Stores a dictionary. Returns whether it is stored now: not if its id is taken.
    ///
    /// If the pooled connection was broken, this is retried on a new one. A dictionary that the first attempt stored has its id
    /// then, and is equal.
    pub(super) async fn insert_dictionary(&self, dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        self.check_writable()?;
        let limit = answer_timeout::limit(&self.config);
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
                let is_kept = inserted.map_err(|error| self.failed("store a dictionary", error))?;
                drop(connection.close().await);
                is_kept || self.select_dictionaries(dictionary.id.saturating_sub(1)).await?.first() == Some(&dictionary)
            }
            Err(error) => return Err(self.failed("store a dictionary", error)),
        };
        if is_kept {
            self.known_dictionaries.learn(&[dictionary]);
        }
        Ok(is_kept)
    }

    async fn keep(&self, connection: &mut PgConnection, dictionary: &StoredDictionary) -> Result<bool, sqlx::Error> {
        let StoredDictionary { id, bytes, checksum, .. } = dictionary;
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
        // if the connection breaks, the retry continues after the last received dictionary
        let select = |found: &mut &mut Vec<StoredDictionary>| {
            let after = found.last().map_or(after, |last| last.id);
            sqlx::query(self.sql.common.dictionaries.text()).bind(i64::from(after))
        };
        let show = |found: &mut &mut Vec<StoredDictionary>, row: ShownRow<'_>| {
            found.push(dictionary(&row)?);
            Ok(ControlFlow::Continue(()))
        };
        self.read("select dictionaries", &mut found, select, show).await?;
        self.known_dictionaries.learn(&found);
        Ok(found)
    }
}

fn dictionary(row: &PgRow) -> Result<StoredDictionary, StatementError> {
    let dictionary = StoredDictionary::new(rows::from_dictionary_id(row.try_get(0)?)?, row.try_get::<Vec<u8>, _>(1)?);
    Ok(dictionary.with_checksum(rows::from_checksum(row.try_get(2)?)?))
}
