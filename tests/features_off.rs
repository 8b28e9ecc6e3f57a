//! Settings that need a disabled feature are an error that names it. Run with `--no-default-features`.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use eventsourcing::prelude::*;

#[application]
#[derive(Debug)]
struct Universe;

const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

/// Variables, and the feature that each needs.
const ASKED: [(&str, &str, &str); 6] = [
    ("PERSISTENCE_MODULE", "sqlite", "sqlite"),
    ("PERSISTENCE_MODULE", "postgres", "postgres"),
    ("COMPRESSOR_TOPIC", "zstd", "zstd"),
    ("COMPRESSOR_TOPIC", "zlib", "zlib"),
    ("CIPHER_TOPIC", "chacha20poly1305", "chacha20poly1305"),
    ("CIPHER_TOPIC", "aes", "aes"),
];

fn has(feature: &str) -> bool {
    match feature {
        "sqlite" => cfg!(feature = "sqlite"),
        "postgres" => cfg!(feature = "postgres"),
        "zstd" => cfg!(feature = "zstd"),
        "zlib" => cfg!(feature = "zlib"),
        "chacha20poly1305" => cfg!(feature = "chacha20poly1305"),
        _ => cfg!(feature = "aes"),
    }
}

/// A key is given only together with a cipher, since it selects one on its own.
async fn opened_with(variable: &str, value: &str) -> Result<Universe> {
    let key = if variable == "CIPHER_TOPIC" { KEY } else { "" };
    Universe::open_with([(variable, value), ("CIPHER_KEY", key)]).await
}

#[tokio::test]
async fn what_was_left_out_is_named_with_its_feature() {
    for (variable, value, feature) in ASKED.into_iter().filter(|(_, _, feature)| !has(feature)) {
        assert_eq!(
            opened_with(variable, value).await.unwrap_err().to_string(),
            format!(
                "environment variable {variable} is `{value}`, which this program was built without; \
                 enable the feature `{feature}` of eventsourcing"
            )
        );
    }
}

#[tokio::test]
async fn compressors_and_ciphers_that_were_built_in_are_taken() {
    for (variable, value, _) in ASKED.into_iter().skip(2).filter(|(_, _, feature)| has(feature)) {
        opened_with(variable, value).await.unwrap();
    }
}
