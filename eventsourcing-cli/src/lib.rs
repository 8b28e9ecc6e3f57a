//! The command `eventsourcing`: it looks into the log of an application, operates its consumers, exports it, imports it and verifies it.
//!
//! ```text
//! $ cargo install eventsourcing-cli
//! $ export PERSISTENCE_MODULE=sqlite SQLITE_DBNAME=universe.db
//! $ eventsourcing log --last 3
//! ```
//!
//! It opens the database that the environment variables of the library name, as the application does, and needs none of the types of the
//! program: it shows events as the JSON that is recorded. The [guide] has the commands, with what they print.
//!
//! A program of one's own can be this command too, with the types of its applications. Then it shows the states of aggregates:
//!
//! ```no_run
//! use eventsourcing::prelude::*;
//!
//! #[application]
//! struct Shop;
//!
//! fn main() -> std::process::ExitCode {
//!     eventsourcing_cli::run::<(Shop,)>()
//! }
//! ```
//!
//! [`admin`] takes projections and policies too, to retry their dead letters and to rebuild their views.
//!
//! # Exit codes
//!
//! | code | meaning |
//! |---|---|
//! | 0 | fine |
//! | 1 | the command failed |
//! | 2 | the command line cannot be understood |
//! | 3 | the command is done, and something is wrong, such as an event that cannot be read, or a consumer that is too far behind |
//!
//! [guide]: https://docs.rs/eventsourcing/latest/eventsourcing/guide/operations/command_line/index.html
#![warn(missing_docs)]

mod admin;
mod amount;
mod arguments;
mod boxed;
mod commands;
mod confirm;
mod consumer;
mod consumers;
mod database;
mod escape;
mod execute;
mod failure;
mod interrupt;
mod json;
mod moment;
mod notices;
mod opened;
mod output;
mod place;
mod program;
mod progress;
mod scan;
mod screen;
mod table;
mod transfer;
mod views;

use std::ffi::OsString;
use std::process::ExitCode;

pub use self::admin::{Admin, Applications, admin};

/// Runs the command with the types of these applications and the arguments of the process, and returns its exit code.
///
/// The applications are a tuple: `run::<(Shop, Payments)>()`. `run::<()>()` is the command without types.
pub fn run<A: Applications>() -> ExitCode {
    A::register(admin()).run()
}

/// Runs the command without types and with these arguments, the first of which is the name of the program, and returns its exit code.
///
/// The environment variables are those of the process, and so are its standard input, output and error. [`Admin::run_with`] has types.
///
/// # Examples
///
/// ```
/// use std::process::ExitCode;
///
/// assert_eq!(eventsourcing_cli::run_with(["eventsourcing", "completions", "bash"]), ExitCode::SUCCESS);
/// ```
pub fn run_with<A: Into<OsString> + Clone>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    admin().run_with(arguments)
}
