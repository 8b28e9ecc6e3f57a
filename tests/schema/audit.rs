//! The audit: a real log is read whole before a new version of the program is deployed.

use std::sync::Arc;

use eventsourcing::prelude::*;
use eventsourcing::recording::MemoryRecorder;
use eventsourcing::schema::AuditProblem;
use eventsourcing::{Mapper, Recorder, StoredEvent};

use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

use super::common::{self, pools};
use super::programs::{recorded, with_a_version};

#[application]
struct Universe;

/// Records three events that the first program reads, and some that it does not.
async fn fill(recorder: &Arc<dyn Recorder>) {
    let state = |rest: &str| format!(r#"{{"timestamp":"2026-11-23T04:11:04.800139Z"{rest}}}"#).into_bytes();
    let good = r#","name":"Earth","moons":1,"kind":"Rock""#;
    let newer = r#","class_version":2,"title":"Mars","kind":"Rock""#;
    for (topic, rest) in [
        ("World.Started", good),
        ("World.Started", newer),
        ("World.Started", r#","name":"Venus","moons":"none","kind":"Rock""#),
        ("Planet.Painted", ""),
        ("World.Started", good),
        ("Planet.Painted", ""),
        ("World.Started", newer),
        ("World.Started", good),
    ] {
        let stored = StoredEvent::new(Uuid::new_v4(), 1, topic, state(rest), Uuid::new_v4()).checksummed();
        recorder.insert_events(vec![stored]).await.unwrap();
    }
}

async fn what_a_program_cannot_read_is_reported(recorder: Arc<dyn Recorder>) {
    fill(&recorder).await;
    let open = || Application::builder("Universe").recorder(Arc::clone(&recorder)).mapper(Mapper::new("universe"));
    let old = open().aggregate::<recorded::World>().open().unwrap();
    let audit = old.audit_log().await.unwrap();
    assert_eq!((audit.events, audit.is_clean()), (8, false));
    let found: Vec<(&str, u64, u64)> =
        audit.findings.iter().map(|finding| (finding.topic.as_str(), finding.count, finding.first)).collect();
    assert_eq!(found, [("Planet.Painted", 2, 4), ("World.Started", 2, 2), ("World.Started", 1, 3)]);
    assert_eq!(audit.findings[0].problem, AuditProblem::UnknownTopic);
    assert_eq!(audit.findings[1].problem, AuditProblem::NewerVersion { found: 2 });
    let AuditProblem::Undecodable { reason } = &audit.findings[2].problem else { panic!("{audit}") };
    assert!(reason.contains("moons") && !reason.contains("none"), "{reason}");
    let text = audit.to_string();
    assert!(text.starts_with("5 of 8 events cannot be read:"), "{text}");
    assert!(text.contains("2 × `Planet.Painted`, the first at position 4: no registered aggregate"), "{text}");

    // the newer program reads what it recorded
    let new = open().aggregate::<with_a_version::World>().open().unwrap();
    let audit = new.audit_log().await.unwrap();
    assert!(audit.findings.iter().all(|finding| finding.problem == AuditProblem::UnknownTopic), "{audit}");
}

#[tokio::test]
async fn memory() {
    what_a_program_cannot_read_is_reported(Arc::new(MemoryRecorder::new())).await;
}

#[tokio::test]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let universe = Universe::open_with(common::sqlite_file(&folder)).await.unwrap();
    what_a_program_cannot_read_is_reported(Arc::clone(universe.recorder())).await;
}

#[tokio::test]
async fn postgres() {
    let universe = Universe::open_with(common::postgres()).await.unwrap();
    what_a_program_cannot_read_is_reported(Arc::clone(universe.recorder())).await;
}

/// The audit goes on after events that were deleted, and the load of an aggregate without one says which is missing.
async fn deleted_events_are_reported(recorder: Arc<dyn Recorder>, delete: impl AsyncFn(&str)) {
    fill(&recorder).await;
    delete("notification_id IN (2, 3, 5)").await;
    let universe = Application::builder("Universe").recorder(recorder).aggregate::<recorded::World>().open().unwrap();
    let audit = universe.audit_log().await.unwrap();
    let found: Vec<(&AuditProblem, u64, u64)> =
        audit.findings.iter().map(|finding| (&finding.problem, finding.count, finding.first)).collect();
    let newer = AuditProblem::NewerVersion { found: 2 };
    let expected = [
        (&AuditProblem::Missing, 2, 2),
        (&AuditProblem::Missing, 1, 5),
        (&AuditProblem::UnknownTopic, 2, 4),
        (&newer, 1, 7),
    ];
    assert_eq!((audit.events, found.as_slice()), (5, expected.as_slice()), "{audit}");
    assert!(audit.to_string().contains("2 × no event, the first at position 2: it was deleted"), "{audit}");
    // those at the end too
    delete("notification_id = 8").await;
    let audit = universe.audit_log().await.unwrap();
    assert!(audit.findings.iter().any(|finding| (finding.first, finding.count) == (8, 1)), "{audit}");
}

#[tokio::test]
async fn deleted_events_of_sqlite_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let variables = common::sqlite_file(&folder);
    let universe = Universe::open_with(variables.clone()).await.unwrap();
    let url = format!("sqlite://{}", pools::variable(&variables, "SQLITE_DBNAME"));
    let pool = SqlitePool::connect(&url).await.unwrap();
    let delete = async |which: &str| {
        let delete = format!("DELETE FROM universe_events WHERE {which}");
        sqlx::query(AssertSqlSafe(delete)).execute(&pool).await.unwrap();
    };
    deleted_events_are_reported(Arc::clone(universe.recorder()), delete).await;
}

#[tokio::test]
async fn deleted_events_of_postgres_are_reported() {
    let variables = common::postgres();
    let universe = Universe::open_with(variables.clone()).await.unwrap();
    let pool = PgPool::connect_with(pools::postgres_options(&variables)).await.unwrap();
    let schema = pools::variable(&variables, "POSTGRES_SCHEMA");
    let delete = async |which: &str| {
        let delete = format!("DELETE FROM {schema}.universe_events WHERE {which}");
        sqlx::query(AssertSqlSafe(delete)).execute(&pool).await.unwrap();
    };
    deleted_events_are_reported(Arc::clone(universe.recorder()), delete).await;
}
