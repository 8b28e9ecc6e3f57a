//! PostgreSQL's errors in the recorder: [`ErrorKind`] → how to react, and → [`RecorderError`].

use std::io;
use std::time::Duration;

use eventsourcing_core::RecorderError;
use sqlx::postgres::PgDatabaseError;

use super::privilege;
use crate::config::PostgresConfig;
use crate::errors::postgres::kind_of;
use crate::errors::{ErrorKind, decoding, other, seconds};
use crate::schema::TableName;
use crate::sql::postgres::raised;

/// Why a statement failed: an error of the driver, or one that the recorder found itself.
#[derive(Debug)]
pub(super) enum StatementError {
    Driver(sqlx::Error),
    Recorder(RecorderError),
}

impl From<sqlx::Error> for StatementError {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<RecorderError> for StatementError {
    fn from(error: RecorderError) -> Self {
        Self::Recorder(error)
    }
}

/// The cause of a failed call, by which the recorder decides how to react.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A version is recorded already.
    VersionTaken,
    /// A notification id is taken, which the head row should have prevented.
    IdTaken,
    /// The version before one of the events is not recorded.
    PredecessorMissing,
    /// The tracking position of an upstream is not where an append continues from.
    TrackingMoved,
    /// Dead letters that an append relies on are missing.
    LettersChanged,
    /// A command is recorded already.
    CommandTaken,
    /// Something, such as a trigger, changed or dropped events, and nothing is recorded.
    NotAsGiven,
    /// The head table has no row.
    NoHead,
    /// Notification ids exceed the largest number.
    IdsExhausted,
    /// The server accepts no writes: it is a standby, or has become one. The connection cannot be used any more, and the address may lead
    /// to another server by now.
    NotPrimary,
    /// The server aborted this transaction in favour of another.
    Superseded,
    /// The connection cannot be used any more: its prepared statement is outdated, or it is in a failed transaction.
    StaleConnection,
    /// A table or its schema does not exist.
    NoTable,
    /// The connection is broken or was never made; the outcome of its last statement is unknown.
    Lost,
    /// Any other error: the server refused the statement and did nothing.
    Refused,
}

pub(super) fn fault(error: &sqlx::Error, name: &TableName) -> Fault {
    match kind_of(error) {
        ErrorKind::Lost | ErrorKind::Misunderstood => Fault::Lost,
        ErrorKind::NotPrimary => Fault::NotPrimary,
        ErrorKind::Superseded => Fault::Superseded,
        ErrorKind::StalePlan | ErrorKind::ForeignStatement => Fault::StaleConnection,
        ErrorKind::Statement => fault_of_statement(error, name),
        _ => Fault::Refused,
    }
}

fn fault_of_statement(error: &sqlx::Error, name: &TableName) -> Fault {
    let error = match error {
        sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => error,
            None => return Fault::Refused,
        },
        _ => return Fault::Refused,
    };
    match error.code() {
        "23505" if error.constraint() == Some(&name.version_key()) => Fault::VersionTaken,
        "23505" if error.constraint() == Some(&name.events_key()) => Fault::IdTaken,
        "23505" if error.constraint() == Some(&name.commands_key()) => Fault::CommandTaken,
        raised::PREDECESSOR_MISSING => Fault::PredecessorMissing,
        raised::TRACKING_MOVED => Fault::TrackingMoved,
        raised::LETTERS_CHANGED => Fault::LettersChanged,
        raised::NOT_AS_GIVEN => Fault::NotAsGiven,
        raised::NO_HEAD => Fault::NoHead,
        "22003" => Fault::IdsExhausted,
        "0A000" | "25P02" => Fault::StaleConnection,
        "42P01" | "3F000" => Fault::NoTable,
        _ => Fault::Refused,
    }
}

/// The detail of a server's error, as the append functions give it.
pub(super) fn detail(error: &sqlx::Error) -> &str {
    let error = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    error.and_then(PgDatabaseError::detail).unwrap_or("it is not known how many")
}

/// The error of a call on an open connection.
pub(super) fn recorder_error(error: sqlx::Error, operation: &'static str, config: &PostgresConfig) -> RecorderError {
    let error = match decoding(error) {
        Ok(corrupt) => return corrupt,
        Err(error) => error,
    };
    match kind_of(&error) {
        ErrorKind::Lost | ErrorKind::Misunderstood => RecorderError::Disconnected { source: error.into() },
        ErrorKind::PoolClosed => RecorderError::Closed,
        ErrorKind::PoolTimeout => {
            RecorderError::PoolTimeout { waited: seconds(config.connect_timeout), setting: "POSTGRES_MAX_OVERFLOW" }
        }
        ErrorKind::LockTimeout => {
            let waited = config.lock_timeout.map_or_else(|| "the role's lock_timeout".to_owned(), seconds);
            RecorderError::Busy { waited, setting: "POSTGRES_LOCK_TIMEOUT", source: error.into() }
        }
        ErrorKind::TimedOut => RecorderError::Cancelled { setting: "POSTGRES_ANSWER_TIMEOUT", source: error.into() },
        ErrorKind::Superseded | ErrorKind::StalePlan => RecorderError::Superseded { source: error.into() },
        ErrorKind::NotPrimary => RecorderError::NotPrimary { database: config.name(), source: error.into() },
        ErrorKind::ReadOnly => RecorderError::ReadOnly { database: config.name(), source: error.into() },
        ErrorKind::StorageFull => RecorderError::StorageFull { source: error.into() },
        ErrorKind::Unusable => open_error(error, config),
        ErrorKind::Damaged => RecorderError::Corrupt { found: error.to_string() },
        kind @ (ErrorKind::OutOfMemory
        | ErrorKind::OutOfConnections
        | ErrorKind::DiskFailed
        | ErrorKind::ForeignStatement
        | ErrorKind::Statement) => match kind.lacks() {
            Some(lacks) => RecorderError::OutOfResources { lacks, source: error.into() },
            None => {
                let (message, source) = other(error);
                RecorderError::Database { operation, message, source }
            }
        },
    }
}

