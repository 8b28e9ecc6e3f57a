//! A view: a projection keeps a table of worlds, with the name and the number of events of each.
//!
//! The projection is written twice, for SQLite and for PostgreSQL, since a handler is given a connection of the database's driver. The one
//! for PostgreSQL handles many events in one statement.
//!
//! ```console
//! $ cargo run --example worlds
//! ```
//!
//! This keeps events and view in temporary SQLite files. With `PERSISTENCE_MODULE=postgres`, `POSTGRES_DBNAME` and so on in the environment
//! both are kept in PostgreSQL, and stay there.

use std::error::Error;
use std::time::Duration;

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::sqlite::{SqliteConnection, SqlitePool};

#[aggregate]
#[derive(Debug)]
pub struct World {
    pub name: String,
    pub history: Vec<String>,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), history: Vec::new() }
    }

    #[event("SomethingHappened")]
    pub fn make_it_so(&mut self, what: &str) {
        self.history.push(what.to_owned());
    }
}

#[application(aggregates(World))]
#[derive(Debug)]
pub struct Universe;

/// The view in SQLite: one statement for each event.
#[derive(Debug)]
pub struct WorldsInSqlite;

#[projection("worlds")]
impl WorldsInSqlite {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
        let table =
            format!("CREATE TABLE {prefix}worlds (id BLOB PRIMARY KEY, name TEXT NOT NULL, events INTEGER NOT NULL)");
        sqlx::query(AssertSqlSafe(table)).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn started(
        &self,
        event: &WorldStarted,
        context: &EventContext,
        view: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        let insert = format!("INSERT INTO {} VALUES (?, ?, 1)", context.table("worlds"));
        let id = context.originator_id.as_bytes().as_slice();
        sqlx::query(AssertSqlSafe(insert)).bind(id).bind(&event.name).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn happened(
        &self,
        _: &WorldSomethingHappened,
        context: &EventContext,
        view: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        let update = format!("UPDATE {} SET events = events + 1 WHERE id = ?", context.table("worlds"));
        let id = context.originator_id.as_bytes().as_slice();
        sqlx::query(AssertSqlSafe(update)).bind(id).execute(view).await?;
        Ok(())
    }
}

/// The same view in PostgreSQL: one statement counts all consecutive events of one type.
#[derive(Debug)]
pub struct WorldsInPostgres;

#[projection("worlds")]
impl WorldsInPostgres {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut PgConnection) -> sqlx::Result<()> {
        let table =
            format!("CREATE TABLE {prefix}worlds (id uuid PRIMARY KEY, name text NOT NULL, events bigint NOT NULL)");
        sqlx::query(AssertSqlSafe(table)).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut PgConnection) -> sqlx::Result<()> {
        let insert = format!("INSERT INTO {} VALUES ($1, $2, 1)", context.table("worlds"));
        sqlx::query(AssertSqlSafe(insert)).bind(context.originator_id).bind(&event.name).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn happened(
        &self,
        events: &[EventEnvelope<WorldSomethingHappened>],
        view: &mut PgConnection,
    ) -> sqlx::Result<()> {
        let Some(first) = events.first() else { return Ok(()) };
        let update = format!(
            "UPDATE {} AS world SET events = world.events + counted.events FROM \
             (SELECT id, count(*) AS events FROM unnest($1) AS each (id) GROUP BY id) AS counted WHERE world.id = counted.id",
            first.context.table("worlds")
        );
        let ids: Vec<Uuid> = events.iter().map(|happened| happened.context.originator_id).collect();
        sqlx::query(AssertSqlSafe(update)).bind(ids).execute(view).await?;
        Ok(())
    }
}

/// Saves two worlds, waits until the view has their events, and returns their ids.
async fn run(universe: &Universe, runner: &ProjectionRunner) -> Result<[Uuid; 2], Box<dyn Error>> {
    let (mut earth, mut mars) = (World::new("Earth"), World::new("Mars"));
    ["dinosaurs", "trucks", "internet"].iter().for_each(|what| earth.make_it_so(what));
    mars.make_it_so("rovers");
    let recorded = universe.save((&mut earth, &mut mars)).await?;
    let last = recorded.last().map_or(0, |notification| notification.id);
    runner.wait_for(last, Duration::from_secs(10)).await?;
    Ok([earth.id(), mars.id()])
}

async fn in_sqlite() -> Result<Vec<(String, i64)>, Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("worlds-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder)?;
    let file = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let events = file("universe.db");
    let universe = Universe::open_with([("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", events.as_str())]).await?;
    let pool = SqlitePool::connect(&format!("sqlite:{}?mode=rwc", file("views.db"))).await?;
    let runner = ProjectionRunner::start(&universe, WorldsInSqlite, SqliteViews::open(pool.clone()).await?).await?;
    run(&universe, &runner).await?;
    let rows = sqlx::query_as("SELECT name, events FROM worlds ORDER BY name").fetch_all(&pool).await?;
    runner.stop().await?;
    universe.close().await;
    pool.close().await;
    std::fs::remove_dir_all(&folder)?;
    Ok(rows)
}

async fn in_postgres() -> Result<Vec<(String, i64)>, Box<dyn Error>> {
    let variable = |name: &str, otherwise: &str| std::env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    let universe = Universe::open().await?;
    let options = PgConnectOptions::new_without_pgpass()
        .host(&variable("POSTGRES_HOST", "localhost"))
        .port(variable("POSTGRES_PORT", "5432").parse()?)
        .username(&variable("POSTGRES_USER", "postgres"))
        .password(&variable("POSTGRES_PASSWORD", ""))
        .database(&variable("POSTGRES_DBNAME", "postgres"))
        .options([("search_path", variable("POSTGRES_SCHEMA", "public"))]);
    let pool = PgPool::connect_with(options).await?;
    let runner = ProjectionRunner::start(&universe, WorldsInPostgres, PostgresViews::open(pool.clone()).await?).await?;
    let ids = run(&universe, &runner).await?;
    let select = sqlx::query_as("SELECT name, events FROM worlds WHERE id = ANY($1) ORDER BY name").bind(ids);
    let rows = select.fetch_all(&pool).await?;
    runner.stop().await?;
    Ok(rows)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let rows = match std::env::var("PERSISTENCE_MODULE").as_deref() {
        Ok("postgres") => in_postgres().await?,
        _ => in_sqlite().await?,
    };
    for (name, events) in &rows {
        println!("{name}: {events} events");
    }
    assert_eq!(rows, [("Earth".to_owned(), 4), ("Mars".to_owned(), 2)]);
    Ok(())
}
