//! Statements behind a pooler in transaction pooling mode, such as PgBouncer, and the settings of sessions.
//!
//! sqlx prepares a statement in one round trip and runs it in the next. Between the two, such a pooler may switch to another
//! session, in which the unnamed statement is that of another client: a save would go into another application's table. So each
//! statement runs in a transaction of its own, which keeps the session, and which makes the settings that a session otherwise has.

use sqlx::{AssertSqlSafe, PgConnection};

use super::{Inner, answer_timeout};
use crate::config::PostgresConfig;
use crate::sql::postgres::BEGIN;
use crate::time_limit::milliseconds;

impl Inner {
    /// Whether prepared statements are kept on a connection.
    pub(super) fn is_persistent(&self) -> bool {
        !self.config.transaction_pooling
    }

    /// Begins a transaction that keeps the session for the next statement. Does nothing without a pooler.
    pub(super) async fn keep_session(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if !self.config.transaction_pooling {
            return Ok(());
        }
        let settings = settings(&self.config).map(|(name, value)| format!("; SET LOCAL {name} = '{value}'"));
        run(connection, format!("{BEGIN}{}", settings.collect::<String>())).await
    }

    /// Commits or rolls back the transaction that [`keep_session`](Self::keep_session) began.
    pub(super) async fn leave_session(&self, connection: &mut PgConnection, is_well: bool) -> Result<(), sqlx::Error> {
        if !self.config.transaction_pooling {
            return Ok(());
        }
        run(connection, if is_well { "COMMIT" } else { "ROLLBACK" }.to_owned()).await
    }
}

/// The settings of a session: its time limits, and settings that the defaults of the database or role must not change.
pub(super) fn settings(config: &PostgresConfig) -> impl Iterator<Item = (&'static str, String)> {
    // all tables are named with their schemas, so no path is needed: by a path, a function of the same name in a schema that
    // other roles can write to would run with this role's privileges
    let path = ("search_path", "pg_catalog".to_owned());
    // each statement has an index for its lookups; a sequential scan would read all rows that are not vacuumed yet
    let scans = ("enable_seqscan", "off".to_owned());
    let idle = ("idle_in_transaction_session_timeout", milliseconds(config.idle_in_transaction_session_timeout));
    // a live server answers before the connection counts as lost
    let statement = ("statement_timeout", milliseconds(answer_timeout::limit_of_server(config)));
    let lock = config.lock_timeout.map(|timeout| ("lock_timeout", milliseconds(timeout)));
    [path, scans, idle, statement].into_iter().chain(lock)
}

async fn run(connection: &mut PgConnection, statements: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection).await.map(drop)
}
