//! What is particular to PostgreSQL: servers that cannot be reached, locks, settings, and the server's errors.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eventsourcing_core::persistence::{EventQuery, NotificationQuery, NotificationRef};
use eventsourcing_core::{Environment, Recorder, RecorderError, Uuid};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder, SslMode};
use sqlx::{AssertSqlSafe, Connection};
use tokio::runtime::Handle;

use common::proxy::{Cut, Proxy};
use common::{PATIENCE, Schema, connect, events, ids, one_event, open_in_time, server, until_done};

async fn open(schema: &Schema) -> PostgresRecorder {
    PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap()
}

async fn refused(config: PostgresConfig) -> RecorderError {
    PostgresRecorder::open("Universe", config).await.unwrap_err()
}

/// The message, with the server's own words cut out from between ours.
fn assert_message(error: &RecorderError, start: &str, end: &str) {
    let message = error.to_string();
    assert!(matches!(error, RecorderError::Open { .. }), "{error:?}");
    assert!(message.starts_with(start) && message.ends_with(end), "{message}");
}

#[tokio::test]
async fn a_server_that_is_not_running_is_named_with_the_cure() {
    let mut config = server();
    // bound, so that nobody else listens on it, and dropped at once, so that neither do we
    config.port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    config.host = "127.0.0.1".to_owned();
    let name = format!("postgres://{}@127.0.0.1:{}/{}", config.user, config.port, config.dbname);
    let start = format!("cannot open {name}: PostgreSQL is not running there (");
    assert_message(&refused(config).await, &start, "; start it, or correct POSTGRES_HOST and POSTGRES_PORT");
}

#[tokio::test]
async fn a_socket_that_does_not_exist_is_named_with_the_cure() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = server();
    config.host = directory.path().to_str().unwrap().to_owned();
    let error = refused(config).await;
    assert_message(&error, "cannot open postgres://", "; start it, or correct POSTGRES_HOST and POSTGRES_PORT");
}

/// A role of its own, with a password.
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

#[tokio::test]
async fn a_wrong_password_is_refused_and_never_shown() {
    let role = Role::new("").await;
    let mut config = role.schema.config.clone();
    config.password = Some("open barley".to_owned());
    assert!(!format!("{config:?}").contains("barley"));
    let error = refused(config.clone()).await;
    assert!(!error.to_string().contains("barley") && !format!("{error:?}").contains("barley"), "{error:?}");
    let start = format!(
        "cannot open postgres://{}@{}:{}/{}: password authentication failed",
        config.user, config.host, config.port, config.dbname
    );
    assert_message(&error, &start, "; correct POSTGRES_USER and POSTGRES_PASSWORD");
    config.password = None;
    assert_message(&refused(config).await, &start, "; correct POSTGRES_USER and POSTGRES_PASSWORD");
    role.drop().await;
}

#[tokio::test]
async fn a_password_with_a_line_break_is_told_so_and_never_shown() {
    let role = Role::new("").await;
    let mut config = role.schema.config.clone();
    config.password = Some("open sesame\u{7}".to_owned());
    let error = refused(config).await;
    assert_message(
        &error,
        "cannot open postgres://",
        ": the password holds a character that no password can have, such as a line break; correct POSTGRES_PASSWORD",
    );
    assert!(!format!("{error:?}").contains("u{7}"), "{error:?}");
    role.drop().await;
}

/// Opens and records, running each GRANT that an error names; those that it took.
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
async fn a_schema_whose_name_would_be_cut_off_is_refused() {
    let mut config = server();
    config.schema = format!("{}ada", "x".repeat(63));
    assert_message(
        &refused(config.clone()).await,
        "cannot open postgres://",
        ": POSTGRES_SCHEMA is no name: it has 66 bytes, and PostgreSQL would cut it off; give POSTGRES_SCHEMA a name of 1 to 63 bytes",
    );
    for (schema, flaw) in [("", "it is empty"), ("a\0b", "it holds a zero byte")] {
        config.schema = schema.to_owned();
        let error = refused(config.clone()).await.to_string();
        assert!(error.contains(&format!("POSTGRES_SCHEMA is no name: {flaw}")), "{error}");
    }
}

/// The twin: to the server both are one name.
#[tokio::test]
async fn the_server_cuts_names_off_without_an_error() {
    let schema = Schema::new();
    let long = format!("{:x<63}", schema.name);
    schema.run(format!("CREATE SCHEMA {long}ada; CREATE TABLE {long}ada.mine (id int)")).await;
    assert_eq!(schema.number(format!("SELECT count(*) FROM {long}bea.mine")).await, 0);
    schema.run(format!("DROP SCHEMA {long} CASCADE")).await;
}

