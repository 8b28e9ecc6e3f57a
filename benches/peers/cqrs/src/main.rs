//! cqrs-es, with postgres-es and sqlite-es: events committed through its event store.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{EventStoreAggregateContext, PersistedEventRepository, PersistedEventStore};
use cqrs_es::{Aggregate, DomainEvent, EventStore};
use driver::{AMOUNT, CONNECTIONS, CURRENCY, NOTE, Peer, Place, TIMESTAMP};
use postgres_es::PostgresEventRepository;
use serde::{Deserialize, Serialize};
use sqlite_es::SqliteEventRepository;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use uuid::Uuid;

const SCHEMA: &str = "bench_cqrs";

/// The table of the library's own scripts, on PostgreSQL.
const TABLE_OF_POSTGRES: &str = "
    DROP SCHEMA IF EXISTS bench_cqrs CASCADE; CREATE SCHEMA bench_cqrs;
    CREATE TABLE events (
        aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint NOT NULL CHECK (sequence >= 0),
        event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, sequence))";

/// And on SQLite.
const TABLE_OF_SQLITE: &str = "
    CREATE TABLE events (
        aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence integer NOT NULL CHECK (sequence >= 0),
        event_type text NOT NULL, event_version text NOT NULL, payload text NOT NULL, metadata text NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, sequence))";

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
enum Event {
    Deposited { timestamp: String, amount: i64, currency: String, note: String },
}

fn event() -> Event {
    Event::Deposited {
        timestamp: TIMESTAMP.to_owned(),
        amount: AMOUNT,
        currency: CURRENCY.to_owned(),
        note: NOTE.to_owned(),
    }
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        "Deposited".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

#[derive(Default, Deserialize, Serialize)]
struct Account {
    balance: i64,
    events: usize,
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = ();
    type Event = Event;
    type Error = Infallible;
    type Services = ();

    async fn handle(&mut self, _: (), _: &(), sink: &EventSink<Self>) -> Result<(), Infallible> {
        sink.write(event(), self).await;
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        let Event::Deposited { amount, .. } = event;
        self.balance += amount;
        self.events += 1;
    }
}

struct Store<R: PersistedEventRepository> {
    store: PersistedEventStore<R, Account>,
    repository: R,
    postgres: Option<sqlx::PgPool>,
}

struct Cqrs<R: PersistedEventRepository>(Arc<Store<R>>);

impl<R: PersistedEventRepository> Clone for Cqrs<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: PersistedEventRepository + Send + Sync + 'static> Cqrs<R> {
    async fn commit(&self, id: String, saved: usize, events: usize) {
        // no load before: what is measured is the store's way of writing
        let context = EventStoreAggregateContext {
            aggregate_id: id,
            aggregate: Account::default(),
            current_sequence: saved,
            current_snapshot: None,
        };
        let events = (0..events).map(|_| event()).collect();
        self.0.store.commit(events, context, HashMap::new()).await.unwrap();
    }
}

impl<R: PersistedEventRepository + Send + Sync + 'static> Peer for Cqrs<R> {
    type Stream = String;

    async fn save(&self, stream: Option<String>, saved: usize) -> String {
        let id = stream.unwrap_or_else(|| Uuid::new_v4().to_string());
        self.commit(id.clone(), saved, 1).await;
        id
    }

    async fn record(&self, events: usize) -> String {
        let id = Uuid::new_v4().to_string();
        self.commit(id.clone(), 0, events).await;
        id
    }

    async fn load(&self, id: &str) -> usize {
        self.0.store.load_aggregate(id).await.unwrap().aggregate.events
    }

    async fn read_log(&self) -> Result<usize, &'static str> {
        // all events, though in the order of their aggregates: the library has no order of commits
        let mut all = self.0.repository.stream_all_events::<Account>().await.unwrap();
        let mut events = 0;
        while let Some(event) = all.next::<Account>(&[]).await {
            event.unwrap();
            events += 1;
        }
        Ok(events)
    }

    async fn close(&self) {
        if let Some(pool) = &self.0.postgres {
            sqlx::raw_sql(&format!("DROP SCHEMA {SCHEMA} CASCADE")).execute(pool).await.unwrap();
        }
    }
}

async fn postgres(place: Place) -> Cqrs<PostgresEventRepository> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(&place.postgres_url(SCHEMA)).await.unwrap();
    sqlx::raw_sql(TABLE_OF_POSTGRES).execute(&pool).await.unwrap();
    let repository = || PostgresEventRepository::new(pool.clone());
    let store = PersistedEventStore::new_event_store(repository());
    Cqrs(Arc::new(Store { store, repository: repository(), postgres: Some(pool.clone()) }))
}

async fn sqlite(place: Place) -> Cqrs<SqliteEventRepository> {
    // its own pool has synchronous=NORMAL, which may lose the last commits with the power
    let options = SqliteConnectOptions::new()
        .filename(place.file("cqrs"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(60));
    let pool = SqlitePoolOptions::new().max_connections(10).connect_with(options).await.unwrap();
    sqlx::raw_sql(TABLE_OF_SQLITE).execute(&pool).await.unwrap();
    let repository = || SqliteEventRepository::new(pool.clone());
    let store = PersistedEventStore::new_event_store(repository());
    Cqrs(Arc::new(Store { store, repository: repository(), postgres: None }))
}

fn main() {
    if Place::of_arguments().is_postgres() { driver::serve(postgres) } else { driver::serve(sqlite) }
}
