//! A projection that counts events in each database, so that a lost or repeated event shows.

use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::projection::Recorded;
use eventsourcing_core::recording::Cause;
use eventsourcing_core::{Application, Projection, ProjectionRunner, Views};
use eventsourcing_sqlx::PostgresConfig;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{PgConnection, PgPool, SqliteConnection, SqlitePool};
use tokio::sync::Semaphore;

/// The topic of the events that are counted.
const TOPICS: &[&str] = &["World.SomethingHappened"];

/// Creates the table, with a count of zero.
pub const TABLE: &str = "CREATE TABLE counted (events bigint NOT NULL); INSERT INTO counted VALUES (0)";

/// The number of counted events.
pub const COUNTED: &str = "SELECT events FROM counted";

/// The statement that counts. It is not idempotent, since handlers need not be.
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

/// Counts in memory, with a permit for each event.
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

/// Starts a runner with small batches, so that others interleave, and a short poll interval.
pub async fn run<P, V>(universe: &Application, projection: P, views: V) -> ProjectionRunner
where
    P: Projection,
    V: Views<View = P::View>,
{
    let runner = ProjectionRunner::builder(universe, projection, views).batch_size(7);
    runner.poll_interval(Duration::from_millis(5)).start().await.unwrap()
}

/// A pool of this number of connections to the schema of the configuration, without the recorder's settings.
pub async fn postgres_pool(config: &PostgresConfig, connections: u32) -> PgPool {
    let options = super::options(config).options([("search_path", config.schema.as_str())]);
    PgPoolOptions::new().max_connections(connections).connect_with(options).await.unwrap()
}

pub async fn sqlite_pool(file: &str, connections: u32) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).busy_timeout(super::PATIENCE);
    SqlitePoolOptions::new().max_connections(connections).connect_with(options).await.unwrap()
}