#[tokio::test]
async fn a_missing_database_is_named_with_the_cure() {
    let mut config = server();
    config.dbname = "no_such_database".to_owned();
    let error = refused(config).await;
    assert_message(
        &error,
        "cannot open postgres://",
        "/no_such_database: database \"no_such_database\" does not exist; \
         create it with `createdb no_such_database`, or correct POSTGRES_DBNAME",
    );
}

#[tokio::test]
async fn a_role_that_has_no_connection_left_is_told_how_to_get_one() {
    let role = Role::new("CONNECTION LIMIT 1").await;
    let taken = connect(&role.schema.config).await;
    let error = refused(role.schema.config.clone()).await;
    assert_message(
        &error,
        "cannot open postgres://",
        "; lower POSTGRES_POOL_SIZE and POSTGRES_MAX_OVERFLOW of the programs that use it, \
         or raise max_connections on the server",
    );
    taken.close().await.unwrap();
    role.drop().await;
}

#[tokio::test]
async fn a_root_certificate_that_is_missing_is_an_error_that_names_the_variables() {
    let mut config = server();
    config.ssl_mode = SslMode::VerifyFull;
    config.ssl_root_cert = Some("/no/such/root.pem".into());
    assert_message(
        &refused(config).await,
        "cannot open postgres://",
        "POSTGRES_SSLMODE and POSTGRES_SSLROOTCERT, or the server's certificate",
    );
}

#[test]
fn what_the_variables_say_is_checked_value_by_value() {
    let needed = [("POSTGRES_DBNAME", "d"), ("POSTGRES_HOST", "h"), ("POSTGRES_USER", "u")];
    let message = |variable: &str, value: &str| {
        let variables = needed.iter().copied().chain([(variable, value)]);
        PostgresConfig::from_environment(&Environment::of("Universe", variables)).unwrap_err().to_string()
    };
    for (variable, value, expected) in [
        ("POSTGRES_PORT", "54x2", "expected a port number such as 5432"),
        ("POSTGRES_PORT", "65536", "expected a port number such as 5432"),
        ("POSTGRES_POOL_SIZE", "-1", "expected a number of connections such as 5"),
        ("POSTGRES_PRE_PING", "maybe", "expected y, yes"),
        ("POSTGRES_LOCK_TIMEOUT", "soon", "expected a number of seconds"),
        ("POSTGRES_SSLMODE", "always", "expected disable, allow, prefer, require, verify-ca or verify-full"),
    ] {
        let message = message(variable, value);
        assert!(message.starts_with(&format!("environment variable {variable} is `{value}`; {expected}")), "{message}");
    }
    for missing in ["POSTGRES_DBNAME", "POSTGRES_HOST", "POSTGRES_USER"] {
        let variables = needed.iter().copied().filter(|(variable, _)| *variable != missing);
        let error = PostgresConfig::from_environment(&Environment::of("Universe", variables)).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("environment variable {missing} is not set; expected")),
            "{error}"
        );
    }
    let none = needed.iter().copied().chain([("POSTGRES_POOL_SIZE", "0"), ("POSTGRES_MAX_OVERFLOW", "0")]);
    assert!(PostgresConfig::from_environment(&Environment::of("Universe", none)).is_err());
}

#[tokio::test]
async fn a_lock_held_outside_makes_an_insert_busy_and_then_it_succeeds() {
    let mut schema = Schema::new();
    schema.config.lock_timeout = Some(Duration::from_millis(200));
    let recorder = open(&schema).await;
    let mut outsider = connect(&schema.config).await;
    let mut transaction = outsider.begin().await.unwrap();
    let lock = format!("SELECT last FROM {}.universe_head FOR UPDATE", schema.name);
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *transaction).await.unwrap();
    let event = one_event();
    let error = recorder.insert_events(event.clone()).await.unwrap_err();
    assert!(error.is_retryable() && matches!(error, RecorderError::Busy { .. }), "{error:?}");
    let expected = "the write lock was not free within 0.2 seconds; try again, or raise POSTGRES_LOCK_TIMEOUT";
    assert_eq!(error.to_string(), expected);
    // opening what is up to date waits for no lock
    open(&schema).await.close().await;
    transaction.rollback().await.unwrap();
    assert_eq!(ids(&recorder.insert_events(event).await.unwrap()), [1]);
    schema.drop().await;
}

