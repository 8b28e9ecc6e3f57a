//! Sessions of a recorder: their settings, their maximum age, and the ping before use.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::time::Duration;

use eventsourcing_core::Recorder;
use eventsourcing_sqlx::PostgresRecorder;
use sqlx::AssertSqlSafe;

use common::proxy::{Cut, Proxy};
use common::{Schema, connect, end_sessions, ids, one_event};

/// The settings of the appending session that a trigger stores.
const SETTINGS: [&str; 7] = [
    "search_path",
    "enable_seqscan",
    "idle_in_transaction_session_timeout",
    "statement_timeout",
    "lock_timeout",
    "transaction_isolation",
    "plan_cache_mode",
];

/// The values of these settings while an event is recorded.
async fn settings(schema: &Schema) -> Vec<(String, String)> {
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    let name = &schema.name;
    let settings = SETTINGS.map(|setting| format!("('{setting}')")).join(", ");
    let trigger = format!(
        "CREATE TABLE {name}.seen (setting text, value text); \
         CREATE FUNCTION {name}.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         INSERT INTO {name}.seen SELECT setting, current_setting(setting) FROM (VALUES {settings}) AS s (setting); \
         RETURN NULL; END $$; \
         CREATE TRIGGER see AFTER INSERT ON {name}.universe_events FOR EACH ROW EXECUTE FUNCTION {name}.see()"
    );
    schema.run(trigger).await;
    recorder.insert_events(one_event()).await.unwrap();
    recorder.close().await;
    let seen = format!("SELECT setting, value FROM {name}.seen");
    sqlx::query_as(AssertSqlSafe(seen)).fetch_all(&mut connect(&schema.config).await).await.unwrap()
}

#[tokio::test]
async fn whoever_appends_has_the_settings_that_the_recorder_relies_on() {
    for transaction_pooling in [false, true] {
        let mut schema = Schema::new();
        schema.config.transaction_pooling = transaction_pooling;
        schema.config.answer_timeout = Duration::from_secs(40);
        schema.config.lock_timeout = Some(Duration::from_secs(20));
        schema.config.idle_in_transaction_session_timeout = Duration::from_secs(7);
        // a pooler's session has the plans of its own
        let plans = if transaction_pooling { "auto" } else { "force_generic_plan" };
        let expected = [
            ("search_path", "pg_catalog"),
            ("enable_seqscan", "off"),
            ("idle_in_transaction_session_timeout", "7s"),
            // three quarters of the time that an answer may take, and the time that the lock may
            ("statement_timeout", "50s"),
            ("lock_timeout", "20s"),
            ("transaction_isolation", "read committed"),
            ("plan_cache_mode", plans),
        ];
        let expected = expected.map(|(setting, value)| (setting.to_owned(), value.to_owned()));
        assert_eq!(settings(&schema).await, expected, "with transaction pooling: {transaction_pooling}");
        schema.drop().await;
    }
}

/// A recorder behind a proxy, which has recorded and read.
async fn behind_a_proxy(mut schema: Schema) -> (Schema, Proxy, PostgresRecorder) {
    let proxy = Proxy::before(&mut schema.config, Cut::BeforeAnswer).await;
    schema.config.notify = false;
    // no connection beside those that are asked for
    (schema.config.pool_size, schema.config.max_overflow) = (0, 1);
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [1]);
    assert_eq!(recorder.max_notification_id().await.unwrap(), Some(1));
    proxy.connections();
    proxy.statements();
    (schema, proxy, recorder)
}

#[tokio::test]
async fn a_connection_over_its_maximum_age_is_replaced_before_use() {
    for (conn_max_age, replaced) in [(None, 0), (Some(Duration::from_nanos(1)), 1)] {
        let mut schema = Schema::new();
        schema.config.conn_max_age = conn_max_age;
        let (schema, proxy, recorder) = behind_a_proxy(schema).await;
        recorder.insert_events(one_event()).await.unwrap();
        assert_eq!(proxy.connections(), replaced, "to record, with {conn_max_age:?}");
        recorder.max_notification_id().await.unwrap();
        assert_eq!(proxy.connections(), replaced, "to read, with {conn_max_age:?}");
        recorder.close().await;
        schema.drop().await;
    }
}

#[tokio::test]
async fn a_pinged_connection_that_broke_is_sent_no_statement() {
    for pre_ping in [true, false] {
        let mut schema = Schema::new();
        schema.config.pre_ping = pre_ping;
        let (schema, proxy, recorder) = behind_a_proxy(schema).await;
        end_sessions(&schema).await;
        recorder.max_notification_id().await.unwrap();
        let read = proxy.statements();
        recorder.insert_events(one_event()).await.unwrap();
        let recorded = proxy.statements();
        if pre_ping {
            // who writes looks at a new server first
            assert_eq!((read, recorded), (1, 2), "the statement alone");
        } else {
            // the twin: it is sent in vain, and what became of it is found out
            assert!(read > 1 && recorded > 2, "{read} and {recorded}");
        }
        recorder.close().await;
        schema.drop().await;
    }
}
