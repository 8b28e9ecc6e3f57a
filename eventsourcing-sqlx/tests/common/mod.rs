//! Helpers that the tests share: a PostgreSQL schema for each, events to record, and connections beside the recorder.
#![allow(dead_code, unreachable_pub, reason = "each file of tests uses its own part of this")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

pub mod counted;
pub mod followed;
pub mod foreign;
pub mod process;
pub mod proxy;
pub mod queued;
pub mod store;
pub mod watched;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use eventsourcing_core::recording::stamped;
use eventsourcing_core::{Environment, Notification, RecorderError, StoredEvent, Uuid, ViewError};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
use tokio::time::timeout;

/// A time limit far longer than any test takes: a test that hangs fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A PostgreSQL schema for one test.
pub struct Schema {
    pub name: String,
    pub config: PostgresConfig,
}

impl Schema {
    /// Chooses a name that no other test uses; the recorder creates the schema.
    pub fn new() -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let mut config = server();
        config.schema.clone_from(&name);
        // each test opens several recorders, and the server has a hundred connections for all of them
        config.pool_size = 1;
        config.max_overflow = 4;
        Self { name, config }
    }

    /// Runs statements outside of any recorder.
    pub async fn run(&self, sql: impl Into<String>) {
        let mut connection = connect(&self.config).await;
        sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut connection).await.unwrap();
    }

    pub async fn number(&self, sql: impl Into<String>) -> i64 {
        let mut connection = connect(&self.config).await;
        sqlx::query_scalar(AssertSqlSafe(sql.into())).fetch_one(&mut connection).await.unwrap()
    }

    /// Kills the connections that listen for new events of this schema, and returns their number.
    pub async fn kill_listeners(&self, outsider: &mut PgConnection) -> i64 {
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE state = 'idle' \
                    AND query LIKE '%' || $1 || '%' AND query LIKE '%replace(log_id%' AND query NOT LIKE '%pg_notify%'";
        sqlx::query_scalar(kill).bind(&self.name).fetch_one(outsider).await.unwrap()
    }

    pub async fn drop(&self) {
        let name = &self.name;
        self.run(format!("DROP SCHEMA IF EXISTS {name} CASCADE")).await;
    }
}

/// The server that `cargo xtask test` provides.
pub fn server() -> PostgresConfig {
    assert!(std::env::var_os("EVENTSOURCING_TEST_POSTGRES").is_some(), "no PostgreSQL: run `cargo xtask test`");
    PostgresConfig::from_environment(&Environment::from_process("Test")).unwrap()
}

/// Opens a recorder with short time limits; on a busy machine that takes several attempts.
pub async fn open_in_time(config: &PostgresConfig) -> PostgresRecorder {
    let opening = async {
        loop {
            match PostgresRecorder::open("Universe", config.clone()).await {
                Err(RecorderError::Open { cause, .. }) if cause.contains("answer within") => {}
                Err(error) if error.is_retryable() => {}
                opened => return opened.unwrap(),
            }
        }
    };
    timeout(PATIENCE, opening).await.expect("it does not open")
}

/// Retries a call while its error is transient, such as a time limit that a busy machine exceeds.
pub async fn until_done<T, E: Passing>(call: impl AsyncFn() -> Result<T, E>) -> T {
    let calling = async {
        loop {
            match call().await {
                Err(error) if error.is_transient() => {}
                done => return done.unwrap(),
            }
        }
    };
    timeout(PATIENCE, calling).await.expect("its error does not pass")
}

/// An error that may be transient.
pub trait Passing: std::fmt::Debug {
    fn is_transient(&self) -> bool;
}

impl Passing for RecorderError {
    fn is_transient(&self) -> bool {
        self.is_retryable()
    }
}

impl Passing for ViewError {
    fn is_transient(&self) -> bool {
        self.is_retryable()
    }
}

/// A connection beside those of any recorder.
pub async fn connect(config: &PostgresConfig) -> PgConnection {
    options(config).connect().await.unwrap()
}

pub fn options(config: &PostgresConfig) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(&config.host)
        .port(config.port)
        .username(&config.user)
        .password(config.password.as_deref().unwrap_or_default())
        .database(&config.dbname)
        // so that these tests can be run through a pooler too, which knows no such parameter
        .extra_float_digits(None)
}

/// An event of one attempt.
pub fn event(originator_id: Uuid, version: u64, append_id: Uuid) -> StoredEvent {
    let state = format!("{{\"version\":{version}}}").into_bytes();
    StoredEvent::new(originator_id, version, "World.SomethingHappened", state, append_id).with_checksum(7)
}

/// Events of one aggregate, in one attempt.
pub fn events(originator_id: Uuid, versions: impl IntoIterator<Item = u64>) -> Vec<StoredEvent> {
    // as `unstamped` gives it
    let append_id = stamped(Uuid::new_v4(), 0);
    versions.into_iter().map(|version| event(originator_id, version, append_id)).collect()
}

/// One event of a new aggregate.
pub fn one_event() -> Vec<StoredEvent> {
    events(Uuid::new_v4(), [1])
}

/// The recorded events without the stamps of recorders, so that all attempts of one save are equal.
pub fn unstamped<T: Stamped>(mut recorded: Vec<T>) -> Vec<T> {
    for recorded in &mut recorded {
        let append_id = recorded.append_id();
        *append_id = stamped(*append_id, 0);
    }
    recorded
}

/// A record with the id of an attempt.
pub trait Stamped {
    fn append_id(&mut self) -> &mut Uuid;
}

impl Stamped for StoredEvent {
    fn append_id(&mut self) -> &mut Uuid {
        &mut self.append_id
    }
}

impl Stamped for Notification {
    fn append_id(&mut self) -> &mut Uuid {
        &mut self.append_id
    }
}

pub fn ids(notifications: &[Notification]) -> Vec<u64> {
    notifications.iter().map(|notification| notification.id).collect()
}

/// A random number below this one.
pub fn dice(sides: u8) -> u64 {
    u64::from(Uuid::new_v4().into_bytes()[0] % sides)
}

/// Polls a future this number of times and then drops it.
pub struct PollThenDrop<F> {
    future: Option<Pin<Box<F>>>,
    polls: usize,
}

impl<F: Future> PollThenDrop<F> {
    pub fn new(future: F, polls: usize) -> Self {
        Self { future: Some(Box::pin(future)), polls }
    }
}

impl<F: Future> Future for PollThenDrop<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.future else { return Poll::Ready(None) };
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => {
                self.polls -= 1;
                if self.polls == 0 {
                    self.future = None;
                    return Poll::Ready(None);
                }
                Poll::Pending
            }
        }
    }
}

/// Ends all sessions of a recorder, and waits until they are gone.
pub async fn end_sessions(schema: &Schema) {
    let mut outsider = connect(&server()).await;
    let ending = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                  WHERE pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%'";
    while sqlx::query_scalar::<_, i64>(ending).bind(&schema.name).fetch_one(&mut outsider).await.unwrap() > 0 {
        tokio::task::yield_now().await;
    }
}
