//! Projections and policies that begin at an early position and catch up with the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::projection::Views;
use eventsourcing::{Projection, ProjectionRunner};

use crate::account::Bank;
use crate::history::History;
use crate::limits::sqlite_saves::Writer;
use crate::limits::views::{Follower, Pool, Statements};
use crate::limits::{policies, postgres_saves, sqlite_reads};
use crate::measure::{Contender, Round};
use crate::ours::following::{self, Branch, ByBatch, ByBatchInFile, ByEvent, ByEventInFile, catch_up};
use crate::place::{self, Database, Schema};
use crate::report::{OURS, Title};
use crate::{Run, in_a_task, wait};

/// The number of events in the log.
const EVENTS: usize = 100_000;

/// The position at which contenders begin that need a statement or an aggregate for each event.
const LATE: u64 = 90_000;

const BY_HAND: &str = "sqlx, states undecoded";
const POLICY_BY_HAND: &str = "driver, states undecoded, new ones encoded before";

fn projection(database: Database, statements: Statements) -> Title {
    let each = match statements {
        Statements::ABatch => "a batch",
        Statements::AnEvent => "an event",
    };
    Title::new(database, format!("catch up counting, a statement {each}"), 1, "events")
}

fn policy(database: Database) -> Title {
    Title::new(database, "catch up with a policy, an aggregate an event", 1, "events")
}

/// Measures a database.
pub fn run(run: &mut Run, database: Database) {
    let titles = [Statements::ABatch, Statements::AnEvent].map(|statements| projection(database, statements));
    if !titles.iter().chain([&policy(database)]).any(|title| run.wants(title)) {
        return;
    }
    match database {
        Database::Memory => memory(run),
        Database::Sqlite => sqlite(run),
        Database::Postgres => postgres(run),
    }
}

fn memory(run: &mut Run) {
    let bank = Arc::new(place::bank_in_memory());
    History::record(&bank, EVENTS);
    run.measure(&policy(Database::Memory), |_| vec![our_policy(&bank, || (place::branch_in_memory(), ()))]);
}

fn sqlite(run: &mut Run) {
    let folder = place::folder(&run.folder);
    let file = folder.path().join("ours.db");
    let bank = Arc::new(place::bank_on(file.clone()));
    History::record(&bank, EVENTS);
    let pool = place::pool_on(&file);
    let views = wait(SqliteViews::open(pool.clone())).unwrap();
    projections(run, Database::Sqlite, &bank, &pool, &views, || ByBatchInFile, || ByEventInFile);
    run.measure(&policy(Database::Sqlite), |run| {
        let parent = run.folder.clone();
        let ours = our_policy(&bank, move || {
            let folder = place::folder(&parent);
            (place::branch_on(folder.path().join("branch.db")), folder)
        });
        let parent = run.folder.clone();
        let raw = sqlite_reads::open(&file);
        let limit = Contender::new(POLICY_BY_HAND, move || {
            let folder = place::folder(&parent);
            let mut writer = Writer::create(&folder.path().join("limit.db"));
            let start = Instant::now();
            let events = policies::sqlite(&raw, &mut writer, LATE as i64);
            Round::of(events, start.elapsed())
        });
        vec![ours, limit]
    });
}

fn postgres(run: &mut Run) {
    let schema = Schema::create();
    let bank = Arc::new(schema.bank());
    History::record(&bank, EVENTS);
    schema.execute("VACUUM ANALYZE bank_events");
    schema.execute("CHECKPOINT");
    let pool = schema.pool();
    let views = wait(PostgresViews::open(pool.clone())).unwrap();
    projections(run, Database::Postgres, &bank, &pool, &views, || ByBatch, || ByEvent);
    run.measure(&policy(Database::Postgres), |_| {
        let ours = our_policy(&bank, move || {
            let schema = Schema::create();
            (schema.branch(), schema)
        });
        let limit = Contender::new(POLICY_BY_HAND, || {
            let branch_schema = Schema::create();
            postgres_saves::create_tables(&branch_schema);
            let (mut bank, mut branch) = (schema.connect(), branch_schema.connect());
            in_a_task(async move {
                // the first use of a connection is not measured; the library's connections have been used before
                policies::postgres(&mut bank, &mut branch, EVENTS as i64).await;
                let start = Instant::now();
                let events = policies::postgres(&mut bank, &mut branch, LATE as i64).await;
                Round::of(events, start.elapsed())
            })
        });
        vec![ours, limit]
    });
}

/// A projection that counts deposits, with a statement for each batch and with a statement for each event.
fn projections<P, V, B, E>(
    run: &mut Run,
    database: Database,
    bank: &Arc<Bank>,
    pool: &P,
    views: &V,
    by_batch: fn() -> B,
    by_event: fn() -> E,
) where
    P: Pool,
    V: Views + Clone,
    B: Projection<View = V::View>,
    E: Projection<View = V::View>,
{
    wait(pool.create());
    run.measure(&projection(database, Statements::ABatch), |_| {
        let ours = our_projection(bank, pool, views, by_batch, 0);
        vec![ours, by_hand(pool, Statements::ABatch, 0)]
    });
    run.measure(&projection(database, Statements::AnEvent), |_| {
        let ours = our_projection(bank, pool, views, by_event, LATE);
        vec![ours, by_hand(pool, Statements::AnEvent, LATE)]
    });
}

fn our_projection<P, V, C>(bank: &Arc<Bank>, pool: &P, views: &V, make: fn() -> C, after: u64) -> Contender<'static>
where
    P: Pool,
    V: Views + Clone,
    C: Projection<View = V::View>,
{
    let expected = wait(pool.deposits_after(after as i64));
    let (bank, pool, views) = (Arc::clone(bank), pool.clone(), views.clone());
    Contender::new(OURS, move || {
        let (bank, pool, views) = (Arc::clone(&bank), pool.clone(), views.clone());
        let took = in_a_task(async move {
            pool.clear().await;
            following::begin_after(&views, after).await;
            let took = catch_up(&bank, ProjectionRunner::builder(&bank, make(), views)).await;
            assert_eq!(pool.counted().await, expected, "not every deposit was counted once");
            took
        });
        Round::of(expected as usize, took)
    })
}

fn by_hand<P: Pool>(pool: &P, statements: Statements, after: u64) -> Contender<'static> {
    let expected = wait(pool.deposits_after(after as i64));
    let mut follower = Some(wait(pool.follower("bank_events")));
    Contender::new(BY_HAND, move || {
        let mut one = follower.take().unwrap();
        let (took, one) = in_a_task(async move {
            let start = Instant::now();
            assert_eq!(one.catch_up(after as i64, statements).await, expected);
            (start.elapsed(), one)
        });
        follower = Some(one);
        Round::of(expected as usize, took)
    })
}

/// A policy of an application. `open` returns a new application for each round, with the owner of its tables.
fn our_policy<'a, K>(bank: &Arc<Bank>, mut open: impl FnMut() -> (Branch, K) + 'a) -> Contender<'a> {
    let bank = Arc::clone(bank);
    Contender::new(OURS, move || {
        let (branch, _keep) = open();
        let bank = Arc::clone(&bank);
        let (events, took): (u64, Duration) = in_a_task(async move {
            branch.save_tracked((), Tracking::new("Bank", 0, LATE)).await.unwrap();
            let took = catch_up(&bank, branch.follow(&bank)).await;
            let opened = branch.log().max_id().await.unwrap().unwrap();
            branch.close().await;
            (opened, took)
        });
        Round::of(events as usize, took)
    })
}
