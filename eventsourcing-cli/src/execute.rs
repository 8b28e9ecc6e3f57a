//! The command from its arguments to its exit code.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::Arguments;
use crate::commands;
use crate::failure::{self, Failure};
use crate::notices;
use crate::output::Output;
use crate::program::Program;

/// Runs the command that the arguments say, for a program.
pub(crate) fn execute<A: Into<OsString> + Clone>(
    program: &Program,
    arguments: impl IntoIterator<Item = A>,
) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let name = name_of(&arguments);
    let arguments = match Arguments::try_parse_from(&arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // help and the version are no errors, and nobody is told if the pipe is broken
            drop(error.print());
            return if error.use_stderr() { ExitCode::from(failure::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    notices::listen();
    let mut output = Output::new(&arguments.general);
    let done = commands::run(arguments, &name, program, &mut output).and_then(|outcome| {
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

/// The name of the program, without its folder.
fn name_of(arguments: &[OsString]) -> String {
    let name = arguments.first().and_then(|program| Path::new(program).file_stem());
    name.map_or_else(|| "eventsourcing".to_owned(), |name| name.to_string_lossy().into_owned())
}
