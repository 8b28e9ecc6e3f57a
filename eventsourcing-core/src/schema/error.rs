//! The errors of the lock file.

use std::fmt;

use super::advice::advice;
use super::change::ShapeChange;
use super::lock_file::WrongLine;
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
    /// The file was rewritten on request, and lost lines that could not be read.
    #[error("{path} is rewritten, without the lines that could not be read:\n{}", Dropped(dropped))]
    Rewritten {
        /// The path of the file.
        path: String,
        /// The lines that are no longer in it.
        dropped: Vec<DroppedLine>,
    },
    /// The folder of the file does not exist.
    #[error(
        "the file {path} cannot be written, because there is no folder {folder}; create it or correct the path, \
         which is relative to the folder of the test's package"
    )]
    Folder {
        /// The path of the file.
        path: String,
        /// The folder.
        folder: String,
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

/// A line of a lock file that could not be read when the file was rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DroppedLine {
    /// The number that the line had, from 1.
    pub line: usize,
    /// The line.
    pub text: String,
    /// What was wrong with it.
    pub reason: &'static str,
}

impl From<WrongLine> for DroppedLine {
    fn from(line: WrongLine) -> Self {
        Self { line: line.number, text: line.text, reason: line.reason }
    }
}

/// The dropped lines as text.
struct Dropped<'a>(&'a [DroppedLine]);

impl fmt::Display for Dropped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for DroppedLine { line, text, reason } in self.0 {
            writeln!(f, "  line {line}: `{text}` ({reason})")?;
        }
        f.write_str(
            "Compare the file with its last commit: what such a line said about an earlier version of an event is not guarded any more. \
             The shapes that are recorded today are complete, and the next check passes",
        )
    }
}

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
        f.write_str(&advice(self.0))
    }
}
