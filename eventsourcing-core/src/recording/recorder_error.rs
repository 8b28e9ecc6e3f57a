//! The errors of a recorder.

mod retrying;

use uuid::Uuid;

use super::{Cause, CommandId, LogPosition, RecordedCommand, messages};
use crate::error_chain::readable_debug;

/// The error of a call of a recorder.
///
/// Each recorder creates these errors, so later versions of this library add variants and no fields.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RecorderError {
    /// A version is recorded already, or the version before it is not; nothing was recorded.
    #[error("{}", messages::conflict(*originator_id, *tried, *recorded))]
    Conflict {
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The first version in this insert that is taken, or whose predecessor is missing.
        tried: u64,
        /// The last recorded version; 0 if none is recorded.
        recorded: u64,
    },

    /// The log is not the one that a position was taken from: it was rolled back or replaced. Nothing was read.
    ///
    /// This occurs after a failover to a server that lagged, or after a restore from a backup. Waiting does not help: the events after
    /// the position in this log do not continue those before it in the other log.
    #[error(
        "{}; rebuild everything that was derived from the log, or accept this log as it is",
        messages::log_changed(*position, *found)
    )]
    LogChanged {
        /// The position from which the log was to be read, with its anchor.
        position: LogPosition,
        /// The `append_id` of the event at that position; `None` if there is no event.
        found: Option<Uuid>,
    },

    /// The log of another application is processed up to another id than this insert continues from; nothing was recorded.
    #[error("{}", messages::already_processed(upstream, *after, *recorded))]
    AlreadyProcessed {
        /// The upstream application whose log is processed.
        upstream: String,
        /// The notification id that the insert expected as the processed one.
        after: u64,
        /// The notification id up to which the log is processed; 0 if nothing is processed.
        recorded: u64,
    },

    /// It is unknown whether the events were recorded. Save again: the same attempt is never recorded twice.
    #[error(
        "the connection was lost during a save, and it is unknown whether the events were recorded; \
         save the same aggregates again: events that are already recorded are not recorded twice"
    )]
    OutcomeUnknown {
        /// The error of the connection.
        source: Cause,
    },

    /// Another writer held the write lock for too long; nothing was recorded.
    #[error("the write lock was not free within {waited}; try again, or raise {setting}")]
    Busy {
        /// The duration of the wait, with its unit.
        waited: String,
        /// The environment variable of the timeout.
        setting: &'static str,
        /// The error of the database.
        source: Cause,
    },

    /// The server cancelled the statement; nothing was recorded.
    #[error(
        "the server cancelled the statement, because it exceeded the statement_timeout or a cancellation was requested; \
         nothing was recorded by it; try again, or raise {setting}"
    )]
    Cancelled {
        /// The environment variable of the statement timeout.
        setting: &'static str,
        /// The error of the database.
        source: Cause,
    },

    /// No connection became available in time; nothing was sent.
    #[error("no database connection was free within {waited}; try again, or raise {setting}")]
    PoolTimeout {
        /// The duration of the wait, with its unit.
        waited: String,
        /// The environment variable of the number of connections.
        setting: &'static str,
    },

    /// The database cannot be reached, or cannot be used as configured.
    #[error("cannot open {database}: {cause}; {cure}")]
    Open {
        /// The database, without its password.
        database: String,
        /// What failed.
        cause: String,
        /// How to fix it.
        cure: String,
        /// The error of the driver, if it came from the driver.
        #[source]
        source: Option<Cause>,
    },

    /// The connection was lost; nothing was recorded.
    #[error("the connection to the database was lost; nothing was recorded by this call, try again")]
    Disconnected {
        /// The error of the connection.
        source: Cause,
    },

    /// The database accepts no writes.
    #[error("{database} is read-only, so nothing was recorded; make it writable, or open one that is")]
    ReadOnly {
        /// The database, without its password.
        database: String,
        /// The error of the database.
        source: Cause,
    },

    /// The application was opened read-only, and the call would have changed something. Nothing was changed.
    #[error(
        "`{call}` was refused, because the application was opened read-only; nothing was changed; \
         open it without `read_only` to record events or to change anything else"
    )]
    OpenedReadOnly {
        /// The method of the recorder, such as `insert_events`, which a save calls.
        call: &'static str,
    },

    /// The server no longer accepts writes, because it became a standby or read-only; nothing was recorded.
    #[error(
        "the server of {database} accepts no writes now, because it is a standby or read-only; nothing was recorded; \
         try again: each attempt opens a new connection"
    )]
    NotPrimary {
        /// The database, without its password.
        database: String,
        /// The error of the database.
        source: Cause,
    },

    /// The database rolled this save back after a deadlock or a serialization conflict; nothing was recorded.
    #[error("the database rolled this save back because of a concurrent one; nothing was recorded; try again")]
    Superseded {
        /// The error of the database.
        source: Cause,
    },

    /// The database lacks memory or connections, or its disk failed; nothing was recorded.
    #[error("the database lacks {lacks}, so nothing was recorded; try again")]
    OutOfResources {
        /// The missing resource.
        lacks: &'static str,
        /// The error of the database.
        source: Cause,
    },

    /// A handler saves to the file that contains its own view: the save would wait for the handler's own transaction.
    #[error(
        "a handler cannot save to {database}, because the transaction of its own view holds the write lock until the handler returns; \
         keep the view in a separate file, or save from a `#[policy]`, whose events are recorded with the position"
    )]
    HeldByView {
        /// The file of the database.
        database: String,
    },

    /// The database file was deleted or replaced while it was open; nothing was recorded.
    #[error(
        "{database} was deleted or replaced while it was open, so nothing was recorded; close the application and open it again, \
         and replace the file only while no program has it open"
    )]
    FileReplaced {
        /// The file of the database.
        database: String,
    },

    /// The database has no space left; nothing was recorded.
    #[error("the database has no space left, so nothing was recorded; free some and try again")]
    StorageFull {
        /// The error of the database.
        source: Cause,
    },

    /// The tables were created by a newer version of this library.
    #[error(
        "the tables of application `{application}` have schema version {found}, and this program supports versions up to {known}; \
         run a program built with a newer version of eventsourcing"
    )]
    SchemaTooNew {
        /// The name of the application.
        application: String,
        /// The schema version of the tables.
        found: i64,
        /// The last schema version that this program supports.
        known: i64,
    },

    /// The tables are missing or have an old schema, and CREATE_TABLE forbids creating or migrating them.
    #[error("{problem} for application `{application}`, and CREATE_TABLE is off; run this SQL first:\n{sql}")]
    SchemaMissing {
        /// The name of the application.
        application: String,
        /// What is wrong with the tables.
        problem: String,
        /// The SQL that creates or migrates the tables.
        sql: String,
    },

    /// The tables are missing or have an old schema, and the application was opened read-only, which creates and migrates none.
    #[error(
        "{problem} for application `{application}`, which was opened read-only; open it once without `read_only`, with a role and a \
         program that may create and migrate its tables"
    )]
    NotMigrated {
        /// The name of the application.
        application: String,
        /// What is wrong with the tables, with the version that was found.
        problem: String,
    },

    /// The name is not valid for an application, because it names tables.
    #[error("`{name}` cannot be the name of an application: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Why it is not valid.
        reason: String,
    },

    /// A number is greater than the database can store; nothing was recorded.
    #[error("{what} {value} cannot be stored; the maximum is {max}")]
    OutOfRange {
        /// The kind of number.
        what: &'static str,
        /// The number.
        value: u64,
        /// The maximum that can be stored.
        max: u64,
    },

    /// The serialized states of a save exceed the database's limit for one save; nothing was recorded.
    #[error(
        "the events of this save have serialized states of {bytes} bytes, but the database accepts at most {max} bytes in one save; \
         nothing was recorded; save fewer events at a time, or store less in each of them"
    )]
    SaveTooLarge {
        /// The size of all serialized states together.
        bytes: u64,
        /// The maximum size of one save.
        max: u64,
    },

    /// A tracking position is not after the previous one; nothing was recorded.
    #[error(
        "position {position} of `{upstream}` is not after {after}, up to which it was processed before; \
         nothing was recorded"
    )]
    TrackingBackwards {
        /// The upstream application whose log is processed.
        upstream: String,
        /// The notification id up to which the log was processed before.
        after: u64,
        /// The notification id up to which the log would be processed now.
        position: u64,
    },

    /// All notification ids are in use; nothing was recorded.
    #[error("the log is full: there is no notification id after {last} for {wanted} more events")]
    PositionExhausted {
        /// The last notification id in use.
        last: u64,
        /// The number of events to be recorded.
        wanted: usize,
    },

    /// The database contains data that no recorder wrote.
    #[error("the database contains invalid data: {found}; restore it from a backup, or find out what wrote to it")]
    Corrupt {
        /// The invalid data.
        found: String,
    },

    /// The table of snapshots is missing. No event is lost with it.
    #[error(
        "table {table} is missing; it has snapshots only, which are taken again, and no event is lost: create it with this SQL:\n{sql}"
    )]
    SnapshotsMissing {
        /// The name of the table.
        table: String,
        /// The SQL that creates it.
        sql: String,
    },

    /// The recorder stores no dictionaries.
    #[error(
        "this recorder stores no dictionaries; compress without one, or give the application a recorder that stores them"
    )]
    NoDictionaries,

    /// The recorder stores no snapshots.
    #[error(
        "this recorder stores no snapshots; load the aggregate from its events, or give the application a recorder that stores them"
    )]
    NoSnapshots,

    /// The recorder stores no command ids; nothing was recorded.
    #[error(
        "this recorder stores no command ids; save without one, or give the application a recorder that stores them"
    )]
    NoCommands,

    /// The command was recorded before; nothing was recorded now.
    #[error("the command {} was recorded before; nothing was recorded now", recorded.id)]
    CommandRecorded {
        /// What is recorded of the command.
        recorded: Box<RecordedCommand>,
    },

    /// An append has a command id and changes of dead letters; nothing was recorded.
    #[error("the command {id} cannot be recorded together with changes of dead letters; record them in two appends")]
    CommandWithLetters {
        /// The id of the command.
        id: CommandId,
    },

    /// The recorder does not store how far other applications' logs are processed.
    #[error(
        "this recorder does not store how far the log of `{upstream}` is processed; \
         give the application a recorder that does"
    )]
    NoTracking {
        /// The upstream application whose log is processed.
        upstream: String,
    },

    /// The recorder cannot list the applications whose logs are processed.
    #[error(
        "this recorder does not list the applications whose logs are processed; \
         ask for the position of each by its name, or give the application a recorder that lists them"
    )]
    CannotListUpstreams,

    /// The recorder stores no dead letters; nothing was recorded.
    #[error(
        "this recorder stores no dead letters, so no event of `{upstream}` can be parked; \
         give the application a recorder that stores them, or let it stop or retry on failure"
    )]
    NoDeadLetters {
        /// The upstream application whose log is processed.
        upstream: String,
    },

    /// Another writer changed the dead letters that this append relies on; nothing was recorded.
    #[error(
        "the dead letters of `{upstream}` that this append relies on were removed in the meantime; \
         nothing was recorded; read them again"
    )]
    LettersChanged {
        /// The upstream application whose log contains the events.
        upstream: String,
    },

    /// The recorder, or the store of the views, cannot move a tracked position.
    #[error(
        "the position up to which `{upstream}` is processed cannot be moved from {from} to {to} here; \
         rebuild everything that was derived from the log, or store the position where it can be moved"
    )]
    CannotMovePosition {
        /// The upstream application whose log is processed.
        upstream: String,
        /// The position up to which the log is processed.
        from: LogPosition,
        /// The requested position.
        to: LogPosition,
    },

    /// The recorder was closed.
    #[error("the application is closed; open it again")]
    Closed,

    /// Any other failure; nothing was recorded.
    #[error("the database failed to {operation}: {message}")]
    Database {
        /// The operation that failed.
        operation: &'static str,
        /// The message of the database.
        message: String,
        /// The error of the driver.
        source: Cause,
    },
}

readable_debug!(RecorderError);
