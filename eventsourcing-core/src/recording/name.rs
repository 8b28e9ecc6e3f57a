//! Validation of application names, which name tables and variables in every recorder.

use super::RecorderError;

/// The maximum length of an identifier in PostgreSQL, which silently truncates longer ones.
const MAX_IDENTIFIER: usize = 63;

/// The length of the longest suffix of the name, as in `universe_events_version_key`.
const LONGEST_SUFFIX: usize = 19;

/// Checks that a name is valid for an application, with any recorder.
///
/// The rules are the same for all recorders, so that an application that opens in memory also opens in a database.
///
/// # Errors
/// [`RecorderError::Name`] if the name is empty, is longer than 44 characters, is `sqlite`, begins with a digit or `sqlite_`, or
/// contains anything but ASCII letters, digits and underscores.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::recording::check_name;
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
            "it has {} characters, and at most {longest} are allowed: PostgreSQL's names have {MAX_IDENTIFIER}, and the tables have suffixes",
            prefix.len()
        )),
        Some(_) => None,
    }
}
