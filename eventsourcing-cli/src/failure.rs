//! Why a command failed, and the exit code that says so.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use eventsourcing::{EnvironmentError, RecorderError, Uuid};

/// The exit code of a command line that cannot be understood.
pub(crate) const USAGE: u8 = 2;
const FAILED: u8 = 1;
const UNHEALTHY: u8 = 3;

/// How a command ended that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Fine,
    /// Something in the log is wrong.
    Unhealthy,
}

impl Outcome {
    pub(crate) fn healthy(is_healthy: bool) -> Self {
        if is_healthy { Self::Fine } else { Self::Unhealthy }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fine => Self::SUCCESS,
            Outcome::Unhealthy => Self::from(UNHEALTHY),
        }
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(
        "no application is named: give its name with --app or EVENTSOURCING_APP, as the program that records its events spells it{}",
        of_these(": ", registered)
    )]
    NoApplication { registered: Vec<String> },
    #[error(
        "{database} has the tables of no application; open the application once, whose program creates them, or correct {variables}"
    )]
    NoneFound { database: String, variables: &'static str },
    #[error("{database} has several applications: {}; name one with --app or EVENTSOURCING_APP", found.join(", "))]
    SeveralFound { database: String, found: Vec<String> },
    #[error(
        "PERSISTENCE_MODULE is not set, so no database is known; set PERSISTENCE_MODULE=sqlite with SQLITE_DBNAME, or \
         PERSISTENCE_MODULE=postgres with POSTGRES_DBNAME, POSTGRES_HOST and POSTGRES_USER{}",
        after("; ", hint)
    )]
    NoModule { hint: Option<String> },
    #[error(
        "the events are in memory ({found}), and exist in their own process alone; set PERSISTENCE_MODULE=sqlite or \
         PERSISTENCE_MODULE=postgres and the variables of the database"
    )]
    InMemory { found: String },
    #[error("there is no file {}, and this command creates none; check SQLITE_DBNAME", path.display())]
    NoFile { path: PathBuf },
    #[error(
        "{problem} for application `{application}`, and this command creates and changes no tables; {}", match &found[..] {
            [] => "check the database: it has the tables of no application".to_owned(),
            found => format!("check --app: the database has {}", found.join(", ")),
        }
    )]
    NoTables { application: String, problem: String, found: Vec<String> },
    #[error("`{name}` is not registered in this program; register it with `eventsourcing_cli::admin()`")]
    NotRegistered { name: String },
    #[error("no projection and no policy is called `{name}`; {}", match &found[..] {
        [] => "none is recorded: --views names the database of the projections if it is another".to_owned(),
        found => format!("there are {}", found.join(", ")),
    })]
    NoConsumer { name: String, found: Vec<String> },
    #[error(
        "`{name}` cannot be retried, discarded or rebuilt without its type: register it in a program with `eventsourcing_cli::admin()`"
    )]
    NoConsumerType { name: String },
    #[error(
        "version {live} of `{name}` is live, and this program has version {version}: its letters belong to the live version"
    )]
    OtherVersion { name: String, live: u32, version: u32 },
    #[error("no event at position {position} is a dead letter of `{name}`")]
    NoLetter { name: String, position: u64 },
    #[error("name the consumer whose letters are meant")]
    NoConsumerNamed,
    #[error("a letter is discarded for ever, so give the reason with --reason")]
    NoReason,
    #[error("`{name}` is not being rebuilt{}", after("; ", cure))]
    NoRebuild { name: String, cure: Option<String> },
    #[error("the rebuild of `{name}` failed: {reason}; start it again to continue from its position")]
    RebuildFailed { name: String, reason: String },
    #[error("the rebuild of `{name}` was stopped at position {position} of {last}; start it again to continue")]
    RebuildInterrupted { name: String, position: u64, last: u64 },
    #[error("there is no file {} of views; check --views", path.display())]
    NoViews { path: PathBuf },
    #[error("the database of the views cannot be opened: {source}")]
    ViewsDatabase { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{what}; confirm it with --yes")]
    NotConfirmed { what: String },
    #[error("nothing was done, because it was not confirmed")]
    Declined,
    #[error("`{value}` is no limit; expected a number of events such as 1000, or a duration such as 30s or 5m")]
    Limit { value: String },
    #[error("the views of `{projection}` cannot be opened: {source}")]
    Views { projection: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("environment variable {variable} is not valid Unicode")]
    NotUnicode { variable: String },
    #[error(
        "`{value}` is no time; expected one such as 2026-11-30T08:00:00Z, 2026-11-30, or a duration before now such as 2h or 15m"
    )]
    Time { value: String },
    #[error(
        "the time of the event at position {position} cannot be read: {reason}; give a position with --after instead"
    )]
    NoTime { position: u64, reason: String },
    #[error("no event has position {position}; the last one is {last}")]
    NoEvent { position: u64, last: u64 },
    #[error("no aggregate with the id {id} is recorded in `{application}`")]
    NoAggregate { id: Uuid, application: String },
    #[error("the aggregate {id} has no version {version}; its last one is {last}")]
    NoVersion { id: Uuid, version: u64, last: u64 },
    #[error("versions begin at 1; before that the aggregate does not exist")]
    VersionZero,
    #[error("the aggregate {id} was created later")]
    NotYet { id: Uuid },
    #[error(
        "the states of aggregates need the types of `{application}`: build a program with `eventsourcing_cli::run::<({application},)>()`"
    )]
    NoTypes { application: String },
    #[error(
        "no aggregate of `{application}` has events with the topic {topic}: name it in `#[application(aggregates(…))]`"
    )]
    TypeNotNamed { application: String, topic: String },
    #[error("states of `{aggregate}` cannot be compared, because they are not shown as JSON: derive Serialize for it")]
    NotSerialize { aggregate: &'static str },
    #[error("states of `{aggregate}` cannot be shown: derive Serialize or Debug for it")]
    NotShown { aggregate: &'static str },
    #[error("an export is not meant for a terminal; give --output FILE, or send it to a file or another program")]
    ExportToTerminal,
    #[error("{} exists already; give another name, or delete it", path.display())]
    FileExists { path: PathBuf },
    #[error("{} is no export to continue: {reason}; delete it to start again, without --resume", path.display())]
    NotResumable { path: PathBuf, reason: String },
    #[error("the export was interrupted after position {position} of {last}; {}", match kept {
        Some(path) => format!("{} has what was read: run the same command with --resume to continue", path.display()),
        None => format!("continue with --after {position}"),
    })]
    ExportInterrupted { position: u64, last: u64, kept: Option<PathBuf> },
    #[error("line {line} of the export: {reason}; nothing of it was imported")]
    BadLine { line: u64, reason: String },
    #[error(
        "the export ends after line {line}, before its end mark: it was interrupted or cut off; nothing of it was imported"
    )]
    Truncated { line: u64 },
    #[error(
        "the export has no event between the positions {after} and {next}: events were deleted from its log. An import would give all later \
         events other positions; nothing was imported"
    )]
    MissingPositions { after: u64, next: u64 },
    #[error(
        "the export has the recorded states of `{exported}`, which are bound to its name; import them as `{exported}`, not `{application}`, \
         or export without --sealed; nothing was imported"
    )]
    OtherApplication { exported: String, application: String },
    #[error(
        "the export begins after position {after}, and the log of `{application}` ends at {last}; import the part before it first"
    )]
    NotConnected { application: String, after: u64, last: u64 },
    #[error(
        "the log of `{application}` has another event at position {position} than the export, so it is not an earlier part of this import; \
         import into an empty application; nothing was imported"
    )]
    OtherLog { application: String, position: u64 },
    #[error(
        "dictionary {id} of `{application}` differs from that of the export, and its states need theirs; import into an application that no \
         program has opened, or export without --sealed; nothing was imported"
    )]
    OtherDictionary { application: String, id: u32 },
    #[error(
        "another program recorded events in `{application}` during the import: position {found} was issued instead of {expected}. \
         Stop that program, drop the tables of this application, and import again"
    )]
    Interfered { application: String, expected: u64, found: u64 },
    #[error("the import was stopped at position {position} of {last}; run the same command again to continue")]
    ImportInterrupted { position: u64, last: u64 },
    #[error(
        "the imported log differs from the export: {found_events} events with digest {found}, instead of {expected_events} with {expected}"
    )]
    NotEqual { expected_events: u64, expected: String, found_events: u64, found: String },
    #[error("the verification was stopped at position {position} of {last}")]
    VerifyInterrupted { position: u64, last: u64 },
    #[error(
        "the event at position {position} cannot be exported as JSON: {reason}; export the recorded states with --sealed"
    )]
    Unreadable { position: u64, reason: String },
    #[error(
        "the events at positions {first} to {last} were not recorded: {source}; run the same command again to continue"
    )]
    NotRecorded { first: u64, last: u64, source: RecorderError },
    #[error("the event at position {position} cannot be imported: {reason}")]
    NotSealable { position: u64, reason: String },
    #[error("{doing}: {source}")]
    File { doing: String, source: io::Error },
    #[error("the runtime cannot start: {0}")]
    Runtime(io::Error),
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
    /// The reader of the output has seen enough.
    #[error("nobody reads the output")]
    BrokenPipe,
    #[error(transparent)]
    Library(Box<eventsourcing::Error>),
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// The names, after this text; nothing if there are none.
fn of_these(text: &str, names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("{text}{}", names.join(", ")) }
}

