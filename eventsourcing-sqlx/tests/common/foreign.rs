//! Third-party writers: they can take their time between insert and commit, and can omit the lock.

use eventsourcing_core::StoredEvent;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Executor, PgPool, Postgres, SqlitePool, Transaction};
use tokio::task::yield_now;

use super::store::Store;
use super::{dice, options};

/// A writer that records as the library does, but slowly, and can roll back.
pub enum Foreign {
    Postgres {
        pool: PgPool,
        schema: String,
        /// Whether the head's row stays locked until the commit.
        is_locked: bool,
    },
    Sqlite(SqlitePool),
}

impl Foreign {
    /// A writer that takes the lock as the library does; the tables exist.
    pub async fn of(store: &Store) -> Self {
        match store {
            Store::Postgres(schema) => {
                let pool = PgPoolOptions::new().max_connections(8).connect_with(options(&schema.config)).await.unwrap();
                Self::Postgres { pool, schema: schema.name.clone(), is_locked: true }
            }
            Store::Sqlite(_) => {
                let file = SqliteConnectOptions::new().filename(store.file()).busy_timeout(super::PATIENCE);
                // they take turns in any case
                Self::Sqlite(SqlitePoolOptions::new().max_connections(1).connect_with(file).await.unwrap())
            }
        }
    }

    /// The twin: it draws ids in a separate transaction, and so releases the lock before it commits.
    pub fn unlocked(self) -> Self {
        match self {
            Self::Postgres { pool, schema, .. } => Self::Postgres { pool, schema, is_locked: false },
            Self::Sqlite(_) => panic!("in SQLite nobody can write without the lock"),
        }
    }

    /// Inserts the events; the caller commits them.
    pub async fn begin(&self, events: &[StoredEvent]) -> Transaction<'static, Postgres> {
        match self {
            Self::Postgres { pool, schema, is_locked } => insert(pool, schema, *is_locked, events).await.unwrap(),
            Self::Sqlite(_) => panic!("in SQLite they take turns in any case"),
        }
    }

    /// Inserts the events, waits, and commits or rolls back. Returns whether they are recorded.
    pub async fn attempt(&self, events: &[StoredEvent], commits: bool) -> bool {
        match self {
            Self::Postgres { pool, schema, is_locked } => {
                in_postgres(pool, schema, *is_locked, events, commits).await.is_ok() && commits
            }
            Self::Sqlite(pool) => {
                in_sqlite(pool, events, commits).await.unwrap();
                commits
            }
        }
    }

    pub async fn close(&self) {
        match self {
            Self::Postgres { pool, .. } => pool.close().await,
            Self::Sqlite(pool) => pool.close().await,
        }
    }
}

async fn in_postgres(
    pool: &PgPool,
    schema: &str,
    is_locked: bool,
    events: &[StoredEvent],
    commits: bool,
) -> sqlx::Result<()> {
    let mut transaction = insert(pool, schema, is_locked, events).await?;
    // as on a busy server: some commit sooner than others that began before
    transaction.execute("SELECT pg_sleep(random() * 0.002)").await?;
    if commits { transaction.commit().await } else { transaction.rollback().await }
}

async fn insert(
    pool: &PgPool,
    schema: &str,
    is_locked: bool,
    events: &[StoredEvent],
) -> sqlx::Result<Transaction<'static, Postgres>> {
    let count = i64::try_from(events.len()).unwrap();
    // committed at once, where it is not locked
    let raise = format!("UPDATE {schema}.universe_head SET last = last + $1 WHERE id = 1 RETURNING last - $1");
    let drawn =
        if is_locked { 0 } else { sqlx::query_scalar(AssertSqlSafe(raise)).bind(count).fetch_one(pool).await? };
    let mut transaction = pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    let base: i64 = if is_locked {
        let lock = format!("SELECT id FROM {schema}.universe_head WHERE id = 1 FOR NO KEY UPDATE");
        transaction.execute(AssertSqlSafe(lock)).await?;
        let last = format!("SELECT coalesce(max(notification_id), 0) FROM {schema}.universe_events");
        sqlx::query_scalar(AssertSqlSafe(last)).fetch_one(&mut *transaction).await?
    } else {
        drawn
    };
    let insert = format!(
        "INSERT INTO {schema}.universe_events \
         SELECT $1 + place, $2, version, topic, '{{}}'::bytea, 7, $3 \
         FROM unnest($4::bigint[], $5::text[]) WITH ORDINALITY AS new (version, topic, place)"
    );
    let insert = sqlx::query(AssertSqlSafe(insert)).bind(base).bind(events[0].originator_id).bind(events[0].append_id);
    let versions: Vec<i64> = events.iter().map(|event| event.originator_version.cast_signed()).collect();
    let topics: Vec<&str> = events.iter().map(|event| &*event.topic).collect();
    insert.bind(versions).bind(topics).execute(&mut *transaction).await?;
    Ok(transaction)
}

async fn in_sqlite(pool: &SqlitePool, events: &[StoredEvent], commits: bool) -> sqlx::Result<()> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    for event in events {
        let raise = "UPDATE universe_head SET last = last + 1 WHERE id = 1";
        transaction.execute(raise).await?;
        let insert = "INSERT INTO universe_events \
             (notification_id, originator_id, originator_version, topic, state, checksum, append_id) \
             SELECT last, ?, ?, ?, x'7b7d', 7, ? FROM universe_head";
        let insert = sqlx::query(insert).bind(event.originator_id).bind(event.originator_version.cast_signed());
        insert.bind(&*event.topic).bind(event.append_id).execute(&mut *transaction).await?;
    }
    for _ in 0..dice(64) {
        yield_now().await;
    }
    if commits { transaction.commit().await } else { transaction.rollback().await }
}
