//! `cargo xtask soak`: a million events by concurrent writers, with readers and consumers that must not miss one; a minute of kills,
//! after which each event must have taken effect once; and minutes of a steady load, under which memory, open files and connections
//! must not keep growing.

use std::process::Command;

use crate::failure::Failure;
use crate::postgres::{Connection, Prepared};
use crate::run::{self, Steps, cargo, say};

/// The default number of events that all writers record together.
const EVENTS: u64 = 1_000_000;

/// The default number of seconds during which processes that run a projection are killed, one each second.
const SECONDS: u64 = 60;

/// The default number of commands of each of 32 tasks on one aggregate.
const DECISIONS: u64 = 1_000;

/// The default number of minutes of the steady load in each database.
const MINUTES: u64 = 2;

/// The tests that have a long form: the package, the file, and the name of a part that is ignored otherwise.
const TESTS: [(&str, &str, Option<&str>); 5] = [
    ("eventsourcing-sqlx", "tailed", None),
    ("eventsourcing-sqlx", "followed", None),
    ("eventsourcing-sqlx", "killed_beside_writers", None),
    ("eventsourcing", "application", Some("turns::soak")),
    ("eventsourcing", "steady", None),
];

/// The options of the command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    events: u64,
    seconds: u64,
    decisions: u64,
    minutes: u64,
    /// Only tests whose file's name contains this.
    filter: Option<String>,
}

impl Options {
    /// Reads `[--events N] [--seconds N] [--decisions N] [--minutes N] [NAME]`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options =
            Self { events: EVENTS, seconds: SECONDS, decisions: DECISIONS, minutes: MINUTES, filter: None };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let (number, usual) = match argument.as_str() {
                "--events" => (&mut options.events, EVENTS),
                "--seconds" => (&mut options.seconds, SECONDS),
                "--decisions" => (&mut options.decisions, DECISIONS),
                "--minutes" => (&mut options.minutes, MINUTES),
                filter if options.filter.is_none() && TESTS.iter().any(|(_, test, _)| test.contains(filter)) => {
                    options.filter = Some(filter.to_owned());
                    continue;
                }
                unknown => {
                    let names = TESTS.map(|(_, test, _)| test).join(", ");
                    return Err(Failure::new(format!(
                        "`cargo xtask soak` does not know `{unknown}`; besides its flags it accepts a part of one of {names}"
                    )));
                }
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

    fn tests(&self) -> impl Iterator<Item = (&'static str, &'static str, Option<&'static str>)> {
        let is_chosen = |test: &str| self.filter.as_ref().is_none_or(|filter| test.contains(filter.as_str()));
        TESTS.into_iter().filter(move |(_, test, _)| is_chosen(test))
    }
}

/// Finds or starts PostgreSQL, runs the long form of the tests that have one, and stops what it started.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let Prepared { mut keeper, connection, name } = Prepared::find(false, &[])?;
    let mut steps = Steps::default();
    for (package, test, ignored) in options.tests() {
        let command = long_form(package, test, ignored, &connection, options);
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
    let took = run::took(steps.duration());
    say(&format!("xtask: SQLite and {name} passed in {took}"));
    options.tests().for_each(|(_, test, _)| say(&format!("  {test}: {}", options.held(test))));
    Ok(())
}

impl Options {
    /// Returns the result of a test that has passed.
    fn held(&self, test: &str) -> String {
        let Self { events, seconds, decisions, minutes, .. } = self;
        match test {
            "tailed" => format!("{events} events in each, of which readers missed none"),
            "followed" => format!("more than {events} events in each, which consumers received without a gap"),
            "killed_beside_writers" => format!("{seconds} kills in each, and each event took effect once"),
            "application" => {
                format!("32 tasks with {decisions} commands each on one aggregate, of which none gave up")
            }
            _ => format!("{minutes} minutes in each, and neither memory, open files nor connections kept growing"),
        }
    }
}

fn long_form(package: &str, test: &str, ignored: Option<&str>, connection: &Connection, options: &Options) -> Command {
    let mut command = cargo(["test", "--release", "--package", package, "--all-features", "--test", test]);
    if let Some(ignored) = ignored {
        command.args([ignored, "--", "--ignored"]);
    } else {
        command.arg("--");
    }
    command.args(["--test-threads", "1", "--nocapture"]);
    connection.export(&mut command);
    command.env("EVENTSOURCING_SOAK_EVENTS", options.events.to_string());
    command.env("EVENTSOURCING_SOAK_SECONDS", options.seconds.to_string());
    command.env("EVENTSOURCING_SOAK_DECISIONS", options.decisions.to_string());
    command.env("EVENTSOURCING_SOAK_MINUTES", options.minutes.to_string());
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
        let usual = Options { events: EVENTS, seconds: SECONDS, decisions: DECISIONS, minutes: MINUTES, filter: None };
        assert_eq!(parse("").expect("valid"), usual);
        let options = Options { events: 5_000, seconds: 3, decisions: 9, minutes: 7, filter: None };
        assert_eq!(parse("--seconds 3 --events 5000 --decisions 9 --minutes 7").expect("valid"), options);
        for line in ["--events", "--events many", "--event 5", "--events 5 6", "--seconds -1", "--minutes 0.5"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_name_chooses_the_tests_that_have_it() {
        let chosen = |line| parse(line).expect("valid").tests().map(|(_, test, _)| test).collect::<Vec<_>>();
        assert_eq!(chosen("steady --minutes 1"), ["steady"]);
        assert_eq!(chosen("ed"), ["tailed", "followed", "killed_beside_writers"]);
        assert_eq!(chosen("").len(), TESTS.len());
        for line in ["unheard", "tailed followed"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
