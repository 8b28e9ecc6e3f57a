//! The variables that must not leak from the caller's shell into tests.

use std::env;
use std::process::Command;

/// The variables that the library reads, also with an application's prefix, as in `UNIVERSE_CIPHER_KEY`.
const SETTINGS: &[&str] = &[
    "PERSISTENCE_MODULE",
    "INFRASTRUCTURE_FACTORY",
    "CREATE_TABLE",
    "COMPRESSOR_TOPIC",
    "CIPHER_TOPIC",
    "CIPHER_KEY",
    "CIPHER_ALLOW_UNENCRYPTED",
    "MAX_STATE_SIZE",
    "IS_SNAPSHOTTING_ENABLED",
    "AGGREGATE_CACHE_MAXSIZE",
    "AGGREGATE_CACHE_FASTFORWARD",
];

/// The prefixes of the databases' variables, so that new variables are covered too.
const FAMILIES: &[&str] = &["SQLITE_", "POSTGRES_"];

/// The variables that libpq, its tools and sqlx use for parts of a connection that are not given.
const LIBPQ: &[&str] = &[
    "PGAPPNAME",
    "PGCHANNELBINDING",
    "PGCLIENTENCODING",
    "PGCONNECT_TIMEOUT",
    "PGDATA",
    "PGDATABASE",
    "PGDATESTYLE",
    "PGHOST",
    "PGHOSTADDR",
    "PGOPTIONS",
    "PGPASSFILE",
    "PGPASSWORD",
    "PGPORT",
    "PGREQUIREAUTH",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGTARGETSESSIONATTRS",
    "PGTZ",
    "PGUSER",
];

/// The prefixes of variables that `cargo run` sets for this program. Some build scripts watch them, so passing them on would rebuild crates.
const OF_CARGO_RUN: &[&str] = &["CARGO_PKG_", "CARGO_MANIFEST_"];

/// Returns whether a variable would change what the tests or their server do.
fn leaks(name: &str) -> bool {
    let is_or_ends_with =
        |setting: &&str| name.strip_suffix(setting).is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('_'));
    let has_family = |family: &&str| name.starts_with(*family) || name.contains(&format!("_{family}"));
    SETTINGS.iter().any(is_or_ends_with)
        || FAMILIES.iter().any(has_family)
        || LIBPQ.contains(&name)
        || OF_CARGO_RUN.iter().any(|prefix| name.starts_with(prefix))
}

/// Removes the variables that must not leak from the environment that a command inherits.
///
/// Call it before setting variables on the command: those that are set afterwards stay.
pub(crate) fn seal(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(leaks) {
            command.env_remove(name);
        }
    }
}

/// Returns a variable's value. An empty one counts as unset, as it does for the library.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_leak_with_and_without_an_applications_prefix() {
        for name in
            ["PERSISTENCE_MODULE", "UNIVERSE_CIPHER_KEY", "SQLITE_DBNAME", "UNIVERSE_POSTGRES_POOL_SIZE", "PGHOST"]
        {
            assert!(leaks(name), "{name}");
        }
    }

    #[test]
    fn other_variables_are_left_alone() {
        for name in
            ["PATH", "HOME", "CARGO_TARGET_DIR", "CARGO_HOME", "RUSTFLAGS", "PGP_KEY", "EVENTSOURCING_TEST_POSTGRES"]
        {
            assert!(!leaks(name), "{name}");
        }
    }
}
