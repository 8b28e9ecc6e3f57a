//! How a recorder fails.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use uuid::Uuid;

use super::LogPosition;

/// What the database or its driver said.
///
/// Any error or text turns into one with `into()`. It is shared, because one failure can be that of many who waited for the same.
#[derive(Clone)]
pub struct Cause(Arc<dyn StdError + Send + Sync>);

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for Cause {
    fn from(error: E) -> Self {
        Self(Arc::from(error.into()))
    }
}

impl Deref for Cause {
    type Target = dyn StdError + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// How a recorder fails.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecorderError {
    /// A version is recorded already, or the one before it is not; nothing was recorded.
    #[error(
        "version {tried} of {originator_id} was not recorded, because {}",
        if recorded >= tried { format!("version {recorded} already is") } else { format!("the last one that is recorded is {recorded}") }
    )]
    Conflict {
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The first version in this insert that is taken, or whose predecessor is missing.
        tried: u64,
        /// The last version that is recorded; 0 if none is.
        recorded: u64,
    },

    /// The log is not the one that a position was taken from: it went back, or another took its place. Nothing was read.
    ///
    /// A failover to a server that was behind, or a restored backup, brings this about. Waiting does not help: what comes after
    /// the position in this log does not follow from what came before it in the other.
    #[error(
        "the log is not the one that was read up to {position}: {}; the database was restored from a backup, or failed over to a \
         server that was behind; rebuild what was made of the log, or accept this log as it is",
        .found.map_or_else(|| "no event is there now".to_owned(), |found| format!("the event there has the append id {found} now"))
    )]
    LogChanged {
        /// The position from which the log was to be read on, with its anchor.
        position: LogPosition,
        /// The `append_id` of the event that is there; none if there is no event.
        found: Option<Uuid>,
    },

    /// The log of another application is processed up to another event than this insert went on from; nothing was recorded.
    #[error(
        "events of `{upstream}` after {after} were processed, while it is processed up to {recorded}; \
         nothing was recorded, go on after {recorded}"
    )]
    AlreadyProcessed {
        /// The application whose log is processed.
        upstream: String,
        /// Up to where it was said to be processed before.
        after: u64,
        /// Up to where it is processed; 0 if nothing of it is.
        recorded: u64,
    },

    /// It is not known whether the events were recorded. Save again: the same attempt is never recorded twice.
    #[error(
        "the connection was lost while the events were recorded, and it could not be found out whether they are; \
         save the same aggregates again: what is recorded already is not recorded twice"
    )]
    OutcomeUnknown {
        /// What broke.
        source: Cause,
    },

    /// Another writer held the lock for too long; nothing was recorded.
    #[error("the write lock was not free within {waited}; try again, or raise {setting}")]
    Busy {
        /// How long was waited, with its unit.
        waited: String,
        /// The environment variable that says how long to wait.
        setting: &'static str,
        /// What the database said.
        source: Cause,
    },

    /// The server cancelled the statement; nothing was recorded.
    #[error(
        "the server cancelled the statement, because it took longer than the statement_timeout or somebody asked for it; \
         nothing was recorded by it; try again, or raise {setting}"
    )]
    Cancelled {
        /// The environment variable that says how long a statement may take.
        setting: &'static str,
        /// What the database said.
        source: Cause,
    },

    /// No connection was free in time; nothing was sent.
    #[error("no database connection was free within {waited}; try again, or raise {setting}")]
    PoolTimeout {
        /// How long was waited, with its unit.
        waited: String,
        /// The environment variable that says how many connections there are.
        setting: &'static str,
    },

    /// The database cannot be reached or cannot be used as configured.
    #[error("cannot open {database}: {cause}; {cure}")]
    Open {
        /// The database, without its password.
        database: String,
        /// What happened.
        cause: String,
        /// What to do.
        cure: String,
        /// What the driver said, if it was the driver.
        #[source]
        source: Option<Cause>,
    },

    /// The connection broke; nothing was recorded.
    #[error("the connection to the database was lost; nothing was recorded by this call, try again")]
    Disconnected {
        /// What broke.
        source: Cause,
    },

    /// The database accepts no writes.
    #[error("{database} is read-only, so nothing was recorded; make it writable, or open the one that is")]
    ReadOnly {
        /// The database, without its password.
        database: String,
        /// What the database said.
        source: Cause,
    },

    /// The server accepts no writes any more, because it is a standby now or was set to read only; nothing was recorded.
    #[error(
        "the server of {database} accepts no writes now, because it is a standby or read-only; nothing was recorded, \
         try again: each try makes a new connection"
    )]
    NotPrimary {
        /// The database, without its password.
        database: String,
        /// What the database said.
        source: Cause,
    },

    /// The database gave this save up in favour of another, after a deadlock or a conflict; nothing was recorded.
    #[error("the database gave this save up in favour of another; nothing was recorded, try again")]
    Superseded {
        /// What the database said.
        source: Cause,
    },

    /// The database lacks memory or connections, or its disk failed; nothing was recorded.
    #[error("the database lacks {lacks}, so nothing was recorded; try again")]
    OutOfResources {
        /// What it lacks.
        lacks: &'static str,
        /// What the database said.
        source: Cause,
    },

    /// A handler saves to the file in which its own view is: the save would wait for the transaction that the handler is in.
    #[error(
        "a handler cannot save to {database}, whose write lock the transaction of its own view holds until the handler is done; \
         keep the view in a file of its own, or save from a `#[policy]`, whose events are recorded with the position"
    )]
    HeldByView {
        /// The file.
        database: String,
    },

    /// The file of the database was deleted or replaced while it was open; nothing was recorded.
    #[error(
        "{database} was deleted or replaced while it was open, so nothing was recorded; close the application and open it again, \
         and replace the file only while no program has it open"
    )]
    FileReplaced {
        /// The database.
        database: String,
    },

    /// There is no space left; nothing was recorded.
    #[error("the database has no space left, so nothing was recorded; free some and try again")]
    StorageFull {
        /// What the database said.
        source: Cause,
    },

    /// The tables are of a later version of this library.
    #[error(
        "the tables of application `{application}` have schema version {found}, and this program knows versions up to {known}; \
         run a program built with a newer version of eventsourcing"
    )]
    SchemaTooNew {
        /// The application.
        application: String,
        /// The version of the tables.
        found: i64,
        /// The last version that this program knows.
        known: i64,
    },

    /// The tables are missing or old, and CREATE_TABLE forbids to make them.
    #[error("{problem} for application `{application}`, and CREATE_TABLE is off; run this SQL first:\n{sql}")]
    SchemaMissing {
        /// The application.
        application: String,
        /// What is wrong with the tables.
        problem: String,
        /// What makes them right.
        sql: String,
    },

    /// The application's name makes no table name.
    #[error("`{name}` cannot be the name of an application: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        reason: String,
    },

    /// A number is outside of what the database can keep; nothing was recorded.
    #[error("{what} {value} cannot be stored; the largest is {max}")]
    OutOfRange {
        /// What the number counts.
        what: &'static str,
        /// The number.
        value: u64,
        /// The largest that can be stored.
        max: u64,
    },

    /// The states of a save are more bytes than the database takes in one save; nothing was recorded.
    #[error(
        "the events of this save have states of {bytes} bytes, and the database takes at most {max} bytes in one save; \
         nothing was recorded; save fewer events at a time, or keep less in each of them"
    )]
    SaveTooLarge {
        /// The size of all its states together.
        bytes: u64,
        /// The largest size of one save.
        max: u64,
    },

    /// A tracking position does not come after the one before; nothing was recorded.
    #[error(
        "position {position} of `{upstream}` does not come after {after}, up to which it was processed before; \
         nothing was recorded"
    )]
    TrackingBackwards {
        /// The application whose log is processed.
        upstream: String,
        /// Up to where it was said to be processed before.
        after: u64,
        /// Up to where it is said to be processed now.
        position: u64,
    },

    /// All notification ids are used up; nothing was recorded.
    #[error("the log is full: there is no notification id after {last} for {wanted} more events")]
    PositionExhausted {
        /// The last id in use.
        last: u64,
        /// How many events were to be recorded.
        wanted: usize,
    },

    /// The database holds something that no recorder wrote.
    #[error("the database holds what it should not: {found}; restore it from a backup, or find out who wrote to it")]
    Corrupt {
        /// What is there.
        found: String,
    },

    /// The recorder keeps no dictionaries.
    #[error(
        "this recorder keeps no dictionaries; compress without one, or give the application a recorder that keeps them"
    )]
    NoDictionaries,

    /// The recorder does not keep how far the logs of others are processed.
    #[error(
        "this recorder does not keep how far the log of `{upstream}` is processed; \
         give the application a recorder that does"
    )]
    NoTracking {
        /// The application whose log is processed.
        upstream: String,
    },

    /// The recorder keeps no dead letters; nothing was recorded.
    #[error(
        "this recorder keeps no dead letters, so no event of `{upstream}` can be parked; \
         give the application a recorder that keeps them, or let it stop or retry on failure"
    )]
    NoDeadLetters {
        /// The application whose log is processed.
        upstream: String,
    },

    /// Somebody else changed the dead letters that this append relies on; nothing was recorded.
    #[error(
        "the dead letters of `{upstream}` that this append relies on were taken out meanwhile; \
         nothing was recorded, read them again"
    )]
    LettersChanged {
        /// The application whose log the letters are of.
        upstream: String,
    },

    /// The recorder, or the views, cannot move a position to another place in the log.
    #[error(
        "how far the log of `{upstream}` is processed cannot be changed from {from} to {to} here; \
         make what was made of the log anew, or keep the position where it can be"
    )]
    NoMove {
        /// The application whose log is processed.
        upstream: String,
        /// Up to where it is processed.
        from: LogPosition,
        /// Where the position was to be.
        to: LogPosition,
    },

    /// The recorder was closed.
    #[error("the application is closed; open it again")]
    Closed,

    /// Any other failure; nothing was recorded.
    #[error("the database failed while it was to {operation}: {message}")]
    Database {
        /// What was to be done.
        operation: &'static str,
        /// What the database said.
        message: String,
        /// The driver's error.
        source: Cause,
    },
}

impl RecorderError {
    /// Whether the same call may succeed when it is made again, as it is.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::OutcomeUnknown { .. }
                | Self::Busy { .. }
                | Self::Cancelled { .. }
                | Self::PoolTimeout { .. }
                | Self::Disconnected { .. }
                | Self::StorageFull { .. }
                | Self::NotPrimary { .. }
                | Self::Superseded { .. }
                | Self::OutOfResources { .. }
        )
    }

    /// Whether it is certain that nothing was recorded.
    pub fn is_not_done(&self) -> bool {
        !matches!(self, Self::OutcomeUnknown { .. })
    }
}
