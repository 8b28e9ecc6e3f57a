//! `cargo xtask soak`: a million events by many writers at the same time, with readers and followers that must not miss one,
//! and a minute of kills, after which each must have taken effect once.

use std::process::Command;

use crate::failure::Failure;
use crate::postgres::{Connection, Prepared};
use crate::run::{self, Steps, cargo, say};

/// How many events all writers record together, unless said otherwise.
const EVENTS: u64 = 1_000_000;

/// How long processes that run a projection are killed, one each second, unless said otherwise.
const SECONDS: u64 = 60;

/// How many decisions each of 32 tasks makes about one aggregate, unless said otherwise.
const DECISIONS: u64 = 1_000;

/// The tests that have a long form.
const TESTS: [&str; 3] = ["tailed", "followed", "killed_beside_writers"];

/// What the caller asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    events: u64,
    seconds: u64,
    decisions: u64,
}

impl Options {
    /// Reads `[--events N] [--seconds N] [--decisions N]`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self { events: EVENTS, seconds: SECONDS, decisions: DECISIONS };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let (number, usual) = match argument.as_str() {
                "--events" => (&mut options.events, EVENTS),
                "--seconds" => (&mut options.seconds, SECONDS),
                "--decisions" => (&mut options.decisions, DECISIONS),
                unknown => return Err(Failure::new(format!("`cargo xtask soak` does not know `{unknown}`"))),
            };
            let Some(value) = rest.next() else {
                return Err(Failure::new(format!("{argument} needs a number, such as {usual}")));
            };
            *number = value
                .parse()
                .map_err(|_| Failure::new(format!("`{argument} {value}`: expected a number such as {usual}")))?;
        }
        Ok(options)
    }
}

/// Finds or starts PostgreSQL, runs the long form of the tests that have one, and stops what it started.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let Prepared { mut keeper, connection, name } = Prepared::find(false, &[])?;
    let mut steps = Steps::default();
    let commands = TESTS.map(|test| long_form(test, &connection, options));
    for command in commands.into_iter().chain([decisions(&connection, options)]) {
        let title = run::line_of(&command);
        if let Err(failure) = steps.step(&title, || keeper.run(command)) {
            run::complain(&format!("    {failure}"));
        }
    }
    let tidied = keeper.finish();
    if !steps.all_passed() {
        return Err(Failure::new("SOAK FAILED"));
    }
    tidied?;
    let (Options { events, seconds, decisions }, took) = (options, run::took(steps.duration()));
    say(&format!(
        "xtask: {events} events in SQLite and as many in {name}, tailed and followed without a gap, and {seconds} kills \
         after which each event had taken effect once, and 32 tasks with {decisions} decisions each about one aggregate of which none \
         gave up, in {took}"
    ));
    Ok(())
}

fn long_form(test: &str, connection: &Connection, options: &Options) -> Command {
    let mut command = cargo(["test", "--release", "--package", "eventsourcing-sqlx", "--all-features", "--test", test]);
    command.args(["--", "--test-threads", "1", "--nocapture"]);
    connection.export(&mut command);
    command.env("EVENTSOURCING_SOAK_EVENTS", options.events.to_string());
    command.env("EVENTSOURCING_SOAK_SECONDS", options.seconds.to_string());
    command
}

/// Many tasks that decide about one aggregate, in memory and in both databases: none gives up.
fn decisions(connection: &Connection, options: &Options) -> Command {
    let mut command =
        cargo(["test", "--release", "--package", "eventsourcing", "--all-features", "--test", "application"]);
    command.args(["turns::soak", "--", "--ignored", "--test-threads", "1"]);
    connection.export(&mut command);
    command.env("EVENTSOURCING_SOAK_DECISIONS", options.decisions.to_string());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Failure> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn numbers_are_numbers() {
        assert_eq!(parse("").expect("valid"), Options { events: EVENTS, seconds: SECONDS, decisions: DECISIONS });
        let options = Options { events: 5_000, seconds: 3, decisions: 7 };
        assert_eq!(parse("--seconds 3 --events 5000 --decisions 7").expect("valid"), options);
        for line in ["--events", "--events many", "--event 5", "--events 5 6", "--seconds -1"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
