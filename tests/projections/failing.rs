//! Handlers that fail: the error names the event, and the view keeps exactly the events before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::projection::{Progress, Views as _};
use eventsourcing::{EventContext, MemoryViews, OnFailure, ProjectionRunner, RunnerError, StoredEvent};
use sqlx::{PgConnection, SqliteConnection};

use super::{AccountDeposited, AccountOpened, Office, PATIENCE, deposits, office, postgres_pool, sqlite_pool};

/// The amounts that were deposited; 13 brings bad luck.
#[derive(Clone, Default)]
struct Amounts {
    /// How many more times 13 is refused.
    refusals: Arc<AtomicU32>,
    panics: bool,
}

#[projection("amounts")]
impl Amounts {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, view: &mut Vec<i64>) -> std::result::Result<(), String> {
        // before it fails, so that it has to be undone
        view.push(event.amount);
        if event.amount != 13 || self.refusals.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        self.refusals.fetch_sub(1, Ordering::Relaxed);
        assert!(!self.panics, "thirteen at table");
        Err("13 brings bad luck".to_owned())
    }
}

fn unlucky(refusals: u32) -> Amounts {
    Amounts { refusals: Arc::new(AtomicU32::new(refusals)), panics: false }
}

async fn record(office: &Office, amounts: &[i64]) -> u64 {
    let mut last = 0;
    for amount in amounts {
        last = deposits(office, 2, *amount).await;
    }
    last
}

#[tokio::test]
async fn a_handler_that_fails_stops_the_projection_before_its_event() {
    let office = office().await;
    let last = record(&office, &[1, 2, 13, 4, 5]).await;
    let views = MemoryViews::new(Vec::new());
    let runner = ProjectionRunner::start(&office, unlucky(u32::MAX), views.clone()).await.unwrap();
    let error = runner.wait_for(last, PATIENCE).await.unwrap_err();
    let culprit = &office.log().select(6, 1).await.unwrap()[0];
    let said = format!(
        "`amounts` failed at `Account.Deposited`, notification 6 of `Office`, version 2 of {}: \
         13 brings bad luck",
        culprit.originator_id
    );
    assert_eq!(error.to_string(), said);
    assert_eq!(views.read(Clone::clone), [1, 2]);
    let status = runner.status().await.unwrap();
    assert!(matches!(status.progress, Progress::Failed(RunnerError::Handler { notification_id: 6, .. })), "{status:?}");
    assert_eq!((status.position, status.lag()), (4, 6));
    assert!(status.behind_for > Duration::ZERO && status.last_error.is_some(), "{status:?}");
    assert_eq!(runner.stop().await.unwrap_err().to_string(), said);

    // mended and started again it goes on
    let runner = ProjectionRunner::start(&office, unlucky(0), views.clone()).await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(views.read(Clone::clone), [1, 2, 13, 4, 5]);
    assert!(runner.status().await.unwrap().behind_for.is_zero());
    runner.stop().await.unwrap();
}

#[tokio::test]
async fn a_handler_that_panics_is_an_error_and_not_the_process_s_end() {
    let office = office().await;
    let last = record(&office, &[1, 13]).await;
    let views = MemoryViews::new(Vec::new());
    let projection = Amounts { panics: true, ..unlucky(u32::MAX) };
    let runner = ProjectionRunner::start(&office, projection, views.clone()).await.unwrap();
    let error = runner.wait_for(last, PATIENCE).await.unwrap_err();
    assert!(error.to_string().ends_with("the handler panicked: thirteen at table"), "{error}");
    assert_eq!(views.read(Clone::clone), [1]);
}

