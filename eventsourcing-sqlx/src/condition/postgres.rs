//! PostgreSQL: SQLSTATE and the driver's variants → [`Condition`].
//!
//! The codes are those of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::Condition;

/// What an error of the driver says.
pub(crate) fn of(error: &sqlx::Error) -> Condition {
    match error {
        sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => of_server(error),
            None => Condition::Statement,
        },
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => Condition::Lost,
        // the driver found a transaction where there should be none, or none where one was begun
        sqlx::Error::BeginFailed | sqlx::Error::InvalidSavePointStatement => Condition::Lost,
        // among others for a statement with too many parameters, which it never sends
        sqlx::Error::Protocol(_) => Condition::Misunderstood,
        sqlx::Error::PoolTimedOut => Condition::PoolTimeout,
        sqlx::Error::PoolClosed => Condition::PoolClosed,
        _ => Condition::Statement,
    }
}

/// Whether the server ended the statement or its transaction because that took longer than it may.
///
/// With 25P03 and 25P04 it ends the session too, as if the connection had broken.
pub(crate) fn is_timeout(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| is_code_of_timeout(&code))
}

/// `query_canceled`, `idle_in_transaction_session_timeout`, `transaction_timeout`.
fn is_code_of_timeout(code: &str) -> bool {
    matches!(code, "57014" | "25P03" | "25P04")
}

fn of_server(error: &PgDatabaseError) -> Condition {
    // the server ends the session after these, and with 57P01 it may have committed before
    let ends_session = matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic);
    let is_stale_plan = error.routine() == Some("RevalidateCachedQuery");
    of_code(error.code(), ends_session, is_stale_plan)
}

fn of_code(code: &str, ends_session: bool, is_stale_plan: bool) -> Condition {
    match code {
        // these refuse a connection, with the severity of those that end one
        "53300" => Condition::OutOfConnections,
        "42501" | "3D000" => Condition::Unusable,
        code if code.starts_with("28") => Condition::Unusable,
        _ if ends_session => Condition::Lost,
        code if code.starts_with("08") || code.starts_with("57P") || code == "40003" => Condition::Lost,
        "40001" | "40P01" => Condition::Superseded,
        "55P03" => Condition::LockTimeout,
        "57014" => Condition::TimedOut,
        "25006" => Condition::NotPrimary,
        "53100" => Condition::StorageFull,
        code if code.starts_with("53") => Condition::OutOfMemory,
        "58000" | "58030" => Condition::DiskFailed,
        "XX001" | "XX002" => Condition::Damaged,
        "0A000" if is_stale_plan => Condition::StalePlan,
        "26000" | "42P05" => Condition::ForeignStatement,
        _ => Condition::Statement,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn each_class_of_sqlstates_has_its_condition() {
        for (code, ends_session, expected) in [
            ("08006", false, Condition::Lost),
            ("57P01", true, Condition::Lost),
            ("57P03", true, Condition::Lost),
            ("25P03", true, Condition::Lost),
            ("XX000", true, Condition::Lost),
            ("53300", true, Condition::OutOfConnections),
            ("28P01", true, Condition::Unusable),
            ("28000", true, Condition::Unusable),
            ("3D000", true, Condition::Unusable),
            ("40001", false, Condition::Superseded),
            ("40P01", false, Condition::Superseded),
            ("55P03", false, Condition::LockTimeout),
            ("57014", false, Condition::TimedOut),
            ("25006", false, Condition::NotPrimary),
            ("53100", false, Condition::StorageFull),
            ("53200", false, Condition::OutOfMemory),
            ("53400", false, Condition::OutOfMemory),
            ("58030", false, Condition::DiskFailed),
            ("XX001", false, Condition::Damaged),
            ("26000", false, Condition::ForeignStatement),
            ("42P05", false, Condition::ForeignStatement),
            ("0A000", false, Condition::Statement),
            ("23505", false, Condition::Statement),
            ("25P02", false, Condition::Statement),
        ] {
            assert_eq!(of_code(code, ends_session, false), expected, "{code}");
        }
        assert_eq!(of_code("0A000", false, true), Condition::StalePlan);
    }

    #[test]
    fn each_time_limit_of_the_server_passes_and_is_a_timeout() {
        for (code, ends_session) in [("57014", false), ("25P03", true), ("25P04", true)] {
            assert!(is_code_of_timeout(code) && of_code(code, ends_session, false).is_passing(), "{code}");
        }
        assert!(!is_code_of_timeout("55P03"), "another transaction is slow, whatever the size of this one");
    }

    #[test]
    fn what_the_driver_says_has_its_condition_too() {
        for (error, expected) in [
            (sqlx::Error::Io(io::ErrorKind::ConnectionReset.into()), Condition::Lost),
            (sqlx::Error::WorkerCrashed, Condition::Lost),
            (sqlx::Error::BeginFailed, Condition::Lost),
            (sqlx::Error::Protocol("too many arguments for query".to_owned()), Condition::Misunderstood),
            (sqlx::Error::PoolTimedOut, Condition::PoolTimeout),
            (sqlx::Error::PoolClosed, Condition::PoolClosed),
            (sqlx::Error::RowNotFound, Condition::Statement),
        ] {
            assert_eq!(of(&error), expected, "{error}");
        }
    }

    #[test]
    fn a_statement_that_is_never_sent_does_not_pass() {
        assert!(!of(&sqlx::Error::Protocol("too many arguments for query".to_owned())).is_passing());
    }
}
