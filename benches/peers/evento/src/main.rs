//! evento: events committed and projections loaded through its executors.

use std::time::Duration;

use driver::{AMOUNT, CONNECTIONS, CURRENCY, NOTE, Peer, Place, TIMESTAMP};
use evento::cursor::Args;
use evento::metadata::Event;
use evento::migrator::{Migrate, Plan};
use evento::{EventFilter, Executor, Projection, TenantFilter};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

const SCHEMA: &str = "bench_evento";

/// Events of one commit: each binds many values, and a statement may bind only so many.
const CHUNK: usize = 200;

const PAGE: u16 = 1_000;

#[evento::aggregate(name = "bank/Account")]
pub enum Account {
    Deposited { timestamp: String, amount: i64, currency: String, note: String },
}

fn event() -> Deposited {
    Deposited { timestamp: TIMESTAMP.to_owned(), amount: AMOUNT, currency: CURRENCY.to_owned(), note: NOTE.to_owned() }
}

#[evento::projection]
#[evento::snapshot(none)]
pub struct View {
    pub balance: i64,
    pub events: usize,
}

#[evento::handler]
async fn on_deposited(event: Event<Deposited>, view: &mut View) -> anyhow::Result<()> {
    view.balance += event.data.amount;
    view.events += 1;
    Ok(())
}

/// The same with a snapshot, which each load stores that has applied events.
#[evento::projection(bitcode::Encode, bitcode::Decode)]
pub struct Stored {
    pub balance: i64,
    pub events: usize,
}

#[evento::handler]
async fn on_stored(event: Event<Deposited>, view: &mut Stored) -> anyhow::Result<()> {
    view.balance += event.data.amount;
    view.events += 1;
    Ok(())
}

#[derive(Clone)]
struct Evento<E> {
    executor: E,
    postgres: Option<sqlx::PgPool>,
}

impl<E: Executor + Clone + Send + Sync + 'static> Evento<E> {
    async fn append(&self, id: &str, version: usize, events: usize) {
        let mut writer = evento::append(id);
        // its versions have 16 bits
        writer.original_version(version as u16);
        for _ in 0..events {
            writer.event(&event());
        }
        writer.commit(&self.executor).await.unwrap();
    }
}

impl<E: Executor + Clone + Send + Sync + 'static> Peer for Evento<E> {
    type Stream = String;

    async fn save(&self, stream: Option<String>, saved: usize) -> String {
        match stream {
            Some(id) => {
                self.append(&id, saved, 1).await;
                id
            }
            None => evento::create().event(&event()).commit(&self.executor).await.unwrap(),
        }
    }

    async fn record(&self, events: usize) -> String {
        let id = evento::create().event(&event()).commit(&self.executor).await.unwrap();
        let mut recorded = 1;
        while recorded < events {
            let more = (events - recorded).min(CHUNK);
            self.append(&id, recorded, more).await;
            recorded += more;
        }
        id
    }

    async fn load(&self, id: &str) -> usize {
        let projection = Projection::<_, View>::new::<Account>().handler(on_deposited());
        let view: Option<View> = projection.load(id).execute(&self.executor).await.unwrap();
        view.unwrap().events
    }

    async fn record_with_snapshot(&self, events: usize) -> Result<String, &'static str> {
        let id = self.record(events).await;
        self.load_from_snapshot(&id).await;
        Ok(id)
    }

    async fn load_from_snapshot(&self, id: &str) -> usize {
        let projection = Projection::<_, Stored>::new::<Account>().handler(on_stored());
        let stored: Option<Stored> = projection.load(id).execute(&self.executor).await.unwrap();
        stored.unwrap().events
    }

    async fn read_log(&self) -> Result<usize, &'static str> {
        // in the order of its timestamps
        let mut after = None;
        let mut events = 0;
        loop {
            let accounts = Some(vec![EventFilter::by_type::<Account>()].into());
            let page = Args::forward(PAGE, after.clone());
            let read = self.executor.read(accounts, None, TenantFilter::All, page, None).await.unwrap();
            for edge in &read.edges {
                let deposited: Deposited = bitcode::decode(&edge.node.data).unwrap();
                std::hint::black_box(deposited);
            }
            events += read.edges.len();
            if !read.page_info.has_next_page {
                return Ok(events);
            }
            after = read.page_info.end_cursor;
        }
    }

    async fn close(&self) {
        if let Some(pool) = &self.postgres {
            let drop = AssertSqlSafe(format!("DROP SCHEMA {SCHEMA} CASCADE"));
            sqlx::raw_sql(drop).execute(pool).await.unwrap();
        }
    }
}

async fn postgres(place: Place) -> Evento<evento::Postgres> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(&place.postgres_url(SCHEMA)).await.unwrap();
    let schema = AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}"));
    sqlx::raw_sql(schema).execute(&pool).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let migrator = evento::sql_migrator::new::<sqlx::Postgres>().unwrap();
    migrator.run(&mut *connection, &Plan::apply_all()).await.unwrap();
    drop(connection);
    Evento { executor: pool.clone().into(), postgres: Some(pool) }
}

async fn sqlite(place: Place) -> Evento<evento::Sqlite> {
    let options = SqliteConnectOptions::new()
        .filename(place.file("evento"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(60));
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let migrator = evento::sql_migrator::new::<sqlx::Sqlite>().unwrap();
    migrator.run(&mut *connection, &Plan::apply_all()).await.unwrap();
    drop(connection);
    Evento { executor: pool.into(), postgres: None }
}

fn main() {
    if Place::of_arguments().is_postgres() { driver::serve(postgres) } else { driver::serve(sqlite) }
}
