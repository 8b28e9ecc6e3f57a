//! Three versions of one projection, each in memory, in SQLite and in PostgreSQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::projection::{RebuildableViews, Views};
use eventsourcing::{EventContext, MemoryViews, Projection};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, SqliteConnection, SqlitePool};
use tokio::sync::Semaphore;

use super::super::{AccountDeposited, AccountOpened, postgres_pool, sqlite_pool};

/// Sums in memory: by account the balance times the version, the number of events, and the version.
pub(super) type Sums = BTreeMap<Uuid, (i64, i64, i64)>;

/// A version of the projection, whose gate lets it handle deposits: one permit each.
pub(super) trait Version: Projection {
    fn gated(gate: Arc<Semaphore>) -> Self;

    fn open() -> Self
    where
        Self: Sized,
    {
        Self::gated(Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)))
    }
}

macro_rules! versions {
    ($($memory:ident $sqlite:ident $postgres:ident = $version:literal)*) => {$(
        pub(super) struct $memory(Arc<Semaphore>);
        pub(super) struct $sqlite(Arc<Semaphore>);
        pub(super) struct $postgres(Arc<Semaphore>);

        impl Version for $memory {
            fn gated(gate: Arc<Semaphore>) -> Self {
                Self(gate)
            }
        }

        impl Version for $sqlite {
            fn gated(gate: Arc<Semaphore>) -> Self {
                Self(gate)
            }
        }

        impl Version for $postgres {
            fn gated(gate: Arc<Semaphore>) -> Self {
                Self(gate)
            }
        }

        #[projection("sums", version = $version)]
        impl $memory {
            #[on]
            async fn opened(&self, _: &AccountOpened, context: &EventContext, view: &mut Sums) -> Result<()> {
                assert!(view.insert(context.originator_id, (0, 1, $version)).is_none());
                Ok(())
            }

            #[on]
            async fn deposited(&self, event: &AccountDeposited, context: &EventContext, view: &mut Sums) -> Result<()> {
                self.0.acquire().await.unwrap().forget();
                let (balance, events, _) = view.get_mut(&context.originator_id).unwrap();
                *balance += event.amount * $version;
                *events += 1;
                Ok(())
            }
        }

        #[projection("sums", version = $version)]
        impl $sqlite {
            #[tables]
            async fn tables(&self, prefix: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
                // those of SQLite and PostgreSQL are alike, and refer to one another
                let tables = format!(
                    "CREATE TABLE {prefix}accounts (id BLOB PRIMARY KEY); \
                     CREATE TABLE {prefix}sums (id BLOB PRIMARY KEY REFERENCES {prefix}accounts (id), balance BIGINT, events BIGINT, version BIGINT); \
                     CREATE INDEX {prefix}by_balance ON {prefix}sums (balance)"
                );
                sqlx::raw_sql(AssertSqlSafe(tables)).execute(view).await.map(|_| ())
            }

            #[on]
            async fn opened(&self, _: &AccountOpened, context: &EventContext, view: &mut SqliteConnection) -> sqlx::Result<()> {
                let id = context.originator_id.as_bytes().as_slice();
                let insert = format!("INSERT INTO {} VALUES (?)", context.table("accounts"));
                sqlx::query(AssertSqlSafe(insert)).bind(id).execute(&mut *view).await?;
                let insert = format!("INSERT INTO {} VALUES (?, 0, 1, {})", context.table("sums"), $version);
                sqlx::query(AssertSqlSafe(insert)).bind(id).execute(view).await.map(|_| ())
            }

            #[on]
            async fn deposited(
                &self, event: &AccountDeposited, context: &EventContext, view: &mut SqliteConnection,
            ) -> sqlx::Result<()> {
                self.0.acquire().await.unwrap().forget();
                let id = context.originator_id.as_bytes().as_slice();
                let update = format!("UPDATE {} SET balance = balance + ?, events = events + 1 WHERE id = ?", context.table("sums"));
                let update = sqlx::query(AssertSqlSafe(update)).bind(event.amount * $version).bind(id);
                update.execute(view).await.map(|_| ())
            }
        }

        #[projection("sums", version = $version)]
        impl $postgres {
            #[tables]
            async fn tables(&self, prefix: &str, view: &mut PgConnection) -> sqlx::Result<()> {
                let tables = format!(
                    "CREATE TABLE {prefix}accounts (id uuid PRIMARY KEY); \
                     CREATE TABLE {prefix}sums (id uuid PRIMARY KEY REFERENCES {prefix}accounts (id), balance BIGINT, events BIGINT, version BIGINT, nr bigserial); \
                     CREATE INDEX {prefix}by_balance ON {prefix}sums (balance)"
                );
                sqlx::raw_sql(AssertSqlSafe(tables)).execute(view).await.map(|_| ())
            }

            #[on]
            async fn opened(&self, _: &AccountOpened, context: &EventContext, view: &mut PgConnection) -> sqlx::Result<()> {
                let insert = format!("INSERT INTO {} VALUES ($1)", context.table("accounts"));
                sqlx::query(AssertSqlSafe(insert)).bind(context.originator_id).execute(&mut *view).await?;
                let insert = format!("INSERT INTO {} VALUES ($1, 0, 1, {})", context.table("sums"), $version);
                sqlx::query(AssertSqlSafe(insert)).bind(context.originator_id).execute(view).await.map(|_| ())
            }

            #[on]
            async fn deposited(
                &self, event: &AccountDeposited, context: &EventContext, view: &mut PgConnection,
            ) -> sqlx::Result<()> {
                self.0.acquire().await.unwrap().forget();
                let update = format!("UPDATE {} SET balance = balance + $1, events = events + 1 WHERE id = $2", context.table("sums"));
                let update = sqlx::query(AssertSqlSafe(update)).bind(event.amount * $version).bind(context.originator_id);
                update.execute(view).await.map(|_| ())
            }
        }
    )*};
}

