//! Positions of projections in PostgreSQL: the dead rows that they leave, and what transactions see after they waited.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::projection::{
    ProjectionKey, RebuildError, RebuildableViews as _, Switched, ViewTransaction as _,
};
use eventsourcing_core::{LogPosition, Tracking, Uuid, ViewError, Views as _};
use eventsourcing_sqlx::PostgresViews;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgPool};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;

use common::{PATIENCE, Schema, connect, options};

/// Views in their own schema.
struct Fixture {
    schema: Schema,
    pool: PgPool,
    views: PostgresViews,
}

impl Fixture {
    async fn new(connections: u32) -> Self {
        let schema = Schema::new();
        schema.run(format!("CREATE SCHEMA {}", schema.name)).await;
        let options = options(&schema.config).options([("search_path", schema.name.as_str())]);
        let pool = PgPoolOptions::new().max_connections(connections);
        let pool = pool.connect_with(options.application_name(&schema.name)).await.unwrap();
        let views = PostgresViews::open(pool.clone()).await.unwrap();
        Self { schema, pool, views }
    }

    async fn move_on(&self, projection: &str, after: u64, position: u64) {
        self.views.begin(projection, &step(after, position)).await.unwrap().commit().await.unwrap();
    }

    /// Runs this on a task, and returns once this number of the test's statements waits for a lock.
    async fn waiting<F>(&self, waiting: i64, task: impl FnOnce(PostgresViews) -> F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let task = tokio::spawn(task(self.views.clone()));
        let count = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{}' AND wait_event_type = 'Lock'",
            self.schema.name
        );
        let mut outsider = connect(&self.schema.config).await;
        let waits = timeout(PATIENCE, async {
            while sqlx::query_scalar::<_, i64>(AssertSqlSafe(count.clone())).fetch_one(&mut outsider).await.unwrap()
                < waiting
            {
                assert!(!task.is_finished(), "it did not wait");
                yield_now().await;
            }
        });
        waits.await.unwrap();
        task
    }

    async fn positions(&self) -> Vec<i64> {
        let positions = "SELECT position FROM eventsourcing_projections ORDER BY projection, position";
        sqlx::query_scalar(positions).fetch_all(&self.pool).await.unwrap()
    }

    /// Sets the positions of the live version and of the next one, which is rebuilt.
    async fn rebuilding(&self, live: u64, rebuilt: u64) -> ProjectionKey<'static> {
        let key = ProjectionKey::new("built", 2).rebuilt();
        self.move_on("built", 0, live).await;
        let mut transaction = self.views.begin_rebuild(key).await.unwrap().unwrap();
        let table = format!("CREATE TABLE {}t (id int)", key.prefix());
        transaction.view().execute(AssertSqlSafe(table)).await.unwrap();
        self.views.check_tables(key, &mut transaction).await.unwrap();
        transaction.commit().await.unwrap();
        self.move_on(&key.to_string(), 0, rebuilt).await;
        key
    }
}

fn step(after: u64, position: u64) -> Tracking {
    Tracking::new("Office", after, LogPosition::anchored(position, Uuid::from_u128(position.into())))
}

async fn done<T>(task: JoinHandle<T>) -> T {
    timeout(PATIENCE, task).await.unwrap().unwrap()
}