#[tokio::test]
async fn an_insert_waits_for_one_that_has_not_committed_and_takes_the_id_after_it() {
    for (end, id) in [("COMMIT", 2), ("ROLLBACK", 1)] {
        let schema = Schema::new();
        let recorder = open(&schema).await;
        // another writer, between its statement and its commit
        let mut other = connect(&schema.config).await;
        let append = format!(
            "BEGIN; SET LOCAL search_path = {}; UPDATE universe_head SET last = 1; \
             INSERT INTO universe_events VALUES (1, gen_random_uuid(), 1, 'Other', '', NULL, gen_random_uuid())",
            schema.name
        );
        sqlx::raw_sql(AssertSqlSafe(append)).execute(&mut other).await.unwrap();
        let waiting = tokio::spawn({
            let recorder = recorder.clone();
            async move { recorder.insert_events(one_event()).await }
        });
        until_waiting(&schema).await;
        assert_eq!(recorder.select_notifications(NotificationQuery::after(0, 10)).await.unwrap(), []);
        sqlx::raw_sql(end).execute(&mut other).await.unwrap();
        assert_eq!(ids(&waiting.await.unwrap().unwrap()), [id]);
        let log = recorder.select_notifications(NotificationQuery::after(0, 10)).await.unwrap();
        assert_eq!(ids(&log), (1..=id).collect::<Vec<_>>());
        schema.drop().await;
    }
}

/// The twin: with ids from a sequence a reader sees the second event first, and then never asks for the first.
#[tokio::test]
async fn with_a_sequence_a_later_id_is_seen_before_an_earlier_one() {
    let schema = Schema::new();
    let name = &schema.name;
    schema.run(format!("CREATE SCHEMA {name}; CREATE TABLE {name}.log (id bigserial, writer int)")).await;
    let (mut first, mut second) = (connect(&schema.config).await, connect(&schema.config).await);
    let insert = format!("INSERT INTO {name}.log (writer) VALUES (1)");
    let mut transaction = first.begin().await.unwrap();
    sqlx::query(AssertSqlSafe(insert.as_str())).execute(&mut *transaction).await.unwrap();
    sqlx::query(AssertSqlSafe(insert.as_str())).execute(&mut second).await.unwrap();
    assert_eq!(schema.number(format!("SELECT min(id) FROM {name}.log")).await, 2);
    transaction.commit().await.unwrap();
    assert_eq!(schema.number(format!("SELECT min(id) FROM {name}.log")).await, 1);
    schema.drop().await;
}

/// Returns once an append to this schema waits for a lock.
async fn until_waiting(schema: &Schema) {
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%universe_%'";
    let mut watcher = connect(&schema.config).await;
    while sqlx::query_scalar::<_, i64>(waits).bind(&schema.name).fetch_one(&mut watcher).await.unwrap() < 1 {
        tokio::task::yield_now().await;
    }
}

/// Makes each insert fail as the server does in trouble, while `WHEN` holds.
async fn fails(schema: &Schema, code: &str, when: &str) {
    let name = &schema.name;
    schema
        .run(format!(
            "CREATE SEQUENCE {name}.tries; \
             CREATE FUNCTION {name}.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF {when} THEN RAISE EXCEPTION 'trouble' USING ERRCODE = '{code}'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER fail BEFORE INSERT ON {name}.universe_events FOR EACH ROW EXECUTE FUNCTION {name}.fail()"
        ))
        .await;
}

#[tokio::test]
async fn trouble_of_the_server_is_an_error_of_its_own_kind_and_nothing_is_recorded() {
    type Expected = fn(&RecorderError) -> bool;
    let kinds: [(&str, Expected); 11] = [
        ("53100", |error| matches!(error, RecorderError::StorageFull { .. })),
        ("57014", |error| matches!(error, RecorderError::Cancelled { .. })),
        ("25006", |error| matches!(error, RecorderError::NotPrimary { .. })),
        ("XX001", |error| matches!(error, RecorderError::Corrupt { .. })),
        ("XX002", |error| matches!(error, RecorderError::Corrupt { .. })),
        ("P0001", |error| matches!(error, RecorderError::Database { .. })),
        ("40001", |error| matches!(error, RecorderError::Superseded { .. })),
        ("40P01", |error| matches!(error, RecorderError::Superseded { .. })),
        ("53200", |error| matches!(error, RecorderError::OutOfResources { .. })),
        ("58030", |error| matches!(error, RecorderError::OutOfResources { .. })),
        ("0A000", |error| matches!(error, RecorderError::Database { .. })),
    ];
    for (code, is_expected) in kinds {
        let schema = Schema::new();
        let recorder = open(&schema).await;
        fails(&schema, code, "NEW.originator_version = 3").await;
        let error = recorder.insert_events(events(Uuid::new_v4(), 1..=3)).await.unwrap_err();
        assert!(is_expected(&error) && error.is_not_done(), "{code}: {error:?}");
        assert_eq!(ids(&recorder.insert_events(events(Uuid::new_v4(), 1..=2)).await.unwrap()), [1, 2], "{code}");
        schema.drop().await;
    }
}

