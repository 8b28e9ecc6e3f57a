//! PostgreSQL: SQLSTATE and the driver's variants → [`ErrorKind`].
//!
//! The codes are those of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::kind::ErrorKind;

/// The kind of a driver's error.
pub(crate) fn kind_of(error: &sqlx::Error) -> ErrorKind {
    match error {
        sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => kind_of_server(error),
            None => ErrorKind::Statement,
        },
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => ErrorKind::Lost,
        // the driver found a transaction where there should be none, or none where one was begun
        sqlx::Error::BeginFailed | sqlx::Error::InvalidSavePointStatement => ErrorKind::Lost,
        // among others for a statement with too many parameters, which it never sends
        sqlx::Error::Protocol(_) => ErrorKind::Misunderstood,
        sqlx::Error::PoolTimedOut => ErrorKind::PoolTimeout,
        sqlx::Error::PoolClosed => ErrorKind::PoolClosed,
        _ => ErrorKind::Statement,
    }
}

/// Whether the server ended the statement or its transaction because of a time limit.
///
/// With 25P03 and 25P04 it also ends the session, as if the connection had broken.
pub(crate) fn is_timeout(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| is_code_of_timeout(&code))
}

/// Whether a statement names a table that does not exist: `undefined_table`.
pub(crate) fn is_missing_table(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code == "42P01")
}

/// `query_canceled`, `idle_in_transaction_session_timeout`, `transaction_timeout`.
fn is_code_of_timeout(code: &str) -> bool {
    matches!(code, "57014" | "25P03" | "25P04")
}

fn kind_of_server(error: &PgDatabaseError) -> ErrorKind {
    // the server ends the session after these, and with 57P01 it may have committed before
    let ends_session = matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic);
    let is_stale_plan = error.routine() == Some("RevalidateCachedQuery");
    kind_of_code(error.code(), ends_session, is_stale_plan)
}

fn kind_of_code(code: &str, ends_session: bool, is_stale_plan: bool) -> ErrorKind {
    match code {
        // these refuse a connection, with the severity of those that end one
        "53300" => ErrorKind::OutOfConnections,
        "42501" | "3D000" => ErrorKind::Unusable,
        code if code.starts_with("28") => ErrorKind::Unusable,
        _ if ends_session => ErrorKind::Lost,
        code if code.starts_with("08") || code.starts_with("57P") || code == "40003" => ErrorKind::Lost,
        "40001" | "40P01" => ErrorKind::Superseded,
        "55P03" => ErrorKind::LockTimeout,
        "57014" => ErrorKind::TimedOut,
        "25006" => ErrorKind::NotPrimary,
        "53100" => ErrorKind::StorageFull,
        code if code.starts_with("53") => ErrorKind::OutOfMemory,
        "58000" | "58030" => ErrorKind::DiskFailed,
        "XX001" | "XX002" => ErrorKind::Damaged,
        "0A000" if is_stale_plan => ErrorKind::StalePlan,
        "26000" | "42P05" => ErrorKind::ForeignStatement,
        _ => ErrorKind::Statement,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn each_class_of_sqlstates_has_its_kind() {
        for (code, ends_session, expected) in [
            ("08006", false, ErrorKind::Lost),
            ("57P01", true, ErrorKind::Lost),
            ("57P03", true, ErrorKind::Lost),
            ("25P03", true, ErrorKind::Lost),
            ("XX000", true, ErrorKind::Lost),
            ("53300", true, ErrorKind::OutOfConnections),
            ("28P01", true, ErrorKind::Unusable),
            ("28000", true, ErrorKind::Unusable),
            ("3D000", true, ErrorKind::Unusable),
            ("40001", false, ErrorKind::Superseded),
            ("40P01", false, ErrorKind::Superseded),
            ("55P03", false, ErrorKind::LockTimeout),
            ("57014", false, ErrorKind::TimedOut),
            ("25006", false, ErrorKind::NotPrimary),
            ("53100", false, ErrorKind::StorageFull),
            ("53200", false, ErrorKind::OutOfMemory),
            ("53400", false, ErrorKind::OutOfMemory),
            ("58030", false, ErrorKind::DiskFailed),
            ("XX001", false, ErrorKind::Damaged),
            ("26000", false, ErrorKind::ForeignStatement),
            ("42P05", false, ErrorKind::ForeignStatement),
            ("0A000", false, ErrorKind::Statement),
            ("23505", false, ErrorKind::Statement),
            ("25P02", false, ErrorKind::Statement),
        ] {
            assert_eq!(kind_of_code(code, ends_session, false), expected, "{code}");
        }
        assert_eq!(kind_of_code("0A000", false, true), ErrorKind::StalePlan);
    }

    #[test]
    fn each_time_limit_of_the_server_is_transient_and_a_timeout() {
        for (code, ends_session) in [("57014", false), ("25P03", true), ("25P04", true)] {
            assert!(is_code_of_timeout(code) && kind_of_code(code, ends_session, false).is_transient(), "{code}");
        }
        assert!(!is_code_of_timeout("55P03"), "another transaction is slow, whatever the size of this one");
    }

    #[test]
    fn each_error_of_the_driver_has_its_kind() {
        for (error, expected) in [
            (sqlx::Error::Io(io::ErrorKind::ConnectionReset.into()), ErrorKind::Lost),
            (sqlx::Error::WorkerCrashed, ErrorKind::Lost),
            (sqlx::Error::BeginFailed, ErrorKind::Lost),
            (sqlx::Error::Protocol("too many arguments for query".to_owned()), ErrorKind::Misunderstood),
            (sqlx::Error::PoolTimedOut, ErrorKind::PoolTimeout),
            (sqlx::Error::PoolClosed, ErrorKind::PoolClosed),
            (sqlx::Error::RowNotFound, ErrorKind::Statement),
        ] {
            assert_eq!(kind_of(&error), expected, "{error}");
        }
    }

    #[test]
    fn a_statement_that_is_never_sent_is_not_transient() {
        assert!(!kind_of(&sqlx::Error::Protocol("too many arguments for query".to_owned())).is_transient());
    }
}
