//! A projection that refuses chosen amounts, with its view in each database.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::projection::Views;
use eventsourcing::{EventContext, MemoryViews, Projection};
use sqlx::{PgConnection, PgPool, SqliteConnection, SqlitePool};

use super::super::{AccountDeposited, AccountOpened, postgres_pool, sqlite_pool};

/// The amounts that handlers refuse.
#[derive(Clone, Default)]
pub(super) struct Bad(Arc<Mutex<Vec<i64>>>);

impl Bad {
    pub(super) fn is(&self, amounts: &[i64]) {
        *self.0.lock().unwrap() = amounts.to_vec();
    }

    fn check(&self, amount: i64) -> Result<(), sqlx::Error> {
        if self.0.lock().unwrap().contains(&amount) {
            return Err(sqlx::Error::Configuration(format!("{amount} brings bad luck").into()));
        }
        Ok(())
    }
}

/// Each handled event: its aggregate id and its version.
pub(super) type Entries = Vec<(Uuid, u64)>;

pub(super) struct InMemory(Bad);

#[projection("ledger")]
impl InMemory {
    #[on]
    async fn opened(&self, _: &AccountOpened, context: &EventContext, view: &mut Entries) -> Result<()> {
        view.push((context.originator_id, context.originator_version));
        Ok(())
    }

    #[on]
    async fn deposited(
        &self,
        event: &AccountDeposited,
        context: &EventContext,
        view: &mut Entries,
    ) -> sqlx::Result<()> {
        // before it fails, so that it has to be undone
        view.push((context.originator_id, context.originator_version));
        tokio::task::yield_now().await;
        self.0.check(event.amount)
    }
}

pub(super) struct InSqlite(Bad);

impl InSqlite {
    async fn enter(&self, amount: i64, context: &EventContext, view: &mut SqliteConnection) -> sqlx::Result<()> {
        let version = i64::try_from(context.originator_version).unwrap();
        let enter = sqlx::query("INSERT INTO ledger (account, version) VALUES (?, ?)");
        enter.bind(context.originator_id).bind(version).execute(view).await?;
        self.0.check(amount)
    }
}

#[projection("ledger")]
impl InSqlite {
    #[on]
    async fn opened(&self, _: &AccountOpened, context: &EventContext, view: &mut SqliteConnection) -> sqlx::Result<()> {
        self.enter(0, context, view).await
    }

    #[on]
    async fn deposited(
        &self,
        event: &AccountDeposited,
        context: &EventContext,
        view: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        self.enter(event.amount, context, view).await
    }
}

pub(super) struct InPostgres(Bad);

impl InPostgres {
    async fn enter(&self, amount: i64, context: &EventContext, view: &mut PgConnection) -> sqlx::Result<()> {
        let version = i64::try_from(context.originator_version).unwrap();
        let enter = sqlx::query("INSERT INTO ledger (account, version) VALUES ($1, $2)");
        enter.bind(context.originator_id).bind(version).execute(view).await?;
        self.0.check(amount)
    }
}

#[projection("ledger")]
impl InPostgres {
    #[on]
    async fn opened(&self, _: &AccountOpened, context: &EventContext, view: &mut PgConnection) -> sqlx::Result<()> {
        self.enter(0, context, view).await
    }

    #[on]
    async fn deposited(
        &self,
        event: &AccountDeposited,
        context: &EventContext,
        view: &mut PgConnection,
    ) -> sqlx::Result<()> {
        self.enter(event.amount, context, view).await
    }
}

/// A database for the view.
pub(super) trait Place {
    type Views: Views + Clone;
    type Ledger: Projection<View = <Self::Views as Views>::View>;

    fn ledger(bad: &Bad) -> Self::Ledger;
    fn views(&self) -> Self::Views;
    /// The handled events, in their order.
    async fn entries(&self) -> Entries;

    /// The handled versions by account, in their order.
    async fn by_account(&self) -> BTreeMap<Uuid, Vec<u64>> {
        let mut accounts = BTreeMap::<_, Vec<u64>>::new();
        for (account, version) in self.entries().await {
            accounts.entry(account).or_default().push(version);
        }
        accounts
    }
}

pub(super) struct Memory(pub(super) MemoryViews<Entries>);

impl Place for Memory {
    type Views = MemoryViews<Entries>;
    type Ledger = InMemory;

    fn ledger(bad: &Bad) -> InMemory {
        InMemory(bad.clone())
    }

    fn views(&self) -> MemoryViews<Entries> {
        self.0.clone()
    }

    async fn entries(&self) -> Entries {
        self.0.read(Clone::clone)
    }
}

pub(super) struct Sqlite {
    views: SqliteViews,
    pool: SqlitePool,
    _folder: tempfile::TempDir,
}

impl Place for Sqlite {
    type Views = SqliteViews;
    type Ledger = InSqlite;

    fn ledger(bad: &Bad) -> InSqlite {
        InSqlite(bad.clone())
    }

    fn views(&self) -> SqliteViews {
        self.views.clone()
    }

    async fn entries(&self) -> Entries {
        let rows = sqlx::query_as("SELECT account, version FROM ledger ORDER BY place").fetch_all(&self.pool).await;
        entries(rows.unwrap())
    }
}

pub(super) struct Postgres {
    views: PostgresViews,
    pool: PgPool,
}

impl Place for Postgres {
    type Views = PostgresViews;
    type Ledger = InPostgres;

    fn ledger(bad: &Bad) -> InPostgres {
        InPostgres(bad.clone())
    }

    fn views(&self) -> PostgresViews {
        self.views.clone()
    }

    async fn entries(&self) -> Entries {
        let rows = sqlx::query_as("SELECT account, version FROM ledger ORDER BY place").fetch_all(&self.pool).await;
        entries(rows.unwrap())
    }
}

fn entries(rows: Vec<(Uuid, i64)>) -> Entries {
    rows.into_iter().map(|(account, version)| (account, version.unsigned_abs())).collect()
}

pub(super) async fn memory() -> Memory {
    Memory(MemoryViews::new(Entries::new()))
}

pub(super) async fn sqlite() -> Sqlite {
    let (pool, folder) = sqlite_pool().await;
    let table = "CREATE TABLE ledger (place INTEGER PRIMARY KEY, account BLOB NOT NULL, version INTEGER NOT NULL)";
    sqlx::query(table).execute(&pool).await.unwrap();
    Sqlite { views: SqliteViews::open(pool.clone()).await.unwrap(), pool, _folder: folder }
}

pub(super) async fn postgres() -> Postgres {
    let pool = postgres_pool().await;
    let table = "CREATE TABLE ledger (place bigserial PRIMARY KEY, account uuid NOT NULL, version bigint NOT NULL)";
    sqlx::query(table).execute(&pool).await.unwrap();
    Postgres { views: PostgresViews::open(pool.clone()).await.unwrap(), pool }
}
