//! Inserts of the events of a save, all or none.

use eventsourcing_core::recording::stamped;
use eventsourcing_core::{RecorderError, StoredEvent};
use rusqlite::{Connection, params};

use super::Inner;
use super::error::{Fault, is_of_database};
use super::transaction::{Stop, Terms, whole};
use crate::rows;

/// Why an event was not inserted.
pub(super) enum Refusal {
    /// Its version is taken, or the one before it is missing.
    Version,
    /// The insert did nothing and returned no error.
    Dropped,
    /// Other events of its save were inserted before it, and must be undone.
    Torn,
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Inner {
    /// Inserts some of a save's events, all or none.
    ///
    /// While a savepoint is set, SQLite copies each page that changes. Consecutive events of one aggregate need no savepoint: a
    /// conflict refuses the first of them, and a failed statement undoes itself. If a later event is refused after all, the
    /// transaction is rolled back and repeated with a savepoint for each save.
    pub(super) fn insert(
        &self,
        connection: &Connection,
        events: &[StoredEvent],
        indexes: &[usize],
        first: u64,
        terms: &Terms,
    ) -> Result<(), Refusal> {
        let is_next = |index: usize| index > 0 && follows(&events[index - 1], &events[index]);
        let insert = |(index, id): (&usize, u64)| {
            let event = &events[*index];
            // usually the version before was inserted just before
            let needs_look = event.originator_version > 1 && !is_next(*index);
            if needs_look && !self.has_predecessor(connection, event)? {
                return Err(Refusal::Version);
            }
            self.insert_row(connection, event, id, terms)
        };
        let mut ids = indexes.iter().zip(first..);
        if terms.is_guarded || indexes.iter().skip(1).any(|index| !is_next(*index)) {
            return whole(connection, || ids.try_for_each(insert));
        }
        ids.next().map_or(Ok(()), insert)?;
        ids.try_for_each(insert).map_err(|refusal| match refusal {
            // an error of the whole database, or one that rolled back the transaction: savepoints would not help
            Refusal::Sqlite(error) if connection.is_autocommit() || is_of_database(&error) => Refusal::Sqlite(error),
            _ => Refusal::Torn,
        })
    }

    fn insert_row(&self, connection: &Connection, event: &StoredEvent, id: u64, terms: &Terms) -> Result<(), Refusal> {
        let inserted = connection.prepare_cached(self.sql.insert.as_str())?.execute(params![
            rows::to_bound(id),
            event.originator_id.as_bytes().as_slice(),
            rows::to_bound(event.originator_version),
            event.topic,
            event.state,
            rows::to_checksum(event.checksum),
            stamped(event.append_id, terms.stamp).as_bytes().as_slice(),
            terms.time,
        ]);
        match inserted {
            Ok(1) => Ok(()),
            Ok(_) => Err(Refusal::Dropped),
            Err(error) if self.fault(&error) == Fault::VersionTaken => Err(Refusal::Version),
            Err(error) => Err(Refusal::Sqlite(error)),
        }
    }

    fn has_predecessor(&self, connection: &Connection, event: &StoredEvent) -> Result<bool, rusqlite::Error> {
        let before = event.originator_version.saturating_sub(1);
        let mut select = connection.prepare_cached(self.sql.has_version.as_str())?;
        select.exists(params![event.originator_id.as_bytes().as_slice(), rows::to_bound(before)])
    }

    pub(super) fn explain(&self, refusal: Refusal) -> Stop {
        let found = match refusal {
            Refusal::Sqlite(error) if self.fault(&error) == Fault::IdTaken => {
                "a notification id above the last one of the head table"
            }
            Refusal::Sqlite(error) => return error.into(),
            Refusal::Torn => return Stop::Torn,
            Refusal::Version => "a version that the insert and the lookup disagree about",
            Refusal::Dropped => "something, such as a trigger, that dropped an event",
        };
        RecorderError::Corrupt { found: found.to_owned() }.into()
    }
}

/// Whether an event is the next of the same aggregate.
fn follows(before: &StoredEvent, event: &StoredEvent) -> bool {
    before.originator_id == event.originator_id && before.originator_version + 1 == event.originator_version
}
