//! SQLite: result codes and the driver's variants → [`ErrorKind`].
//!
//! The codes are those of <https://www.sqlite.org/rescode.html>; the lowest byte of an extended code is the primary one.

use libsqlite3_sys as ffi;

use super::kind::ErrorKind;

/// The kind of a result code, extended or primary.
pub(crate) fn kind_of_code(code: i32) -> ErrorKind {
    match code & 0xff {
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => ErrorKind::LockTimeout,
        ffi::SQLITE_INTERRUPT => ErrorKind::TimedOut,
        ffi::SQLITE_READONLY => ErrorKind::ReadOnly,
        ffi::SQLITE_FULL => ErrorKind::StorageFull,
        ffi::SQLITE_NOMEM => ErrorKind::OutOfMemory,
        ffi::SQLITE_IOERR => ErrorKind::DiskFailed,
        ffi::SQLITE_CORRUPT => ErrorKind::Damaged,
        ffi::SQLITE_SCHEMA => ErrorKind::StalePlan,
        ffi::SQLITE_CANTOPEN | ffi::SQLITE_NOTADB => ErrorKind::Unusable,
        _ => ErrorKind::Statement,
    }
}

/// Whether a statement names a table that does not exist. SQLite has no result code of its own for that.
pub(crate) fn is_missing_table(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.message().starts_with("no such table:"))
}

/// The kind of an error of sqlx.
pub(crate) fn kind_of(error: &sqlx::Error) -> ErrorKind {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().and_then(|code| code.parse().ok());
            code.map_or(ErrorKind::Statement, kind_of_code)
        }
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => ErrorKind::Lost,
        sqlx::Error::BeginFailed | sqlx::Error::InvalidSavePointStatement => ErrorKind::Lost,
        sqlx::Error::Protocol(_) => ErrorKind::Misunderstood,
        sqlx::Error::PoolTimedOut => ErrorKind::PoolTimeout,
        sqlx::Error::PoolClosed => ErrorKind::PoolClosed,
        _ => ErrorKind::Statement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_result_code_has_its_kind_extended_or_not() {
        for (code, expected) in [
            (ffi::SQLITE_BUSY, ErrorKind::LockTimeout),
            (ffi::SQLITE_BUSY_SNAPSHOT, ErrorKind::LockTimeout),
            (ffi::SQLITE_LOCKED_SHAREDCACHE, ErrorKind::LockTimeout),
            (ffi::SQLITE_FULL, ErrorKind::StorageFull),
            (ffi::SQLITE_IOERR, ErrorKind::DiskFailed),
            (ffi::SQLITE_IOERR_FSYNC, ErrorKind::DiskFailed),
            (ffi::SQLITE_NOMEM, ErrorKind::OutOfMemory),
            (ffi::SQLITE_READONLY, ErrorKind::ReadOnly),
            (ffi::SQLITE_CORRUPT, ErrorKind::Damaged),
            (ffi::SQLITE_NOTADB, ErrorKind::Unusable),
            (ffi::SQLITE_INTERRUPT, ErrorKind::TimedOut),
            (ffi::SQLITE_CONSTRAINT_UNIQUE, ErrorKind::Statement),
            (ffi::SQLITE_ERROR, ErrorKind::Statement),
        ] {
            assert_eq!(kind_of_code(code), expected, "{code}");
        }
    }
}
