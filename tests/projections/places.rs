//! The same projection with its view in memory, in SQLite and in PostgreSQL.

use std::collections::BTreeMap;

use eventsourcing::following::{ViewTransaction, Views};
use eventsourcing::persistence::LogPosition;
use eventsourcing::prelude::*;
use eventsourcing::sqlx::{PostgresViews, SqliteViews};
use eventsourcing::{About, MemoryViews, OnFailure, ProjectionRunner, ViewError};
use futures::future::join_all;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, SqliteConnection, SqlitePool};
use tokio::task::yield_now;

use super::{Account, AccountDeposited, AccountOpened, Note, Office, PATIENCE, common, deposits, office};

/// Balances by account, in memory.
struct InMemory;

/// What a view in memory consists of.
type Balances = BTreeMap<Uuid, (i64, u64)>;

#[projection("balances")]
impl InMemory {
    #[on]
    async fn opened(&self, _: &AccountOpened, about: &About, view: &mut Balances) -> Result<()> {
        view.insert(about.originator_id, (0, 1));
        Ok(())
    }

    #[on]
    async fn deposited(&self, event: &AccountDeposited, about: &About, view: &mut Balances) -> Result<()> {
        let (balance, events) = view.get_mut(&about.originator_id).unwrap();
        *balance += event.amount;
        *events += 1;
        yield_now().await;
        Ok(())
    }
}

struct InSqlite;

#[projection("balances")]
impl InSqlite {
    #[on]
    async fn opened(&self, _: &AccountOpened, about: &About, view: &mut SqliteConnection) -> sqlx::Result<()> {
        let id = about.originator_id.as_bytes().as_slice();
        sqlx::query("INSERT INTO balances VALUES (?, 0, 1)").bind(id).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn deposited(
        &self,
        event: &AccountDeposited,
        about: &About,
        view: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        let id = about.originator_id.as_bytes().as_slice();
        let update = "UPDATE balances SET balance = balance + ?, events = events + 1 WHERE id = ?";
        sqlx::query(update).bind(event.amount).bind(id).execute(view).await?;
        Ok(())
    }
}

struct InPostgres;

#[projection("balances")]
impl InPostgres {
    #[on]
    async fn opened(&self, _: &AccountOpened, about: &About, view: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO balances VALUES ($1, 0, 1)").bind(about.originator_id).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn deposited(&self, event: &AccountDeposited, about: &About, view: &mut PgConnection) -> sqlx::Result<()> {
        let update = "UPDATE balances SET balance = balance + $1, events = events + 1 WHERE id = $2";
        sqlx::query(update).bind(event.amount).bind(about.originator_id).execute(view).await?;
        Ok(())
    }
}

/// A place for views, with the view that is asked for.
trait Place {
    type Views: Views + Clone;
    type Balances: eventsourcing::Projection<View = <Self::Views as Views>::View>;

    fn projection() -> Self::Balances;
    async fn views(&self) -> Self::Views;
    /// Balances and numbers of events, summed up.
    async fn sums(&self) -> (i64, i64);
}

struct Memory(MemoryViews<Balances>);

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

struct Sqlite {
    pool: SqlitePool,
    _folder: tempfile::TempDir,
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

struct Postgres(PgPool);

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

pub(super) async fn sqlite_pool() -> (SqlitePool, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("views.db")).create_if_missing(true);
    (SqlitePoolOptions::new().connect_with(options).await.unwrap(), folder)
}

/// A pool whose connections see a schema of their own.
pub(super) async fn postgres_pool() -> PgPool {
    let variables: BTreeMap<String, String> = common::postgres().into_iter().collect();
    let variable = |name: &str| variables.get(name).cloned().unwrap_or_default();
    let schema = variable("POSTGRES_SCHEMA");
    let options = PgConnectOptions::new_without_pgpass()
        .host(&variable("POSTGRES_HOST"))
        .port(variable("POSTGRES_PORT").parse().unwrap_or(5432))
        .username(&variable("POSTGRES_USER"))
        .password(&variable("POSTGRES_PASSWORD"))
        .database(&variable("POSTGRES_DBNAME"))
        .options([("search_path", schema.as_str())]);
    let pool = PgPoolOptions::new().max_connections(5).connect_with(options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).execute(&pool).await.unwrap();
    pool
}

async fn memory() -> Memory {
    Memory(MemoryViews::new(Balances::new()))
}

async fn sqlite() -> Sqlite {
    let (pool, folder) = sqlite_pool().await;
    let table = "CREATE TABLE balances (id BLOB PRIMARY KEY, balance INTEGER NOT NULL, events INTEGER NOT NULL)";
    sqlx::query(table).execute(&pool).await.unwrap();
    Sqlite { pool, _folder: folder }
}

async fn postgres() -> Postgres {
    let pool = postgres_pool().await;
    let table = "CREATE TABLE balances (id uuid PRIMARY KEY, balance bigint NOT NULL, events bigint NOT NULL)";
    sqlx::query(table).execute(&pool).await.unwrap();
    Postgres(pool)
}

/// A test of each function, in each place.
macro_rules! in_each_place {
    ($($name:ident)*) => {
        mod in_memory { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
            super::$name(super::memory().await).await;
        })* }
        mod in_sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
            super::$name(super::sqlite().await).await;
        })* }
        mod in_postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
            super::$name(super::postgres().await).await;
        })* }
    };
}

