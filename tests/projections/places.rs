//! One projection with its view in memory, in SQLite and in PostgreSQL.

use std::collections::BTreeMap;

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::projection::Views;
use eventsourcing::{EventContext, MemoryViews};
use sqlx::{PgConnection, PgPool, SqliteConnection, SqlitePool};
use tokio::task::yield_now;

use super::{AccountDeposited, AccountOpened, postgres_pool, sqlite_pool};

/// Balances by account, in memory.
pub(super) struct InMemory;

/// The view in memory: balance and number of events by account.
pub(super) type Balances = BTreeMap<Uuid, (i64, u64)>;

#[projection("balances")]
impl InMemory {
    #[on]
    async fn opened(&self, _: &AccountOpened, context: &EventContext, view: &mut Balances) -> Result<()> {
        view.insert(context.originator_id, (0, 1));
        Ok(())
    }

    #[on]
    async fn deposited(&self, event: &AccountDeposited, context: &EventContext, view: &mut Balances) -> Result<()> {
        let (balance, events) = view.get_mut(&context.originator_id).unwrap();
        *balance += event.amount;
        *events += 1;
        yield_now().await;
        Ok(())
    }
}

pub(super) struct InSqlite;

#[projection("balances")]
impl InSqlite {
    #[on]
    async fn opened(&self, _: &AccountOpened, context: &EventContext, view: &mut SqliteConnection) -> sqlx::Result<()> {
        let id = context.originator_id.as_bytes().as_slice();
        sqlx::query("INSERT INTO balances VALUES (?, 0, 1)").bind(id).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn deposited(
        &self,
        event: &AccountDeposited,
        context: &EventContext,
        view: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        let id = context.originator_id.as_bytes().as_slice();
        let update = "UPDATE balances SET balance = balance + ?, events = events + 1 WHERE id = ?";
        sqlx::query(update).bind(event.amount).bind(id).execute(view).await?;
        Ok(())
    }
}

pub(super) struct InPostgres;

#[projection("balances")]
impl InPostgres {
    #[on]
    async fn opened(&self, _: &AccountOpened, context: &EventContext, view: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO balances VALUES ($1, 0, 1)").bind(context.originator_id).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn deposited(
        &self,
        event: &AccountDeposited,
        context: &EventContext,
        view: &mut PgConnection,
    ) -> sqlx::Result<()> {
        let update = "UPDATE balances SET balance = balance + $1, events = events + 1 WHERE id = $2";
        sqlx::query(update).bind(event.amount).bind(context.originator_id).execute(view).await?;
        Ok(())
    }
}

/// A database for views, with one projection.
pub(super) trait Place {
    type Views: Views + Clone;
    type Balances: eventsourcing::Projection<View = <Self::Views as Views>::View>;

    fn projection() -> Self::Balances;
    async fn views(&self) -> Self::Views;
    /// The sums of balances and of numbers of events.
    async fn sums(&self) -> (i64, i64);
}

pub(super) struct Memory(MemoryViews<Balances>);

impl Place for Memory {
    type Views = MemoryViews<Balances>;
    type Balances = InMemory;

    fn projection() -> InMemory {
        InMemory
    }

    async fn views(&self) -> MemoryViews<Balances> {
        self.0.clone()
    }

    async fn sums(&self) -> (i64, i64) {
        self.0.read(|balances| {
            balances
                .values()
                .fold((0, 0), |(sum, events), (balance, more)| (sum + balance, events + i64::try_from(*more).unwrap()))
        })
    }
}

pub(super) struct Sqlite {
    pub(super) pool: SqlitePool,
    pub(super) _folder: tempfile::TempDir,
}

impl Place for Sqlite {
    type Views = SqliteViews;
    type Balances = InSqlite;

    fn projection() -> InSqlite {
        InSqlite
    }

    async fn views(&self) -> SqliteViews {
        SqliteViews::open(self.pool.clone()).await.unwrap()
    }

    async fn sums(&self) -> (i64, i64) {
        let sums = "SELECT coalesce(sum(balance), 0), coalesce(sum(events), 0) FROM balances";
        sqlx::query_as(sums).fetch_one(&self.pool).await.unwrap()
    }
}

pub(super) struct Postgres(PgPool);

impl Place for Postgres {
    type Views = PostgresViews;
    type Balances = InPostgres;

    fn projection() -> InPostgres {
        InPostgres
    }

    async fn views(&self) -> PostgresViews {
        PostgresViews::open(self.0.clone()).await.unwrap()
    }

    async fn sums(&self) -> (i64, i64) {
        let sums = "SELECT coalesce(sum(balance), 0)::bigint, coalesce(sum(events), 0)::bigint FROM balances";
        sqlx::query_as(sums).fetch_one(&self.0).await.unwrap()
    }
}

pub(super) async fn memory() -> Memory {
    Memory(MemoryViews::new(Balances::new()))
}

pub(super) async fn sqlite() -> Sqlite {
    let (pool, folder) = sqlite_pool().await;
    let table = "CREATE TABLE balances (id BLOB PRIMARY KEY, balance INTEGER NOT NULL, events INTEGER NOT NULL)";
    sqlx::query(table).execute(&pool).await.unwrap();
    Sqlite { pool, _folder: folder }
}

pub(super) async fn postgres() -> Postgres {
    let pool = postgres_pool().await;
    let table = "CREATE TABLE balances (id uuid PRIMARY KEY, balance bigint NOT NULL, events bigint NOT NULL)";
    sqlx::query(table).execute(&pool).await.unwrap();
    Postgres(pool)
}

/// A test of each function in each database.
macro_rules! in_each_place {
    ($($name:ident)*) => {
        mod in_memory { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
            super::$name(super::super::places::memory().await).await;
        })* }
        mod in_sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
            super::$name(super::super::places::sqlite().await).await;
        })* }
        mod in_postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
            super::$name(super::super::places::postgres().await).await;
        })* }
    };
}
pub(super) use in_each_place;
