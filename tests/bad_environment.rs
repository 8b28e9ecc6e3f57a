//! Errors of an invalid environment: the variable, its value, and what was expected.
#![cfg(all(feature = "sqlite", feature = "postgres", feature = "zstd", feature = "chacha20poly1305"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use eventsourcing::prelude::*;

#[application]
#[derive(Debug)]
struct Universe;

async fn refusal<const N: usize>(variables: [(&str, &str); N]) -> String {
    Universe::open_with(variables).await.unwrap_err().to_string()
}

const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

#[tokio::test]
async fn an_unknown_persistence_module_is_told_the_choices() {
    assert_eq!(
        refusal([("PERSISTENCE_MODULE", "mongo")]).await,
        "environment variable PERSISTENCE_MODULE is `mongo`; expected `memory`, `sqlite` or `postgres`"
    );
    assert_eq!(
        refusal([("INFRASTRUCTURE_FACTORY", "eventsourcing.mongo:Factory")]).await,
        "environment variable INFRASTRUCTURE_FACTORY is `eventsourcing.mongo:Factory`; expected `memory`, `sqlite` or `postgres`"
    );
    assert_eq!(
        refusal([("UNIVERSE_PERSISTENCE_MODULE", "mongo"), ("PERSISTENCE_MODULE", "memory")]).await,
        "environment variable UNIVERSE_PERSISTENCE_MODULE is `mongo`; expected `memory`, `sqlite` or `postgres`"
    );
}

