//! The command `eventsourcing`: it looks into the log of an application, exports it, imports it and verifies it.
//!
//! ```text
//! $ cargo install eventsourcing-cli
//! $ export PERSISTENCE_MODULE=sqlite SQLITE_DBNAME=universe.db EVENTSOURCING_APP=Universe
//! $ eventsourcing log --last 3
//! ```
//!
//! It opens the database that the environment variables of the library name, as the application does, and needs none of the types of the
//! program: it shows events as the JSON that is recorded. The [guide] has the commands, with what they print.
//!
//! A program of its own can be this command too:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     eventsourcing_cli::run()
//! }
//! ```
//!
//! # Exit codes
//!
//! | code | meaning |
//! |---|---|
//! | 0 | fine |
//! | 1 | the command failed |
//! | 2 | the command line cannot be understood |
//! | 3 | the command is done, and something in the log is wrong, such as an event that cannot be read |
//!
//! [guide]: https://docs.rs/eventsourcing/latest/eventsourcing/guide/operations/command_line/index.html
#![warn(missing_docs)]

mod arguments;
mod commands;
mod escape;
mod failure;
mod interrupt;
mod json;
mod moment;
mod notices;
mod opened;
mod output;
mod place;
mod progress;
mod scan;
mod transfer;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use self::arguments::Arguments;
use self::failure::Failure;
use self::output::Output;

/// Runs the command with the arguments of the process, and returns its exit code.
pub fn run() -> ExitCode {
    run_with(std::env::args_os())
}

/// Runs the command with these arguments, the first of which is the name of the program, and returns its exit code.
///
/// The environment variables are those of the process, and so are its standard input, output and error.
///
/// # Examples
///
/// ```
/// use std::process::ExitCode;
///
/// assert_eq!(eventsourcing_cli::run_with(["eventsourcing", "completions", "bash"]), ExitCode::SUCCESS);
/// ```
pub fn run_with<A: Into<OsString> + Clone>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // help and the version are no errors, and nobody is told if the pipe is broken
            drop(error.print());
            return if error.use_stderr() { ExitCode::from(failure::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    notices::listen();
    let mut output = Output::new(&arguments.general);
    let done = commands::run(arguments, &mut output).and_then(|outcome| {
        output.finish()?;
        Ok(outcome)
    });
    match done {
        Ok(outcome) => outcome.into(),
        Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            // what was printed before the failure belongs before it
            drop(output.finish());
            notices::fail(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
