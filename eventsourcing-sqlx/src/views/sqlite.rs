//! Views in SQLite.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};

use eventsourcing_core::following::{ProjectionKey, ViewTransaction, Views};
use eventsourcing_core::{DeadLetter, LogPosition, Tracking, ViewError};
use sqlx::{SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::error::view_error;
use super::letters::Owner;
use super::rebuild::in_sqlite::{claim, hold, serves};
use super::sqlite_guard::{guard, unguard};
use super::sqlite_session::Session;
use super::{check_runtime, sqlite_letters, sqlite_schema, uncut};
use crate::condition::sqlite as condition;
use crate::config::SqliteViewsConfig;
use crate::held_files::{self, HeldFile};
use crate::rows;
use crate::sql::views::SQLITE;

/// Keeps the views of projections in a SQLite database: the file of the events or any other.
///
/// Handlers are given a connection that is in a transaction, and may do with it what they like except to end that: a `COMMIT` of theirs
/// is made a rollback (by the connection's commit hook and rollback hook, which are this library's), and stops the projection with
/// [`ViewError::TransactionEnded`]. How far
/// each projection is, is kept in the table `eventsourcing_projections`, and what it put aside in `eventsourcing_dead_letters`.
///
/// # Examples
///
/// ```
/// use eventsourcing_sqlx::SqliteViews;
/// use sqlx::SqlitePool;
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
    /// The file; none if it is in memory.
    file: Option<PathBuf>,
}

impl SqliteViews {
    /// Keeps views where this pool connects to, and makes the tables of positions and of dead letters if they are not there.
    ///
    /// # Errors
    /// As the database fails; [`ViewError::Open`] outside of a Tokio runtime.
    pub async fn open(pool: SqlitePool) -> Result<Self, ViewError> {
        Self::open_with(pool, SqliteViewsConfig::default()).await
    }

    /// Opens as [`open`](Self::open), with settings of one's own.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`ViewError::SchemaMissing`] with the SQL to run if `create_table` is off and the tables are missing or
    /// old, [`ViewError::SchemaTooNew`] if they are of a later version of this library.
    pub async fn open_with(pool: SqlitePool, config: SqliteViewsConfig) -> Result<Self, ViewError> {
        check_runtime()?;
        let file = sqlite_schema::prepare(&pool, config).await?;
        Ok(Self { pool, file: held_files::identity(Path::new(&file)) })
    }

    /// A connection to read by.
    pub(super) async fn reading(&self, operation: &'static str) -> Result<Session, ViewError> {
        let session = Session::reading(&self.pool).await;
        session.map_err(|error| view_error(condition::of(&error), error, operation))
    }

    /// A connection in a transaction.
    pub(super) async fn transaction(&self, operation: &'static str) -> Result<Session, ViewError> {
        let session = Session::begin(&self.pool).await;
        session.map_err(|error| view_error(condition::of(&error), error, operation))
    }

    /// How long something may take that is done for a rebuild: a file always answers.
    #[expect(clippy::unused_self, reason = "PostgreSQL's has a setting for it")]
    pub(super) fn longest(&self) -> Option<std::time::Duration> {
        None
    }

    /// A transaction in which tables are made, whatever is followed.
    #[expect(clippy::unused_async, reason = "PostgreSQL has to be asked")]
    pub(super) async fn beginning(
        &self,
        session: Session,
        key: ProjectionKey<'_>,
    ) -> Result<SqliteTransaction, ViewError> {
        let owner = Owner::new(&key.to_string(), "");
        Ok(SqliteTransaction { transaction: session, owner, has_letters: false, is_guarded: false, _held: None })
    }
}

impl Views for SqliteViews {
    type View = SqliteConnection;
    type Transaction = SqliteTransaction;

    async fn position(&self, projection: &str, upstream: &str) -> Result<LogPosition, ViewError> {
        let operation = "look up a position";
        let mut session = self.reading(operation).await?;
        let position = sqlx::query_as(SQLITE.position).bind(projection).bind(upstream);
        let position = position.fetch_optional(&mut *session).await;
        let position: Option<(i64, Option<Uuid>)> =
            position.map_err(|error| view_error(condition::of(&error), error, operation))?;
        let (position, anchor) = position.unwrap_or_default();
        Ok(rows::log_position(position, anchor)?)
    }

