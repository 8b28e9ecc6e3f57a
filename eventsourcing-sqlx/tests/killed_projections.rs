//! Processes that are killed while they run a projection: each event takes effect exactly once.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::sync::Arc;

use eventsourcing_core::projection::{Recorded, ViewTransaction};
use eventsourcing_core::recording::{Cause, LogPosition};
use eventsourcing_core::{
    Application, DeadLetter, Environment, Projection, ProjectionRunner, Recorder, Tracking, Uuid, ViewError, Views,
};
use eventsourcing_sqlx::{
    PostgresConfig, PostgresRecorder, PostgresViews, SqliteConfig, SqliteRecorder, SqliteTransaction, SqliteViews,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tokio::io::AsyncWriteExt as _;

use common::counted::{COUNTED, TABLE, postgres_pool, sqlite_pool};
use common::followed::universe;
use common::process::{Process, is_child, say};
use common::{PATIENCE, Schema, events};

const EVENTS: u64 = 120;

/// The number of connections of each pool for views.
const CONNECTIONS: u32 = 10;

const TOPICS: &[&str] = &["World.SomethingHappened"];

/// Reports an event to the parent, and waits until the parent lets the child go on.
fn report() {
    if is_child() {
        say("handled");
        std::io::stdin().read_line(&mut String::new()).unwrap();
    }
}

async fn let_go_on(process: &mut Process) {
    process.child.stdin.as_mut().unwrap().write_all(b"go on\n").await.unwrap();
}

/// Counts events in SQLite, and reports each to the parent before it is committed.
struct InSqlite;

impl Projection for InSqlite {
    type View = SqliteConnection;
    const NAME: &'static str = "counted";
    const TOPICS: &'static [&'static str] = TOPICS;

    async fn handle(&self, _: &str, events: &[Recorded<'_>], view: &mut SqliteConnection) -> Result<(), Cause> {
        for _ in events {
            sqlx::query("UPDATE counted SET events = events + 1").execute(&mut *view).await?;
            report();
        }
        Ok(())
    }
}

/// The same in PostgreSQL.
struct InPostgres;

impl Projection for InPostgres {
    type View = PgConnection;
    const NAME: &'static str = "counted";
    const TOPICS: &'static [&'static str] = TOPICS;

    async fn handle(&self, _: &str, events: &[Recorded<'_>], view: &mut PgConnection) -> Result<(), Cause> {
        for _ in events {
            sqlx::query("UPDATE counted SET events = events + 1").execute(&mut *view).await?;
            report();
        }
        Ok(())
    }
}

/// Runs the projection until the process is killed or all events are processed.
async fn child<P: Projection, V: Views<View = P::View>>(universe: Application, projection: P, views: V) {
    let runner = ProjectionRunner::builder(&universe, projection, views).batch_size(3).start().await.unwrap();
    runner.wait_for(EVENTS, PATIENCE).await.unwrap();
    say("done");
    std::future::pending::<()>().await;
}

/// Kills children, of which two run at any time, until one of them has processed all events.
async fn kill(test: &str, variables: &[(&str, &str)]) {
    let mut children = [Process::start(test, variables), Process::start(test, variables)];
    let mut kills = 0;
    loop {
        for patience in 1..=4 {
            let [first, second] = &mut children;
            // whichever of the two has the lock; the other says nothing
            let (speaker, word) = tokio::select! {
                word = first.hear() => (0, word),
                word = second.hear() => (1, word),
            };
            match word.as_deref() {
                Some("done") => {
                    // each event was reported, and at each fourth report one of the two was killed
                    assert!(kills >= usize::try_from(EVENTS / 4).unwrap(), "only {kills} were killed");
                    return;
                }
                Some(_) => {}
                None => panic!("a child ended by itself"),
            }
            let victim = kills % 2;
            if patience == 4 {
                children[victim].child.start_kill().unwrap();
                children[victim].child.wait().await.unwrap();
                children[victim] = Process::start(test, variables);
                kills += 1;
            }
            // a new child has reported nothing yet
            if patience < 4 || speaker != victim {
                let_go_on(&mut children[speaker]).await;
            }
        }
    }
}

async fn record(recorder: impl Recorder) {
    recorder.insert_events(events(Uuid::new_v4(), 1..=EVENTS)).await.unwrap();
    recorder.close().await;
}

#[tokio::test]
async fn each_event_takes_effect_once_in_a_file_whoever_is_killed() {
    let config = || SqliteConfig::from_environment(&Environment::from_process("Universe")).unwrap();
    if is_child() {
        let views = SqliteViews::open(sqlite_pool(&std::env::var("VIEWS").unwrap(), CONNECTIONS).await).await.unwrap();
        let recorder = SqliteRecorder::open("Universe", config()).await.unwrap();
        return child(universe(Arc::new(recorder)), InSqlite, views).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (log, views) = (file("universe.db"), file("views.db"));
    record(SqliteRecorder::open("Universe", SqliteConfig::new(&log)).await.unwrap()).await;
    let pool = sqlite_pool(&views, CONNECTIONS).await;
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    SqliteViews::open(pool.clone()).await.unwrap();
    let variables = [("SQLITE_DBNAME", log.as_str()), ("VIEWS", views.as_str())];
    kill("each_event_takes_effect_once_in_a_file_whoever_is_killed", &variables).await;
    let counted: u64 = sqlx::query_scalar(COUNTED).fetch_one(&pool).await.unwrap();
    assert_eq!(counted, EVENTS);
}

#[tokio::test]
async fn each_event_takes_effect_once_in_postgres_whoever_is_killed() {
    let config = || PostgresConfig::from_environment(&Environment::from_process("Universe")).unwrap();
    if is_child() {
        let config = config();
        let views = PostgresViews::open(postgres_pool(&config, CONNECTIONS).await).await.unwrap();
        let recorder = PostgresRecorder::open("Universe", config).await.unwrap();
        return child(universe(Arc::new(recorder)), InPostgres, views).await;
    }
    let schema = Schema::new();
    record(PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap()).await;
    let pool = postgres_pool(&schema.config, CONNECTIONS).await;
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    PostgresViews::open(pool.clone()).await.unwrap();
    let variables = [("POSTGRES_SCHEMA", schema.name.as_str()), ("POSTGRES_POOL_SIZE", "1")];
    kill("each_event_takes_effect_once_in_postgres_whoever_is_killed", &variables).await;
    let counted = schema.number(format!("SELECT events FROM {}.counted", schema.name)).await;
    assert_eq!(counted, i64::try_from(EVENTS).unwrap());
    pool.close().await;
    schema.drop().await;
}

/// Views that move the position in a second transaction, after that of the view.
struct Unprotected(SqliteViews, String);

struct UnprotectedTransaction {
    view: SqliteTransaction,
    file: String,
    tracking: Tracking,
}

impl Views for Unprotected {
    type View = SqliteConnection;
    type Transaction = UnprotectedTransaction;

    async fn position(&self, projection: &str, upstream: &str) -> Result<LogPosition, ViewError> {
        self.0.position(projection, upstream).await
    }

    async fn begin(&self, _: &str, tracking: &Tracking) -> Result<UnprotectedTransaction, ViewError> {
        // under another name, which nobody looks at
        let elsewhere = Tracking::new(format!("U{}", Uuid::new_v4().simple()), 0, 1);
        let view = self.0.begin("elsewhere", &elsewhere).await?;
        Ok(UnprotectedTransaction { view, file: self.1.clone(), tracking: tracking.clone() })
    }

    async fn begin_without_advance(&self, _: &str, upstream: &str) -> Result<UnprotectedTransaction, ViewError> {
        let view = self.0.begin_without_advance("elsewhere", upstream).await?;
        Ok(UnprotectedTransaction { view, file: self.1.clone(), tracking: Tracking::new(upstream, 0, 0) })
    }

    async fn dead_letters(
        &self,
        projection: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ViewError> {
        self.0.dead_letters(projection, upstream, after, limit).await
    }

    async fn count_dead_letters(&self, projection: &str, upstream: &str) -> Result<u64, ViewError> {
        self.0.count_dead_letters(projection, upstream).await
    }
}

impl ViewTransaction for UnprotectedTransaction {
    type View = SqliteConnection;

    fn view(&mut self) -> &mut SqliteConnection {
        self.view.view()
    }

    async fn parked(&mut self, originators: &[Uuid]) -> Result<Vec<Uuid>, ViewError> {
        self.view.parked(originators).await
    }

    async fn park(&mut self, letters: &[DeadLetter]) -> Result<(), ViewError> {
        self.view.park(letters).await
    }

    async fn unpark(&mut self, originator_id: Uuid, limit: usize) -> Result<Vec<DeadLetter>, ViewError> {
        self.view.unpark(originator_id, limit).await
    }

    async fn discard(&mut self, notification_id: u64) -> Result<Option<DeadLetter>, ViewError> {
        self.view.discard(notification_id).await
    }

    async fn commit(self) -> Result<(), ViewError> {
        self.view.commit().await?;
        say("between the two");
        if is_child() {
            // here it is killed
            std::future::pending::<()>().await;
        }
        let mut connection =
            SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&self.file)).await.unwrap();
        let Tracking { upstream, position, .. } = &self.tracking;
        let moved = format!(
            "INSERT INTO eventsourcing_projections (projection, upstream, position) VALUES ('counted', '{upstream}', {position}) \
             ON CONFLICT DO UPDATE SET position = excluded.position"
        );
        sqlx::query(AssertSqlSafe(moved)).execute(&mut connection).await.unwrap();
        Ok(())
    }
}

/// The twin: without one transaction for both, a kill between the two repeats an effect.
#[tokio::test]
async fn with_two_transactions_an_event_takes_effect_twice() {
    let config = || SqliteConfig::from_environment(&Environment::from_process("Universe")).unwrap();
    let views = async |file: &str| {
        Unprotected(SqliteViews::open(sqlite_pool(file, CONNECTIONS).await).await.unwrap(), file.to_owned())
    };
    if is_child() {
        let views = views(&std::env::var("VIEWS").unwrap()).await;
        let recorder = SqliteRecorder::open("Universe", config()).await.unwrap();
        return child(universe(Arc::new(recorder)), InSqlite, views).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (log, view) = (file("universe.db"), file("views.db"));
    record(SqliteRecorder::open("Universe", SqliteConfig::new(&log)).await.unwrap()).await;
    let pool = sqlite_pool(&view, CONNECTIONS).await;
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    let variables = [("SQLITE_DBNAME", log.as_str()), ("VIEWS", view.as_str())];
    let mut process = Process::start("with_two_transactions_an_event_takes_effect_twice", &variables);
    while process.hear().await.unwrap() != "between the two" {
        let_go_on(&mut process).await;
    }
    process.child.start_kill().unwrap();
    process.child.wait().await.unwrap();
    let recorder = SqliteRecorder::open("Universe", SqliteConfig::new(&log)).await.unwrap();
    let universe = universe(Arc::new(recorder));
    let runner = ProjectionRunner::start(&universe, InSqlite, views(&view).await).await.unwrap();
    runner.wait_for(EVENTS, PATIENCE).await.unwrap();
    let counted: u64 = sqlx::query_scalar(COUNTED).fetch_one(&pool).await.unwrap();
    assert!(counted > EVENTS, "{counted}");
}
