//! The command `eventsourcing`.

use std::process::ExitCode;

fn main() -> ExitCode {
    eventsourcing_cli::run::<()>()
}
