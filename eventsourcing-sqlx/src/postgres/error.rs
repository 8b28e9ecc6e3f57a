//! What PostgreSQL's errors mean: SQLSTATE → what to do, and → [`RecorderError`].
//!
//! The codes are those of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use std::io;

use eventsourcing_core::RecorderError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::config::PostgresConfig;
use crate::error::{decoding, other, seconds};
use crate::sql::postgres::raised;
use crate::table_name::TableName;

/// What an error says about the call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A version is recorded already.
    VersionTaken,
    /// A notification id is taken, which the head row should have prevented.
    IdTaken,
    /// The version before one of the events is not recorded.
    PredecessorMissing,
    /// An upstream is not processed up to where an append goes on from.
    TrackingMoved,
    /// Dead letters that an append relies on are not there.
    LettersChanged,
    /// Something, such as a trigger, kept events from being recorded as they were given, and nothing is recorded.
    NotAsGiven,
    /// The head table has no row.
    NoHead,
    /// Notification ids went over the largest number.
    IdsExhausted,
    /// The server gave up on this transaction in favour of another.
    Superseded,
    /// The connection is of no use any more: its prepared statement is outdated, or it is in a transaction that failed.
    StaleConnection,
    /// A table or its schema does not exist.
    NoTable,
    /// The connection is broken, or was never made: what it last did is not known.
    Lost,
    /// Anything else: the server refused, and did nothing.
    Refused,
}

pub(super) fn fault(error: &sqlx::Error, name: &TableName) -> Fault {
    let error = match error {
        sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => error,
            None => return Fault::Refused,
        },
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            return Fault::Lost;
        }
        _ => return Fault::Refused,
    };
    match error.code() {
        // the server ends the session after these, and with 57P01 it may have committed before
        _ if matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic) => Fault::Lost,
        code if code.starts_with("08") || code.starts_with("57P") => Fault::Lost,
        "23505" if error.constraint() == Some(&name.version_key()) => Fault::VersionTaken,
        "23505" if error.constraint() == Some(&name.events_key()) => Fault::IdTaken,
        raised::PREDECESSOR_MISSING => Fault::PredecessorMissing,
        raised::TRACKING_MOVED => Fault::TrackingMoved,
        raised::LETTERS_CHANGED => Fault::LettersChanged,
        raised::NOT_AS_GIVEN => Fault::NotAsGiven,
        raised::NO_HEAD => Fault::NoHead,
        "22003" => Fault::IdsExhausted,
        "40001" | "40P01" => Fault::Superseded,
        "0A000" | "26000" | "25P02" => Fault::StaleConnection,
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
    let code = match &error {
        sqlx::Error::PoolClosed => return RecorderError::Closed,
        sqlx::Error::PoolTimedOut => {
            let waited = seconds(config.connect_timeout);
            return RecorderError::PoolTimeout { waited, setting: "POSTGRES_MAX_OVERFLOW" };
        }
        sqlx::Error::Database(error) => error.code().unwrap_or_default().into_owned(),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            return RecorderError::Disconnected { source: error.into() };
        }
        _ => return other(operation, error),
    };
    match code.as_str() {
        "55P03" => {
            let waited = config.lock_timeout.map_or_else(|| "the role's lock_timeout".to_owned(), seconds);
            RecorderError::Busy { waited, setting: "POSTGRES_LOCK_TIMEOUT", source: error.into() }
        }
        "57014" => {
            let waited = "the server's statement_timeout".to_owned();
            RecorderError::Busy { waited, setting: "statement_timeout", source: error.into() }
        }
        "25006" => RecorderError::ReadOnly { database: config.name(), source: error.into() },
        "53100" => RecorderError::StorageFull { source: error.into() },
        "53300" | "28000" | "28P01" | "3D000" => open_error(error, config),
        "XX001" | "XX002" => RecorderError::Corrupt { found: error.to_string() },
        code if code.starts_with("08") || code.starts_with("57P") => {
            RecorderError::Disconnected { source: error.into() }
        }
        _ => other(operation, error),
    }
}

/// The error of making a connection.
pub(super) fn open_error(error: sqlx::Error, config: &PostgresConfig) -> RecorderError {
    let (reason, cure) = match &error {
        sqlx::Error::Database(error) => {
            (error.message().to_owned(), cure_of(&error.code().unwrap_or_default(), config))
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
        sqlx::Error::Configuration(error) => {
            (error.to_string(), "correct POSTGRES_SSLMODE and POSTGRES_SSLROOTCERT".to_owned())
        }
        error => (error.to_string(), "correct POSTGRES_HOST and POSTGRES_PORT".to_owned()),
    };
    RecorderError::Open { database: config.name(), cause: reason, cure, source: Some(error.into()) }
}

/// The error of making a connection in place of one that was lost: what may pass by itself may be tried again.
pub(super) fn reconnect_error(error: sqlx::Error, config: &PostgresConfig) -> RecorderError {
    let passes = match &error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
        }
        _ => false,
    };
    if passes { RecorderError::Disconnected { source: error.into() } } else { open_error(error, config) }
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
        // as PgBouncer says it
        "08P01" => {
            "set POSTGRES_TRANSACTION_POOLING=y if a pooler such as PgBouncer stands before the server".to_owned()
        }
        "57P03" => "wait until the server has started".to_owned(),
        _ => "correct POSTGRES_DBNAME, POSTGRES_USER and POSTGRES_PASSWORD".to_owned(),
    }
}