/// While a snapshot is held, each later batch reads every version of a row that was updated in place. A plan that scans the table also
/// reads every deleted row.
#[tokio::test]
async fn batches_beside_an_old_snapshot_read_as_much_as_those_without() {
    let fixture = Fixture::new(1).await;
    let mut outsider = connect(&fixture.schema.config).await;
    let mut snapshot = outsider.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    sqlx::query("SELECT txid_current_snapshot()").execute(&mut *snapshot).await.unwrap();
    let fetched = "SELECT pg_stat_get_xact_blocks_fetched('eventsourcing_projections'::regclass) \
                   + pg_stat_get_xact_blocks_fetched('eventsourcing_projections_pkey'::regclass)";
    // by then a table with a row or two seems to be read at once
    let analyze = "VACUUM ANALYZE eventsourcing_projections";
    // a rebuild's position is another row of the same table
    fixture.move_on("another", 0, 1).await;
    fixture.pool.execute(analyze).await.unwrap();
    for projection in ["counted", "counted_v2.rebuilt"] {
        if projection != "counted" {
            let key = ProjectionKey::parse(projection);
            fixture.views.begin_rebuild(key).await.unwrap().unwrap().commit().await.unwrap();
        }
        let mut read = Vec::new();
        let mut before = 0;
        for position in 0..1_000 {
            let mut transaction = fixture.views.begin(projection, &step(position, position + 1)).await.unwrap();
            let all: i64 = sqlx::query_scalar(fetched).fetch_one(transaction.view()).await.unwrap();
            transaction.commit().await.unwrap();
            // the session's counter begins again from time to time
            read.push(if all < before { all } else { all - before });
            before = all;
        }
        // a batch for which a page is added reads a few more
        let median = |batches: &[i64]| {
            let mut batches = batches.to_vec();
            batches.sort_unstable();
            batches[batches.len() / 2]
        };
        let (early, late) = (median(&read[10..60]), median(&read[950..]));
        assert!(late <= early + 3, "{projection}: {early} blocks in a batch, and {late} after a thousand");
    }
    assert_eq!(fixture.positions().await, [1, 1_000, 1_000]);
    snapshot.rollback().await.unwrap();
    fixture.schema.drop().await;
}

/// Neither has a row of the other to wait for, nor a row of the live version.
#[tokio::test]
async fn of_two_runners_that_begin_the_second_waits_for_the_first_s_outcome() {
    for gives_up in [false, true] {
        let fixture = Fixture::new(6).await;
        let served = Tracking::new("Another", 0, 7);
        fixture.views.begin("new", &served).await.unwrap().commit().await.unwrap();
        let first = fixture.views.begin("new", &step(0, 1)).await.unwrap();
        let second = fixture.waiting(1, |views| async move { views.begin("new", &step(0, 2)).await }).await;
        if gives_up {
            drop(first);
            done(second).await.unwrap().commit().await.unwrap();
            assert_eq!(fixture.positions().await, [2, 7]);
        } else {
            first.commit().await.unwrap();
            let refused = done(second).await;
            assert!(matches!(refused, Err(ViewError::AlreadyProcessed { recorded: 1, .. })), "{refused:?}");
            assert_eq!(fixture.positions().await, [1, 7]);
        }
        fixture.schema.drop().await;
    }
}

/// The row that it would wait for is not the one that exists afterwards.
#[tokio::test]
async fn who_waited_aside_for_a_batch_holds_the_position_that_it_left() {
    let fixture = Fixture::new(6).await;
    fixture.move_on("counted", 0, 1).await;
    let batch = fixture.views.begin("counted", &step(1, 2)).await.unwrap();
    let aside = fixture.waiting(1, |views| async move { views.begin_without_advance("counted", "Office").await }).await;
    batch.commit().await.unwrap();
    let aside = done(aside).await.unwrap();
    let next = fixture.waiting(1, |views| async move { views.begin("counted", &step(2, 3)).await }).await;
    aside.commit().await.unwrap();
    done(next).await.unwrap().commit().await.unwrap();
    assert_eq!(fixture.positions().await, [3]);
    fixture.schema.drop().await;
}

#[tokio::test]
async fn a_position_is_moved_from_where_the_batch_left_it_that_was_waited_for() {
    let fixture = Fixture::new(6).await;
    fixture.move_on("counted", 0, 1).await;
    let batch = fixture.views.begin("counted", &step(1, 2)).await.unwrap();
    let (from, to) = (step(1, 2).log_position(), step(2, 9).log_position());
    let move_it = async move |views: PostgresViews| views.move_position("counted", "Office", from, to).await;
    let moved = fixture.waiting(1, move_it).await;
    batch.commit().await.unwrap();
    done(moved).await.unwrap();
    assert_eq!(fixture.positions().await, [9]);
    fixture.schema.drop().await;
}