/// The error of making a connection.
pub(super) fn open_error(error: sqlx::Error, config: &PostgresConfig) -> RecorderError {
    let (reason, cure) = match &error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            let privilege = (code == "42501").then(|| privilege::cure_of(&**error, config));
            (error.message().to_owned(), privilege.unwrap_or_else(|| cure_of(&code, config)))
        }
        sqlx::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => (
                format!("PostgreSQL is not running there ({error})"),
                "start it, or correct POSTGRES_HOST and POSTGRES_PORT".to_owned(),
            ),
            _ => (error.to_string(), "correct POSTGRES_HOST and POSTGRES_PORT".to_owned()),
        },
        sqlx::Error::Tls(error) => (
            error.to_string(),
            "correct POSTGRES_SSLMODE and POSTGRES_SSLROOTCERT, or the server's certificate".to_owned(),
        ),
        // SCRAM prepares both by RFC 4013, which refuses control characters; the source would show a part of the password
        sqlx::Error::Configuration(error) if error.to_string().contains("saslprep password") => {
            return RecorderError::Open {
                database: config.name(),
                cause: "the password holds a character that no password can have, such as a line break".to_owned(),
                cure: "correct POSTGRES_PASSWORD".to_owned(),
                source: None,
            };
        }
        sqlx::Error::Configuration(error) if error.to_string().contains("saslprep username") => {
            (error.to_string(), "correct POSTGRES_USER".to_owned())
        }
        sqlx::Error::Configuration(error) => {
            (error.to_string(), "correct POSTGRES_SSLMODE and POSTGRES_SSLROOTCERT".to_owned())
        }
        error => (error.to_string(), "correct POSTGRES_HOST and POSTGRES_PORT".to_owned()),
    };
    RecorderError::Open { database: config.name(), cause: reason, cure, source: Some(error.into()) }
}

/// The error of reconnecting. Transient errors may be retried.
pub(super) fn reconnect_error(error: sqlx::Error, config: &PostgresConfig) -> RecorderError {
    match kind_of(&error) {
        // a problem with certificates is not transient
        ErrorKind::Lost if matches!(error, sqlx::Error::Tls(_)) => open_error(error, config),
        ErrorKind::Lost | ErrorKind::Misunderstood => RecorderError::Disconnected { source: error.into() },
        kind if kind.is_transient() => recorder_error(error, "connect", config),
        _ => open_error(error, config),
    }
}

/// The error of a server that accepted a connection and then did not answer, for instance because it waits for something.
pub(super) fn silent_error(config: &PostgresConfig, limit: Duration) -> RecorderError {
    RecorderError::Open {
        database: config.name(),
        cause: format!("the server did not answer within {}", seconds(limit)),
        cure: "see whether it can be reached and whether it waits for a lock or a synchronous standby, \
               or raise POSTGRES_ANSWER_TIMEOUT"
            .to_owned(),
        source: None,
    }
}

/// The error of a connection that was not made in time.
pub(super) fn connect_timeout(config: &PostgresConfig) -> RecorderError {
    RecorderError::Open {
        database: config.name(),
        cause: format!("no answer within {}", seconds(config.connect_timeout)),
        cure: "correct POSTGRES_HOST and POSTGRES_PORT, or raise POSTGRES_CONNECT_TIMEOUT".to_owned(),
        source: None,
    }
}

fn cure_of(code: &str, config: &PostgresConfig) -> String {
    match code {
        "28P01" => "correct POSTGRES_USER and POSTGRES_PASSWORD".to_owned(),
        "28000" => {
            "correct POSTGRES_USER and POSTGRES_PASSWORD, or allow the role in the server's pg_hba.conf".to_owned()
        }
        "3D000" => format!("create it with `createdb {}`, or correct POSTGRES_DBNAME", config.dbname),
        "53300" => "lower POSTGRES_POOL_SIZE and POSTGRES_MAX_OVERFLOW of the programs that use it, \
                    or raise max_connections on the server"
            .to_owned(),
        // the code that PgBouncer uses
        "08P01" => {
            "set POSTGRES_TRANSACTION_POOLING=y if a pooler such as PgBouncer stands before the server".to_owned()
        }
        "57P03" => "wait until the server has started".to_owned(),
        _ => "correct POSTGRES_DBNAME, POSTGRES_USER and POSTGRES_PASSWORD".to_owned(),
    }
}
