//! The tutorial holds in every environment: each database, with and without each cipher and each compressor.
#![cfg(all(
    feature = "sqlite",
    feature = "postgres",
    feature = "zstd",
    feature = "zlib",
    feature = "chacha20poly1305",
    feature = "aes"
))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use eventsourcing::Uuid;
use eventsourcing::prelude::ChaCha20Poly1305Cipher;

type Variables = Vec<(String, String)>;

/// The example's program, built with all features: whoever ran it last may have built it with others.
fn tutorial() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let tests = std::env::current_exe().unwrap();
        let target = tests.ancestors().nth(3).unwrap();
        // of the whole workspace, as the tests are, so that what they were built with is not built again
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--workspace", "--all-features", "--example", "tutorial", "--target-dir"])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.unwrap().success(), "the tutorial does not compile");
        target.join("debug/examples").join(format!("tutorial{}", std::env::consts::EXE_SUFFIX))
    });
    &PROGRAM
}

fn holds_in(variables: &Variables) {
    let mut command = Command::new(tutorial());
    for (name, _) in std::env::vars_os() {
        let ours =
            ["PERSISTENCE", "INFRASTRUCTURE", "SQLITE", "POSTGRES", "COMPRESSOR", "CIPHER", "UNIVERSE", "CREATE_TABLE"];
        if ours.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    let output = command.envs(variables.iter().cloned()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let shown: Vec<_> =
        variables.iter().filter(|(name, _)| !name.contains("KEY") && !name.contains("PASSWORD")).collect();
    assert!(output.status.success() && out.ends_with("the tutorial holds\n"), "in {shown:?}\n{out}\n{err}");
}

/// With no cipher, the default one and each by name, times no compressor and each of them.
fn holds_with_every_cipher_and_compressor(database: impl Fn() -> Variables) {
    let key = ChaCha20Poly1305Cipher::create_key();
    let with_key = |topic: &str| {
        vec![("CIPHER_KEY".to_owned(), key.as_str().to_owned()), ("CIPHER_TOPIC".to_owned(), topic.to_owned())]
    };
    for cipher in [Vec::new(), with_key(""), with_key("chacha20poly1305"), with_key("aes")] {
        for compressor in ["", "zstd", "zlib"] {
            let mut variables = database();
            variables.extend(cipher.clone());
            variables.push(("COMPRESSOR_TOPIC".to_owned(), compressor.to_owned()));
            holds_in(&variables);
        }
    }
}

#[test]
fn holds_with_no_variable_set() {
    holds_in(&Vec::new());
    holds_with_every_cipher_and_compressor(Vec::new);
}

#[test]
fn holds_in_an_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    holds_with_every_cipher_and_compressor(|| common::sqlite_file(&folder));
}

#[test]
fn holds_in_sqlite_in_memory() {
    holds_with_every_cipher_and_compressor(|| common::sqlite(":memory:"));
}

#[test]
fn holds_in_the_shared_memory_of_sqlite() {
    holds_with_every_cipher_and_compressor(|| common::sqlite(":memory:?mode=memory&cache=shared"));
}

#[test]
fn holds_in_a_named_shared_memory_of_sqlite() {
    holds_with_every_cipher_and_compressor(|| {
        common::sqlite(&format!("file:{}?mode=memory&cache=shared", Uuid::new_v4()))
    });
}

#[test]
fn holds_in_postgres() {
    holds_with_every_cipher_and_compressor(common::postgres);
}

#[test]
fn a_second_run_on_one_file_finds_the_events_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let variables = common::sqlite_file(&folder);
    holds_in(&variables);
    let output = Command::new(tutorial()).envs(variables).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && err.contains("left: 8") && err.contains("right: 0"), "{err}");
}
