//! The twin of the PostgreSQL recorder, without its lock: ids from a sequence, as most event stores draw them.
//!
//! The rules on order must fail for it, or they would prove nothing about the recorder.
#![cfg(feature = "postgres")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use async_trait::async_trait;
use eventsourcing_core::recording::conformance::{Fixture, check, tailing};
use eventsourcing_core::recording::{EventQuery, NotificationQuery};
use eventsourcing_core::{Notification, Recorder, RecorderError, StoredEvent, Uuid};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgPool};

use common::Schema;

struct Unlocked(Schema);

#[derive(Debug)]
struct UnlockedRecorder {
    pool: PgPool,
    table: String,
}

#[async_trait]
impl Fixture for Unlocked {
    async fn open(&self) -> Arc<dyn Recorder> {
        let Schema { name, config } = &self.0;
        self.0.run(format!("CREATE SCHEMA IF NOT EXISTS {name}")).await;
        let table = format!("{name}.unlocked");
        self.0
            .run(format!(
                "CREATE TABLE IF NOT EXISTS {table} (id bigserial PRIMARY KEY, originator_id uuid, version bigint, \
                 topic text, state bytea, CONSTRAINT {name}_once UNIQUE (originator_id, version))"
            ))
            .await;
        let options = PgConnectOptions::new_without_pgpass()
            .host(&config.host)
            .port(config.port)
            .username(&config.user)
            .password(config.password.as_deref().unwrap_or_default())
            .database(&config.dbname);
        let pool = PgPoolOptions::new().max_connections(10).connect_lazy_with(options);
        Arc::new(UnlockedRecorder { pool, table })
    }

    async fn remove(&self) {
        self.0.drop().await;
    }
}

type Row = (i64, Uuid, i64, String, Vec<u8>);

fn notification((id, originator_id, version, topic, state): Row) -> Notification {
    let event = StoredEvent::new(originator_id, version.unsigned_abs(), topic, state, Uuid::nil());
    event.into_notification(id.unsigned_abs())
}

#[async_trait]
impl Recorder for UnlockedRecorder {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        let mut connection = self.pool.acquire().await.unwrap();
        let mut transaction = connection.begin().await.unwrap();
        let insert = format!(
            "INSERT INTO {} (originator_id, version, topic, state) VALUES ($1, $2, $3, $4) \
             RETURNING id, originator_id, version, topic, state",
            self.table
        );
        let mut notifications = Vec::new();
        for event in &events {
            let row: Result<Row, _> = sqlx::query_as(AssertSqlSafe(insert.clone()))
                .bind(event.originator_id)
                .bind(i64::try_from(event.originator_version).unwrap())
                .bind(&event.topic)
                .bind(&event.state)
                .fetch_one(&mut *transaction)
                .await;
            let Ok(row) = row else {
                transaction.rollback().await.unwrap();
                let (originator_id, tried) = (event.originator_id, event.originator_version);
                return Err(RecorderError::Conflict { originator_id, tried, recorded: tried });
            };
            notifications.push(notification(row));
        }
        // as on a busy server: some commit sooner than others that began before
        sqlx::query("SELECT pg_sleep(random() / 200)").execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        Ok(notifications)
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        panic!("no rule on order reads {query:?}")
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        let select = format!(
            "SELECT id, originator_id, version, topic, state FROM {} \
             WHERE id > $1 AND id <= $2 AND (cardinality($3) = 0 OR topic = ANY($3)) ORDER BY id LIMIT $4",
            self.table
        );
        let bound = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(select))
            .bind(bound(query.after))
            .bind(query.up_to.map_or(i64::MAX, bound))
            .bind(query.topics)
            .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await
            .unwrap();
        Ok(rows.into_iter().map(notification).collect())
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        let select = format!("SELECT max(id) FROM {}", self.table);
        let last: Option<i64> = sqlx::query_scalar(AssertSqlSafe(select)).fetch_one(&self.pool).await.unwrap();
        Ok(last.map(i64::unsigned_abs))
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

/// Whether the rule fails within some runs: without the lock, events may be in order by chance.
fn is_broken_by(rule: impl AsyncFn(&dyn Fixture)) -> bool {
    let passes = || catch_unwind(AssertUnwindSafe(|| check(async { Unlocked(Schema::new()) }, &rule))).is_ok();
    (0..20).any(|_| !passes())
}

#[test]
fn ids_of_a_sequence_come_out_of_order() {
    assert!(is_broken_by(tailing::a_reader_among_writers_sees_every_id_in_order));
}

#[test]
fn a_reader_of_ids_of_a_sequence_misses_events() {
    assert!(is_broken_by(tailing::a_reader_of_a_topic_among_writers_misses_none));
}
