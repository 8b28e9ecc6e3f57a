//! Log events of an application that opens: the location of its events, and variables that have no effect.
#![cfg(all(feature = "sqlite", feature = "zstd", feature = "chacha20poly1305"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/logger.rs"]
mod logger;

use eventsourcing::prelude::*;
use tracing::instrument::WithSubscriber as _;

use logger::Logger;

#[application]
#[derive(Debug)]
struct Universe;

/// The log events of an application that opens with these variables.
async fn logged(variables: &[(&str, &str)]) -> String {
    let logger = Logger::default();
    let open = Universe::open_with(variables.iter().copied()).with_subscriber(logger.clone());
    open.await.unwrap();
    logger.logged()
}

#[tokio::test]
async fn an_application_that_opens_says_where_its_events_are() {
    let memory = logged(&[]).await;
    assert!(
        memory.contains("INFO\nmessage=an application is open\napplication=\"Universe\"\nbackend=\"memory\"\n"),
        "{memory}"
    );
    assert!(memory.contains("is_compressed=false\nis_encrypted=false"), "{memory}");

    let key = ChaCha20Poly1305Cipher::create_key();
    let sqlite = logged(&[
        ("PERSISTENCE_MODULE", "sqlite"),
        ("SQLITE_DBNAME", ":memory:"),
        ("COMPRESSOR_TOPIC", "zstd"),
        ("CIPHER_KEY", key.as_str()),
    ])
    .await;
    assert!(
        sqlite.contains("backend=\"sqlite\"\ndatabase=\":memory:\"\nis_compressed=true\nis_encrypted=true"),
        "{sqlite}"
    );
    assert!(
        sqlite.contains("INFO\nmessage=the tables of an application were created\napplication=\"Universe\""),
        "{sqlite}"
    );
    assert!(!sqlite.contains(key.as_str()) && !sqlite.contains("WARN"), "{sqlite}");
}

#[tokio::test]
async fn a_misspelt_variable_is_warned_of_once_with_the_nearest_name() {
    let logged = logged(&[
        ("PERSISTANCE_MODULE", "postgres"),
        ("UNIVERSE_SQLITE_DBNMAE", "hotel.db"),
        ("TRANSCODER_TOPIC", "y"),
        ("POSTGRES_DB", "hotel"),
        ("POSTGRES_PASSWORD_FILE", "swordfish"),
        ("PGHOST", "localhost"),
        ("CIPHER_KEYS", ""),
    ])
    .await;
    for (variable, nearest) in
        [("PERSISTANCE_MODULE", "PERSISTENCE_MODULE"), ("UNIVERSE_SQLITE_DBNMAE", "SQLITE_DBNAME")]
    {
        let told = format!("variable=\"{variable}\"\nnearest=\"{nearest}\"\n");
        assert_eq!(logged.matches(&told).count(), 1, "{logged}");
    }
    assert!(logged.contains("has no effect\napplication=\"Universe\"\nvariable=\"TRANSCODER_TOPIC\""), "{logged}");
    assert_eq!(logged.matches("WARN\n").count(), 3, "{logged}");
    assert!(!logged.contains("hotel") && !logged.contains("swordfish"), "{logged}");
}

#[tokio::test]
async fn events_in_memory_beside_a_database_url_are_warned_of() {
    let warning = "WARN\nmessage=events are kept in memory although DATABASE_URL is set";
    let url = |url| async move { logged(&[("DATABASE_URL", url)]).await };
    for ours in ["postgres://ada:swordfish@localhost/hotel", "postgresql:///hotel", "sqlite://hotel.db"] {
        let logged = url(ours).await;
        assert!(logged.contains(warning) && !logged.contains("swordfish"), "{logged}");
    }
    let of_another = url("mysql://ada@localhost/hotel").await;
    assert!(!of_another.contains("WARN"), "{of_another}");
    let meant = logged(&[("DATABASE_URL", "sqlite://hotel.db"), ("PERSISTENCE_MODULE", "memory")]).await;
    assert!(!meant.contains("WARN"), "{meant}");
}
