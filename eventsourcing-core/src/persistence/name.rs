//! The name of an application, fit to name its tables and variables in every recorder.

use super::RecorderError;

/// PostgreSQL cuts longer identifiers off without a word.
const MAX_IDENTIFIER: usize = 63;

/// The most that is put behind the name, as in `universe_events_version_key`.
const LONGEST_SUFFIX: usize = 19;

/// Checks that an application can have this name, whatever keeps its events.
///
/// The same everywhere, so that what opens in memory also opens in a database.
///
/// # Errors
/// [`RecorderError::Name`] for a name that is empty, longer than 44 characters, begins with a digit or `sqlite_`, or holds
/// anything but ASCII letters, digits and underscores.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::persistence::check_name;
///
/// assert!(check_name("Universe").is_ok());
/// assert!(check_name("Größe").is_err());
/// ```
pub fn check_name(application: &str) -> Result<(), RecorderError> {
    match flaw(&application.to_ascii_lowercase()) {
        None => Ok(()),
        Some(reason) => Err(RecorderError::Name { name: application.to_owned(), reason }),
    }
}

fn flaw(prefix: &str) -> Option<String> {
    let longest = MAX_IDENTIFIER - LONGEST_SUFFIX;
    let strange = prefix.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_'));
    if let Some(c) = strange {
        return Some(format!("its tables are named after it, and `{c}` is no ASCII letter, digit or underscore"));
    }
    match prefix.chars().next() {
        None => Some("its tables are named after it, and it is empty".to_owned()),
        Some('0'..='9') => Some("its tables are named after it, and it starts with a digit".to_owned()),
        Some(_) if prefix == "sqlite" || prefix.starts_with("sqlite_") => {
            Some("SQLite keeps table names that start with `sqlite_` to itself".to_owned())
        }
        Some(_) if prefix.len() > longest => Some(format!(
            "it has {} characters, and {longest} is the most that PostgreSQL's {MAX_IDENTIFIER} leave beside the tables' suffixes",
            prefix.len()
        )),
        Some(_) => None,
    }
}
