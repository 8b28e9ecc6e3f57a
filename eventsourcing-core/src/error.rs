//! The library's error type, with one variant for each case that a caller handles differently.

mod becomes;

use uuid::Uuid;

use crate::codec::{DictionaryError, MapperError, TrainingError};
use crate::domain::{AggregateError, JsonError, SnapshotFault};
use crate::environment::EnvironmentError;
use crate::error_chain::readable_debug;
use crate::recording::{CommandId, LogPosition, Notification, RecorderError, messages};

/// The result type of this library's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error of applications and aggregates: opening, saving, loading and reading the log.
///
/// Its text names the value that caused it and says what to do, and `source` returns the cause. `Debug` shows the text with the texts of
/// its causes, so that a `main` which returns the error prints them. After an error of a save nothing is recorded, except after
/// [`RecorderError::OutcomeUnknown`].
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::{Application, Error};
/// # futures::executor::block_on(async {
/// let universe = Application::builder("Universe").open()?;
///
/// let error = universe.log().section("ten").await.unwrap_err();
/// assert!(matches!(error, Error::SectionId { .. }));
/// assert!(!error.is_retryable());
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another writer recorded this version of the aggregate first (an optimistic concurrency conflict).
    ///
    /// Nothing was recorded. Get the aggregate again and retry the command. A conflict about the first version of an aggregate is
    /// [`AlreadyExists`](Self::AlreadyExists), because getting the aggregate again does not help. Opening an event-sourced log again does, so that
    /// one about its first version is a conflict.
    #[error("{}; get the aggregate again and retry", messages::conflict(*originator_id, *tried, *recorded))]
    Conflict {
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The first version of this save that is already recorded.
        tried: u64,
        /// The last recorded version of the aggregate.
        recorded: u64,
    },

    /// The save creates an aggregate whose id is already in use.
    ///
    /// Nothing was recorded, and a retry cannot succeed. Get the existing aggregate, or choose another id.
    #[error(
        "`{topic}` was not recorded: an aggregate with the id {originator_id} already exists, at version {recorded}; \
         get the existing aggregate, or create the new one with another id"
    )]
    AlreadyExists {
        /// The topic of the event that creates the aggregate.
        topic: String,
        /// The id that is in use.
        originator_id: Uuid,
        /// The last recorded version of the existing aggregate.
        recorded: u64,
    },

    /// The upstream log is processed up to another position than the one this save continues from.
    ///
    /// Nothing was recorded.
    #[error("{}", messages::already_processed(upstream, *after, *recorded))]
    AlreadyProcessed {
        /// The upstream application whose log is processed.
        upstream: String,
        /// The position that the save continues from.
        after: u64,
        /// The position up to which the log is processed; 0 if no event of it is processed.
        recorded: u64,
    },

    /// The id of a command was recorded before, with other content; nothing was recorded now.
    #[error(
        "the command {id} was recorded before with other content: {difference}; if it is another command, give it another id; if it is the \
         same one and its events differ each time, give its content with `Command::content`, or derive the ids in it with `CommandId::uuid`"
    )]
    CommandReused {
        /// The id of the command.
        id: CommandId,
        /// How the content differs, without any value.
        difference: String,
    },

    /// A retried command in a [scope](crate::CommandId::scope) was recorded before. It was not executed, or not recorded, now.
    #[error(
        "the command {id} was recorded before, with {} events, and nothing was recorded now; \
         `retry(…).command(id)` returns them without an error",
        notifications.len()
    )]
    CommandRecorded {
        /// The id of the command.
        id: CommandId,
        /// The events that it recorded.
        notifications: Vec<Notification>,
    },

    /// The one save of a command's [scope](crate::CommandId::scope) is done or under way; nothing was recorded by this one.
    #[error(
        "the command {id} has another save in its scope; save everything at once, or give this save an id of its own: \
         `save(…).command(id.uuid(\"second\"))`"
    )]
    CommandScopeUsed {
        /// The id of the command.
        id: CommandId,
    },

    /// The id of a command is nil, or made from an empty text; nothing was recorded.
    #[error(
        "the id of a command is nil or made from an empty text, which would be the same for all commands; nothing was recorded; \
         give each command an id, and refuse a request without one"
    )]
    CommandIdMissing,

    /// The content of a command has no JSON; nothing was recorded.
    #[error(
        "the content of the command {id} has no JSON: {reason}; nothing was recorded; give content that serde_json can write"
    )]
    CommandContent {
        /// The id of the command.
        id: CommandId,
        /// Why it has none.
        reason: JsonError,
    },

    /// An application of another type is open in this process under the same name, on the same log.
    #[error(
        "the name `{name}` is already used by `{by}`, which is open on the same log: with one name, it and `{wanted_by}` would read \
         each other's events; name one of them differently with `#[application(name = \"…\")]`, or open it in another database"
    )]
    NameTaken {
        /// The name of the application.
        name: String,
        /// The type that is already open under this name.
        by: &'static str,
        /// The type that could not be opened.
        wanted_by: &'static str,
    },

    /// An aggregate or one of its events is invalid.
    #[error(transparent)]
    Aggregate(#[from] AggregateError),

    /// No aggregate has this id.
    #[error("no {aggregate} with the id {originator_id} is recorded")]
    AggregateNotFound {
        /// The name of the requested type.
        aggregate: &'static str,
        /// The requested id.
        originator_id: Uuid,
    },

    /// The aggregate has not reached this version yet, or no aggregate can have it.
    #[error("{aggregate} {originator_id} has no version {version}; it has the versions 1 to {current}")]
    VersionNotFound {
        /// The name of the requested type.
        aggregate: &'static str,
        /// The requested id.
        originator_id: Uuid,
        /// The requested version.
        version: u64,
        /// The last recorded version.
        current: u64,
    },

    /// The state of an aggregate has no JSON, so its versions cannot be compared.
    #[error(
        "version {version} of {aggregate} {originator_id} cannot be compared: its state has no JSON: {reason}; \
         make its `Serialize` write finite numbers, and maps whose keys are strings or numbers"
    )]
    StateNotJson {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The version of the state.
        version: u64,
        /// Why it has no JSON.
        reason: JsonError,
    },

    /// The aggregate with this id has another type, or newer code recorded events of it under another name.
    #[error("{}", becomes::wrong_aggregate(expected, found, *originator_id, *version))]
    WrongAggregate {
        /// The name of the requested type.
        expected: &'static str,
        /// The topic of a recorded event.
        found: String,
        /// The requested id.
        originator_id: Uuid,
        /// The version of that event. Those before it, if they were read, are of the requested type.
        version: u64,
    },

    /// A policy handler saved on its own application instead of its unit of work. Nothing was recorded.
    #[error(
        "a policy handler of `{application}` saved on the application itself; the save would be repeated each time the handler is retried; \
         save with the handler's unit of work"
    )]
    SavedInPolicy {
        /// The name of the application.
        application: String,
    },

    /// One save contains the same version of an aggregate twice.
    #[error("this save contains version {version} of {originator_id} twice; save each aggregate once")]
    SavedTwice {
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The version that is contained twice.
        version: u64,
    },

    /// An event's aggregate id is nil or its version is 0, so no aggregate can be loaded from it.
    #[error(
        "the event `{topic}`, version {version} of {originator_id}, belongs to no aggregate: \
         the aggregate id must not be nil, and versions start at 1"
    )]
    InvalidOriginator {
        /// The topic of the event.
        topic: &'static str,
        /// The aggregate id of the event.
        originator_id: Uuid,
        /// The version of the event.
        version: u64,
    },

    /// An aggregate was to be created under an id, and has another one; nothing was recorded.
    #[error(
        "the {aggregate} that was created for the id {expected} has the id {found}; \
         give its creation event the id: `#[event(\"…\", id = id)]` with a parameter `id`"
    )]
    CreatedWithOtherId {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id that was asked for.
        expected: Uuid,
        /// The id of the created aggregate.
        found: Uuid,
    },

    /// Two types of one application record events under the same topic.
    #[error(
        "`{first}` and `{second}` both record events under the topic `{topic}`; \
         name one of them differently with `#[aggregate(name = \"…\")]`"
    )]
    TopicTaken {
        /// The topic.
        topic: &'static str,
        /// The type that used the topic first.
        first: &'static str,
        /// The type that uses the topic too.
        second: &'static str,
    },

    /// No snapshot of the aggregate can be taken.
    #[error("no snapshot of {aggregate} can be taken: {reason}")]
    NoSnapshots {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// Why none can be taken, and what to do.
        reason: &'static str,
    },

    /// A snapshot was not stored, because the aggregate would not be restored exactly from it.
    #[error("no snapshot of {aggregate} {originator_id} at version {version} was taken: {fault}")]
    SnapshotNotTaken {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The version of the aggregate.
        version: u64,
        /// How it would differ.
        fault: SnapshotFault,
    },

    /// A snapshot of an earlier version was not stored, because as many later ones of the aggregate are stored as are kept.
    #[error(
        "the snapshot of {aggregate} {originator_id} at version {version} is not kept, because {kept} later ones are stored; \
         keep more with `keep_snapshots` of the application's builder"
    )]
    SnapshotNotKept {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The version of the snapshot.
        version: u64,
        /// How many snapshots of an aggregate are kept.
        kept: usize,
    },

    /// A section id is not two numbers separated by a comma.
    #[error("`{id}` is not a section id; expected the first and the last notification id, such as `1,10`")]
    SectionId {
        /// The requested section id.
        id: String,
    },

    /// A text is not the beginning of an aggregate's id.
    #[error(
        "`{beginning}` is not the beginning of an id; expected at most 32 hexadecimal digits, with or without hyphens, such as `3fa85f64`"
    )]
    IdBeginning {
        /// The text.
        beginning: String,
    },

    /// A selection requests more notifications than the largest limit.
    #[error(
        "a selection of {limit} notifications exceeds the limit of {max}; read the log page by page, or with a NotificationLogReader"
    )]
    LimitTooLarge {
        /// The requested limit.
        limit: usize,
        /// The largest allowed limit.
        max: usize,
    },

    /// The environment variables do not describe how to open the application.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),

    /// The position to continue from is after the end of the log.
    #[error(
        "position {position} is after the end of the log of `{application}`, whose last notification id is {last}; \
         the log is another one, or was restored from a backup: find out which processed events are lost"
    )]
    PositionAheadOfLog {
        /// The name of the application.
        application: String,
        /// The position to continue from.
        position: u64,
        /// The last notification id; 0 if the log is empty.
        last: u64,
    },

    /// The log is not the one that the position was taken from.
    ///
    /// The log was rolled back (restored from a backup, or failed over to a replica that lagged), and may have grown again since. Or it
    /// was in memory, and another process began a new one.
    #[error(
        "{}. Effects of the lost events are wrong: rebuild them (a projection with `Rebuild`), or accept this log from a position of \
         your choice, with `accept_log` of the runner's builder",
        messages::log_changed(*position, *found)
    )]
    LogChanged {
        /// The position up to which the other log was read, with its anchor.
        position: LogPosition,
        /// The `append_id` of the event at that position in this log; none if there is no event.
        found: Option<Uuid>,
    },

    /// A domain event could not be encoded as a stored event, or a stored event could not be decoded.
    #[error(transparent)]
    Mapper(#[from] MapperError),

    /// A dictionary could not be sealed (encrypted for storage) or opened.
    #[error(transparent)]
    Dictionary(#[from] DictionaryError),

    /// A dictionary could not be trained.
    #[error(transparent)]
    Training(#[from] TrainingError),

    /// The recorder failed.
    #[error(transparent)]
    Recorder(RecorderError),
}

readable_debug!(Error);
