//! SQLite: result codes and the driver's variants → [`Condition`].
//!
//! The codes are those of <https://www.sqlite.org/rescode.html>; the lowest byte of an extended code is the primary one.

use libsqlite3_sys as ffi;

use super::Condition;

/// What a result code says, an extended one or a primary one.
pub(crate) fn of_code(code: i32) -> Condition {
    match code & 0xff {
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => Condition::LockTimeout,
        ffi::SQLITE_INTERRUPT => Condition::TimedOut,
        ffi::SQLITE_READONLY => Condition::ReadOnly,
        ffi::SQLITE_FULL => Condition::StorageFull,
        ffi::SQLITE_NOMEM => Condition::OutOfMemory,
        ffi::SQLITE_IOERR => Condition::DiskFailed,
        ffi::SQLITE_CORRUPT => Condition::Damaged,
        ffi::SQLITE_SCHEMA => Condition::StalePlan,
        ffi::SQLITE_CANTOPEN | ffi::SQLITE_NOTADB => Condition::Unusable,
        _ => Condition::Statement,
    }
}

/// What an error of sqlx says.
pub(crate) fn of(error: &sqlx::Error) -> Condition {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().and_then(|code| code.parse().ok());
            code.map_or(Condition::Statement, of_code)
        }
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => Condition::Lost,
        sqlx::Error::BeginFailed | sqlx::Error::InvalidSavePointStatement => Condition::Lost,
        sqlx::Error::Protocol(_) => Condition::Misunderstood,
        sqlx::Error::PoolTimedOut => Condition::PoolTimeout,
        sqlx::Error::PoolClosed => Condition::PoolClosed,
        _ => Condition::Statement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_result_code_has_its_condition_extended_or_not() {
        for (code, expected) in [
            (ffi::SQLITE_BUSY, Condition::LockTimeout),
            (ffi::SQLITE_BUSY_SNAPSHOT, Condition::LockTimeout),
            (ffi::SQLITE_LOCKED_SHAREDCACHE, Condition::LockTimeout),
            (ffi::SQLITE_FULL, Condition::StorageFull),
            (ffi::SQLITE_IOERR, Condition::DiskFailed),
            (ffi::SQLITE_IOERR_FSYNC, Condition::DiskFailed),
            (ffi::SQLITE_NOMEM, Condition::OutOfMemory),
            (ffi::SQLITE_READONLY, Condition::ReadOnly),
            (ffi::SQLITE_CORRUPT, Condition::Damaged),
            (ffi::SQLITE_NOTADB, Condition::Unusable),
            (ffi::SQLITE_INTERRUPT, Condition::TimedOut),
            (ffi::SQLITE_CONSTRAINT_UNIQUE, Condition::Statement),
            (ffi::SQLITE_ERROR, Condition::Statement),
        ] {
            assert_eq!(of_code(code), expected, "{code}");
        }
    }
}
