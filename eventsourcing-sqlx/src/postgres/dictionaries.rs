//! The dictionaries of an application: few rows, written once and read when an application opens.

use std::ops::ControlFlow;

use eventsourcing_core::RecorderError;
use eventsourcing_core::persistence::StoredDictionary;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};

use super::Inner;
use super::append::Failure;
use super::error::{Fault, fault};
use crate::rows;

impl Inner {
    /// Whether it is kept now: not if its id is taken.
    ///
    /// If the connection of the pool was broken this is done again on a new one. What the first try may have kept has its id
    /// then, and is this very dictionary.
    pub(super) async fn insert_dictionary(&self, dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        let mut connection = self.acquire().await?;
        match self.keep(&mut connection, &dictionary).await {
            Ok(is_kept) => {
                connection.mark_clean();
                return Ok(is_kept);
            }
            Err(error) if matches!(fault(&error, &self.name), Fault::Lost | Fault::StaleConnection) => {}
            Err(error) => return Err(self.failed("keep a dictionary", error)),
        }
        drop(connection);
        let mut connection = self.reconnect().await?;
        let inserted = self.keep(&mut connection, &dictionary).await;
        let is_kept = inserted.map_err(|error| self.failed("keep a dictionary", error))?;
        drop(connection.close().await);
        Ok(is_kept || self.select_dictionaries(dictionary.id.saturating_sub(1)).await?.first() == Some(&dictionary))
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
        let show = |found: &mut &mut Vec<StoredDictionary>, row: &PgRow| {
            found.push(dictionary(row)?);
            Ok(ControlFlow::Continue(()))
        };
        self.read("select dictionaries", &mut found, select, show).await?;
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