#[tokio::test]
async fn an_append_that_the_server_gave_up_in_favour_of_another_is_sent_again() {
    for code in ["40001", "40P01", "0A000", "26000", "25P02"] {
        let schema = Schema::new();
        let recorder = open(&schema).await;
        fails(&schema, code, &format!("nextval('{}.tries') < 3", schema.name)).await;
        assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [1], "{code}");
        schema.drop().await;
    }
}

#[tokio::test]
async fn a_unique_index_of_somebody_else_is_no_conflict() {
    let schema = Schema::new();
    let recorder = open(&schema).await;
    schema.run(format!("CREATE UNIQUE INDEX topics ON {}.universe_events (topic)", schema.name)).await;
    recorder.insert_events(one_event()).await.unwrap();
    let error = recorder.insert_events(one_event()).await.unwrap_err();
    assert!(matches!(error, RecorderError::Database { .. }), "{error:?}");
    assert!(error.to_string().contains("\"topics\" (code 23505)"), "{error}");
    schema.drop().await;
}

#[tokio::test]
async fn ids_have_no_gaps_after_inserts_that_were_rolled_back() {
    let schema = Schema::new();
    let recorder = open(&schema).await;
    let world = Uuid::new_v4();
    for version in 1..=10 {
        recorder.insert_events(events(world, [version])).await.unwrap();
        let mut refused = events(Uuid::new_v4(), 1..=3);
        refused.extend(events(world, [version]));
        let error = recorder.insert_events(refused).await.unwrap_err();
        assert!(
            matches!(error, RecorderError::Conflict { tried, recorded, .. } if tried == version && recorded == version)
        );
    }
    let log = recorder.select_notifications(NotificationQuery::after(0, 100)).await.unwrap();
    assert_eq!(ids(&log), (1..=10).collect::<Vec<_>>());
    schema.drop().await;
}

#[tokio::test]
async fn ids_beyond_the_largest_are_refused_and_nothing_is_recorded() {
    let schema = Schema::new();
    let recorder = open(&schema).await;
    let last = i64::MAX - 2;
    schema.run(format!("UPDATE {}.universe_head SET last = {last}", schema.name)).await;
    let error = recorder.insert_events(events(Uuid::new_v4(), 1..=3)).await.unwrap_err();
    assert!(matches!(error, RecorderError::PositionExhausted { wanted: 3, .. }), "{error:?}");
    let expected = format!("the log is full: there is no notification id after {last} for 3 more events");
    assert_eq!(error.to_string(), expected);
    assert_eq!(recorder.select_notifications(NotificationQuery::after(0, 10)).await.unwrap(), []);
    let recorded = recorder.insert_events(events(Uuid::new_v4(), 1..=2)).await.unwrap();
    assert_eq!(ids(&recorded), [i64::MAX.unsigned_abs() - 1, i64::MAX.unsigned_abs()]);
    schema.drop().await;
}

#[tokio::test]
async fn impossible_values_in_rows_are_corrupt() {
    for (update, found) in [
        ("universe_events SET originator_version = -1", "originator version -1"),
        ("universe_events SET checksum = 4294967296", "checksum 4294967296"),
    ] {
        let schema = Schema::new();
        let recorder = open(&schema).await;
        let event = one_event();
        let originator_id = event[0].originator_id;
        recorder.insert_events(event).await.unwrap();
        schema.run(format!("UPDATE {}.{update}", schema.name)).await;
        let selected = match recorder.max_notification_id().await {
            Ok(_) => recorder.select_events(EventQuery::of(originator_id)).await.map(drop),
            Err(error) => Err(error),
        };
        let error = selected.unwrap_err();
        assert!(matches!(error, RecorderError::Corrupt { .. }) && error.to_string().contains(found), "{error}");
        schema.drop().await;
    }
}

