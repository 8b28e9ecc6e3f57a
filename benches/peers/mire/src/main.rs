//! mire: aggregates saved and loaded through its event store, on PostgreSQL or on its embedded SQLite.

use std::sync::atomic::{AtomicU64, Ordering};

use driver::{AMOUNT, CURRENCY, NOTE, Peer, Place, TIMESTAMP};
use mire::{Aggregate, AggregateRoot, EventData, EventStore};
use serde::{Deserialize, Serialize};

const PAGE: i64 = 1_000;

#[derive(Clone, Debug, Deserialize, EventData, Serialize)]
#[serde(tag = "type")]
#[mire(entity = "account")]
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

#[derive(Debug, Default)]
struct Account {
    balance: i64,
    events: usize,
}

impl Aggregate for Account {
    type Event = Event;

    fn stream_category() -> &'static str {
        "account"
    }

    fn apply(&mut self, event: &Event) {
        let Event::Deposited { amount, .. } = event;
        self.balance += amount;
        self.events += 1;
    }
}

#[derive(Clone)]
struct Mire(EventStore);

/// A name that no other stream has.
fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{:032x}", NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

impl Peer for Mire {
    type Stream = AggregateRoot<Account>;

    async fn save(&self, stream: Option<AggregateRoot<Account>>, _: usize) -> AggregateRoot<Account> {
        let mut account = stream.unwrap_or_else(|| AggregateRoot::new(&new_id()));
        account.record(event());
        self.0.save(&mut account).await.unwrap();
        account
    }

    async fn record(&self, events: usize) -> String {
        let id = new_id();
        let mut account = AggregateRoot::<Account>::new(&id);
        account.record_many((0..events).map(|_| event()));
        self.0.save(&mut account).await.unwrap();
        id
    }

    async fn load(&self, id: &str) -> usize {
        let account = self.0.load::<Account>(id).await.unwrap().unwrap();
        std::hint::black_box(account.state.balance);
        account.state.events
    }

    async fn read_log(&self) -> Result<usize, &'static str> {
        let (mut transaction, mut position, mut events) = (0, 0, 0);
        loop {
            let page = self.0.read_all_after(transaction, position, PAGE).await.unwrap();
            let Some(last) = page.last() else { return Ok(events) };
            (transaction, position) = (last.transaction_id, last.global_position);
            for recorded in &page {
                std::hint::black_box(Event::deserialize(&recorded.data).unwrap());
            }
            events += page.len();
        }
    }

    async fn close(&self) {
        close(&self.0).await;
    }
}

async fn open(place: Place) -> Mire {
    let store = store(&place).await;
    store.migrate().await.unwrap();
    Mire(store)
}

#[cfg(not(feature = "embedded"))]
const SCHEMA: &str = "bench_mire";

#[cfg(not(feature = "embedded"))]
async fn store(place: &Place) -> EventStore {
    let options = sqlx::postgres::PgPoolOptions::new().max_connections(driver::CONNECTIONS);
    let pool = options.connect(&place.postgres_url(SCHEMA)).await.unwrap();
    let schema = format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(schema)).execute(&pool).await.unwrap();
    EventStore::new(pool)
}

#[cfg(not(feature = "embedded"))]
async fn close(store: &EventStore) {
    let drop = sqlx::AssertSqlSafe(format!("DROP SCHEMA {SCHEMA} CASCADE"));
    sqlx::raw_sql(drop).execute(store.pool()).await.unwrap();
}

/// In WAL mode with `synchronous=FULL` by itself.
#[cfg(feature = "embedded")]
async fn store(place: &Place) -> EventStore {
    EventStore::open(place.file("mire")).await.unwrap()
}

#[cfg(feature = "embedded")]
async fn close(_: &EventStore) {}

fn main() {
    driver::serve(open);
}
