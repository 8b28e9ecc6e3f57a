//! `cargo xtask test`: every test of the workspace, with the PostgreSQL and the browser that some of them need.

use std::process::Command;

use crate::browser;
use crate::failure::Failure;
use crate::postgres::{Connection, Prepared};
use crate::run::{self, Steps, cargo, say};
use crate::slow;

/// A test that compiles code as it runs. It is left out of `--slow`, because it has no time limit of ours and would take ten times as long.
const COMPILES: &str = "every_refusal_says_where_and_what_to_write_instead";

/// The examples, in the order in which `examples/README.md` introduces them.
const EXAMPLES: &[&str] = &[
    "tutorial",
    "declarative",
    "event_structs",
    "without_macros",
    "immutable",
    "several_aggregates",
    "bank_accounts",
    "cargo_shipping",
    "content_management",
    "worlds",
    "searchable_content",
    "notification_log",
    "orders",
    "metadata",
];

/// The options of the command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Use Docker's PostgreSQL and no other.
    docker: bool,
    /// Stop the tests nine tenths of the time.
    slow: bool,
    /// Passed on to `cargo test`.
    extra: Vec<String>,
}

impl Options {
    /// Reads `[--docker] [--slow] [-- <arguments of cargo test>]`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--docker" => options.docker = true,
                "--slow" => options.slow = true,
                "--" => options.extra = rest.by_ref().cloned().collect(),
                unknown => {
                    return Err(Failure::new(format!(
                        "`cargo xtask test` does not know `{unknown}`; arguments of `cargo test` come behind `--`"
                    )));
                }
            }
        }
        Ok(options)
    }
}

/// Finds or starts PostgreSQL, runs the tests and the examples, and stops what it started.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    // a run of some tests may need no browser, and tests that need one fail without it
    if options.extra.is_empty() {
        browser::prepare()?;
    }
    let Prepared { mut keeper, connection, name } = Prepared::find(options.docker, &[])?;
    let mut steps = Steps::default();
    if options.slow {
        let [build, tests] = slow_tests(&connection, &options.extra);
        // building is not slowed down
        for build in [build, built_by_tests()] {
            steps.step(&run::line_of(&build), || keeper.run(build))?;
        }
        let title = format!("a tenth of the time: {}", run::line_of(&tests));
        let passed = steps.step(&title, || slow::run(&mut keeper, tests));
        let tidied = keeper.finish();
        return passed.and(tidied);
    }
    // after a failure the next step runs, as with `--no-fail-fast`; the summary shows the failure
    let mut commands =
        vec![("tests", tests(&connection, &options.extra)), ("tests without features", without_features())];
    commands.extend(EXAMPLES.iter().map(|name| (*name, example(name))));
    commands.push(("worlds in PostgreSQL", worlds_in_postgres(&connection)));
    for (name, command) in commands {
        let title = format!("{name}: {}", run::line_of(&command));
        if let Err(failure) = steps.step(&title, || keeper.run(command)) {
            run::complain(&format!("    {failure}"));
        }
    }
    let tidied = keeper.finish();
    steps.summarize();
    if !steps.all_passed() {
        return Err(Failure::new(format!("TESTS FAILED: {}", steps.failed().join("; "))));
    }
    tidied?;
    say(&format!("xtask: all tests passed with {name} in {}", run::took(steps.duration())));
    Ok(())
}

