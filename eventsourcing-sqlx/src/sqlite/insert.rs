//! Inserting the events of a save, all or none.

use eventsourcing_core::persistence::stamped;
use eventsourcing_core::{RecorderError, StoredEvent};
use rusqlite::{Connection, params};

use super::Inner;
use super::append::{Stop, Terms, execute};
use super::error::{Fault, is_everybodys};
use crate::rows;
use crate::sql::sqlite::{RELEASE, ROLLBACK_TO, SAVEPOINT};

/// Why an event was not inserted.
pub(super) enum Refusal {
    /// Its version is taken, or the one before it is missing.
    Version,
    /// The insert did nothing, and gave no error.
    Dropped,
    /// Others of its save were inserted before it, and have to be undone.
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
    /// A savepoint makes SQLite copy each page that changes while it is set. The consecutive events of one aggregate do without: a
    /// conflict refuses the first of them, and a statement that fails undoes itself. If a later one is refused all the same, the
    /// transaction is rolled back and made again with a savepoint for each save.
    pub(super) fn insert(
        &self,
        connection: &Connection,
        events: &[StoredEvent],
        places: &[usize],
        first: u64,
        terms: &Terms,
    ) -> Result<(), Refusal> {
        let is_next = |place: usize| place > 0 && follows(&events[place - 1], &events[place]);
        let insert = |(place, id): (&usize, u64)| {
            let event = &events[*place];
            // what an event follows was inserted just before it, as a rule
            let needs_look = event.originator_version > 1 && !is_next(*place);
            if needs_look && !self.has_predecessor(connection, event)? {
                return Err(Refusal::Version);
            }
            self.insert_row(connection, event, id, terms.stamp)
        };
        let mut ids = places.iter().zip(first..);
        if terms.is_guarded || places.iter().skip(1).any(|place| !is_next(*place)) {
            return whole(connection, || ids.try_for_each(insert));
        }
        ids.next().map_or(Ok(()), insert)?;
        ids.try_for_each(insert).map_err(|refusal| match refusal {
            // an error of the whole database, or one that rolled back everything: savepoints would not help
            Refusal::Sqlite(error) if connection.is_autocommit() || is_everybodys(&error) => Refusal::Sqlite(error),
            _ => Refusal::Torn,
        })
    }

    fn insert_row(&self, connection: &Connection, event: &StoredEvent, id: u64, stamp: u32) -> Result<(), Refusal> {
        let inserted = connection.prepare_cached(self.sql.insert.as_str())?.execute(params![
            rows::to_bound(id),
            event.originator_id.as_bytes().as_slice(),
            rows::to_bound(event.originator_version),
            event.topic,
            event.state,
            rows::to_checksum(event.checksum),
            stamped(event.append_id, stamp).as_bytes().as_slice(),
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
            Refusal::Version => "a version that is taken and not there, or missing and there",
            Refusal::Dropped => "something that kept an event from being recorded, such as a trigger",
        };
        RecorderError::Corrupt { found: found.to_owned() }.into()
    }
}

/// Whether an event is the next of the same aggregate.
fn follows(before: &StoredEvent, event: &StoredEvent) -> bool {
    before.originator_id == event.originator_id && before.originator_version + 1 == event.originator_version
}

/// Does several things to the database or, if one fails, none.
pub(super) fn whole<T, E: From<rusqlite::Error>>(
    connection: &Connection,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    execute(connection, SAVEPOINT)?;
    let done = work();
    // some errors have rolled back the whole transaction
    if done.is_err() && !connection.is_autocommit() {
        execute(connection, ROLLBACK_TO)?;
    }
    if !connection.is_autocommit() {
        execute(connection, RELEASE)?;
    }
    done
}