    async fn serve(&self, projection: &str, has_tables: bool) -> Result<Option<SqliteTransaction>, ViewError> {
        if serves(self, ProjectionKey::parse(projection)).await? || !has_tables {
            return Ok(None);
        }
        let (views, projection) = (self.clone(), projection.to_owned());
        let begun = uncut(tokio::spawn(async move { views.serve_uncut(&projection).await })).await?;
        Ok(begun.map(|begun| self.held(begun)))
    }

    async fn begin(&self, projection: &str, tracking: &Tracking) -> Result<SqliteTransaction, ViewError> {
        tracking.check()?;
        let (views, projection, tracking) = (self.clone(), projection.to_owned(), tracking.clone());
        Ok(self.held(uncut(tokio::spawn(async move { views.begin_uncut(&projection, &tracking).await })).await?))
    }

    async fn begin_at(
        &self,
        projection: &str,
        upstream: &str,
        position: LogPosition,
    ) -> Result<LogPosition, ViewError> {
        let (views, projection, upstream) = (self.clone(), projection.to_owned(), upstream.to_owned());
        uncut(tokio::spawn(async move { views.begin_at_uncut(&projection, &upstream, position).await })).await
    }

    async fn move_position(
        &self,
        projection: &str,
        upstream: &str,
        from: LogPosition,
        to: LogPosition,
    ) -> Result<(), ViewError> {
        let (views, projection, upstream) = (self.clone(), projection.to_owned(), upstream.to_owned());
        uncut(tokio::spawn(async move { views.move_uncut(&projection, &upstream, from, to).await })).await
    }

    async fn begin_aside(&self, projection: &str, upstream: &str) -> Result<SqliteTransaction, ViewError> {
        let (views, owner) = (self.clone(), Owner::new(projection, upstream));
        Ok(self.held(uncut(tokio::spawn(async move { views.begin_aside_uncut(owner).await })).await?))
    }