in_each_place! {
    a_view_is_what_happened_and_then_what_happens
    topics_that_nobody_handles_advance_the_position
    a_view_goes_on_from_where_it_is
    two_runners_of_a_projection_do_each_event_once
    runners_dropped_at_any_moment_do_each_event_once
    a_transaction_dropped_is_as_if_it_had_never_been
    a_position_moves_only_from_where_it_is
    a_position_has_an_anchor_and_is_moved_anywhere_from_exactly_there
    projections_and_upstreams_have_positions_of_their_own
}

async fn a_view_is_what_happened_and_then_what_happens<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 1_201, 2).await;
    let runner = ProjectionRunner::start(&office, P::projection(), place.views().await).await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(place.sums().await, (2_400, 1_201));
    for more in 1..=10 {
        let last = deposits(&office, 3, 10).await;
        runner.wait_for(last, PATIENCE).await.unwrap();
        assert_eq!(place.sums().await, (2_400 + more * 20, 1_201 + more * 3));
    }
    let status = runner.status().await.unwrap();
    assert_eq!((status.position, status.last, status.lag()), (1_231, 1_231, 0));
    runner.stop().await.unwrap();
}

async fn topics_that_nobody_handles_advance_the_position<P: Place>(place: P) {
    let office = office().await;
    let runner = ProjectionRunner::start(&office, P::projection(), place.views().await).await.unwrap();
    for last in 1..=3 {
        office.save(&mut Note::begin()).await.unwrap();
        runner.wait_for(last, PATIENCE).await.unwrap();
    }
    runner.stop().await.unwrap();
    assert_eq!(place.views().await.position("balances", "Office").await.unwrap(), 3);
    assert_eq!(place.sums().await, (0, 0));
}

async fn a_view_goes_on_from_where_it_is<P: Place>(place: P) {
    let office = office().await;
    let mut events = 0;
    for _ in 0..5 {
        let last = deposits(&office, 7, 1).await;
        events += 7;
        let runner = ProjectionRunner::of(&office, P::projection(), place.views().await).batch_size(3);
        let runner = runner.start().await.unwrap();
        runner.wait_for(last, PATIENCE).await.unwrap();
        runner.stop().await.unwrap();
        assert_eq!(place.sums().await.1, events);
    }
}

async fn two_runners_of_a_projection_do_each_event_once<P: Place>(place: P) {
    let office = office().await;
    let mut runners = Vec::new();
    for batch_size in [1, 3, 7] {
        let runner = ProjectionRunner::of(&office, P::projection(), place.views().await);
        runners.push(runner.batch_size(batch_size).start().await.unwrap());
    }
    let mut last = 0;
    for _ in 0..20 {
        last = deposits(&office, 5, 1).await;
    }
    // what one did the others learn of
    for waited in join_all(runners.iter().map(|runner| runner.wait_for(last, PATIENCE))).await {
        waited.unwrap();
    }
    for runner in runners {
        runner.stop().await.unwrap();
    }
    assert_eq!(place.sums().await, (80, 100));
}

