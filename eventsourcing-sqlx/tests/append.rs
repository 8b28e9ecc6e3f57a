//! The checks of an append under its lock: the version before, the ids that were issued, and the rows as they were written.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::recording::{EventQuery, LogPosition, NotificationQuery};
use eventsourcing_core::{Notification, Recorder, RecorderError, Tracking, Uuid};
use eventsourcing_sqlx::{PostgresRecorder, SqliteConfig, SqliteRecorder};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use tokio::time::timeout;

use common::{PATIENCE, Schema, connect, end_sessions, events, ids, one_event};

async fn connect_to_file(directory: &tempfile::TempDir) -> SqliteConnection {
    SqliteConnectOptions::new().filename(directory.path().join("universe.db")).connect().await.unwrap()
}

/// A new database, and a recorder on it.
#[expect(clippy::large_enum_variant, reason = "there are two of them")]
enum Database {
    Postgres(Schema, PostgresRecorder),
    Sqlite(tempfile::TempDir, SqliteRecorder),
}

impl Database {
    async fn both() -> [Self; 2] {
        let schema = Schema::new();
        let postgres = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("universe.db");
        let sqlite = SqliteRecorder::open("Universe", SqliteConfig::new(path.to_str().unwrap())).await.unwrap();
        [Self::Postgres(schema, postgres), Self::Sqlite(directory, sqlite)]
    }

    fn recorder(&self) -> &dyn Recorder {
        match self {
            Self::Postgres(_, recorder) => recorder,
            Self::Sqlite(_, recorder) => recorder,
        }
    }

