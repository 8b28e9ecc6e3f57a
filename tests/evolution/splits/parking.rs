//! Failures of parts: the recorded event fails as a whole, is parked as a whole and is retried as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::projection::Views;
use eventsourcing::{Projection, ProjectionRunner};
use sqlx::{PgConnection, PgPool, SqliteConnection, SqlitePool};

use super::program::after::{WorldMoved, WorldRenamed};
use super::{Store, recorded};
use crate::common::PATIENCE;
use crate::common::pools::{postgres_pool, sqlite_pool};

/// The entries of a view: for each part its version, its place and what it says.
type Entries = Vec<(i64, i64, String)>;

/// Whether renamings fail.
#[derive(Clone)]
struct Failing(Arc<AtomicBool>);

impl Failing {
    fn new() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    fn check(&self) -> Result<(), sqlx::Error> {
        match self.0.load(Ordering::SeqCst) {
            true => Err(sqlx::Error::Configuration("no names today".into())),
            false => Ok(()),
        }
    }
}

fn entry(context: &EventContext, what: &str) -> (i64, i64, String) {
    (i64::try_from(context.originator_version).unwrap(), i64::from(context.part), what.to_owned())
}

struct InMemory(Failing);

#[projection("entries")]
impl InMemory {
    #[on]
    async fn moved(&self, event: &WorldMoved, context: &EventContext, view: &mut Entries) -> sqlx::Result<()> {
        view.push(entry(context, &event.place));
        Ok(())
    }

    #[on]
    async fn renamed(&self, event: &WorldRenamed, context: &EventContext, view: &mut Entries) -> sqlx::Result<()> {
        // before it fails, so that it has to be undone
        view.push(entry(context, &event.name));
        self.0.check()
    }
}

macro_rules! in_database {
    ($projection:ident, $connection:ty) => {
        struct $projection(Failing);

        impl $projection {
            async fn enter(context: &EventContext, what: &str, view: &mut $connection) -> sqlx::Result<()> {
                let (version, part, what) = entry(context, what);
                let insert = sqlx::query("INSERT INTO entries (version, part, what) VALUES ($1, $2, $3)");
                insert.bind(version).bind(part).bind(what).execute(view).await.map(|_| ())
            }
        }

        #[projection("entries")]
        impl $projection {
            #[on]
            async fn moved(
                &self,
                event: &WorldMoved,
                context: &EventContext,
                view: &mut $connection,
            ) -> sqlx::Result<()> {
                Self::enter(context, &event.place, view).await
            }

            #[on]
            async fn renamed(
                &self,
                event: &WorldRenamed,
                context: &EventContext,
                view: &mut $connection,
            ) -> sqlx::Result<()> {
                Self::enter(context, &event.name, view).await?;
                self.0.check()
            }
        }
    };
}

in_database!(InSqlite, SqliteConnection);
in_database!(InPostgres, PgConnection);

const TABLE: &str = "CREATE TABLE entries (version BIGINT, part BIGINT, what TEXT, PRIMARY KEY (version, part))";
const ALL: &str = "SELECT version, part, what FROM entries ORDER BY version, part";

#[tokio::test]
async fn memory() {
    let views = MemoryViews::new(Entries::new());
    let read = async |views: &MemoryViews<Entries>| views.read(Clone::clone);
    a_part_that_fails_parks_the_event_and_a_retry_handles_all_parts(InMemory, views, read).await;
}

#[tokio::test]
async fn sqlite() {
    let (pool, _folder): (SqlitePool, _) = sqlite_pool().await;
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    let views = SqliteViews::open(pool.clone()).await.unwrap();
    let read = async |_: &SqliteViews| sqlx::query_as(ALL).fetch_all(&pool).await.unwrap();
    a_part_that_fails_parks_the_event_and_a_retry_handles_all_parts(InSqlite, views, read).await;
}

#[tokio::test]
async fn postgres() {
    let pool: PgPool = postgres_pool().await;
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    let read = async |_: &PostgresViews| sqlx::query_as(ALL).fetch_all(&pool).await.unwrap();
    a_part_that_fails_parks_the_event_and_a_retry_handles_all_parts(InPostgres, views, read).await;
}

async fn a_part_that_fails_parks_the_event_and_a_retry_handles_all_parts<P, V>(
    projection: fn(Failing) -> P,
    views: V,
    read: impl AsyncFn(&V) -> Entries,
) where
    P: Projection,
    V: Views<View = P::View> + Clone,
{
    let store = Store::in_memory();
    let id = recorded(&store).await;
    let (program, failing) = (store.program().await, Failing::new());
    let park = OnFailure::park(0, Duration::ZERO);
    let runner = ProjectionRunner::builder(&program, projection(failing.clone()), views.clone()).on_failure(park);
    let runner = runner.start().await.unwrap();
    runner.wait_for(4, PATIENCE).await.unwrap();
    // what the first part did is undone
    assert_eq!(read(&views).await, []);
    let letters = DeadLetters::new(&program, projection(failing.clone()), views.clone());
    let all = letters.list(0, 10).await.unwrap();
    let parked: Vec<(u64, &str)> = all.iter().map(|letter| (letter.notification_id, letter.topic.as_str())).collect();
    assert_eq!(parked, [(2, "World.Relocated"), (3, "World.Moved"), (4, "World.Relocated")]);
    assert!(all[0].reason.as_deref().unwrap().contains("no names today"), "{all:?}");
    letters.retry(id).await.unwrap_err();
    assert_eq!((read(&views).await, letters.count().await.unwrap()), (Entries::new(), 3));

    failing.0.store(false, Ordering::SeqCst);
    assert_eq!(letters.retry(id).await.unwrap(), 3);
    let handled = [(2, 0, "the Sun"), (2, 1, "Terra"), (3, 0, "Mars"), (4, 0, "Jupiter"), (4, 1, "Gaia")];
    assert_eq!(read(&views).await, handled.map(|(version, part, what)| (version, part, what.to_owned())));
    assert_eq!(letters.count().await.unwrap(), 0);
    runner.stop().await.unwrap();
}

/// The next version of the view.
struct Rebuilt;

#[projection("entries", version = 2)]
impl Rebuilt {
    #[on]
    async fn moved(&self, event: &WorldMoved, context: &EventContext, view: &mut Entries) -> Result<()> {
        view.push(entry(context, &event.place));
        Ok(())
    }

    #[on]
    async fn renamed(&self, event: &WorldRenamed, context: &EventContext, view: &mut Entries) -> Result<()> {
        view.push(entry(context, &event.name));
        Ok(())
    }
}

#[tokio::test]
async fn a_rebuild_handles_the_parts_as_the_live_version_did() {
    let store = Store::in_memory();
    recorded(&store).await;
    let (program, failing, views) = (store.program().await, Failing::new(), MemoryViews::new(Entries::new()));
    failing.0.store(false, Ordering::SeqCst);
    let live = ProjectionRunner::start(&program, InMemory(failing), views.clone()).await.unwrap();
    live.wait_for(4, PATIENCE).await.unwrap();
    let before = views.read(Clone::clone);
    let mut rebuild = Rebuild::builder(&program, Rebuilt, views.clone()).batch_size(3).start().await.unwrap();
    rebuild.switch(PATIENCE).await.unwrap();
    assert_eq!((before.len(), views.read(Clone::clone)), (5, before));
}
