//! What an error says about its cause, whoever meets it: recorders, views, listeners and handlers all decide by this one table.

#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

/// The condition that a database is in when it fails, or that a statement of it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(all(feature = "sqlite", feature = "postgres")),
    expect(dead_code, reason = "each database has conditions that the other does not know")
)]
pub(crate) enum Condition {
    /// The connection is gone, or never was: what it did last is not known.
    Lost,
    /// The driver and the server do not understand each other, or the driver does not send such a statement.
    Misunderstood,
    /// The pool had no connection to give in time.
    PoolTimeout,
    /// The pool is closed.
    PoolClosed,
    /// A lock was not free in time.
    LockTimeout,
    /// The transaction was given up in favour of another.
    Superseded,
    /// The statement took longer than it may, or was cancelled.
    TimedOut,
    /// The server is a standby, or is set to read only: the address may be another server's by now.
    NotPrimary,
    /// The database, or the connection to it, accepts no writes, and does not change that by itself.
    ReadOnly,
    /// There is no space left.
    StorageFull,
    /// There is no memory, or another resource of the server is used up.
    OutOfMemory,
    /// The server has as many connections as it may have.
    OutOfConnections,
    /// The disk failed.
    DiskFailed,
    /// What is stored is damaged.
    Damaged,
    /// The plan of a statement that was prepared is too old for its tables: prepared anew, it does.
    StalePlan,
    /// A statement that was prepared belongs to another session, as behind a pooler.
    ForeignStatement,
    /// The database cannot be opened, or not by this role.
    Unusable,
    /// Anything else: the fault is in the statement or in its values.
    Statement,
}

impl Condition {
    /// Whether the same may succeed a little later, on another connection or on the same.
    pub(crate) fn is_passing(self) -> bool {
        match self {
            Self::Lost
            | Self::PoolTimeout
            | Self::LockTimeout
            | Self::Superseded
            | Self::TimedOut
            | Self::NotPrimary
            | Self::StorageFull
            | Self::OutOfMemory
            | Self::OutOfConnections
            | Self::DiskFailed
            | Self::StalePlan => true,
            Self::Misunderstood
            | Self::PoolClosed
            | Self::ReadOnly
            | Self::Damaged
            | Self::ForeignStatement
            | Self::Unusable
            | Self::Statement => false,
        }
    }

    /// What the database lacks, if it lacks something, as messages name it.
    pub(crate) fn lacks(self) -> Option<&'static str> {
        match self {
            Self::OutOfMemory => Some("memory or another resource"),
            Self::OutOfConnections => Some("free connections"),
            Self::DiskFailed => Some("a disk that works"),
            _ => None,
        }
    }
}
