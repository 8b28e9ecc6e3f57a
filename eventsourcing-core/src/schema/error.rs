//! The errors of the lock file.

use std::fmt;

use super::change::ShapeChange;
use crate::error_chain::readable_debug;
use crate::recording::Cause;

/// An error of [`EventsLock`](super::EventsLock). Its `Debug` is its text.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// There is no lock file.
    #[error("there is no file {path}; run the test once with EVENTS_LOCK=accept to create it, and commit it")]
    Missing {
        /// The path of the file.
        path: String,
    },
    /// The file cannot be read or written.
    #[error("the file {path} cannot be {direction}: {reason}")]
    File {
        /// The path of the file.
        path: String,
        /// The operation that failed: `read` or `written`.
        direction: &'static str,
        /// The error of the operating system.
        reason: Cause,
    },
    /// A line of the file is not as the library writes it.
    #[error(
        "line {line} of {path} is not a line of a lock file ({reason}): `{text}`; \
         restore the file from its repository, or rewrite it with EVENTS_LOCK=accept"
    )]
    Line {
        /// The path of the file.
        path: String,
        /// The number of the line, from 1.
        line: usize,
        /// The line.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A newer version of this library wrote the file.
    #[error("{path} has format {found}, and this library reads formats up to {known}; update the library")]
    NewerFormat {
        /// The path of the file.
        path: String,
        /// The format of the file.
        found: u32,
        /// The newest format that this library reads.
        known: u32,
    },
    /// The environment variable `EVENTS_LOCK` has an unknown value.
    #[error("environment variable EVENTS_LOCK is `{value}`; expected accept, or no such variable")]
    Setting {
        /// The value of the variable.
        value: String,
    },
    /// The shapes of events differ from the file.
    #[error("the shapes of events differ from {path}:\n{}", Changes(changes))]
    Changed {
        /// The path of the file.
        path: String,
        /// The differences, by topic and version.
        changes: Vec<ShapeChange>,
    },
}

readable_debug!(SchemaError);

/// The differences as text, with the cures.
struct Changes<'a>(&'a [ShapeChange]);

impl fmt::Display for Changes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut event = None;
        for change in self.0 {
            let this = (&change.topic, change.version);
            if event.replace(this) != Some(this) {
                write!(f, "\n  {} (version {})\n", change.topic, change.version)?;
            }
            let mark = if change.is_breaking { "!" } else { " " };
            writeln!(f, "  {mark} {change}")?;
        }
        f.write_str(match self.0.iter().any(|change| change.is_breaking) {
            true => {
                "\nEvents that are recorded cannot be read any more, or lose a part (marked with `!`). \
                 Give the event its next version and a step from the previous shape: \
                 `#[event(\"Started\", version = 2, upcasts = [started_v1])]`; give a new field a default: `#[serde(default)]`; \
                 keep the old name of a renamed event: `was = [\"…\"]`; keep one that became several, with `#[event(\"…\", split)]`; \
                 declare one that is gone: `retired = [\"…\"]`. \
                 If no such event was ever recorded, run the test once with EVENTS_LOCK=accept"
            }
            false => {
                "\nEvents that are recorded stay readable. Run the test once with EVENTS_LOCK=accept, and commit the file"
            }
        })
    }
}
