//! What a role may do, and which settings its sessions have.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use eventsourcing_core::recording::{EventQuery, NotificationQuery};
use eventsourcing_core::{Recorder as _, RecorderError, Uuid};
use eventsourcing_sqlx::PostgresRecorder;
use sqlx::{AssertSqlSafe, Connection as _};

use super::common::{Schema, connect, ids, one_event, server};
use super::{Role, open};

/// Opens, records and reads, runs each `GRANT` that an error names, and returns those.
async fn grants_until_it_works(role: &Role, admin: &Schema) -> Vec<String> {
    let mut grants = Vec::new();
    loop {
        let done = async {
            let recorder = PostgresRecorder::open("Universe", role.schema.config.clone()).await?;
            recorder.insert_events(one_event()).await?;
            recorder.read_events(EventQuery::of(Uuid::nil()), &mut |_| ControlFlow::Continue(())).await
        };
        let Err(error) = done.await else { return grants };
        let text = error.to_string();
        let grant =
            text.split('`').nth(1).filter(|grant| grant.starts_with("GRANT ")).unwrap_or_else(|| panic!("{error:?}"));
        assert!(text.contains("permission denied for ") && text.ends_with("` as the owner"), "{text}");
        assert!(!grants.contains(&grant.to_owned()), "{grant} was not enough: {text}");
        admin.run(grant).await;
        grants.push(grant.to_owned());
    }
}

#[tokio::test]
async fn a_privilege_that_is_missing_is_named_with_the_grant_that_is_enough() {
    let role = Role::new("").await;
    let name = &role.schema.name;
    let mut config = server();
    config.schema.clone_from(name);
    let admin = Schema { name: name.clone(), config };

    // tables that somebody else made
    admin.run(format!("REVOKE ALL ON SCHEMA {name} FROM {}", role.name)).await;
    drop(PostgresRecorder::open("Universe", admin.config.clone()).await.unwrap());
    let grants = grants_until_it_works(&role, &admin).await;
    assert_eq!(grants[0], format!(r#"GRANT USAGE, CREATE ON SCHEMA "{name}" TO "{}""#, role.name));
    assert!(
        grants.contains(&format!(r#"GRANT SELECT, UPDATE ON "{name}"."universe_head" TO "{}""#, role.name)),
        "{grants:?}"
    );

    // a schema that is not there
    admin.run(format!("DROP SCHEMA {name} CASCADE")).await;
    let database = &admin.config.dbname;
    let grants = grants_until_it_works(&role, &admin).await;
    assert_eq!(grants, [format!(r#"GRANT CREATE ON DATABASE "{database}" TO "{}""#, role.name)]);
    role.drop().await;
}

#[tokio::test]
async fn a_role_without_the_right_to_create_opens_what_exists() {
    let role = Role::new("").await;
    let name = &role.schema.name;
    let mut config = role.schema.config.clone();
    let admin = server();
    (config.user, config.password) = (admin.user, admin.password);
    PostgresRecorder::open("Universe", config).await.unwrap().close().await;
    let grant = format!(
        "REVOKE CREATE ON SCHEMA {name} FROM {0}; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {name} TO {0}",
        role.name
    );
    Schema { name: name.clone(), config: server() }.run(grant).await;
    let recorder = open(&role.schema).await;
    assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [1]);
    recorder.close().await;
    role.drop().await;
}

#[tokio::test]
async fn a_role_whose_transactions_are_read_only_is_told_so() {
    let role = Role::new("").await;
    open(&role.schema).await.close().await;
    let alter = format!("ALTER ROLE {} SET default_transaction_read_only = on", role.name);
    Schema { name: String::new(), config: server() }.run(alter).await;
    let recorder = open(&role.schema).await;
    let error = recorder.insert_events(one_event()).await.unwrap_err();
    assert!(matches!(error, RecorderError::NotPrimary { .. }), "{error:?}");
    recorder.close().await;
    role.drop().await;
}

/// Collects the warnings of a recorder.
struct Warnings(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("eventsourcing")
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = String::new();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            text.push_str(&format!("{field}={value:?} "));
        });
        self.0.lock().unwrap().push(text);
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn a_setting_that_makes_history_less_than_durable_is_warned_of() {
    let heard = Arc::default();
    let _listening = tracing::subscriber::set_default(Warnings(Arc::clone(&heard)));
    let role = Role::new("SET synchronous_commit = off").await;
    open(&role.schema).await.close().await;
    let found =
        heard.lock().unwrap().iter().any(|text| {
            text.contains("setting=\"synchronous_commit\"") && text.contains("recorded events can be lost")
        });
    assert!(found, "{heard:?}");
    role.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn default_serializable_isolation_fails_no_writer_and_leaves_no_gap() {
    let role = Role::new("SET default_transaction_isolation = 'serializable'").await;
    // the setting is in force for whoever does not say otherwise
    let mut plain = connect(&role.schema.config).await;
    let level: String = sqlx::query_scalar("SHOW transaction_isolation").fetch_one(&mut plain).await.unwrap();
    assert_eq!(level, "serializable");
    plain.close().await.unwrap();
    let recorder = open(&role.schema).await;
    let writers = (0..16).map(|_| {
        let recorder = recorder.clone();
        tokio::spawn(async move {
            for _ in 0..20 {
                recorder.insert_events(one_event()).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let log = recorder.select_notifications(NotificationQuery::after(0, 1000)).await.unwrap();
    assert_eq!(ids(&log), (1..=320).collect::<Vec<_>>());
    recorder.close().await;
    role.drop().await;
}

/// The twin: the same update without the recorder's settings. A recorder would retry it, but not without end.
#[tokio::test]
async fn without_our_setting_serializable_refuses_whoever_waited_for_the_head() {
    let role = Role::new("SET default_transaction_isolation = 'serializable'").await;
    open(&role.schema).await.close().await;
    let raise = format!("UPDATE {}.universe_head SET last = last + 1", role.schema.name);
    let (mut first, mut second) = (connect(&role.schema.config).await, connect(&role.schema.config).await);
    let mut transaction = first.begin().await.unwrap();
    sqlx::query(AssertSqlSafe(raise.as_str())).execute(&mut *transaction).await.unwrap();
    let waiting = tokio::spawn(async move { sqlx::query(AssertSqlSafe(raise)).execute(&mut second).await });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = $1";
    let mut watcher = connect(&server()).await;
    while sqlx::query_scalar::<_, i64>(waits).bind(&role.name).fetch_one(&mut watcher).await.unwrap() < 1 {
        tokio::task::yield_now().await;
    }
    transaction.commit().await.unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().unwrap(), "40001");
    drop(first);
    role.drop().await;
}
