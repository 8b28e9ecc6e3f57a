//! What the test suites share: a database for each test, connection pools, and a model.
#![allow(dead_code, reason = "each test suite uses a part of this")]

pub(crate) mod office;
pub(crate) mod pools;

use std::time::Duration;

use eventsourcing::Uuid;

/// A time limit far longer than any test takes: a test that hangs fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A poll interval so short that polling delays no test.
pub(crate) const OFTEN: Duration = Duration::from_millis(2);

/// The variables of a PostgreSQL for tests, with a schema that no other test uses.
///
/// A test that needs PostgreSQL is never skipped: without one it fails and says what to do.
pub(crate) fn postgres() -> Vec<(String, String)> {
    assert!(
        std::env::var_os("EVENTSOURCING_TEST_POSTGRES").is_some(),
        "no PostgreSQL to test with: run `cargo xtask test`"
    );
    let given = std::env::vars().filter(|(name, _)| name.starts_with("POSTGRES_"));
    let own = [
        ("PERSISTENCE_MODULE", "postgres".to_owned()),
        ("POSTGRES_SCHEMA", format!("test_{}", Uuid::new_v4().simple())),
    ];
    given.chain(own.map(|(name, value)| (name.to_owned(), value))).collect()
}

/// The variables of an SQLite file in this folder.
pub(crate) fn sqlite_file(folder: &tempfile::TempDir) -> Vec<(String, String)> {
    sqlite(&folder.path().join(format!("{}.db", Uuid::new_v4())).to_string_lossy())
}

/// The variables of an SQLite database of this name.
pub(crate) fn sqlite(name: &str) -> Vec<(String, String)> {
    [("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", name)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}
