//! The library's error: a variant for each thing that a caller would do differently.

use uuid::Uuid;

use crate::application::{EnvironmentError, TrainingError};
use crate::domain::ApplyError;
use crate::persistence::{DictionaryError, LogPosition, MapperError, RecorderError};

/// The result of this library's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another writer recorded this version of the aggregate first; nothing was recorded. Get it again and retry.
    ///
    /// The first version of an aggregate is [`AlreadyExists`](Self::AlreadyExists), since getting it again does not help.
    #[error(
        "version {tried} of {originator_id} was not recorded, because version {recorded} already is; get the aggregate again and retry"
    )]
    Conflict {
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The first version in this save that is taken.
        tried: u64,
        /// The last version that is recorded.
        recorded: u64,
    },

    /// The save makes an aggregate whose id is taken; nothing was recorded, and a retry cannot succeed. Get it, or choose another id.
    #[error(
        "`{topic}` was not recorded, because an aggregate of the id {originator_id} exists already, at version {recorded}; \
         get that one, or give the new one another id"
    )]
    AlreadyExists {
        /// The topic of the event that was to make the aggregate.
        topic: String,
        /// The id that is taken.
        originator_id: Uuid,
        /// The last version that is recorded under the id.
        recorded: u64,
    },

    /// The log of another application is processed up to another event than this save went on from; nothing was recorded.
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

    /// An application of another type is open in this process under this name, on the same log.
    #[error(
        "the name `{name}` is taken by `{by}`, which is open on the same log: under one name it and `{wanted_by}` would read each other's \
         events; give one of them another name, `#[application(name = \"…\")]`, or open it in another database"
    )]
    NameTaken {
        /// The name of the application.
        name: String,
        /// The type that is open under it.
        by: &'static str,
        /// The type that was to be opened.
        wanted_by: &'static str,
    },

    /// No aggregate has this id.
    #[error("no {aggregate} with the id {originator_id} is recorded")]
    AggregateNotFound {
        /// The name of the type that was asked for.
        aggregate: &'static str,
        /// The id that was asked for.
        originator_id: Uuid,
    },

    /// The aggregate has not come to this version yet, or no aggregate ever has.
    #[error("{aggregate} {originator_id} has no version {version}: its versions are 1 to {current}")]
    VersionNotFound {
        /// The name of the type that was asked for.
        aggregate: &'static str,
        /// The id that was asked for.
        originator_id: Uuid,
        /// The version that was asked for.
        version: u64,
        /// The last version that is recorded.
        current: u64,
    },

    /// The aggregate of this id is of another type.
    #[error(
        "{originator_id} is not a {expected}: its events are recorded as `{found}`; get it as the type that records those"
    )]
    WrongAggregate {
        /// The name of the type that was asked for.
        expected: &'static str,
        /// The topic of an event that is recorded.
        found: String,
        /// The id that was asked for.
        originator_id: Uuid,
    },

    /// The event belongs to another aggregate.
    #[error("the event belongs to {found} and cannot be applied to the {aggregate} {expected}")]
    OriginatorIdMismatch {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id of the aggregate.
        expected: Uuid,
        /// The id that the event carries.
        found: Uuid,
    },

    /// The event is not the aggregate's next one.
    #[error("the event is version {found} of the {aggregate} {originator_id}, whose next version is {expected}")]
    OriginatorVersionMismatch {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The version that is next.
        expected: u64,
        /// The version that the event carries.
        found: u64,
    },

    /// The event does not apply.
    #[error("the event `{topic}` cannot be applied to the {aggregate} {originator_id}: {reason}")]
    Apply {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The topic of the event.
        topic: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// Why.
        reason: ApplyError,
    },

    /// The body of an event triggered another; nothing was recorded.
    #[error(
        "`{inner}` of {originator_id} was triggered inside the body of `{outer}`, where it would happen again at every replay; \
         call both from a plain method instead"
    )]
    NestedEvent {
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The topic of the event whose body was running.
        outer: &'static str,
        /// The topic of the event that was triggered in it.
        inner: &'static str,
    },

    /// The aggregate is a copy that was made in the body of an event; nothing was recorded.
    #[error(
        "this {aggregate} is a copy of {originator_id} that was made inside the body of an event and does not have the event; \
         save the aggregate that the event method was called on"
    )]
    CopiedInBody {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
    },

    /// The body of an event panicked, and the panic was caught.
    #[error("the body of `{topic}` panicked and left {originator_id} in a state that nobody knows; get it again")]
    BodyPanicked {
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The topic of the event.
        topic: &'static str,
    },

    /// No creation event made this aggregate.
    #[error(
        "this {aggregate} cannot be saved: no creation event made it, so it has no id and no history; \
         make it with one of its `#[event]` functions that return `Self`"
    )]
    NotCreated {
        /// The name of the aggregate's type.
        aggregate: &'static str,
    },

    /// The aggregate has gone through events that it does not hold and that are not recorded; nothing was recorded.
    #[error(
        "the {aggregate} {originator_id} cannot be saved, because its versions {first} to {last} are not recorded: \
         they were taken with `collect_events` or applied with `mutate`; save these events first, or get the aggregate again, \
         and look at events with `pending_events`"
    )]
    EventsMissing {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The version of the first of them.
        first: u64,
        /// The version of the last of them.
        last: u64,
    },

    /// A handler of a policy saved on its own application rather than with its unit of work; nothing was recorded.
    #[error(
        "a handler of the policy of `{application}` saved on the application itself, which would be recorded again whenever the handler is called again; \
         save with the handler's unit of work"
    )]
    SavedInPolicy {
        /// The name of the application.
        application: String,
    },

    /// One save holds a version of an aggregate twice.
    #[error("version {version} of {originator_id} is in this save twice; save each aggregate once")]
    SavedTwice {
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The version.
        version: u64,
    },

    /// An event belongs to no aggregate that could be got again.
    #[error(
        "the event `{topic}`, version {version} of {originator_id}, belongs to no aggregate: \
         an id is not nil, and versions count from 1"
    )]
    Homeless {
        /// The topic of the event.
        topic: &'static str,
        /// The id that it carries.
        originator_id: Uuid,
        /// The version that it carries.
        version: u64,
    },

    /// Two types of one application record the same topic.
    #[error(
        "`{first}` and `{second}` both record events under the topic `{topic}`; \
         give one of them another name with `#[aggregate(name = \"…\")]`"
    )]
    TopicTaken {
        /// The topic.
        topic: &'static str,
        /// The type that had it first.
        first: &'static str,
        /// The type that wants it too.
        second: &'static str,
    },

    /// A section id is not two numbers with a comma between them.
    #[error("`{id}` is no section id; expected the first and the last notification id, such as `1,10`")]
    SectionId {
        /// The id that was asked for.
        id: String,
    },

    /// More notifications were asked for than one page may hold.
    #[error(
        "{limit} notifications are more than one selection may hold, which is {max}; read on page by page, or with a NotificationLogReader"
    )]
    LimitTooLarge {
        /// The limit that was asked for.
        limit: usize,
        /// The largest limit.
        max: usize,
    },

    /// The environment does not say how to open the application.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),

    /// The log does not reach to the position after which it was to be followed.
    #[error(
        "the log of `{application}` cannot be followed after {position}, because its last notification is {last}; \
         it is another log, or was restored from a backup: find out what was processed that is no longer there"
    )]
    PositionAheadOfLog {
        /// The name of the application.
        application: String,
        /// The position.
        position: u64,
        /// The last notification id; 0 if there is none.
        last: u64,
    },

    /// The log is not the one that a position was taken from: it went back, and may have grown since.
    #[error(
        "the log is not the one that was read up to {position}: {}; the database was restored from a backup, or failed over to a \
         server that was behind. What was made of the lost events is wrong: make it anew, a projection with `Rebuild`, or go on \
         with this log from a position of your choice, with `accept_log` where a runner is built",
        .found.map_or_else(|| "no event is there now".to_owned(), |found| format!("the event there has the append id {found} now"))
    )]
    LogChanged {
        /// The position up to which the other log was read, with its anchor.
        position: LogPosition,
        /// The `append_id` of the event that is there in this log; none if there is no event.
        found: Option<Uuid>,
    },

    /// An event could not be turned into a stored one, or back.
    #[error(transparent)]
    Mapper(#[from] MapperError),

    /// A dictionary could not be sealed or opened.
    #[error(transparent)]
    Dictionary(#[from] DictionaryError),

    /// No dictionary could be trained.
    #[error(transparent)]
    Training(#[from] TrainingError),

    /// The recorder failed.
    #[error(transparent)]
    Recorder(RecorderError),
}

/// A conflict, what was processed already, and a log that changed, are the caller's business and not the recorder's failure.
impl From<RecorderError> for Error {
    fn from(error: RecorderError) -> Self {
        match error {
            RecorderError::Conflict { originator_id, tried, recorded } => {
                Self::Conflict { originator_id, tried, recorded }
            }
            RecorderError::AlreadyProcessed { upstream, after, recorded } => {
                Self::AlreadyProcessed { upstream, after, recorded }
            }
            RecorderError::LogChanged { position, found } => Self::LogChanged { position, found },
            error => Self::Recorder(error),
        }
    }
}

impl Error {
    /// Whether the same call may succeed when it is made again.
    ///
    /// A conflict is retryable in the sense that the decision must be made again: get the aggregate first.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Conflict { .. } => true,
            Self::Recorder(error) => error.is_retryable(),
            _ => false,
        }
    }

    /// Whether a position does not fit the log: no waiting and no restart helps, only a decision about what was made of the log.
    pub fn is_another_log(&self) -> bool {
        matches!(self, Self::LogChanged { .. } | Self::PositionAheadOfLog { .. })
    }
}