fn tests(connection: &Connection, extra: &[String]) -> Command {
    let mut command = cargo(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    command.args(extra);
    export(connection, &mut command);
    command
}

/// Sets the variables of what was found for the tests.
fn export(connection: &Connection, command: &mut Command) {
    connection.export(command);
    if browser::is_there() {
        browser::export(command);
    }
}

/// Returns the command that builds what a test would build if it were missing.
fn built_by_tests() -> Command {
    cargo(["build", "--workspace", "--all-features", "--example", "tutorial"])
}

/// Returns the command that builds the tests, and the one that runs them, without those that compile code as they run.
fn slow_tests(connection: &Connection, extra: &[String]) -> [Command; 2] {
    let (of_cargo, of_tests) = extra.split_at(extra.iter().position(|word| word == "--").unwrap_or(extra.len()));
    [true, false].map(|is_build| {
        let mut command = cargo(["test", "--workspace", "--exclude", "xtask", "--all-features", "--no-fail-fast"]);
        // doctests are compiled as they run
        if !of_cargo.iter().any(|word| ["--test", "--lib"].contains(&word.as_str())) {
            command.arg("--tests");
        }
        command.args(of_cargo);
        if is_build {
            command.arg("--no-run");
        } else {
            command.args(["--", "--skip", COMPILES]).args(of_tests.iter().skip(1));
        }
        export(connection, &mut command);
        command
    })
}

/// The errors about a missing feature can be tested only in a build without it.
fn without_features() -> Command {
    cargo(["test", "--package", "eventsourcing", "--no-default-features", "--test", "features_off"])
}

/// Returns the command that runs an example without variables, like the first command of the README.
fn example(name: &str) -> Command {
    let mut command = cargo(["run", "--example", name]);
    command.env_remove("EVENTSOURCING_TEST_POSTGRES");
    // variables of a server without PERSISTENCE_MODULE would be an error
    command.env_remove("POSTGRES_DBNAME");
    command
}

fn worlds_in_postgres(connection: &Connection) -> Command {
    let mut command = example("worlds");
    connection.export(&mut command);
    command.env("PERSISTENCE_MODULE", "postgres");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Failure> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_stands_behind_two_dashes_is_for_cargo_test() {
        let options = parse("--docker -- --test opens -- --docker").expect("valid arguments");
        assert!(options.docker);
        assert_eq!(options.extra, ["--test", "opens", "--", "--docker"]);
    }

    #[test]
    fn slow_tests_are_built_first_and_what_is_asked_of_them_stays() {
        let options = parse("--slow -- --test opens -- --nocapture").expect("valid arguments");
        assert!(options.slow);
        let [build, tests] = slow_tests(&Connection::default(), &options.extra);
        assert!(run::line_of(&build).ends_with("--no-fail-fast --test opens --no-run"), "{build:?}");
        let asked = format!("--no-fail-fast --test opens -- --skip {COMPILES} --nocapture");
        assert!(run::line_of(&tests).ends_with(&asked), "{tests:?}");
        let [build, _] = slow_tests(&Connection::default(), &["-p".to_owned(), "eventsourcing-core".to_owned()]);
        assert!(run::line_of(&build).ends_with("--no-fail-fast --tests -p eventsourcing-core --no-run"), "{build:?}");
    }

    #[test]
    fn every_example_is_run_and_is_in_the_table() {
        let folder = run::root().join("examples");
        let mut files: Vec<String> = std::fs::read_dir(&folder)
            .expect("a folder of examples")
            .map(|entry| entry.expect("an entry of the folder").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
            .collect();
        files.sort();
        let mut examples = EXAMPLES.to_vec();
        examples.sort_unstable();
        assert_eq!(files, examples);

        let table = std::fs::read_to_string(folder.join("README.md")).expect("a table of examples");
        let command = |line: &str| {
            let (_, rest) = line.strip_prefix("| ")?.split_once("`cargo run --example ")?;
            Some(rest.split_once('`')?.0.to_owned())
        };
        assert_eq!(table.lines().filter_map(command).collect::<Vec<_>>(), EXAMPLES);
    }

    #[test]
    fn arguments_of_cargo_test_without_two_dashes_are_refused_with_the_cure() {
        let text = parse("--nocapture").expect_err("accepted").to_string();
        assert!(text.contains("`--nocapture`") && text.contains("behind `--`"), "{text}");
    }

    #[test]
    fn extra_arguments_follow_ours() {
        let command = tests(&Connection::default(), &["--doc".to_owned()]);
        assert!(run::line_of(&command).ends_with("test --workspace --all-features --no-fail-fast --doc"));
    }
}
