//! Opening a recorder: what is wrong is named, with the variable to correct, and no password is shown.

use eventsourcing_core::{Environment, Recorder as _, RecorderError};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder, SslMode};
use sqlx::Connection as _;

use super::common::{Schema, connect, ids, one_event, server};
use super::{Role, open, refused};

/// Asserts the start and the end of a message, around the server's own words.
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

#[tokio::test]
async fn a_schema_whose_name_would_be_cut_off_is_refused() {
    let mut config = server();
    config.schema = format!("{}ada", "x".repeat(63));
    assert_message(
        &refused(config.clone()).await,
        "cannot open postgres://",
        ": POSTGRES_SCHEMA is not a valid name: it has 66 bytes, and PostgreSQL would cut it off; give POSTGRES_SCHEMA a name of 1 to 63 bytes",
    );
    for (schema, flaw) in [("", "it is empty"), ("a\0b", "it holds a zero byte")] {
        config.schema = schema.to_owned();
        let error = refused(config.clone()).await.to_string();
        assert!(error.contains(&format!("POSTGRES_SCHEMA is not a valid name: {flaw}")), "{error}");
    }
}

/// The twin: to the server, both are one name.
#[tokio::test]
async fn the_server_cuts_names_off_without_an_error() {
    let schema = Schema::new();
    let long = format!("{:x<63}", schema.name);
    schema.run(format!("CREATE SCHEMA {long}ada; CREATE TABLE {long}ada.mine (id int)")).await;
    assert_eq!(schema.number(format!("SELECT count(*) FROM {long}bea.mine")).await, 0);
    schema.run(format!("DROP SCHEMA {long} CASCADE")).await;
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
async fn a_missing_root_certificate_is_an_error_that_names_the_variables() {
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
        PostgresConfig::from_environment(&Environment::from_variables("Universe", variables)).unwrap_err().to_string()
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
        let error = PostgresConfig::from_environment(&Environment::from_variables("Universe", variables)).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("environment variable {missing} is not set; expected")),
            "{error}"
        );
    }
    let none = needed.iter().copied().chain([("POSTGRES_POOL_SIZE", "0"), ("POSTGRES_MAX_OVERFLOW", "0")]);
    assert!(PostgresConfig::from_environment(&Environment::from_variables("Universe", none)).is_err());
}

#[test]
fn opening_outside_of_a_runtime_is_an_error_with_the_cure() {
    let opening = PostgresRecorder::open("Universe", PostgresConfig::new("shop", "localhost", "ada"));
    let error = futures::executor::block_on(opening).unwrap_err();
    assert!(matches!(error, RecorderError::Open { .. }), "{error:?}");
    let expected = "cannot open postgres://ada@localhost:5432/shop: no Tokio runtime is running; \
                    open it inside `#[tokio::main]` or `tokio::runtime::Runtime::block_on`";
    assert_eq!(error.to_string(), expected);
}
