//! The names of environment variables: the known ones, and unknown ones that resemble them.

use eventsourcing_core::{Environment, EnvironmentError};

use crate::module::{FACTORY, MODULE};

/// The variable that disables snapshots.
pub(crate) const SNAPSHOTS: &str = "IS_SNAPSHOTTING_ENABLED";

/// The variable of the largest weight of the aggregate cache.
pub(crate) const CACHE: &str = "AGGREGATE_CACHE_MAXSIZE";
/// The variable that says whether reads of the aggregate cache ask for new events.
pub(crate) const FAST_FORWARD: &str = "AGGREGATE_CACHE_FASTFORWARD";

/// The variables that belong to no database.
const GENERAL: &[&str] = &[
    MODULE,
    FACTORY,
    "SAVE_QUEUE_SIZE",
    "CREATE_TABLE",
    "COMPRESSOR_TOPIC",
    "CIPHER_KEY",
    "CIPHER_TOPIC",
    "CIPHER_ALLOW_UNENCRYPTED",
    "MAX_STATE_SIZE",
    "STATE_CHECK",
    SNAPSHOTS,
    CACHE,
    FAST_FORWARD,
    "VIEWS_IDLE_IN_TRANSACTION_SESSION_TIMEOUT",
];

/// The variables of a database that only this library uses: setting one means this library.
const DATABASE: &[&str] = &[
    "SQLITE_DBNAME",
    "SQLITE_LOCK_TIMEOUT",
    "SQLITE_MMAP_SIZE",
    "SQLITE_CACHE_SIZE",
    "SQLITE_CHECK_FILE",
    "POSTGRES_DBNAME",
    "POSTGRES_CONN_MAX_AGE",
    "POSTGRES_PRE_PING",
    "POSTGRES_MAX_OVERFLOW",
    "POSTGRES_IDLE_IN_TRANSACTION_SESSION_TIMEOUT",
    "POSTGRES_TRANSACTION_POOLING",
    "POSTGRES_NOTIFY",
];

/// The variables of a database that other programs use too, such as Docker's PostgreSQL image. Without a prefix they do not select
/// a database.
const SHARED: &[&str] = &[
    "POSTGRES_HOST",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "POSTGRES_PORT",
    "POSTGRES_SCHEMA",
    "POSTGRES_ANSWER_TIMEOUT",
    "POSTGRES_CONNECT_TIMEOUT",
    "POSTGRES_POOL_SIZE",
    "POSTGRES_LOCK_TIMEOUT",
    "POSTGRES_SSLMODE",
    "POSTGRES_SSLROOTCERT",
    URL,
];

/// The address of a database, which many programs read.
const URL: &str = "DATABASE_URL";

/// The variables of the Python library that this library does not support.
const OF_PYTHON: &[&str] = &[
    "AGGREGATE_CACHE_FASTFORWARD_SKIPPING",
    "DEEPCOPY_FROM_AGGREGATE_CACHE",
    "MAPPER_TOPIC",
    "POSTGRES_ENABLE_DB_FUNCTIONS",
    "POSTGRES_GET_PASSWORD_TOPIC",
    "POSTGRES_MAX_WAITING",
    "POSTGRES_ORIGINATOR_ID_TYPE",
    "POSTGRES_SINGLE_ROW_TRACKING",
    "TRANSCODER_TOPIC",
];

/// Refuses to record events in memory if a variable of a database is set and no variable selects the database.
///
/// # Errors
/// [`EnvironmentError::NoModule`].
pub(crate) fn check_module(environment: &Environment) -> Result<(), EnvironmentError> {
    let is_meant = |name: &&str| {
        let bare = bare(environment, name);
        DATABASE.contains(&bare) || (bare != *name && SHARED.contains(&bare))
    };
    // the smallest name, so that the same environment always gives the same error
    let Some(variable) = environment.names().filter(is_meant).min() else {
        // a URL of another scheme is meant for another program
        if environment.text(URL)?.is_some_and(|url| ["postgres", "sqlite:"].iter().any(|ours| url.starts_with(ours))) {
            tracing::warn!("events are kept in memory although DATABASE_URL is set; set PERSISTENCE_MODULE to use it");
        }
        return Ok(());
    };
    let is_sqlite = match bare(environment, variable) {
        URL => environment.text(URL)?.is_some_and(|url| url.starts_with("sqlite:")),
        bare => bare.starts_with("SQLITE"),
    };
    let module = if is_sqlite { "sqlite" } else { "postgres" };
    let misspelt = environment.names().filter(|name| nearest(environment, name) == Some(MODULE)).min();
    Err(EnvironmentError::NoModule { variable: variable.to_owned(), module, misspelt: misspelt.map(str::to_owned) })
}

/// Warns of unknown variables that resemble known ones, and of the Python library's.
pub(crate) fn warn_of_others(application: &str, environment: &Environment) {
    let mut names: Vec<_> = environment.names().collect();
    names.sort_unstable();
    for variable in names {
        if OF_PYTHON.contains(&bare(environment, variable)) {
            tracing::warn!(application, variable, "an environment variable of the Python library has no effect");
        } else if let Some(nearest) = nearest(environment, variable) {
            tracing::warn!(
                application,
                variable,
                nearest,
                "an unknown environment variable has no effect; did you mean the nearest known one?"
            );
        }
    }
}

