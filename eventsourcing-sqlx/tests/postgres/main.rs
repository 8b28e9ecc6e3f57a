//! What is particular to the PostgreSQL recorder: opening, roles, tables, locks, connections, and the server's errors.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

#[path = "../common/mod.rs"]
mod common;
mod connections;
mod errors;
mod ids;
mod opening;
mod roles;
mod tables;

use eventsourcing_core::{RecorderError, Uuid};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder};

use common::{Schema, connect, server};

async fn open(schema: &Schema) -> PostgresRecorder {
    PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap()
}

async fn refused(config: PostgresConfig) -> RecorderError {
    PostgresRecorder::open("Universe", config).await.unwrap_err()
}

/// A role with a password and its own schema.
struct Role {
    name: String,
    schema: Schema,
}

impl Role {
    async fn new(settings: &str) -> Self {
        let (name, mut schema) = (format!("role_{}", Uuid::new_v4().simple()), Schema::new());
        schema.run(format!("CREATE ROLE {name} LOGIN PASSWORD 'open sesame'")).await;
        let owner = &schema.name;
        schema.run(format!("CREATE SCHEMA {owner}; GRANT ALL ON SCHEMA {owner} TO {name}")).await;
        if !settings.is_empty() {
            schema.run(format!("ALTER ROLE {name} {settings}")).await;
        }
        schema.config.user.clone_from(&name);
        schema.config.password = Some("open sesame".to_owned());
        Self { name, schema }
    }

    async fn drop(mut self) {
        let admin = server();
        (self.schema.config.user, self.schema.config.password) = (admin.user, admin.password);
        self.schema.drop().await;
        self.schema.run(format!("DROP OWNED BY {0}; DROP ROLE {0}", self.name)).await;
    }
}

/// Returns once an append to this schema waits for a lock.
async fn until_waiting(schema: &Schema) {
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%universe_%'";
    let mut watcher = connect(&schema.config).await;
    while sqlx::query_scalar::<_, i64>(waits).bind(&schema.name).fetch_one(&mut watcher).await.unwrap() < 1 {
        tokio::task::yield_now().await;
    }
}
