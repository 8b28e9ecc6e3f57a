//! A projection that counts events, in a database of either kind: each event that is lost or comes twice shows.

use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::following::Recorded;
use eventsourcing_core::persistence::Cause;
use eventsourcing_core::{Application, Projection, ProjectionRunner, Views};
use eventsourcing_sqlx::PostgresConfig;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{PgConnection, PgPool, SqliteConnection, SqlitePool};
use tokio::sync::Semaphore;

/// The topic of the events that are counted.
const TOPICS: &[&str] = &["World.SomethingHappened"];

/// Makes the table, with nothing counted.
pub const TABLE: &str = "CREATE TABLE counted (events bigint NOT NULL); INSERT INTO counted VALUES (0)";

/// How many events were counted.
pub const COUNTED: &str = "SELECT events FROM counted";

/// Counting is not idempotent, as handlers need not be.
const COUNT: &str = "UPDATE counted SET events = events + $1";

#[derive(Debug)]
pub struct InSqlite;

impl Projection for InSqlite {
    type View = SqliteConnection;
    const NAME: &'static str = "counted";
    const TOPICS: &'static [&'static str] = TOPICS;

    async fn handle(&self, _: &str, events: &[Recorded<'_>], view: &mut SqliteConnection) -> Result<(), Cause> {
        sqlx::query(COUNT).bind(i64::try_from(events.len())?).execute(view).await?;
        Ok(())
    }
}

#[derive(Debug)]
pub struct InPostgres;

impl Projection for InPostgres {
    type View = PgConnection;
    const NAME: &'static str = "counted";
    const TOPICS: &'static [&'static str] = TOPICS;

    async fn handle(&self, _: &str, events: &[Recorded<'_>], view: &mut PgConnection) -> Result<(), Cause> {
        sqlx::query(COUNT).bind(i64::try_from(events.len())?).execute(view).await?;
        Ok(())
    }
}

/// In memory, with a permit for each event.
#[derive(Debug)]
pub struct InMemory(pub Arc<Semaphore>);

impl Projection for InMemory {
    type View = u64;
    const NAME: &'static str = "counted";
    const TOPICS: &'static [&'static str] = TOPICS;

    async fn handle(&self, _: &str, events: &[Recorded<'_>], view: &mut u64) -> Result<(), Cause> {
        self.0.acquire_many(u32::try_from(events.len())?).await?.forget();
        *view += events.len() as u64;
        Ok(())
    }
}

/// A runner with small batches, so that others come in between, which looks often.
pub async fn run<P, V>(universe: &Application, projection: P, views: V) -> ProjectionRunner
where
    P: Projection,
    V: Views<View = P::View>,
{
    let runner = ProjectionRunner::of(universe, projection, views).batch_size(7);
    runner.poll_interval(Duration::from_millis(5)).start().await.unwrap()
}

/// A pool of so many connections to the schema of the configuration, with none of the recorder's settings.
pub async fn postgres_pool(config: &PostgresConfig, connections: u32) -> PgPool {
    let options = super::options(config).options([("search_path", config.schema.as_str())]);
    PgPoolOptions::new().max_connections(connections).connect_with(options).await.unwrap()
}

pub async fn sqlite_pool(file: &str, connections: u32) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).busy_timeout(super::PATIENCE);
    SqlitePoolOptions::new().max_connections(connections).connect_with(options).await.unwrap()
}