#[tokio::test]
async fn a_head_that_is_missing_is_corrupt() {
    let schema = Schema::new();
    let recorder = open(&schema).await;
    recorder.insert_events(one_event()).await.unwrap();
    schema.run(format!("DELETE FROM {}.universe_head", schema.name)).await;
    for events in [one_event(), events(Uuid::new_v4(), 1..=2)] {
        let error = recorder.insert_events(events).await.unwrap_err();
        assert!(error.to_string().contains("no row in the head table of Universe"), "{error}");
        assert!(matches!(error, RecorderError::Corrupt { .. }), "{error:?}");
    }
    schema.drop().await;
}

#[tokio::test]
async fn missing_tables_are_an_error_whose_sql_makes_them() {
    let mut schema = Schema::new();
    schema.config.create_table = false;
    let error = refused(schema.config.clone()).await;
    assert!(error.to_string().contains("CREATE_TABLE is off; run this SQL first:\nBEGIN;\nCREATE SCHEMA"), "{error}");
    let RecorderError::SchemaMissing { sql, .. } = error else { panic!("{error:?}") };
    schema.run(sql).await;
    assert_eq!(ids(&open(&schema).await.insert_events(one_event()).await.unwrap()), [1]);
    schema.drop().await;
}

#[tokio::test]
async fn tables_of_a_later_version_are_refused() {
    let schema = Schema::new();
    open(&schema).await.close().await;
    schema.run(format!("UPDATE {}.universe_head SET schema_version = 9", schema.name)).await;
    let error = refused(schema.config.clone()).await;
    assert!(matches!(error, RecorderError::SchemaTooNew { found: 9, known: 3, .. }), "{error:?}");
    schema.drop().await;
}

#[tokio::test]
async fn any_name_of_a_schema_is_just_a_name() {
    let mut schema = Schema::new();
    let name = format!("My \"own\" $$ schema's; {}", &schema.name[..20]);
    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
    schema.config.schema = name;
    let recorder = open(&schema).await;
    assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [1]);
    recorder.close().await;
    schema.run(format!("DROP SCHEMA {quoted} CASCADE")).await;
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

/// Hears what the recorder warns of.
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_default_isolation_of_serializable_hinders_no_writer_and_leaves_no_gap() {
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

/// The twin: the same update without our settings. (A recorder would send it again, but not for ever.)
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

#[tokio::test]
async fn a_change_of_the_table_between_two_reads_is_no_error() {
    let schema = Schema::new();
    let recorder = open(&schema).await;
    let event = one_event();
    let originator_id = event[0].originator_id;
    recorder.insert_events(event).await.unwrap();
    for change in ["ADD COLUMN note text", "ALTER COLUMN topic TYPE varchar(100)", "ALTER COLUMN checksum TYPE bigint"]
    {
        assert_eq!(recorder.select_events(EventQuery::of(originator_id)).await.unwrap().len(), 1);
        schema.run(format!("ALTER TABLE {}.universe_events {change}", schema.name)).await;
        assert_eq!(recorder.select_events(EventQuery::of(originator_id)).await.unwrap().len(), 1, "{change}");
        recorder.insert_events(one_event()).await.unwrap();
    }
    schema.drop().await;
}

#[tokio::test]
async fn all_connections_in_use_is_an_error_of_its_own() {
    let mut schema = Schema::new();
    schema.config.max_overflow = 0;
    // who holds the connection does so until the end
    schema.config.answer_timeout = PATIENCE * 2;
    open(&schema).await.close().await;
    schema.config.connect_timeout = Duration::from_millis(300);
    let recorder = open_in_time(&schema.config).await;
    let mut outsider = connect(&schema.config).await;
    let mut transaction = outsider.begin().await.unwrap();
    let lock = format!("LOCK TABLE {}.universe_events IN ACCESS EXCLUSIVE MODE", schema.name);
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *transaction).await.unwrap();
    let waiting = until_done(async || recorder.select_events(EventQuery::of(Uuid::new_v4())).await);
    let asking = async {
        until_waiting(&schema).await;
        let error = loop {
            match recorder.max_notification_id().await.unwrap_err() {
                // a server that is busy may not take a connection in time, and then counts as one that is not there
                RecorderError::Disconnected { .. } => {}
                error => break error,
            }
        };
        transaction.rollback().await.unwrap();
        error
    };
    let (found, error) = tokio::join!(waiting, asking);
    assert!(matches!(error, RecorderError::PoolTimeout { .. }), "{error:?}");
    let expected = "no database connection was free within 0.3 seconds; try again, or raise POSTGRES_MAX_OVERFLOW";
    assert_eq!(error.to_string(), expected);
    assert_eq!(found, []);
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_use_all_connections_keep_nobody_from_recording() {
    let mut schema = Schema::new();
    schema.config.max_overflow = 0;
    let recorder = open(&schema).await;
    recorder.insert_events(one_event()).await.unwrap();
    let mut recorded = Vec::new();
    let mut visit = |_: NotificationRef<'_>| {
        // the only connection of the pool is in the middle of this read
        let insert = recorder.insert_events(one_event());
        recorded = ids(&tokio::task::block_in_place(|| Handle::current().block_on(insert)).unwrap());
        ControlFlow::Break(())
    };
    recorder.read_notifications(NotificationQuery::after(0, 1), &mut visit).await.unwrap();
    assert_eq!(recorded, [2]);
    schema.drop().await;
}

