//! Saving and getting, on each recorder, beside what the database does by itself.
//!
//! `cargo bench --bench persistence`; PostgreSQL's lines are there where `POSTGRES_*` variables name a server.
#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]

use std::sync::LazyLock;

use divan::Bencher;
use eventsourcing::prelude::*;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

fn main() {
    divan::main();
}

#[aggregate]
struct World {
    history: Vec<String>,
}

#[aggregate]
impl World {
    #[event("Started")]
    fn new() -> Self {
        Self { history: Vec::new() }
    }

    #[event("SomethingHappened")]
    fn make_it_so(&mut self, what: &str) {
        self.history.push(what.to_owned());
    }
}

#[application]
struct Universe;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Where the benched application keeps its events.
#[derive(Clone, Copy, Debug)]
enum Place {
    Memory,
    Sqlite,
    Postgres,
}

fn places() -> Vec<Place> {
    let postgres = std::env::var_os("POSTGRES_DBNAME").map(|_| Place::Postgres);
    [Place::Memory, Place::Sqlite].into_iter().chain(postgres).collect()
}

/// An application of its own, and the folder of its file.
fn opened(place: Place) -> (Universe, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut variables: Vec<(String, String)> =
        std::env::vars().filter(|(name, _)| name.starts_with("POSTGRES_")).collect();
    let mut set = |name: &str, value: String| variables.push((name.to_owned(), value));
    match place {
        Place::Memory => set("PERSISTENCE_MODULE", "memory".to_owned()),
        Place::Sqlite => {
            set("PERSISTENCE_MODULE", "sqlite".to_owned());
            set("SQLITE_DBNAME", folder.path().join("bench.db").to_string_lossy().into_owned());
        }
        Place::Postgres => {
            set("PERSISTENCE_MODULE", "postgres".to_owned());
            set("POSTGRES_SCHEMA", format!("bench_{}", Uuid::new_v4().simple()));
        }
    }
    (RUNTIME.block_on(Universe::open_with(variables)).unwrap(), folder)
}

/// A save of one event, one after the other.
#[divan::bench(args = places(), sample_count = 30, sample_size = 20)]
fn save(bencher: Bencher<'_, '_>, place: Place) {
    let (universe, _folder) = opened(place);
    bencher.with_inputs(World::new).bench_local_values(|mut world| {
        RUNTIME.block_on(universe.save(&mut world)).unwrap();
    });
}

/// The limit: the driver alone, one insert into such a table, committed by itself.
#[divan::bench(args = places(), sample_count = 30, sample_size = 20)]
fn save_by_the_driver_alone(bencher: Bencher<'_, '_>, place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let state = r#"{"timestamp":"2026-11-23T04:11:04.800139Z"}"#.as_bytes();
    match place {
        Place::Memory => {
            let events = Mutex::new(Vec::new());
            bencher.bench_local(|| {
                RUNTIME.block_on(async { events.lock().await.push((Uuid::new_v4(), 1, state.to_vec())) })
            });
        }
        Place::Sqlite => {
            let mut connection = RUNTIME.block_on(async {
                let url = format!("sqlite://{}?mode=rwc", folder.path().join("limit.db").display());
                let mut connection = SqliteConnection::connect(&url).await.unwrap();
                connection.execute("PRAGMA journal_mode = WAL").await.unwrap();
                connection.execute("PRAGMA synchronous = FULL").await.unwrap();
                connection.execute(TABLE_OF_SQLITE).await.unwrap();
                connection
            });
            bencher.bench_local(|| {
                let insert = sqlx::query(
                    "INSERT INTO events (originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?)",
                );
                let insert = insert.bind(Uuid::new_v4()).bind(1_i64).bind("World.Started").bind(state);
                RUNTIME.block_on(insert.execute(&mut connection)).unwrap();
            });
        }
        Place::Postgres => {
            let mut connection = RUNTIME.block_on(async {
                let variable = |name: &str| std::env::var(name).unwrap_or_default();
                let options = sqlx::postgres::PgConnectOptions::new_without_pgpass()
                    .host(&variable("POSTGRES_HOST"))
                    .port(variable("POSTGRES_PORT").parse().unwrap_or(5432))
                    .username(&variable("POSTGRES_USER"))
                    .password(&variable("POSTGRES_PASSWORD"))
                    .database(&variable("POSTGRES_DBNAME"));
                let mut connection = PgConnection::connect_with(&options).await.unwrap();
                connection.execute(TABLE_OF_POSTGRES).await.unwrap();
                connection
            });
            bencher.bench_local(|| {
                let insert = sqlx::query(
                    "INSERT INTO limit_events (originator_id, originator_version, topic, state) VALUES ($1, $2, $3, $4)",
                );
                let insert = insert.bind(Uuid::new_v4()).bind(1_i64).bind("World.Started").bind(state);
                RUNTIME.block_on(insert.execute(&mut connection)).unwrap();
            });
        }
    }
}

const TABLE_OF_SQLITE: &str = "CREATE TABLE events (notification_id INTEGER PRIMARY KEY, originator_id BLOB NOT NULL, \
    originator_version INTEGER NOT NULL, topic TEXT NOT NULL, state BLOB NOT NULL, UNIQUE (originator_id, originator_version))";

const TABLE_OF_POSTGRES: &str = "DROP TABLE IF EXISTS limit_events; \
    CREATE TABLE limit_events (notification_id bigserial PRIMARY KEY, originator_id uuid NOT NULL, \
    originator_version bigint NOT NULL, topic text NOT NULL, state bytea NOT NULL, UNIQUE (originator_id, originator_version))";

/// An aggregate of ten events.
#[divan::bench(args = places(), sample_count = 30, sample_size = 20)]
fn get_of_10(bencher: Bencher<'_, '_>, place: Place) {
    get(bencher, place, 10);
}

/// An aggregate of a thousand events.
#[divan::bench(args = places(), sample_count = 30, sample_size = 5)]
fn get_of_1000(bencher: Bencher<'_, '_>, place: Place) {
    get(bencher, place, 1_000);
}

fn get(bencher: Bencher<'_, '_>, place: Place, events: usize) {
    let (universe, _folder) = opened(place);
    let mut world = World::new();
    (1..events).for_each(|_| world.make_it_so("dinosaurs"));
    RUNTIME.block_on(universe.save(&mut world)).unwrap();
    bencher.bench_local(|| RUNTIME.block_on(universe.repository().get::<World>(world.id())).unwrap().history.len());
}
