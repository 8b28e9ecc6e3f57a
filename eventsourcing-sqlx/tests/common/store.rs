//! A store for events in each database, whose append lock a test can hold.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::Recorder;
use eventsourcing_sqlx::{PostgresRecorder, SqliteConfig, SqliteRecorder};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, SqliteConnection};

use super::followed::NEVER;
use super::{Schema, connect};

/// The error text of a commit that fails on purpose.
pub const NOT_WANTED: &str = "this commit is not wanted";

/// An empty store.
pub enum Store {
    Postgres(Box<Schema>),
    Sqlite(tempfile::TempDir),
}

/// The append lock, held by an outsider.
pub enum Lock {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Runs a test on a new store of each kind.
pub async fn on_each(test: impl AsyncFn(&Store)) {
    for store in [Store::Postgres(Box::new(Schema::new())), Store::Sqlite(tempfile::tempdir().unwrap())] {
        test(&store).await;
        store.remove().await;
    }
}

impl Store {
    pub async fn open(&self) -> Arc<dyn Recorder> {
        self.open_with(10_000, Duration::from_secs(60)).await
    }

    /// A recorder whose queue holds this number of events.
    pub async fn open_narrow(&self, queue_size: u32) -> Arc<dyn Recorder> {
        self.open_with(queue_size, Duration::from_secs(60)).await
    }

    /// A recorder that waits for the lock no longer than this.
    pub async fn open_impatient(&self, lock_timeout: Duration) -> Arc<dyn Recorder> {
        self.open_with(10_000, lock_timeout).await
    }

    async fn open_with(&self, queue_size: u32, lock_timeout: Duration) -> Arc<dyn Recorder> {
        match self {
            Self::Postgres(schema) => {
                let mut config = schema.config.clone();
                (config.queue_size, config.lock_timeout) = (queue_size, Some(lock_timeout));
                Arc::new(PostgresRecorder::open("Universe", config).await.unwrap())
            }
            Self::Sqlite(folder) => {
                let mut config = SqliteConfig::new(file(folder).to_str().unwrap());
                (config.queue_size, config.lock_timeout) = (queue_size, lock_timeout);
                Arc::new(SqliteRecorder::open("Universe", config).await.unwrap())
            }
        }
    }

    /// A poll interval: endless where consumers are notified, else this one.
    pub fn told_or(&self, interval: Duration) -> Duration {
        match self {
            Self::Postgres(_) => NEVER,
            Self::Sqlite(_) => interval,
        }
    }

    /// The file of a store in SQLite.
    pub fn file(&self) -> PathBuf {
        match self {
            Self::Postgres(_) => panic!("a PostgreSQL database is no file"),
            Self::Sqlite(folder) => file(folder),
        }
    }

    /// Removes the store from the server.
    pub async fn remove(&self) {
        if let Self::Postgres(schema) = self {
            Schema::drop(schema).await;
        }
    }

    /// Takes the append lock; the tables exist.
    pub async fn lock(&self) -> Lock {
        match self {
            Self::Postgres(schema) => {
                let mut outsider = connect(&schema.config).await;
                let lock = format!("BEGIN; SELECT last FROM {}.universe_head FOR UPDATE", schema.name);
                sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut outsider).await.unwrap();
                Lock::Postgres(outsider)
            }
            Self::Sqlite(folder) => {
                let mut outsider = SqliteConnectOptions::new().filename(file(folder)).connect().await.unwrap();
                sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut outsider).await.unwrap();
                Lock::Sqlite(outsider)
            }
        }
    }

    /// The number of transactions that recorded the events after an id, where the database tells it.
    pub async fn transactions_after(&self, id: u64) -> Option<i64> {
        let Self::Postgres(schema) = self else { return None };
        let name = &schema.name;
        let count =
            format!("SELECT count(DISTINCT xmin::text) FROM {name}.universe_events WHERE notification_id > {id}");
        Some(schema.number(count).await)
    }

    /// Runs a statement outside of any recorder.
    pub async fn run(&self, statement: &str) {
        match self {
            Self::Postgres(schema) => schema.run(format!("SET search_path TO {}; {statement}", schema.name)).await,
            Self::Sqlite(folder) => {
                let mut outsider = SqliteConnectOptions::new().filename(file(folder)).connect().await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut outsider).await.unwrap();
            }
        }
    }

    /// Delays commits in PostgreSQL after the insert, and lets a tenth of them fail.
    ///
    /// It affects one id in 32, and so every writer.
    pub async fn hinder_commits(&self) {
        let Self::Postgres(schema) = self else { return };
        let name = &schema.name;
        let trigger = format!(
            "CREATE FUNCTION {name}.hinder() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             PERFORM pg_sleep(random() * 0.002); \
             IF random() < 0.1 THEN RAISE EXCEPTION '{NOT_WANTED}'; END IF; RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER hinder AFTER INSERT ON {name}.universe_events DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW WHEN (NEW.notification_id % 32 = 0) EXECUTE FUNCTION {name}.hinder()"
        );
        schema.run(trigger).await;
    }

    /// Lets the database refuse to move this upstream.
    pub async fn refuse_upstream(&self, upstream: &str) {
        self.refuse("tracking", "upstream", upstream).await;
    }

    /// Lets the database refuse events of a topic.
    pub async fn refuse_topic(&self, topic: &str) {
        self.refuse("events", "topic", topic).await;
    }

    /// Lets the database refuse the rows of a table that have this value in a column.
    async fn refuse(&self, table: &str, column: &str, value: &str) {
        let trigger = match self {
            Self::Postgres(_) => format!(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'this {column} is not wanted'; END $$; \
                 CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON universe_{table} \
                 FOR EACH ROW WHEN (NEW.{column} = '{value}') EXECUTE FUNCTION refuse()"
            ),
            Self::Sqlite(_) => format!(
                "CREATE TRIGGER refuse BEFORE INSERT ON universe_{table} WHEN NEW.{column} = '{value}' \
                 BEGIN SELECT RAISE(ABORT, 'this {column} is not wanted'); END"
            ),
        };
        self.run(&trigger).await;
    }
}

impl Lock {
    pub async fn release(self) {
        match self {
            Self::Postgres(mut outsider) => drop(sqlx::raw_sql("ROLLBACK").execute(&mut outsider).await.unwrap()),
            Self::Sqlite(mut outsider) => drop(sqlx::raw_sql("ROLLBACK").execute(&mut outsider).await.unwrap()),
        }
    }
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("universe.db")
}