#[tokio::test]
async fn a_closed_recorder_says_so() {
    let schema = Schema::new();
    let recorder = open(&schema).await;
    recorder.close().await;
    for error in [
        recorder.insert_events(one_event()).await.unwrap_err(),
        recorder.max_notification_id().await.unwrap_err(),
        recorder.select_events(EventQuery::of(Uuid::new_v4())).await.unwrap_err(),
    ] {
        assert!(matches!(error, RecorderError::Closed), "{error:?}");
    }
    schema.drop().await;
}

#[tokio::test]
async fn a_schema_of_which_a_part_is_missing_is_corrupt_and_left_as_it_is() {
    for (damage, found) in [
        ("DROP TABLE universe_events", "table universe_head, and no table universe_events beside it"),
        ("DROP TABLE universe_head", "table universe_events, and no table universe_head beside it"),
        (
            "DELETE FROM universe_head",
            "table universe_events, and beside it table universe_head without its row (id = 1)",
        ),
    ] {
        let mut schema = Schema::new();
        let recorder = open(&schema).await;
        recorder.insert_events(one_event()).await.unwrap();
        recorder.close().await;
        schema.run(format!("SET search_path = {}; {damage}", schema.name)).await;
        for create_table in [true, false] {
            schema.config.create_table = create_table;
            let error = refused(schema.config.clone()).await;
            assert!(matches!(&error, RecorderError::Corrupt { found: is } if is == found), "{damage}: {error:?}");
        }
        let tables = format!("SELECT count(*) FROM pg_tables WHERE schemaname = '{}'", schema.name);
        if damage.starts_with("DROP") {
            assert_eq!(schema.number(tables).await, 4, "{damage}");
        } else {
            assert_eq!(schema.number(format!("SELECT count(*) FROM {}.universe_head", schema.name)).await, 0);
        }
        schema.drop().await;
    }
}

#[test]
fn opening_outside_of_a_runtime_is_an_error_with_the_cure() {
    let opening = PostgresRecorder::open("Universe", PostgresConfig::new("shop", "localhost", "ada"));
    let error = futures::executor::block_on(opening).unwrap_err();
    assert!(matches!(error, RecorderError::Open { .. }), "{error:?}");
    let expected = "cannot open postgres://ada@localhost:5432/shop: there is no Tokio runtime to run on; \
                    open it inside of `#[tokio::main]` or of `tokio::runtime::Runtime::block_on`";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn times_longer_than_the_clock_can_count_are_long_ones() {
    let mut schema = Schema::new();
    let proxy = Proxy::start((server().host, server().port), Cut::BeforeAnswer).await;
    let config = &mut schema.config;
    (config.host, config.port, config.ssl_mode) = ("127.0.0.1".to_owned(), proxy.port, SslMode::Disable);
    (config.connect_timeout, config.resolve_timeout) = (Duration::MAX, Duration::MAX);
    (config.lock_timeout, config.conn_max_age) = (Some(Duration::MAX), Some(Duration::MAX));
    config.idle_in_transaction_session_timeout = Duration::MAX;
    let recorder = open(&schema).await;
    assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [1]);
    // an answer that is lost, so that the outcome must be found out
    proxy.cut(1);
    assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [2]);
    assert!(proxy.is_done(), "nothing was cut");
    recorder.close().await;
    schema.drop().await;
}
