//! The kinds of database errors. Recorders, views and listeners all decide by this one table what to do about an error.

/// The kind of a database error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(all(feature = "sqlite", feature = "postgres")),
    expect(dead_code, reason = "each database has conditions that the other does not know")
)]
pub(crate) enum ErrorKind {
    /// The connection was lost or never made; the outcome of its last statement is unknown.
    Lost,
    /// The driver and the server disagree about the protocol, or the driver cannot send such a statement.
    Misunderstood,
    /// No connection of the pool was free in time.
    PoolTimeout,
    /// The pool is closed.
    PoolClosed,
    /// A lock was not free in time.
    LockTimeout,
    /// The database aborted the transaction in favour of another, after a deadlock or serialization failure.
    Superseded,
    /// The statement exceeded its time limit or was cancelled.
    TimedOut,
    /// The server is a standby or read-only. The address may lead to another server by now.
    NotPrimary,
    /// The database or the connection is permanently read-only.
    ReadOnly,
    /// The disk is full.
    StorageFull,
    /// Memory or another resource of the server is exhausted.
    OutOfMemory,
    /// The server has reached its limit of connections.
    OutOfConnections,
    /// The disk failed.
    DiskFailed,
    /// The stored data is damaged.
    Damaged,
    /// The plan of a prepared statement is outdated because its tables changed; preparing it again helps.
    StalePlan,
    /// A prepared statement belongs to another session, as behind a pooler.
    ForeignStatement,
    /// The database cannot be opened, or not by this role.
    Unusable,
    /// Any other error: the cause is the statement or its values.
    Statement,
}

impl ErrorKind {
    /// Whether a retry may succeed, on the same connection or another.
    pub(crate) fn is_transient(self) -> bool {
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

    /// The resource that the database lacks, for messages.
    pub(crate) fn lacks(self) -> Option<&'static str> {
        match self {
            Self::OutOfMemory => Some("memory or another resource"),
            Self::OutOfConnections => Some("free connections"),
            Self::DiskFailed => Some("a working disk"),
            _ => None,
        }
    }
}
