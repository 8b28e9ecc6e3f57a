//! `DATABASE_URL` names a database where no variable of the library does.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use eventsourcing_core::{Environment, EnvironmentError};
use eventsourcing_sqlx::{PostgresConfig, SqliteConfig, SslMode};

fn postgres(variables: &[(&str, &str)]) -> Result<PostgresConfig, EnvironmentError> {
    PostgresConfig::from_environment(&Environment::from_variables("Universe", variables.iter().copied()))
}

fn refusal(url: &str) -> String {
    let error = postgres(&[("DATABASE_URL", url)]).unwrap_err().to_string();
    assert!(!error.contains("s3cret"), "{error}");
    error
}

#[test]
fn a_url_names_server_database_role_and_encryption() {
    let config =
        postgres(&[("DATABASE_URL", "postgres://ada:p%40ss@db.example:6543/shop%20a?sslmode=verify-full")]).unwrap();
    let found = (&*config.host, config.port, &*config.dbname, &*config.user, config.password.as_deref());
    assert_eq!(found, ("db.example", 6543, "shop a", "ada", Some("p@ss")));
    assert_eq!(config.ssl_mode, SslMode::VerifyFull);
}

#[test]
fn a_url_may_name_a_socket_an_address_or_less() {
    let socket =
        postgres(&[("DATABASE_URL", "postgresql:///shop?host=/var/run/postgresql&user=ada&port=7000")]).unwrap();
    assert_eq!((&*socket.host, socket.port, socket.password.as_deref()), ("/var/run/postgresql", 7000, None));
    let address = postgres(&[("DATABASE_URL", "postgres://ada@[::1]/shop")]).unwrap();
    assert_eq!((&*address.host, address.port), ("::1", 5432));
}

#[test]
fn a_variable_takes_precedence_over_a_part_of_the_url() {
    let variables = [
        ("UNIVERSE_DATABASE_URL", "postgres://ada:old@one/shop?sslmode=disable"),
        ("DATABASE_URL", "postgres://eve@two/other"),
        ("POSTGRES_PASSWORD", "new"),
        ("POSTGRES_PORT", "7000"),
        ("POSTGRES_SSLMODE", "require"),
        ("POSTGRES_SCHEMA", "events"),
    ];
    let config = postgres(&variables).unwrap();
    assert_eq!((&*config.host, config.port, config.password.as_deref()), ("one", 7000, Some("new")));
    assert_eq!((config.ssl_mode, &*config.schema), (SslMode::Require, "events"));
}

#[test]
fn the_librarys_names_hide_the_url_as_a_whole() {
    let url = ("DATABASE_URL", "postgres://eve:old@two/other");
    let named = [url, ("POSTGRES_DBNAME", "shop"), ("POSTGRES_HOST", "one"), ("POSTGRES_USER", "ada")];
    let config = postgres(&named).unwrap();
    assert_eq!((&*config.host, &*config.user, config.password), ("one", "ada", None));
    // half a name is an error, and not mixed with half a URL
    let error = postgres(&[url, ("POSTGRES_HOST", "one")]).unwrap_err().to_string();
    assert!(error.contains("POSTGRES_DBNAME is not set"), "{error}");
}

#[test]
fn a_url_that_is_not_usable_is_told_why_without_its_password() {
    assert!(refusal("postgres://ada:s3cret@host").contains("it names no database; expected postgres://user:password@"));
    assert!(refusal("postgres://:s3cret@host/shop").contains("it names no role"));
    assert!(refusal("postgres://ada:s3cret@/shop").contains("DATABASE_URL is not usable"));
    // an unencoded `#` or `/` ends the authority
    assert!(refusal("postgres://ada:s3cret#1@host/shop").contains("percent-encoded"));
    assert!(
        refusal("postgres://ada:s3cret@host/shop?sslmode=maybe").contains("`sslmode` is `maybe`; expected disable")
    );
    assert!(refusal("postgres://ada:s3cret@host/shop?port=x").contains("not a port number"));
}

#[test]
fn a_url_of_another_database_is_left_alone() {
    for url in ["mysql://ada@host/shop", "sqlite://shop.db"] {
        let error = postgres(&[("DATABASE_URL", url)]).unwrap_err().to_string();
        assert!(
            error.contains("POSTGRES_DBNAME is not set; expected the name of a database, or a DATABASE_URL"),
            "{error}"
        );
    }
}

#[test]
fn a_url_names_a_file_of_sqlite() {
    let named = |variables: &[(&str, &str)]| {
        SqliteConfig::from_environment(&Environment::from_variables("Universe", variables.iter().copied()))
            .map(|config| config.dbname)
    };
    for (url, file) in [
        ("sqlite://shop.db", "shop.db"),
        ("sqlite:shop.db?mode=rwc", "shop.db"),
        ("sqlite:///var/shop%20a.db", "/var/shop a.db"),
        ("sqlite::memory:", ":memory:"),
    ] {
        assert_eq!(named(&[("DATABASE_URL", url)]).unwrap(), file);
        assert_eq!(named(&[("DATABASE_URL", url), ("SQLITE_DBNAME", "own.db")]).unwrap(), "own.db");
    }
    assert!(named(&[("DATABASE_URL", "sqlite://")]).unwrap_err().to_string().contains("it names no file"));
    assert!(
        named(&[("DATABASE_URL", "postgres://ada@host/shop")])
            .unwrap_err()
            .to_string()
            .contains("SQLITE_DBNAME is not set")
    );
}