async fn runners_dropped_at_any_moment_do_each_event_once<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 300, 1).await;
    for polls in 0..200 {
        let runner = ProjectionRunner::of(&office, P::projection(), place.views().await).batch_size(1 + polls % 5);
        let runner = runner.start().await.unwrap();
        for _ in 0..polls {
            yield_now().await;
        }
        drop(runner);
    }
    // a transaction that was dropped may hold its lock for a moment
    let policy = OnFailure::Retry { attempts: 10, pause: std::time::Duration::from_millis(10) };
    let runner = ProjectionRunner::of(&office, P::projection(), place.views().await).on_failure(policy);
    let runner = runner.start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    assert_eq!(place.sums().await, (299, 300));
}

async fn a_transaction_dropped_is_as_if_it_had_never_been<P: Place>(place: P) {
    let views = place.views().await;
    for _ in 0..3 {
        let mut transaction = views.begin("balances", &Tracking::new("Office", 0, 5)).await.unwrap();
        let _: &mut _ = transaction.view();
        drop(transaction);
        assert_eq!(views.position("balances", "Office").await.unwrap(), 0);
    }
    views.begin("balances", &Tracking::new("Office", 0, 5)).await.unwrap().commit().await.unwrap();
    assert_eq!(views.position("balances", "Office").await.unwrap(), 5);
}

async fn a_position_moves_only_from_where_it_is<P: Place>(place: P) {
    let views = place.views().await;
    for (recorded, refused) in [(0, vec![(1, 2), (4, 9)]), (5, vec![(0, 5), (0, 7), (4, 6), (6, 7)])] {
        for (after, position) in refused {
            match views.begin("balances", &Tracking::new("Office", after, position)).await.map(|_| ()) {
                Err(ViewError::AlreadyProcessed { recorded: found, .. }) => assert_eq!(found, recorded),
                other => panic!("{after} to {position}: {other:?}"),
            }
        }
        let tracking = Tracking::new("Office", recorded, recorded + 5);
        views.begin("balances", &tracking).await.unwrap().commit().await.unwrap();
        assert_eq!(views.position("balances", "Office").await.unwrap(), recorded + 5);
    }
}

async fn a_position_has_an_anchor_and_is_moved_anywhere_from_exactly_there<P: Place>(place: P) {
    let views = place.views().await;
    let at = |id: u64| LogPosition::anchored(id, Uuid::from_u128(id.into()));
    let position = async || views.position("balances", "Office").await.unwrap();
    views.begin("balances", &Tracking::new("Office", 0, at(5))).await.unwrap().commit().await.unwrap();
    views.begin("balances", &Tracking::new("Office", 5, at(9))).await.unwrap().commit().await.unwrap();
    views.begin("balances", &Tracking::new("Branch", 0, at(9))).await.unwrap().commit().await.unwrap();
    assert_eq!(position().await, at(9));
    for from in [at(8), LogPosition::from(9), LogPosition::anchored(9, Uuid::nil()), LogPosition::START] {
        let error = views.move_position("balances", "Office", from, at(3)).await.unwrap_err();
        assert!(matches!(error, ViewError::AlreadyProcessed { recorded: 9, .. }), "{error:?}");
    }
    let mut from = at(9);
    for to in [at(3), LogPosition::from(7), at(7), at(4), LogPosition::START] {
        // the second finds that it was done
        for _ in 0..2 {
            views.move_position("balances", "Office", from, to).await.unwrap();
        }
        assert_eq!(position().await, to);
        from = to;
    }
    views.begin("balances", &Tracking::new("Office", 0, at(2))).await.unwrap().commit().await.unwrap();
    assert_eq!(position().await, at(2));
    assert_eq!(views.position("balances", "Branch").await.unwrap(), at(9));
}

