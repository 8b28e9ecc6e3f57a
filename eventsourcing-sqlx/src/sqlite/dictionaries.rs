//! The dictionaries of an application: few rows, written once and read when an application opens.

use eventsourcing_core::RecorderError;
use eventsourcing_core::persistence::StoredDictionary;
use rusqlite::params;
use tokio::time::{Instant, sleep};

use super::Inner;
use super::error::Failure;
use super::open::PAUSE;
use super::select::Slice;
use crate::deadline::deadline;
use crate::rows;

impl Inner {
    /// Whether it is kept now: not if its id is taken.
    pub(super) async fn insert_dictionary(&self, dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        let deadline = deadline(self.config.lock_timeout);
        let StoredDictionary { id, bytes, checksum } = &dictionary;
        loop {
            // a statement alone is a transaction of its own
            let inserted = self.connections.write(|connection| {
                let mut insert = connection.prepare_cached(self.sql.common.insert_dictionary.as_str())?;
                Ok(insert.execute(params![i64::from(*id), bytes, rows::to_checksum(*checksum)])?)
            });
            match inserted {
                Ok(inserted) => return Ok(inserted == 1),
                Err(failure) if self.is_passing(&failure) && Instant::now() < deadline => sleep(PAUSE).await,
                Err(Failure::Sqlite(error)) => return Err(self.failed("keep a dictionary", error)),
                Err(Failure::Recorder(error)) => return Err(error),
            }
        }
    }

    pub(super) async fn select_dictionaries(&self, after: u32) -> Result<Vec<StoredDictionary>, RecorderError> {
        let mut dictionaries = Vec::new();
        self.read("select dictionaries", |connection| {
            // begun again if others were at work on the same memory
            dictionaries.clear();
            let mut select = connection.prepare_cached(self.sql.common.dictionaries.as_str())?;
            let mut found = select.query([i64::from(after)])?;
            while let Some(row) = found.next()? {
                dictionaries.push(StoredDictionary {
                    id: rows::from_dictionary_id(row.get(0)?)?,
                    bytes: row.get(1)?,
                    checksum: rows::from_checksum(row.get(2)?)?,
                });
            }
            Ok(Slice::Last)
        })
        .await?;
        Ok(dictionaries)
    }
}