#[tokio::test]
async fn a_handler_tries_again_as_often_as_the_policy_says() {
    let policy = OnFailure::retry(3, Duration::from_millis(1));
    for (refusals, is_overcome) in [(1, true), (4, true), (6, false)] {
        let office = office().await;
        let last = record(&office, &[1, 13, 3]).await;
        let views = MemoryViews::new(Vec::new());
        let runner = ProjectionRunner::builder(&office, unlucky(refusals), views.clone()).on_failure(policy);
        let runner = runner.start().await.unwrap();
        // the batch fails once, its event alone once, and then three times again
        let outcome = runner.wait_for(last, PATIENCE).await;
        assert_eq!(outcome.is_ok(), is_overcome, "{outcome:?}");
        let expected: &[i64] = if is_overcome { &[1, 13, 3] } else { &[1] };
        assert_eq!(views.read(Clone::clone), expected);
        assert!(runner.status().await.unwrap().last_error.is_some() || refusals == 1);
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_decoded_stops_the_projection_before_it() {
    let office = office().await;
    record(&office, &[1]).await;
    let state = b"{\"timestamp\":\"yesterday\"}".to_vec();
    let broken = StoredEvent::new(Uuid::new_v4(), 1, "Account.Deposited", state, Uuid::new_v4()).checksummed();
    office.recorder().insert_events(vec![broken]).await.unwrap();
    let last = record(&office, &[3]).await;
    let views = MemoryViews::new(Vec::new());
    let runner = ProjectionRunner::start(&office, unlucky(0), views.clone()).await.unwrap();
    let error = runner.wait_for(last, PATIENCE).await.unwrap_err();
    assert!(matches!(error, RunnerError::Handler { notification_id: 3, .. }), "{error:?}");
    assert_eq!(views.read(Clone::clone), [1]);
}

/// Counts accounts in a table.
struct Counted;

#[projection("counted")]
impl Counted {
    #[on]
    async fn opened(&self, _: &AccountOpened, _: &EventContext, view: &mut SqliteConnection) -> sqlx::Result<()> {
        sqlx::query("UPDATE counted SET accounts = accounts + 1").execute(view).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_table_that_is_missing_is_named() {
    let office = office().await;
    let last = deposits(&office, 1, 0).await;
    let (pool, _folder) = sqlite_pool().await;
    let views = SqliteViews::open(pool.clone()).await.unwrap();
    let runner = ProjectionRunner::start(&office, Counted, views.clone()).await.unwrap();
    let error = runner.wait_for(last, PATIENCE).await.unwrap_err();
    assert!(error.to_string().contains("no such table: counted"), "{error}");
    assert_eq!(views.position("counted", "Office").await.unwrap(), 0);
    let make = "CREATE TABLE counted (accounts INTEGER NOT NULL); INSERT INTO counted VALUES (0)";
    sqlx::raw_sql(make).execute(&pool).await.unwrap();
    let runner = ProjectionRunner::start(&office, Counted, views).await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    let counted: i64 = sqlx::query_scalar("SELECT accounts FROM counted").fetch_one(&pool).await.unwrap();
    assert_eq!(counted, 1);
}

/// Ignores an error after which PostgreSQL commits nothing.
struct Careless;

#[projection("careless")]
impl Careless {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, view: &mut PgConnection) -> sqlx::Result<()> {
        if event.amount == 13 {
            drop(sqlx::query("SELECT 1 / 0").execute(view).await);
        }
        Ok(())
    }
}

#[tokio::test]
async fn an_event_whose_transaction_cannot_be_committed_is_named() {
    let office = office().await;
    let last = record(&office, &[1, 2, 13, 4]).await;
    let views = PostgresViews::open(postgres_pool().await).await.unwrap();
    let runner = ProjectionRunner::start(&office, Careless, views.clone()).await.unwrap();
    let error = runner.wait_for(last, PATIENCE).await.unwrap_err();
    assert!(matches!(error, RunnerError::Handler { notification_id: 6, .. }), "{error:?}");
    assert!(error.to_string().contains("current transaction is aborted"), "{error}");
    assert_eq!(views.position("careless", "Office").await.unwrap(), 4);
}

#[tokio::test]
async fn what_keeps_the_view_from_being_changed_for_a_while_is_waited_out() {
    let office = office().await;
    let (pool, folder) = sqlite_pool().await;
    let make = "CREATE TABLE counted (accounts INTEGER NOT NULL); INSERT INTO counted VALUES (0)";
    sqlx::raw_sql(make).execute(&pool).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(folder.path().join("views.db"))
        .busy_timeout(Duration::from_millis(1));
    let views = SqliteViews::open(sqlx::SqlitePool::connect_with(options).await.unwrap()).await.unwrap();
    let lock = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let runner = ProjectionRunner::start(&office, Counted, views).await.unwrap();
    let last = deposits(&office, 1, 0).await;
    loop {
        let status = runner.status().await.unwrap();
        match status.progress {
            Progress::Retrying(error) => {
                assert!(error.to_string().contains("the view of `counted` cannot be changed"), "{error}");
                break;
            }
            Progress::Running => tokio::task::yield_now().await,
            other => panic!("{other:?}"),
        }
    }
    lock.rollback().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert!(matches!(runner.status().await.unwrap().progress, Progress::Running));
    runner.stop().await.unwrap();
}

/// Loses its connection at the first event.
struct Cut(Arc<AtomicU32>);

#[projection("cut")]
impl Cut {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, view: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO cut VALUES ($1)").bind(event.amount).execute(&mut *view).await?;
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            sqlx::query("SELECT pg_terminate_backend(pg_backend_pid())").execute(view).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_connection_lost_in_a_handler_does_not_stop_the_projection() {
    let office = office().await;
    let last = record(&office, &[1, 2, 3]).await;
    let pool = postgres_pool().await;
    sqlx::query("CREATE TABLE cut (amount bigint NOT NULL)").execute(&pool).await.unwrap();
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    let runner = ProjectionRunner::start(&office, Cut(Arc::default()), views).await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    let amounts: Vec<i64> =
        sqlx::query_scalar("SELECT amount FROM cut ORDER BY amount").fetch_all(&pool).await.unwrap();
    assert_eq!(amounts, [1, 2, 3]);
    let lost = runner.status().await.unwrap().last_error;
    assert!(matches!(lost, Some(RunnerError::Handler { notification_id: 2, .. })), "{lost:?}");
}

mod taken {
    //! Other projections with the same names.

    use eventsourcing::prelude::*;
    use sqlx::{PgConnection, SqliteConnection};

    use super::super::AccountOpened;

    pub(super) struct InSqlite;

    #[projection("counted")]
    impl InSqlite {
        #[on]
        async fn opened(&self, _: &AccountOpened, _: &mut SqliteConnection) -> Result<()> {
            Ok(())
        }
    }

    pub(super) struct InPostgres;

    #[projection("careless")]
    impl InPostgres {
        #[on]
        async fn opened(&self, _: &AccountOpened, _: &mut PgConnection) -> Result<()> {
            Ok(())
        }
    }
}

#[tokio::test]
async fn a_name_that_is_taken_in_the_same_database_is_refused_by_whatever_pool() {
    let office = office().await;
    let (pool, folder) = sqlite_pool().await;
    let views = SqliteViews::open(pool).await.unwrap();
    let _running = ProjectionRunner::start(&office, Counted, views).await.unwrap();
    let file = folder.path().join("views.db");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let views = SqliteViews::open(pool).await.unwrap();
    let error = ProjectionRunner::start(&office, taken::InSqlite, views).await.unwrap_err();
    assert!(matches!(error, RunnerError::NameTaken { name: "counted", .. }), "{error:?}");

    let pool = postgres_pool().await;
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    let _running = ProjectionRunner::start(&office, Careless, views).await.unwrap();
    let views = PostgresViews::open(pool).await.unwrap();
    let error = ProjectionRunner::start(&office, taken::InPostgres, views).await.unwrap_err();
    assert!(matches!(error, RunnerError::NameTaken { name: "careless", .. }), "{error:?}");
}