#[tokio::test]
async fn a_database_that_no_module_names_is_not_kept_in_memory() {
    let lost = "and PERSISTENCE_MODULE is not, so events would be lost when the process exits; set PERSISTENCE_MODULE=";
    let or_memory = ", or PERSISTENCE_MODULE=memory if that is intended";
    for (variable, module) in [
        ("SQLITE_DBNAME", "sqlite"),
        ("UNIVERSE_SQLITE_DBNAME", "sqlite"),
        ("SQLITE_LOCK_TIMEOUT", "sqlite"),
        ("POSTGRES_DBNAME", "postgres"),
        ("UNIVERSE_POSTGRES_HOST", "postgres"),
    ] {
        let error = refusal([(variable, "hotel"), ("PERSISTENCE_MODULE", "")]).await;
        assert_eq!(error, format!("environment variable {variable} is set {lost}{module}{or_memory}"));
        Universe::open_with([(variable, "hotel"), ("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    }
    let error = refusal([("PERSISTANCE_MODULE", "postgres"), ("POSTGRES_DBNAME", "hotel")]).await;
    assert!(error.contains("PERSISTENCE_MODULE is not (but PERSISTANCE_MODULE is), so"), "{error}");
}

#[tokio::test]
async fn variables_that_others_use_too_choose_no_database() {
    let docker = [
        ("POSTGRES_HOST", "db"),
        ("POSTGRES_USER", "hotel"),
        ("POSTGRES_PASSWORD", "swordfish"),
        ("POSTGRES_DB", "hotel"),
        ("POSTGRES_INITDB_ARGS", "--data-checksums"),
        ("PGHOST", "db"),
    ];
    Universe::open_with(docker).await.unwrap();
}

#[tokio::test]
async fn the_python_librarys_spellings_are_understood() {
    for module in ["eventsourcing.popo", "eventsourcing.popo:Factory", "memory"] {
        Universe::open_with([("PERSISTENCE_MODULE", module)]).await.unwrap();
    }
    for module in ["eventsourcing.sqlite", "eventsourcing.sqlite:Factory", "sqlite"] {
        Universe::open_with([("INFRASTRUCTURE_FACTORY", module), ("SQLITE_DBNAME", ":memory:")]).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_without_a_name_is_told_which_variable_names_it() {
    let error = refusal([("PERSISTENCE_MODULE", "sqlite")]).await;
    assert!(error.starts_with("environment variable SQLITE_DBNAME is not set; expected "), "{error}");
    let error = refusal([("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", "")]).await;
    assert!(error.starts_with("environment variable SQLITE_DBNAME is not set; expected "), "{error}");
    let error =
        refusal([("PERSISTENCE_MODULE", "postgres"), ("POSTGRES_HOST", "localhost"), ("POSTGRES_USER", "me")]).await;
    assert!(error.starts_with("environment variable POSTGRES_DBNAME is not set; expected "), "{error}");
}

#[tokio::test]
async fn numbers_and_booleans_that_are_none_are_shown_with_what_was_expected() {
    let postgres = [
        ("PERSISTENCE_MODULE", "postgres"),
        ("POSTGRES_DBNAME", "shop"),
        ("POSTGRES_HOST", "localhost"),
        ("POSTGRES_USER", "me"),
    ];
    let with = |name, value| {
        let mut variables = postgres.to_vec();
        variables.push((name, value));
        variables
    };
    let refused = |name, value| async move { Universe::open_with(with(name, value)).await.unwrap_err().to_string() };
    assert_eq!(
        refused("POSTGRES_PORT", "54x2").await,
        "environment variable POSTGRES_PORT is `54x2`; expected a port number such as 5432"
    );
    let error = refused("POSTGRES_POOL_SIZE", "-1").await;
    assert!(error.starts_with("environment variable POSTGRES_POOL_SIZE is `-1`; expected "), "{error}");
    let error = refused("POSTGRES_PRE_PING", "maybe").await;
    assert_eq!(
        error,
        "environment variable POSTGRES_PRE_PING is `maybe`; expected y, yes, t, true, on or 1, or n, no, f, false, off or 0"
    );
    let error = refused("POSTGRES_LOCK_TIMEOUT", "soon").await;
    assert_eq!(
        error,
        "environment variable POSTGRES_LOCK_TIMEOUT is `soon`; expected a number of seconds such as 5 or 0.5"
    );
    let error = refused("POSTGRES_SSLMODE", "perhaps").await;
    assert!(error.starts_with("environment variable POSTGRES_SSLMODE is `perhaps`; expected "), "{error}");
    let error = refusal([("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", ":memory:"), ("CREATE_TABLE", "2")]).await;
    assert!(error.starts_with("environment variable CREATE_TABLE is `2`; expected y, yes"), "{error}");
    let error =
        refusal([("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", ":memory:"), ("SQLITE_LOCK_TIMEOUT", "nan")])
            .await;
    assert!(
        error.starts_with("environment variable SQLITE_LOCK_TIMEOUT is `nan`; expected a number of seconds"),
        "{error}"
    );
    for size in ["0", "65535", "2199023254529", "64 MB", "-1"] {
        let variables = [("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", ":memory:"), ("SQLITE_CACHE_SIZE", size)];
        assert_eq!(
            refusal(variables).await,
            format!(
                "environment variable SQLITE_CACHE_SIZE is `{size}`; \
                 expected a number of bytes from 65536 to 2199023254528, such as 67108864"
            )
        );
    }
    assert_eq!(
        refusal([("STATE_CHECK", "maybe")]).await,
        "environment variable STATE_CHECK is `maybe`; expected `full`, `json` or `off`"
    );
    assert_eq!(
        refusal([("MAX_STATE_SIZE", "1 MB")]).await,
        "environment variable MAX_STATE_SIZE is `1 MB`; expected a number of bytes from 1 to 4294967295"
    );
}

#[tokio::test]
async fn a_name_that_postgresql_would_cut_off_is_refused() {
    let long = "tenant_".repeat(10);
    for variable in ["POSTGRES_SCHEMA", "POSTGRES_DBNAME", "POSTGRES_USER"] {
        let mut variables = vec![("PERSISTENCE_MODULE", "postgres"), ("POSTGRES_HOST", "localhost")];
        variables.extend(
            [("POSTGRES_DBNAME", "shop"), ("POSTGRES_USER", "me")].iter().filter(|(name, _)| *name != variable),
        );
        variables.push((variable, &long));
        let error = Universe::open_with(variables).await.unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "environment variable {variable} is `{long}`; \
                 expected a name of 1 to 63 bytes: it has 70 bytes, and PostgreSQL would cut it off"
            )
        );
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_told_why_and_never_shown() {
    let thirty_one = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw==";
    let newline = format!("{KEY}\n");
    for (key, reason) in [
        (thirty_one, "it is 31 bytes of base64; expected 32 bytes"),
        ("swordfish", "it is 9 characters that are not base64; expected base64 of 32 bytes"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "it is all zero; expected 32 random bytes"),
        (newline.as_str(), "it has white space around it; expected base64 of 32 bytes and nothing else"),
    ] {
        let error = refusal([("CIPHER_KEY", key)]).await;
        assert_eq!(error, format!("environment variable CIPHER_KEY is not usable: {reason}"));
        assert!(!error.contains(key.trim()));
    }
}

#[tokio::test]
async fn a_cipher_without_a_key_is_refused() {
    assert_eq!(
        refusal([("CIPHER_TOPIC", "chacha20poly1305")]).await,
        "environment variable CIPHER_KEY is not set; expected the key of the cipher `chacha20poly1305`: \
         base64 of 32 bytes, from `ChaCha20Poly1305Cipher::create_key()`"
    );
}

#[tokio::test]
async fn unknown_ciphers_and_compressors_are_told_the_choices() {
    assert_eq!(
        refusal([("COMPRESSOR_TOPIC", "lzma")]).await,
        "environment variable COMPRESSOR_TOPIC is `lzma`; expected `zstd` or `zlib`"
    );
    assert_eq!(
        refusal([("CIPHER_TOPIC", "rot13"), ("CIPHER_KEY", KEY)]).await,
        "environment variable CIPHER_TOPIC is `rot13`; expected `chacha20poly1305` or `aes`"
    );
}

#[tokio::test]
async fn a_queue_without_room_is_refused() {
    for size in ["0", "-1", "many"] {
        let variables = [("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", ":memory:"), ("SAVE_QUEUE_SIZE", size)];
        let expected =
            format!("environment variable SAVE_QUEUE_SIZE is `{size}`; expected a number of events such as 10000");
        assert_eq!(refusal(variables).await, expected);
    }
}

#[tokio::test]
async fn a_server_that_has_no_time_to_answer_is_refused() {
    let variables = [
        ("PERSISTENCE_MODULE", "postgres"),
        ("POSTGRES_DBNAME", "shop"),
        ("POSTGRES_HOST", "localhost"),
        ("POSTGRES_USER", "me"),
        ("POSTGRES_ANSWER_TIMEOUT", "0"),
    ];
    let expected = "environment variable POSTGRES_ANSWER_TIMEOUT is `0`; expected more than 0 seconds, such as 20";
    assert_eq!(refusal(variables).await, expected);
}