versions! {
    InMemory1 InSqlite1 InPostgres1 = 1
    InMemory2 InSqlite2 InPostgres2 = 2
    InMemory3 InSqlite3 InPostgres3 = 3
}

type ViewOf<P> = <<P as Place>::Views as Views>::View;

/// A database for views, with three versions of the view.
pub(super) trait Place {
    type Views: RebuildableViews;
    type V1: Version<View = ViewOf<Self>>;
    type V2: Version<View = ViewOf<Self>>;
    type V3: Version<View = ViewOf<Self>>;

    /// As another process opens them, with connections of its own.
    async fn views(&self) -> Self::Views;

    /// The view of a reader who knows nothing of versions: the sum of balances, the number of events, the least and the greatest version.
    async fn seen(&self) -> (i64, i64, i64, i64);

    /// Everything in the database: tables and positions.
    async fn traces(&self) -> Vec<String>;
}

pub(super) struct Memory(MemoryViews<Sums>);

impl Place for Memory {
    type Views = MemoryViews<Sums>;
    type V1 = InMemory1;
    type V2 = InMemory2;
    type V3 = InMemory3;

    async fn views(&self) -> MemoryViews<Sums> {
        self.0.clone()
    }

    async fn seen(&self) -> (i64, i64, i64, i64) {
        self.0.read(|sums| {
            let (balances, events) =
                sums.values().fold((0, 0), |(sum, all), (balance, events, _)| (sum + balance, all + events));
            let versions = || sums.values().map(|(_, _, version)| *version);
            (balances, events, versions().min().unwrap_or_default(), versions().max().unwrap_or_default())
        })
    }

    async fn traces(&self) -> Vec<String> {
        let mut traces = Vec::new();
        for key in ["sums", "sums_v2", "sums_v2.rebuilt", "sums_v3.rebuilt"] {
            traces.push(format!("{key}: {}", self.0.position(key, "Office").await.unwrap()));
        }
        traces
    }
}

pub(super) struct Sqlite {
    pub(super) pool: SqlitePool,
    _folder: tempfile::TempDir,
}

const SEEN: &str = "SELECT CAST(coalesce(sum(balance), 0) AS BIGINT), CAST(coalesce(sum(events), 0) AS BIGINT), \
                    coalesce(min(version), 0), coalesce(max(version), 0) FROM sums";

const POSITIONS: &str = "SELECT projection, upstream, position FROM eventsourcing_projections ORDER BY 1, 2";

fn positions(rows: Vec<(String, String, i64)>) -> impl Iterator<Item = String> {
    rows.into_iter().map(|(projection, upstream, position)| format!("{projection} {upstream} {position}"))
}

impl Place for Sqlite {
    type Views = SqliteViews;
    type V1 = InSqlite1;
    type V2 = InSqlite2;
    type V3 = InSqlite3;

    async fn views(&self) -> SqliteViews {
        let options = (*self.pool.connect_options()).clone();
        SqliteViews::open(SqlitePoolOptions::new().connect_with(options).await.unwrap()).await.unwrap()
    }

    async fn seen(&self) -> (i64, i64, i64, i64) {
        sqlx::query_as(SEEN).fetch_one(&self.pool).await.unwrap()
    }

    async fn traces(&self) -> Vec<String> {
        let catalogue = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master \
                         UNION SELECT name FROM sqlite_temp_master ORDER BY 1";
        let mut traces: Vec<String> = sqlx::query_scalar(catalogue).fetch_all(&self.pool).await.unwrap();
        traces.extend(positions(sqlx::query_as(POSITIONS).fetch_all(&self.pool).await.unwrap()));
        traces
    }
}

pub(super) struct Postgres {
    pub(super) pool: PgPool,
}

impl Place for Postgres {
    type Views = PostgresViews;
    type V1 = InPostgres1;
    type V2 = InPostgres2;
    type V3 = InPostgres3;

    async fn views(&self) -> PostgresViews {
        let options = (*self.pool.connect_options()).clone();
        let pool = PgPoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
        PostgresViews::open(pool).await.unwrap()
    }

    async fn seen(&self) -> (i64, i64, i64, i64) {
        sqlx::query_as(SEEN).fetch_one(&self.pool).await.unwrap()
    }

    async fn traces(&self) -> Vec<String> {
        let catalogue = "SELECT relkind::text || ' ' || relname::text FROM pg_class \
                         WHERE relnamespace = current_schema()::regnamespace ORDER BY 1";
        let mut traces: Vec<String> = sqlx::query_scalar(catalogue).fetch_all(&self.pool).await.unwrap();
        traces.extend(positions(sqlx::query_as(POSITIONS).fetch_all(&self.pool).await.unwrap()));
        traces
    }
}

pub(super) async fn memory() -> Memory {
    Memory(MemoryViews::new(Sums::new()))
}

pub(super) async fn sqlite() -> Sqlite {
    let (pool, folder) = sqlite_pool().await;
    Sqlite { pool, _folder: folder }
}

pub(super) async fn postgres() -> Postgres {
    Postgres { pool: postgres_pool().await }
}