    /// Runs SQL as an administrator would; `{}` stands for the prefix of table names.
    async fn run(&self, sql: &str) {
        match self {
            Self::Postgres(schema, _) => schema.run(sql.replace("{}", &format!("{}.", schema.name))).await,
            Self::Sqlite(directory, _) => {
                let mut connection = connect_to_file(directory).await;
                sqlx::raw_sql(AssertSqlSafe(sql.replace("{}", ""))).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// The number that a query returns; `{}` as in [`run`](Self::run).
    async fn number(&self, sql: &str) -> i64 {
        match self {
            Self::Postgres(schema, _) => schema.number(sql.replace("{}", &format!("{}.", schema.name))).await,
            Self::Sqlite(directory, _) => {
                let mut connection = connect_to_file(directory).await;
                sqlx::query_scalar(AssertSqlSafe(sql.replace("{}", ""))).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    async fn log(&self) -> Vec<Notification> {
        self.recorder().select_notifications(NotificationQuery::after(0, 1_000)).await.unwrap()
    }

    async fn drop(self) {
        self.recorder().close().await;
        if let Self::Postgres(schema, _) = self {
            schema.drop().await;
        }
    }
}

/// An asynchronous failover or a restored backup lost versions that a writer still has in memory.
#[tokio::test]
async fn a_version_after_lost_ones_is_a_conflict() {
    for database in Database::both().await {
        let recorder = database.recorder();
        let world = Uuid::new_v4();
        recorder.insert_events(events(world, 1..=3)).await.unwrap();
        database
            .run("DELETE FROM {}universe_events WHERE originator_version > 1; UPDATE {}universe_head SET last = 1")
            .await;
        for lost in [events(world, [4]), events(world, 4..=6)] {
            let error = recorder.insert_events(lost).await.unwrap_err();
            let is_right = matches!(error, RecorderError::Conflict { originator_id, tried: 4, recorded: 1 } if originator_id == world);
            assert!(is_right, "{error:?}");
            assert!(error.to_string().contains("the last recorded version is 1"), "{error}");
        }
        // beside others in one batch it takes none with it
        let (good, lost) =
            tokio::join!(recorder.insert_events(one_event()), recorder.insert_events(events(world, [4])));
        assert_eq!(ids(&good.unwrap()), [2]);
        assert!(matches!(lost, Err(RecorderError::Conflict { tried: 4, .. })), "{lost:?}");
        assert_eq!(ids(&recorder.insert_events(events(world, [2])).await.unwrap()), [3]);
        database.drop().await;
    }
}

/// Concurrent saves share a batch, in which one save may build on another.
#[tokio::test]
async fn a_version_that_follows_another_of_its_batch_is_recorded_after_it() {
    for database in Database::both().await {
        let recorder = database.recorder();
        let world = Uuid::new_v4();
        let inserts = (1..=40).map(|version| recorder.insert_events(events(world, [version])));
        let recorded = futures::future::join_all(inserts).await;
        let recorded: Vec<u64> = recorded.into_iter().map(|recorded| recorded.unwrap()[0].id).collect();
        assert_eq!(recorded, (1..=40).collect::<Vec<_>>());
        let found = recorder.select_events(EventQuery::of(world)).await.unwrap();
        assert_eq!(found.len(), 40);
        database.drop().await;
    }
}

#[tokio::test]
async fn ids_of_deleted_events_are_not_issued_again() {
    for database in Database::both().await {
        let recorder = database.recorder();
        recorder.insert_events(events(Uuid::new_v4(), 1..=5)).await.unwrap();
        database.run("DELETE FROM {}universe_events WHERE notification_id > 3").await;
        assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [6]);
        assert_eq!(recorder.max_notification_id().await.unwrap(), Some(6));
        database.run("DELETE FROM {}universe_events").await;
        assert_eq!(recorder.max_notification_id().await.unwrap(), Some(6));
        assert_eq!(ids(&recorder.insert_events(events(Uuid::new_v4(), 1..=2)).await.unwrap()), [7, 8]);
        if let Database::Postgres(..) = &database {
            database.run("TRUNCATE {}universe_events").await;
            assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [9]);
        }
        database.drop().await;
    }
}

/// The twin: without the trigger, ids of deleted events are issued again.
#[tokio::test]
async fn without_the_trigger_ids_of_deleted_events_are_issued_again() {
    let [postgres, sqlite] = Database::both().await;
    postgres.recorder().insert_events(events(Uuid::new_v4(), 1..=5)).await.unwrap();
    postgres.run("DROP TRIGGER universe_keep_ids ON {}universe_events; DELETE FROM {}universe_events WHERE notification_id > 3").await;
    assert_eq!(ids(&postgres.recorder().insert_events(one_event()).await.unwrap()), [4]);
    postgres.drop().await;
    sqlite.drop().await;
}

/// Records two aggregates, deletes events of the first with this statement, and saves to it again.
async fn save_after_deleting(schema: &Schema, delete: &str, reconnects: bool) -> Result<Vec<u64>, RecorderError> {
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    let world = Uuid::new_v4();
    recorder.insert_events(events(world, 1..=3)).await.unwrap();
    recorder.insert_events(events(Uuid::new_v4(), 1..=3)).await.unwrap();
    // what this connection recorded is trusted to be there
    recorder.insert_events(events(world, 4..=5)).await.unwrap();
    let mut outsider = connect(&schema.config).await;
    let delete = delete.replace("{}", &format!("{}.", schema.name)).replace("{id}", &world.to_string());
    sqlx::raw_sql(AssertSqlSafe(delete)).execute(&mut outsider).await.unwrap();
    if reconnects {
        end_sessions(schema).await;
    }
    let saved = recorder.insert_events(events(world, 6..=7)).await;
    recorder.close().await;
    saved.map(|recorded| ids(&recorded))
}

#[tokio::test]
async fn versions_that_were_deleted_are_missed_by_who_recorded_them() {
    let schema = Schema::new();
    let delete = "DELETE FROM {}universe_events WHERE originator_id = '{id}'";
    let error = save_after_deleting(&schema, delete, false).await.unwrap_err();
    assert!(matches!(error, RecorderError::Conflict { tried: 6, recorded: 0, .. }), "{error:?}");
    schema.drop().await;
}

const UNNOTICED: &str =
    "ALTER TABLE {}universe_events DISABLE TRIGGER USER; DELETE FROM {}universe_events WHERE originator_id = '{id}'";

#[tokio::test]
async fn versions_that_another_session_recorded_are_looked_up() {
    // a new connection knows nothing, and behind a pooler none is anybody's
    for (reconnects, transaction_pooling) in [(true, false), (false, true)] {
        let mut schema = Schema::new();
        schema.config.transaction_pooling = transaction_pooling;
        let error = save_after_deleting(&schema, UNNOTICED, reconnects).await.unwrap_err();
        assert!(matches!(error, RecorderError::Conflict { tried: 6, recorded: 0, .. }), "{error:?}");
        schema.drop().await;
    }
}

/// The twin: the trigger tells that events were deleted. Without it the version before, which this connection recorded, is not
/// looked up.
#[tokio::test]
async fn without_the_trigger_versions_that_were_deleted_are_not_missed() {
    let schema = Schema::new();
    // and their ids come again
    assert_eq!(save_after_deleting(&schema, UNNOTICED, false).await.unwrap(), [7, 8]);
    schema.drop().await;
}

#[tokio::test]
async fn a_deletion_that_finds_nothing_keeps_no_append_waiting() {
    let schema = Schema::new();
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    let mut outsider = connect(&schema.config).await;
    let delete = format!("BEGIN; DELETE FROM {}.universe_events", schema.name);
    sqlx::raw_sql(AssertSqlSafe(delete)).execute(&mut outsider).await.unwrap();
    assert_eq!(ids(&timeout(PATIENCE, recorder.insert_events(one_event())).await.unwrap().unwrap()), [1]);
    outsider.close().await.unwrap();
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn a_trigger_that_drops_an_event_lets_nothing_of_its_save_be_recorded() {
    let [postgres, sqlite] = Database::both().await;
    postgres
        .run(
            "CREATE FUNCTION {}drops() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
             CREATE TRIGGER drops BEFORE INSERT ON {}universe_events FOR EACH ROW WHEN (NEW.topic = 'Dropped') \
             EXECUTE FUNCTION {}drops()",
        )
        .await;
    sqlite
        .run("CREATE TRIGGER drops BEFORE INSERT ON universe_events WHEN NEW.topic = 'Dropped' BEGIN SELECT RAISE(IGNORE); END")
        .await;
    for database in [postgres, sqlite] {
        let recorder = database.recorder();
        for dropped in 0..3 {
            let mut save = events(Uuid::new_v4(), 1..=3);
            save[dropped].topic = "Dropped".into();
            let error = recorder.insert_events(save).await.unwrap_err();
            assert!(matches!(error, RecorderError::Corrupt { .. }) && error.is_not_done(), "{error:?}");
        }
        let mut alone = one_event();
        alone[0].topic = "Dropped".into();
        let error = recorder.insert_events(alone).await.unwrap_err();
        assert!(error.to_string().contains("such as a trigger"), "{error}");
        assert_eq!(database.log().await, []);
        assert_eq!(ids(&recorder.insert_events(events(Uuid::new_v4(), 1..=3)).await.unwrap()), [1, 2, 3]);
        database.drop().await;
    }
}

/// The user's own outbox, filled by a trigger, holds the recorded events and nothing else.
#[tokio::test]
async fn a_trigger_s_rows_are_rolled_back_with_the_save() {
    let [postgres, sqlite] = Database::both().await;
    postgres
        .run(
            "CREATE TABLE {}outbox (id bigint); \
             CREATE FUNCTION {}copies() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
               IF NEW.topic = 'Refused' THEN RAISE EXCEPTION 'not wanted'; END IF; \
               INSERT INTO {}outbox VALUES (NEW.notification_id); RETURN NEW; END $$; \
             CREATE TRIGGER copies AFTER INSERT ON {}universe_events FOR EACH ROW EXECUTE FUNCTION {}copies()",
        )
        .await;
    sqlite
        .run(
            "CREATE TABLE outbox (id integer); \
             CREATE TRIGGER copies AFTER INSERT ON universe_events BEGIN \
               SELECT RAISE(ABORT, 'not wanted') WHERE NEW.topic = 'Refused'; \
               INSERT INTO outbox VALUES (NEW.notification_id); END",
        )
        .await;
    for database in [postgres, sqlite] {
        let mut refused = events(Uuid::new_v4(), 1..=3);
        refused[2].topic = "Refused".into();
        let error = database.recorder().insert_events(refused).await.unwrap_err();
        assert!(error.is_not_done() && error.to_string().contains("not wanted"), "{error}");
        database.recorder().insert_events(events(Uuid::new_v4(), 1..=2)).await.unwrap();
        assert_eq!(ids(&database.log().await), [1, 2]);
        assert_eq!(database.number("SELECT count(*) FROM {}outbox").await, 2);
        database.drop().await;
    }
}

/// A trigger that changes the rows is found too.
#[tokio::test]
async fn a_trigger_that_moves_an_event_lets_nothing_of_its_save_be_recorded() {
    let [postgres, sqlite] = Database::both().await;
    postgres
        .run(
            "CREATE FUNCTION {}moves() RETURNS trigger LANGUAGE plpgsql \
               AS 'BEGIN NEW.notification_id := NEW.notification_id + 5; RETURN NEW; END'; \
             CREATE TRIGGER moves BEFORE INSERT ON {}universe_events FOR EACH ROW WHEN (NEW.originator_version = 3) \
             EXECUTE FUNCTION {}moves()",
        )
        .await;
    let error = postgres.recorder().insert_events(events(Uuid::new_v4(), 1..=3)).await.unwrap_err();
    assert!(matches!(error, RecorderError::Corrupt { .. }), "{error:?}");
    assert_eq!(postgres.log().await, []);
    postgres.drop().await;
    sqlite.drop().await;
}

/// While a snapshot is held, each row version stays and slows the next change of that row.
#[tokio::test]
async fn appends_beside_an_old_snapshot_leave_no_versions_of_a_row_behind() {
    let schema = Schema::new();
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    let mut outsider = connect(&schema.config).await;
    let mut snapshot = outsider.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    sqlx::query("SELECT txid_current_snapshot()").execute(&mut *snapshot).await.unwrap();
    let world = Uuid::new_v4();
    for step in 1..=100 {
        let position = LogPosition::anchored(step, Uuid::from_u128(u128::from(step)));
        recorder.insert_tracked(events(world, [step]), Tracking::new("Orders", step - 1, position)).await.unwrap();
        recorder.insert_events(one_event()).await.unwrap();
    }
    // the one version there ever was is where it was made
    assert_eq!(
        schema.number(format!("SELECT count(*) FROM {}.universe_head WHERE ctid = '(0,1)'", schema.name)).await,
        1
    );
    assert_eq!(recorder.tracked_position("Orders").await.unwrap().id, 100);
    // to look up or move a position meets the newest row first, and none that was deleted
    let explain = format!(
        "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT position FROM {}.universe_tracking \
         WHERE upstream = 'Orders' ORDER BY position DESC LIMIT 1",
        schema.name
    );
    let mut session = connect(&schema.config).await;
    sqlx::raw_sql("SET enable_seqscan = off").execute(&mut session).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(explain)).fetch_all(&mut session).await.unwrap();
    assert!(plan.iter().any(|line| line.contains("Backward using universe_tracking_key")), "{plan:#?}");
    snapshot.rollback().await.unwrap();
    schema.drop().await;
}

/// A function in a schema that others may write to, which matches an append better than the server's own.
#[tokio::test]
async fn functions_of_others_are_not_run_with_our_rights() {
    let schema = Schema::new();
    let name = &schema.name;
    schema
        .run(format!(
            "CREATE SCHEMA {name}; \
             CREATE FUNCTION {name}.cardinality(uuid[]) RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE 'run'; END$$; \
             CREATE FUNCTION {name}.max(bigint) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RAISE 'run'; END$$"
        ))
        .await;
    let user = schema.config.user.clone();
    schema.run(format!("CREATE ROLE {name} LOGIN SUPERUSER PASSWORD 'secret'; ALTER ROLE {name} SET search_path = {name}, pg_catalog")).await;
    let mut config = schema.config.clone();
    (config.user, config.password) = (name.clone(), Some("secret".to_owned()));
    let recorder = PostgresRecorder::open("Universe", config.clone()).await.unwrap();
    recorder.insert_events(events(Uuid::new_v4(), 1..=3)).await.unwrap();
    recorder.insert_tracked(one_event(), Tracking::new("Orders", 0, 3)).await.unwrap();
    // the twin: with that path the function is what the name means
    let mut session = connect(&config).await;
    let error = sqlx::query("SELECT cardinality(ARRAY[gen_random_uuid()])").execute(&mut session).await.unwrap_err();
    assert!(error.to_string().contains("run"), "{error}");
    drop(session);
    recorder.close().await;
    schema.run(format!("REASSIGN OWNED BY {name} TO \"{user}\"; DROP OWNED BY {name}; DROP ROLE {name}")).await;
    schema.drop().await;
}

/// PostgreSQL would read the whole state before it refuses it.
#[tokio::test]
async fn a_save_of_more_than_a_gigabyte_is_refused_before_it_is_sent() {
    let [postgres, sqlite] = Database::both().await;
    let mut save = events(Uuid::new_v4(), 1..=17);
    // one state, which they share
    let state: std::sync::Arc<[u8]> = vec![0; 64 * 1024 * 1024].into();
    save.iter_mut().for_each(|event| event.state = std::sync::Arc::clone(&state));
    let error = postgres.recorder().insert_events(save).await.unwrap_err();
    let said = "the events of this save have serialized states of 1140850688 bytes, but the database accepts at most 1000000000 bytes in one save; \
                nothing was recorded; save fewer events at a time, or store less in each of them";
    assert_eq!(error.to_string(), said);
    assert!(error.is_not_done() && !error.is_retryable());
    assert_eq!(ids(&postgres.recorder().insert_events(one_event()).await.unwrap()), [1]);
    postgres.drop().await;
    sqlite.drop().await;
}
