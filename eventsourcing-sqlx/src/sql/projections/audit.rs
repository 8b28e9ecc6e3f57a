//! The statements for the audit of what operators do.

#[cfg(feature = "postgres")]
use super::dead_letters::{microseconds, time};
#[cfg(feature = "postgres")]
use super::fragments::{is, op};

/// The statements in one dialect.
pub(crate) struct AuditSql {
    pub(crate) create: &'static str,
    /// `(microseconds since 1970, who, action, target, reason)` → id.
    pub(crate) begin: &'static str,
    /// `(id, outcome, microseconds since 1970)`: only if there is no outcome yet.
    pub(crate) end: &'static str,
    /// `(before, limit)` → id, microseconds since 1970, who, action, target, reason, outcome, microseconds since 1970; the last one first.
    pub(crate) entries: &'static str,
}

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES: AuditSql = AuditSql {
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_audit (\
               id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, operator text NOT NULL, \
               action text NOT NULL, target text NOT NULL, reason text, outcome text, ended_at timestamptz)",
    begin: concat!(
        "INSERT INTO eventsourcing_audit (at, operator, action, target, reason) VALUES (",
        time!("$1::bigint"),
        ", $2, $3, $4, $5) RETURNING id"
    ),
    end: concat!(
        "UPDATE eventsourcing_audit SET outcome = $2, ended_at = ",
        time!("$3::bigint"),
        " WHERE ",
        is!("id", "$1"),
        " AND outcome IS NULL"
    ),
    entries: concat!(
        "SELECT id, ",
        microseconds!("at"),
        ", operator, action, target, reason, outcome, ",
        microseconds!("ended_at"),
        " FROM eventsourcing_audit WHERE id",
        op!("<"),
        "$1 ORDER BY id DESC LIMIT $2"
    ),
};

#[cfg(feature = "sqlite")]
pub(crate) const SQLITE: AuditSql = AuditSql {
    // no id is used a second time, even if rows were deleted
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_audit (\
               id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, operator TEXT NOT NULL, \
               action TEXT NOT NULL, target TEXT NOT NULL, reason TEXT, outcome TEXT, ended_at INTEGER) STRICT",
    begin: "INSERT INTO eventsourcing_audit (at, operator, action, target, reason) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id",
    end: "UPDATE eventsourcing_audit SET outcome = ?2, ended_at = ?3 WHERE id = ?1 AND outcome IS NULL",
    entries: "SELECT id, at, operator, action, target, reason, outcome, ended_at FROM eventsourcing_audit \
              WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
};
