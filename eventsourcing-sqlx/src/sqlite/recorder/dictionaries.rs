//! The dictionaries of an application: a few rows, written once and read when an application opens.

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::StoredDictionary;
use rusqlite::params;
use tokio::time::{Instant, sleep};

use super::Inner;
use super::busy::PAUSE;
use super::error::StatementError;
use super::select::Slice;
use crate::rows;
use crate::time_limit::deadline;

impl Inner {
    /// Stores a dictionary. Returns whether it is stored now: not if its id is taken.
    pub(super) async fn insert_dictionary(&self, dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        let deadline = deadline(self.config.lock_timeout);
        let StoredDictionary { id, bytes, checksum, .. } = &dictionary;
        loop {
            // a single statement is a transaction of its own
            let inserted = self.connections.write(|connection| {
                let mut insert = connection.prepare_cached(self.sql.common.insert_dictionary.as_str())?;
                Ok(insert.execute(params![i64::from(*id), bytes, rows::to_checksum(*checksum)])?)
            });
            match inserted {
                Ok(inserted) => return Ok(inserted == 1),
                Err(failure) if self.is_busy(&failure) && Instant::now() < deadline => sleep(PAUSE).await,
                Err(StatementError::Driver(error)) => return Err(self.failed("store a dictionary", error)),
                Err(StatementError::Recorder(error)) => return Err(error),
            }
        }
    }

    pub(super) async fn select_dictionaries(&self, after: u32) -> Result<Vec<StoredDictionary>, RecorderError> {
        let mut dictionaries = Vec::new();
        self.read("select dictionaries", |connection| {
            // the read begins again if the database was busy
            dictionaries.clear();
            let mut select = connection.prepare_cached(self.sql.common.dictionaries.as_str())?;
            let mut found = select.query([i64::from(after)])?;
            while let Some(row) = found.next()? {
                let dictionary =
                    StoredDictionary::new(rows::from_dictionary_id(row.get(0)?)?, row.get::<_, Vec<u8>>(1)?);
                dictionaries.push(dictionary.with_checksum(rows::from_checksum(row.get(2)?)?));
            }
            Ok(Slice::Last)
        })
        .await?;
        Ok(dictionaries)
    }
}