async fn projections_and_upstreams_have_positions_of_their_own<P: Place>(place: P) {
    let views = place.views().await;
    for (projection, upstream, position) in [("a", "X", 1), ("a", "Y", 2), ("b", "X", 3)] {
        let tracking = Tracking::new(upstream, 0, position);
        views.begin(projection, &tracking).await.unwrap().commit().await.unwrap();
    }
    for (projection, upstream, position) in [("a", "X", 1), ("a", "Y", 2), ("b", "X", 3), ("b", "Y", 0)] {
        assert_eq!(views.position(projection, upstream).await.unwrap(), position);
    }
}

#[tokio::test]
async fn an_error_that_a_handler_keeps_to_itself_is_none_that_commit_keeps_too() {
    let pool = postgres_pool().await;
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    let mut transaction = views.begin("balances", &Tracking::new("Office", 0, 5)).await.unwrap();
    drop(sqlx::query("SELECT 1 / 0").execute(transaction.view()).await.unwrap_err());
    let error = transaction.commit().await.unwrap_err();
    assert!(error.to_string().contains("current transaction is aborted"), "{error}");
    assert_eq!(views.position("balances", "Office").await.unwrap(), 0);
}

#[tokio::test]
async fn views_whose_pool_is_closed_say_that_it_is_the_pool() {
    let (sqlite, _folder) = sqlite_pool().await;
    let postgres = postgres_pool().await;
    let (in_sqlite, in_postgres) =
        (SqliteViews::open(sqlite.clone()).await.unwrap(), PostgresViews::open(postgres.clone()).await.unwrap());
    sqlite.close().await;
    postgres.close().await;
    let tracking = Tracking::new("Office", 0, 1);
    let errors = [
        in_sqlite.position("balances", "Office").await.unwrap_err(),
        in_postgres.position("balances", "Office").await.unwrap_err(),
        in_sqlite.begin("balances", &tracking).await.map(|_| ()).unwrap_err(),
        in_postgres.begin("balances", &tracking).await.map(|_| ()).unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().contains("closed pool") && !error.is_retryable(), "{error}");
    }
}

#[test]
fn opening_views_outside_of_a_runtime_is_an_error_with_the_cure() {
    futures::executor::block_on(async {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (sqlite, postgres) = {
            let _inside = runtime.enter();
            let sqlite = SqlitePoolOptions::new().connect_lazy_with(SqliteConnectOptions::new());
            (sqlite, PgPoolOptions::new().connect_lazy_with(PgConnectOptions::new_without_pgpass()))
        };
        let errors = [
            SqliteViews::open(sqlite).await.map(|_| ()).unwrap_err(),
            PostgresViews::open(postgres).await.map(|_| ()).unwrap_err(),
        ];
        for error in errors {
            assert!(error.to_string().contains("open it inside of `#[tokio::main]`"), "{error}");
        }
    });
}

#[tokio::test]
async fn many_who_open_views_at_once_make_one_table() {
    let pool = postgres_pool().await;
    for opened in join_all((0..10).map(|_| PostgresViews::open(pool.clone()))).await {
        opened.unwrap();
    }
    let (pool, _folder) = sqlite_pool().await;
    for opened in join_all((0..10).map(|_| SqliteViews::open(pool.clone()))).await {
        opened.unwrap();
    }
}

#[tokio::test]
async fn events_and_views_can_be_in_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open_with(common::sqlite_file(&folder)).await.unwrap();
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let name = file.to_string_lossy().trim_end_matches("-wal").trim_end_matches("-shm").to_owned();
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(name)).await.unwrap();
    let table = "CREATE TABLE balances (id BLOB PRIMARY KEY, balance INTEGER NOT NULL, events INTEGER NOT NULL)";
    sqlx::query(table).execute(&pool).await.unwrap();
    let place = Sqlite { pool, _folder: folder };
    let runner = ProjectionRunner::start(&office, InSqlite, place.views().await).await.unwrap();
    let mut last = 0;
    for _ in 0..50 {
        last = deposits(&office, 4, 1).await;
    }
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(place.sums().await, (150, 200));
    // a handler that reads the account itself finds what the view is made of
    let accounts: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM balances").fetch_all(&place.pool).await.unwrap();
    let account: Account = office.repository().get(Uuid::from_slice(&accounts[0]).unwrap()).await.unwrap();
    assert_eq!(account.balance, 3);
    runner.stop().await.unwrap();
}