    async fn dead_letters(
        &self,
        projection: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ViewError> {
        sqlite_letters::list(self, &Owner::new(projection, upstream), after, limit).await
    }

    async fn count_dead_letters(&self, projection: &str, upstream: &str) -> Result<u64, ViewError> {
        sqlite_letters::count(self, &Owner::new(projection, upstream)).await
    }

    fn database(&self) -> Option<String> {
        self.file.as_ref().map(|file| file.display().to_string())
    }

    fn is_passing(&self, error: &(dyn StdError + 'static)) -> bool {
        error.downcast_ref().is_some_and(|error| condition::of(error).is_passing())
    }
}

impl SqliteViews {
    /// A transaction for the task that calls, whose handlers must not wait for it elsewhere.
    fn held(&self, transaction: SqliteTransaction) -> SqliteTransaction {
        SqliteTransaction { _held: self.file.as_deref().map(HeldFile::new), ..transaction }
    }

    async fn serve_uncut(&self, projection: &str) -> Result<Option<SqliteTransaction>, ViewError> {
        let key = ProjectionKey::parse(projection);
        let mut session = self.transaction("begin a projection").await?;
        if claim(&mut session, key).await? {
            return Ok(Some(self.beginning(session, key).await?));
        }
        session.commit().await?;
        Ok(None)
    }

    async fn begin_uncut(&self, projection: &str, tracking: &Tracking) -> Result<SqliteTransaction, ViewError> {
        let operation = "begin a transaction on a view";
        let failed = |error| view_error(condition::of(&error), error, operation);
        let key = ProjectionKey::parse(projection);
        let mut session = self.transaction(operation).await?;
        // the write lock keeps it there
        let look = sqlx::query_as(SQLITE.look).bind(projection).bind(&tracking.upstream);
        let (recorded, has_letters): (i64, bool) = look.fetch_one(&mut *session).await.map_err(failed)?;
        let recorded = rows::from_position(recorded)?;
        // a row of positions is there only as long as its version may be changed; without one it has to be looked up
        if recorded == 0 {
            hold(&mut session, key).await?;
        }
        if recorded != tracking.after {
            session.rollback();
            return Err(tracking.already_processed(recorded).into());
        }
        let moved = sqlx::query(SQLITE.insert).bind(projection).bind(&tracking.upstream);
        let moved = moved.bind(rows::to_bound(tracking.position)).bind(tracking.anchor);
        moved.execute(&mut *session).await.map_err(failed)?;
        if key.is_rebuilt {
            guard(&mut session, &key.prefix()).await?;
        }
        let owner = Owner::new(projection, &tracking.upstream);
        Ok(SqliteTransaction { transaction: session, owner, has_letters, is_guarded: key.is_rebuilt, _held: None })
    }

    async fn begin_at_uncut(
        &self,
        projection: &str,
        upstream: &str,
        position: LogPosition,
    ) -> Result<LogPosition, ViewError> {
        let operation = "store where a projection begins";
        let failed = |error| view_error(condition::of(&error), error, operation);
        let mut session = self.transaction(operation).await?;

        hold(&mut session, ProjectionKey::parse(projection)).await?;
        let begin = sqlx::query(SQLITE.begin_at).bind(projection).bind(upstream);
        let begin = begin.bind(rows::to_bound(position.id)).bind(position.anchor);
        begin.execute(&mut *session).await.map_err(failed)?;
        let stored = sqlx::query_as(SQLITE.position).bind(projection).bind(upstream);
        let stored: (i64, Option<Uuid>) = stored.fetch_one(&mut *session).await.map_err(failed)?;
        session.commit().await?;
        Ok(rows::log_position(stored.0, stored.1)?)
    }

    async fn move_uncut(
        &self,
        projection: &str,
        upstream: &str,
        from: LogPosition,
        to: LogPosition,
    ) -> Result<(), ViewError> {
        let operation = "move a position";
        let failed = |error| view_error(condition::of(&error), error, operation);
        // the write lock keeps it where it is
        let mut session = self.transaction(operation).await?;
        hold(&mut session, ProjectionKey::parse(projection)).await?;
        let position = sqlx::query_as(SQLITE.position).bind(projection).bind(upstream);
        let position: Option<(i64, Option<Uuid>)> = position.fetch_optional(&mut *session).await.map_err(failed)?;
        let (position, anchor) = position.unwrap_or_default();
        let recorded = rows::log_position(position, anchor)?;
        if recorded != from {
            session.rollback();
            return Ok(rows::moved(upstream, from, to, recorded)?);
        }
        // without a row it is at the start
        let forget = sqlx::query(SQLITE.forget).bind(projection).bind(upstream);
        forget.execute(&mut *session).await.map_err(failed)?;
        if to.id > 0 {
            let insert = sqlx::query(SQLITE.insert).bind(projection).bind(upstream);
            let insert = insert.bind(rows::to_bound(to.id)).bind(to.anchor);
            insert.execute(&mut *session).await.map_err(failed)?;
        }
        session.commit().await
    }

    async fn begin_aside_uncut(&self, owner: Owner) -> Result<SqliteTransaction, ViewError> {
        // the write lock, which they all take, makes them take turns
        let mut session = self.transaction("begin a transaction on a view").await?;
        let key = ProjectionKey::parse(&owner.projection);
        hold(&mut session, key).await?;
        if key.is_rebuilt {
            guard(&mut session, &key.prefix()).await?;
        }
        let is_guarded = key.is_rebuilt;
        Ok(SqliteTransaction { transaction: session, owner, has_letters: true, is_guarded, _held: None })
    }
}

/// A transaction on views in SQLite.
#[derive(Debug)]
pub struct SqliteTransaction {
    pub(super) transaction: Session,
    owner: Owner,
    /// Whether there may be dead letters. Where there are none this spares a statement in each transaction.
    has_letters: bool,
    /// Whether what serves is guarded against it.
    is_guarded: bool,
    /// Until the transaction is over the file is known to be held.
    _held: Option<HeldFile>,
}

impl ViewTransaction for SqliteTransaction {
    type View = SqliteConnection;

    fn view(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    async fn parked(&mut self, originators: &[Uuid]) -> Result<Vec<Uuid>, ViewError> {
        if !self.has_letters || originators.is_empty() {
            return Ok(Vec::new());
        }
        sqlite_letters::parked(&mut self.transaction, &self.owner, originators).await
    }

    async fn park(&mut self, letters: &[DeadLetter]) -> Result<(), ViewError> {
        self.has_letters = true;
        sqlite_letters::park(&mut self.transaction, &self.owner, letters).await
    }

    async fn unpark(&mut self, originator_id: Uuid, limit: usize) -> Result<Vec<DeadLetter>, ViewError> {
        sqlite_letters::unpark(&mut self.transaction, &self.owner, originator_id, limit).await
    }

    async fn discard(&mut self, notification_id: u64) -> Result<Option<DeadLetter>, ViewError> {
        sqlite_letters::discard(&mut self.transaction, &self.owner, notification_id).await
    }

    async fn commit(mut self) -> Result<(), ViewError> {
        if self.is_guarded {
            unguard(&mut self.transaction).await?;
        }
        self.transaction.commit().await
    }

    fn is_ended(&self) -> bool {
        self.transaction.is_ended()
    }
}