fn known() -> impl Iterator<Item = &'static str> {
    [GENERAL, DATABASE, SHARED].into_iter().flatten().copied()
}

/// A name without the application's prefix. An application may be named so that its prefix is `CIPHER_`.
fn bare<'n>(environment: &Environment, name: &'n str) -> &'n str {
    if known().any(|known| known == name) {
        return name;
    }
    name.strip_prefix(environment.prefix()).filter(|bare| !bare.is_empty()).unwrap_or(name)
}

/// The known name that is at most two typing errors away from a name; none if the name itself is known.
///
/// A number after a known name is not a typing error: `POSTGRES_HOST_2` names another server.
fn nearest(environment: &Environment, name: &str) -> Option<&'static str> {
    let bare = bare(environment, name);
    let counted = bare.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    if known().any(|known| known == bare || (known == counted && counted != bare)) {
        return None;
    }
    let slips = known().map(|known| (slips(bare.as_bytes(), known.as_bytes()), known));
    slips.min().filter(|(slips, _)| *slips <= MOST_SLIPS).map(|(_, known)| known)
}

const MOST_SLIPS: usize = 2;

/// The number of missing, extra, wrong and swapped letters (optimal string alignment distance).
fn slips(a: &[u8], b: &[u8]) -> usize {
    if a.len().abs_diff(b.len()) > MOST_SLIPS {
        return MOST_SLIPS + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, letter) in a.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in b.iter().enumerate() {
            let mistaken = above[column] + usize::from(letter != other);
            let mut least = mistaken.min(above[column + 1] + 1).min(current[column] + 1);
            let is_swap = row > 0 && column > 0 && *letter == b[column - 1] && a[row - 1] == *other;
            if let Some(swapped) = column.checked_sub(1).filter(|_| is_swap).and_then(|column| before.get(column)) {
                least = least.min(swapped + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn nearest_of(name: &str) -> Option<&'static str> {
        nearest(&Environment::from_variables("Universe", [("", "")]), name)
    }

    #[test]
    fn the_reference_of_the_environment_has_these_names_and_no_others() {
        let table = include_str!("../docs/reference/environment.md").lines().filter(|line| line.starts_with("| `"));
        let first_cells = table.filter_map(|line| line.split('|').nth(1));
        let words = first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
        let documented: BTreeSet<_> =
            words.filter(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_')).collect();
        assert_eq!(documented, known().collect());
    }

    #[test]
    fn slips_of_the_keyboard_are_known() {
        for (name, meant) in [
            ("PERSISTANCE_MODULE", MODULE),
            ("PERSISTENCE_MODUEL", MODULE),
            ("UNIVERSE_PERSISTANCE_MODUL", MODULE),
            ("SQLITE_DB_NAME", "SQLITE_DBNAME"),
            ("UNIVERSE_SQLITE_DBNAM", "SQLITE_DBNAME"),
            ("POSTGRES_PASSWD", "POSTGRES_PASSWORD"),
            ("CIPHER_KEYS", "CIPHER_KEY"),
            ("POSTGRES_SSL_MODE", "POSTGRES_SSLMODE"),
        ] {
            assert_eq!(nearest_of(name), Some(meant), "{name}");
        }
    }

    #[test]
    fn the_variables_of_others_are_left_alone() {
        for name in [
            "POSTGRES_DB",
            "POSTGRES_INITDB_ARGS",
            "POSTGRES_INITDB_WALDIR",
            "POSTGRES_HOST_AUTH_METHOD",
            "POSTGRES_USER_FILE",
            "POSTGRES_PASSWORD_FILE",
            "POSTGRES_DB_FILE",
            "POSTGRES_URL",
            "POSTGRES_HOST_2",
            "POSTGRES_PORT1",
            "POSTGRES_VERSION",
            "PGHOST",
            "PGPORT",
            "PGUSER",
            "PGPASSWORD",
            "PGDATABASE",
            "PGDATA",
            "PGSSLMODE",
            "SQLITE_TMPDIR",
            "SQLITE_DB",
            "DATABASE_URL",
            "DATABASE_URL_2",
            "API_KEY",
            "SECRET_KEY",
            "CREATE_USER",
            "MODULE",
            "PATH",
            "HOME",
            "TMPDIR",
            "TERM",
            "LANG",
            "ORDERS_SQLITE_DBNAME",
            "ORDERS_PERSISTENCE_MODULE",
            "UNIVERSE_LOG",
            "UNIVERSE_URL",
            "UNIVERSE_",
            "RUST_LOG",
        ] {
            assert_eq!(nearest_of(name), None, "{name}");
            assert!(check_module(&Environment::from_variables("Universe", [(name, "x")])).is_ok(), "{name}");
        }
    }
}
