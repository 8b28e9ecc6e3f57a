//! `cargo xtask failover`: trials on a primary and a standby that are stopped, killed and promoted.

use std::process::Command;

use crate::failure::Failure;
use crate::postgres::{Keeper, Pair, server_binaries};
use crate::run::{self, Steps, cargo, say};

/// The test binary with the trials.
const BINARY: &str = "failover";

/// The options of the command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Only trials whose names contain this.
    filter: Option<String>,
}

impl Options {
    /// Reads `[NAME]`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        match arguments {
            [] => Ok(Self::default()),
            [unknown, ..] if unknown.starts_with('-') => {
                Err(Failure::new(format!("`cargo xtask failover` does not know `{unknown}`")))
            }
            [filter] => Ok(Self { filter: Some(filter.clone()) }),
            [_, second, ..] => Err(Failure::new(format!(
                "`cargo xtask failover` accepts one part of a trial's name, and not also `{second}`"
            ))),
        }
    }
}

/// Runs each trial on its own pair of servers, because a trial leaves its servers changed.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let binaries = server_binaries()?;
    say(&format!("PostgreSQL: a primary and a standby for each trial, run by {}", binaries.display()));
    let all = trials()?;
    let chosen = all.iter().filter(|name| options.filter.as_ref().is_none_or(|filter| name.contains(filter.as_str())));
    let mut steps = Steps::default();
    for name in chosen {
        let passed = steps.step(name, || {
            let (mut keeper, pair) = Keeper::start_pair(binaries.clone())?;
            let passed = keeper.run(trial(name, &pair));
            keeper.finish().and(passed)
        });
        if let Err(failure) = passed {
            run::complain(&format!("    {failure}"));
        }
    }
    steps.summarize();
    if !steps.all_passed() {
        return Err(Failure::new(format!("TRIALS FAILED: {}", steps.failed().join("; "))));
    }
    if steps.is_empty() {
        return Err(Failure::new(format!("no trial's name contains that; the trials are: {}", all.join(", "))));
    }
    say(&format!("xtask: all trials passed in {}", run::took(steps.duration())));
    Ok(())
}

fn binary() -> Command {
    cargo(["test", "--package", "eventsourcing-sqlx", "--all-features", "--test", BINARY])
}

/// Returns the names of all trials, as the binary lists them.
fn trials() -> Result<Vec<String>, Failure> {
    let mut list = binary();
    list.args(["--", "--list", "--ignored", "--format", "terse"]);
    Ok(names(&run::output_of(list)?))
}

/// Reads the names in a terse list, such as `it_works: test`. Lines of cargo may be between them.
fn names(list: &str) -> Vec<String> {
    list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

fn trial(name: &str, pair: &Pair) -> Command {
    let mut command = binary();
    command.args(["--quiet", "--", "--ignored", "--exact", "--nocapture", name]);
    pair.export(&mut command);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Failure> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_part_of_a_name_chooses_trials() {
        assert_eq!(parse("").expect("valid"), Options { filter: None });
        assert_eq!(parse("promoted").expect("valid"), Options { filter: Some("promoted".to_owned()) });
        for (line, named) in [("--quick", "`--quick`"), ("one two", "`two`")] {
            let failure = parse(line).expect_err("accepted").to_string();
            assert!(failure.contains(named), "{failure}");
        }
    }

    #[test]
    fn names_stand_between_other_lines() {
        assert_eq!(names("   Compiling x\none: test\ntwo: test\n\n"), ["one", "two"]);
    }
}
