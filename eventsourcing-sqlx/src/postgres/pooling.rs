//! What is different behind a pooler that gives each transaction any session it has, such as PgBouncer.
//!
//! sqlx prepares a statement in one exchange and runs it in the next. Between the two, such a pooler may go on with another
//! session, in which the unnamed statement is that of another client: a save would go into another application's table. So each
//! statement has a transaction of its own around it, which keeps the session, and sets for itself what otherwise the session has.

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgConnection};

use super::{Inner, answer};
use crate::config::PostgresConfig;
use crate::sql::postgres::BEGIN;

impl Inner {
    /// Whether statements are kept prepared on a connection.
    pub(super) fn is_persistent(&self) -> bool {
        !self.config.transaction_pooling
    }

    /// Begins what keeps the session for the next statement; nothing where the session is ours.
    pub(super) async fn keep_session(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if !self.config.transaction_pooling {
            return Ok(());
        }
        let settings = settings(&self.config).map(|(name, value)| format!("; SET LOCAL {name} = '{value}'"));
        run(connection, format!("{BEGIN}{}", settings.collect::<String>())).await
    }

    /// Ends what [`keep_session`](Self::keep_session) began: well, or as if it had not been.
    pub(super) async fn leave_session(&self, connection: &mut PgConnection, is_well: bool) -> Result<(), sqlx::Error> {
        if !self.config.transaction_pooling {
            return Ok(());
        }
        run(connection, if is_well { "COMMIT" } else { "ROLLBACK" }.to_owned()).await
    }
}

/// What holds for a session: what it is to wait for, and how long; and what the database's or role's own settings must not change.
pub(super) fn settings(config: &PostgresConfig) -> impl Iterator<Item = (&'static str, String)> {
    // all tables are named with their schemas, so nothing else is found by a path: a function of the same name in a schema that
    // somebody else can write to would run with this role's rights
    let path = ("search_path", "pg_catalog".to_owned());
    // each statement has an index for what it looks for; a walk through a table would meet all that is not vacuumed yet
    let scans = ("enable_seqscan", "off".to_owned());
    let idle = ("idle_in_transaction_session_timeout", milliseconds(config.idle_in_transaction_session_timeout));
    // a server that lives answers before its silence counts
    let statement = ("statement_timeout", milliseconds(answer::limit_of_server(config)));
    let lock = config.lock_timeout.map(|timeout| ("lock_timeout", milliseconds(timeout)));
    [path, scans, idle, statement].into_iter().chain(lock)
}

/// A time as PostgreSQL counts it, in an `int`.
pub(crate) fn milliseconds(time: Duration) -> String {
    // zero is for ever to PostgreSQL, and what is shorter than it can count is not meant so
    let shortest = u128::from(!time.is_zero());
    time.as_millis().clamp(shortest, i32::MAX.unsigned_abs().into()).to_string()
}

async fn run(connection: &mut PgConnection, statements: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection).await.map(drop)
}