/// The hint, after this text; nothing if there is none.
fn after(text: &str, hint: &Option<String>) -> String {
    hint.as_ref().map_or_else(String::new, |hint| format!("{text}{hint}"))
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NoApplication { .. }
            | Self::SeveralFound { .. }
            | Self::VersionZero
            | Self::NotConfirmed { .. }
            | Self::NoReason
            | Self::NoConsumerNamed
            | Self::Limit { .. }
            | Self::Time { .. }
            | Self::ExportToTerminal => USAGE,
            _ => FAILED,
        }
    }

    /// Whether the variables or the arguments are wrong, so that nothing is known of the database.
    pub(crate) fn is_of_configuration(&self) -> bool {
        match self {
            Self::Library(error) => matches!(**error, eventsourcing::Error::Environment(_)),
            Self::NoModule { .. } | Self::InMemory { .. } | Self::NotUnicode { .. } => true,
            failure => failure.exit_code() == USAGE,
        }
    }

    /// The failure of something else in the library.
    pub(crate) fn other(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Other(Box::new(error))
    }

    /// The failure to do something with a file.
    pub(crate) fn file(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        |source| Self::File { doing, source }
    }

    /// The failure to write to the standard output.
    pub(crate) fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::BrokenPipe } else { Self::Output(error) }
    }
}

impl From<eventsourcing::Error> for Failure {
    fn from(error: eventsourcing::Error) -> Self {
        Self::Library(Box::new(error))
    }
}

impl From<RecorderError> for Failure {
    fn from(error: RecorderError) -> Self {
        eventsourcing::Error::from(error).into()
    }
}

impl From<EnvironmentError> for Failure {
    fn from(error: EnvironmentError) -> Self {
        eventsourcing::Error::from(error).into()
    }
}
