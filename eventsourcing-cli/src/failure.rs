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
        "no application is named: give its name with --app or EVENTSOURCING_APP, as the program that records its events spells it"
    )]
    NoApplication,
    #[error(
        "PERSISTENCE_MODULE is {}, and events in memory exist in their own process alone; \
         set PERSISTENCE_MODULE=sqlite or PERSISTENCE_MODULE=postgres and the variables of the database", found.as_deref().unwrap_or("not set")
    )]
    InMemory { found: Option<String> },
    #[error("there is no file {}, and this command creates none; check SQLITE_DBNAME", path.display())]
    NoFile { path: PathBuf },
    #[error(
        "{problem} for application `{application}`, and this command creates and changes no tables; check --app and the database"
    )]
    NoTables { application: String, problem: String },
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
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NoApplication | Self::Time { .. } | Self::ExportToTerminal => USAGE,
            _ => FAILED,
        }
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
