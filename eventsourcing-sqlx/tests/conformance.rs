//! The recorder contract, run on each configuration of a recorder.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::sync::Arc;

use async_trait::async_trait;
use eventsourcing_core::recording::conformance::{Fixture, Single};
use eventsourcing_core::{Recorder, Uuid, recorder_conformance};
use eventsourcing_sqlx::{PostgresRecorder, SqliteConfig, SqliteRecorder};
use tempfile::TempDir;

use common::Schema;

recorder_conformance!(sqlite_file, SqliteFile(tempfile::tempdir().unwrap()));

recorder_conformance!(
    sqlite_memory,
    Single::new(SqliteRecorder::open("Universe", SqliteConfig::new(":memory:")).await.unwrap())
);

recorder_conformance!(
    sqlite_named_shared_memory,
    SharedMemory {
        dbname: format!("file:{}?mode=memory&cache=shared", Uuid::new_v4().simple()),
        application: "Universe".to_owned()
    }
);

// the tests of this process share it, so each has tables of its own
recorder_conformance!(
    sqlite_unnamed_shared_memory,
    SharedMemory {
        dbname: ":memory:?mode=memory&cache=shared".to_owned(),
        application: format!("u{}", Uuid::new_v4().simple())
    }
);

recorder_conformance!(postgres, Postgres(Schema::new()));

struct SqliteFile(TempDir);

#[async_trait]
impl Fixture for SqliteFile {
    async fn open(&self) -> Arc<dyn Recorder> {
        let path = self.0.path().join("universe.db");
        let mut config = SqliteConfig::new(path.to_str().unwrap());
        config.lock_timeout = std::time::Duration::from_secs(60);
        Arc::new(SqliteRecorder::open("Universe", config).await.unwrap())
    }
}

struct SharedMemory {
    dbname: String,
    application: String,
}

#[async_trait]
impl Fixture for SharedMemory {
    async fn open(&self) -> Arc<dyn Recorder> {
        let mut config = SqliteConfig::new(&self.dbname);
        config.lock_timeout = std::time::Duration::from_secs(60);
        Arc::new(SqliteRecorder::open(&self.application, config).await.unwrap())
    }
}

struct Postgres(Schema);

#[async_trait]
impl Fixture for Postgres {
    async fn open(&self) -> Arc<dyn Recorder> {
        Arc::new(PostgresRecorder::open("Universe", self.0.config.clone()).await.unwrap())
    }

    async fn remove(&self) {
        self.0.drop().await;
    }
}
