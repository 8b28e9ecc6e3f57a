//! `cargo xtask soak`: a million events by processes at the same time, with readers that must not miss one.

use std::process::Command;

use crate::failure::Failure;
use crate::postgres::{Connection, Prepared};
use crate::run::{self, Steps, cargo, say};

/// How many events all writers record together, unless said otherwise.
const EVENTS: u64 = 1_000_000;

/// What the caller asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    events: u64,
}

impl Options {
    /// Reads `[--events N]`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        match arguments {
            [] => Ok(Self { events: EVENTS }),
            [flag, events] if flag == "--events" => match events.parse() {
                Ok(events) => Ok(Self { events }),
                Err(_) => Err(Failure::new(format!("`--events {events}`: expected a number such as {EVENTS}"))),
            },
            [flag] if flag == "--events" => Err(Failure::new(format!("--events needs a number, such as {EVENTS}"))),
            [unknown, ..] => Err(Failure::new(format!("`cargo xtask soak` does not know `{unknown}`"))),
        }
    }
}

/// Finds or starts PostgreSQL, runs the long form of the tests that tail logs, and stops what it started.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let Prepared { mut keeper, connection, name } = Prepared::find(false, &[])?;
    let mut steps = Steps::default();
    let command = tailed(&connection, options.events);
    let title = run::line_of(&command);
    if let Err(failure) = steps.step(&title, || keeper.run(command)) {
        run::complain(&format!("    {failure}"));
    }
    let tidied = keeper.finish();
    if !steps.all_passed() {
        return Err(Failure::new("SOAK FAILED"));
    }
    tidied?;
    let (events, took) = (options.events, run::took(steps.duration()));
    say(&format!("xtask: {events} events in SQLite and as many in {name}, tailed without a gap, in {took}"));
    Ok(())
}

fn tailed(connection: &Connection, events: u64) -> Command {
    let mut command =
        cargo(["test", "--release", "--package", "eventsourcing-sqlx", "--all-features", "--test", "tailed"]);
    command.args(["--", "--test-threads", "1"]);
    connection.export(&mut command);
    command.env("EVENTSOURCING_SOAK_EVENTS", events.to_string());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Failure> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_number_of_events_is_a_number() {
        assert_eq!(parse("--events 5000").expect("valid").events, 5_000);
        for line in ["--events", "--events many", "--event 5", "--events 5 6"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
