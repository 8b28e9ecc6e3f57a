//! esrs: events persisted and aggregates rebuilt through its PostgreSQL store.

use std::convert::Infallible;

use driver::{AMOUNT, CONNECTIONS, CURRENCY, NOTE, Peer, Place, TIMESTAMP};
use esrs::store::EventStore;
use esrs::store::postgres::{PgStore, PgStoreBuilder};
use esrs::{Aggregate, AggregateState};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

const SCHEMA: &str = "bench_esrs";

#[derive(Clone, Debug, Deserialize, Serialize)]
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

#[derive(Clone, Default)]
struct State {
    balance: i64,
    events: usize,
}

struct Account;

impl Aggregate for Account {
    const NAME: &'static str = "account";
    type State = State;
    type Command = ();
    type Event = Event;
    type Error = Infallible;

    fn handle_command(_: &State, (): ()) -> Result<Vec<Event>, Infallible> {
        Ok(vec![event()])
    }

    fn apply_event(state: State, event: Event) -> State {
        let Event::Deposited { amount, .. } = event;
        State { balance: state.balance + amount, events: state.events + 1 }
    }
}

#[derive(Clone)]
struct Esrs {
    store: PgStore<Account>,
    pool: PgPool,
}

impl Peer for Esrs {
    type Stream = AggregateState<State>;

    async fn save(&self, stream: Option<AggregateState<State>>, _: usize) -> AggregateState<State> {
        let mut state = stream.unwrap_or_default();
        self.store.persist(&mut state, vec![event()]).await.unwrap();
        state
    }

    async fn record(&self, events: usize) -> String {
        let mut state = AggregateState::<State>::default();
        self.store.persist(&mut state, (0..events).map(|_| event()).collect()).await.unwrap();
        state.id().to_string()
    }

    async fn load(&self, id: &str) -> usize {
        let id: Uuid = id.parse().unwrap();
        let events = self.store.by_aggregate_id(id).await.unwrap();
        let state = AggregateState::<State>::with_id(id).apply_store_events(events, Account::apply_event).into_inner();
        std::hint::black_box(state.balance);
        state.events
    }

    async fn read_log(&self) -> Result<usize, &'static str> {
        // in the order of its timestamps: the library has no order of commits
        Ok(self.store.stream_events(&self.pool).try_fold(0, async |events, _| Ok(events + 1)).await.unwrap())
    }

    async fn close(&self) {
        sqlx::raw_sql(&format!("DROP SCHEMA {SCHEMA} CASCADE")).execute(&self.pool).await.unwrap();
    }
}

async fn open(place: Place) -> Esrs {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(&place.postgres_url(SCHEMA)).await.unwrap();
    let schema = format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}");
    sqlx::raw_sql(&schema).execute(&pool).await.unwrap();
    Esrs { store: PgStoreBuilder::new(pool.clone()).try_build().await.unwrap(), pool }
}

fn main() {
    driver::serve(open);
}
