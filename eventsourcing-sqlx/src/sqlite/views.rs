//! Views in SQLite.

mod advance;
mod guard;
mod letters;
mod open;
mod session;

use std::path::{Path, PathBuf};

use eventsourcing_core::ViewError;
use sqlx::{SqliteConnection, SqlitePool};

use self::session::Session;
use super::view_locks;
use crate::config::SqliteViewsConfig;
use crate::views::{Transaction, ViewsDatabase, check_runtime, forward_views};

/// Views of projections in a SQLite database: the file of the events or any other.
///
/// Handlers are given a connection in a transaction, and may do anything with it except end the transaction. A `COMMIT` of a handler
/// becomes a rollback (by the connection's commit hook and rollback hook, which this library sets), and stops the projection with
/// [`ViewError::TransactionEnded`]. The table `eventsourcing_projections` stores how far each projection is, and
/// `eventsourcing_dead_letters` stores its dead letters.
///
/// # Examples
///
/// ```
/// # mod eventsourcing { pub use eventsourcing_sqlx as database; pub use sqlx; }
/// use eventsourcing::database::SqliteViews;
/// use eventsourcing::sqlx::{self, SqlitePool};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite:{}?mode=rwc", folder.path().join("reports.db").display());
/// let pool = SqlitePool::connect(&url).await?;
/// sqlx::query("CREATE TABLE IF NOT EXISTS worlds (id BLOB PRIMARY KEY, name TEXT NOT NULL)").execute(&pool).await?;
/// let views = SqliteViews::open(pool).await?;
/// # drop(views);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteViews {
    pool: SqlitePool,
    /// The file; none if the database is in memory.
    file: Option<PathBuf>,
}

/// A transaction on views in SQLite.
#[derive(Debug)]
pub struct SqliteTransaction(Transaction<Session>);

forward_views!(SqliteViews, SqliteTransaction, SqliteConnection);

impl SqliteViews {
    /// Opens views in the database of this pool, and creates the tables of positions and dead letters if they are missing.
    ///
    /// # Errors
    /// If the database fails; [`ViewError::Open`] outside of a Tokio runtime or in one without timers.
    pub async fn open(pool: SqlitePool) -> Result<Self, ViewError> {
        Self::open_with(pool, SqliteViewsConfig::default()).await
    }

    /// Opens as [`open`](Self::open) does, with other settings than the defaults.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`ViewError::SchemaMissing`] with the SQL to run if `create_table` is off and the tables are missing or
    /// old, [`ViewError::SchemaTooNew`] if a later version of this library made them.
    pub async fn open_with(pool: SqlitePool, config: SqliteViewsConfig) -> Result<Self, ViewError> {
        check_runtime()?;
        let file = open::prepare(&pool, config).await?;
        Ok(Self { pool, file: view_locks::identity(Path::new(&file)) })
    }

    /// The pool of the views' database, for queries.
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }
}

impl ViewsDatabase for SqliteViews {
    type Session = Session;

    async fn reading_session(&self) -> sqlx::Result<Session> {
        Session::reading(&self.pool).await
    }

    async fn writing_session(&self) -> sqlx::Result<Session> {
        Session::begin(&self.pool).await
    }

    fn name(&self) -> Option<String> {
        self.file.as_ref().map(|file| file.display().to_string())
    }

    /// Marks the file as locked by the calling task, whose handlers must not wait for the lock elsewhere.
    fn received(&self, session: &mut Session) {
        session.mark_locked(self.file.as_deref());
    }
}
