//! Instruction counts of the in-memory paths, compared with the recorded ones. A growth of a tenth is an error.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::figures::number;
use super::{released, target};
use crate::failure::{Failure, While};
use crate::run::{self, output_of, say};

/// The maximum growth of a path. Another compiler or C library changes counts by a few percent.
const TOLERANCE: f64 = 1.1;

/// Counts every path, then compares the counts or records them.
pub(super) fn run(record: bool) -> Result<(), Failure> {
    let mut version = Command::new("valgrind");
    version.arg("--version");
    if !run::succeeds(version) {
        return Err(Failure::new(
            "counting instructions needs valgrind, and it is not installed; on Debian: apt-get install -y valgrind",
        ));
    }
    say("==> building the in-memory paths");
    output_of(released(&folder().join("Cargo.toml"), "build"))?;
    let program = target().join("release/instructions");
    let mut counts = BTreeMap::new();
    for (path, times) in paths(&output_of(Command::new(&program))?)? {
        counts.insert(path.clone(), count(&program, &path)? / times);
    }
    let file = folder().join("counts.tsv");
    let recorded = read(&fs::read_to_string(&file).unwrap_or_default());
    counts.iter().for_each(|(path, count)| say(&line(path, *count, recorded.get(path).copied())));
    if record {
        fs::write(&file, written(&counts)).while_doing(|| format!("writing {}", file.display()))?;
        say(&format!("xtask: recorded in {}", file.display()));
        return Ok(());
    }
    let grown = grown(&counts, &recorded);
    if grown.is_empty() {
        say("xtask: no path takes a tenth more instructions than recorded");
        return Ok(());
    }
    Err(Failure::new(format!(
        "{}; if the growth is necessary, record it: cargo xtask bench --instructions --record",
        grown.join("; ")
    )))
}

fn folder() -> PathBuf {
    run::root().join("benches/instructions")
}

/// Reads the names of the paths, each with its number of operations.
fn paths(text: &str) -> Result<Vec<(String, f64)>, Failure> {
    let pair = |line: &str| {
        let (name, times) = line.split_once('\t')?;
        Some((name.to_owned(), times.parse().ok()?))
    };
    let all: Option<Vec<_>> = text.lines().map(pair).collect();
    all.filter(|all| !all.is_empty()).ok_or_else(|| Failure::new(format!("`{text}` names no paths")))
}

/// Returns the number of instructions inside of `measured`, in which the program runs the path.
fn count(program: &Path, path: &str) -> Result<f64, Failure> {
    let out = target().join("callgrind.out");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*measured*"]);
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(program).arg(path);
    let output = output_of(command)?;
    let counted = collected(&output).filter(|count| *count > 0.0);
    counted.ok_or_else(|| Failure::new(format!("callgrind counted nothing in `{path}`:\n{}", output.trim_end())))
}

/// Reads the number in a line such as `==7== Collected : 123456`.
fn collected(output: &str) -> Option<f64> {
    let (_, after) = output.split_once("Collected :")?;
    after.split_whitespace().next()?.parse().ok()
}

fn read(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pair =
        |line: &str| line.split_once('\t').and_then(|(path, count)| Some((path.to_owned(), count.parse().ok()?)));
    lines.filter_map(pair).collect()
}

fn written(counts: &BTreeMap<String, f64>) -> String {
    let head = "# instructions of one operation; written by `cargo xtask bench --instructions --record`\n";
    counts.iter().fold(head.to_owned(), |text, (path, count)| format!("{text}{path}\t{count:.1}\n"))
}

fn line(path: &str, count: f64, recorded: Option<f64>) -> String {
    match recorded {
        Some(recorded) => {
            format!("  {path:<20}{:>10}   {:.3} x the recorded {}", number(count), count / recorded, number(recorded))
        }
        None => format!("  {path:<20}{:>10}   not recorded yet", number(count)),
    }
}

fn grown(counts: &BTreeMap<String, f64>, recorded: &BTreeMap<String, f64>) -> Vec<String> {
    let pairs = counts.iter().filter_map(|(path, count)| Some((path, *count, *recorded.get(path)?)));
    let grown = pairs.filter(|(_, count, recorded)| *count > recorded * TOLERANCE);
    grown
        .map(|(path, count, recorded)| format!("`{path}` takes {:.2} x the recorded instructions", count / recorded))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_what_callgrind_prints() {
        assert_eq!(collected("==7== Events    : Ir\n==7== Collected : 123456\n"), Some(123_456.0));
        assert_eq!(collected("valgrind: no such file"), None);
    }

    #[test]
    fn a_path_that_grew_by_more_than_a_tenth_is_named() {
        let recorded = read("# a comment\nreplay\t100.0\ncommand\t100.0\n");
        let counts =
            BTreeMap::from([("replay".to_owned(), 109.0), ("command".to_owned(), 111.0), ("new".to_owned(), 1.0)]);
        let grown = grown(&counts, &recorded);
        assert!(grown.len() == 1 && grown[0].contains("`command`"), "{grown:?}");
    }

    #[test]
    fn counts_are_read_as_they_were_written() {
        let counts = BTreeMap::from([("save in memory".to_owned(), 1_234.5)]);
        assert_eq!(read(&written(&counts)), counts);
    }
}