#[tokio::test]
async fn a_batch_begins_although_its_position_was_moved_away_and_back() {
    let fixture = Fixture::new(6).await;
    fixture.move_on("counted", 0, 5).await;
    let (five, four) = (step(0, 5).log_position(), step(0, 4).log_position());
    let aside = fixture.views.begin_without_advance("counted", "Office").await.unwrap();
    let move_it = |from, to| async move |views: PostgresViews| views.move_position("counted", "Office", from, to).await;
    let away = fixture.waiting(1, move_it(five, four)).await;
    let back = fixture.waiting(2, move_it(four, five)).await;
    let batch = fixture.waiting(3, |views| async move { views.begin("counted", &step(5, 6)).await }).await;
    aside.commit().await.unwrap();
    done(away).await.unwrap();
    done(back).await.unwrap();
    done(batch).await.unwrap().commit().await.unwrap();
    assert_eq!(fixture.positions().await, [6]);
    fixture.schema.drop().await;
}

/// The result of a switch, or `None` if it gave up waiting for the lock on a slow machine.
async fn switched(switch: JoinHandle<Result<Switched, RebuildError>>) -> Option<Switched> {
    match done(switch).await {
        Err(RebuildError::View { source: ViewError::Busy { .. }, .. }) => None,
        switched => Some(switched.unwrap()),
    }
}

const TRIES: usize = 10;

#[tokio::test]
async fn a_switch_that_waited_for_a_batch_sees_where_that_left_the_position() {
    for (rebuilt, expected) in [(1, Switched::Behind), (2, Switched::Done)] {
        let mut found = None;
        for _ in 0..TRIES {
            let fixture = Fixture::new(6).await;
            let key = fixture.rebuilding(1, rebuilt).await;
            let batch = fixture.views.begin("built", &step(1, 2)).await.unwrap();
            let switch = fixture.waiting(1, async move |views: PostgresViews| views.switch(key, &[]).await).await;
            batch.commit().await.unwrap();
            found = switched(switch).await;
            fixture.schema.drop().await;
            if found.is_some() {
                break;
            }
        }
        assert_eq!(found, Some(expected));
    }
}

/// The batch holds the lock on the position, for which the switch waits, and the switch holds the versions.
#[tokio::test]
async fn a_batch_that_is_refused_before_a_switch_does_not_wait_for_it() {
    for _ in 0..TRIES {
        let fixture = Fixture::new(6).await;
        let key = fixture.rebuilding(1, 2).await;
        let first = fixture.views.begin("built", &step(1, 2)).await.unwrap();
        let second = fixture.waiting(1, |views| async move { views.begin("built", &step(1, 2)).await }).await;
        let switch = fixture.waiting(2, async move |views: PostgresViews| views.switch(key, &[]).await).await;
        first.commit().await.unwrap();
        let refused = done(second).await;
        assert!(matches!(refused, Err(ViewError::AlreadyProcessed { recorded: 2, .. })), "{refused:?}");
        let Some(switched) = switched(switch).await else {
            fixture.schema.drop().await;
            continue;
        };
        assert_eq!(switched, Switched::Done);
        // another version is live by now
        let error = fixture.views.begin("built", &step(2, 3)).await.unwrap_err();
        assert!(matches!(error, ViewError::VersionNotLive { live: 2, .. }), "{error:?}");
        fixture.move_on("built_v2", 2, 3).await;
        fixture.schema.drop().await;
        return;
    }
    panic!("the switch never got the lock");
}

/// Such a program takes no lock except the row's.
#[tokio::test]
async fn a_program_that_updates_positions_in_place_is_waited_for() {
    let fixture = Fixture::new(6).await;
    fixture.move_on("counted", 0, 1).await;
    let update = |after, position| {
        format!("UPDATE eventsourcing_projections SET position = {position} WHERE position = {after}")
    };
    let mut old = fixture.pool.begin().await.unwrap();
    old.execute(AssertSqlSafe(update(1, 2))).await.unwrap();
    let batch = fixture.waiting(1, |views| async move { views.begin("counted", &step(1, 2)).await }).await;
    old.commit().await.unwrap();
    let refused = done(batch).await;
    assert!(matches!(refused, Err(ViewError::AlreadyProcessed { recorded: 2, .. })), "{refused:?}");
    let mut old = fixture.pool.begin().await.unwrap();
    old.execute(AssertSqlSafe(update(2, 3))).await.unwrap();
    let aside = fixture.waiting(1, |views| async move { views.begin_without_advance("counted", "Office").await }).await;
    old.commit().await.unwrap();
    done(aside).await.unwrap().commit().await.unwrap();
    assert_eq!(fixture.positions().await, [3]);
    fixture.schema.drop().await;
}
